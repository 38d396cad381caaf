"""Reads of the journal for the supervisor. The journal itself is written by ``journal`` and checked by ``verify``."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from market import clock
from market.audit.labels import actions_alike
from market.audit.models import Entry, Veiled
from market.database import db
from market.errors import NotFound
from market.jobs.models import Outbox

PORTION = 500
VEILS: list[tuple[Callable[[], ColumnElement[bool]], Any]] = []
"""Rooms above add what may not be read, and why not: of entries that meet a condition only the place is shown."""


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
    """Who asks for a person, an act or a thing finds no veiled entry by it; by number and day none is missing."""
    query = select(Entry)
    if wanted.who or wanted.action or wanted.kind or wanted.subject_id:
        query = query.where(*(~veil() for veil, _why in VEILS))
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


def as_shown(rows: Sequence[Entry]) -> list[Entry | Veiled]:
    """The same entries in the same order, those that may not be read with their place alone."""
    seqs, veiled = [entry.seq for entry in rows], dict[int, Any]()
    for veil, why in VEILS:
        veiled |= dict.fromkeys(db.session.scalars(select(Entry.seq).where(Entry.seq.in_(seqs), veil())), why)
    return [_without_content(entry, veiled[entry.seq]) if entry.seq in veiled else entry for entry in rows]


def _without_content(entry: Entry, why: Any) -> Veiled:
    return Veiled(entry.seq, entry.at, entry.prev_hash, entry.hash, why)


def in_portions(query: Select[Entry], most: int) -> Iterator[Entry | Veiled]:
    """Up to ``most`` entries of an ordered query as they are shown, looked up a portion at a time."""
    rows = db.session.scalars(query.limit(most)).all()
    for start in range(0, len(rows), PORTION):
        yield from as_shown(rows[start : start + PORTION])


def entry_of(seq: int) -> Entry | Veiled:
    """Raises NotFound."""
    found = db.session.scalar(select(Entry).where(Entry.seq == seq))
    if found is None:
        raise NotFound
    return as_shown([found])[0]


def undelivered() -> int:
    """How many effects were given up after all attempts."""
    return db.session.scalar(select(func.count()).select_from(Outbox).where(Outbox.dead_at.is_not(None))) or 0


def dead_letters() -> Select[Outbox]:
    return select(Outbox).where(Outbox.dead_at.is_not(None)).order_by(Outbox.dead_at.desc(), Outbox.id.desc())


def waiting_longest() -> Sequence[Outbox]:
    """Effects that failed at least once and will be tried again."""
    query = select(Outbox).where(Outbox.done_at.is_(None), Outbox.dead_at.is_(None), Outbox.attempts > 0)
    return db.session.scalars(query.order_by(Outbox.id).limit(20)).all()
