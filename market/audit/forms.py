"""The supervisor's filter: a GET form, read leniently."""

from collections.abc import Mapping
from datetime import date

from market.audit.queries import Filter


def filter_from(arguments: Mapping[str, str]) -> Filter:
    """What the address asks for; a date that is none is left out."""
    return Filter(
        who=_text(arguments, "who")[:80],
        action=_text(arguments, "action")[:80],
        kind=_text(arguments, "kind")[:60],
        since=_day(arguments.get("since", "")),
        until=_day(arguments.get("until", "")),
    )


def _text(arguments: Mapping[str, str], name: str) -> str:
    """PostgreSQL takes no NUL."""
    return arguments.get(name, "").replace("\0", "\ufffd").strip()


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1949 <= found.year <= 2100 else None
