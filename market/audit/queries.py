"""Reads of the journal for the supervisor. The journal itself is written by ``journal`` and checked by ``verify``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Select, func, select

from market import clock
from market.audit.models import Entry
from market.database import db
from market.errors import NotFound
from market.jobs.models import Outbox


@dataclass(frozen=True, slots=True)
class Filter:
    """Who (part of a name), what (action), which subject, and on which days (Shanghai)."""

    who: str = ""
    action: str = ""
    kind: str = ""
    subject_id: str = ""
    since: date | None = None
    until: date | None = None


def entries(wanted: Filter, *, newest_first: bool = True) -> Select[tuple[Entry]]:
    query = select(Entry)
    if wanted.who:
        query = query.where(Entry.actor_name.icontains(wanted.who, autoescape=True))
    if wanted.action:
        query = query.where(Entry.action == wanted.action)
    if wanted.kind:
        query = query.where(Entry.subject_kind == wanted.kind)
    if wanted.subject_id:
        query = query.where(Entry.subject_id == wanted.subject_id)
    if wanted.since:
        query = query.where(Entry.at >= clock.start_of(wanted.since))
    if wanted.until:
        query = query.where(Entry.at < clock.start_of(wanted.until + timedelta(days=1)))
    return query.order_by(Entry.seq.desc() if newest_first else Entry.seq)


def entry_of(seq: int) -> Entry:
    """Raises NotFound."""
    found = db.session.get(Entry, seq)
    if found is None:
        raise NotFound
    return found


def undelivered() -> int:
    """How many effects were given up after all attempts."""
    return db.session.scalar(select(func.count()).select_from(Outbox).where(Outbox.dead_at.is_not(None))) or 0


def dead_letters() -> Select[tuple[Outbox]]:
    return select(Outbox).where(Outbox.dead_at.is_not(None)).order_by(Outbox.dead_at.desc(), Outbox.id.desc())


def waiting_longest() -> Sequence[Outbox]:
    """Effects that failed at least once and will be tried again."""
    query = select(Outbox).where(Outbox.done_at.is_(None), Outbox.dead_at.is_(None), Outbox.attempts > 0)
    return db.session.scalars(query.order_by(Outbox.id).limit(20)).all()
