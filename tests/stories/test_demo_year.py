"""The demo replays a year through the operations: the published figures must come out of the rows."""

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Select, select

from market.accounts.models import User
from market.audit.verify import verify
from market.bids.models import Bid
from market.challenges.models import Challenge, DeadlineChange
from market.contracts.models import Contract, Milestone, SpendReport
from market.database import db
from market.demo.files import read
from market.demo.replay import load
from market.events.models import Event
from market.integrity.models import IntegrityRecord
from market.matches.models import ChallengeInvitation
from market.needs.models import Need, NeedFollowUp
from market.notices.models import Notice, Objection, ObjectionState, Remedy
from market.payouts.models import BountyPayment, Payout, Refund
from market.payouts.verification import verify as verify_ledger
from market.programmes.models import CalendarDay, Cycle
from market.reports.queries import annual_sentence
from market.reviews.models import Assignment, Round
from market.solvers.models import Solver
from market.workflow import all_machines
from tests.builders.people import client_of

PUBLISHED = (
    "征集写榜需求97个，发榜55个，其中45个榜额明确为3785万元，10个不限定榜额；揭榜活动2场，对接学者团队27个；"
    "签订揭榜合同11项；兑付人才奖励资金912万元；带动项目研发投入16607万元。"
)
NOTHING_WAITS = "都办完了"
# How a subject is found to be of the live cycle: the way to the row that names its cycle.
TO_THE_CYCLE: dict[type[Any], tuple[type[Any], ...]] = {
    Need: (),
    Challenge: (),
    Event: (),
    Bid: (Challenge,),
    Round: (Challenge,),
    Assignment: (Round, Challenge),
    Notice: (Challenge,),
    Objection: (Notice, Challenge),
    Contract: (Challenge,),
    Milestone: (Contract, Challenge),
    SpendReport: (Contract, Challenge),
    Payout: (Contract, Challenge),
    ChallengeInvitation: (Challenge,),
}
# Profiles belong to no cycle. Money is asked back of projects that have ended, and no project of the live cycle has.
OF_ANY_CYCLE = (Solver, Refund)
# (table, state) of a state that is not final and yet may stand empty, with the reason: none at present.
MAY_BE_EMPTY: dict[tuple[str, str], str] = {}
# Demo logins with nothing waiting, with the reason: none at present, every role has work of its own.
MAY_BE_IDLE: dict[str, str] = {}


def _states_of(model: type[Any], cycle: Cycle) -> Select[Any]:
    query = select(model.state)
    if model in OF_ANY_CYCLE:
        return query
    way = (model, *TO_THE_CYCLE[model])
    for left, right in pairwise(way):
        query = query.join(right, getattr(left, f"{right.__tablename__.removeprefix('review_')}_id") == right.id)
    return query.where(way[-1].cycle_id == cycle.id)


def _empty_states(cycle: Cycle) -> list[tuple[str, str]]:
    found = []
    for model, machine in all_machines().items():
        count = Counter(db.session.scalars(_states_of(model, cycle)))
        found += [
            (model.__tablename__, str(state.value))
            for state in machine.states
            if not state.final and not count[state.value]
        ]
    return found


def _idle_logins(app: Flask) -> list[str]:
    idle = []
    for person in read("people"):
        if person["demo"]:
            user = db.session.query(User).filter_by(email=person["email"]).one()
            page = client_of(app, user).get("/workspace/").get_data(as_text=True)
            if NOTHING_WAITS in page:
                idle.append(person["email"])
    return idle


def test_the_year_comes_out_as_published_and_everybody_has_work(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    load()
    shown = capsys.readouterr().out
    assert "50%" in shown and "100%" in shown, "a log of the load shows how far it is"
    assert annual_sentence(2021) == PUBLISHED
    assert verify(db.session())[1] is None
    assert verify_ledger(db.session())[1] is None
    assert set(_idle_logins(app)) == set(MAY_BE_IDLE), "demo logins with nothing waiting for them"
    live = db.session.scalars(select(Cycle).order_by(Cycle.year.desc())).first()
    assert live is not None
    assert set(_empty_states(live)) == set(MAY_BE_EMPTY), "states of the live cycle in which nothing stands"
    _books_of_the_office_are_not_empty()


def _books_of_the_office_are_not_empty() -> None:
    for model in (BountyPayment, IntegrityRecord, DeadlineChange, NeedFollowUp, CalendarDay):
        assert db.session.scalar(select(model).limit(1)) is not None, model.__tablename__
    unconfirmed = select(BountyPayment).where(BountyPayment.confirmed_at.is_(None))
    assert db.session.scalar(unconfirmed.limit(1)) is not None, "a payment of the firm that the team has to confirm"
    upheld = select(Objection.remedy).where(Objection.state == ObjectionState.UPHELD)
    assert set(db.session.scalars(upheld)) == set(Remedy), "an upheld objection for each way of following it up"
