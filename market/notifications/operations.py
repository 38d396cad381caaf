"""Telling people: an inbox message at once, mail from the outbox after the commit."""

import secrets
from collections.abc import Iterable
from typing import Any

from flask import current_app
from flask_mailman import EmailMessage
from sqlalchemy import select, update

from market import clock
from market.database import Base, db
from market.jobs import enqueue, handler
from market.notifications.models import Mail, Message


def notify(
    user_ids: Iterable[int | None], subject: str, body: str, url: str = "", *, key: str | None = None, mail: bool = True
) -> None:
    """Leave a message in each person's inbox and queue a mail. ``key`` makes a repeated telling one message.

    ``url`` is a path of this site. Never put sealed or confidential text into ``subject`` or ``body``.
    """
    for user_id in sorted({user_id for user_id in user_ids if user_id is not None}):
        db.session.add(Message(user_id=user_id, subject=subject[:200], body=body, url=url))
        if mail:
            mail_key = f"{key}:{user_id}" if key else f"user:{secrets.token_hex(12)}"
            payload = {"user_id": user_id, "subject": subject[:200], "body": body, "url": url, "key": mail_key}
            enqueue("mail.user", payload, key=mail_key if key else None)


def mark_read(message: Message) -> None:
    if message.read_at is None:
        message.read_at = clock.now()


def mark_all_read(user_id: int | None) -> None:
    unread = update(Message).where(Message.user_id == user_id, Message.read_at.is_(None))
    db.session.execute(unread.values(read_at=clock.now()), execution_options={"synchronize_session": False})


def send_mail(recipient: str, subject: str, body: str, *, key: str) -> None:
    """Queue a mail to an address without an account (invitations, password links, objectors)."""
    enqueue("mail.address", {"recipient": recipient, "subject": subject, "body": body, "key": key}, key=key)


def send_unkept_mail(recipient: str, subject: str, body: str) -> None:
    """Send at once from inside a handler and keep no text: for links that are as good as a password."""
    _deliver(f"unkept:{secrets.token_hex(12)}", recipient, subject, body, kept_body="")


@handler("mail.user")
def _mail_user(payload: dict[str, Any]) -> None:
    # Accounts stand above this room: the table is named, the class not imported.
    user = Base.metadata.tables["user"]
    email = db.session.scalar(select(user.c.email).where(user.c.id == payload["user_id"], user.c.is_active))
    if email is None:
        return
    settings = current_app.extensions["settings"]
    body = payload["body"] + (f"\n\n{settings.base_url.rstrip('/')}{payload['url']}" if payload["url"] else "")
    _deliver(payload["key"], email, payload["subject"], body)


@handler("mail.address")
def _mail_address(payload: dict[str, Any]) -> None:
    _deliver(payload["key"], payload["recipient"], payload["subject"], payload["body"])


def _deliver(key: str, recipient: str, subject: str, body: str, kept_body: str | None = None) -> None:
    """Send once per key: a crash between sending and the commit repeats it under the same Message-ID."""
    settings = current_app.extensions["settings"]
    row = db.session.scalar(select(Mail).where(Mail.dedupe_key == key))
    if row is not None and row.sent_at is not None:
        return
    if not recipient.isprintable():
        raise ValueError("an address of several lines would begin another header")
    subject = " ".join(subject.split())  # A line break in a subject would begin another header.
    row = row or Mail(
        dedupe_key=key, recipient=recipient, subject=subject, body=body if kept_body is None else kept_body
    )
    db.session.add(row)
    db.session.flush()  # The Message-ID is the row's number.
    message = EmailMessage(
        subject,
        body + f"\n\n—— {settings.site_name}",
        to=[recipient],
        headers={"Message-ID": f"<{row.id}@{settings.mail_sender.split('@')[-1]}>"},
    )
    message.send()
    row.sent_at = clock.now()
