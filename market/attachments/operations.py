"""Storing, removing and erasing attachments. Who may is the owner's operation to say, before it calls these."""

import hashlib
import secrets
from typing import Any

from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from market import clock
from market.attachments import storage
from market.attachments.inspection import Inspected, inspect_upload
from market.attachments.models import Attachment
from market.audit.journal import record
from market.database import db
from market.errors import Conflict, InvalidInput
from market.jobs import enqueue, handler
from market.permissions import Actor


def store_upload(
    actor: Actor,
    owner_row: Any,
    slot: str,
    file: FileStorage,
    *,
    limit_mb: int,
    confidential: bool = False,
    field: str | None = None,
    by_visitor: bool = False,
) -> Attachment:
    """Check and keep an uploaded file for ``owner_row``; sealed or ``confidential`` ones are encrypted at rest.

    ``limit_mb`` is the rules' ``attachment_mb_most``; ``by_visitor`` lets somebody without an
    account store. Raises InvalidInput under ``field`` (the slot's unless told).
    """
    try:
        # One byte more than allowed is enough to know.
        inspected = inspect_upload(file.filename or "", file.stream.read(limit_mb * 1024 * 1024 + 1), limit_mb)
    except InvalidInput as problem:
        raise InvalidInput({slot if field is None else field: problem.message}) from problem
    return store_inspected(actor, owner_row, slot, inspected, confidential=confidential, by_visitor=by_visitor)


def store_inspected(
    actor: Actor,
    owner_row: Any,
    slot: str,
    inspected: Inspected,
    *,
    confidential: bool = False,
    uploader_id: int | None = None,
    by_visitor: bool = False,
) -> Attachment:
    """Keep content that was inspected already. ``uploader_id`` names the uploader when the actor is another."""
    uploader = uploader_id if uploader_id is not None else actor.user_id
    if uploader is None and not by_visitor:
        raise Conflict(_("上传文件需要登录"))
    if owner_row.id is None:
        db.session.flush()  # The row's number names the owner.
    attachment = Attachment(
        token=secrets.token_hex(16),
        owner_kind=owner_row.__tablename__,
        owner_id=owner_row.id,
        slot=slot,
        filename=inspected.filename,
        content_type=inspected.content_type,
        size=len(inspected.data),
        sha256=hashlib.sha256(inspected.data).hexdigest(),
        is_encrypted=confidential,
        uploaded_by_id=uploader,
    )
    storage.write(attachment.token, inspected.data, encrypted=confidential)
    db.session.add(attachment)
    record(actor, "attachment:store", owner_row, slot)
    return attachment


def remove_attachment(actor: Actor, attachment: Attachment) -> None:
    """Nobody can download it any more; row and file stay as evidence."""
    if attachment.removed_at is not None:
        raise Conflict(_("这个文件已经移除"))
    attachment.removed_at = clock.now()
    record(actor, "attachment:remove", attachment)


def erase_attachment(actor: Actor, attachment: Attachment) -> None:
    """Remove it and forget name, fingerprint and content: the draft of a bid that is sealed now."""
    attachment.removed_at = attachment.removed_at or clock.now()
    attachment.filename = attachment.sha256 = ""
    attachment.size = 0
    record(actor, "attachment:erase", attachment)
    # The file goes after the commit: a rollback must still find it.
    enqueue("attachments.erase", {"token": attachment.token}, key=attachment.token)


@handler("attachments.erase")
def _erase_file(payload: dict[str, Any]) -> None:
    storage.erase(payload["token"])
