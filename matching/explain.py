"""Why a profile matches: which words of which document, and through which synonym or translation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from matching.features import places_in, ranges, unjoined
from matching.ranking import Hit
from matching.reading import Reading
from matching.segments import unpack
from matching.text import blanked, normalise, terms
from matching.types import Match, Profile, Ranking, Reason

_AROUND = 24  # characters of a snippet on each side of the find
_MOST_REASONS, _MOST_UNCOVERED = 8, 12
_FIRST_CJK = "\u2e80"  # terms from here on are characters and pairs of them, found as they stand


def texts_with_fields(profile: Profile) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """(document title, its fields as name and content) of every text, in the order of ``features.texts_of``; the title
    is "" for the profile's own keywords and bio."""
    yield "", [*(("keywords", keyword) for keyword in profile.keywords), ("bio", profile.bio)]
    for document in profile.documents:
        keywords = [("keywords", keyword) for keyword in document.keywords]
        yield document.title, [("title", document.title), *keywords, ("abstract", document.abstract)]


class Place(NamedTuple):
    """A term of the need in a text: ``text[start:end]`` reads as ``key``."""

    start: int
    end: int
    key: str


class Find(NamedTuple):
    """A stretch ``text[start:end]`` of a field that the need also says, as ``source``, in these terms."""

    source: str
    translated: bool
    keys: frozenset[str]
    weight: float
    document: str
    field: str
    text: str
    start: int
    end: int

    @property
    def strength(self) -> tuple[float, int]:
        """Weight, of equal ones the longer wording: a name says more than its formula."""
        return round(self.weight, 9), self.end - self.start

    def as_reason(self, total: float) -> Reason:
        said = self.text[self.start : self.end]
        snippet = self.text[max(0, self.start - _AROUND) : self.end + _AROUND].strip()
        share = max(round(self.weight / total, 4), 0.0001)
        return Reason(self.source, share, self.document, self.field, snippet, said if self.translated else "")


def shared_terms(reading: Reading, hits: Sequence[Hit]) -> list[dict[int, list[str]]]:
    """Per hit: number of a text → the terms it shares with the need, or with what the glossary added.

    Read from the index, which knows this already; only where in the text they stand is left to look for.
    """
    names, order = list(reading.weights), np.argsort(reading.ids)
    ascending = reading.ids[order]
    found: list[dict[int, list[str]]] = [{} for _ in hits]
    for segment in {id(hit.segment): hit.segment for hit in hits}.values():
        here = [i for i, hit in enumerate(hits) if hit.segment is segment]
        rows, counts = np.array([hits[i].row for i in here]), segment.counts
        first, last = counts.first_text[rows], counts.first_text[rows + 1]
        texts = ranges(first, last)
        begin, end = counts.first_term[texts], counts.first_term[texts + 1]
        places = places_in(ascending, unjoined(counts.entries[ranges(begin, end)])[0])
        shared = np.flatnonzero(places >= 0)
        owner = np.repeat(np.repeat(here, last - first), end - begin)[shared]
        number = np.repeat(texts - np.repeat(first, last - first), end - begin)[shared]
        for hit, text, name in zip(owner.tolist(), number.tolist(), order[places[shared]].tolist(), strict=True):
            found[hit].setdefault(text, []).append(names[name])
    return found


def finds(reading: Reading, profile: Profile, shared: dict[int, list[str]]) -> Iterator[Find]:
    """Every stretch of the profile that stands in the need too, or in what the glossary added to it."""
    written = (text for text in texts_with_fields(profile) if any(content.strip("; ") for _, content in text[1]))
    for number, (document, fields) in enumerate(written):
        telling = [key for key in shared.get(number, ()) if key in reading.showing]
        if not telling:
            continue
        single = {key for key in shared[number] if len(key) == 1}
        for field, content in fields:
            text = normalise(content)
            for stretch in _stretches(reading, text, _places(text, telling)):
                start, end = stretch[0].start, max(place.end for place in stretch)
                sources = [reading.translated[place.key][0] for place in stretch if place.key in reading.translated]
                keys = single.intersection(text[start:end]).union(place.key for place in stretch)
                weight = sum(reading.weights[key] ** 2 for key in keys)
                source = sources[0] if sources else text[start:end]
                yield Find(source, bool(sources), frozenset(keys), weight, document, field, text, start, end)


def _places(text: str, keys: list[str]) -> list[Place]:
    """Where these terms stand in a normalised text, in reading order."""
    found: list[Place] = []
    spelt = []
    for key in keys:
        if key[0] < _FIRST_CJK:
            spelt.append(key)
            continue
        start = text.find(key)
        while start >= 0:
            found.append(Place(start, start + len(key), key))
            start = text.find(key, start + 1)
    if spelt:
        found += [Place(term.start, term.end, term.key) for term in terms(text) if term.key in spelt]
    found.sort()
    return found


