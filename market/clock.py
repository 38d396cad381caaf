"""Time of the house: one clock that tests and the demo can move, Asia/Shanghai days, Chinese working days."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")

_moment: ContextVar[datetime | None] = ContextVar("moment", default=None)


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return _moment.get() or datetime.now(UTC)


def today() -> date:
    """The present day in Asia/Shanghai."""
    return local(now()).date()


def local(instant: datetime) -> datetime:
    return instant.astimezone(SHANGHAI)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Inside the block the clock stands at ``moment`` (aware). For the demo's replay and for tests."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    token = _moment.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _moment.reset(token)


def start_of(day: date) -> datetime:
    """Midnight at which ``day`` begins in Shanghai."""
    return datetime.combine(day, time.min, SHANGHAI)


def end_of(day: date) -> datetime:
    """The last second of ``day`` in Shanghai: the deadline people mean by a date."""
    return datetime.combine(day, time(23, 59, 59), SHANGHAI)


@dataclass(frozen=True, slots=True)
class Due:
    """A day counted in working days; ``provisional`` while a year's 放假安排 is not yet known."""

    on: date
    provisional: bool = False


@cache
def _is_working(day: date) -> tuple[bool, bool]:
    """(works, provisional). 调休 is known to the kept calendar up to its last published year."""
    # Both calendars are slow to import and seldom asked.
    import chinese_calendar
    import holidays

    try:
        return chinese_calendar.is_workday(day), False
    except NotImplementedError:
        return day.weekday() < 5 and day not in holidays.country_holidays("CN", years=day.year), True


def is_working_day(day: date, kept: Mapping[date, bool] | None = None) -> tuple[bool, bool]:
    """Whether ``day`` is worked, and whether that is provisional. ``kept`` are the days staff have entered."""
    if kept and day in kept:
        return kept[day], False
    return _is_working(day)


def add_working_days(start: date, days: int, kept: Mapping[date, bool] | None = None) -> Due:
    """The ``days``-th working day after ``start`` (the day of publication itself never counts)."""
    day, provisional = start, False
    while days > 0:
        day += timedelta(days=1)
        works, guessed = is_working_day(day, kept)
        provisional |= guessed
        days -= works
    return Due(day, provisional)


def working_days_between(start: date, end: date, kept: Mapping[date, bool] | None = None) -> int:
    """Working days after ``start`` up to and including ``end``; 0 when ``end`` is not later."""
    span = range(1, (end - start).days + 1)
    return sum(is_working_day(start + timedelta(days=n), kept)[0] for n in span)
