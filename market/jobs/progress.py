"""Progress of long work: written by whoever does it, read by the page that waits."""

from sqlalchemy import select

from market import clock
from market.database import db, transaction
from market.jobs.models import Progress
from market.permissions import Actor, Role


def report_progress(key: str, done: int, total: int, message: str = "", *, finished: bool = False) -> None:
    """Save how far ``key`` is, in a transaction of its own so that others see it while the work goes on."""
    with transaction() as session:
        row = session.scalar(select(Progress).where(Progress.key == key)) or Progress(key=key)
        row.done, row.total, row.message = done, total, message
        row.finished_at = clock.now() if finished else None
        session.add(row)


def progress_of(key: str) -> Progress | None:
    return db.session.scalar(select(Progress).where(Progress.key == key))


def may_know(actor: Actor, key: str) -> bool:
    """A person knows the work of their own keys (``user:<id>:…``); bureau staff know all but the administrator none."""
    if key.startswith(f"user:{actor.user_id}:"):
        return True
    return not key.startswith("user:") and any(role.is_staff and role is not Role.ADMINISTRATOR for role in actor.roles)
