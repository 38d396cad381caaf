"""Who may judge: exclusions with their reason, the recorded draw, naming by hand, recusal and replacement."""

from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from market import clock
from market.accounts.models import Membership, MembershipState
from market.audit.journal import record
from market.audit.verify import verify
from market.bids.models import BidState
from market.database import db, transaction
from market.errors import Conflict, IllegalMove, InvalidInput, NotAllowed
from market.integrity.models import IntegrityRecord
from market.permissions import SYSTEM, Role
from market.reviews import operations, queries
from market.reviews.models import AssignmentState, RoundState
from market.reviews.pool import pool_for
from market.solvers.models import SolverMember
from tests.builders.chain import make_bid
from tests.builders.people import acting, make_user, save
from tests.builders.reviews import (
    convened,
    declared,
    drawn,
    expert_actor,
    make_case,
    make_expert,
    seat,
    started,
)


def reasons(round_: object) -> dict[int, str]:
    return {expert.id: reason for expert, reason in pool_for(round_)}  # pyright: ignore[reportArgumentType]


def test_same_organisation_as_poster_or_bidder_is_excluded_with_its_reason(app: Flask) -> None:
    case = make_case()
    of_poster = make_expert(organisation=case.challenge.organisation)
    of_bidder = make_expert(organisation=case.bids[0].organisation)
    found = reasons(started(case))
    assert found[of_poster.id] == "与发榜方同单位"
    assert found[of_bidder.id] == "与揭榜方同单位"


def test_membership_in_a_bidder_excludes_although_the_pool_names_another_unit(app: Flask) -> None:
    case = make_case()
    expert = make_expert()
    save(Membership(user_id=expert.user_id, organisation_id=case.bids[1].organisation_id, state=MembershipState.ACTIVE))
    assert reasons(started(case))[expert.id] == "与揭榜方同单位"


def test_past_organisation_within_the_years_of_the_rules_is_excluded(app: Flask) -> None:
    case = make_case()
    poster = make_expert(past_organisations=[f" {case.challenge.organisation.name} "])
    bidder = make_expert(past_organisations=[case.bids[0].organisation.name])  # pyright: ignore
    found = reasons(started(case))
    assert found[poster.id] == "3 年内曾在发榜方任职"
    assert found[bidder.id] == "3 年内曾在揭榜方单位任职"


def test_member_of_a_bidding_team_is_excluded(app: Flask) -> None:
    case = make_case()
    member = make_expert()
    save(SolverMember(solver_id=case.bids[0].solver_id, user_id=member.user_id, name="成员"))
    assert reasons(started(case))[member.id] == "是揭榜团队的负责人或成员"


def test_unit_of_a_consortium_member_counts_as_bidder(app: Flask) -> None:
    case = make_case()
    expert = make_expert()
    name = expert.organisation.name  # pyright: ignore
    save(SolverMember(solver_id=case.bids[0].solver_id, name="外单位成员", organisation_name=name))
    assert reasons(started(case))[expert.id] == "与揭榜方同单位"


def test_integrity_record_in_force_excludes_and_an_ended_one_does_not(app: Flask) -> None:
    case = make_case()
    barred, free = case.experts[:2]
    today = clock.today()
    kept = {"conduct": "提供虚假材料", "basis": "24号令", "decided_by": "市科技局", "entered_by_id": case.city.id}
    save(
        IntegrityRecord(user_id=barred.user_id, starts_on=today, ends_on=today + timedelta(days=9), **kept),
        IntegrityRecord(user_id=free.user_id, starts_on=date(2020, 1, 1), ends_on=today - timedelta(days=1), **kept),
    )
    found = reasons(started(case))
    assert "失信" in found[barred.id]
    assert found[free.id] == ""


def test_other_field_is_excluded_from_the_draw_but_a_financial_expert_is_not(app: Flask) -> None:
    case = make_case()
    chemist = make_expert(fields=["polymers"])
    accountant = make_expert(fields=[], is_financial=True)
    found = reasons(started(case))
    assert found[chemist.id] == "研究领域与榜单不符"
    assert found[accountant.id] == ""


