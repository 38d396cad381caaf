"""Attachment 附件: a stored file that belongs to one owner row."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from market.database import Base, Numbered
from market.sealing.fields import EncryptedText


class Attachment(Numbered, Base):
    """附件. The right to download is the right to see its owner."""

    __table_args__ = (Index("ix_attachment_owner", "owner_kind", "owner_id", "slot"),)

    token: Mapped[str] = mapped_column(String(40), unique=True)
    owner_kind: Mapped[str] = mapped_column(String(60))
    """Table name of the owner."""
    owner_id: Mapped[int]
    slot: Mapped[str] = mapped_column(String(40))
    """What it is to its owner: ``commitment``, ``signed_scan``, ``evidence``…"""
    filename: Mapped[str] = mapped_column(EncryptedText)
    """Encrypted, because a name tells what a sealed or confidential file holds."""
    content_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    """Bytes of the plaintext."""
    sha256: Mapped[str] = mapped_column(EncryptedText)
    """Of the plaintext as stored (images are re-encoded): it would betray a guessed sealed file."""
    is_encrypted: Mapped[bool] = mapped_column(default=False)
    uploaded_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    """None: from a visitor, whom the owner row names (evidence of an objection)."""
    removed_at: Mapped[datetime | None]
