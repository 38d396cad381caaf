"""One page of a list: what templates/components/pagination.html shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func, inspect, select
from sqlalchemy.orm import Session

T = TypeVar("T")

PAGE_SIZE = 20
# Deep pages cost a scan; people who need row 2,001 use the filters or the export.
LAST_PAGE = 100


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    items: Sequence[T]
    number: int
    total: int
    size: int = PAGE_SIZE

    @property
    def counted(self) -> str:
        """The number of rows as people read it: beyond the last page nobody counts."""
        return f"{LAST_PAGE * self.size}+" if self.total > LAST_PAGE * self.size else str(self.total)

    @property
    def pages(self) -> int:
        return max(1, min(LAST_PAGE, -(-self.total // self.size)))

    @property
    def has_prev(self) -> bool:
        return self.number > 1

    @property
    def has_next(self) -> bool:
        return self.number < self.pages


def paginate(session: Session, query: Select[Any], number: int = 1, size: int = PAGE_SIZE) -> Page[Any]:
    """Run an ordered query for one page: the rows, and a count of keys that stops past the last page.

    An unbounded count of whole rows costs more than the page itself from ten thousand rows on.
    """
    number = max(1, min(number, LAST_PAGE))
    key = inspect(query.column_descriptions[0]["entity"]).primary_key
    keys = query.order_by(None).with_only_columns(*key, maintain_column_froms=True).limit(LAST_PAGE * size + 1)
    total = session.scalar(select(func.count()).select_from(keys.subquery())) or 0
    rows = session.scalars(query.limit(size).offset((number - 1) * size)).unique().all()
    return Page(rows, number, total, size)


def page_number(value: str | None) -> int:
    """A page number from a query string; anything odd is page one."""
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 6 else 1
