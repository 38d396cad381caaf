"""Officers' opening keys, the public key of each sealed subject, and the shares of its private key."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from market.database import Base, Numbered


class OfficerKey(Numbered, Base):
    """开标密钥: an officer's key pair; the private half opens with a passphrase that only the officer knows."""

    __table_args__ = (
        Index(
            "uq_officer_key_live",
            "user_id",
            unique=True,
            sqlite_where=text("retired_at IS NULL"),
            postgresql_where=text("retired_at IS NULL"),
        ),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    locked_private_key: Mapped[bytes] = mapped_column(LargeBinary)
    """salt ‖ nonce ‖ AES-256-GCM under argon2id(passphrase)."""
    retired_at: Mapped[datetime | None]


class SealingKey(Numbered, Base):
    """密封公钥 of one subject (``challenge:12``); nobody holds the private key until ``quorum`` shares meet."""

    subject: Mapped[str] = mapped_column(String(80), unique=True)
    suite: Mapped[str] = mapped_column(String(40))
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    quorum: Mapped[int]


class KeyShare(Numbered, Base):
    """密钥份额: one Shamir share, sealed to one officer's public key."""

    __table_args__ = (UniqueConstraint("sealing_key_id", "officer_key_id"),)

    sealing_key_id: Mapped[int] = mapped_column(ForeignKey("sealing_key.id"))
    officer_key_id: Mapped[int] = mapped_column(ForeignKey("officer_key.id"))
    number: Mapped[int]
    sealed_share: Mapped[bytes] = mapped_column(LargeBinary)
    released_at: Mapped[datetime | None]
    released_share: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Once its holder released it: the share under the installation's field key, waiting for the quorum."""
