"""Fit a corpus, rank it for a need, change it without a refit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from matching.errors import InvalidInput, UnknownProfile
from matching.features import (
    Corpus,
    Counts,
    Numbering,
    Vocabulary,
    blob_of,
    checked,
    digest_of,
    entries_of,
    hash_terms,
    idf_of,
    learn,
    names_of,
    pack,
    starts_of,
    texts_of,
    unjoined,
    words_of,
)
from matching.glossary import Glossary, shipped
from matching.latent import latent_space, project
from matching.reading import Reader, Reading
from matching.scoring import Query, Scale, combine, latent_signal, moved, retrieve, signals, telling
from matching.segments import Segment, build_segment, forget, living, read_before, remembers, together, unpack
from matching.types import Drift, Need, Profile, Settings

_SAMPLE_NEEDS, _SAMPLE_PROFILES = 200, 2000
_LOOK = 16  # profiles looked at to find the few nearest: retrieval rounds, the exact cosines decide
_FEW_OF = 8
_TELLING = 0.995  # of a need's squared weight; the rest are frequent terms: three fifths of all postings
_MOST_SEGMENTS = 8  # the base and changes; more are merged, the base left alone


class Hit(NamedTuple):
    """A profile of a segment with its score in [0, 1]."""

    id: str
    score: float
    segment: Segment
    row: int


class Candidates(NamedTuple):
    """Rows of a segment and their signals [len(rows), 2], the latent one still to come."""

    segment: Segment
    rows: np.ndarray
    lexical: np.ndarray


@dataclass(slots=True)
class Frozen:
    """What fit learns and updates leave alone. projection: float16 [v, dimensions]; deviations: float32 [3];
    scale: what turns a combined score into one in [0, 1]; mean_length in terms."""

    projection: np.ndarray
    deviations: np.ndarray
    scale: float
    mean_length: float


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
    _scale: Scale | None = None

    def __len__(self) -> int:
        return sum(len(gone) - int(gone.sum()) for gone in self.gone)

    @classmethod
    def fit(cls, profiles: Iterable[Profile], settings: Settings, glossary: Glossary | None = None) -> Ranker:
        """Learn vocabulary, latent space and deviations. Raises InvalidInput, DuplicateProfile, EmptyCorpus."""
        vocabulary, corpus = learn(checked(profiles))
        text_idf = vocabulary.idf**settings.text_idf
        space = latent_space(corpus.counts, text_idf, settings)
        base = build_segment(corpus, lambda ids: text_idf[ids], lambda rows, ids: project(rows, ids, space))
        mean_length = float(base.lengths.mean()) if len(base.lengths) else 1.0
        frozen = Frozen(space, np.ones(3, np.float32), 1.0, mean_length)
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

        def signals_of(query: Query, rows: np.ndarray) -> np.ndarray:
            query = replace(query, brevity=0.5)  # between short and long every signal is measured
            return np.column_stack([self._lexical(base, query, rows), latent_signal(base, query, rows)])

        for row in asked:
            query = self.read(Need("", texts_of(unpack(base, int(row)))[0])).query
            samples.append(signals_of(query, answering[answering != row]))
            selves.append((signals_of(query, np.array([row])), query.brevity))
        others = np.concatenate(samples)
        deviations = others.std(axis=0) if len(others) else np.ones(3)
        deviations[deviations < 1e-6] = 1
        self.frozen = replace(self.frozen, deviations=deviations.astype(np.float32))
        itself = float(np.median([combine(s[:, :2], s[:, 2], b, deviations, self.settings)[0] for s, b in selves]))
        self.frozen = replace(self.frozen, scale=3 / max(itself, 1e-6))  # 1 - e^-3 = .95 for a solver's own text

    # -- reading a need -------------------------------------------------------------------------------------------

    def scale(self) -> Scale:
        """What the signals are measured with, for the vocabulary as it is now."""
        if self._scale is None:
            text_idf = self.vocabulary.idf**self.settings.text_idf
            unseen = self.vocabulary.idf_unseen**self.settings.text_idf
            self._scale = Scale(text_idf, unseen, self.vocabulary.size, self.frozen.mean_length, self.settings)
        self._scale.size = self.vocabulary.size
        return self._scale

    def read(self, need: Need) -> Reading:
        """The need as terms and numbers, with what the glossary adds. Raises InvalidInput."""
        return Reader(self.settings, self.glossary, self.vocabulary, self.frozen.projection).read(need)

    # -- ranking ---------------------------------------------------------------------------------------------------

    def _lexical(self, segment: Segment, query: Query, rows: np.ndarray) -> np.ndarray:
        return signals(segment, query, rows, self.scale(), self.engine)

    def _candidates(self, query: Query, k: int, wanted: list[np.ndarray] | None = None) -> list[Candidates]:
        """Per segment the k profiles with the nearest centroids, of the wanted rows only."""
        rows = [self._nearest(number, query, k, self._allowed(number, wanted)) for number in range(len(self.segments))]
        return [Candidates(s, r, self._lexical(s, query, r)) for s, r in zip(self.segments, rows, strict=True)]

    def _nearest(self, number: int, query: Query, k: int, allowed: np.ndarray | None) -> np.ndarray:
        """int64: rows of the k nearest centroids, by the telling terms alone wherever they find k."""
        segment = self.segments[number]
        if len(segment) > k:
            rows = retrieve(segment, telling(query, _TELLING), k, allowed, self.engine)
            if len(rows) == k:
                return rows
        return retrieve(segment, query, k, allowed, self.engine)

    def _nearby(self, query: Query) -> list[Candidates]:
        """The nearest of the whole index by all terms: who else is asked about must not change a profile's score."""
        rows = [retrieve(segment, query, _LOOK, self._allowed(number, None), self.engine)
                for number, segment in enumerate(self.segments)]  # fmt: skip
        return [Candidates(s, r, self._lexical(s, query, r)) for s, r in zip(self.segments, rows, strict=True)]

    def _moved(self, query: Query, candidates: list[Candidates] | None = None) -> Query:
        """The query moved towards the nearest profiles of the whole index, equal ones by id."""
        few = min(self.settings.nearest, len(self) // _FEW_OF)  # of a tiny index the nearest are everybody
        if not few or query.brevity == 1:
            return query
        near: list[tuple[float, str, np.ndarray]] = []
        for segment, rows, lexical in candidates or self._nearby(query):
            cosines = lexical[:, 0].round(9)
            border = max(np.partition(cosines, -few)[-few], 1e-9) if few < len(rows) else 1e-9
            near += [(-cosines[i], segment.names[int(rows[i])], segment.latent[rows[i]])
                     for i in np.flatnonzero(cosines >= border)]  # fmt: skip
        near.sort(key=lambda profile: profile[:2])
        return moved(query, [latent for *_, latent in near[:few]])

    def score(self, segment: Segment, query: Query, rows: np.ndarray, lexical: np.ndarray) -> np.ndarray:
        """float64 [len(rows)] in [0, 1]: the exact score of the given rows, to nine decimals."""
        latent = latent_signal(segment, query, rows) if query.brevity < 1 else np.zeros(len(rows))
        combined = combine(lexical, latent, query.brevity, self.frozen.deviations, self.settings)
        return np.round(1 - np.exp(-self.frozen.scale * np.maximum(combined, 0)), 9)

    def hits(self, reading: Reading, limit: int, among: Collection[str] | None = None) -> list[Hit]:
        """The best ``limit`` profiles, best first, equal scores by id; only those that share a term with the need."""
        if limit < 1:
            raise InvalidInput(f"limit must be at least 1, not {limit}")
        wanted = None if among is None else self._rows_of(among)
        candidates = self._candidates(reading.query, max(self.settings.candidates, limit), wanted)
        query = self._moved(reading.query, candidates if wanted is None else None)
        found: list[Hit] = []
        for segment, rows, lexical in candidates:
            scores = self.score(segment, query, rows, lexical)
            if len(rows) > limit:
                chosen = scores >= np.partition(scores, -limit)[-limit]
                rows, scores = rows[chosen], scores[chosen]
            found += [Hit(segment.names[r], s, segment, r)
                      for r, s in zip(rows.tolist(), scores.tolist(), strict=True) if s > 0]  # fmt: skip
        found.sort(key=lambda hit: (-hit.score, hit.id))
        return found[:limit]

    def _allowed(self, number: int, wanted: list[np.ndarray] | None) -> np.ndarray | None:
        """bool [n] of the rows that may answer, None when all may."""
        gone = self.gone[number]
        if wanted is None:
            return ~gone if gone.any() else None
        mask = np.zeros(len(gone), bool)
        rows = wanted[number]
        mask[rows[rows >= 0]] = True
        return mask

    def scores(self, reading: Reading, ids: Sequence[str]) -> list[float]:
        """The exact score of each named profile, 0 included. Raises UnknownProfile."""
        found = np.full(len(ids), -1.0)
        query = self._moved(reading.query)
        for segment, rows in zip(self.segments, self._rows_of(ids), strict=True):
            here = np.flatnonzero(rows >= 0)
            found[here] = self.score(segment, query, rows[here], self._lexical(segment, query, rows[here]))
        values = found.tolist()
        if len(values) and min(values) < 0:
            raise UnknownProfile(f"no profile {ids[values.index(-1.0)]!r} in the index")
        return values

    def locate(self, id_: str) -> tuple[Segment, int]:
        """The segment and row of a profile. Raises UnknownProfile."""
        for segment, rows in zip(self.segments, self._rows_of([id_]), strict=True):
            if rows[0] >= 0:
                return segment, int(rows[0])
        raise UnknownProfile(f"no profile {id_!r} in the index")

    def __contains__(self, id_: object) -> bool:
        return isinstance(id_, str) and any(rows[0] >= 0 for rows in self._rows_of([id_]))

    def _rows_of(self, ids: Collection[str]) -> list[np.ndarray]:
        """Per segment int64 [len(ids)]: the living row of each profile, -1 where the segment has none."""
        hashes = hash_terms(list(ids))
        found = []
        for segment, gone in zip(self.segments, self.gone, strict=True):
            rows = segment.names.rows(hashes)
            rows[rows >= 0] = np.where(gone[rows[rows >= 0]], -1, rows[rows >= 0])
            found.append(rows)
        return found

    # -- change ----------------------------------------------------------------------------------------------------

    def update(self, changed: Iterable[Profile], removed: Iterable[str] = ()) -> None:
        """Replace, add and remove profiles at once; the base stays as it is. Raises as fit, and UnknownProfile."""
        newcomers = list(checked(changed))
        leaving = list(dict.fromkeys(removed))
        unknown = np.flatnonzero(np.all([rows < 0 for rows in self._rows_of(leaving)], axis=0))
        if len(unknown):
            raise UnknownProfile(f"no profile {leaving[unknown[0]]!r} in the index")
        places = self._rows_of([profile.id for profile in newcomers])
        segment = self._segment_of(newcomers, places) if newcomers else None
        for gone, left, replaced in zip(self.gone, self._rows_of(leaving), places, strict=True):
            gone[left[left >= 0]] = True
            gone[replaced[replaced >= 0]] = True
        if segment is not None:
            self.segments.append(segment)
            self.gone.append(np.zeros(len(segment), bool))
        if len(self.segments) > _MOST_SEGMENTS:
            self._merge(1)

    def _segment_of(self, profiles: list[Profile], places: list[np.ndarray]) -> Segment:
        """A segment of these profiles; a text that its profile had before at ``places`` is not read again."""
        texts = [texts_of(profile) for profile in profiles]
        flat = [text for part in texts for text in part]
        digests = [digest_of(text) for text in flat]
        read: dict[int, np.ndarray] = {}
        for segment, rows in zip(self.segments, places, strict=True):
            if len(rows := rows[rows >= 0]):
                read |= read_before(segment, rows)
        fresh = [text for text, digest in zip(flat, digests, strict=True) if digest not in read]
        numbering = Numbering()
        words = words_of(fresh, numbering)
        ids = self.vocabulary.lookup(list(numbering), grow=True)
        starts, entries = entries_of(words._replace(terms=ids[words.terms]), self.vocabulary.size)
        new = iter(np.split(entries, starts[1:-1]))
        rows = [read[digest] if digest in read else next(new) for digest in digests]
        counts = Counts(starts_of(np.array([len(part) for part in texts])), starts_of(np.array([len(r) for r in rows])),
                        np.concatenate([*rows, entries[:0]]))  # fmt: skip
        packed = pack([blob_of(profile) for profile in profiles])
        corpus = Corpus(names_of([profile.id for profile in profiles]), packed, np.array(digests, np.uint64), counts)
        return self._build(corpus)

    def _build(self, corpus: Corpus) -> Segment:
        space = self.frozen.projection
        return build_segment(corpus, self.scale().idf, lambda rows, ids: project(rows, ids, space))

    def compact(self) -> None:
        """Merge the segments into one and forget the removed rows; every score stays what it was."""
        self._merge(0)

    def forget(self) -> None:
        """Drop what is still held of replaced and removed profiles; no ranking changes."""
        for number, (segment, gone) in enumerate(zip(self.segments, self.gone, strict=True)):
            if remembers(segment, gone):
                self.segments[number] = forget(segment, gone)

    def _merge(self, first: int) -> None:
        """Put one segment in the place of all from ``first`` on."""
        parts = [living(*pair) for pair in zip(self.segments[first:], self.gone[first:], strict=True)]
        merged = self._build(together(parts))
        self.segments[first:], self.gone[first:] = [merged], [np.zeros(len(merged), bool)]

    def drift(self) -> Drift:
        """How far the frozen idf is from today's: the sign that it is time to fit anew."""
        alive = [living(*pair).counts for pair in zip(self.segments, self.gone, strict=True)]
        texts = sum(len(part.first_term) - 1 for part in alive)
        today = np.sum(
            [np.bincount(unjoined(part.entries)[0], minlength=self.vocabulary.size) for part in alive], axis=0
        )
        known = len(self.vocabulary.hashes)
        shift = np.abs(idf_of(today, texts) - self.vocabulary.all_idf())
        total = max(int(np.sum(today)), 1)
        return Drift(self.vocabulary.texts, texts, len(self.vocabulary.later), float(np.sum(today[known:])) / total,
                     float(np.sum(shift * today)) / total, len(self.segments),
                     int(sum(gone.sum() for gone in self.gone)))  # fmt: skip
