"""Account 账户 and Transfer 划转 (the ledger), BudgetLine 预算指标, Payout 兑付, Refund 追回, BountyPayment 榜金."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.accounts.models import User
from market.append_only import append_only
from market.contracts.models import Contract, Milestone
from market.database import Base, Numbered, Versioned, fen_column, state_column
from market.payouts.triggers import guard_bounties, guard_ledger, guard_payouts, guard_refunds
from market.programmes.models import Cycle
from market.sealing.fields import EncryptedText


class AccountKind(StrEnum):
    TREASURY = "treasury"
    BUDGET = "budget"
    PAYEE = "payee"

    @property
    def label(self) -> Any:
        return {"treasury": _l("财政来源"), "budget": _l("预算指标"), "payee": _l("收款方")}[self.value]


class Account(Numbered, Base):
    """账户. Its totals move only by the trigger on Transfer, and cannot be overdrawn."""

    __table_args__ = (
        CheckConstraint(
            "NOT no_overdraft OR debits_posted_fen + debits_pending_fen <= credits_posted_fen", name="no_overdraft"
        ),
        CheckConstraint("debits_pending_fen >= 0", name="pending_not_negative"),
    )
    # The trigger, not the mapper, moves the totals; ``ledger verify`` recomputes them from the audited transfers.
    audited = False

    kind: Mapped[AccountKind] = state_column(AccountKind)
    name: Mapped[str] = mapped_column(String(200))
    owner: Mapped[str] = mapped_column(String(80), unique=True)
    """Whose it is: ``treasury``, ``line:<cycle>/<code>``, ``user:<id>`` or ``organisation:<id>``."""
    seal: Mapped[str] = mapped_column(String(64))
    """HMAC of what the account is; the totals follow from the transfers."""
    no_overdraft: Mapped[bool] = mapped_column(default=True)
    debits_pending_fen: Mapped[int] = fen_column(default=0)
    debits_posted_fen: Mapped[int] = fen_column(default=0)
    credits_posted_fen: Mapped[int] = fen_column(default=0)

    @property
    def available_fen(self) -> int:
        return self.credits_posted_fen - self.debits_posted_fen - self.debits_pending_fen


class TransferKind(StrEnum):
    DIRECT = "direct"
    HOLD = "hold"
    POST = "post"
    VOID = "void"
    REFUND = "refund"

    @property
    def label(self) -> Any:
        return {
            "direct": _l("直接划转"),
            "hold": _l("占用"),
            "post": _l("支付"),
            "void": _l("释放"),
            "refund": _l("退回"),
        }[self.value]


class Transfer(Numbered, Base):
    """划转: one debit, one credit, one amount. Append-only; ``post``/``void`` resolves exactly its hold, once.

    ``refund`` takes back from a payee what an approved Refund says, in the opposite direction of the payment.
    """

    __table_args__ = (
        CheckConstraint("amount_fen > 0 AND amount_fen <= 100000000000000", name="amount"),
        CheckConstraint("debit_account_id <> credit_account_id", name="two_accounts"),
        CheckConstraint("(kind IN ('post','void')) = (hold_id IS NOT NULL)", name="resolves_a_hold"),
    )

    # Numbered by the ledger without a gap, so that the number is part of what is hashed.
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[TransferKind] = state_column(TransferKind)
    debit_account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    credit_account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    amount_fen: Mapped[int] = fen_column()
    hold_id: Mapped[int | None] = mapped_column(ForeignKey("transfer.id"), unique=True)
    memo: Mapped[str] = mapped_column(String(300), default="")
    entered_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    prev_hash: Mapped[str] = mapped_column(String(64), unique=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True)


class PayoutKind(StrEnum):
    REWARD = "reward"
    SUBSIDY = "subsidy"

    @property
    def label(self) -> Any:
        return {"reward": _l("人才奖励"), "subsidy": _l("财政补助")}[self.value]


class BudgetLine(Numbered, Versioned, Base):
    """预算指标: money of one year for one purpose, on one document."""

    __table_args__ = (UniqueConstraint("cycle_id", "code"),)

    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id"), index=True)
    code: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[PayoutKind] = state_column(PayoutKind)
    basis: Mapped[str] = mapped_column(String(200))
    """依据文号."""
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), unique=True)

    cycle: Mapped[Cycle] = relationship()
    account: Mapped[Account] = relationship()


class PayoutState(StrEnum):
    REQUESTED = "requested"
    CHECKED = "checked"
    APPROVED = "approved"
    PAID = "paid"
    SENT_BACK = "sent_back"
    CANCELLED = "cancelled"

    @property
    def label(self) -> Any:
        return {
            "requested": _l("待复核"),
            "checked": _l("待审批"),
            "approved": _l("待支付"),
            "paid": _l("已到账"),
            "sent_back": _l("退回经办"),
            "cancelled": _l("已取消"),
        }[self.value]


class Payout(Numbered, Versioned, Base):
    """兑付 for one accepted milestone. Maker, checker and approver are three persons: the database says so."""

    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint("checker_id IS NULL OR checker_id <> maker_id", name="checker_is_another"),
        CheckConstraint(
            "approver_id IS NULL OR (checker_id IS NOT NULL AND approver_id <> maker_id AND approver_id <> checker_id)",
            name="approver_is_a_third",
        ),
        CheckConstraint(
            "state NOT IN ('checked','approved','paid') OR checker_id IS NOT NULL", name="checked_by_someone"
        ),
        CheckConstraint("state NOT IN ('approved','paid') OR approver_id IS NOT NULL", name="approved_by_someone"),
        CheckConstraint(
            "state <> 'paid' OR (post_id IS NOT NULL AND bank_reference IS NOT NULL AND paid_on IS NOT NULL)",
            name="paid_has_reference",
        ),
        Index(
            "uq_payout_live",
            "milestone_id",
            "kind",
            unique=True,
            sqlite_where=text("state <> 'cancelled'"),
            postgresql_where=text("state <> 'cancelled'"),
        ),
        Index("ix_payout_state", "state"),
    )

    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"), index=True)
    milestone_id: Mapped[int] = mapped_column(ForeignKey("milestone.id"))
    kind: Mapped[PayoutKind] = state_column(PayoutKind)
    budget_line_id: Mapped[int] = mapped_column(ForeignKey("budget_line.id"), index=True)
    payee_account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    payee_name: Mapped[str] = mapped_column(String(200))
    bank_name: Mapped[str] = mapped_column(String(200))
    bank_account: Mapped[str] = mapped_column(EncryptedText)
    amount_fen: Mapped[int] = fen_column()
    basis: Mapped[str] = mapped_column(String(300))
    """依据文号 and the entitlement's computation."""
    state: Mapped[PayoutState] = state_column(PayoutState, PayoutState.REQUESTED)
    state_changed_at: Mapped[datetime | None]
    request_key: Mapped[str] = mapped_column(String(80), unique=True)
    """Idempotency key: the same form sent twice makes one payout."""
    maker_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    checker_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    checked_at: Mapped[datetime | None]
    approver_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    approved_at: Mapped[datetime | None]
    digest: Mapped[str] = mapped_column(String(64), default="")
    """HMAC of the whole row as the last step left it; every next step compares before it acts."""
    note: Mapped[str] = mapped_column(Text, default="")
    hold_id: Mapped[int] = mapped_column(ForeignKey("transfer.id"), unique=True)
    post_id: Mapped[int | None] = mapped_column(ForeignKey("transfer.id"), unique=True)
    bank_reference: Mapped[str | None] = mapped_column(String(80), unique=True)
    paid_on: Mapped[date | None] = mapped_column(index=True)

    contract: Mapped[Contract] = relationship()
    milestone: Mapped[Milestone] = relationship()
    budget_line: Mapped[BudgetLine] = relationship()
    hold: Mapped[Transfer] = relationship(foreign_keys=hold_id)
    post: Mapped[Transfer | None] = relationship(foreign_keys=post_id)
    maker: Mapped[User] = relationship(foreign_keys=maker_id)
    checker: Mapped[User | None] = relationship(foreign_keys=checker_id)
    approver: Mapped[User | None] = relationship(foreign_keys=approver_id)


