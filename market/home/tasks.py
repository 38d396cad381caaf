"""What waits for me: one small query for each kind of work, asked when the person holds its permission.

Each gives a count and its first rows in one statement, so that the page's cost does not grow with the work.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app, url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, false, func, select, true
from sqlalchemy.orm import joinedload

from market import clock
from market.bids.models import Bid, BidState
from market.challenges.models import Challenge, ChallengeState
from market.contracts.models import Contract, ContractState, Milestone, MilestoneState
from market.database import db
from market.needs.models import Need, NeedState
from market.payouts.models import Payout, PayoutState, Refund, RefundState
from market.permissions import Actor, Permission
from market.solvers.models import Solver

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that waits: where to do it, since when or until when."""

    title: str
    url: str
    note: str = ""
    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """One kind of work with its number and first rows."""

    label: str
    icon: str
    url: str
    count: int
    rows: Sequence[Row]


Finder = Callable[[Actor], Waiting]
TASKS: list[tuple[tuple[Permission, ...], Finder]] = []


def task(*permissions: Permission) -> Callable[[Finder], Finder]:
    """Declare a kind of work and who may have it."""

    def declare(finder: Finder) -> Finder:
        TASKS.append((permissions, finder))
        return finder

    return declare


def waiting_for(actor: Actor) -> list[Waiting]:
    """Everything that waits for the actor, in the order of the chain; kinds with nothing waiting are left out."""
    asked = (finder(actor) for permissions, finder in TASKS if any(actor.has(p) for p in permissions))
    return [waiting for waiting in asked if waiting.count]


def address(endpoint: str, **values: Any) -> str:
    """The page of an endpoint; the workspace while that page does not exist."""
    known = endpoint in current_app.view_functions
    return url_for(endpoint, **values) if known else url_for("home.workspace")


def found(label: Any, icon: str, url: str, query: Select[Any], describe: Callable[[Any], Row]) -> Waiting:
    """Count and first rows of an ordered query, in one statement."""
    rows = db.session.execute(query.add_columns(func.count().over()).limit(SHOWN)).all()
    return Waiting(str(label), icon, url, rows[0][-1] if rows else 0, [describe(row[0]) for row in rows])


def within(column: Any, codes: Iterable[str] | None) -> ColumnElement[bool]:
    """Rows of those districts; None is the whole city."""
    if codes is None:
        return true()
    return column.in_(sorted(codes)) if codes else false()


def among(column: Any, ids: Iterable[int]) -> ColumnElement[bool]:
    return column.in_(sorted(ids))


def solvers_led_by(actor: Actor) -> Any:
    return select(Solver.id).where(Solver.lead_id == actor.user_id)


def need_row(need: Need) -> Row:
    return Row(
        need.title or str(_l("（未填标题）")), address("needs.show", need_id=need.id), need.organisation.name, None
    )


def needs_in(*states: NeedState) -> Select[Need]:
    return select(Need).options(joinedload(Need.organisation)).where(Need.state.in_(states)).order_by(Need.id)


def public_page(challenge: Challenge) -> str:
    return f"/challenges/{challenge.code}"


def challenges_in(*states: ChallengeState) -> Select[Challenge]:
    query = select(Challenge).options(joinedload(Challenge.organisation)).where(Challenge.state.in_(states))
    return query.order_by(Challenge.bid_deadline, Challenge.id)


def challenge_row(challenge: Challenge) -> Row:
    url = address("challenges.manage_one", challenge_id=challenge.id)
    return Row(challenge.title, url, challenge.code or challenge.organisation.name, challenge.bid_deadline)


def bids_in(*states: BidState) -> Select[Bid]:
    loaded = (joinedload(Bid.challenge), joinedload(Bid.solver))
    return select(Bid).options(*loaded).where(Bid.state.in_(states)).order_by(Bid.id)


def bid_row(bid: Bid) -> Row:
    due = bid.challenge.bid_deadline if bid.state is BidState.DRAFT else None
    note = bid.challenge.code if bid.state is BidState.DRAFT else bid.solver.name
    return Row(bid.challenge.title, address("bids.show", bid_id=bid.id), note or "", due)


def contracts_in(*states: ContractState) -> Select[Contract]:
    loaded = (joinedload(Contract.challenge), joinedload(Contract.solver))
    return select(Contract).options(*loaded).where(Contract.state.in_(states)).order_by(Contract.id)


def contract_row(contract: Contract) -> Row:
    return Row(contract.challenge.title, address("contracts.overview", contract_id=contract.id), contract.solver.name)


def milestones_in(*states: MilestoneState) -> Select[Milestone]:
    return (
        select(Milestone)
        .join(Contract, Contract.id == Milestone.contract_id)
        .options(joinedload(Milestone.contract).joinedload(Contract.challenge))
        .where(Milestone.state.in_(states))
        .order_by(Milestone.due_on, Milestone.id)
    )


def milestone_row(milestone: Milestone) -> Row:
    title = f"{milestone.contract.challenge.title} · {milestone.seq}"
    url = address("contracts.milestones", contract_id=milestone.contract_id)
    open_ = milestone.state is not MilestoneState.ACCEPTED
    return Row(title, url, str(milestone.state.label), clock.end_of(milestone.due_on) if open_ else None)


def payouts_in(*states: PayoutState) -> Select[Payout]:
    query = select(Payout).options(joinedload(Payout.contract).joinedload(Contract.challenge))
    return query.where(Payout.state.in_(states)).order_by(Payout.id)


def payout_row(payout: Payout) -> Row:
    title = f"{payout.payee_name} · {payout.contract.challenge.title}"
    return Row(title, address("payouts.show", payout_id=payout.id), str(payout.state.label))


def refunds_in(*states: RefundState) -> Select[Refund]:
    query = select(Refund).options(joinedload(Refund.payout).joinedload(Payout.contract).joinedload(Contract.challenge))
    return query.where(Refund.state.in_(states)).order_by(Refund.id)


def refund_row(refund: Refund) -> Row:
    title = f"{refund.payout.payee_name} · {refund.payout.contract.challenge.title}"
    due = clock.end_of(refund.due_on) if refund.due_on and refund.state is RefundState.RECOVERING else None
    return Row(title, address("payouts.show_refund", refund_id=refund.id), str(refund.state.label), due)
