"""The supervisor's filter: a GET form, read leniently."""

from collections.abc import Mapping
from datetime import date

from market.audit.queries import Filter


def filter_from(arguments: Mapping[str, str]) -> Filter:
    """What the address asks for; a date that is none is left out."""
    return Filter(
        who=arguments.get("who", "").strip()[:80],
        action=arguments.get("action", "")[:80],
        kind=arguments.get("kind", "")[:60],
        since=_day(arguments.get("since", "")),
        until=_day(arguments.get("until", "")),
    )


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1949 <= found.year <= 2100 else None