def test_yearly_cap_excludes_and_refuses_by_hand(app: Flask) -> None:
    first = make_case(experts=5, expert_yearly_most=1)
    declared(first, convened(first, drawn(first)))
    second = make_case(experts=0, expert_yearly_most=1)
    round_ = started(second)
    worn = first.experts[0]
    assert reasons(round_)[worn.id] == "本年度已参加 1 次，达到上限 1 次"
    with pytest.raises(InvalidInput, match="达到上限"):
        seat(second, round_, [worn])


def test_seed_reproduces_the_draw_and_every_exclusion_is_kept(app: Flask) -> None:
    case = make_case(experts=9)
    excluded = make_expert(organisation=case.challenge.organisation)
    round_ = drawn(case, 5, "2026-zb-17")
    (draw,) = queries.draws_of(round_)
    assert (draw.seed, round_.seed) == ("2026-zb-17", "2026-zb-17")
    assert [entry["result"] for entry in draw.outcome] == ["drawn"] * 5 + ["reserve"] * 4 + ["excluded"]
    assert draw.outcome[-1] == {"expert_id": excluded.id, "result": "excluded", "reason": "与发榜方同单位"}
    with transaction():
        operations.void_round(acting(case.city), round_, "重复抽取以核对")
    again = drawn(case, 5, "2026-zb-17")
    assert queries.draws_of(again)[0].outcome == draw.outcome


def test_without_a_seed_one_is_made_and_recorded(app: Flask) -> None:
    case = make_case()
    round_ = started(case)
    with transaction():
        operations.draw_experts(acting(case.city), round_, 5)
    assert len(round_.seed) == 32


@pytest.mark.parametrize("count", [4, 6, 3, 0])
def test_even_or_small_panel_is_refused(app: Flask, count: int) -> None:
    case = make_case()
    round_ = started(case)
    with pytest.raises(InvalidInput, match="单数"), transaction():
        operations.draw_experts(acting(case.city), round_, count)


def test_small_pool_is_refused_and_says_how_many_there_are(app: Flask) -> None:
    case = make_case(experts=4)
    round_ = started(case)
    with pytest.raises(InvalidInput, match="只够 4 人"), transaction():
        operations.draw_experts(acting(case.city), round_, 5)


def test_second_draw_in_a_round_is_refused(app: Flask) -> None:
    case = make_case(experts=12)
    round_ = drawn(case)
    with pytest.raises(Conflict), transaction():
        operations.draw_experts(acting(case.city), round_, 5)


def test_conflict_refuses_naming_by_hand_too(app: Flask) -> None:
    case = make_case()
    related = make_expert(organisation=case.bids[0].organisation)
    round_ = started(case)
    with pytest.raises(InvalidInput, match="与揭榜方同单位"):
        seat(case, round_, [related])
    assert queries.panel_of(round_) == []


def test_second_expert_of_one_unit_is_refused_by_hand(app: Flask) -> None:
    case = make_case()
    first = make_expert()
    second = make_expert(organisation=first.organisation)
    round_ = started(case)
    with pytest.raises(InvalidInput, match="同一单位"):
        seat(case, round_, [first, second])


def test_whoever_drew_does_not_notify(app: Flask) -> None:
    case = make_case()
    round_ = drawn(case)
    with pytest.raises(NotAllowed, match="另一位经办"), transaction():
        operations.convene_round(acting(case.city), round_)
    assert round_.state is RoundState.DRAFT


def test_database_refuses_that_drawer_and_convener_are_one(app: Flask) -> None:
    case = make_case()
    round_ = drawn(case)
    number, drawer = round_.id, round_.drawn_by_id
    db.session.rollback()
    with pytest.raises(IntegrityError), db.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE review_round SET convened_by_id = {drawer} WHERE id = {number}")


def test_round_needs_opened_and_screened_bids(app: Flask) -> None:
    case = make_case(bids=1)
    make_bid(case.challenge, state=BidState.OPENED)
    with pytest.raises(IllegalMove, match="形式审查"):
        started(case)


