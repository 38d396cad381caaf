"""A bid that comes at the second of the deadline is refused on the page; one second earlier it is accepted."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from market import clock
from market.audit.models import Entry
from market.bids.models import Bid, BidState, SealedVersion
from market.database import db
from tests.builders.bids import make_draft, make_sealable_challenge, make_sealed
from tests.builders.chain import make_solver
from tests.builders.people import client_of

DEADLINE = datetime(2026, 12, 20, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(("offset", "accepted"), [(-3600, True), (-1, True), (0, False), (1, False), (86_400, False)])
def test_deadline_counts_to_the_second(app: Flask, offset: int, accepted: bool) -> None:
    """The worker has not moved the state yet: the clock alone decides."""
    bid = make_draft(make_sealable_challenge(deadline=DEADLINE), make_solver())
    bid_id = bid.id
    with clock.at(DEADLINE + timedelta(seconds=offset)):
        client = client_of(app, bid.lead)
        answer = client.post(f"/bids/{bid_id}/submit", data={"understood": "y"})
    assert answer.status_code == (303 if accepted else 403)
    bid = db.session.get_one(Bid, bid_id, populate_existing=True)
    assert bid.state is (BidState.SUBMITTED if accepted else BidState.DRAFT)
    assert db.session.query(SealedVersion).count() == db.session.query(Entry).filter_by(action="bid:submit").count()
    if not accepted:
        assert "榜单已截止" in answer.get_data(as_text=True)
        assert bid.draft is not None, "what was written is not lost"


def test_late_bidder_still_reads_and_prints_the_draft(app: Flask) -> None:
    bid = make_draft(make_sealable_challenge(deadline=DEADLINE), make_solver())
    with clock.at(DEADLINE):
        client = client_of(app, bid.lead)
        assert "没有提交" in client.get(f"/bids/{bid.id}").get_data(as_text=True)
        assert "分段保压" in client.get(f"/bids/{bid.id}/print").get_data(as_text=True)
        assert client.get(f"/bids/{bid.id}/edit").status_code == 403
        assert client.post(f"/bids/{bid.id}/edit", data={"route": "晚了"}).status_code == 403


def test_nothing_is_replaced_or_withdrawn_after_the_deadline(app: Flask) -> None:
    bid = make_sealed(make_sealable_challenge(deadline=DEADLINE), make_solver())
    number = bid.receipt_number
    with clock.at(DEADLINE):
        client = client_of(app, bid.lead)
        for path in ("replace", "withdraw"):
            assert client.post(f"/bids/{bid.id}/{path}").status_code == 403
    bid = db.session.get_one(Bid, bid.id, populate_existing=True)
    assert (bid.state, bid.receipt_number) == (BidState.SUBMITTED, number)
