"""The one writer of the index: the worker's handler, and its self-repair."""

from typing import Any

import structlog

from market.jobs import handler, scheduled
from market.search import index
from market.search.documents import KINDS, TOPIC

log = structlog.get_logger()


@handler(TOPIC, outside=True)
def update_index(payload: dict[str, Any]) -> None:
    """Bring one row in the index to what the database shows. May run twice: the row is read anew each time."""
    if payload["kind"] in KINDS:
        index.write(payload["kind"], [int(payload["id"])])


@scheduled
def heal_index() -> None:
    """Rebuild an index that is missing or cannot be read."""
    try:
        index.check()
    except index.IndexUnusable as problem:
        log.warning("search.rebuild", reason=str(problem))
        index.rebuild()
