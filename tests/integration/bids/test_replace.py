"""Replacing and withdrawing before the deadline; the bidder's own copy; news of a changed challenge."""

from datetime import UTC, datetime

import pytest
from flask import Flask

from market import clock
from market.attachments.queries import attachments_of
from market.audit.verify import verify
from market.bids.content import BidContent, Package, PackedFile, pack, unpack
from market.bids.models import BidState, SealedVersion
from market.bids.operations import (
    begin_bid,
    begin_replacement,
    discard_replacement,
    package_of,
    replace_bid,
    submit_bid,
    withdraw_bid,
)
from market.bids.queries import current_version
from market.database import db, transaction
from market.errors import Conflict, InvalidInput, NotAllowed
from market.jobs import enqueue
from market.jobs.outbox import deliver_due
from market.notifications.models import Message
from tests.builders.bids import make_content, make_draft, make_sealable_challenge, make_sealed
from tests.builders.chain import make_solver
from tests.builders.files import pdf, upload
from tests.builders.people import acting

DEADLINE = datetime(2026, 12, 20, 9, 0, tzinfo=UTC)


def test_replacement_starts_from_the_bidders_copy_and_keeps_the_old_version(app: Flask) -> None:
    bid = make_draft(make_sealable_challenge(), make_solver(), plan_pdf=pdf("第一版"))
    copy, lead = pack(package_of(bid)), acting(bid.lead)
    with transaction():
        first = submit_bid(lead, bid)
    with transaction():
        begin_replacement(lead, bid, upload("bid.zip", copy))
    assert BidContent(**(bid.draft or {})).route == make_content().route
    assert [file.filename for file in attachments_of(bid, "draft")] == ["plan.pdf"]
    with transaction():
        second = replace_bid(lead, bid)
    assert (first.number, second.number) == (1, 2)
    assert bid.receipt_number and bid.receipt_number.endswith("-2")
    assert current_version(bid) is second
    assert db.session.query(SealedVersion).count() == 2
    assert verify(db.session())[1] is None


def test_sealed_version_stays_until_the_replacement_is_sealed(app: Flask) -> None:
    bid = make_sealed(make_sealable_challenge(), make_solver())
    lead = acting(bid.lead)
    with transaction():
        begin_replacement(lead, bid)
    assert bid.state is BidState.SUBMITTED and bid.versions == 1
    with pytest.raises(InvalidInput), transaction():
        replace_bid(lead, bid)
    with transaction():
        discard_replacement(lead, bid)
    assert bid.draft is None and bid.versions == 1


def test_replacing_and_withdrawing_end_with_the_deadline(app: Flask) -> None:
    bid = make_sealed(make_sealable_challenge(deadline=DEADLINE), make_solver())
    lead = acting(bid.lead)
    with transaction():
        begin_replacement(lead, bid)
    with clock.at(DEADLINE):
        for act in (replace_bid, withdraw_bid, begin_replacement):
            with pytest.raises(NotAllowed, match="截止"), transaction():
                act(lead, bid)
    assert bid.state is BidState.SUBMITTED


def test_withdrawn_solver_may_bid_anew(app: Flask) -> None:
    challenge, solver = make_sealable_challenge(), make_solver()
    bid = make_sealed(challenge, solver)
    lead = acting(bid.lead)
    with transaction():
        withdraw_bid(lead, bid)
    assert bid.state is BidState.WITHDRAWN
    assert make_sealed(challenge, solver).id != bid.id
    with pytest.raises(Conflict), transaction():
        begin_bid(lead, challenge, solver)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a zip",
        b"PK\x05\x06" + bytes(18),
        pack(Package("C", 1, "S", BidContent()))[:-30],
        pdf(),
    ],
)
def test_foreign_copy_is_refused_with_a_message(app: Flask, data: bytes) -> None:
    bid = make_sealed(make_sealable_challenge(), make_solver())
    lead = acting(bid.lead)
    with pytest.raises(InvalidInput) as problem, transaction():
        begin_replacement(lead, bid, upload("copy.zip", data))
    assert "副本" in problem.value.errors["copy"]


def test_hostile_file_in_a_copy_is_refused(app: Flask) -> None:
    bid = make_sealed(make_sealable_challenge(), make_solver())
    lead = acting(bid.lead)
    hostile = pack(Package("C", 1, "S", make_content(), (PackedFile("run.pdf", "application/pdf", b"MZ" + bytes(90)),)))
    with pytest.raises(InvalidInput) as problem, transaction():
        begin_replacement(lead, bid, upload("copy.zip", hostile))
    assert "run.pdf" in problem.value.errors["copy"]


def test_copy_holds_the_bid_to_the_bit(app: Flask) -> None:
    files = (PackedFile("方案.pdf", "application/pdf", pdf("x")),)
    package = Package("ZBJB-2026-001", 2, "团队", make_content(), files)
    assert unpack(pack(package)) == package
    assert pack(package) == pack(package)


def test_bidders_are_told_of_a_change_and_nobody_else(app: Flask) -> None:
    challenge = make_sealable_challenge()
    sealed, drafted = make_sealed(challenge, make_solver()), make_draft(challenge, make_solver())
    withdrawn = make_sealed(challenge, make_solver())
    lead = acting(withdrawn.lead)
    with transaction():
        withdraw_bid(lead, withdrawn)
    db.session.query(Message).delete()
    db.session.commit()
    with transaction():
        enqueue("bids.challenge_changed", {"challenge_id": challenge.id})
    deliver_due()
    told = [m.user_id for m in db.session.query(Message).filter(Message.subject.startswith("榜单有变更"))]
    assert sorted(told) == sorted([sealed.lead_id, drafted.lead_id])
