"""Event 对接活动, Attendance, Contact 对接记录."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market import clock
from market.accounts.models import Organisation, User
from market.challenges.models import Challenge
from market.database import Base, Numbered, Versioned, state_column
from market.solvers.models import Solver


class EventKind(StrEnum):
    BIDDING = "bidding"
    MATCHMAKING = "matchmaking"
    ROADSHOW = "roadshow"

    @property
    def label(self) -> Any:
        return {"bidding": _l("揭榜活动"), "matchmaking": _l("供需对接会"), "roadshow": _l("路演")}[self.value]


class EventState(StrEnum):
    PLANNED = "planned"
    HELD = "held"
    CANCELLED = "cancelled"

    @property
    def label(self) -> Any:
        return {"planned": _l("报名中"), "held": _l("已举办"), "cancelled": _l("已取消")}[self.value]


class Event(Numbered, Versioned, Base):
    """对接活动."""

    __table_args__ = (CheckConstraint("ends_at > starts_at", name="window"),)

    cycle_id: Mapped[int | None] = mapped_column(ForeignKey("cycle.id"), index=True)
    kind: Mapped[EventKind] = state_column(EventKind)
    state: Mapped[EventState] = state_column(EventState, EventState.PLANNED)
    state_changed_at: Mapped[datetime | None]
    title: Mapped[str] = mapped_column(String(120))
    place: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text, default="")
    starts_at: Mapped[datetime] = mapped_column(index=True)
    ends_at: Mapped[datetime]
    organiser: Mapped[str] = mapped_column(String(200), default="")
    managed_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    cancelled_reason: Mapped[str] = mapped_column(String(500), default="")

    @property
    def takes_registrations(self) -> bool:
        """Until it is over by the clock, or was held or cancelled."""
        return self.state is EventState.PLANNED and clock.now() < self.ends_at


class Attendance(Numbered, Versioned, Base):
    """参会: a firm or a solver registers; staff tick who came."""

    __table_args__ = (
        UniqueConstraint("event_id", "organisation_id"),
        UniqueConstraint("event_id", "solver_id"),
        CheckConstraint("(organisation_id IS NULL) <> (solver_id IS NULL)", name="firm_or_solver"),
    )

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    solver_id: Mapped[int | None] = mapped_column(ForeignKey("solver.id"))
    registered_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    people: Mapped[int] = mapped_column(default=1)
    attended: Mapped[bool | None]

    event: Mapped[Event] = relationship()
    organisation: Mapped[Organisation | None] = relationship()
    solver: Mapped[Solver | None] = relationship()


class ContactResult(StrEnum):
    NO_INTEREST = "no_interest"
    CONTINUE = "continue"
    INTENT = "intent"
    CONTRACT = "contract"

    @property
    def label(self) -> Any:
        return {
            "no_interest": _l("无意向"),
            "continue": _l("继续对接"),
            "intent": _l("意向协议"),
            "contract": _l("签订合同"),
        }[self.value]


# 方式 of a contact; the column keeps the words, so that a bureau's own stay readable.
CONTACT_WAYS = ("活动签到", "现场走访", "视频会议", "电话", "邮件往来", "其他")


class Contact(Numbered, Base):
    """对接记录: a firm and a solver met (meeting, event, call). Counted by team, not by contact (J07)."""

    __table_args__ = (Index("ix_contact_on", "on", "solver_id"),)

    on: Mapped[date]
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"), index=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    solver_id: Mapped[int] = mapped_column(ForeignKey("solver.id"))
    challenge_id: Mapped[int | None] = mapped_column(ForeignKey("challenge.id"), index=True)
    district_code: Mapped[str | None] = mapped_column(ForeignKey("district.code"))
    way: Mapped[str] = mapped_column(String(60))
    result: Mapped[ContactResult] = state_column(ContactResult)
    next_step: Mapped[str] = mapped_column(String(500), default="")
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))

    event: Mapped[Event | None] = relationship()
    organisation: Mapped[Organisation] = relationship()
    solver: Mapped[Solver] = relationship()
    challenge: Mapped[Challenge | None] = relationship()
    recorded_by: Mapped[User] = relationship()
