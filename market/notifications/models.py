"""Message 站内消息 and the mail that goes with it. By-products of audited acts."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from market.database import Base, Numbered


class Message(Numbered, Base):
    """站内消息 in a person's inbox."""

    __table_args__ = (Index("ix_message_inbox", "user_id", "read_at", "created_at"),)
    audited = False

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    url: Mapped[str] = mapped_column(String(400), default="")
    read_at: Mapped[datetime | None]


class Mail(Numbered, Base):
    """邮件: sent at least once, at most one duplicate per crash, always under the same Message-ID."""

    audited = False

    dedupe_key: Mapped[str] = mapped_column(String(200), unique=True)
    recipient: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    sent_at: Mapped[datetime | None]
