"""Reads of the journal for the supervisor. The journal itself is written by ``journal`` and checked by ``verify``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, Select, func, select

from market import clock
from market.audit.labels import actions_alike
from market.audit.models import Entry
from market.database import db
from market.errors import NotFound
from market.jobs.models import Outbox

VEILS: list[Callable[[], ColumnElement[bool]]] = []
"""Rooms above add what nobody may read yet: entries that meet a condition stay in the chain and off the page."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Who (part of a name), what (action), which subject, and on which days (Shanghai)."""

    who: str = ""
    action: str = ""
    kind: str = ""
    subject_id: str = ""
    since: date | None = None
    until: date | None = None


def entries(wanted: Filter, *, newest_first: bool = True) -> Select[Entry]:
    query = select(Entry).where(*(~veil() for veil in VEILS))
    if wanted.who:
        query = query.where(Entry.actor_name.icontains(wanted.who, autoescape=True))
    if wanted.action:
        query = query.where(Entry.action.in_(actions_alike(wanted.action)))
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
    found = db.session.scalar(select(Entry).where(Entry.seq == seq, *(~veil() for veil in VEILS)))
    if found is None:
        raise NotFound
    return found


def undelivered() -> int:
    """How many effects were given up after all attempts."""
    return db.session.scalar(select(func.count()).select_from(Outbox).where(Outbox.dead_at.is_not(None))) or 0


def dead_letters() -> Select[Outbox]:
    return select(Outbox).where(Outbox.dead_at.is_not(None)).order_by(Outbox.dead_at.desc(), Outbox.id.desc())


def waiting_longest() -> Sequence[Outbox]:
    """Effects that failed at least once and will be tried again."""
    query = select(Outbox).where(Outbox.done_at.is_(None), Outbox.dead_at.is_(None), Outbox.attempts > 0)
    return db.session.scalars(query.order_by(Outbox.id).limit(20)).all()
