"""Entry 审计记录 and the head of its chain."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from market.append_only import append_only
from market.database import Base


class Entry(Base):
    """审计记录: one act, who did it, and the rows it changed (before and after)."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_subject", "subject_kind", "subject_id"),
        CheckConstraint("seq > 0", name="seq_positive"),
    )
    audited = False

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(index=True)
    actor_name: Mapped[str] = mapped_column(String(200))
    ip: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(80))
    subject_kind: Mapped[str] = mapped_column(String(60))
    subject_id: Mapped[str] = mapped_column(String(60))
    note: Mapped[str] = mapped_column(String(4000))
    changes: Mapped[list[Any]]
    """[{table, id, act: insert|update|delete, values: {column: [before, after]}}]; secret columns as HMAC."""
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)

    is_veiled = False


@dataclass(frozen=True, slots=True)
class Veiled:
    """What is shown of an entry that may not be read: its place in the chain, so that no number is missing."""

    seq: int
    at: datetime
    prev_hash: str
    hash: str
    why: Any

    is_veiled: ClassVar[bool] = True


class AuditHead(Base):
    """The last entry's number and hash: one row, locked to number entries without a gap."""

    audited = False

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))


append_only(Entry)
