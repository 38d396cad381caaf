"""Why a profile matches: which words of which document, and through which synonym or translation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from matching.features import unpack
from matching.ranking import Hit, Ranker, Reading
from matching.text import Term, normalise, terms
from matching.types import Match, Profile, Ranking, Reason

_AROUND = 24  # characters of a snippet on each side of the find


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


@dataclass(slots=True)
class Find:
    """A stretch of a field that the need also says: where, and the terms it is made of."""

    source: str
    via: str
    keys: frozenset[str]
    document: str
    field: str
    snippet: str


def finds(reading: Reading, profile: Profile) -> Iterator[Find]:
    """Every stretch of the profile that stands in the need too, or in what the glossary added to it."""
    for document, field, raw in fields_of(profile):
        text = normalise(raw)
        for stretch in _stretches(reading, text, terms(text)):
            start, end = stretch[0].start, max(term.end for term in stretch)
            keys = frozenset(term.key for term in stretch)
            said = text[start:end]
            source = next((reading.translated[k][0] for k in keys if k in reading.translated), "")
            snippet = text[max(0, start - _AROUND) : end + _AROUND].strip()
            yield Find(source or said, said if source else "", keys, document, field, snippet)


def _stretches(reading: Reading, text: str, found: list[Term]) -> Iterator[list[Term]]:
    """Neighbouring terms of a field that the need holds together, as long as the need has them in one piece."""
    own = {term.key for term in reading.terms}
    current: list[Term] = []
    for term in found:
        if term.key not in own and term.key not in reading.translated:
            continue
        if current and _joined(reading, text, current, term):
            current.append(term)
            continue
        if current:
            yield current
        current = [term]
    if current:
        yield current


def _joined(reading: Reading, text: str, current: list[Term], term: Term) -> bool:
    end = max(t.end for t in current)
    if term.start > end or (term.key in reading.translated) != (current[0].key in reading.translated):
        return term.start < end
    if term.key in reading.translated:
        return reading.translated[term.key][0] == reading.translated[current[0].key][0] and term.start <= end + 1
    piece = text[current[0].start : max(end, term.end)]
    return piece in reading.text


def reasons(reading: Reading, profile: Profile, limit: int = 8) -> tuple[tuple[Reason, ...], set[str]]:
    """(the strongest reasons, the terms of the need that the profile covers)."""
    best: dict[tuple[str, bool], tuple[float, Find]] = {}
    covered: set[str] = set()
    for find in finds(reading, profile):
        covered |= find.keys
        weight = sum(reading.weights[key] ** 2 for key in find.keys)
        kind = (find.source, bool(find.via))
        if weight > best.get(kind, (0.0, find))[0]:
            best[kind] = (weight, find)
    ordered = sorted(best.values(), key=lambda pair: (-pair[0], pair[1].source))
    chosen: list[tuple[float, Find]] = []
    spoken: set[str] = set()
    for weight, find in ordered:
        if len(chosen) < limit and (len(find.source) > 1 or not chosen) and not find.keys <= spoken:
            chosen.append((weight, find))
            spoken |= find.keys
    total = sum(weight for weight, _ in ordered) or 1.0
    return tuple(Reason(f.source, round(w / total, 4), f.document, f.field, f.snippet, f.via)
                 for w, f in chosen), covered  # fmt: skip


def covered_by_translation(reading: Reading, covered: set[str]) -> set[str]:
    """The covered terms, with the need's own terms that a translation stands for."""
    sources = {reading.translated[key][0] for key in covered if key in reading.translated}
    extra = {term.key for source in sources for term in terms(source)}
    return covered | extra


def uncovered(reading: Reading, covered: set[str], limit: int = 12) -> tuple[str, ...]:
    """The need's own wording, in one piece where neighbours, of the terms that nobody covers; heaviest first."""
    pieces: dict[str, float] = {}
    start = end = -1
    weight = 0.0
    for term in [*reading.terms, Term("", len(reading.text) + 2, len(reading.text) + 2)]:
        if term.key in covered or (len(term.key) == 1 and term.key):
            continue
        if term.start > end > 0:
            pieces[reading.text[start:end]] = weight
            start, weight = term.start, 0.0
        start = term.start if end < 0 else start
        end = term.end
        weight += reading.weights.get(term.key, 0.0) ** 2
    return tuple(sorted(pieces, key=lambda piece: (-pieces[piece], piece))[:limit])


def explained(ranker: Ranker, reading: Reading, hits: list[Hit]) -> Ranking:
    """The hits as matches with reasons and coverage, and the terms nobody covers."""
    matches, anyone = [], set()
    own = {term.key for term in reading.terms}
    total = sum(reading.weights[key] ** 2 for key in own) or 1.0
    for rank, hit in enumerate(hits, 1):
        why, covered = reasons(reading, unpack(hit.segment, hit.row))
        covered = covered_by_translation(reading, covered) & own
        anyone |= covered
        share = sum(reading.weights[key] ** 2 for key in covered) / total
        matches.append(Match(hit.id, hit.score, rank, why, round(min(share, 1.0), 4)))
    return Ranking(matches, uncovered(reading, anyone))
