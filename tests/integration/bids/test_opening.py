"""The opening: two holders, after the deadline, every bid listed, contents to the bit."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from market import clock
from market.append_only import trigger_statements
from market.attachments.queries import attachments_of
from market.attachments.queries import content_of as file_content
from market.audit.verify import verify
from market.bids.models import BidState, OpenedContent, SealedVersion
from market.bids.opening import release_opening_share
from market.bids.operations import begin_replacement, disqualify_bid, renounce_bid, screen_bid, withdraw_bid
from market.bids.policies import bid_readers, may_read_bid
from market.bids.queries import bids_of, content_of, opening_of
from market.challenges.models import ChallengeState
from market.database import db, transaction
from market.errors import Conflict, IllegalMove, InvalidInput, NotAllowed
from market.notifications.models import Message
from market.permissions import Role
from tests.builders.bids import (
    PASSPHRASE,
    close,
    make_content,
    make_draft,
    make_holders,
    make_key,
    make_sealable_challenge,
    make_sealed,
    open_all,
)
from tests.builders.chain import make_bid, make_challenge, make_solver
from tests.builders.files import docx, pdf, picture, xlsx
from tests.builders.people import acting, make_user

DEADLINE = datetime(2026, 12, 20, 9, 0, tzinfo=UTC)


def test_opening_restores_every_bid_to_the_bit(app: Flask) -> None:
    holders = make_holders()
    challenge = make_sealable_challenge(holders)
    bids = [make_sealed(challenge, make_solver(), make_content(route=f"路线{n}")) for n in range(3)]
    files = {"plan_pdf": pdf("方案"), "table_xlsx": xlsx(), "text_docx": docx()}
    rich = make_sealed(challenge, make_solver(), **files, photo_png=picture())
    close(challenge)
    open_all(challenge, holders)
    assert challenge.state is ChallengeState.REVIEW
    for number, bid in enumerate(bids):
        content = content_of(bid)
        assert content is not None and content.route == f"路线{number}" and bid.state is BidState.OPENED
    stored = {file.filename: file_content(file) for file in attachments_of(rich, "opened")}
    assert {name: stored[name] for name in ("plan.pdf", "table.xlsx", "text.docx")} == {
        name.replace("_", "."): data for name, data in files.items()
    }
    assert stored["photo.png"].startswith(b"\x89PNG")
    opening = opening_of(challenge)
    assert opening is not None and [line["readable"] for line in opening.minutes] == [True] * 4
    assert {line["receipt_number"] for line in opening.minutes} == {bid.receipt_number for bid in [*bids, rich]}
    assert verify(db.session())[1] is None


def test_one_officer_alone_opens_nothing(app: Flask) -> None:
    holders = make_holders()
    challenge = make_sealable_challenge(holders)
    bid = make_sealed(challenge, make_solver())
    close(challenge)
    officer = acting(holders[0])
    with transaction():
        opening = release_opening_share(officer, challenge, PASSPHRASE)
    assert opening.opened_at is None and opening.minutes == []
    with pytest.raises(Conflict, match="已经提交过"), transaction():
        release_opening_share(officer, challenge, PASSPHRASE)
    assert bid.state is BidState.SUBMITTED and db.session.query(OpenedContent).count() == 0


def test_early_opening_is_refused_even_to_all_officers(app: Flask) -> None:
    holders = make_holders()
    challenge = make_sealable_challenge(holders, deadline=DEADLINE)
    make_sealed(challenge, make_solver())
    with clock.at(DEADLINE - timedelta(seconds=1)):
        for holder in holders:
            officer = acting(holder)
            with pytest.raises(NotAllowed, match="尚未截止"), transaction():
                release_opening_share(officer, challenge, PASSPHRASE)
    close(challenge)
    with clock.at(challenge.bid_deadline - timedelta(seconds=1)):
        officer = acting(holders[0])
        with pytest.raises(NotAllowed, match="尚未截止"), transaction():
            release_opening_share(officer, challenge, PASSPHRASE)


def test_only_holders_of_this_challenge_open_it(app: Flask) -> None:
    holders = make_holders()
    challenge = make_sealable_challenge(holders)
    close(challenge)
    for role in (Role.CITY_OFFICER, Role.DIVISION_HEAD, Role.SUPERVISOR, Role.ADMINISTRATOR, Role.FIRM_SIGNATORY):
        outsider = acting(make_user(role))
        with pytest.raises(NotAllowed), transaction():
            release_opening_share(outsider, challenge, PASSPHRASE)


def test_three_of_three_waits_for_the_third(app: Flask) -> None:
    holders = make_holders()
    challenge = make_challenge()
    make_key(challenge, holders, quorum=3)
    bid = make_sealed(challenge, make_solver())
    close(challenge)
    for holder in holders:
        assert bid.state is BidState.SUBMITTED
        officer = acting(holder)
        with transaction():
            release_opening_share(officer, challenge, PASSPHRASE)
    assert bid.state is BidState.OPENED


def test_unreadable_bid_is_recorded_and_not_dropped(app: Flask) -> None:
    """A ciphertext moved under another bid (a swap in the database) does not open there."""
    holders = make_holders()
    challenge = make_sealable_challenge(holders)
    good, bad = make_sealed(challenge, make_solver()), make_sealed(challenge, make_solver())
    close(challenge)
    good_id, bad_id = good.id, bad.id
    other = f"(SELECT ciphertext FROM sealed_version WHERE bid_id = {good_id})"
    _tamper(f"UPDATE sealed_version SET ciphertext = {other} WHERE bid_id = {bad_id}")
    open_all(challenge, holders)
    opening = opening_of(challenge)
    assert opening is not None
    assert {line["bid_id"]: line["readable"] for line in opening.minutes} == {good_id: True, bad_id: False}
    assert bad.state is BidState.OPENED and content_of(bad) is None
    clerk = acting(make_user(Role.CITY_OFFICER))
    with pytest.raises(Conflict, match="未能解开"), transaction():
        screen_bid(clerk, bad, True)
    with transaction():
        screen_bid(clerk, bad, False, "开启时未能解开")
    assert bad.state is BidState.UNQUALIFIED


def _binary() -> str:
    return "BLOB" if db.engine.dialect.name == "sqlite" else "BYTEA"


def _tamper(statement: str) -> None:
    """What an insider with the database may do: pass the triggers by."""
    with db.engine.begin() as connection:
        if db.engine.dialect.name == "sqlite":
            connection.exec_driver_sql("DROP TRIGGER sealed_version_no_update")
            connection.exec_driver_sql(statement)
            connection.exec_driver_sql(trigger_statements("sealed_version", "sqlite")[0])
        else:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            connection.exec_driver_sql(statement)
    db.session.rollback()


def test_edit_of_a_sealed_row_is_named_by_audit_verify(app: Flask) -> None:
    bid = make_sealed(make_sealable_challenge(), make_solver())
    assert verify(db.session())[1] is None
    db.session.rollback()
    _tamper(f"UPDATE sealed_version SET ciphertext = CAST('00' AS {_binary()}) WHERE bid_id = {bid.id}")
    finding = verify(db.session())[1]
    assert finding is not None and finding.where.startswith("sealed_version") and "ciphertext" in finding.what


def test_sealed_row_cannot_be_changed_through_the_application(app: Flask) -> None:
    bid = make_sealed(make_sealable_challenge(), make_solver())
    version = db.session.query(SealedVersion).filter_by(bid_id=bid.id).one()
    for statement in ("UPDATE sealed_version SET number = 9", "DELETE FROM sealed_version"):
        with pytest.raises(DatabaseError, match="append-only"), db.engine.begin() as connection:
            connection.exec_driver_sql(statement)
    assert version.number == 1


def test_withdrawn_drafted_and_replaced_texts_are_never_opened(app: Flask) -> None:
    holders = make_holders()
    challenge = make_sealable_challenge(holders)
    withdrawn, kept = make_sealed(challenge, make_solver()), make_sealed(challenge, make_solver())
    drafted = make_draft(challenge, make_solver())
    lead, other = acting(withdrawn.lead), acting(kept.lead)
    with transaction():
        withdraw_bid(lead, withdrawn)
    with transaction():
        begin_replacement(other, kept)
    close(challenge)
    open_all(challenge, holders)
    opening = opening_of(challenge)
    assert opening is not None and [line["bid_id"] for line in opening.minutes] == [kept.id]
    assert (withdrawn.state, drafted.state) == (BidState.WITHDRAWN, BidState.DRAFT)
    assert kept.draft is None and db.session.query(OpenedContent).count() == 1


def test_challenge_without_bids_opens_to_an_empty_list(app: Flask) -> None:
    holders = make_holders()
    challenge = make_sealable_challenge(holders)
    close(challenge)
    open_all(challenge, holders)
    opening = opening_of(challenge)
    assert opening is not None and opening.opened_at is not None and opening.minutes == []
    assert challenge.state is ChallengeState.REVIEW


def test_opening_happens_once(app: Flask) -> None:
    holders = make_holders()
    challenge = make_sealable_challenge(holders)
    close(challenge)
    open_all(challenge, holders)
    officer = acting(holders[2])
    with pytest.raises(NotAllowed, match="已经开启"), transaction():
        release_opening_share(officer, challenge, PASSPHRASE)


def test_readers_of_an_opened_bid(app: Flask) -> None:
    holders = make_holders()
    challenge = make_sealable_challenge(holders)
    bid, rival = make_sealed(challenge, make_solver()), make_sealed(challenge, make_solver())
    people = {role: acting(make_user(role)) for role in Role if role not in (Role.FIRM_AUTHOR, Role.FIRM_SIGNATORY)}
    poster = challenge.organisation
    firm = [acting(make_user(role, organisation=poster)) for role in (Role.FIRM_AUTHOR, Role.FIRM_SIGNATORY)]
    manager = acting(make_user(Role.ORGANISATION_MANAGER, organisation=poster))
    stranger, rival_lead = acting(make_user(Role.FIRM_SIGNATORY)), acting(rival.lead)
    bureau = (Role.CITY_OFFICER, Role.DIVISION_HEAD, Role.SUPERVISOR)
    everybody = [*people.values(), *firm, manager, stranger, rival_lead]
    bid_readers.append(lambda _actor, _bid: True)
    try:
        assert not any(may_read_bid(person, bid) for person in everybody), "sealed"
    finally:
        bid_readers.pop()
    close(challenge)
    open_all(challenge, holders)
    assert {role for role, person in people.items() if may_read_bid(person, bid)} == set(bureau)
    assert not any(may_read_bid(person, bid) for person in [*firm, manager, stranger, rival_lead]), "not yet screened"
    clerk = people[Role.CITY_OFFICER]
    with transaction():
        screen_bid(clerk, bid, True)
        screen_bid(clerk, rival, False, "缺少承诺书")
    assert all(may_read_bid(person, bid) for person in firm)
    assert not any(may_read_bid(person, rival) for person in firm), "unqualified"
    assert not any(may_read_bid(person, bid) for person in (manager, stranger, rival_lead))
    assert [b.id for b in bids_of(firm[0], challenge)] == [bid.id]
    assert {b.id for b in bids_of(clerk, challenge)} == {bid.id, rival.id}
    bid_readers.append(lambda actor, _bid: actor.user_id == people[Role.EXPERT].user_id)
    try:
        assert may_read_bid(people[Role.EXPERT], bid) and not may_read_bid(stranger, bid)
    finally:
        bid_readers.pop()


def test_screening_tells_the_bidder_why(app: Flask) -> None:
    bid, clerk = make_bid(state=BidState.OPENED), acting(make_user(Role.CITY_OFFICER))
    with pytest.raises(InvalidInput) as problem, transaction():
        screen_bid(clerk, bid, False, "  ")
    assert "note" in problem.value.errors
    with transaction():
        screen_bid(clerk, bid, False, "承诺书未盖章")
    assert bid.state is BidState.UNQUALIFIED and bid.screening_note == "承诺书未盖章"
    assert "承诺书未盖章" in db.session.query(Message).filter_by(user_id=bid.lead_id).one().body
    with pytest.raises(IllegalMove), transaction():
        screen_bid(clerk, bid, False, "再来一次")


@pytest.mark.parametrize("role", [Role.DIVISION_HEAD, Role.SUPERVISOR, Role.DISTRICT_OFFICER, Role.EXPERT])
def test_only_the_division_clerk_screens(app: Flask, role: Role) -> None:
    bid, person = make_bid(state=BidState.OPENED), acting(make_user(role))
    with pytest.raises(NotAllowed), transaction():
        screen_bid(person, bid, False, "不合格")


def test_renouncing_and_disqualifying_keep_the_reason(app: Flask) -> None:
    winner, other = make_bid(state=BidState.AWARDED), make_bid(state=BidState.RESERVE)
    lead, head = acting(winner.lead), acting(make_user(Role.DIVISION_HEAD))
    with pytest.raises(InvalidInput), transaction():
        renounce_bid(lead, winner, "")
    with transaction():
        renounce_bid(lead, winner, "负责人调离")
    with pytest.raises(NotAllowed), transaction():
        disqualify_bid(lead, other, "不实")
    with transaction():
        disqualify_bid(head, other, "专利证书不实")
    assert (winner.state, other.state) == (BidState.RENOUNCED, BidState.DISQUALIFIED)
    assert (winner.outcome_note, other.outcome_note) == ("负责人调离", "专利证书不实")


def test_no_plaintext_is_written_by_the_opening(app: Flask) -> None:
    holders = make_holders()
    challenge = make_sealable_challenge(holders)
    make_sealed(challenge, make_solver(), make_content(route="独门秘方甲乙丙"), plan_pdf=pdf("独门秘方甲乙丙"))
    close(challenge)
    open_all(challenge, holders)
    stored = [path.read_bytes() for path in Path(app.instance_path).rglob("*") if path.is_file()]
    assert stored and not any("独门秘方甲乙丙".encode() in data for data in stored)
