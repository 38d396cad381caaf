"""A diary of what people did and when: filled in any order, played in the order of time under a moving clock."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, TypeVar

from market import clock
from market.database import Base, db, transaction

Row = TypeVar("Row", bound=Base)


@dataclass
class Diary:
    """Pages are (moment, order of writing, work). ``shift`` moves the live cycle to today."""

    pages: list[tuple[datetime, int, Callable[[], Any]]] = field(default_factory=list)
    ticks: set[datetime] = field(default_factory=set)
    ids: dict[tuple[str, str], int] = field(default_factory=dict)

    def note(self, day: date, at: str, work: Callable[..., Any], *arguments: Any) -> None:
        """On ``day`` at ``HH:MM`` (Shanghai) do ``work(*arguments)`` in a transaction of its own."""
        moment = datetime.combine(day, time.fromisoformat(at), clock.SHANGHAI)
        self.pages.append((moment, len(self.pages), lambda: work(*arguments)))

    def tick(self, day: date, at: str, work: Callable[[], Any]) -> None:
        """At that time the clock does its own work (it opens its own transactions); once, however often asked for."""
        moment = datetime.combine(day, time.fromisoformat(at), clock.SHANGHAI)
        if moment not in self.ticks and moment <= clock.now():
            self.ticks.add(moment)
            self.pages.append((moment, -1, work))

    def keep(self, kind: str, key: str, row: Base) -> None:
        """Remember a new row under the key that the data files use."""
        db.session.flush()  # The demo asks for its number.
        self.ids[kind, key] = row.id  # pyright: ignore[reportAttributeAccessIssue]

    def get(self, model: type[Row], key: str) -> Row:
        row = db.session.get(model, self.ids[model.__tablename__, key])
        assert row is not None, (model, key)
        return row

    def play(self, step: Callable[[datetime], None]) -> None:
        """Do everything in order; ``step`` is told each moment. Nothing lies in the future of the real clock."""
        latest = clock.now()
        for moment, number, work in sorted(self.pages, key=lambda page: page[:2]):
            with clock.at(min(moment, latest)):
                if number < 0:
                    work()
                else:
                    with transaction():
                        work()
            step(moment)
        self.pages.clear()
