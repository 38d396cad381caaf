"""Reads of budget lines, payouts and bounties: queue by state, what is payable, totals."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, true
from sqlalchemy.orm import aliased, joinedload

from market.challenges.models import Challenge
from market.contracts.models import Contract, ContractState, Milestone, MilestoneState
from market.contracts.queries import accepted_percent
from market.database import db
from market.errors import NotFound
from market.payouts.entitlement import Payable, payable
from market.payouts.models import (
    Account,
    BountyPayment,
    BudgetLine,
    Payout,
    PayoutKind,
    PayoutState,
    Refund,
    RefundState,
    Transfer,
    TransferKind,
)
from market.payouts.policies import may_see_bounty, may_see_payout
from market.permissions import Actor, Permission
from market.programmes.models import Cycle
from market.programmes.queries import rules_of
from market.solvers.models import Solver

P = Permission
# What waits for whom, in the order of the queue.
QUEUES: tuple[tuple[PayoutState, Permission], ...] = (
    (PayoutState.REQUESTED, P.PAYOUT_CHECK),
    (PayoutState.CHECKED, P.PAYOUT_APPROVE),
    (PayoutState.APPROVED, P.PAYOUT_REQUEST),
    (PayoutState.SENT_BACK, P.PAYOUT_REQUEST),
)


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The same rule as policies.may_see_payouts, as SQL over Payout."""
    if actor.has(P.PAYOUT_READ) and actor.districts_with(P.PAYOUT_READ) is None:
        return true()
    if actor.user_id is None:
        return false()
    own = select(Contract.id).join(Solver, Solver.id == Contract.solver_id).where(Solver.lead_id == actor.user_id)
    return Payout.contract_id.in_(own)


def _with_details() -> list[Any]:
    return [
        joinedload(Payout.contract).joinedload(Contract.challenge),
        joinedload(Payout.contract).joinedload(Contract.solver),
        joinedload(Payout.milestone),
        joinedload(Payout.budget_line),
        joinedload(Payout.maker),
    ]


def payouts_page(actor: Actor, state: PayoutState | None = None, q: str = "") -> Select[Payout]:
    """Visible payouts; those waiting longest first, then the decided ones, newest first."""
    query = select(Payout).options(*_with_details()).where(visible_to(actor))
    if state is not None:
        query = query.where(Payout.state == state)
    if q:
        contract = aliased(Contract)
        query = query.join(contract, contract.id == Payout.contract_id).where(
            or_(contract.number.icontains(q, autoescape=True), Payout.payee_name.icontains(q, autoescape=True))
        )
    done = Payout.state.in_((PayoutState.PAID, PayoutState.CANCELLED))
    return query.order_by(done, Payout.state_changed_at, Payout.id)


def all_payouts(actor: Actor, state: PayoutState | None = None, q: str = "") -> Sequence[Payout]:
    """What payouts_page shows, all of it and in order of entry, for the 资金台账."""
    rules = joinedload(Payout.contract).joinedload(Contract.challenge).joinedload(Challenge.rules)
    query = payouts_page(actor, state, q).options(rules).order_by(None).order_by(Payout.id)
    return db.session.scalars(query).all()


def counts_by_state(actor: Actor) -> dict[PayoutState, int]:
    query = select(Payout.state, func.count()).where(visible_to(actor)).group_by(Payout.state)
    return {row[0]: row[1] for row in db.session.execute(query)}


def payout_for(actor: Actor, payout_id: int) -> Payout:
    """Raises NotFound also when the asker may not know that it exists."""
    found = db.session.scalar(select(Payout).options(*_with_details()).where(Payout.id == payout_id))
    if found is None or not may_see_payout(actor, found):
        raise NotFound
    return found


def payouts_of(contract: Contract) -> Sequence[Payout]:
    query = select(Payout).options(*_with_details()).where(Payout.contract_id == contract.id).order_by(Payout.id)
    return db.session.scalars(query).all()


def requested_fen(contract: Contract, besides: Payout | None = None) -> int:
    """Σ of the contract's live payouts, all kinds."""
    query = select(func.coalesce(func.sum(Payout.amount_fen), 0)).where(
        Payout.contract_id == contract.id, Payout.state != PayoutState.CANCELLED
    )
    if besides is not None:
        query = query.where(Payout.id != besides.id)
    return int(db.session.scalar(query) or 0)


