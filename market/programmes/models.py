"""Programme 计划, ProgrammeRules 规则版本, Cycle 批次, taxonomy and kept calendar days."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.append_only import append_only
from market.database import Base, Numbered, Versioned, state_column


class Programme(Numbered, Versioned, Base):
    """计划: a kind of call with its rules, e.g. 揭榜挂帅."""

    code: Mapped[str] = mapped_column(String(20), unique=True)
    """Prefix of challenge codes: ``ZBJB`` gives ``ZBJB-2026-001``."""
    name: Mapped[str] = mapped_column(String(100))
    name_en: Mapped[str] = mapped_column(String(160), default="")
    description: Mapped[str] = mapped_column(String(2000), default="")


class ProgrammeRules(Numbered, Base):
    """规则版本: every limit, ratio, clock and weight. Never edited: a change is a new version."""

    __table_args__ = (UniqueConstraint("programme_id", "version"),)

    programme_id: Mapped[int] = mapped_column(ForeignKey("programme.id"))
    version: Mapped[int]
    content: Mapped[dict[str, Any]]
    """See programmes.rules.Rules."""
    basis: Mapped[str] = mapped_column(String(300))
    """依据: the document that sets them."""
    entered_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    programme: Mapped[Programme] = relationship()


class CycleState(StrEnum):
    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"

    @property
    def label(self) -> Any:
        return {"draft": _l("筹备中"), "open": _l("征集中"), "closed": _l("征集结束")}[self.value]


class Cycle(Numbered, Versioned, Base):
    """批次: one call, with its window for needs and the rules it runs under."""

    __table_args__ = (CheckConstraint("closes_at > opens_at", name="window"),)

    programme_id: Mapped[int] = mapped_column(ForeignKey("programme.id"))
    rules_id: Mapped[int] = mapped_column(ForeignKey("programme_rules.id"))
    year: Mapped[int] = mapped_column(index=True)
    name: Mapped[str] = mapped_column(String(100))
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    state: Mapped[CycleState] = state_column(CycleState, CycleState.DRAFT)

    programme: Mapped[Programme] = relationship()
    rules: Mapped[ProgrammeRules] = relationship()


class TermKind(StrEnum):
    INDUSTRY = "industry"
    TECH_FIELD = "tech_field"


class Term(Numbered, Base):
    """分类词: industries and technical fields, extended by staff."""

    __table_args__ = (UniqueConstraint("kind", "code"),)

    kind: Mapped[TermKind] = state_column(TermKind)
    code: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(60))
    name_en: Mapped[str] = mapped_column(String(100), default="")
    retired: Mapped[bool] = mapped_column(default=False)


class CalendarDay(Base):
    """工作日历: a day that staff entered from the State Council's notice; overrides the built-in calendar."""

    day: Mapped[date] = mapped_column(primary_key=True)
    is_working: Mapped[bool]
    note: Mapped[str] = mapped_column(String(100), default="")


append_only(ProgrammeRules)
