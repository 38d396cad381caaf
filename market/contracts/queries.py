"""Reads of contracts: scoped lists, one contract with its milestones, what awaits drafting, history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, and_, false, or_, select, true
from sqlalchemy.orm import joinedload

from market import clock
from market.audit.models import Entry
from market.bids.content import requirement_text
from market.bids.models import Bid, BidState, OpenedContent
from market.challenges.models import Challenge, ChallengeVersion
from market.contracts.models import (
    Contract,
    ContractState,
    DeclaredResult,
    Milestone,
    MilestoneState,
    SpendReport,
    SpendState,
)
from market.contracts.policies import may_see
from market.database import db
from market.errors import NotFound
from market.needs.content import AmountKind
from market.notices.models import AwardItem, Notice, NoticeState
from market.permissions import N_, Actor, Permission
from market.programmes.queries import rules_of
from market.solvers.models import Solver, SolverMember
from market.workflow import machine_of

LIVE_STATES = (ContractState.DRAFT, ContractState.AGREED, ContractState.SIGNED)
P = Permission


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The same rule as policies.may_see, as SQL."""
    if not actor.has(P.CONTRACT_READ):
        return false()
    districts = actor.districts_with(P.CONTRACT_READ)
    if districts is None:
        return true()
    member_of = select(SolverMember.solver_id).where(SolverMember.user_id == actor.user_id)
    teams = select(Solver.id).where(or_(Solver.lead_id == actor.user_id, Solver.id.in_(member_of)))
    return or_(
        Contract.organisation_id.in_(actor.organisations_with(P.CONTRACT_READ)),
        Contract.district_code.in_(districts),
        Contract.solver_id.in_(teams),
    )


def _with_parties() -> list[Any]:
    return [
        joinedload(Contract.challenge).joinedload(Challenge.rules),
        joinedload(Contract.organisation),
        joinedload(Contract.solver).joinedload(Solver.organisation),
        joinedload(Contract.solver).joinedload(Solver.lead),
    ]


def contracts_page(actor: Actor, state: ContractState | None = None, q: str = "") -> Select[Contract]:
    """Visible contracts, those that still need work first."""
    query = select(Contract).options(*_with_parties()).where(visible_to(actor))
    if state is not None:
        query = query.where(Contract.state == state)
    if q:
        query = query.join(Challenge, Challenge.id == Contract.challenge_id).where(
            or_(
                Challenge.title.icontains(q, autoescape=True),
                Challenge.code.icontains(q, autoescape=True),
                Contract.number.icontains(q, autoescape=True),
            )
        )
    return query.order_by(Contract.state.in_(LIVE_STATES).desc(), Contract.created_at.desc(), Contract.id.desc())


def contract_for(actor: Actor, contract_id: int) -> Contract:
    """Raises NotFound also when the asker may not know that it exists."""
    found = db.session.scalar(select(Contract).options(*_with_parties()).where(Contract.id == contract_id))
    if found is None or not may_see(actor, found):
        raise NotFound
    return found


def milestone_for(actor: Actor, milestone_id: int) -> Milestone:
    found = db.session.get(Milestone, milestone_id)
    if found is None or not may_see(actor, found.contract):
        raise NotFound
    return found


def milestones_of(contract: Contract) -> Sequence[Milestone]:
    query = select(Milestone).where(Milestone.contract_id == contract.id).order_by(Milestone.seq)
    return db.session.scalars(query).all()


def milestones_by_contract(contracts: Sequence[Contract]) -> dict[int, list[Milestone]]:
    found: dict[int, list[Milestone]] = {contract.id: [] for contract in contracts}
    query = select(Milestone).where(Milestone.contract_id.in_(found)).order_by(Milestone.contract_id, Milestone.seq)
    for milestone in db.session.scalars(query):
        found[milestone.contract_id].append(milestone)
    return found


def accepted_percent(contract: Contract) -> int:
    """Σ of the accepted milestones' shares."""
    return sum(m.percent for m in milestones_of(contract) if m.state is MilestoneState.ACCEPTED)


def next_milestone(contract: Contract) -> Milestone | None:
    """The first that is not accepted: the only one that may be reported."""
    return next((m for m in milestones_of(contract) if m.state is not MilestoneState.ACCEPTED), None)


def version_of(contract_or_bid: Any) -> ChallengeVersion | None:
    """The version of the challenge that was bid for: its indicators are the contract's."""
    return db.session.scalar(
        select(ChallengeVersion).where(
            ChallengeVersion.challenge_id == contract_or_bid.challenge_id,
            ChallengeVersion.number == contract_or_bid.challenge_version,
        )
    )


def opened_body(bid: Bid) -> dict[str, Any]:
    """What the bid promised, once opened; empty when nothing was."""
    found = db.session.scalar(select(OpenedContent).where(OpenedContent.bid_id == bid.id))
    return found.body if found else {}


