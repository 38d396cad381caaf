"""FrozenMonth 统计封存: the numbers of one month as they were when they were reported upward."""

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.accounts.models import User
from market.append_only import append_only
from market.database import Base, Numbered


class FrozenMonth(Numbered, Base):
    """统计封存. Never edited: what came to light later is a further version with its reason."""

    __table_args__ = (
        UniqueConstraint("month", "version"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("version = 1 OR reason <> ''", name="correction_says_why"),
    )

    month: Mapped[date]
    """Its first day."""
    version: Mapped[int]
    figures: Mapped[dict[str, Any]]
    """District code ("" for the whole city) → code of the number → amount (count, fen or days)."""
    reason: Mapped[str] = mapped_column(Text, default="")
    frozen_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    prev_hash: Mapped[str] = mapped_column(String(64))
    """Hash of the version before, so that none can be taken out from between."""
    hash: Mapped[str] = mapped_column(String(64), unique=True)

    frozen_by: Mapped[User] = relationship()


append_only(FrozenMonth)