def payable_of(contract: Contract, besides: Payout | None = None) -> Payable:
    """What may be requested now, with its computation."""
    percent = accepted_percent(contract)
    return payable(rules_of(contract), contract, percent, requested_fen(contract, besides))


def milestone_to_pay(milestone_id: int) -> Milestone:
    found = db.session.get(Milestone, milestone_id)
    if found is None:
        raise NotFound
    return found


def payable_milestones() -> Select[Milestone]:
    """Accepted milestones without a live payout: the maker's list, longest accepted first."""
    live = select(Payout.milestone_id).where(Payout.state != PayoutState.CANCELLED)
    return (
        select(Milestone)
        .join(Contract, Contract.id == Milestone.contract_id)
        .options(
            joinedload(Milestone.contract).joinedload(Contract.challenge).joinedload(Challenge.rules),
            joinedload(Milestone.contract).joinedload(Contract.solver),
        )
        .where(
            Milestone.state == MilestoneState.ACCEPTED,
            Contract.state.in_((ContractState.SIGNED, ContractState.COMPLETED, ContractState.CLOSED)),
            ~Milestone.id.in_(live),
        )
        .order_by(Milestone.accepted_at, Milestone.id)
    )


def payables_of(contracts: Sequence[Contract]) -> dict[int, Payable]:
    """payable_of for many contracts in two statements."""
    ids = {contract.id for contract in contracts}
    percents = dict(
        db.session.execute(
            select(Milestone.contract_id, func.sum(Milestone.percent))
            .where(Milestone.contract_id.in_(ids), Milestone.state == MilestoneState.ACCEPTED)
            .group_by(Milestone.contract_id)
        ).all()
    )
    sums = dict(
        db.session.execute(
            select(Payout.contract_id, func.sum(Payout.amount_fen))
            .where(Payout.contract_id.in_(ids), Payout.state != PayoutState.CANCELLED)
            .group_by(Payout.contract_id)
        ).all()
    )
    return {c.id: payable(rules_of(c), c, int(percents.get(c.id) or 0), int(sums.get(c.id) or 0)) for c in contracts}


def budget_lines(kind: PayoutKind | None = None) -> Sequence[BudgetLine]:
    query = (
        select(BudgetLine)
        .options(joinedload(BudgetLine.account), joinedload(BudgetLine.cycle).joinedload(Cycle.programme))
        .join(Cycle, Cycle.id == BudgetLine.cycle_id)
        .order_by(Cycle.year.desc(), BudgetLine.code)
    )
    if kind is not None:
        query = query.where(BudgetLine.kind == kind)
    return db.session.scalars(query).all()


def budget_line_of(line_id: int | None) -> BudgetLine:
    found = db.session.get(BudgetLine, line_id) if line_id else None
    if found is None:
        raise NotFound
    return found


def transfers_of(account: Account) -> Select[Transfer]:
    """Every transfer that touches the account, newest first."""
    touches = or_(Transfer.debit_account_id == account.id, Transfer.credit_account_id == account.id)
    return select(Transfer).where(touches).order_by(Transfer.id.desc())


def bounties_of(contract: Contract) -> Sequence[BountyPayment]:
    query = (
        select(BountyPayment)
        .options(joinedload(BountyPayment.milestone))
        .where(BountyPayment.contract_id == contract.id)
        .order_by(BountyPayment.id)
    )
    return db.session.scalars(query).all()


def bounty_for(actor: Actor, payment_id: int) -> BountyPayment:
    """Raises NotFound also when the asker may not know that it exists."""
    found = db.session.get(BountyPayment, payment_id)
    if found is None or not may_see_bounty(actor, found):
        raise NotFound
    return found


def paid_bounty_fen(contract: Contract, milestone: Milestone | None = None) -> int:
    """Σ of the poster's recorded payments: of the contract, or of one milestone."""
    query = select(func.coalesce(func.sum(BountyPayment.amount_fen), 0)).where(BountyPayment.contract_id == contract.id)
    if milestone is not None:
        query = query.where(BountyPayment.milestone_id == milestone.id)
    return int(db.session.scalar(query) or 0)


# --- refunds --------------------------------------------------------------------------------------------------------

REFUND_ENDED = (RefundState.REFUSED, RefundState.CANCELLED)


def _with_payout() -> list[Any]:
    of_payout = joinedload(Refund.payout)
    return [
        of_payout.joinedload(Payout.contract).joinedload(Contract.challenge),
        of_payout.joinedload(Payout.contract).joinedload(Contract.solver),
        of_payout.joinedload(Payout.budget_line),
        of_payout.joinedload(Payout.milestone),
        joinedload(Refund.maker),
    ]


