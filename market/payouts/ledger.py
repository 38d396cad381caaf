"""Posting to the ledger: direct, hold, post, void, refund. One row is one debit and one credit of one amount.

The totals move in the database's triggers, overdrafts are refused by its CHECK; here each row gets its number and its
place in the hash chain, one after another under one lock. Callers lock their own rows (contract, payout) first.
"""

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from market import clock
from market.audit.chain import GENESIS, link
from market.audit.journal import record
from market.database import db, violated_constraint
from market.errors import Conflict, DomainError, InvalidInput
from market.money import LARGEST_FEN
from market.payouts.models import Account, AccountKind, Transfer, TransferKind
from market.permissions import Actor

TREASURY = "treasury"
TREASURY_NAME = "财政来源"
CHAIN_LOCK = 7_102_026
BODY = (
    "id",
    "kind",
    "debit_account_id",
    "credit_account_id",
    "amount_fen",
    "hold_id",
    "memo",
    "entered_by_id",
    "created_at",
)
SEALED = ("kind", "owner", "name", "no_overdraft", "created_at")


def account_seal(values: dict[str, Any]) -> str:
    """HMAC over what an account is (not its totals)."""
    return link(GENESIS, {name: values[name] for name in SEALED}, "account")


def open_account(kind: AccountKind, owner: str, name: str) -> Account:
    """The account of ``owner``, opened empty when there is none. Only the treasury may go below zero."""
    session = db.session()
    _lock_chain(session)
    found = session.scalar(select(Account).where(Account.owner == owner))
    if found is not None:
        return found
    values = {
        "kind": kind,
        "owner": owner,
        "name": name[:200],
        "no_overdraft": kind is not AccountKind.TREASURY,
        "created_at": clock.now(),
    }
    account = Account(**values, seal=account_seal(values))
    session.add(account)
    session.flush()  # Transfers name accounts by number.
    return account


def treasury() -> Account:
    return open_account(AccountKind.TREASURY, TREASURY, TREASURY_NAME)


def direct(actor: Actor, debit: Account, credit: Account, amount_fen: int, memo: str) -> Transfer:
    """Move ``amount_fen`` from ``debit`` to ``credit`` at once. Raises InvalidInput when ``debit`` has not enough."""
    return _enter(actor, TransferKind.DIRECT, debit.id, credit.id, amount_fen, memo)


def refund(actor: Actor, payee: Account, target: Account, amount_fen: int, memo: str) -> Transfer:
    """Take back from a payee what an approved Refund says. Raises Conflict when none stands for this amount."""
    return _enter(actor, TransferKind.REFUND, payee.id, target.id, amount_fen, memo)


def hold(actor: Actor, debit: Account, credit: Account, amount_fen: int, memo: str) -> Transfer:
    """Reserve ``amount_fen`` of ``debit`` for ``credit``. Raises InvalidInput when not enough is available."""
    return _enter(actor, TransferKind.HOLD, debit.id, credit.id, amount_fen, memo)


def post(actor: Actor, held: Transfer, memo: str) -> Transfer:
    """Pay what ``held`` reserved. Raises Conflict when it was posted or voided already."""
    return _resolve(actor, TransferKind.POST, held, memo)


def void(actor: Actor, held: Transfer, memo: str) -> Transfer:
    """Release what ``held`` reserved. Raises Conflict when it was posted or voided already."""
    return _resolve(actor, TransferKind.VOID, held, memo)


def _resolve(actor: Actor, kind: TransferKind, held: Transfer, memo: str) -> Transfer:
    return _enter(actor, kind, held.debit_account_id, held.credit_account_id, held.amount_fen, memo, held.id)


