"""Contract 合同, its milestones 里程碑, what was really spent 研发支出 and what came of it 自报成效."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.accounts.models import Organisation
from market.bids.models import Bid
from market.challenges.models import Challenge
from market.database import Base, Numbered, Versioned, fen_column, state_column
from market.needs.content import Ownership
from market.solvers.models import Solver


class ContractKind(StrEnum):
    COMMISSIONED = "commissioned"
    COOPERATIVE = "cooperative"
    TRANSFER = "transfer"
    LICENCE = "licence"
    CONSULTING = "consulting"
    SERVICE = "service"

    @property
    def label(self) -> Any:
        return {
            "commissioned": _l("技术开发（委托）"),
            "cooperative": _l("技术开发（合作）"),
            "transfer": _l("技术转让"),
            "licence": _l("技术许可"),
            "consulting": _l("技术咨询"),
            "service": _l("技术服务"),
        }[self.value]


class ContractState(StrEnum):
    DRAFT = "draft"
    AGREED = "agreed"
    SIGNED = "signed"
    COMPLETED = "completed"
    CLOSED = "closed"
    TERMINATED = "terminated"

    @property
    def label(self) -> Any:
        return {
            "draft": _l("拟定"),
            "agreed": _l("双方已确认（待登记签署）"),
            "signed": _l("实施中"),
            "completed": _l("验收通过"),
            "closed": _l("结题"),
            "terminated": _l("终止"),
        }[self.value]


NOT_GIVEN_UP = "state <> 'terminated' OR signed_on IS NOT NULL"


class Contract(Numbered, Versioned, Base):
    """合同 between poster and solver over an awarded bid. Amounts and indicators are frozen at signing."""

    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint("rd_total_fen >= amount_fen", name="rd_covers_amount"),
        # A draft that was given up ends without either.
        CheckConstraint(
            "state IN ('draft','agreed') OR (state = 'terminated' AND signed_on IS NULL)"
            " OR (signed_on IS NOT NULL AND number IS NOT NULL)",
            name="signed_has_date",
        ),
        # One contract a bid, not counting drafts given up before they were signed: those stay as history.
        Index(
            "uq_contract_live",
            "bid_id",
            unique=True,
            sqlite_where=text(NOT_GIVEN_UP),
            postgresql_where=text(NOT_GIVEN_UP),
        ),
    )

    number: Mapped[str | None] = mapped_column(String(40), unique=True)
    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenge.id"), index=True)
    challenge_version: Mapped[int]
    bid_id: Mapped[int] = mapped_column(ForeignKey("bid.id"), index=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    """The poster."""
    solver_id: Mapped[int] = mapped_column(ForeignKey("solver.id"), index=True)
    district_code: Mapped[str | None] = mapped_column(ForeignKey("district.code"))
    kind: Mapped[ContractKind] = state_column(ContractKind, ContractKind.COMMISSIONED)
    state: Mapped[ContractState] = state_column(ContractState, ContractState.DRAFT)
    state_changed_at: Mapped[datetime | None]
    amount_fen: Mapped[int] = fen_column()
    rd_total_fen: Mapped[int] = fen_column()
    """带动研发投入: the project's whole planned R&D input."""
    ownership: Mapped[Ownership] = state_column(Ownership, Ownership.BY_CONTRACT)
    indicators: Mapped[list[Any]] = mapped_column(default=list)
    """Frozen from the challenge's version: [{name, operator, value, value_high, unit, method, promised}]."""
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    drafted_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    poster_confirmed_at: Mapped[datetime | None]
    poster_confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    solver_confirmed_at: Mapped[datetime | None]
    solver_confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    signed_on: Mapped[date | None] = mapped_column(index=True)
    registration_office: Mapped[str] = mapped_column(String(100), default="")
    registration_number: Mapped[str | None] = mapped_column(String(60), unique=True)
    registered_on: Mapped[date | None]
    turnover_fen: Mapped[int | None] = fen_column(nullable=True)
    """技术合同成交额."""
    technology_fen: Mapped[int | None] = fen_column(nullable=True)
    """技术交易额: never mixed with the turnover."""
    ended_reason: Mapped[str] = mapped_column(Text, default="")
    ended_on: Mapped[date | None]

    challenge: Mapped[Challenge] = relationship()
    bid: Mapped[Bid] = relationship()
    organisation: Mapped[Organisation] = relationship()
    solver: Mapped[Solver] = relationship()


class MilestoneState(StrEnum):
    PLANNED = "planned"
    REPORTED = "reported"
    SENT_BACK = "sent_back"
    ACCEPTED = "accepted"

    @property
    def label(self) -> Any:
        return {
            "planned": _l("进行中"),
            "reported": _l("待验收"),
            "sent_back": _l("退回整改"),
            "accepted": _l("已通过"),
        }[self.value]


