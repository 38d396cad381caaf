"""Telling people: an inbox message at once, mail from the outbox after the commit."""

import secrets
from collections.abc import Iterable
from typing import Any

from flask import current_app
from flask_babel import LazyString, force_locale
from flask_mailman import EmailMessage
from sqlalchemy import select, update

from market import clock
from market.audit.chain import fingerprint
from market.database import Base, db, transaction
from market.jobs import enqueue, handler
from market.notifications.models import Mail, Message
from market.sealing.fields import seal_json, unseal_json

Text = str | LazyString


def notify(
    user_ids: Iterable[int | None],
    subject: Text,
    body: Text,
    url: str = "",
    *,
    key: str | None = None,
    mail: bool = True,
) -> None:
    """Leave a message in each person's inbox and queue a mail. ``key`` makes a repeated telling one message.

    Lazy texts are told to each person in their own language, whoever acts and in whichever language.
    ``url`` is a path of this site. Never put sealed or confidential text into ``subject`` or ``body``.
    """
    for user_id, language in _languages(user_ids):
        with force_locale(language):
            title, text = str(subject)[:200], str(body)
        db.session.add(Message(user_id=user_id, subject=title, body=text, url=url))
        if mail:
            mail_key = f"{key}:{user_id}" if key else f"user:{secrets.token_hex(12)}"
            payload = {"user_id": user_id, "subject": title, "body": text, "url": url, "key": mail_key}
            enqueue("mail.user", payload, key=mail_key if key else None)


def _languages(user_ids: Iterable[int | None]) -> list[tuple[int, str]]:
    # Accounts stand above this room: the table is named, the class not imported.
    user = Base.metadata.tables["user"]
    wanted = {user_id for user_id in user_ids if user_id is not None}
    rows = db.session.execute(select(user.c.id, user.c.locale).where(user.c.id.in_(wanted)).order_by(user.c.id))
    return [(number, language) for number, language in rows]


def mark_of(address: str) -> str:
    """What is kept of an address: equal for equal addresses, and not to be read back."""
    return fingerprint(address.strip().lower())


def mark_read(message: Message) -> None:
    if message.read_at is None:
        message.read_at = clock.now()


def mark_all_read(user_id: int | None) -> None:
    unread = update(Message).where(Message.user_id == user_id, Message.read_at.is_(None))
    db.session.execute(unread.values(read_at=clock.now()), execution_options={"synchronize_session": False})


def send_mail(recipient: str, subject: str, body: str, *, key: str) -> None:
    """Queue a mail to an address without an account (objectors). ``key`` is stored openly: no address in it."""
    sealed = seal_json({"recipient": recipient, "subject": subject, "body": body})
    enqueue("mail.address", {"sealed": sealed, "key": key}, key=key)


def send_mail_now(recipient: str, subject: str, body: str) -> None:
    """Send from a handler, no transaction open: for links as good as a password, which must not wait in the outbox."""
    _deliver(f"now:{secrets.token_hex(12)}", recipient, subject, body)


@handler("mail.user", outside=True, forget=True)
def _mail_user(payload: dict[str, Any]) -> None:
    # Accounts stand above this room: the table is named, the class not imported.
    user = Base.metadata.tables["user"]
    query = select(user.c.email, user.c.locale).where(user.c.id == payload["user_id"], user.c.is_active)
    found = db.session.execute(query).one_or_none()
    if found is None:
        return
    settings = current_app.extensions["settings"]
    body = payload["body"] + (f"\n\n{settings.base_url.rstrip('/')}{payload['url']}" if payload["url"] else "")
    _deliver(payload["key"], found.email, payload["subject"], body, found.locale)


@handler("mail.address", outside=True, forget=True)
def _mail_address(payload: dict[str, Any]) -> None:
    _deliver(payload["key"], **unseal_json(payload["sealed"]))


def _deliver(key: str, recipient: str, subject: str, body: str, language: str = "zh") -> None:
    """Send once per key: a crash between sending and the mark repeats it under the same Message-ID.

    No transaction is open while the mail server is spoken to: a silent one would hold the write lock.
    """
    settings = current_app.extensions["settings"]
    if not recipient.isprintable():
        raise ValueError("an address of several lines would begin another header")
    subject = " ".join(subject.split())  # A line break in a subject would begin another header.
    with transaction() as session:
        row = session.scalar(select(Mail).where(Mail.dedupe_key == key))
        row = row or Mail(dedupe_key=key, recipient_mark=mark_of(recipient), subject=subject)
        session.add(row)
        session.flush()  # The Message-ID is the row's number.
        number, is_sent = row.id, row.sent_at is not None
    if is_sent:
        return
    message = EmailMessage(
        subject,
        body + f"\n\n—— {settings.site_in(language)}",
        to=[recipient],
        headers={"Message-ID": f"<{number}@{settings.mail_sender.split('@')[-1]}>"},
    )
    message.send()
    with transaction() as session:
        session.get_one(Mail, number).sent_at = clock.now()
