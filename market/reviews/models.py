"""Expert 评审专家, Round 评审轮次, Assignment with its recusal declaration, Sheet 评分表, Ranking."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.accounts.models import Organisation, User
from market.append_only import append_only
from market.bids.models import Bid
from market.challenges.models import Challenge
from market.database import Base, Numbered, Versioned, state_column
from market.sealing.fields import EncryptedJSON, EncryptedText


class Expert(Numbered, Versioned, Base):
    """评审专家 in the pool."""

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), unique=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    title: Mapped[str] = mapped_column(String(80), default="")
    fields: Mapped[list[str]] = mapped_column(default=list)
    """Term codes of technical fields."""
    past_organisations: Mapped[list[str]] = mapped_column(default=list)
    """Names of the units of the last years that the rules count."""
    is_financial: Mapped[bool] = mapped_column(default=False)
    is_retired: Mapped[bool] = mapped_column(default=False)

    user: Mapped[User] = relationship()
    organisation: Mapped[Organisation | None] = relationship()


class RoundState(StrEnum):
    DRAFT = "draft"
    DECLARING = "declaring"
    SCORING = "scoring"
    RANKED = "ranked"
    CONCLUDED = "concluded"
    VOIDED = "voided"

    @property
    def label(self) -> Any:
        return {
            "draft": _l("组建评审组"),
            "declaring": _l("回避申报"),
            "scoring": _l("评分中"),
            "ranked": _l("已汇总"),
            "concluded": _l("已形成推荐意见"),
            "voided": _l("已作废"),
        }[self.value]


class Round(Numbered, Versioned, Base):
    """评审轮次 of a challenge; criteria are frozen from the rules when it begins."""

    __tablename__ = "review_round"
    __table_args__ = (
        UniqueConstraint("challenge_id", "number"),
        # Who draws the panel does not also call it together (docs/domain.md B.2).
        CheckConstraint("convened_by_id IS NULL OR convened_by_id <> drawn_by_id", name="drawer_does_not_convene"),
    )

    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenge.id"))
    number: Mapped[int] = mapped_column(default=1)
    state: Mapped[RoundState] = state_column(RoundState, RoundState.DRAFT)
    state_changed_at: Mapped[datetime | None]
    criteria: Mapped[list[Any]]
    seed: Mapped[str] = mapped_column(String(64), default="")
    """Seed of the random draw: anyone can repeat it."""
    opinion: Mapped[str] = mapped_column(Text, default="")
    explanation: Mapped[str] = mapped_column(Text, default="")
    """Why scores that lie far apart were accepted."""
    void_reason: Mapped[str] = mapped_column(Text, default="")
    managed_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    drawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    convened_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    concluded_at: Mapped[datetime | None]

    challenge: Mapped[Challenge] = relationship()


class Draw(Numbered, Base):
    """随机抽取记录: the pool as it stood, who was drawn, who waits in reserve, who was excluded, why. Append-only."""

    __tablename__ = "expert_draw"

    round_id: Mapped[int] = mapped_column(ForeignKey("review_round.id"), index=True)
    seed: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    outcome: Mapped[list[Any]]
    """[{expert_id, place, result: drawn | reserve | excluded, reason}] in the order of the draw."""
    drawn_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))


class AssignmentState(StrEnum):
    INVITED = "invited"
    DECLARED = "declared"
    RECUSED = "recused"
    SUBMITTED = "submitted"

    @property
    def label(self) -> Any:
        return {
            "invited": _l("待申报"),
            "declared": _l("已承诺无利害关系"),
            "recused": _l("已回避"),
            "submitted": _l("已交评分"),
        }[self.value]


class Assignment(Numbered, Versioned, Base):
    """评审任务: an expert in a round."""

    __tablename__ = "review_assignment"
    __table_args__ = (UniqueConstraint("round_id", "expert_id"),)

    round_id: Mapped[int] = mapped_column(ForeignKey("review_round.id"), index=True)
    expert_id: Mapped[int] = mapped_column(ForeignKey("expert.id"), index=True)
    state: Mapped[AssignmentState] = state_column(AssignmentState, AssignmentState.INVITED)
    state_changed_at: Mapped[datetime | None]
    declaration: Mapped[str] = mapped_column(Text, default="")
    recusal_reason: Mapped[str] = mapped_column(Text, default="")
    by_hand: Mapped[bool] = mapped_column(default=False)
    """Named by an officer instead of drawn."""
    declared_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]

    round: Mapped[Round] = relationship()
    expert: Mapped[Expert] = relationship()


class ScoreDraft(Numbered, Versioned, Base):
    """评分草稿: what an expert has entered so far; only the expert reads it, so neither dump nor journal shows it."""

    __table_args__ = (UniqueConstraint("assignment_id", "bid_id"),)
    audited = False

    assignment_id: Mapped[int] = mapped_column(ForeignKey("review_assignment.id"))
    bid_id: Mapped[int] = mapped_column(ForeignKey("bid.id"))
    scores: Mapped[dict[str, Any]] = mapped_column(EncryptedJSON, default=dict)
    """{criterion key: 0–100}, as far as entered."""
    reasons: Mapped[dict[str, Any]] = mapped_column(EncryptedJSON, default=dict)
    comment: Mapped[str] = mapped_column(EncryptedText, default="")


class Sheet(Numbered, Base):
    """评分表: an expert's final scores for one bid. Written once, append-only."""

    __tablename__ = "score_sheet"
    __table_args__ = (
        UniqueConstraint("assignment_id", "bid_id"),
        CheckConstraint("total_hundredths BETWEEN 0 AND 10000", name="total"),
    )

    assignment_id: Mapped[int] = mapped_column(ForeignKey("review_assignment.id"))
    bid_id: Mapped[int] = mapped_column(ForeignKey("bid.id"), index=True)
    scores: Mapped[dict[str, Any]]
    """{criterion key: 0–100}."""
    reasons: Mapped[dict[str, Any]]
    """{criterion key: why}."""
    comment: Mapped[str] = mapped_column(Text)
    """Overall opinion; the bidder reads it without the expert's name."""
    total_hundredths: Mapped[int]
    """Weighted total in hundredths of a point, 0–10000."""

    assignment: Mapped[Assignment] = relationship()
    bid: Mapped[Bid] = relationship()


class Ranking(Numbered, Base):
    """评审汇总: a bid's place in a round. Append-only; a re-review is a new round."""

    __tablename__ = "review_ranking"
    __table_args__ = (UniqueConstraint("round_id", "bid_id"),)

    round_id: Mapped[int] = mapped_column(ForeignKey("review_round.id"))
    bid_id: Mapped[int] = mapped_column(ForeignKey("bid.id"))
    rank: Mapped[int]
    mean_hundredths: Mapped[int]
    spread_hundredths: Mapped[int]
    sheets: Mapped[int]
    is_trimmed: Mapped[bool] = mapped_column(default=False)
    needs_explanation: Mapped[bool] = mapped_column(default=False)
    """Spread or an outlier beyond the rules' limits."""

    bid: Mapped[Bid] = relationship()


append_only(Draw)
append_only(Sheet)
append_only(Ranking)