class Milestone(Numbered, Versioned, Base):
    """里程碑: due date, content, its share of the payment; reported by the solver, accepted by the poster."""

    __table_args__ = (
        UniqueConstraint("contract_id", "seq"),
        CheckConstraint("percent BETWEEN 0 AND 100", name="percent"),
        Index("ix_milestone_state", "state", "due_on"),
    )

    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"))
    seq: Mapped[int]
    content: Mapped[str] = mapped_column(Text)
    due_on: Mapped[date]
    percent: Mapped[int]
    state: Mapped[MilestoneState] = state_column(MilestoneState, MilestoneState.PLANNED)
    state_changed_at: Mapped[datetime | None]
    report: Mapped[str] = mapped_column(Text, default="")
    measured: Mapped[list[Any]] = mapped_column(default=list)
    """[{name, measured, met}] against the contract's indicators."""
    reported_at: Mapped[datetime | None]
    reported_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    verdict_note: Mapped[str] = mapped_column(Text, default="")
    """用户意见: the poster's written opinion."""
    accepted_at: Mapped[datetime | None]
    accepted_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    sent_back: Mapped[int] = mapped_column(default=0)

    contract: Mapped[Contract] = relationship()


class SpendState(StrEnum):
    REPORTED = "reported"
    CONFIRMED = "confirmed"
    SENT_BACK = "sent_back"

    @property
    def label(self) -> Any:
        return {"reported": _l("待确认"), "confirmed": _l("已确认"), "sent_back": _l("退回")}[self.value]


class SpendReport(Numbered, Versioned, Base):
    """研发支出: what the project had spent by a day, from its beginning, with evidence; the poster confirms it.

    A wrong one is sent back or overtaken by a later one: rows are never corrected.
    """

    __table_args__ = (
        CheckConstraint("total_fen > 0", name="total_positive"),
        CheckConstraint("fiscal_fen >= 0 AND fiscal_fen <= total_fen", name="fiscal_within_total"),
        CheckConstraint(
            "state = 'reported' OR (decided_by_id IS NOT NULL AND decided_by_id <> reported_by_id)",
            name="decided_by_another",
        ),
        Index("ix_spend_report_contract", "contract_id", "until"),
        # A second report waits until the first is decided.
        Index(
            "uq_spend_report_waiting",
            "contract_id",
            unique=True,
            sqlite_where=text("state = 'reported'"),
            postgresql_where=text("state = 'reported'"),
        ),
    )

    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"))
    until: Mapped[date]
    """截止日: everything up to and including this day."""
    total_fen: Mapped[int] = fen_column()
    """All R&D spending of the project since it began, whoever paid."""
    fiscal_fen: Mapped[int] = fen_column()
    """The part of it paid from public money: what is not spent may have to go back."""
    note: Mapped[str] = mapped_column(Text)
    state: Mapped[SpendState] = state_column(SpendState, SpendState.REPORTED)
    state_changed_at: Mapped[datetime | None]
    reported_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    verdict_note: Mapped[str] = mapped_column(Text, default="")

    contract: Mapped[Contract] = relationship()


class ResultKind(StrEnum):
    SALES = "sales"
    SAVED = "saved"
    TAX = "tax"
    PATENT = "patent"

    @property
    def label(self) -> Any:
        return {
            "sales": _l("新增销售收入"),
            "saved": _l("节约成本"),
            "tax": _l("新增税收"),
            "patent": _l("取得专利"),
        }[self.value]

    @property
    def is_money(self) -> bool:
        return self is not ResultKind.PATENT


class DeclaredResult(Numbered, Versioned, Base):
    """自报成效: what the poster firm says came of the project in a stretch of days. Nobody has checked it."""

    __table_args__ = (
        CheckConstraint("first_day <= last_day", name="days_in_order"),
        CheckConstraint("(kind = 'patent') = (amount_fen IS NULL)", name="money_has_amount"),
        CheckConstraint("(kind = 'patent') = (quantity IS NOT NULL)", name="patents_have_number"),
        CheckConstraint("coalesce(amount_fen, 0) + coalesce(quantity, 0) > 0", name="not_nothing"),
        CheckConstraint("withdrawn_at IS NULL OR withdrawn_reason <> ''", name="withdrawn_says_why"),
        Index("ix_declared_result_contract", "contract_id", "last_day"),
    )

    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"))
    kind: Mapped[ResultKind] = state_column(ResultKind)
    first_day: Mapped[date]
    last_day: Mapped[date] = mapped_column(index=True)
    amount_fen: Mapped[int | None] = fen_column(nullable=True)
    quantity: Mapped[int | None]
    explanation: Mapped[str] = mapped_column(Text)
    has_evidence: Mapped[bool] = mapped_column(default=False)
    declared_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_reason: Mapped[str] = mapped_column(Text, default="")

    contract: Mapped[Contract] = relationship()
