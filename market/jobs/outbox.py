"""Write an effect down with the change that causes it; deliver it after the commit.

Claiming leases a row with a fencing token; a handler's database effects commit together with ``done_at``, so they
happen once. Index and matcher handlers upsert by version and may run twice without harm. A worker that dies leaves a
lease that lapses. After ``MAX_ATTEMPTS`` the row is dead and shown to the supervisor.
"""

import random
import re
import secrets
import traceback
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select, update

from market import clock
from market.database import db, transaction
from market.jobs.models import Outbox

LEASE = timedelta(minutes=5)
MAX_ATTEMPTS = 12
LONGEST_WAIT = timedelta(hours=6)

Handler = Callable[[dict[str, Any]], None]
HANDLERS: dict[str, Handler] = {}
OUTSIDE: set[str] = set()
FORGOTTEN: set[str] = set()
_ADDRESS = re.compile(r"[^\s<>'\"()]+@[^\s<>'\"(),;]+")
SCHEDULED: list[Callable[[], None]] = []

log = structlog.get_logger()


def handler(topic: str, *, outside: bool = False, forget: bool = False) -> Callable[[Handler], Handler]:
    """Declare what delivers ``topic``. It runs inside a transaction that also marks the row done.

    ``outside`` is for long or non-database effects that may safely run twice (index upserts, a match run): the handler
    runs with no transaction open, so that it does not hold the write lock, and opens its own. ``forget`` empties the
    payload once it took effect: for letters and what else is about a person.
    """

    def declare(function: Handler) -> Handler:
        if topic in HANDLERS:
            raise RuntimeError(f"two handlers for {topic}")
        HANDLERS[topic] = function
        if outside:
            OUTSIDE.add(topic)
        if forget:
            FORGOTTEN.add(topic)
        return function

    return declare


def scheduled(function: Callable[[], None]) -> Callable[[], None]:
    """Declare work that the worker does every minute (deadlines, ends of notices). It opens its own transactions."""
    SCHEDULED.append(function)
    return function


def enqueue(topic: str, payload: dict[str, Any], *, key: str | None = None, at: datetime | None = None) -> None:
    """Add an effect to the current transaction. ``key`` makes a repeated request one row; payload must be JSON."""
    session = db.session()
    dedupe = f"{topic}:{key or secrets.token_hex(12)}"
    if key and any(isinstance(row, Outbox) and row.dedupe_key == dedupe for row in session.new):
        return
    if key and session.scalar(select(Outbox.id).where(Outbox.dedupe_key == dedupe)):
        return
    session.add(Outbox(topic=topic, payload=payload, dedupe_key=dedupe, available_at=at or clock.now()))


def claim(limit: int = 50) -> tuple[str, Sequence[int]]:
    """Lease due rows to this worker: (fencing token, row ids in order)."""
    token, now = secrets.token_hex(16), clock.now()
    with transaction() as session:
        due = (
            select(Outbox.id)
            .where(
                Outbox.done_at.is_(None),
                Outbox.dead_at.is_(None),
                Outbox.available_at <= now,
                (Outbox.lease_until.is_(None)) | (Outbox.lease_until < now),
            )
            .order_by(Outbox.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        ids = session.scalars(due).all()
        if ids:
            session.execute(
                update(Outbox)
                .where(Outbox.id.in_(ids))
                .values(lease_until=now + LEASE, lease_token=token, attempts=Outbox.attempts + 1),
                execution_options={"synchronize_session": False},
            )
    return token, ids


def deliver(row_id: int, token: str) -> bool:
    """Run one leased row's handler; True when it took effect. A failure is written down and tried again later."""
    try:
        row = db.session.get(Outbox, row_id)
        if row is not None and row.topic in OUTSIDE and row.lease_token == token:
            HANDLERS[row.topic](row.payload)
        with transaction() as session:
            row = session.get(Outbox, row_id, with_for_update=True, populate_existing=True)
            # Another worker took over when our lease lapsed: the effect is theirs.
            if row is None or row.lease_token != token or row.done_at:
                return False
            if row.topic not in OUTSIDE:
                HANDLERS[row.topic](row.payload)
            row.done_at, row.error = clock.now(), None
            if row.topic in FORGOTTEN:
                row.payload = {}
        return True
    except Exception as problem:
        log.warning("outbox.failed", row=row_id, error=_without_addresses(repr(problem)))
        _postpone(row_id, token, _without_addresses(traceback.format_exc(limit=5)))
        return False


def _without_addresses(text: str) -> str:
    """Mail servers name whom they refuse; neither the log nor the supervisor's page needs the address."""
    return _ADDRESS.sub("…@…", text)


def _postpone(row_id: int, token: str, error: str) -> None:
    with transaction() as session:
        row = session.get(Outbox, row_id, with_for_update=True)
        if row is None or row.lease_token != token:
            return
        wait = min(timedelta(seconds=2**row.attempts * random.uniform(0.5, 1.5)), LONGEST_WAIT)  # noqa: S311
        row.error, row.lease_until, row.lease_token = error[-2000:], None, None
        row.available_at = clock.now() + wait
        if row.attempts >= MAX_ATTEMPTS:
            row.dead_at = clock.now()


def deliver_due(limit: int = 50) -> int:
    """Deliver everything that is due now; returns how many took effect. What the worker and tests call."""
    delivered = 0
    while True:
        token, ids = claim(limit)
        if not ids:
            return delivered
        delivered += sum(deliver(row_id, token) for row_id in ids)


def run_scheduled() -> None:
    """Do everything that the clock asks for; one failure does not keep the others from running."""
    for work in SCHEDULED:
        try:
            work()
        except Exception:
            db.session.rollback()
            log.exception("scheduled.failed", work=work.__name__)
