"""Rows of the chain in a wanted state, written directly: for tests of one domain that need the ones before it."""

import itertools
from datetime import date, datetime, timedelta
from typing import Any

from market import clock
from market.accounts.models import Organisation, OrganisationKind, User
from market.audit.journal import record
from market.bids.models import Bid, BidState
from market.challenges.models import Challenge, ChallengeState, ChallengeVersion
from market.contracts.models import Contract, ContractState, Milestone, MilestoneState
from market.database import transaction
from market.needs.content import CONTENT_FIELDS, AmountKind, Ownership, ProblemKind
from market.needs.models import Need, NeedState
from market.permissions import SYSTEM, Role
from market.programmes.models import Cycle, CycleState, Programme, ProgrammeRules
from market.programmes.rules import Rules
from market.solvers.models import Achievement, AchievementKind, Solver, SolverKind, SolverState
from tests.builders.people import make_organisation, make_user, save

_number = itertools.count(1)
BACKGROUND = (
    "我公司气压烧结氮化硅球已小批供货，但同一炉次内密度与硬度离散较大，精研后仍有斑点球，客户要求降到千分之三以内。" * 3
)


def make_cycle(year: int | None = None, **rules: Any) -> Cycle:
    """A programme with one rules version and an open cycle around now."""
    n = next(_number)
    programme = Programme(code=f"ZBJB{n}" if n > 1 else "ZBJB", name="揭榜挂帅")
    save(programme)
    version = ProgrammeRules(
        programme_id=programme.id, version=1, content=Rules(**rules).model_dump(mode="json"), basis="测试办法"
    )
    save(version)
    now = clock.now()
    cycle = Cycle(
        programme_id=programme.id,
        rules_id=version.id,
        year=year or clock.today().year,
        name=f"{clock.today().year}年第一批",
        opens_at=now - timedelta(days=30),
        closes_at=now + timedelta(days=30),
        state=CycleState.OPEN,
    )
    save(cycle)
    return cycle


def content(**values: Any) -> dict[str, Any]:
    """A complete problem, with ``values`` in place of some fields."""
    return {
        "title": "高速主轴用氮化硅陶瓷球批次一致性控制",
        "kind": ProblemKind.RESEARCH,
        "industry": "ceramics",
        "tech_field": "sintering",
        "background": BACKGROUND,
        "in_house_unsolvable": True,
        "in_house_reason": "缺少气压烧结中试条件",
        "content": "查明斑点成因并给出烧结曲线",
        "deliverables": ["烧结工艺规程", "检测判据"],
        "indicators": [
            {"name": "密度极差", "operator": "<=", "value": "0.01", "unit": "g/cm³", "method": "GB/T 25995"},
            {"name": "维氏硬度", "operator": ">=", "value": "1520", "unit": "HV10", "method": "GB/T 16534"},
            {"name": "斑点球比例", "operator": "<=", "value": "0.3", "unit": "%", "method": "第三方抽检"},
        ],
        "amount_kind": AmountKind.FIXED,
        "amount_fen": 120_000_000,
        "funding_total_fen": 200_000_000,
        "funding_poster_fen": 200_000_000,
        "funding_other_fen": 0,
        "funding_fiscal_fen": 0,
        "ownership": Ownership.SHARED,
        "solver_conditions": "具备气压烧结条件",
        "term_months": 24,
        "contact_name": "技术部",
        "contact_phone": "0533-0000001",
        **values,
    }


def make_need(
    cycle: Cycle | None = None,
    organisation: Organisation | None = None,
    author: User | None = None,
    state: NeedState = NeedState.DRAFT,
    **values: Any,
) -> Need:
    organisation = organisation or make_organisation()
    author = author or make_user(Role.FIRM_AUTHOR, organisation=organisation)
    need = Need(
        cycle_id=(cycle or make_cycle()).id,
        organisation_id=organisation.id,
        district_code=organisation.district_code,
        author_id=author.id,
        state=state,
        **content(**values),
    )
    if state is not NeedState.DRAFT:
        need.first_submitted_at = clock.now()
        need.submitted_by_id = author.id
    save(need)
    return need


