"""Made-up corpora for the matcher's speed: profiles and needs drawn from Zipf's law, as numbers or as texts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from matching import Document, Need, Profile
from matching.features import Corpus, Counts, joined, names_of, pack, starts_of, unjoined
from matching.scoring import Query
from matching.segments import FINEST, Segment, build_segment

NEED_TERMS = 215
FIELDS = 500  # subjects people work in; half of a text's terms come from its subject
TERMS, LEXICON, PART = 200_000, 20_000, 50_000


def zipf(draw: np.random.Generator, number: int, vocabulary: int) -> np.ndarray:
    """int64: ranks with probability about 1 / (rank + 30)."""
    shift = 30.0
    return (shift * ((vocabulary + shift) / shift) ** draw.random(number) - shift).astype(np.int64)


def terms_of(fields: np.ndarray, length: int, vocabulary: int, draw: np.random.Generator) -> np.ndarray:
    """int64 [len(fields), length]: general terms by Zipf's law, and as many by Zipf's law within the subject."""
    general = zipf(draw, len(fields) * length, vocabulary).reshape(-1, length)
    special = zipf(draw, len(fields) * length, 2000).reshape(-1, length)
    special = (special * 7919 + fields[:, None] * 104_729) % vocabulary
    return np.where(draw.random(general.shape) < 0.5, general, special)


def counts_of(size: int, draw: np.random.Generator) -> Counts:
    """Two texts a profile, about 38 distinct terms each; made in parts, for a million need not be held as drawn."""
    lengths, entries = [], []
    for begin in range(0, size, PART):
        number = min(PART, size - begin)
        raw = terms_of(np.repeat(draw.integers(0, FIELDS, number), 2), 40, TERMS, draw)
        if begin == 0:  # each term somewhere, as after a fit
            raw.ravel()[:TERMS] = np.arange(min(TERMS, raw.size))
        raw.sort(axis=1)
        fresh = np.ones_like(raw, bool)
        fresh[:, 1:] = raw[:, 1:] != raw[:, :-1]
        starts = np.flatnonzero(fresh.ravel())
        lengths.append(fresh.sum(axis=1))
        entries.append(joined(raw[fresh], np.diff(np.append(starts, raw.size)), TERMS))
    return Counts(np.arange(0, 2 * size + 1, 2, dtype=np.int32), starts_of(np.concatenate(lengths)),
                  np.concatenate(entries))  # fmt: skip


def segment_of(size: int, seed: int = 1) -> tuple[Segment, np.ndarray]:
    """(a segment of profiles without a word of text, which has every term; idf)."""
    counts = counts_of(size, np.random.default_rng(seed))
    frequencies = np.bincount(unjoined(counts.entries)[0], minlength=TERMS)
    idf = (np.log((1 + 2 * size) / (1 + frequencies)) + 1).astype(np.float32)
    corpus = Corpus(
        names_of([f"{i:07}" for i in range(size)]), pack([b""] * size), np.zeros(2 * size, np.uint64), counts
    )
    segment = build_segment(corpus, lambda terms: np.sqrt(idf[terms]), lambda rows, _: np.zeros((rows.shape[0], 0)))
    return segment, idf


def by_term(segment: Segment) -> Any:
    """float32 [terms, profiles]: the centroids as other libraries want them, without their quantisation."""
    width = np.diff(segment.posting_start)
    weights = segment.posting_weight * np.repeat(segment.greatest / np.float32(FINEST), width)
    return csr_matrix((weights.astype(np.float32, copy=False), segment.posting_row, segment.posting_start),
                      (len(segment.columns), len(segment)))  # fmt: skip


def queries(number: int, segment: Segment, idf: np.ndarray, seed: int = 2) -> list[Query]:
    """Needs whose terms come rarest first, weighted as the matcher does, every term known to the segment."""
    draw, found = np.random.default_rng(seed), []
    lengths = np.zeros(TERMS, np.int64)
    lengths[segment.columns] = np.diff(segment.posting_start)
    for _ in range(number):
        terms = np.unique(terms_of(draw.integers(0, FIELDS, 1), int(NEED_TERMS * 1.2), TERMS, draw))
        terms = terms[lengths[terms] > 0]
        terms = terms[np.lexsort((terms, lengths[terms]))]
        weights = idf[terms] ** 2.5
        weights = (weights / np.sqrt((weights**2).sum())).astype(np.float32)
        found.append(
            Query(terms, weights, np.ones(len(terms), bool), weights.astype(float), np.zeros(0, np.float32), 0.0)
        )
    return found


class Writer:
    """Texts of made-up words: two to four of the 2,500 first Chinese characters, some much more frequent."""

    def __init__(self, seed: int = 3) -> None:
        self.draw = np.random.default_rng(seed)
        characters = zipf(self.draw, LEXICON * 4, 2500).reshape(-1, 4)
        self.words = ["".join(chr(0x4E00 + c) for c in row[: 2 + i % 3]) for i, row in enumerate(characters)]

    def texts(self, fields: np.ndarray, length: int) -> list[str]:
        return [
            "，".join([self.words[i] for i in row]) for row in terms_of(fields, length, LEXICON, self.draw).tolist()
        ]

    def text(self, field: int, length: int) -> str:
        return self.texts(np.array([field % FIELDS]), length)[0]

    def document(self, field: int) -> Document:
        """One of the length of a title and an abstract."""
        return Document(self.text(field, 6), self.text(field, 50))

    def profiles(self, size: int) -> Iterator[Profile]:
        """A profile of twelve words about the person and two titles of six."""
        for begin in range(0, size, PART):
            fields = np.arange(begin, min(begin + PART, size)) % FIELDS
            bios, titles = self.texts(fields, 12), self.texts(np.repeat(fields, 2), 6)
            for i, bio in enumerate(bios):
                yield Profile(f"{begin + i:07}", bio=bio, documents=[Document(t) for t in titles[2 * i : 2 * i + 2]])

    def needs(self, number: int) -> list[Need]:
        """A title of three words and fifty words of text."""
        return [Need(str(i), self.text(i, 3), self.text(i, 50)) for i in range(number)]
