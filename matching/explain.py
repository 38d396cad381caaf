"""Why a profile matches: which words of which document, and through which synonym or translation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from matching.features import unpack
from matching.ranking import Hit, Reading
from matching.text import Term, normalise, terms
from matching.types import Match, Profile, Ranking, Reason

_AROUND = 24  # characters of a snippet on each side of the find
_MOST_REASONS, _MOST_UNCOVERED = 8, 12


def fields_of(profile: Profile) -> Iterator[tuple[str, str, str]]:
    """(document title, field, text) of everything a profile says; the title is "" for its own keywords and bio."""
    for keyword in profile.keywords:
        yield "", "keywords", keyword
    yield "", "bio", profile.bio
    for document in profile.documents:
        yield document.title, "title", document.title
        for keyword in document.keywords:
            yield document.title, "keywords", keyword
        yield document.title, "abstract", document.abstract


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

    def as_reason(self, total: float) -> Reason:
        said = self.text[self.start : self.end]
        snippet = self.text[max(0, self.start - _AROUND) : self.end + _AROUND].strip()
        share = max(round(self.weight / total, 4), 0.0001)
        return Reason(self.source, share, self.document, self.field, snippet, said if self.translated else "")


def finds(reading: Reading, profile: Profile, covered: set[str]) -> Iterator[Find]:
    """Every stretch of the profile that stands in the need too, or in what the glossary added to it.

    Adds to ``covered`` each term of the need, or of its translations, that occurs at all.
    """
    for document, field, raw in fields_of(profile):
        text = normalise(raw)
        shared = [term for term in terms(text) if term.key in reading.weights]
        covered.update(term.key for term in shared)
        for stretch in _stretches(reading, text, shared):
            keys = frozenset(term.key for term in stretch)
            start, end = stretch[0].start, max(term.end for term in stretch)
            source = next((reading.translated[key][0] for key in keys if key in reading.translated), None)
            weight = sum(reading.weights[key] ** 2 for key in keys)
            yield Find(source or text[start:end], source is not None, keys, weight, document, field, text, start, end)


def _stretches(reading: Reading, text: str, shared: list[Term]) -> Iterator[list[Term]]:
    """Neighbouring shared terms, as long as the need has them in one piece; single characters only inside a pair."""
    current: list[Term] = []
    for term in shared:
        if current and _joined(reading, text, current, term):
            current.append(term)
        elif len(term.key) > 1 or term.key in reading.translated:
            if current:
                yield current
            current = [term]
    if current:
        yield current


def _joined(reading: Reading, text: str, current: list[Term], term: Term) -> bool:
    end = max(current[-1].end, current[-2].end if len(current) > 1 else 0)
    if term.end <= end:
        return True
    added, before = reading.translated.get(term.key), reading.translated.get(current[0].key)
    if added or before:
        return bool(added and before) and added == before and term.start <= end + 1
    return term.start <= end + 1 and text[current[0].start : term.end] in reading.text


def reasons(reading: Reading, profile: Profile) -> tuple[tuple[Reason, ...], set[str]]:
    """(the strongest reasons, each wording once by itself and once by translation; the terms the profile covers)."""
    best: dict[tuple[str, bool], Find] = {}
    covered: set[str] = set()
    for find in finds(reading, profile, covered):
        kind = (find.source, find.translated)
        if kind not in best or find.weight > best[kind].weight:
            best[kind] = find
    chosen: list[Find] = []
    spoken: set[str] = set()
    for find in sorted(best.values(), key=lambda f: (-f.weight, f.source)):
        if len(chosen) < _MOST_REASONS and not find.keys <= spoken:
            chosen.append(find)
            spoken |= find.keys
    total = sum(find.weight for find in best.values())
    return tuple(find.as_reason(total) for find in chosen), covered


def with_sources(reading: Reading, covered: set[str]) -> set[str]:
    """The covered terms, and the need's own terms that a covered translation stands for."""
    sources = {reading.translated[key][0] for key in covered if key in reading.translated}
    return covered.union(*({term.key for term in terms(source)} for source in sources))


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
    anyone: set[str] = set()
    own = {term.key for term in reading.terms}
    total = sum(reading.weights[key] ** 2 for key in own)
    for rank, hit in enumerate(hits, 1):
        why, covered = reasons(reading, unpack(hit.segment, hit.row))
        covered = with_sources(reading, covered) & own
        anyone |= covered
        share = sum(reading.weights[key] ** 2 for key in covered) / total
        matches.append(Match(hit.id, hit.score, rank, why, round(min(share, 1.0), 4)))
    return Ranking(matches, uncovered(reading, anyone))