class RefundReason(StrEnum):
    SURPLUS = "surplus"
    UNMET = "unmet"
    FAULT = "fault"
    MISTAKE = "mistake"

    @property
    def label(self) -> Any:
        return {
            "surplus": _l("结余资金"),
            "unmet": _l("未通过验收、结题或终止"),
            "fault": _l("违约或失信"),
            "mistake": _l("误付、重付"),
        }[self.value]


class RefundState(StrEnum):
    REQUESTED = "requested"
    CHECKED = "checked"
    RECOVERING = "recovering"
    REFUNDED = "refunded"
    REFUSED = "refused"
    CANCELLED = "cancelled"

    @property
    def label(self) -> Any:
        return {
            "requested": _l("待复核"),
            "checked": _l("待审批"),
            "recovering": _l("追回中"),
            "refunded": _l("已退回"),
            "refused": _l("不予追回"),
            "cancelled": _l("已取消"),
        }[self.value]


class Refund(Numbered, Versioned, Base):
    """资金追回: takes back from a payee what one paid payout gave too much. The payout itself is never edited."""

    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint("checker_id IS NULL OR checker_id <> maker_id", name="checker_is_another"),
        CheckConstraint(
            "approver_id IS NULL OR (checker_id IS NOT NULL AND approver_id <> maker_id AND approver_id <> checker_id)",
            name="approver_is_a_third",
        ),
        CheckConstraint(
            "state NOT IN ('checked','recovering','refunded') OR checker_id IS NOT NULL", name="checked_by_someone"
        ),
        CheckConstraint(
            "state NOT IN ('recovering','refunded') OR (approver_id IS NOT NULL AND due_on IS NOT NULL)",
            name="approved_by_someone",
        ),
        CheckConstraint(
            "state <> 'refunded' OR"
            " (transfer_id IS NOT NULL AND bank_reference IS NOT NULL AND refunded_on IS NOT NULL)",
            name="refunded_has_reference",
        ),
        Index("ix_refund_state", "state"),
    )

    payout_id: Mapped[int] = mapped_column(ForeignKey("payout.id"), index=True)
    amount_fen: Mapped[int] = fen_column()
    reason: Mapped[RefundReason] = state_column(RefundReason)
    explanation: Mapped[str] = mapped_column(Text)
    basis: Mapped[str] = mapped_column(String(300))
    """依据文号."""
    state: Mapped[RefundState] = state_column(RefundState, RefundState.REQUESTED)
    state_changed_at: Mapped[datetime | None]
    request_key: Mapped[str] = mapped_column(String(80), unique=True)
    """Idempotency key: the same form sent twice makes one refund."""
    maker_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    checker_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    checked_at: Mapped[datetime | None]
    approver_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    approved_at: Mapped[datetime | None]
    due_on: Mapped[date | None]
    """The day by which the payee is asked to pay back."""
    digest: Mapped[str] = mapped_column(String(64), default="")
    """HMAC of the whole row as the last step left it; every next step compares before it acts."""
    note: Mapped[str] = mapped_column(Text, default="")
    transfer_id: Mapped[int | None] = mapped_column(ForeignKey("transfer.id"), unique=True)
    bank_reference: Mapped[str | None] = mapped_column(String(80), unique=True)
    refunded_on: Mapped[date | None] = mapped_column(index=True)

    payout: Mapped[Payout] = relationship()
    transfer: Mapped[Transfer | None] = relationship()
    maker: Mapped[User] = relationship(foreign_keys=maker_id)
    checker: Mapped[User | None] = relationship(foreign_keys=checker_id)
    approver: Mapped[User | None] = relationship(foreign_keys=approver_id)


class BountyPayment(Numbered, Versioned, Base):
    """榜金支付: the poster's own payment for an accepted milestone, with its voucher; the solver confirms receipt."""

    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint(
            "confirmed_by_id IS NULL OR (confirmed_at IS NOT NULL AND confirmed_by_id <> entered_by_id)",
            name="receipt_by_another",
        ),
    )

    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"), index=True)
    milestone_id: Mapped[int] = mapped_column(ForeignKey("milestone.id"), index=True)
    amount_fen: Mapped[int] = fen_column()
    paid_on: Mapped[date]
    voucher_number: Mapped[str] = mapped_column(String(80))
    entered_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    confirmed_at: Mapped[datetime | None]
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    contract: Mapped[Contract] = relationship()
    milestone: Mapped[Milestone] = relationship()


append_only(Transfer)
guard_ledger(Transfer)
guard_payouts(Payout)
guard_refunds(Refund)
guard_bounties(BountyPayment)
