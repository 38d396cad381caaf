"""Bid 揭榜申请, its sealed versions, the opening, and the content once opened."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.accounts.models import Organisation, User
from market.append_only import append_only
from market.challenges.models import Challenge, ChallengeState
from market.database import Base, Numbered, Versioned, state_column
from market.sealing.fields import EncryptedJSON
from market.solvers.models import Solver


class BidState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    WITHDRAWN = "withdrawn"
    OPENED = "opened"
    QUALIFIED = "qualified"
    UNQUALIFIED = "unqualified"
    RECOMMENDED = "recommended"
    RESERVE = "reserve"
    REJECTED = "rejected"
    AWARDED = "awarded"
    CONTRACTED = "contracted"
    RENOUNCED = "renounced"
    DISQUALIFIED = "disqualified"

    @property
    def label(self) -> Any:
        return {
            "draft": _l("草稿"),
            "submitted": _l("已提交（密封）"),
            "withdrawn": _l("已撤回"),
            "opened": _l("已开启"),
            "qualified": _l("形式审查通过"),
            "unqualified": _l("形式审查不通过"),
            "recommended": _l("推荐（拟中榜）"),
            "reserve": _l("备选"),
            "rejected": _l("未入选"),
            "awarded": _l("中榜"),
            "contracted": _l("已签约"),
            "renounced": _l("放弃"),
            "disqualified": _l("取消资格"),
        }[self.value]


class Bid(Numbered, Versioned, Base):
    """揭榜申请: one live bid per solver and challenge. Its content is sealed in versions until the opening."""

    __table_args__ = (
        Index(
            "uq_bid_live",
            "challenge_id",
            "solver_id",
            unique=True,
            sqlite_where=text("state <> 'withdrawn'"),
            postgresql_where=text("state <> 'withdrawn'"),
        ),
        Index("ix_bid_challenge", "challenge_id", "state"),
    )

    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenge.id"))
    challenge_version: Mapped[int]
    solver_id: Mapped[int] = mapped_column(ForeignKey("solver.id"), index=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    lead_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    state: Mapped[BidState] = state_column(BidState, BidState.DRAFT)
    state_changed_at: Mapped[datetime | None]
    draft: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJSON)
    """What the bidder is still writing; erased when it is sealed."""
    receipt_number: Mapped[str | None] = mapped_column(String(40), unique=True)
    submitted_at: Mapped[datetime | None] = mapped_column(index=True)
    versions: Mapped[int] = mapped_column(default=0)
    screening_note: Mapped[str] = mapped_column(Text, default="")
    outcome_note: Mapped[str] = mapped_column(Text, default="")
    """What the bidder is told with the result."""

    challenge: Mapped[Challenge] = relationship()
    solver: Mapped[Solver] = relationship()
    organisation: Mapped[Organisation | None] = relationship()
    lead: Mapped[User] = relationship()

    @property
    def told_state(self) -> BidState:
        """What those outside the bureau are told: a recommendation stays unsaid until its notice is published."""
        recommended = (BidState.RECOMMENDED, BidState.RESERVE, BidState.REJECTED)
        if self.state in recommended and self.challenge.state is ChallengeState.REVIEW:
            return BidState.QUALIFIED
        return self.state


class SealedVersion(Numbered, Base):
    """密封版本: ciphertext of one submission. Append-only; a replacement is a new row."""

    __table_args__ = (UniqueConstraint("bid_id", "number"),)

    bid_id: Mapped[int] = mapped_column(ForeignKey("bid.id"), index=True)
    number: Mapped[int]
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[str] = mapped_column(String(64))
    """Of the ciphertext: what the receipt states."""
    sealed_at: Mapped[datetime]
    submitted_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))


class Opening(Numbered, Base):
    """开启记录 of a challenge's bids: begun by the first officer's share, done when the quorum met."""

    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenge.id"), unique=True)
    opened_at: Mapped[datetime | None]
    minutes: Mapped[list[Any]] = mapped_column(default=list)
    """[{bid_id, receipt_number, version, sha256, readable}] of every submitted bid."""


class OpenedContent(Numbered, Base):
    """开启后的揭榜书: readable to those the policies name; encrypted at rest still. Append-only."""

    bid_id: Mapped[int] = mapped_column(ForeignKey("bid.id"), unique=True)
    sealed_version_id: Mapped[int] = mapped_column(ForeignKey("sealed_version.id"))
    body: Mapped[dict[str, Any]] = mapped_column(EncryptedJSON)
    """{answers, route, foundation, innovation, members, milestones, budget, price_fen, ip, risks, statements}."""


append_only(SealedVersion)
append_only(OpenedContent)
