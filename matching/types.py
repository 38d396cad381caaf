"""The values that go in and come out: frozen, comparable, free of behaviour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

__all__ = ["Document", "Drift", "Match", "Need", "Profile", "Ranking", "Reason", "Settings"]


@dataclass(frozen=True, slots=True)
class Document:
    """A paper, patent or project of a solver. ``year`` is the calendar year or None when unknown."""

    title: str
    abstract: str = ""
    keywords: Sequence[str] = ()
    year: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "keywords", tuple(self.keywords))


@dataclass(frozen=True, slots=True)
class Profile:
    """What a solver (揭榜方) can do: own words (keywords, bio) and documents that prove it."""

    id: str
    keywords: Sequence[str] = ()
    bio: str = ""
    documents: Sequence[Document] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "keywords", tuple(self.keywords))
        object.__setattr__(self, "documents", tuple(self.documents))


@dataclass(frozen=True, slots=True)
class Need:
    """A technical problem (榜单). ``lang`` is informative only; the text itself decides how it is read."""

    id: str
    title: str
    text: str = ""
    lang: str | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """One piece of evidence for a match.

    ``term`` is the need's wording and ``via`` the solver's wording where a synonym or translation of the glossary
    joined the two (empty when they are the same word). ``weight`` is the share of the match's word evidence, in (0, 1].
    ``document`` is the title of the very document ("" for the solver's own keywords and bio), ``field`` one of
    ``title``, ``abstract``, ``keywords``, ``bio``, and ``snippet`` the words around the find.
    """

    term: str
    weight: float
    document: str
    field: str
    snippet: str
    via: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """A solver for a need: ``score`` in [0, 1], comparable between needs; ``rank`` from 1.

    ``coverage`` in [0, 1] is the share of the need's term weight that the solver's words cover.
    """

    profile_id: str
    score: float
    rank: int
    reasons: tuple[Reason, ...] = ()
    coverage: float = 0.0


class Ranking(tuple[Match, ...]):
    """Matches, best first, and in ``uncovered`` the need's terms that nobody on the list covers, heaviest first."""

    uncovered: tuple[str, ...]

    def __new__(cls, matches: Iterable[Match] = (), uncovered: Iterable[str] = ()) -> Self:
        ranking = super().__new__(cls, tuple(matches))
        ranking.uncovered = tuple(uncovered)
        return ranking

    def __getnewargs__(self) -> tuple[tuple[Match, ...], tuple[str, ...]]:
        return tuple(self), self.uncovered


@dataclass(frozen=True, slots=True)
class Drift:
    """How far an index has moved from what fit froze.

    ``texts_then`` and ``texts_now`` count texts; ``new_terms`` terms met since; ``new_share`` in [0, 1] the share of
    today's term occurrences that are such terms; ``idf_shift`` the mean difference between frozen and today's idf (in
    nats, weighted by occurrence); ``segments`` and ``dead`` what compaction would merge and forget.
    """

    texts_then: int
    texts_now: int
    new_terms: int
    new_share: float
    idf_shift: float
    segments: int
    dead: int


@dataclass(frozen=True, slots=True)
class Settings:
    """The one configuration. Chosen on the development sets together; see docs/matching.md for what each is worth."""

    need_idf: float = 2.5
    text_idf: float = 0.5
    k1: float = 1.2
    b: float = 0.75
    centroid: float = 1.0
    best: float = 1.5
    rest: float = 0.4
    latent: float = 0.5
    nearest: int = 3
    brief: float = 65.0
    dimensions: int = 50
    glossary: float = 1.7
    candidates: int = 1000
    seed: int = field(default=0, repr=False)