def make_challenge(
    need: Need | None = None,
    state: ChallengeState = ChallengeState.POSTED,
    deadline: datetime | None = None,
    code: str | None = None,
    **values: Any,
) -> Challenge:
    need = need or make_need(state=NeedState.POSTED)
    officer = make_user(Role.CITY_OFFICER)
    posted = state.is_public
    challenge = Challenge(
        need_id=need.id,
        cycle_id=need.cycle_id,
        rules_id=need.cycle.rules_id,
        organisation_id=need.organisation_id,
        district_code=need.district_code,
        prepared_by_id=officer.id,
        state=state,
        title=need.title,
        industry=need.industry,
        tech_field=need.tech_field,
        code=(code or f"ZBJB-2026-{next(_number):03d}") if posted else None,
        posted_at=clock.now() - timedelta(days=1) if posted else None,
        bid_deadline=(deadline or clock.now() + timedelta(days=20)) if posted else None,
        **values,
    )
    save(challenge)
    version = ChallengeVersion(
        challenge_id=challenge.id,
        number=1,
        locked_at=clock.now() if posted else None,
        **{name: getattr(need, name) for name in CONTENT_FIELDS},
    )
    save(version)
    return challenge


def make_solver(lead: User | None = None, state: SolverState = SolverState.VERIFIED, **values: Any) -> Solver:
    organisation = values.pop("organisation", None) or make_organisation(
        f"测试大学{next(_number)}", OrganisationKind.UNIVERSITY, None
    )
    lead = lead or make_user(Role.TEAM_LEAD, organisation=organisation)
    solver = Solver(
        **{
            "kind": SolverKind.TEAM,
            "name": f"测试团队{next(_number)}",
            "lead_id": lead.id,
            "organisation_id": organisation.id,
            "state": state,
            "directions": ["氮化硅气压烧结"],
            "keywords": ["Si3N4", "轴承球"],
            "profile_zh": "长期研究氮化硅陶瓷致密化，建有气压烧结炉。",
            **values,
        }
    )
    save(solver)
    save(
        Achievement(solver_id=solver.id, kind=AchievementKind.PATENT, title="一种低色差氮化硅球坯的烧结方法", year=2022)
    )
    return solver


def make_bid(
    challenge: Challenge | None = None, solver: Solver | None = None, state: BidState = BidState.DRAFT, **values: Any
) -> Bid:
    challenge = challenge or make_challenge()
    solver = solver or make_solver()
    bid = Bid(
        challenge_id=challenge.id,
        challenge_version=challenge.version,
        solver_id=solver.id,
        organisation_id=solver.organisation_id,
        lead_id=solver.lead_id,
        state=state,
        submitted_at=None if state is BidState.DRAFT else clock.now(),
        receipt_number=None if state is BidState.DRAFT else f"R{next(_number):06d}",
        **values,
    )
    save(bid)
    return bid


def make_contract(bid: Bid | None = None, state: ContractState = ContractState.SIGNED, **values: Any) -> Contract:
    """A contract of 100 万元 with three milestones (30/40/30)."""
    bid = bid or make_bid(make_challenge(state=ChallengeState.RUNNING), state=BidState.CONTRACTED)
    challenge = bid.challenge
    signed = state not in (ContractState.DRAFT, ContractState.AGREED)
    contract = Contract(
        **{
            "number": f"HT-{next(_number):04d}" if signed else None,
            "challenge_id": challenge.id,
            "challenge_version": challenge.version,
            "bid_id": bid.id,
            "organisation_id": challenge.organisation_id,
            "solver_id": bid.solver_id,
            "district_code": challenge.district_code,
            "state": state,
            "amount_fen": 100_000_000,
            "rd_total_fen": 300_000_000,
            "indicators": content()["indicators"],
            "starts_on": date(2026, 1, 1),
            "ends_on": date(2027, 12, 31),
            "drafted_by_id": challenge.prepared_by_id,
            "signed_on": date(2026, 1, 1) if signed else None,
            **values,
        }
    )
    save(contract)
    save(
        *(
            Milestone(
                contract_id=contract.id,
                seq=seq,
                content=f"阶段{seq}",
                due_on=date(2026, 6 * seq if seq < 3 else 12, 1),
                percent=percent,
            )
            for seq, percent in enumerate((30, 40, 30), start=1)
        )
    )
    return contract


def accept_milestone(milestone: Milestone, by: User) -> None:
    """Put a milestone into the accepted state directly."""
    with transaction():
        milestone.state, milestone.accepted_at, milestone.accepted_by_id = MilestoneState.ACCEPTED, clock.now(), by.id
        record(SYSTEM, "test:build", milestone)