def test_round_without_a_qualified_bid_is_refused(app: Flask) -> None:
    case = make_case(bids=1)
    with transaction():
        case.bids[0].state = BidState.UNQUALIFIED
        record(SYSTEM, "test:build", case.bids[0])
    with pytest.raises(IllegalMove, match="没有形式审查通过"):
        started(case)


def test_second_round_beside_a_live_one_is_refused(app: Flask) -> None:
    case = make_case()
    started(case)
    with pytest.raises(Conflict):
        started(case)


def test_recused_expert_is_replaced_by_the_first_reserve(app: Flask) -> None:
    case = make_case(experts=8)
    round_ = convened(case, drawn(case))
    leaving, *staying = queries.seated(round_)
    reserves = [entry["expert_id"] for entry in queries.draws_of(round_)[0].outcome if entry["result"] == "reserve"]
    with transaction():
        seat_ = operations.recuse(expert_actor(leaving), leaving, "与揭榜负责人为师生")
    assert seat_ is not None
    assert seat_.expert_id == reserves[0]
    assert leaving.state is AssignmentState.RECUSED
    assert leaving.recusal_reason == "与揭榜负责人为师生"
    assert {task.id for task in queries.seated(round_)} == {*(task.id for task in staying), seat_.id}
    assert verify(db.session())[1] is None


def test_recusal_without_reserves_leaves_the_panel_short_and_scoring_cannot_start(app: Flask) -> None:
    case = make_case(experts=5)
    round_ = convened(case, drawn(case))
    leaving = queries.seated(round_)[0]
    with transaction():
        assert operations.recuse(expert_actor(leaving), leaving, "利害关系") is None
    declared(case, round_)
    with pytest.raises(IllegalMove, match="现有 4 人"), transaction():
        operations.start_scoring(acting(case.city), round_)


def test_recusal_without_a_reason_is_refused(app: Flask) -> None:
    case = make_case()
    round_ = convened(case, drawn(case))
    task = queries.seated(round_)[0]
    with pytest.raises(InvalidInput), transaction():
        operations.recuse(expert_actor(task), task, " ")


def test_conflict_that_arose_after_the_draw_refuses_the_pledge(app: Flask) -> None:
    case = make_case()
    round_ = convened(case, drawn(case))
    task = queries.seated(round_)[0]
    organisation_id = case.bids[0].organisation_id
    save(Membership(user_id=task.expert.user_id, organisation_id=organisation_id, state=MembershipState.ACTIVE))
    with pytest.raises(NotAllowed, match="与揭榜方同单位"), transaction():
        operations.declare_no_conflict(expert_actor(task), task)


def test_pledge_for_another_expert_is_refused(app: Flask) -> None:
    case = make_case()
    round_ = convened(case, drawn(case))
    mine, other = queries.seated(round_)[:2]
    with pytest.raises(NotAllowed), transaction():
        operations.declare_no_conflict(expert_actor(mine), other)


def test_silent_expert_is_replaced_by_the_officer(app: Flask) -> None:
    case = make_case(experts=7)
    round_ = convened(case, drawn(case))
    silent = queries.seated(round_)[0]
    with transaction():
        replacement = operations.release_expert(acting(case.city), silent, "三次联系未果")
    assert replacement is not None
    assert len(queries.seated(round_)) == 5


def test_registering_asks_for_the_role_a_unit_and_a_field(app: Flask) -> None:
    case = make_case()
    values = {"organisation_id": case.challenge.organisation_id, "fields": ["sintering"]}
    solver, expert = make_user(Role.SOLVER), make_user(Role.EXPERT)
    with pytest.raises(InvalidInput, match="评审专家"), transaction():
        operations.register_expert(acting(case.city), solver, values)
    with pytest.raises(InvalidInput) as problem, transaction():
        operations.register_expert(acting(case.city), expert, {})
    assert set(problem.value.errors) == {"organisation_id", "fields"}
    with transaction():
        operations.register_expert(acting(case.city), expert, values)
    with pytest.raises(InvalidInput, match="已在库"), transaction():
        operations.register_expert(acting(case.city), expert, values)
    with pytest.raises(NotAllowed), transaction():
        operations.register_expert(acting(case.head), expert, values)
