"""MatchRun 匹配, Candidate 候选 with its reasons and verdict, Invitation to bid and its answer."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.challenges.models import Challenge
from market.database import Base, Numbered, Versioned, state_column
from market.solvers.models import Solver


class MatchRun(Numbered, Base):
    """The latest ranking of all solvers for a challenge and its version. Derived from profiles: not audited."""

    audited = False

    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenge.id"), unique=True)
    challenge_version: Mapped[int]
    considered: Mapped[int] = mapped_column(default=0)
    uncovered_terms: Mapped[list[str]] = mapped_column(default=list)
    """Terms of the need that nobody on the list covers."""
    matcher: Mapped[str] = mapped_column(String(60), default="")
    """Stamp of the matcher that ranked: another one has read other profiles, so the ranking is of the past."""
    finished_at: Mapped[datetime | None]


class CandidateVerdict(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    REFUSED = "refused"

    @property
    def label(self) -> Any:
        return {"pending": _l("待判断"), "approved": _l("同意邀请"), "refused": _l("不邀请")}[self.value]


class RefusalReason(StrEnum):
    OFF_TOPIC = "off_topic"
    NO_CAPACITY = "no_capacity"
    CONFLICT = "conflict"
    REGION = "region"
    OUTDATED = "outdated"
    OTHER = "other"

    @property
    def label(self) -> Any:
        return {
            "off_topic": _l("方向不符"),
            "no_capacity": _l("在研任务已满"),
            "conflict": _l("与发榜方有利害关系"),
            "region": _l("合作条件不合"),
            "outdated": _l("资料陈旧"),
            "other": _l("其他"),
        }[self.value]


class Candidate(Numbered, Base):
    """候选: a solver ranked for a challenge by the latest run. Derived from public texts, so not audited."""

    __table_args__ = (
        UniqueConstraint("challenge_id", "solver_id"),
        Index("ix_candidate_rank", "challenge_id", "rank"),
    )
    audited = False

    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenge.id"))
    solver_id: Mapped[int] = mapped_column(ForeignKey("solver.id"), index=True)
    rank: Mapped[int]
    score: Mapped[float]
    """In [0, 1]."""
    coverage: Mapped[float]
    reasons: Mapped[list[Any]] = mapped_column(default=list)
    """[{term, weight, document, field, snippet, via}]: public texts only."""

    challenge: Mapped[Challenge] = relationship()
    solver: Mapped[Solver] = relationship()


class Judgement(Numbered, Versioned, Base):
    """判断: staff's verdict on a candidate, with its reason. A person's, so it stays when the ranking changes."""

    __table_args__ = (UniqueConstraint("challenge_id", "solver_id"),)

    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenge.id"))
    solver_id: Mapped[int] = mapped_column(ForeignKey("solver.id"), index=True)
    verdict: Mapped[CandidateVerdict] = state_column(CandidateVerdict, CandidateVerdict.PENDING)
    refusal_reason: Mapped[RefusalReason | None] = state_column(RefusalReason, nullable=True)
    note: Mapped[str] = mapped_column(String(500), default="")
    score: Mapped[float]
    """The candidate's score when it was judged: verdicts measure the matcher."""
    rank: Mapped[int | None]
    """The place it had then: the hit rate by rank is read from it."""
    judged_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    judged_at: Mapped[datetime]


class InvitationState(StrEnum):
    SENT = "sent"
    INTERESTED = "interested"
    NOT_NOW = "not_now"
    DECLINED = "declined"
    LAPSED = "lapsed"

    @property
    def label(self) -> Any:
        return {
            "sent": _l("已邀请"),
            "interested": _l("有意揭榜"),
            "not_now": _l("暂不考虑"),
            "declined": _l("谢绝"),
            "lapsed": _l("逾期未答复"),
        }[self.value]


class DeclineReason(StrEnum):
    """Why an invited team declines: its own word, told to staff only."""

    NO_CAPACITY = "no_capacity"
    OFF_TOPIC = "off_topic"
    TERMS = "terms"
    TIME = "time"
    CONFLICT = "conflict"
    OTHER = "other"

    @property
    def label(self) -> Any:
        return {
            "no_capacity": _l("近期任务已满"),
            "off_topic": _l("不是本团队的方向"),
            "terms": _l("榜额或权属条件不合适"),
            "time": _l("来不及准备"),
            "conflict": _l("与发榜方有利害关系"),
            "other": _l("其他"),
        }[self.value]


class ChallengeInvitation(Numbered, Versioned, Base):
    """揭榜邀请 to an approved candidate, and its answer."""

    __table_args__ = (UniqueConstraint("challenge_id", "solver_id"),)

    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenge.id"))
    solver_id: Mapped[int] = mapped_column(ForeignKey("solver.id"), index=True)
    invited_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    state: Mapped[InvitationState] = state_column(InvitationState, InvitationState.SENT)
    state_changed_at: Mapped[datetime | None]
    answer_note: Mapped[str] = mapped_column(Text, default="")
    answered_at: Mapped[datetime | None]
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    decline_reason: Mapped[DeclineReason | None] = state_column(DeclineReason, nullable=True)
    reminded_at: Mapped[datetime | None]
    reminders: Mapped[int] = mapped_column(default=0)
    """Sent so far, by the clock or by hand."""
    alternate_of_id: Mapped[int | None] = mapped_column(ForeignKey("challenge_invitation.id"), unique=True)
    """递补: the invitation whose place this one took; one place is taken once."""

    challenge: Mapped[Challenge] = relationship()
    solver: Mapped[Solver] = relationship()
