"""Contract 合同 and its milestones 里程碑."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
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


class Contract(Numbered, Versioned, Base):
    """合同 between poster and solver over an awarded bid. Amounts and indicators are frozen at signing."""

    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint("rd_total_fen >= amount_fen", name="rd_covers_amount"),
        CheckConstraint(
            "state IN ('draft','agreed') OR (signed_on IS NOT NULL AND number IS NOT NULL)", name="signed_has_date"
        ),
    )

    number: Mapped[str | None] = mapped_column(String(40), unique=True)
    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenge.id"), index=True)
    challenge_version: Mapped[int]
    bid_id: Mapped[int] = mapped_column(ForeignKey("bid.id"), unique=True)
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
