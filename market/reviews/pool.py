"""The expert pool as it stands: who is in it, and all that decides who may judge one challenge."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from market import clock
from market.accounts.models import (
    Grant,
    Membership,
    MembershipState,
    Organisation,
    OrganisationState,
    User,
)
from market.database import db
from market.integrity.models import IntegrityRecord
from market.paging import Page, paginate
from market.permissions import Role
from market.programmes.models import Term, TermKind
from market.programmes.queries import rules_of
from market.reviews.models import Assignment, AssignmentState, Expert, Round, RoundState
from market.reviews.policies import PanelFacts, exclusion_of, plain_name
from market.reviews.queries import bids_of, row_of
from market.solvers.models import SolverMember


def experts() -> Select[Expert]:
    return select(Expert).options(joinedload(Expert.user), joinedload(Expert.organisation)).order_by(Expert.id)


def expert_page(number: int = 1) -> Page[Expert]:
    return paginate(db.session(), experts(), number)


def expert_by_id(expert_id: int) -> Expert:
    return row_of(Expert, expert_id)


def users_to_register() -> Sequence[User]:
    """People with the role of expert who do not stand in the pool yet."""
    return db.session.scalars(
        select(User)
        .where(
            User.is_active,
            User.id.in_(select(Grant.user_id).where(Grant.role == Role.EXPERT, Grant.revoked_at.is_(None))),
            User.id.not_in(select(Expert.user_id)),
        )
        .order_by(User.name, User.id)
        .limit(500)
    ).all()


def tech_fields() -> list[tuple[str, str]]:
    """(code, name) of the technical fields in use."""
    terms = db.session.scalars(
        select(Term).where(Term.kind == TermKind.TECH_FIELD, Term.retired.is_(False)).order_by(Term.code)
    )
    return [(term.code, term.name) for term in terms]


def verified_organisations() -> list[tuple[int, str]]:
    """(id, name) of the units an expert may belong to."""
    rows = db.session.execute(
        select(Organisation.id, Organisation.name)
        .where(Organisation.state == OrganisationState.VERIFIED)
        .order_by(Organisation.name, Organisation.id)
    )
    return [(row.id, row.name) for row in rows]


def times_served(year: int) -> dict[int, int]:
    """Tasks of each expert in a year's rounds (Shanghai time) that were not voided; stepping back does not count."""
    begins, ends = clock.start_of(date(year, 1, 1)), clock.start_of(date(year + 1, 1, 1))
    rows = db.session.execute(
        select(Assignment.expert_id, func.count())
        .join(Round, Assignment.round_id == Round.id)
        .where(
            Assignment.created_at >= begins,
            Assignment.created_at < ends,
            Assignment.state != AssignmentState.RECUSED,
            Round.state != RoundState.VOIDED,
        )
        .group_by(Assignment.expert_id)
    )
    return dict(rows.all())


def _units_of_users() -> dict[int, frozenset[int]]:
    """Organisations of everybody in the pool: active memberships and roles in an organisation."""
    found: dict[int, set[int]] = defaultdict(set)
    pool = select(Expert.user_id)
    members = select(Membership.user_id, Membership.organisation_id).where(
        Membership.state == MembershipState.ACTIVE, Membership.user_id.in_(pool)
    )
    grants = select(Grant.user_id, Grant.organisation_id).where(
        Grant.organisation_id.is_not(None), Grant.revoked_at.is_(None), Grant.user_id.in_(pool)
    )
    for query in (members, grants):
        for user_id, organisation_id in db.session.execute(query):
            found[user_id].add(organisation_id)
    return {user_id: frozenset(units) for user_id, units in found.items()}


def dishonest() -> tuple[frozenset[int], frozenset[int]]:
    """(user ids, organisation ids) with a 失信 record in force today."""
    today = clock.today()
    rows = db.session.execute(
        select(IntegrityRecord.user_id, IntegrityRecord.organisation_id).where(
            IntegrityRecord.starts_on <= today, IntegrityRecord.ends_on >= today, IntegrityRecord.lifted_on.is_(None)
        )
    ).all()
    return (
        frozenset(user_id for user_id, _unit in rows if user_id is not None),
        frozenset(unit for _user, unit in rows if unit is not None),
    )


def panel_facts(round_: Round) -> PanelFacts:
    """Everything the exclusion of experts needs, in a fixed number of statements."""
    challenge, bids = round_.challenge, bids_of(round_)
    solver_ids = [bid.solver_id for bid in bids]
    members = db.session.execute(
        select(SolverMember.user_id, SolverMember.organisation_name).where(SolverMember.solver_id.in_(solver_ids))
    ).all()
    units = [unit for bid in bids for unit in (bid.organisation, bid.solver.organisation) if unit is not None]
    active = db.session.scalars(
        select(Grant.user_id)
        .join(User, Grant.user_id == User.id)
        .where(Grant.role == Role.EXPERT, Grant.revoked_at.is_(None), User.is_active)
    )
    recused = db.session.scalars(
        select(Assignment.expert_id)
        .join(Round, Assignment.round_id == Round.id)
        .where(Round.challenge_id == challenge.id, Assignment.state == AssignmentState.RECUSED)
    )
    dishonest_users, dishonest_units = dishonest()
    return PanelFacts(
        rules=rules_of(challenge),
        tech_field=challenge.tech_field,
        poster_id=challenge.organisation_id,
        poster_names=frozenset({plain_name(challenge.organisation.name)}),
        bidder_ids=frozenset(unit.id for unit in units),
        bidder_names=frozenset(plain_name(name) for name in _names(units, members) if name),
        person_ids=frozenset(
            {bid.lead_id for bid in bids}
            | {bid.solver.lead_id for bid in bids}
            | {row.user_id for row in members if row.user_id}
        ),
        active_users=frozenset(active),
        units=_units_of_users(),
        served=times_served(clock.today().year),
        dishonest_users=dishonest_users,
        dishonest_units=dishonest_units,
        recused=frozenset(recused),
    )


def _names(units: Sequence[Any], members: Sequence[Any]) -> set[str]:
    return {unit.name for unit in units} | {row.organisation_name for row in members}


def pool_for(round_: Round) -> list[tuple[Expert, str]]:
    """The whole pool with the reason why an expert is excluded from this round; an empty reason: may be drawn."""
    facts = panel_facts(round_)
    return [(expert, exclusion_of(expert, facts)) for expert in db.session.scalars(experts())]
