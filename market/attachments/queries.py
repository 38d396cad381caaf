"""Attachments of an owner, and the one that a token names."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import structlog
from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select

from market.attachments import storage
from market.attachments.models import Attachment
from market.attachments.policies import may_download
from market.database import Base, db
from market.errors import Conflict, NotFound
from market.permissions import Actor
from market.sealing.fields import Unreadable

log = structlog.get_logger()


def attachments_of(owner_row: Any, slot: str | None = None) -> Sequence[Attachment]:
    """Live attachments of one row, oldest first; of one slot when named."""
    return attachments_of_many([owner_row], slot).get(owner_row.id, [])


def attachments_of_many(rows: Iterable[Any], slot: str | None = None) -> dict[int, list[Attachment]]:
    """{owner id: its live attachments} of rows of one table, in one statement."""
    rows = [row for row in rows if isinstance(row, Base) and row.id is not None]  # pyright: ignore[reportAttributeAccessIssue]
    if not rows:
        return {}
    wanted = select(Attachment).where(
        Attachment.owner_kind == rows[0].__tablename__,
        Attachment.owner_id.in_([row.id for row in rows]),  # pyright: ignore[reportAttributeAccessIssue]
        Attachment.removed_at.is_(None),
    )
    if slot is not None:
        wanted = wanted.where(Attachment.slot == slot)
    found: dict[int, list[Attachment]] = {}
    for attachment in db.session.scalars(wanted.order_by(Attachment.id)):
        found.setdefault(attachment.owner_id, []).append(attachment)
    return found


def for_list(attachments: Iterable[Attachment]) -> list[dict[str, Any]]:
    """What templates/components/attachment_list.html shows."""
    return [
        {
            "id": attachment.id,
            "token": attachment.token,
            "name": attachment.filename,
            "url": url_for("attachments.download", token=attachment.token),
            "size": attachment.size,
            "uploaded_at": attachment.created_at,
            "sha256": attachment.sha256,
            "confidential": attachment.is_encrypted,
        }
        for attachment in attachments
    ]


def attachment_by_token(actor: Actor, token: str) -> Attachment:
    """Raises NotFound when there is none, it was removed, or the actor may not see its owner."""
    attachment = db.session.scalar(select(Attachment).where(Attachment.token == token))
    if attachment is None or not may_download(actor, attachment):
        raise NotFound(_("没有找到这个文件，可能已移除或不对您开放"))
    return attachment


def content_of(attachment: Attachment) -> bytes:
    """The plaintext. Raises NotFound when the file is missing, Conflict when it was altered."""
    try:
        data = storage.read(attachment.token, encrypted=attachment.is_encrypted)
    except storage.MissingFile as problem:
        log.error("attachment.missing", attachment=attachment.id)
        raise NotFound(_("文件不在存储中，请联系管理员从备份恢复")) from problem
    except Unreadable as problem:
        data = None
        cause: BaseException | None = problem
    else:
        cause = None
    if data is None or hashlib.sha256(data).hexdigest() != attachment.sha256:
        log.error("attachment.altered", attachment=attachment.id)
        raise Conflict(_("文件内容与登记的指纹不符，已停止下载，请联系管理员")) from cause
    return data