def award_of(bid: Bid) -> tuple[Notice, AwardItem] | None:
    """The effective notice that awarded the bid, and its item."""
    row = db.session.execute(
        select(Notice, AwardItem)
        .join(AwardItem, AwardItem.notice_id == Notice.id)
        .where(AwardItem.bid_id == bid.id, Notice.state == NoticeState.EFFECTIVE)
        .order_by(Notice.id.desc())
        .limit(1)
    ).first()
    return (row[0], row[1]) if row else None


def awarded_on(bid: Bid) -> date | None:
    """The day the award took effect: nothing is signed before it."""
    award = award_of(bid)
    at = award[0].effective_at if award else bid.state_changed_at
    return clock.local(at).date() if at else None


def signing_due(bid: Bid) -> datetime | None:
    """End of the last day for signing: the award plus the rules' signing days."""
    on = awarded_on(bid)
    return clock.end_of(on + timedelta(days=rules_of(bid).signing_days)) if on else None


def awaiting_contract(actor: Actor) -> Sequence[Bid]:
    """Awarded bids without a contract, for those who draft."""
    if not actor.has(P.CONTRACT_MANAGE):
        return []
    return db.session.scalars(
        select(Bid)
        .options(
            joinedload(Bid.challenge).joinedload(Challenge.rules),
            joinedload(Bid.challenge).joinedload(Challenge.organisation),
            joinedload(Bid.solver),
        )
        .where(Bid.state == BidState.AWARDED, ~Bid.id.in_(select(Contract.bid_id).where(is_live())))
        .order_by(Bid.state_changed_at, Bid.id)
        .limit(50)
    ).all()


def bid_to_contract(actor: Actor, bid_id: int) -> Bid:
    """Raises NotFound when it does not exist or the asker may not know it."""
    found = db.session.get(Bid, bid_id)
    if found is None or not actor.covers(P.CONTRACT_MANAGE, district_code=found.challenge.district_code):
        raise NotFound
    return found


def is_live() -> ColumnElement[bool]:
    """Not a draft that was given up (NOT_GIVEN_UP in models.py says the same to the database)."""
    return or_(Contract.state != ContractState.TERMINATED, Contract.signed_on.is_not(None))


def contract_of_bid(bid: Bid) -> Contract | None:
    """The bid's contract; a draft that was given up does not count."""
    return db.session.scalar(select(Contract).where(Contract.bid_id == bid.id, is_live()))


def given_up_drafts(contract_or_bid: Contract | Bid) -> Sequence[Contract]:
    """Earlier drafts of the same bid that were terminated before signing, oldest first."""
    bid_id = contract_or_bid.bid_id if isinstance(contract_or_bid, Contract) else contract_or_bid.id
    query = select(Contract).where(Contract.bid_id == bid_id, ~is_live()).order_by(Contract.id)
    return db.session.scalars(query).all()


def amount_limit(bid: Bid) -> tuple[int | None, str]:
    """(most fen the contract may be for, why); None where the amount is agreed freely."""
    version = version_of(bid)
    award = award_of(bid)
    limits: list[tuple[int, str]] = []
    if version is not None and version.amount_kind is AmountKind.FIXED and version.amount_fen:
        limits.append((version.amount_fen, _("榜额")))
    if version is not None and version.amount_kind is AmountKind.RANGE and version.amount_high_fen:
        limits.append((version.amount_high_fen, _("榜额上限")))
    if award is not None and award[1].amount_fen:
        limits.append((award[1].amount_fen, _("公示的中榜金额")))
    return min(limits) if limits else (None, "")


def frozen_indicators(bid: Bid) -> list[dict[str, Any]]:
    """The indicators of the version that was bid for, each with what the bidder promised."""
    version = version_of(bid)
    answers = [row for row in opened_body(bid).get("answers") or [] if isinstance(row, dict)]
    promised = {row.get("name"): row.get("promise") for row in answers}
    return [
        {**indicator, "promised": str(promised.get(indicator["name"]) or indicator.get("value") or "")}
        for indicator in (version.indicators if version else [])
    ]


def is_met(indicator: dict[str, Any], measured: str) -> bool | None:
    """Whether a measured value fulfils the indicator; None when either is no number."""
    try:
        value, found = Decimal(str(indicator.get("value"))), Decimal(measured)
        high = Decimal(str(indicator.get("value_high") or indicator.get("value")))
    except InvalidOperation:
        return None
    return {
        ">=": found >= value,
        "<=": found <= value,
        "=": found == value,
        "between": value <= found <= high,
    }.get(str(indicator.get("operator")))


