"""An objection stops an award: nothing is confirmed or signed until it is answered, and an upheld one begins anew."""

from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from market import clock
from market.audit.verify import verify
from market.bids.models import BidState
from market.challenges.models import ChallengeState
from market.contracts.operations import draft_contract
from market.database import db, transaction
from market.errors import Conflict, NotAllowed
from market.jobs.outbox import deliver_due, run_scheduled
from market.notices.models import NoticeState, Objection, ObjectionState
from market.notices.policies import period_ends
from market.notices.queries import blocks_signing
from tests.builders.people import acting, client_of
from tests.builders.reviews import (
    MINUTES,
    OBJECTION,
    Case,
    approved,
    handed_up,
    make_case,
    noticed,
    published,
    recommended,
    scoring,
)

ANSWER = "经调取设备登记和租赁合同核实，异议所述情况属实。"


def send(client: FlaskClient, url: str, **data: str) -> int:
    return client.post(url, data=data).status_code


def object_and_investigate(app: Flask, case: Case, number: int) -> Objection:
    """A citizen objects without an account; the officer accepts and investigates."""
    assert "YY" in app.test_client().post(f"/notices/{number}/object", data=OBJECTION).get_data(as_text=True)
    db.session.rollback()
    objection = db.session.query(Objection).order_by(Objection.id.desc()).first()
    assert objection is not None
    assert_nothing_moves(case)
    city = client_of(app, case.city)
    assert send(city, f"/notices/objections/{objection.id}/accept") == 303
    finding = "已到现场核对设备铭牌，调取登记和租赁合同。"
    assert send(city, f"/notices/objections/{objection.id}/finding", finding=finding) == 303
    db.session.rollback()
    return objection


def assert_nothing_moves(case: Case) -> None:
    """Neither the award nor a contract while the objection is open."""
    assert not blocks_signing(case.challenge)
    winner = case.bids[0]
    assert winner.state is BidState.RECOMMENDED
    with pytest.raises((Conflict, NotAllowed)), transaction():
        draft_contract(acting(case.city), winner, {})


def after(notice_end: datetime | None) -> datetime:
    assert notice_end is not None
    return notice_end + timedelta(hours=9)


def test_objection_stops_the_award_until_it_is_answered(app: Flask) -> None:
    case = make_case()
    notice = published(case)
    number, ended = notice.id, after(period_ends(notice))
    objection = object_and_investigate(app, case, number)
    with clock.at(ended):
        run_scheduled()
        deliver_due()
        head = client_of(app, case.head)
        assert send(head, f"/notices/{number}/take-effect") == 403
        assert_nothing_moves(case)
        decision = {"outcome": "dismissed", "answer": "经核实，设备系长期租赁，合同真实，不影响结果。"}
        assert send(client_of(app, case.city), f"/notices/objections/{objection.id}/decide", **decision) == 403
        assert send(head, f"/notices/objections/{objection.id}/decide", **decision) == 303
        assert send(head, f"/notices/{number}/take-effect") == 303
    db.session.rollback()
    assert objection.state is ObjectionState.DISMISSED
    assert case.challenge.state is ChallengeState.AWARDED
    assert case.bids[0].state is BidState.AWARDED
    assert blocks_signing(case.challenge)
    status = {"number": objection.number, "last_digits": OBJECTION["phone"][-4:]}
    answer = app.test_client().post("/notices/objection-status", data=status).get_data(as_text=True)
    assert "合同真实，不影响结果" in answer
    assert verify(db.session())[1] is None


def test_upheld_objection_leads_to_a_new_review_and_another_winner(app: Flask) -> None:
    case = make_case()
    notice = published(case)
    objection = object_and_investigate(app, case, notice.id)
    head = client_of(app, case.head)
    decision = {"outcome": "upheld", "remedy": "re_review", "answer": ANSWER}
    assert send(head, f"/notices/objections/{objection.id}/decide", **decision) == 303
    db.session.rollback()
    assert notice.state is NoticeState.CANCELLED
    assert case.challenge.state is ChallengeState.REVIEW
    assert "本公示已撤销" in app.test_client().get(f"/notices/{notice.id}").get_data(as_text=True)
    assert send(head, f"/notices/{notice.id}/take-effect") in (403, 409)
    # The experts judge anew, knowing what was found; the other bid wins this time.
    case.bids.reverse()
    round_ = scoring(case)
    recommended(case, round_, (62, 88))
    second = approved(case, handed_up(case, noticed(case)))
    assert second.decision_number == MINUTES
    with clock.at(after(period_ends(second))):
        assert send(client_of(app, case.head), f"/notices/{second.id}/take-effect") == 303
    db.session.rollback()
    assert case.bids[0].state is BidState.AWARDED
    assert verify(db.session())[1] is None
