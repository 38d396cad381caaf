"""The worker process: huey wakes it after each commit and every minute; the outbox says what there is to do.

The queue only wakes: losing it loses nothing, because the truth is in the outbox table.
"""

from typing import Any

import structlog
from flask import Flask, current_app
from sqlalchemy import event
from sqlalchemy.orm import Session

from market.database import db
from market.jobs.models import Outbox
from market.jobs.outbox import deliver_due, run_scheduled

log = structlog.get_logger()


def queue_of(app: Flask) -> Any:
    """The wake-up queue of this installation with its two tasks: Redis when it has one, else a file of its own.

    Made when first needed: its library takes a tenth of the site's start-up, and many processes never wake anybody.
    """
    if "queue" not in app.extensions:
        app.extensions["queue"] = _build(app)
    return app.extensions["queue"]


def _build(app: Flask) -> Any:
    from huey import RedisHuey, SqliteHuey, crontab

    settings = app.extensions["settings"]
    if settings.redis_url:
        queue: Any = RedisHuey("jiebang", url=settings.redis_url)
    else:
        queue = SqliteHuey("jiebang", filename=str(settings.instance_path / "queue.sqlite"))

    @queue.task(name="deliver")
    def deliver_task() -> None:
        with app.app_context():
            deliver_due()

    @queue.periodic_task(crontab(minute="*"), name="clock")
    def clock_task() -> None:
        with app.app_context():
            run_scheduled()
            deliver_due()

    app.extensions.setdefault("wake_worker", deliver_task)
    return queue


def install() -> None:
    """Wake the worker after every commit that left something in the outbox."""
    factory: Any = db.session.session_factory
    for name, listener in (("after_flush", _note), ("after_commit", _wake)):
        if not event.contains(factory, name, listener):
            event.listen(factory, name, listener)


def _note(session: Session, _context: object) -> None:
    if any(isinstance(row, Outbox) for row in session.new):
        session.info["wake"] = True


def _wake(session: Session) -> None:
    # Tests deliver by hand: what they did not ask for must not happen behind their back.
    if not session.info.pop("wake", False) or current_app.testing:
        return
    try:
        if "wake_worker" not in current_app.extensions:
            queue_of(current_app._get_current_object())  # pyright: ignore[reportAttributeAccessIssue]
        current_app.extensions["wake_worker"]()
    except Exception as problem:
        # The queue being away must not undo what is committed; the clock delivers within a minute.
        log.warning("queue.unreachable", error=repr(problem))


def run_worker(app: Flask) -> None:
    """Run until stopped. One worker thread: the search index has one writer."""
    with app.app_context():
        run_scheduled()
        deliver_due()
    from huey.consumer import Consumer

    Consumer(queue_of(app), workers=1, periodic=True, initial_delay=0.1, max_delay=1.0).run()
