"""What the search page shows: hits checked against the database, with the words found marked."""

from dataclasses import dataclass, field
from typing import Any

import structlog
from markupsafe import Markup, escape
from sqlalchemy import select

from market.database import Base, db
from market.paging import LAST_PAGE, Page
from market.search import index
from market.search.analysis import query_words, words_of
from market.search.documents import KINDS, Document

log = structlog.get_logger()

QUERY_MOST = 100
SNIPPET = 120


@dataclass(frozen=True, slots=True)
class Hit:
    document: Document
    url: str
    title: Markup
    snippet: Markup


@dataclass(frozen=True, slots=True)
class Answer:
    """``usable`` is False when the index is missing or damaged; ``asked`` when there was a word to look for."""

    page: Page[Hit]
    counts: dict[str, int] = field(default_factory=dict)
    asked: bool = True
    usable: bool = True


def clean_query(text: str | None) -> str:
    """At most 100 characters, printable."""
    kept = "".join(c if c.isprintable() else " " for c in (text or "")[:400])
    return " ".join(kept.split())[:QUERY_MOST]


def search(text: str, kind: str, *, district: str = "", newest: bool = False, number: int = 1) -> Answer:
    """One page of hits of ``kind`` that anybody may see."""
    number = max(1, min(number, LAST_PAGE))
    if not query_words(text):
        return Answer(Page([], 1, 0), asked=False)
    try:
        found = index.find(text, kind, district=district, newest=newest, page=number)
    except index.IndexUnusable as problem:
        log.warning("search.unusable", error=str(problem))
        return Answer(Page([], 1, 0), usable=False)
    hits = _checked(text, kind, [row_id for _kind, row_id in found.keys])
    gone = len(found.keys) - len(hits)
    counts = {name: count - (gone if name == kind else 0) for name, count in found.counts.items()}
    return Answer(Page(hits, number, counts.get(kind, 0)), counts)


def _checked(text: str, kind: str, ids: list[int]) -> list[Hit]:
    """The hits as the database has them now; what is no longer public is left out."""
    documents = {document.id: document for document in KINDS[kind].load(ids)} if ids else {}
    wanted = {word for group in query_words(text) for word in group}
    return [
        Hit(
            documents[row_id],
            KINDS[kind].url(documents[row_id]),
            marked(documents[row_id].title, wanted),
            snippet(documents[row_id].body, wanted),
        )
        for row_id in ids
        if row_id in documents
    ]


def _spans(text: str, wanted: set[str]) -> list[tuple[int, int]]:
    """Where the wanted words stand, touching finds joined."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted((start, end) for word, start, end in words_of(text) if word in wanted):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def marked(text: str, wanted: set[str]) -> Markup:
    """The text, escaped, with the wanted words in ``<mark>``."""
    parts, at = [], 0
    for start, end in _spans(text, wanted):
        parts += [escape(text[at:start]), Markup("<mark>"), escape(text[start:end]), Markup("</mark>")]
        at = end
    return Markup("").join([*parts, escape(text[at:])])


def snippet(text: str, wanted: set[str]) -> Markup:
    """About ``SNIPPET`` characters around the longest find, marked."""
    text = " ".join(text[:20_000].split())
    spans = _spans(text, wanted)
    best = max(spans, key=lambda span: span[1] - span[0], default=(0, 0))
    start = max(0, best[0] - SNIPPET // 3)
    piece = text[start : start + SNIPPET]
    return Markup("").join(["…" if start else "", marked(piece, wanted), "…" if start + SNIPPET < len(text) else ""])


def district_choices() -> list[tuple[str, Any]]:
    # Accounts stand above this room: the table is named, the class not imported.
    district = Base.metadata.tables["district"]
    rows = db.session.execute(select(district.c.code, district.c.name).order_by(district.c.position, district.c.code))
    return [(row.code, row.name) for row in rows]
