"""``flask ledger verify``: every transfer in its place, every total explained, every payout backed."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import String, select, type_coerce
from sqlalchemy.orm import Session

from market.audit.chain import GENESIS, link
from market.audit.verify import UNREADABLE, Finding, first_unreadable
from market.contracts.models import Contract, Milestone, MilestoneState
from market.payouts.entitlement import entitlement_fen
from market.payouts.ledger import BODY, SEALED, TREASURY, account_seal
from market.payouts.models import (
    Account,
    BudgetLine,
    Payout,
    PayoutState,
    Refund,
    RefundState,
    Transfer,
)
from market.payouts.payees import seal_of
from market.programmes.queries import rules_of

MOVES = {"direct": (0, 1, 1), "hold": (1, 0, 0), "post": (-1, 1, 1), "void": (-1, 0, 0), "refund": (0, 1, 1)}
"""kind → what one fen does to (debit pending, debit posted, credit posted)."""
HELD = (PayoutState.REQUESTED, PayoutState.CHECKED, PayoutState.APPROVED)


@dataclass
class _Book:
    """The ledger as its transfers tell it."""

    totals: dict[int, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0]))
    transfers: dict[int, Any] = field(default_factory=dict)
    resolved: dict[int, Any] = field(default_factory=dict)


def verify(session: Session) -> tuple[int, Finding | None]:
    """(transfers checked, first finding or None). Reads the rows as they are in the database now."""
    session.expire_all()
    book = _Book()
    try:
        finding = next(_findings(session, book), None)
    except UNREADABLE:
        finding = first_unreadable(session)
    return len(book.transfers), finding


def _findings(session: Session, book: _Book) -> Iterator[Finding]:
    yield from _chain(session, book)
    yield from _accounts(session, book)
    yield from _payouts(session, book)
    yield from _refunds(session, book)
    yield from _contracts(session)
    yield from _explained(session, book)


def _chain(session: Session, book: _Book) -> Iterator[Finding]:
    columns = [type_coerce(Transfer.kind, String).label("kind") if n == "kind" else getattr(Transfer, n) for n in BODY]
    number, last = 0, GENESIS

    for row in session.execute(select(*columns, Transfer.prev_hash, Transfer.hash).order_by(Transfer.id)).all():
        where = f"transfer 第 {row.id} 行"
        if row.id != number + 1:
            yield Finding(where, f"编号不连续：前一条为第 {number} 条")
        if row.prev_hash != last:
            yield Finding(where, "与前一条的哈希不衔接")
        if link(last, {name: getattr(row, name) for name in BODY}, "ledger") != row.hash:
            yield Finding(where, "内容与其哈希不符")
        yield from _resolution(row, book, where)
        number, last = row.id, row.hash
        _move(row, book)


def _resolution(row: Any, book: _Book, where: str) -> Iterator[Finding]:
    if row.hold_id is None:
        return
    held = book.transfers.get(row.hold_id)
    if held is None or held.kind != "hold":
        yield Finding(where, "支付或释放的不是一笔占用")
        return
    if row.hold_id in book.resolved:
        yield Finding(where, f"占用第 {row.hold_id} 条被处理了两次")
    if any(getattr(held, n) != getattr(row, n) for n in ("debit_account_id", "credit_account_id", "amount_fen")):
        yield Finding(where, f"与占用第 {row.hold_id} 条的账户或金额不一致")


def _move(row: Any, book: _Book) -> None:
    pending, debit, credit = MOVES[row.kind]
    book.totals[row.debit_account_id][0] += pending * row.amount_fen
    book.totals[row.debit_account_id][1] += debit * row.amount_fen
    book.totals[row.credit_account_id][2] += credit * row.amount_fen
    book.transfers[row.id] = row
    if row.hold_id is not None:
        book.resolved[row.hold_id] = row


def _accounts(session: Session, book: _Book) -> Iterator[Finding]:
    names = ("id", "debits_pending_fen", "debits_posted_fen", "credits_posted_fen")
    columns = [type_coerce(Account.kind, String).label("kind") if n == "kind" else getattr(Account, n) for n in SEALED]

    totals = [getattr(Account, n) for n in names]
    seen = set()
    for row in session.execute(select(*columns, Account.seal, *totals).order_by(Account.id)).all():
        seen.add(row.id)
        where = f"account 第 {row.id} 行（{row.name}）"
        if account_seal({n: getattr(row, n) for n in SEALED}) != row.seal:
            yield Finding(where, "账户信息与其封印不符：绕过系统改动")
        found = [row.debits_pending_fen, row.debits_posted_fen, row.credits_posted_fen]
        if found != book.totals[row.id]:
            yield Finding(where, f"账户合计 {found} 与划转之和 {book.totals[row.id]} 不符（占用、付出、收入，分）")
        if row.no_overdraft and found[0] + found[1] > found[2]:
            yield Finding(where, "账户透支")
    for account_id in sorted(set(book.totals) - seen):
        yield Finding(f"account 第 {account_id} 行", "有划转而没有账户")


def _payouts(session: Session, book: _Book) -> Iterator[Finding]:
    for payout in session.scalars(select(Payout).order_by(Payout.id)):
        yield from _payout(payout, book)


def _payout(payout: Payout, book: _Book) -> Iterator[Finding]:
    where = f"payout 第 {payout.id} 行"
    if seal_of(payout) != payout.digest:
        yield Finding(where, "内容与其封印不符：收款人、账号、金额或状态被绕过系统改动")
    held = book.transfers.get(payout.hold_id)
    accounts = (payout.budget_line.account_id, payout.payee_account_id, payout.amount_fen)
    if (
        held is None
        or held.kind != "hold"
        or (held.debit_account_id, held.credit_account_id, held.amount_fen) != accounts
    ):
        yield Finding(where, f"没有与之相符的占用（第 {payout.hold_id} 条）")
        return
    resolution = book.resolved.get(held.id)
    kind = resolution.kind if resolution else None
    expected = None if payout.state in HELD else "post" if payout.state is PayoutState.PAID else "void"
    if kind != expected:
        yield Finding(where, f"状态为“{payout.state.label}”，而占用第 {held.id} 条的处理为 {kind or '无'}")
    if payout.post_id != (resolution.id if kind == "post" and resolution else None):
        yield Finding(where, "支付记录与账簿不符")
    persons = [p for p in (payout.maker_id, payout.checker_id, payout.approver_id) if p is not None]
    wanted = {PayoutState.CHECKED: 2, PayoutState.APPROVED: 3, PayoutState.PAID: 3}.get(payout.state, 1)
    if len(set(persons)) != len(persons) or len(persons) < wanted:
        yield Finding(where, "经办、复核、审批不是三个不同的人")


def _refunds(session: Session, book: _Book) -> Iterator[Finding]:
    """Each as its last step left it, its transfer beside it; together never more than the payout."""
    totals: dict[int, int] = defaultdict(int)

    for refund in session.scalars(select(Refund).order_by(Refund.id)):
        where = f"refund 第 {refund.id} 行"
        if seal_of(refund) != refund.digest:
            yield Finding(where, "内容与其封印不符：金额、事由或状态被绕过系统改动")
        if refund.state not in (RefundState.REFUSED, RefundState.CANCELLED):
            totals[refund.payout_id] += refund.amount_fen
            if refund.payout.state is not PayoutState.PAID or totals[refund.payout_id] > refund.payout.amount_fen:
                yield Finding(where, "追回的兑付没有到账，或追回合计超过其金额")
        transfer = book.transfers.get(refund.transfer_id) if refund.transfer_id else None
        wanted = ("refund", refund.payout.payee_account_id, refund.amount_fen)
        found = (transfer.kind, transfer.debit_account_id, transfer.amount_fen) if transfer else None
        if (refund.state is RefundState.REFUNDED or found) and found != wanted:
            yield Finding(where, "没有与之相符的退回划转")


def _contracts(session: Session) -> Iterator[Finding]:
    live: dict[int, int] = defaultdict(int)
    for payout in session.scalars(select(Payout).where(Payout.state != PayoutState.CANCELLED).order_by(Payout.id)):
        live[payout.contract_id] += payout.amount_fen
        if payout.milestone.state is not MilestoneState.ACCEPTED or payout.milestone.contract_id != payout.contract_id:
            yield Finding(f"payout 第 {payout.id} 行", "对应的里程碑没有通过验收")
    for contract_id, total in live.items():
        contract = session.get_one(Contract, contract_id)
        rules = rules_of(contract)
        most = entitlement_fen(rules, contract)
        accepted = select(Milestone.percent).where(
            Milestone.contract_id == contract_id, Milestone.state == MilestoneState.ACCEPTED
        )
        earned = most * sum(session.scalars(accepted)) // 100
        if total > earned:
            yield Finding(f"contract 第 {contract_id} 行", f"已申请和已付 {total} 分，超过应得的 {earned} 分")


def _explained(session: Session, book: _Book) -> Iterator[Finding]:
    """Every fen comes from the treasury by a budget line, and goes out by a payout or not at all."""
    lines = {line.account_id: line for line in session.scalars(select(BudgetLine))}
    treasury = session.scalar(select(Account.id).where(Account.owner == TREASURY))
    holds = {payout.hold_id for payout in session.scalars(select(Payout))}
    refunds = {refund.transfer_id: refund for refund in session.scalars(select(Refund))}
    for row in book.transfers.values():
        where = f"transfer 第 {row.id} 行"
        if row.kind == "direct" and (row.debit_account_id != treasury or row.credit_account_id not in lines):
            yield Finding(where, "直接划转只能由财政来源拨入预算指标")
        if row.kind == "hold" and row.debit_account_id not in lines:
            yield Finding(where, "占用的不是预算指标")
        if row.kind == "refund":
            refund = refunds.get(row.id)
            if refund is None or row.credit_account_id not in (treasury, refund.payout.budget_line.account_id):
                yield Finding(where, "这笔退回不属于任何追回，或没有退回财政来源或原预算指标")
        released = row.id in book.resolved and book.resolved[row.id].kind == "void"
        if row.kind == "hold" and row.id not in holds and not released:
            yield Finding(where, "这笔占用不属于任何兑付")