@dataclass(frozen=True, slots=True)
class IndicatorLine:
    """One indicator as agreed and, at each reported milestone, as measured."""

    name: str
    requirement: str
    promised: str
    method: str
    measured: str
    met: bool | None


def indicator_lines(contract: Contract, milestone: Milestone | None = None) -> list[IndicatorLine]:
    """The contract's indicators; with a milestone, its measured values beside them."""
    measured = {row["name"]: row for row in (milestone.measured if milestone else [])}
    return [
        IndicatorLine(
            indicator["name"],
            requirement_text(indicator),
            str(indicator.get("promised", "")),
            indicator.get("method", ""),
            str(measured.get(indicator["name"], {}).get("measured", "")),
            measured.get(indicator["name"], {}).get("met"),
        )
        for indicator in contract.indicators
    ]


def spending_of(contract: Contract) -> Sequence[SpendReport]:
    """Reports of what was spent, newest day first."""
    query = select(SpendReport).where(SpendReport.contract_id == contract.id)
    return db.session.scalars(query.order_by(SpendReport.until.desc(), SpendReport.id.desc())).all()


def confirmed_spending(contract: Contract) -> SpendReport | None:
    """The confirmed report that counts today; each counts from the beginning, so that they are never added up."""
    return next((report for report in spending_of(contract) if report.state is SpendState.CONFIRMED), None)


def results_of(contract: Contract) -> Sequence[DeclaredResult]:
    """Declared results, newest first, those withdrawn among them."""
    query = select(DeclaredResult).where(DeclaredResult.contract_id == contract.id)
    return db.session.scalars(query.order_by(DeclaredResult.last_day.desc(), DeclaredResult.id.desc())).all()


def spend_report_for(actor: Actor, report_id: int) -> SpendReport:
    """Raises NotFound also when the asker may not know that it exists."""
    found = db.session.get(SpendReport, report_id)
    if found is None or not may_see(actor, found.contract):
        raise NotFound
    return found


def result_for(actor: Actor, result_id: int) -> DeclaredResult:
    """Raises NotFound also when the asker may not know that it exists."""
    found = db.session.get(DeclaredResult, result_id)
    if found is None or not may_see(actor, found.contract):
        raise NotFound
    return found


_ACTS = {
    "contract:draft": N_("拟定合同"),
    "spend_report:report": N_("报送研发支出"),
    "declared_result:declare": N_("申报成效"),
    "declared_result:withdraw": N_("撤回成效"),
    "attachment:store": N_("上传附件"),
    "attachment:remove": N_("移除附件"),
}


def history_of(contract: Contract) -> list[dict[str, Any]]:
    """What happened to the contract and its milestones, newest first, as the timeline shows it."""
    milestones = {str(m.id): m for m in milestones_of(contract)}
    spending = [str(report.id) for report in spending_of(contract)]
    results = [str(result.id) for result in results_of(contract)]
    about = or_(
        and_(Entry.subject_kind == SpendReport.__tablename__, Entry.subject_id.in_(spending)),
        and_(Entry.subject_kind == DeclaredResult.__tablename__, Entry.subject_id.in_(results)),
        and_(Entry.subject_kind == Contract.__tablename__, Entry.subject_id == str(contract.id)),
        and_(Entry.subject_kind == Milestone.__tablename__, Entry.subject_id.in_(milestones)),
    )
    found = []
    for entry in db.session.scalars(select(Entry).where(about).order_by(Entry.seq.desc()).limit(300)):
        title = _act_label(entry.action)
        if entry.subject_kind == Milestone.__tablename__:
            title = _("里程碑 %(seq)d：%(act)s", seq=milestones[entry.subject_id].seq, act=title)
        note = _(_SLOTS.get(entry.note, entry.note)) if entry.action.startswith("attachment:") else entry.note
        found.append({"at": entry.at, "title": title, "actor": entry.actor_name, "text": note})
    return found


_SLOTS = {"signed_scan": N_("合同签署扫描件"), "pledge": N_("军令状"), "evidence": N_("证明材料")}


def _act_label(action: str) -> str:
    table, _colon, event = action.partition(":")
    model = {"contract": Contract, "milestone": Milestone, "spend_report": SpendReport}.get(table)
    moves = machine_of(model).moves if model else {}
    return _(moves[event][0]) if event in moves else _(_ACTS.get(action, N_("更新")))


def live_contracts_of(challenge: Challenge) -> Sequence[Contract]:
    query = select(Contract).where(Contract.challenge_id == challenge.id, Contract.state.in_(LIVE_STATES))
    return db.session.scalars(query.order_by(Contract.id)).all()


def unsigned_awards_of(challenge: Challenge) -> int:
    """Awarded bids of the challenge that are not under contract."""
    return len(
        db.session.scalars(select(Bid.id).where(Bid.challenge_id == challenge.id, Bid.state == BidState.AWARDED)).all()
    )
