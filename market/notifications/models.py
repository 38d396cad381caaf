"""Message 站内消息 and the mail that goes with it. By-products of audited acts."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
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


class Reminder(Numbered, Base):
    """提醒: that a moment of something was told, so that the clock tells it once however often it asks."""

    __table_args__ = (UniqueConstraint("kind", "subject_id", "moment"),)
    audited = False

    kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[int]
    moment: Mapped[str] = mapped_column(String(40))
    """The day or instant that the rules name: a moved deadline is another moment."""


class Mail(Numbered, Base):
    """邮件: sent at least once, at most one duplicate per crash, always under the same Message-ID.

    What was written and to which address is not kept: the inbox has the text for those with an account.
    """

    audited = False

    dedupe_key: Mapped[str] = mapped_column(String(200), unique=True)
    recipient_mark: Mapped[str] = mapped_column(String(60), index=True)
    """A fingerprint: whether an address was written to can be asked, the address cannot be read."""
    subject: Mapped[str] = mapped_column(String(200))
    sent_at: Mapped[datetime | None]
