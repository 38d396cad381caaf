"""Fit a corpus, rank it for a need, change it without a refit."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from matching.errors import InvalidInput, UnknownProfile
from matching.features import (
    Counts,
    Segment,
    Vocabulary,
    build_segment,
    checked,
    count_profile,
    count_terms,
    idf_of,
    learn,
    text_vectors,
    texts_of,
    unpack,
)
from matching.glossary import Glossary, shipped
from matching.scoring import MOST_TERMS, Query, Scale, combine, ranges, retrieve, signals
from matching.text import Term, normalise, terms
from matching.types import Drift, Need, Profile, Settings

_SAMPLE_NEEDS, _SAMPLE_PROFILES, _LATENT_TEXTS = 200, 2000, 20_000


class Hit(NamedTuple):
    """A profile of a segment with its score in [0, 1]."""

    id: str
    score: float
    segment: Segment
    row: int


@dataclass(slots=True)
class Reading:
    """A need as read: its normalised text and terms, what the glossary added (term → the need's wording), the query."""

    text: str
    terms: list[Term]
    weights: dict[str, float]
    translated: dict[str, tuple[str, float]]
    query: Query


@dataclass(slots=True)
class Frozen:
    """What fit learns and updates leave alone. projection: float16 [v, dimensions]; deviations: float32 [4];
    scale: what turns a combined score into one in [0, 1]; mean_length in terms."""

    projection: np.ndarray
    deviations: np.ndarray
    scale: float
    mean_length: float


def check_need(need: Need) -> Need:
    """The need itself. Raises InvalidInput when it is no Need or its parts are no strings."""
    if not isinstance(need, Need):
        raise InvalidInput(f"expected a Need, not {type(need).__name__}")
    for part in (need.id, need.title, need.text):
        if not isinstance(part, str):
            raise InvalidInput(f"need {need.id!r}: id, title and text must be strings")
    return need


@dataclass(slots=True)
class Ranker:
    """A frozen vocabulary over one base segment, and small segments for what changed since."""

    settings: Settings
    glossary: Glossary
    vocabulary: Vocabulary
    frozen: Frozen
    segments: list[Segment]
    gone: list[np.ndarray]  # bool [n] per segment: rows replaced or removed
    engine: str = "auto"
    places: dict[str, tuple[int, int]] = field(default_factory=dict)
    _scale: Scale | None = None

    def __post_init__(self) -> None:
        for number, segment in enumerate(self.segments):
            for row in np.flatnonzero(~self.gone[number]):
                self.places[segment.ids[row]] = (number, int(row))

    @classmethod
    def fit(cls, profiles: Iterable[Profile], settings: Settings, glossary: Glossary | None = None) -> Ranker:
        """Learn vocabulary, latent space and deviations. Raises InvalidInput, DuplicateProfile, EmptyCorpus."""
        everyone = list(checked(profiles))
        counted = [count_profile(profile) for profile in everyone]
        vocabulary, ids = learn(counted)
        counts = count_terms(counted, ids)
        text_idf = vocabulary.idf**settings.text_idf
        space = latent_space(text_vectors(counts, text_idf)[0], settings)
        base = build_segment(everyone, counts, text_idf, lambda rows: project(rows, space))
        mean_length = float(base.lengths.mean()) if len(base.lengths) else 1.0
        frozen = Frozen(space, np.ones(4, np.float32), 1.0, mean_length)
        ranker = cls(settings, glossary or shipped(), vocabulary, frozen, [base], [np.zeros(len(base), bool)])
        ranker._calibrate()
        return ranker

    def _calibrate(self) -> None:
        """Freeze the deviations of the signals and the scale, from texts of the corpus taken as needs."""
        base, draw = self.segments[0], np.random.default_rng(self.settings.seed)
        owners = np.flatnonzero(np.diff(base.counts.first_text))
        asked = draw.choice(owners, min(_SAMPLE_NEEDS, len(owners)), replace=False)
        answering = draw.choice(owners, min(_SAMPLE_PROFILES, len(owners)), replace=False)
        samples, selves = [], []
        for row in asked:
            query = self.read(Need("", texts_of(unpack(base, int(row)))[0])).query
            samples.append(self._signals(base, query, answering[answering != row]))
            selves.append((self._signals(base, query, np.array([row])), query.brevity))
        others = np.concatenate(samples)
        deviations = others.std(axis=0) if len(others) else np.ones(4)
        deviations[deviations < 1e-6] = 1
        self.frozen = replace(self.frozen, deviations=deviations.astype(np.float32))
        itself = float(np.median([combine(s, b, deviations, self.settings)[0] for s, b in selves]))
        self.frozen = replace(self.frozen, scale=3 / max(itself, 1e-6))  # 1 - e^-3 = .95 for a solver's own text

    # -- reading a need -------------------------------------------------------------------------------------------

    def scale(self) -> Scale:
        """What the signals are measured with, for the vocabulary as it is now."""
        if self._scale is None or len(self._scale.text_idf) != self.vocabulary.size:
            text_idf = self.vocabulary.all_idf() ** self.settings.text_idf
            self._scale = Scale(text_idf, self.frozen.mean_length, self.settings)
        return self._scale

    def read(self, need: Need) -> Reading:
        """The need as terms and numbers, with what the glossary adds. Raises InvalidInput."""
        check_need(need)
        text = normalise(f"{need.title}\n{need.text}")
        found = terms(text)
        own = self._weigh([term.key for term in found])
        translated = self._translate(text, own)
        weights = own | {key: weight for key, (_, weight) in translated.items()}
        return Reading(text, found, weights, translated, self._query(weights, len(own)))

    def _translate(self, text: str, own: dict[str, float]) -> dict[str, tuple[str, float]]:
        """Term → (the need's wording, weight) of what the glossary adds.

        Each member of a group weighs as much as the wording it stands for, times ``settings.glossary``: above 1,
        because a profile in another language can meet the need in nothing but such terms.
        """
        expansions = self.glossary.expand(text)
        members = {m: [t.key for t in terms(normalise(m))] for e in expansions for m in e.others}
        idf = self._idf_of({key for keys in members.values() for key in keys})
        translated: dict[str, tuple[str, float]] = {}
        for expansion in expansions:
            meant = sum(own[term.key] ** 2 for term in terms(expansion.source)) ** 0.5 * self.settings.glossary
            for keys in (members[m] for m in expansion.others):
                norm = sum(idf[key] ** 2 for key in keys) ** 0.5
                for key in keys:
                    weight = meant * idf[key] / norm
                    if key not in own and weight > translated.get(key, ("", 0.0))[1]:
                        translated[key] = (expansion.source, weight)
        return translated

    def _idf_of(self, names: Collection[str]) -> dict[str, float]:
        """Term → idf^need_idf; terms nobody uses count as rarest."""
        ids = self.vocabulary.lookup(list(names))
        idf = np.where(ids >= 0, self.vocabulary.idf_at(ids), self.vocabulary.idf_unseen)
        return dict(zip(names, (idf**self.settings.need_idf).tolist(), strict=True))

    def _weigh(self, names: list[str]) -> dict[str, float]:
        """Term → (1 + ln count) · idf^need_idf, the whole of unit length."""
        counts = Counter(names)
        idf = self._idf_of(counts)
        weights = {name: (1 + math.log(count)) * idf[name] for name, count in counts.items()}
        norm = math.sqrt(sum(weight**2 for weight in weights.values())) or 1.0
        return {name: weight / norm for name, weight in weights.items()}

    def _query(self, weights: dict[str, float], size: int) -> Query:
        ids = self.vocabulary.lookup(list(weights))
        values = np.fromiter(weights.values(), np.float32, len(weights))
        known = np.flatnonzero(ids >= 0)
        if len(known) > MOST_TERMS:
            known = known[np.argsort(-values[known], kind="stable")[:MOST_TERMS]]
        known = known[np.lexsort((ids[known], self.vocabulary.frequency(ids[known])))]
        ids, values = ids[known], values[known]
        steep = values * self.vocabulary.steep_idf(ids) / self.vocabulary.idf_at(ids) ** self.settings.need_idf
        in_space = ids < len(self.frozen.projection)
        latent = values[in_space] @ self.frozen.projection[ids[in_space]]
        norm = float(np.sqrt(latent @ latent))
        unit = (latent / norm if norm > 1e-9 else latent).astype(np.float32)
        brevity = 1 / (1 + (size / self.settings.brief) ** 6)
        return Query(ids, values, steep.astype(float), unit, brevity)

    # -- ranking ---------------------------------------------------------------------------------------------------

    def _signals(self, segment: Segment, query: Query, rows: np.ndarray) -> np.ndarray:
        return signals(segment, query, rows, self.scale(), self.engine)

    def score(self, segment: Segment, query: Query, rows: np.ndarray) -> np.ndarray:
        """float64 [len(rows)] in [0, 1]: the exact score of the given rows, to nine decimals."""
        signal = self._signals(segment, query, rows)
        combined = combine(signal, query.brevity, self.frozen.deviations, self.settings)
        return np.round(1 - np.exp(-self.frozen.scale * np.maximum(combined, 0)), 9)

    def hits(self, reading: Reading, limit: int, among: Collection[str] | None = None) -> list[Hit]:
        """The best ``limit`` profiles, best first, equal scores by id; only those that share a term with the need."""
        if limit < 1:
            raise InvalidInput(f"limit must be at least 1, not {limit}")
        wanted = None if among is None else self._rows_of(among, missing_ok=True)
        found: list[Hit] = []
        for number, segment in enumerate(self.segments):
            allowed = self._allowed(number, wanted)
            k = max(self.settings.candidates, limit)
            rows = retrieve(segment, reading.query, k, allowed, self.engine)
            scores = self.score(segment, reading.query, rows)
            if len(rows) > limit:
                chosen = scores >= np.partition(scores, -limit)[-limit]
                rows, scores = rows[chosen], scores[chosen]
            found += [Hit(segment.ids[r], s, segment, r) for r, s in zip(rows.tolist(), scores.tolist(), strict=True)]
        found.sort(key=lambda hit: (-hit.score, hit.id))
        return found[:limit]

    def _allowed(self, number: int, wanted: dict[int, list[int]] | None) -> np.ndarray | None:
        """bool [n] of the rows that may answer, None when all may."""
        gone = self.gone[number]
        if wanted is None:
            return ~gone if gone.any() else None
        mask = np.zeros(len(gone), bool)
        mask[wanted[number]] = True
        return mask

    def scores(self, reading: Reading, ids: Sequence[str]) -> list[float]:
        """The exact score of each named profile, 0 included. Raises UnknownProfile."""
        result: dict[str, float] = {}
        for number, rows in self._rows_of(ids).items():
            segment = self.segments[number]
            values = self.score(segment, reading.query, np.array(rows))
            result.update((segment.ids[r], float(v)) for r, v in zip(rows, values, strict=True))
        return [result[id_] for id_ in ids]

    def locate(self, id_: str) -> tuple[Segment, int]:
        """The segment and row of a profile. Raises UnknownProfile."""
        if id_ not in self.places:
            raise UnknownProfile(f"no profile {id_!r} in the index")
        number, row = self.places[id_]
        return self.segments[number], row

    def _rows_of(self, ids: Iterable[str], missing_ok: bool = False) -> dict[int, list[int]]:
        rows: dict[int, list[int]] = {number: [] for number in range(len(self.segments))}
        for id_ in ids:
            if id_ in self.places:
                rows[self.places[id_][0]].append(self.places[id_][1])
            elif not missing_ok:
                raise UnknownProfile(f"no profile {id_!r} in the index")
        return {n: r for n, r in rows.items() if r or missing_ok}

    # -- change ----------------------------------------------------------------------------------------------------

    def update(self, changed: Iterable[Profile], removed: Iterable[str] = ()) -> None:
        """Replace, add and remove profiles at once; the base stays as it is. Raises as fit, and UnknownProfile."""
        newcomers = list(checked(changed))
        leaving = list(dict.fromkeys(removed))
        for id_ in leaving:
            self.locate(id_)
        segment = self._segment_of(newcomers) if newcomers else None
        for id_ in [*leaving, *(profile.id for profile in newcomers)]:
            if id_ in self.places:
                number, row = self.places.pop(id_)
                self.gone[number][row] = True
        if segment is not None:
            self.gone.append(np.zeros(len(segment), bool))  # before the segment: a ranking under way reads both
            self.segments.append(segment)
            self.places.update((id_, (len(self.segments) - 1, row)) for row, id_ in enumerate(segment.ids))

    def _segment_of(self, profiles: Sequence[Profile]) -> Segment:
        """A small segment under the frozen vocabulary, which grows by the terms it did not know."""
        counted = [count_profile(profile) for profile in profiles]
        names = sorted({name for profile in counted for counter in profile for name in counter})
        ids = dict(zip(names, self.vocabulary.lookup(names, grow=True).tolist(), strict=True))
        return build_segment(profiles, count_terms(counted, ids), self.scale().text_idf, self._project)

    def compact(self) -> None:
        """Merge the segments into one and forget the removed rows; every score stays what it was."""
        profiles, parts = [], []
        for number, segment in enumerate(self.segments):
            rows = np.flatnonzero(~self.gone[number])
            profiles += [unpack(segment, int(row)) for row in rows]
            parts.append(_take(segment.counts, rows))
        merged = build_segment(profiles, _join(parts), self.scale().text_idf, self._project)
        self.segments, self.gone = [merged], [np.zeros(len(merged), bool)]
        self.places = {id_: (0, row) for row, id_ in enumerate(merged.ids)}

    def drift(self) -> Drift:
        """How far the frozen idf is from today's: the sign that it is time to fit anew."""
        living = [_take(segment.counts, np.flatnonzero(~gone))
                  for segment, gone in zip(self.segments, self.gone, strict=True)]  # fmt: skip
        texts = sum(len(part.first_term) - 1 for part in living)
        today = np.sum([np.bincount(part.terms, minlength=self.vocabulary.size) for part in living], axis=0)
        known = len(self.vocabulary.hashes)
        shift = np.abs(idf_of(today, texts) - self.vocabulary.all_idf())
        total = max(int(np.sum(today)), 1)
        return Drift(self.vocabulary.texts, texts, len(self.vocabulary.later), float(np.sum(today[known:])) / total,
                     float(np.sum(shift * today)) / total, len(self.segments),
                     int(sum(gone.sum() for gone in self.gone)))  # fmt: skip

    def _project(self, rows: Any) -> np.ndarray:
        return project(rows[:, : len(self.frozen.projection)], self.frozen.projection)


def latent_space(rows: Any, settings: Settings) -> np.ndarray:
    """float16 [v, dimensions]: right singular vectors of (a sample of) the texts (LSA, Deerwester et al. 1990)."""
    from sklearn.decomposition import TruncatedSVD

    if rows.shape[0] > _LATENT_TEXTS:
        draw = np.random.default_rng(settings.seed)
        rows = rows[np.sort(draw.choice(rows.shape[0], _LATENT_TEXTS, replace=False))]
    size = min(settings.dimensions, rows.shape[0] - 1, rows.shape[1] - 1)
    if size < 1:
        return np.zeros((rows.shape[1], 0), np.float16)
    svd: Any = TruncatedSVD(size, random_state=settings.seed).fit(rows)
    return np.ascontiguousarray(svd.components_.T, np.float16)


def project(rows: Any, projection: np.ndarray) -> np.ndarray:
    """float16 [n, dimensions]: the rows in latent space, of unit length."""
    latent = np.asarray(rows @ projection.astype(np.float32), np.float32)
    norms = np.sqrt((latent**2).sum(axis=1, keepdims=True))
    return (latent / np.maximum(norms, 1e-9)).astype(np.float16)


def _take(counts: Counts, rows: np.ndarray) -> Counts:
    texts = ranges(counts.first_text[rows], counts.first_text[rows + 1])
    places = ranges(counts.first_term[texts], counts.first_term[texts + 1])
    sizes = np.diff(counts.first_text)[rows]
    lengths = np.diff(counts.first_term)[texts]
    return Counts(np.concatenate([[0], np.cumsum(sizes)]), np.concatenate([[0], np.cumsum(lengths)]),
                  counts.terms[places], counts.counts[places])  # fmt: skip


def _join(parts: list[Counts]) -> Counts:
    def chain(starts: list[np.ndarray]) -> np.ndarray:
        offsets = np.concatenate([[0], np.cumsum([s[-1] for s in starts])])
        return np.concatenate([[0], *(s[1:] + o for s, o in zip(starts, offsets, strict=False))]).astype(np.int64)

    return Counts(chain([p.first_text for p in parts]), chain([p.first_term for p in parts]),
                  np.concatenate([p.terms for p in parts]), np.concatenate([p.counts for p in parts]))  # fmt: skip