def _stretches(reading: Reading, text: str, places: list[Place]) -> Iterator[list[Place]]:
    """Neighbouring shared terms, as long as the need has them in one piece."""
    current: list[Place] = []
    end = 0
    for place in places:
        if current and place.end > end and not _joined(reading, text, current[0], end, place):
            yield current
            current = []
        current.append(place)
        end = max(end, place.end)
    if current:
        yield current


def _joined(reading: Reading, text: str, first: Place, end: int, place: Place) -> bool:
    """Whether a stretch from ``first`` to ``end`` goes on with ``place``: in the need's wording, or in one translation
    of it."""
    if place.start > end + 1:
        return False
    added, before = reading.translated.get(place.key), reading.translated.get(first.key)
    if added or before:
        return bool(added and before) and added == before
    return text[first.start : place.end] in reading.text


def reasons(reading: Reading, blank: str, profile: Profile, shared: dict[int, list[str]]) -> tuple[Reason, ...]:
    """The strongest reasons, each wording once by itself and once by translation."""
    best: dict[tuple[str, bool], Find] = {}
    for find in finds(reading, profile, shared):
        kind = (find.source, find.translated)
        if kind not in best or find.strength > best[kind].strength:
            best[kind] = find
    heaviest = sorted(best.values(), key=lambda f: (-f.weight, f.source))
    chosen = _chosen(find for find in heaviest if _tells(reading, blank, find)) or _chosen(heaviest)
    total = sum(find.weight for find in heaviest)
    return tuple(find.as_reason(total) for find in chosen)


def _chosen(heaviest: Iterable[Find]) -> list[Find]:
    """The first of those that say something the earlier ones do not."""
    chosen: list[Find] = []
    spoken: set[str] = set()
    for find in heaviest:
        if not find.keys <= spoken:
            chosen.append(find)
            spoken |= find.keys
            if len(chosen) == _MOST_REASONS:
                break
    return chosen


def _tells(reading: Reading, blank: str, find: Find) -> bool:
    """Whether the wording is more than words of every field (blank in ``blank``, the need's text) and than terms that
    very many have. Of a pair of characters both must be, for half of one is no word."""
    if all(key in reading.common for key in find.keys if key in reading.showing):
        return False
    start, size = reading.text.find(find.source), len(find.source)
    if start < 0:  # the need has it in capitals or in another form
        start, blank = 0, blanked(find.source)
    while start >= 0:
        left = size - blank.count(" ", start, start + size)
        if left > 1 or (left and size != 2):
            return True
        start = reading.text.find(find.source, start + 1)
    return False


def sources_of(reading: Reading) -> dict[str, set[str]]:
    """Term added by the glossary → the need's own terms it stands for."""
    said = {source: {term.key for term in terms(source)} for source, _ in set(reading.translated.values())}
    return {key: said[source] for key, (source, _) in reading.translated.items()}


def uncovered(reading: Reading, covered: set[str]) -> tuple[str, ...]:
    """The need's own wording, in one piece where neighbours, of the terms that nobody covers; heaviest first."""
    missing = [term for term in reading.terms if term.key not in covered and len(term.key) > 1]
    pieces: dict[str, float] = {}
    start, end, weight = 0, -1, 0.0
    for term in missing:
        if term.start > end >= 0:
            pieces[reading.text[start:end]] = weight
            start, weight = term.start, 0.0
        start = term.start if end < 0 else min(start, term.start)
        end = max(end, term.end)
        weight += reading.weights[term.key] ** 2
    if missing:
        pieces[reading.text[start:end]] = weight
    return tuple(sorted(pieces, key=lambda piece: (-pieces[piece], piece))[:_MOST_UNCOVERED])


def explained(reading: Reading, hits: list[Hit]) -> Ranking:
    """The hits as matches with reasons and coverage, and the terms nobody covers."""
    matches: list[Match] = []
    blank = blanked(reading.text)
    anyone: set[str] = set()
    own = {term.key for term in reading.terms}
    squares = {key: weight**2 for key, weight in reading.weights.items()}
    total, sources = sum(squares[key] for key in own), sources_of(reading)
    for rank, (hit, shared) in enumerate(zip(hits, shared_terms(reading, hits), strict=True), 1):
        why = reasons(reading, blank, unpack(hit.segment, hit.row), shared)
        met = set().union(*shared.values())
        covered = met.union(*(sources[key] for key in met if key in sources)) & own
        anyone |= covered
        share = sum(squares[key] for key in covered) / total
        matches.append(Match(hit.id, hit.score, rank, why, round(min(share, 1.0), 4)))
    return Ranking(matches, uncovered(reading, anyone))
