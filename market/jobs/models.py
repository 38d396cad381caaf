"""Outbox row and the progress of long work. Both are by-products: not audited."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from market import clock
from market.database import Base, Numbered


class Outbox(Numbered, Base):
    """发件箱: an effect that must follow a committed change."""

    __table_args__ = (Index("ix_outbox_due", "done_at", "dead_at", "available_at"),)
    audited = False

    topic: Mapped[str] = mapped_column(String(80))
    dedupe_key: Mapped[str] = mapped_column(String(200), unique=True)
    payload: Mapped[dict[str, Any]]
    available_at: Mapped[datetime] = mapped_column(default=clock.now)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    lease_token: Mapped[str | None] = mapped_column(String(40))
    done_at: Mapped[datetime | None]
    dead_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)


class Progress(Numbered, Base):
    """进度: how far a long piece of work is, for the page that waits for it."""

    audited = False

    key: Mapped[str] = mapped_column(String(120), unique=True)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    message: Mapped[str] = mapped_column(String(400), default="")
    finished_at: Mapped[datetime | None]
