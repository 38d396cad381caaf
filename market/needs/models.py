"""Need 需求 and its follow-ups."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.accounts.models import Organisation, User
from market.database import Base, Numbered, Versioned, state_column
from market.needs.content import ProblemContent
from market.programmes.models import Cycle


class NeedState(StrEnum):
    DRAFT = "draft"
    DISTRICT_CHECK = "district_check"
    FORMAL_CHECK = "formal_check"
    VALIDATION = "validation"
    ACCEPTED = "accepted"
    POSTED = "posted"
    RETURNED = "returned"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    SOLVED = "solved"
    MERGED = "merged"

    @property
    def label(self) -> Any:
        return {
            "draft": _l("草稿"),
            "district_check": _l("待区县审核"),
            "formal_check": _l("待形式审查"),
            "validation": _l("论证中"),
            "accepted": _l("已入库（待发榜）"),
            "posted": _l("已发榜"),
            "returned": _l("退回修改"),
            "refused": _l("不采用"),
            "withdrawn": _l("已撤回"),
            "solved": _l("已自行解决"),
            "merged": _l("已合并"),
        }[self.value]


class Need(Numbered, Versioned, ProblemContent, Base):
    """需求: what a firm cannot solve in-house, collected in a cycle."""

    __table_args__ = (Index("ix_need_state", "state", "district_code"),)

    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id"), index=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    district_code: Mapped[str | None] = mapped_column(ForeignKey("district.code"))
    author_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    state: Mapped[NeedState] = state_column(NeedState, NeedState.DRAFT)
    state_changed_at: Mapped[datetime | None]
    first_submitted_at: Mapped[datetime | None] = mapped_column(index=True)
    submitted_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    returns: Mapped[int] = mapped_column(default=0)
    remarks: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """退回意见 beside the fields: {field: remark}."""
    decision_reason: Mapped[str] = mapped_column(Text, default="")
    visit_note: Mapped[str] = mapped_column(Text, default="")
    """区县核实情况: how the district made sure the need is real."""
    panel_scores: Mapped[list[Any]] = mapped_column(default=list)
    """论证打分: [{expert, score}]."""
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("need.id"))

    cycle: Mapped[Cycle] = relationship()
    organisation: Mapped[Organisation] = relationship()
    author: Mapped[User] = relationship(foreign_keys=author_id)


class NeedFollowUp(Numbered, Base):
    """需求跟进: owner, action and result, one line each (需求台账)."""

    need_id: Mapped[int] = mapped_column(ForeignKey("need.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    text: Mapped[str] = mapped_column(String(1000))

    author: Mapped[User] = relationship()
