"""Telling people of a moment exactly once: what the clock of the higher rooms calls every minute."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from market.database import db, transaction
from market.notifications.models import Reminder
from market.notifications.operations import Text, notify


@dataclass(frozen=True, slots=True)
class Due:
    """A moment that has come: of which thing, whom to tell, and what."""

    kind: str
    subject_id: int
    moment: str
    whom: Callable[[], Iterable[int | None]]
    """Asked only when the moment is told: the clock comes every minute."""
    subject: Text
    body: Text
    url: str

    @property
    def key(self) -> tuple[str, int, str]:
        return self.kind, self.subject_id, self.moment


def remind(dues: Iterable[Due]) -> int:
    """Tell each moment that was not told before, in a transaction of its own; returns how many were told."""
    waiting = {due.key: due for due in dues}
    known = select(Reminder.kind, Reminder.subject_id, Reminder.moment).where(
        Reminder.kind.in_({due.kind for due in waiting.values()}),
        Reminder.subject_id.in_({due.subject_id for due in waiting.values()}),
    )
    told = {(kind, number, moment) for kind, number, moment in db.session.execute(known)} if waiting else set()
    db.session.rollback()
    return sum(_tell(due) for key, due in waiting.items() if key not in told)


def _tell(due: Due) -> bool:
    try:
        with transaction() as session:
            session.add(Reminder(kind=due.kind, subject_id=due.subject_id, moment=due.moment))
            session.flush()  # The constraint speaks before anybody is told.
            notify(due.whom(), due.subject, due.body, due.url, key=":".join(map(str, due.key)))
    except IntegrityError:
        return False  # Another worker was quicker: it has told.
    return True
