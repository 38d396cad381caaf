"""Effects follow the commit: none without it, each once, whoever dies on the way."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from market import clock
from market.audit.journal import record
from market.database import db, transaction
from market.jobs import enqueue
from market.jobs.models import Outbox, Progress
from market.jobs.outbox import HANDLERS, LEASE, claim, deliver, deliver_due
from market.permissions import SYSTEM
from tests.builders.people import make_user

TOPIC = "test.effect"


def _effect(payload: dict[str, Any]) -> None:
    """A database effect that would be seen twice if it happened twice."""
    db.session.add(Progress(key=payload["key"]))


@pytest.fixture
def effect() -> Iterator[None]:
    HANDLERS[TOPIC] = _effect
    yield
    del HANDLERS[TOPIC]


def _enqueue(key: str = "once") -> None:
    with transaction():
        enqueue(TOPIC, {"key": key}, key=key)


def _effects() -> int:
    db.session.rollback()
    return db.session.query(Progress).count()


def test_an_effect_happens_once_however_often_the_worker_looks(app: Flask, effect: None) -> None:
    _enqueue()
    _enqueue()
    assert deliver_due() == 1
    assert deliver_due() == 0
    assert _effects() == 1


def test_what_was_rolled_back_has_no_effect(app: Flask, effect: None) -> None:
    with pytest.raises(RuntimeError), transaction():
        enqueue(TOPIC, {"key": "never"}, key="never")
        raise RuntimeError("the business failed")
    assert deliver_due() == 0 and _effects() == 0


def test_a_failed_effect_is_tried_again_and_leaves_nothing_half_done(app: Flask, effect: None) -> None:
    def broken(payload: dict[str, Any]) -> None:
        _effect(payload)
        db.session.flush()
        raise ConnectionError("the mail server is away")

    HANDLERS[TOPIC] = broken
    _enqueue()
    assert deliver_due() == 0 and _effects() == 0
    assert "mail server is away" in (db.session.query(Outbox).one().error or "")
    HANDLERS[TOPIC] = _effect
    with clock.at(clock.now() + timedelta(hours=1)):
        assert deliver_due() == 1
    assert _effects() == 1


def test_a_refused_statement_is_noted_without_what_it_was_to_write(app: Flask, effect: None) -> None:
    with transaction() as session:
        session.add(Progress(key="once", message="名单"))
    _enqueue()

    def doubled(payload: dict[str, Any]) -> None:
        db.session.add(Progress(key=payload["key"], message="只给本人看的信"))

    HANDLERS[TOPIC] = doubled
    assert deliver_due() == 0
    error = db.session.query(Outbox).one().error or ""
    assert "IntegrityError" in error and "只给本人看的信" not in error


def test_a_worker_whose_lease_lapsed_cannot_finish_what_another_took_over(app: Flask, effect: None) -> None:
    _enqueue()
    late_token, (row_id,) = claim()
    with clock.at(clock.now() + LEASE + timedelta(seconds=1)):
        token, ids = claim()
        assert list(ids) == [row_id]
        assert not deliver(row_id, late_token)
        assert deliver(row_id, token)
    assert _effects() == 1


def test_two_workers_never_hold_the_same_row(app: Flask, effect: None) -> None:
    for number in range(6):
        _enqueue(f"row {number}")
    _, first = claim(4)
    _, second = claim(4)
    assert len(first) == 4 and len(second) == 2 and not set(first) & set(second)


KILLED = """
import os, signal
from pathlib import Path
from market.app import create_app
from market.database import db
from market.jobs.models import Progress
from market.jobs.outbox import HANDLERS, deliver_due
from market.settings import Settings

def dies(payload):
    db.session.add(Progress(key=payload["key"]))
    db.session.flush()
    os.kill(os.getpid(), signal.SIGKILL)

app = create_app(Settings(environment="test", instance_path=Path({instance!r}), database_url={url!r}, secret_key="test " * 10))
HANDLERS[{topic!r}] = dies
with app.app_context():
    deliver_due()
"""


def test_a_worker_killed_in_the_middle_loses_and_doubles_nothing(app: Flask, effect: None) -> None:
    _enqueue()
    db.session.remove()
    url = "" if db.engine.dialect.name == "sqlite" else db.engine.url.render_as_string(hide_password=False)
    script = KILLED.format(instance=app.instance_path, url=url, topic=TOPIC)
    root = Path(__file__).parents[3]
    killed = subprocess.run([sys.executable, "-c", script], cwd=root, env={**os.environ, "PYTHONPATH": str(root)})
    assert killed.returncode == -signal.SIGKILL
    assert _effects() == 0
    # The dead worker's lease still stands; nobody takes the row before it lapses.
    assert deliver_due() == 0
    with clock.at(clock.now() + LEASE + timedelta(seconds=1)):
        assert deliver_due() == 1
    assert _effects() == 1


def test_a_message_and_its_mail_are_sent_once(app: Flask) -> None:
    from market.notifications.operations import notify

    user = make_user()
    for _ in range(2):
        with transaction():
            notify([user.id], "请确认", "正文", "/inbox/", key="test:1")
            record(SYSTEM, "test:notify")
        deliver_due()
    letters = list((Path(app.instance_path) / "outbox").glob("*"))
    assert len(letters) == 1
    assert letters[0].read_text(encoding="utf-8", errors="replace").count("Message-ID:") == 1
