"""SuggestionChoice 告知方式 of a solver, and Suggestion 榜单推荐: what was brought to whose attention, when and why."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.challenges.models import Challenge
from market.database import Base, Numbered, Versioned, state_column
from market.solvers.models import Solver


class SuggestionPace(StrEnum):
    AT_ONCE = "at_once"
    WEEKLY = "weekly"
    NEVER = "never"

    @property
    def label(self) -> Any:
        return {
            "at_once": _l("有合适的榜单立即告知"),
            "weekly": _l("每周汇总一次"),
            "never": _l("不发邮件"),
        }[self.value]


class SuggestionChoice(Numbered, Versioned, Base):
    """告知方式: how a solver wants to hear of challenges that fit; without a row the programme's rules say."""

    solver_id: Mapped[int] = mapped_column(ForeignKey("solver.id"), unique=True)
    pace: Mapped[SuggestionPace] = state_column(SuggestionPace)
    chosen_at: Mapped[datetime]

    solver: Mapped[Solver] = relationship()


class Suggestion(Numbered, Base):
    """榜单推荐: this challenge was brought to the lead's attention for this solver. There is never a second one.

    A by-product of the ranking like the candidates, so not audited; people read here what they were told and why.
    """

    __table_args__ = (UniqueConstraint("challenge_id", "solver_id"),)
    audited = False

    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenge.id"))
    solver_id: Mapped[int] = mapped_column(ForeignKey("solver.id"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    pace: Mapped[SuggestionPace] = state_column(SuggestionPace)
    score: Mapped[float]
    """In [0, 1], as it was then."""
    terms: Mapped[list[str]] = mapped_column(default=list)

    challenge: Mapped[Challenge] = relationship()
    solver: Mapped[Solver] = relationship()
