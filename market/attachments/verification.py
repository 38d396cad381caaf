"""Part of ``flask audit verify``: every kept file is there and is what its row says."""

import hashlib
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.attachments import storage
from market.attachments.models import Attachment
from market.audit.verify import Finding, further
from market.sealing.fields import Unreadable


@further
def altered_files(session: Session) -> Iterator[Finding]:
    """Rows are read at once, files one after the other: these are large. Erased ones have no hash."""
    rows = session.execute(
        select(Attachment.id, Attachment.token, Attachment.is_encrypted, Attachment.sha256).order_by(Attachment.id)
    ).all()
    for row in rows:
        if not row.sha256:
            continue
        where = f"attachment 第 {row.id} 行"
        try:
            found = hashlib.sha256(storage.read(row.token, encrypted=row.is_encrypted)).hexdigest()
        except storage.MissingFile:
            yield Finding(where, "文件不在附件目录中")
        except Unreadable:
            yield Finding(where, "加密文件无法解开：绕过系统改动")
        else:
            if found != row.sha256:
                yield Finding(where, "文件内容与登记的指纹不符：绕过系统改动")
