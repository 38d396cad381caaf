"""Notice 公示, its award items, and objections 异议."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.bids.models import Bid
from market.challenges.models import Challenge
from market.database import Base, Numbered, Versioned, fen_column, state_column
from market.sealing.fields import EncryptedText


class NoticeState(StrEnum):
    DRAFT = "draft"
    APPROVAL = "approval"
    PUBLISHED = "published"
    EFFECTIVE = "effective"
    CANCELLED = "cancelled"

    @property
    def label(self) -> Any:
        return {
            "draft": _l("拟稿"),
            "approval": _l("待审批"),
            "published": _l("公示中"),
            "effective": _l("公示期满生效"),
            "cancelled": _l("已撤销"),
        }[self.value]


PUBLIC_NOTICE_STATES = (NoticeState.PUBLISHED, NoticeState.EFFECTIVE, NoticeState.CANCELLED)


class Notice(Numbered, Versioned, Base):
    """公示 of a proposed award: stands for the programme's working days before anything can be signed."""

    __table_args__ = (
        Index("ix_notice_state", "state", "published_at"),
        CheckConstraint("approved_by_id IS NULL OR approved_by_id <> prepared_by_id", name="approver_is_another"),
    )

    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenge.id"), index=True)
    state: Mapped[NoticeState] = state_column(NoticeState, NoticeState.DRAFT)
    state_changed_at: Mapped[datetime | None]
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text, default="")
    decision_number: Mapped[str] = mapped_column(String(100), default="")
    """局党组会议纪要号."""
    prepared_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    published_at: Mapped[datetime | None]
    ends_on: Mapped[date | None]
    """Last day of the 公示期, in working days of the rules."""
    end_is_provisional: Mapped[bool] = mapped_column(default=False)
    effective_at: Mapped[datetime | None]
    cancelled_reason: Mapped[str] = mapped_column(Text, default="")
    reminded_at: Mapped[datetime | None]
    """When the bureau was told that the period has ended."""

    challenge: Mapped[Challenge] = relationship()


class AwardItem(Numbered, Base):
    """拟中榜项: what is published of one recommended bid."""

    __table_args__ = (UniqueConstraint("notice_id", "bid_id"),)

    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id"))
    bid_id: Mapped[int] = mapped_column(ForeignKey("bid.id"), index=True)
    rank: Mapped[int]
    winner_name: Mapped[str] = mapped_column(String(200))
    organisation_name: Mapped[str] = mapped_column(String(200), default="")
    lead_name: Mapped[str] = mapped_column(String(80))
    amount_fen: Mapped[int | None] = fen_column(nullable=True)
    score_hundredths: Mapped[int | None]
    """Published only where the rules say so."""

    notice: Mapped[Notice] = relationship()
    bid: Mapped[Bid] = relationship()

    @property
    def title(self) -> str:
        """团队（单位）as printed; a unit that bids as itself is named once."""
        if self.organisation_name in ("", self.winner_name):
            return self.winner_name
        return _("%(name)s（%(note)s）", name=self.winner_name, note=self.organisation_name)


class ObjectionState(StrEnum):
    RECEIVED = "received"
    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not_accepted"
    UPHELD = "upheld"
    PARTLY_UPHELD = "partly_upheld"
    DISMISSED = "dismissed"

    @property
    def label(self) -> Any:
        return {
            "received": _l("已收到"),
            "accepted": _l("受理中"),
            "not_accepted": _l("不予受理"),
            "upheld": _l("异议成立"),
            "partly_upheld": _l("部分成立"),
            "dismissed": _l("异议不成立"),
        }[self.value]

    @property
    def is_open(self) -> bool:
        return self in (ObjectionState.RECEIVED, ObjectionState.ACCEPTED)


class Remedy(StrEnum):
    """What follows an upheld objection (docs/domain.md B.4.2)."""

    RE_REVIEW = "re_review"
    NEXT_IN_RANK = "next_in_rank"

    @property
    def label(self) -> Any:
        return {"re_review": _l("重新评审"), "next_in_rank": _l("取消资格，备选递补")}[self.value]

    @property
    def explanation(self) -> Any:
        """For the objector, the bidders and the public page."""
        return {
            "re_review": _l("原公示撤销，榜单退回重新评审。"),
            "next_in_rank": _l("原公示撤销，取消有关揭榜方的资格，由备选按评审名次递补，重新公示。"),
        }[self.value]


OPEN_OBJECTION_STATES = (ObjectionState.RECEIVED, ObjectionState.ACCEPTED)


class Objection(Numbered, Versioned, Base):
    """异议: real name, written, with grounds; stops the signing of its item until it is answered."""

    __table_args__ = (
        Index("ix_objection_notice", "notice_id", "state"),
        CheckConstraint("decided_by_id IS NULL OR decided_by_id <> handled_by_id", name="decider_is_another"),
    )

    number: Mapped[str] = mapped_column(String(30), unique=True)
    """查询编号: with it the objector follows the handling without an account."""
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id"))
    state: Mapped[ObjectionState] = state_column(ObjectionState, ObjectionState.RECEIVED)
    state_changed_at: Mapped[datetime | None]
    objector_name: Mapped[str] = mapped_column(EncryptedText)
    objector_organisation: Mapped[str] = mapped_column(EncryptedText, default="")
    objector_phone: Mapped[str] = mapped_column(EncryptedText)
    objector_email: Mapped[str | None] = mapped_column(EncryptedText)
    grounds: Mapped[str] = mapped_column(Text)
    due_on: Mapped[date | None]
    handled_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    finding: Mapped[str] = mapped_column(Text, default="")
    """调查情况, by whoever handles it."""
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    answer: Mapped[str] = mapped_column(Text, default="")
    answered_at: Mapped[datetime | None]
    remedy: Mapped[Remedy | None] = state_column(Remedy, nullable=True)
    """Set with an upheld objection that cancelled its notice."""

    notice: Mapped[Notice] = relationship()