def _lock_chain(session: Session) -> None:
    """One writer of the chain at a time. SQLite's write transaction is that lock already."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CHAIN_LOCK})


def _enter(
    actor: Actor,
    kind: TransferKind,
    debit_id: int,
    credit_id: int,
    amount_fen: int,
    memo: str,
    hold_id: int | None = None,
) -> Transfer:
    if not 0 < amount_fen <= LARGEST_FEN:
        raise InvalidInput({"amount_fen": _("金额应大于 0 且不超过上限")})
    session = db.session()
    _flush(session)
    _lock_chain(session)
    last = session.execute(select(Transfer.id, Transfer.hash).order_by(Transfer.id.desc()).limit(1)).one_or_none()
    body = {
        "id": (last.id if last else 0) + 1,
        "kind": kind,
        "debit_account_id": debit_id,
        "credit_account_id": credit_id,
        "amount_fen": amount_fen,
        "hold_id": hold_id,
        "memo": memo[:300],
        "entered_by_id": actor.user_id,
        "created_at": clock.now(),
    }
    prev_hash = last.hash if last else GENESIS
    transfer = Transfer(**body, prev_hash=prev_hash, hash=link(prev_hash, body, "ledger"))
    session.add(transfer)
    _flush(session)  # The triggers judge now, and the next row links to this one.
    record(actor, f"transfer:{kind.value}", transfer, transfer.memo)
    _reread_totals(session, debit_id, credit_id)
    return transfer


def _reread_totals(session: Session, *account_ids: int) -> None:
    for account_id in account_ids:
        account = session.identity_map.get(session.identity_key(Account, account_id))
        if account is not None:
            session.expire(account, ["debits_pending_fen", "debits_posted_fen", "credits_posted_fen"])


def _flush(session: Session) -> None:
    try:
        session.flush()
    except IntegrityError as problem:
        raise explained(problem) from problem


_CONSTRAINTS: list[tuple[tuple[str, ...], type[DomainError], str, str]] = [
    (("ck_account_no_overdraft",), InvalidInput, "amount_fen", "预算指标余额不足，请核对金额或换一条预算指标"),
    (
        ("ck_transfer_matches_hold", "ck_account_pending_not_negative"),
        Conflict,
        "",
        "与所占用的额度不一致，不能支付或释放",
    ),
    (("uq_transfer_hold_id", "transfer.hold_id"), Conflict, "", "这笔占用已经支付或释放过，不能重复处理"),
    (
        ("uq_transfer_prev_hash", "transfer.prev_hash", "pk_transfer", "transfer.id"),
        Conflict,
        "",
        "账簿正被别人写入，请重试",
    ),
    (("ck_payout_milestone_accepted",), InvalidInput, "", "里程碑尚未通过验收，不能申请兑付"),
    (("ck_payout_within_entitlement",), InvalidInput, "amount_fen", "超出目前可兑付的金额"),
    (("ck_payout_is_fixed", "ck_payout_stays"), Conflict, "", "兑付申请已进入流程，收款人、账号和金额不能再改"),
    (("uq_payout_live", "payout.milestone_id"), InvalidInput, "kind", "这个里程碑已有同类兑付申请，不能重复申请"),
    (("uq_payout_request_key", "payout.request_key"), Conflict, "", "这份申请已经提交过"),
    (
        ("uq_payout_bank_reference", "payout.bank_reference"),
        InvalidInput,
        "bank_reference",
        "这个银行回单号已用于另一笔兑付",
    ),
    (
        ("ck_payout_checker_is_another", "ck_payout_approver_is_a_third"),
        Conflict,
        "",
        "经办、复核、审批必须是三个不同的人",
    ),
    (("uq_budget_line_cycle_id_code", "budget_line.cycle_id"), InvalidInput, "code", "本批次已有这个指标编号"),
    (("ck_transfer_right_accounts",), Conflict, "", "划转的付款方或收款方不对，账簿没有记入"),
    (("ck_transfer_refund_approved",), Conflict, "", "没有与之相符、已经批准的追回，账簿没有记入"),
    (("ck_refund_of_paid_payout",), Conflict, "", "只有已到账的兑付可以追回"),
    (("ck_refund_within_payout",), InvalidInput, "amount_fen", "追回合计超过这笔兑付的金额"),
    (("ck_refund_is_fixed", "ck_refund_stays"), Conflict, "", "追回已进入流程，金额和事由不能再改"),
    (("ck_refund_is_backed",), Conflict, "", "退回没有与之相符的划转"),
    (
        ("ck_refund_checker_is_another", "ck_refund_approver_is_a_third"),
        Conflict,
        "",
        "经办、复核、审批必须是三个不同的人",
    ),
    (("uq_refund_request_key", "refund.request_key"), Conflict, "", "这份申请已经提交过"),
    (
        ("uq_refund_bank_reference", "refund.bank_reference"),
        InvalidInput,
        "bank_reference",
        "这个银行回单号已用于另一笔退回",
    ),
    (("ck_bounty_payment_milestone_accepted",), InvalidInput, "", "里程碑通过验收后才能登记榜金支付"),
    (("ck_bounty_payment_within_share",), InvalidInput, "amount_fen", "超出本期尚应支付的榜金"),
    (("ck_bounty_payment_is_fixed", "ck_bounty_payment_stays"), Conflict, "", "已登记的榜金支付不能再改"),
    (("uq_account_owner", "account.owner"), Conflict, "", "账户刚刚由别人开立，请重试"),
]


def explained(problem: IntegrityError) -> DomainError:
    """The refusal of a named constraint, in words for people. An unknown one is raised again."""
    violated = violated_constraint(problem)
    for names, kind, field, message in _CONSTRAINTS:
        if any(name in violated for name in names):
            return InvalidInput({field: _(message)}) if kind is InvalidInput else kind(_(message))
    raise problem
