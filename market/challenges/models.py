"""Challenge 榜单, its locked versions, changes of deadline, and the counter that numbers codes."""

from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market import clock
from market.accounts.models import District, Organisation
from market.append_only import locked_once_set
from market.database import Base, Numbered, Versioned, state_column
from market.needs.content import ProblemContent
from market.needs.models import Need
from market.programmes.models import Cycle, ProgrammeRules


class ChallengeState(StrEnum):
    DRAFT = "draft"
    APPROVAL = "approval"
    POSTED = "posted"
    CLOSED = "closed"
    REVIEW = "review"
    NOTICE = "notice"
    AWARDED = "awarded"
    RUNNING = "running"
    COMPLETED = "completed"
    NO_AWARD = "no_award"
    REVOKED = "revoked"

    @cached_property
    def label(self) -> Any:
        return {
            "draft": _l("拟稿"),
            "approval": _l("待审批"),
            "posted": _l("揭榜中"),
            "closed": _l("已截止（待开启）"),
            "review": _l("评审中"),
            "notice": _l("拟中榜公示"),
            "awarded": _l("已中榜（待签约）"),
            "running": _l("实施中"),
            "completed": _l("已结榜"),
            "no_award": _l("流榜"),
            "revoked": _l("撤榜"),
        }[self.value]

    @property
    def is_public(self) -> bool:
        return self not in (ChallengeState.DRAFT, ChallengeState.APPROVAL)


PUBLIC_STATES = tuple(state for state in ChallengeState if state.is_public)


class NoAwardReason(StrEnum):
    NO_BID = "no_bid"
    NONE_QUALIFIED = "none_qualified"
    WINNER_REFUSED = "winner_refused"
    NOT_SIGNED = "not_signed"
    OBJECTION = "objection"

    @cached_property
    def label(self) -> Any:
        return {
            "no_bid": _l("无人揭榜"),
            "none_qualified": _l("均不合格"),
            "winner_refused": _l("中榜方放弃且无备选"),
            "not_signed": _l("逾期未签约"),
            "objection": _l("异议成立"),
        }[self.value]


class Challenge(Numbered, Versioned, Base):
    """榜单: a need that was posted with a code. Its text is the current version's."""

    __table_args__ = (
        Index("ix_challenge_posted", "posted_at", "id"),
        Index("ix_challenge_public", "state", "posted_at"),
        Index("ix_challenge_deadline", "state", "bid_deadline"),
        CheckConstraint("posted_at IS NULL OR (code IS NOT NULL AND bid_deadline IS NOT NULL)", name="posted_has_code"),
    )

    code: Mapped[str | None] = mapped_column(String(30), unique=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("need.id"), index=True)
    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id"), index=True)
    rules_id: Mapped[int] = mapped_column(ForeignKey("programme_rules.id"))
    """The rules in force when it was drafted: they stay with it."""
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    district_code: Mapped[str | None] = mapped_column(ForeignKey("district.code"), index=True)
    state: Mapped[ChallengeState] = state_column(ChallengeState, ChallengeState.DRAFT)
    state_changed_at: Mapped[datetime | None]
    prepared_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    confirmed_at: Mapped[datetime | None]
    """The firm's signatory agreed to the text and undertook the amount (出资承诺)."""
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    posting_days: Mapped[int] = mapped_column(default=30)
    posted_at: Mapped[datetime | None] = mapped_column(index=True)
    bid_deadline: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    extensions: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)
    """Number of the current ChallengeVersion."""
    title: Mapped[str] = mapped_column(String(200))
    """Copied from the current version so that lists need one table."""
    industry: Mapped[str] = mapped_column(String(20), index=True)
    tech_field: Mapped[str] = mapped_column(String(20))
    relist_of_id: Mapped[int | None] = mapped_column(ForeignKey("challenge.id"), index=True)
    no_award_reason: Mapped[NoAwardReason | None] = state_column(NoAwardReason, nullable=True)
    ended_at: Mapped[datetime | None]

    need: Mapped[Need] = relationship()
    cycle: Mapped[Cycle] = relationship()
    rules: Mapped[ProgrammeRules] = relationship()
    organisation: Mapped[Organisation] = relationship()
    district: Mapped[District | None] = relationship()

    @property
    def is_public(self) -> bool:
        """Posted once: stays public, also when it was revoked or found no award. A revoked draft never was."""
        return self.posted_at is not None

    @property
    def takes_bids(self) -> bool:
        """Open to the second: what counts is the clock, not when the worker moved the state."""
        return self.state is ChallengeState.POSTED and self.bid_deadline is not None and clock.now() < self.bid_deadline


class ChallengeVersion(Numbered, ProblemContent, Base):
    """榜单版本: the text as drafted (version 1, until posting) or as locked (from posting on)."""

    __table_args__ = (UniqueConstraint("challenge_id", "number"),)

    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenge.id"))
    number: Mapped[int]
    locked_at: Mapped[datetime | None]
    change_reason: Mapped[str] = mapped_column(String(500), default="")

    challenge: Mapped[Challenge] = relationship()


locked_once_set(ChallengeVersion, "locked_at")


class DeadlineChange(Numbered, Base):
    """延长揭榜: old and new deadline, with the reason that bidders were told."""

    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenge.id"), index=True)
    old_deadline: Mapped[datetime]
    new_deadline: Mapped[datetime]
    reason: Mapped[str] = mapped_column(Text)
    decided_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))


class CodeCounter(Base):
    """The last number given out under a prefix and year: one row each, locked while numbering."""

    audited = False  # The codes themselves are in the journal.

    prefix: Mapped[str] = mapped_column(String(20), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(default=0)
