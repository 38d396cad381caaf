"""What besides the text speaks for or against a solver: region, load, time, amount, integrity, interest.

Contracts stand above this room: their table is named, the class not imported. The number of statements is fixed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import case, func, select

from market import clock
from market.accounts.models import Membership, MembershipState
from market.bids.queries import live_projects_of
from market.challenges.models import Challenge, ChallengeVersion
from market.challenges.queries import current_version
from market.database import Base, db
from market.integrity.models import IntegrityRecord
from market.money import format_wan
from market.programmes.queries import rules_of
from market.programmes.rules import Rules
from market.solvers.models import Solver
from market.solvers.queries import country_name

LIVE = ("agreed", "signed")
ONCE_SIGNED = ("signed", "completed", "closed")


@dataclass(frozen=True, slots=True)
class Constraint:
    """One condition besides the text. ``blocks``: the solver may not be invited while it stands."""

    label: str
    text: str
    tone: str = "neutral"
    blocks: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """A solver's contracts: until when the running ones last, and the largest it ever signed."""

    until: date | None = None
    largest_fen: int | None = None


def constraints_of(challenge: Challenge, solvers: Sequence[Solver]) -> dict[int, list[Constraint]]:
    """Every condition for each solver, in the same order."""
    barred = _barred(solvers)
    insiders = _people_of(challenge.organisation_id, [solver.lead_id for solver in solvers])
    works = _works([solver.id for solver in solvers])
    live = live_projects_of([solver.lead_id for solver in solvers], besides=challenge)
    rules, version = rules_of(challenge), current_version(challenge)
    return {
        solver.id: [
            _region(solver),
            _load(live[solver.lead_id], rules),
            _time(works[solver.id], challenge, rules),
            _amount(works[solver.id], version, rules),
            _integrity(solver, barred),
            _interest(solver, challenge, insiders),
        ]
        for solver in solvers
    }


def _region(solver: Solver) -> Constraint:
    if solver.country == "CN":
        return Constraint(_("地域"), _("境内"), "good")
    return Constraint(_("地域"), _("%(country)s，需线上对接", country=country_name(solver.country)), "attention")


def _load(live: int, rules: Rules) -> Constraint:
    """Counted as at the submission of a bid: what the lead has in hand, with whichever team."""
    most = rules.live_projects_per_lead_most
    if live >= most:
        return Constraint(_("在研"), _("在研 %(n)d 项，已到每位负责人 %(most)d 项的上限", n=live, most=most), "bad")
    return Constraint(_("在研"), _("在研 %(n)d 项", n=live), "good")


def _time(work: Work, challenge: Challenge, rules: Rules) -> Constraint:
    """Whether a running contract reaches into the time in which this one would be carried out."""
    if work.until is None or challenge.bid_deadline is None:
        return Constraint(_("时间"), _("没有在研合同占用"), "good")
    starts = clock.local(challenge.bid_deadline).date() + timedelta(days=rules.signing_days)
    ends = f"{work.until:%Y-%m-%d}"
    if work.until <= starts:
        return Constraint(_("时间"), _("在研合同 %(ends)s 到期，早于本榜签约", ends=ends), "good")
    return Constraint(_("时间"), _("在研合同到 %(ends)s，与本榜实施期重叠", ends=ends), "attention")


def _amount(work: Work, version: ChallengeVersion, rules: Rules) -> Constraint:
    """Whether the solver has carried an amount of this order before."""
    fen = version.amount_fen or version.amount_high_fen
    if fen is None:
        return Constraint(_("榜额"), _("榜额不限定或面议"), "good")
    facts = {"amount": format_wan(fen), "most": format_wan(work.largest_fen or 0)}
    if work.largest_fen is None:
        return Constraint(_("榜额"), _("榜额 %(amount)s 万元，本平台没有其合同记录", **facts))
    if fen > work.largest_fen * rules.amount_stretch_most:
        return Constraint(_("榜额"), _("榜额 %(amount)s 万元，远大于其最大合同 %(most)s 万元", **facts), "attention")
    return Constraint(_("榜额"), _("榜额 %(amount)s 万元，曾签 %(most)s 万元合同", **facts), "good")


def _integrity(solver: Solver, barred: set[tuple[str, int]]) -> Constraint:
    if {("user", solver.lead_id), ("organisation", solver.organisation_id or 0)} & barred:
        return Constraint(_("诚信"), _("在失信惩戒期内"), "bad", blocks=True)
    return Constraint(_("诚信"), _("无在期记录"), "good")


def _interest(solver: Solver, challenge: Challenge, insiders: set[int]) -> Constraint:
    if solver.organisation_id == challenge.organisation_id or solver.lead_id in insiders:
        return Constraint(_("利害关系"), _("与发榜方为同一单位"), "bad", blocks=True)
    return Constraint(_("利害关系"), _("未发现"), "good")


def _barred(solvers: Sequence[Solver]) -> set[tuple[str, int]]:
    today = clock.today()
    query = select(IntegrityRecord.user_id, IntegrityRecord.organisation_id).where(
        IntegrityRecord.user_id.in_([solver.lead_id for solver in solvers])
        | IntegrityRecord.organisation_id.in_([solver.organisation_id for solver in solvers if solver.organisation_id]),
        IntegrityRecord.lifted_on.is_(None),
        IntegrityRecord.starts_on <= today,
        IntegrityRecord.ends_on >= today,
    )
    rows = db.session.execute(query).all()
    return {("user", user_id) for user_id, _o in rows if user_id} | {("organisation", o) for _u, o in rows if o}


def _people_of(organisation_id: int, user_ids: Iterable[int]) -> set[int]:
    query = select(Membership.user_id).where(
        Membership.organisation_id == organisation_id,
        Membership.user_id.in_(list(user_ids)),
        Membership.state == MembershipState.ACTIVE,
    )
    return set(db.session.scalars(query))


def _works(solver_ids: Sequence[int]) -> dict[int, Work]:
    contract: Any = Base.metadata.tables["contract"]
    live, signed = contract.c.state.in_(LIVE), contract.c.state.in_(ONCE_SIGNED)
    query = (
        select(
            contract.c.solver_id,
            func.max(case((live, contract.c.ends_on))),
            func.max(case((signed, contract.c.amount_fen))),
        )
        .where(contract.c.solver_id.in_(solver_ids))
        .group_by(contract.c.solver_id)
    )
    found = {solver_id: Work(*values) for solver_id, *values in db.session.execute(query)}
    return {solver_id: found.get(solver_id, Work()) for solver_id in solver_ids}