def refunds_page(actor: Actor, state: RefundState | None = None) -> Select[Refund]:
    """Visible refunds; those under way first, waiting longest."""
    query = select(Refund).join(Payout, Payout.id == Refund.payout_id).options(*_with_payout()).where(visible_to(actor))
    if state is not None:
        query = query.where(Refund.state == state)
    ended = Refund.state.in_((RefundState.REFUNDED, *REFUND_ENDED))
    return query.order_by(ended, Refund.state_changed_at, Refund.id)


def open_refunds(actor: Actor) -> int:
    """How many visible refunds are under way."""
    ended = (RefundState.REFUNDED, *REFUND_ENDED)
    query = select(func.count()).select_from(Refund).join(Payout, Payout.id == Refund.payout_id)
    return db.session.scalar(query.where(visible_to(actor), Refund.state.not_in(ended))) or 0


def refund_for(actor: Actor, refund_id: int) -> Refund:
    """Raises NotFound also when the asker may not know that it exists."""
    found = db.session.scalar(select(Refund).options(*_with_payout()).where(Refund.id == refund_id))
    if found is None or not may_see_payout(actor, found.payout):
        raise NotFound
    return found


def refunds_of(payout: Payout) -> Sequence[Refund]:
    return db.session.scalars(select(Refund).where(Refund.payout_id == payout.id).order_by(Refund.id)).all()


def refundable_fen(payout: Payout) -> int:
    """What of a paid payout is neither taken back nor being taken back."""
    if payout.state is not PayoutState.PAID:
        return 0
    query = select(func.coalesce(func.sum(Refund.amount_fen), 0)).where(
        Refund.payout_id == payout.id, Refund.state.not_in(REFUND_ENDED)
    )
    return payout.amount_fen - int(db.session.scalar(query) or 0)


def refunded_of(payouts: Sequence[Payout]) -> dict[int, int]:
    """{payout id: fen that came back} in one statement."""
    query = (
        select(Refund.payout_id, func.sum(Refund.amount_fen))
        .where(Refund.payout_id.in_([payout.id for payout in payouts]), Refund.state == RefundState.REFUNDED)
        .group_by(Refund.payout_id)
    )
    return {row[0]: int(row[1]) for row in db.session.execute(query)}


def received_up_to(payouts: Sequence[Payout]) -> dict[int, int]:
    """{payout id: net fen its contract had received by it and the payouts before it}, listed or not."""
    query = (
        select(
            Payout.id,
            Payout.contract_id,
            Payout.amount_fen,
            func.coalesce(func.sum(Refund.amount_fen), 0),
            Payout.state,
        )
        .outerjoin(Refund, and_(Refund.payout_id == Payout.id, Refund.state == RefundState.REFUNDED))
        .where(Payout.contract_id.in_({payout.contract_id for payout in payouts}))
        .group_by(Payout.id, Payout.contract_id, Payout.amount_fen, Payout.state)
        .order_by(Payout.id)
    )
    sums: dict[int, int] = defaultdict(int)
    found: dict[int, int] = {}
    for number, contract_id, amount, back, state in db.session.execute(query):
        sums[contract_id] += (amount if state is PayoutState.PAID else 0) - int(back)
        found[number] = sums[contract_id]
    return found


def net_received_fen(contract: Contract) -> int:
    """Paid to the contract less what came back, all kinds."""
    paid = select(func.coalesce(func.sum(Payout.amount_fen), 0)).where(
        Payout.contract_id == contract.id, Payout.state == PayoutState.PAID
    )
    back = (
        select(func.coalesce(func.sum(Refund.amount_fen), 0))
        .join(Payout, Payout.id == Refund.payout_id)
        .where(Payout.contract_id == contract.id, Refund.state == RefundState.REFUNDED)
    )
    return int(db.session.scalar(paid) or 0) - int(db.session.scalar(back) or 0)


def returned_to(accounts: Sequence[Account]) -> dict[int, int]:
    """{account id: fen of refunds credited to it}: what is not 下达 among a budget line's credits."""
    query = (
        select(Transfer.credit_account_id, func.sum(Transfer.amount_fen))
        .where(
            Transfer.kind == TransferKind.REFUND, Transfer.credit_account_id.in_([account.id for account in accounts])
        )
        .group_by(Transfer.credit_account_id)
    )
    return {row[0]: int(row[1]) for row in db.session.execute(query)}
