"""Progress of long work: written by whoever does it, read by the page that waits."""

from sqlalchemy import select

from market import clock
from market.database import db, transaction
from market.jobs.models import Progress


def report_progress(key: str, done: int, total: int, message: str = "", *, finished: bool = False) -> None:
    """Save how far ``key`` is, in a transaction of its own so that others see it while the work goes on."""
    with transaction() as session:
        row = session.scalar(select(Progress).where(Progress.key == key)) or Progress(key=key)
        row.done, row.total, row.message = done, total, message
        row.finished_at = clock.now() if finished else None
        session.add(row)


def progress_of(key: str) -> Progress | None:
    return db.session.scalar(select(Progress).where(Progress.key == key))
