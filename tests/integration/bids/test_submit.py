"""A draft is sealed when it is complete, by whoever answers for it, before the deadline to the second."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from market import clock
from market.accounts.models import Membership, MembershipState
from market.audit.models import Entry
from market.audit.verify import verify
from market.bids.content import BidContent, MilestoneRow, Statements
from market.bids.models import BidState, SealedVersion
from market.bids.operations import begin_bid, save_draft, submit_bid
from market.bids.queries import live_projects_of, obstacles, receipt_of
from market.bids.receipts import is_genuine
from market.challenges.models import ChallengeState
from market.database import db, transaction
from market.errors import Conflict, IllegalMove, InvalidInput, NotAllowed
from market.integrity.models import IntegrityRecord
from market.matches.constraints import constraints_of
from market.needs.content import AmountKind
from market.notifications.models import Message
from market.permissions import Role
from market.solvers.models import SolverMember, SolverState
from tests.builders.bids import make_content, make_draft, make_sealable_challenge, make_sealed
from tests.builders.chain import make_bid, make_challenge, make_need, make_solver
from tests.builders.files import pdf
from tests.builders.people import acting, make_user, save

DEADLINE = datetime(2026, 12, 20, 9, 0, tzinfo=UTC)


def test_bid_one_second_before_the_deadline_is_sealed(app: Flask) -> None:
    bid = make_draft(make_sealable_challenge(deadline=DEADLINE), make_solver())
    lead = acting(bid.lead)
    with clock.at(DEADLINE - timedelta(seconds=1)), transaction():
        submit_bid(lead, bid)
    assert bid.state is BidState.SUBMITTED
    assert receipt_of(bid).moment_text == "2026-12-20 16:59:59"


def test_bid_at_the_very_second_of_the_deadline_is_refused(app: Flask) -> None:
    bid = make_draft(make_sealable_challenge(deadline=DEADLINE), make_solver())
    lead = acting(bid.lead)
    with clock.at(DEADLINE), pytest.raises(NotAllowed, match="已截止"), transaction():
        submit_bid(lead, bid)
    assert bid.state is BidState.DRAFT and bid.draft is not None
    assert db.session.query(SealedVersion).count() == 0


def test_closed_challenge_takes_no_bid_whatever_its_deadline_says(app: Flask) -> None:
    challenge = make_challenge(state=ChallengeState.CLOSED)
    bid = make_bid(challenge, draft=make_content().model_dump())
    lead = acting(bid.lead)
    with pytest.raises(NotAllowed, match="已截止"), transaction():
        submit_bid(lead, bid)


def test_sealing_erases_the_draft_and_gives_a_signed_receipt(app: Flask) -> None:
    bid = make_sealed(make_sealable_challenge(), make_solver(), plan_pdf=pdf())
    receipt = receipt_of(bid)
    assert bid.draft is None and bid.versions == 1
    assert is_genuine(receipt.number, receipt.sha256, receipt.moment_text, receipt.signature)
    for forged in (
        (receipt.number, receipt.sha256, "2026-01-01 00:00:00"),
        (receipt.number, "0" * 64, receipt.moment_text),
        ("JB2222222222-1", receipt.sha256, receipt.moment_text),
    ):
        assert not is_genuine(*forged, receipt.signature)
    assert db.session.query(Entry).filter_by(action="bid:submit", actor_id=bid.lead_id).count() == 1
    assert verify(db.session())[1] is None


def test_only_the_bidder_is_told_of_a_sealed_bid(app: Flask) -> None:
    bid = make_sealed(make_sealable_challenge(), make_solver())
    assert {message.user_id for message in db.session.query(Message)} == {bid.lead_id}


def test_second_submission_of_a_sealed_bid_is_refused(app: Flask) -> None:
    bid = make_sealed(make_sealable_challenge(), make_solver())
    lead = acting(bid.lead)
    with transaction():
        save_draft(lead, bid, make_content())
    with pytest.raises(IllegalMove), transaction():
        submit_bid(lead, bid)


def test_solver_has_one_live_bid_per_challenge(app: Flask) -> None:
    challenge, solver = make_sealable_challenge(), make_solver()
    bid = make_draft(challenge, solver)
    lead = acting(bid.lead)
    with pytest.raises(Conflict, match="已有一份"), transaction():
        begin_bid(lead, challenge, solver)


def test_challenge_without_a_key_takes_no_sealed_bid(app: Flask) -> None:
    bid = make_draft(make_challenge(), make_solver())
    lead = acting(bid.lead)
    with pytest.raises(Conflict, match="密封公钥"), transaction():
        submit_bid(lead, bid)
    assert bid.draft is not None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"answers": []}, "answers"),
        ({"route": ""}, "route"),
        ({"foundation": ""}, "foundation"),
        ({"ip": ""}, "ip"),
        ({"risks": ""}, "risks"),
        ({"members": []}, "members"),
        ({"budget": []}, "budget"),
        ({"milestones": []}, "milestones"),
        ({"milestones": [MilestoneRow(content="一", month=6, percent=99)]}, "milestones"),
        ({"milestones": [MilestoneRow(content="一", month=30, percent=100)]}, "milestones"),
        ({"price_fen": 120_000_001}, "price_fen"),
        ({"statements": Statements(related_party="none", other_bids="none")}, "promise"),
        ({"statements": Statements(related_party="", other_bids="none", promise=True)}, "related_party"),
        ({"statements": Statements(related_party="has", other_bids="none", promise=True)}, "related_party_note"),
    ],
)
def test_incomplete_bid_is_not_sealed(app: Flask, changes: dict[str, Any], field: str) -> None:
    bid = make_draft(make_sealable_challenge(), make_solver(), make_content(**changes))
    lead = acting(bid.lead)
    with pytest.raises(InvalidInput) as problem, transaction():
        submit_bid(lead, bid)
    assert list(problem.value.errors) == [field]
    assert bid.state is BidState.DRAFT and bid.draft is not None


def test_price_at_the_amount_is_fine_and_without_a_price_too(app: Flask) -> None:
    challenge = make_sealable_challenge()
    for price in (120_000_000, None):
        assert make_sealed(challenge, make_solver(), make_content(price_fen=price)).state is BidState.SUBMITTED


def test_price_is_wanted_where_the_amount_is_open(app: Flask) -> None:
    need = make_need(amount_kind=AmountKind.NEGOTIABLE, amount_fen=None)
    bid = make_draft(make_sealable_challenge(need=need), make_solver(), make_content(price_fen=None))
    lead = acting(bid.lead)
    with pytest.raises(InvalidInput) as problem, transaction():
        submit_bid(lead, bid)
    assert list(problem.value.errors) == ["price_fen"]


def test_empty_draft_is_saved(app: Flask) -> None:
    bid = make_draft(make_sealable_challenge(), make_solver(), BidContent())
    assert bid.state is BidState.DRAFT


def test_member_may_draft_but_only_the_lead_submits(app: Flask) -> None:
    solver = make_solver()
    user = make_user(Role.SOLVER, organisation=solver.organisation)
    save(SolverMember(solver_id=solver.id, user_id=user.id, name=user.name))
    bid, member = make_draft(make_sealable_challenge(), solver), acting(user)
    with transaction():
        save_draft(member, bid, make_content(innovation="成员补充"))
    with pytest.raises(NotAllowed, match="负责人"), transaction():
        submit_bid(member, bid)


@pytest.mark.parametrize("role", [Role.TEAM_LEAD, Role.CITY_OFFICER, Role.DIVISION_HEAD, Role.ADMINISTRATOR])
def test_nobody_outside_the_team_writes_or_submits(app: Flask, role: Role) -> None:
    bid, outsider = make_draft(make_sealable_challenge(), make_solver()), acting(make_user(role))
    with pytest.raises(NotAllowed), transaction():
        submit_bid(outsider, bid)
    with pytest.raises(NotAllowed), transaction():
        save_draft(outsider, bid, make_content())


def test_unlisted_solver_does_not_bid(app: Flask) -> None:
    challenge, solver = make_sealable_challenge(), make_solver(state=SolverState.DRAFT)
    lead = acting(solver.lead)
    with pytest.raises(NotAllowed, match="登记"), transaction():
        begin_bid(lead, challenge, solver)


def test_poster_cannot_bid_on_its_own_challenge(app: Flask) -> None:
    challenge = make_sealable_challenge()
    solver = make_solver(organisation=challenge.organisation)
    lead = acting(solver.lead)
    with pytest.raises(InvalidInput, match="关联方"), transaction():
        begin_bid(lead, challenge, solver)


def test_lead_who_joined_the_poster_meanwhile_is_refused_at_submission(app: Flask) -> None:
    challenge, solver = make_sealable_challenge(), make_solver()
    bid = make_draft(challenge, solver)
    lead = acting(bid.lead)
    save(Membership(user_id=solver.lead_id, organisation_id=challenge.organisation_id, state=MembershipState.ACTIVE))
    with pytest.raises(InvalidInput, match="关联方"), transaction():
        submit_bid(lead, bid)


def test_active_integrity_record_bars_and_an_ended_one_does_not(app: Flask) -> None:
    challenge, solver = make_sealable_challenge(), make_solver()
    bid, clerk = make_draft(challenge, solver), make_user(Role.CITY_OFFICER)
    lead = acting(bid.lead)
    values: dict[str, Any] = {
        "conduct": "虚假材料",
        "basis": "测试决定〔2026〕1号",
        "decided_by": "测试局",
        "entered_by_id": clerk.id,
        "user_id": lead.user_id,
    }
    save(IntegrityRecord(starts_on=date(2020, 1, 1), ends_on=date(2023, 1, 1), **values))
    assert obstacles(challenge, solver) == []
    save(IntegrityRecord(starts_on=date(2025, 1, 1), ends_on=date(2099, 1, 1), **values))
    with pytest.raises(InvalidInput, match="测试决定〔2026〕1号"), transaction():
        submit_bid(lead, bid)


def test_lead_with_too_many_live_projects_is_refused(app: Flask) -> None:
    challenge, solver = make_sealable_challenge(), make_solver()
    lead = acting(solver.lead)
    for _ in range(2):
        make_bid(make_challenge(state=ChallengeState.RUNNING), solver, BidState.CONTRACTED)
    with pytest.raises(InvalidInput, match="上限 2 项"), transaction():
        begin_bid(lead, challenge, solver)


def test_finished_projects_do_not_count(app: Flask) -> None:
    challenge, solver = make_sealable_challenge(), make_solver()
    for _ in range(3):
        make_bid(make_challenge(state=ChallengeState.COMPLETED), solver, BidState.CONTRACTED)
    assert obstacles(challenge, solver) == []


def test_load_is_counted_per_lead_over_all_teams_for_matching_as_for_bidding(app: Flask) -> None:
    lead = make_user(Role.TEAM_LEAD)
    first, second = make_solver(lead), make_solver(lead)
    for solver in (first, second):
        make_bid(make_challenge(state=ChallengeState.RUNNING), solver, BidState.CONTRACTED)
    make_bid(make_challenge(state=ChallengeState.COMPLETED), first, BidState.CONTRACTED)
    make_bid(make_challenge(state=ChallengeState.REVIEW), first, BidState.RECOMMENDED)
    challenge = make_sealable_challenge()
    assert live_projects_of([lead.id], besides=challenge) == {lead.id: 2}
    assert any("上限 2 项" in found for found in obstacles(challenge, first))
    load = {row.label: row for row in constraints_of(challenge, [first])[first.id]}["在研"]
    assert "在研 2 项" in load.text and load.tone == "bad"
