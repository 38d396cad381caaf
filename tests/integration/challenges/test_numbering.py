"""Racing posters get distinct consecutive codes; a version that does not lock is caught by the same race."""

from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import select

from market.challenges.models import CodeCounter
from market.challenges.numbering import next_code
from market.database import db, transaction

RACERS, EACH = 4, 5


def race(app: Flask, number: Callable[[str, int], str]) -> list[str]:
    start, found = Barrier(RACERS), []

    def post() -> None:
        with app.app_context():
            start.wait()
            for _turn in range(EACH):
                with transaction():
                    code = number("RACE", 2026)
                found.append(code)
            db.session.remove()

    threads = [Thread(target=post) for _racer in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(found)


def test_racing_posters_get_distinct_consecutive_codes(app: Flask) -> None:
    assert race(app, next_code) == [f"RACE-2026-{n:03d}" for n in range(1, RACERS * EACH + 1)]


def test_the_race_catches_a_counter_that_does_not_lock(app: Flask) -> None:
    """Control: reading the highest number without a lock gives doubles, on the database where writers run at once."""
    if db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite admits one writer at a time, so that the control cannot fail there")
    meet = Barrier(RACERS)

    def careless(prefix: str, year: int) -> str:
        session = db.session()
        counter = session.scalar(select(CodeCounter).where(CodeCounter.prefix == prefix))
        last = counter.last if counter else 0
        meet.wait()
        return f"{prefix}-{year}-{last + 1:03d}"

    assert len(set(race(app, careless))) < RACERS * EACH


def test_years_and_prefixes_count_apart(app: Flask) -> None:
    with transaction():
        codes = [next_code("A", 2026), next_code("A", 2027), next_code("B", 2026), next_code("A", 2026)]
    assert codes == ["A-2026-001", "A-2027-001", "B-2026-001", "A-2026-002"]


def test_a_rolled_back_posting_gives_its_number_back(app: Flask) -> None:
    with pytest.raises(RuntimeError), transaction():
        next_code("A", 2026)
        raise RuntimeError
    with transaction():
        assert next_code("A", 2026) == "A-2026-001"
