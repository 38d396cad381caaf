"""What can be found: every domain registers how its public rows read as documents.

A loader gives only what anybody may see. The index, the rebuild and the last check before a hit is shown all go through
it, so one public query of the domain decides for all three.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from market.jobs import enqueue

TOPIC = "search.update"


@dataclass(frozen=True, slots=True)
class Document:
    """The public text of one row."""

    id: int
    title: str
    body: str = ""
    code: str = ""
    tags: tuple[str, ...] = ()
    district: str = ""
    posted_at: datetime | None = None
    state: Any = None
    """Shown as a tag; has ``value`` and ``label``."""

    @property
    def version(self) -> str:
        """A fingerprint of what is indexed: two equal texts are one version, whatever else of the row has changed."""
        parts = (self.title, self.code, self.body, *self.tags, self.district, str(self.posted_at))
        return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=12).hexdigest()


Loader = Callable[[Sequence[int] | None], Iterable[Document]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of document. ``load(ids)`` gives those of the ids that are public, ``load(None)`` all of them."""

    name: str
    label: Any
    load: Loader
    url: Callable[[Document], str]
    position: int


KINDS: dict[str, Kind] = {}


def register(name: str, load: Loader, url: Callable[[Document], str], label: Any, *, position: int = 50) -> None:
    """Declare a kind once, when the domain's queries are imported. ``position`` orders the tabs."""
    KINDS[name] = Kind(name, label, load, url, position)


def kinds_in_order() -> list[Kind]:
    return sorted(KINDS.values(), key=lambda kind: kind.position)


def update_search(kind: str, row_id: int) -> None:
    """Ask for a row to be indexed anew, in the current transaction."""
    enqueue(TOPIC, {"kind": kind, "id": row_id})
