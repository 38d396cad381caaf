"""A segment of the index: postings over centroids to find profiles, the counts of their texts to score them exactly."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from matching.features import CHUNK, DAMPED, Corpus, Counts, Names, names_of, ranges, starts_of, unjoined
from matching.types import Document, Profile

Projection = Callable[[Any, np.ndarray], np.ndarray]
"""(sparse rows, scipy being imported late; the term id of each column) -> float16 [n, dimensions]"""


@dataclass(slots=True)
class Segment:
    """An immutable part of the index over n profiles, d texts and the u terms they use.

    digests: uint64 [d] of the texts; norms: float32 [d] of the TF-IDF vectors; lengths: uint16 [d] in terms (uint32
    where that is too small);
    centroid_norms: float32 [n] of the mean of the unit vectors. columns: int32 [u] ascending, the ids of the terms
    used; posting_start: int32 [u + 1], posting_row: int32, posting_weight: uint16: the unit centroids by term, a
    weight counting parts (65,535 to the whole) of greatest: float32 [u], the largest weight of the term.
    latent: float16 [n, dimensions]; packed: uint8, the profiles as UTF-8 JSON between packed_start [n + 1].
    """

    names: Names
    counts: Counts
    digests: np.ndarray
    norms: np.ndarray
    lengths: np.ndarray
    centroid_norms: np.ndarray
    columns: np.ndarray
    posting_start: np.ndarray
    posting_row: np.ndarray
    posting_weight: np.ndarray
    greatest: np.ndarray
    latent: np.ndarray
    packed: np.ndarray
    packed_start: np.ndarray

    def __len__(self) -> int:
        return len(self.centroid_norms)


FINEST = 65_535  # parts of the greatest weight of a term that a posting counts


def text_vectors(counts: Counts, columns: np.ndarray, text_idf: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray]:
    """(unit TF-IDF rows as csr [texts, u] float32, norms float32 [texts], lengths uint32 [texts]).

    columns: the ascending ids of the terms in use, text_idf: float32 [u] beside them.
    """
    from scipy.sparse import csr_matrix

    terms, tf = unjoined(counts.entries)
    local = local_of(terms, columns)
    weights = (DAMPED[tf] * text_idf[local]).astype(np.float32)
    norms = np.sqrt(sums(weights * weights, counts.first_term)).astype(np.float32)
    weights /= np.repeat(np.maximum(norms, 1e-9), np.diff(counts.first_term))
    shape = (len(counts.first_term) - 1, len(columns))
    return csr_matrix((weights, local, counts.first_term), shape), norms, sums(tf, counts.first_term).astype(np.uint32)


def local_of(terms: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """int32: the column of each term; all of them are in ``columns``."""
    if not len(columns) or columns[-1] == len(columns) - 1:
        return terms
    table = np.empty(int(columns[-1]) + 1, np.int32)
    table[columns] = np.arange(len(columns))
    return table[terms]


def sums(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """float64 [len(starts) - 1]: the sum of each stretch of values, empty ones 0."""
    found = np.zeros(len(starts) - 1)
    filled = np.flatnonzero(np.diff(starts))
    if len(filled):
        found[filled] = np.add.reduceat(values, starts[filled], dtype=np.float64)
    return found


def centroids(counts: Counts, rows: Any) -> tuple[Any, np.ndarray]:
    """(unit centroid rows csr [profiles, u] float32, norms of the means float32 [profiles])."""
    from scipy.sparse import csr_matrix

    means: Any
    sizes = np.diff(counts.first_text)
    shares = np.repeat(1 / np.maximum(sizes, 1), sizes).astype(np.float32)
    means = csr_matrix((shares, np.arange(len(shares)), counts.first_text), shape=(len(sizes), len(shares))) @ rows
    norms = np.sqrt(sums(means.data * means.data, means.indptr)).astype(np.float32)
    means.data /= np.repeat(np.maximum(norms, 1e-9), np.diff(means.indptr))
    return means, norms


def unpack(segment: Segment, row: int) -> Profile:
    """The profile that was indexed as ``row``."""
    a, b = segment.packed_start[row], segment.packed_start[row + 1]
    id_, keywords, bio, documents = json.loads(segment.packed[a:b].tobytes())
    return Profile(id_, keywords, bio, [Document(t, a, k, y) for t, a, k, y in documents])


def used_terms(counts: Counts) -> np.ndarray:
    """int32 [u] ascending: the ids that occur."""
    terms = unjoined(counts.entries)[0]
    used = np.zeros(int(terms.max(initial=-1)) + 1, bool)
    used[terms] = True
    return np.flatnonzero(used).astype(np.int32)


def build_segment(corpus: Corpus, text_idf: Callable[[np.ndarray], np.ndarray], project: Projection) -> Segment:
    """A segment of a corpus; ``text_idf(term ids)`` gives the weights and ``project`` the latent vectors."""
    counts = corpus.counts
    columns = used_terms(counts)
    idf = text_idf(columns)
    means, parts = [], []
    for begin in range(0, max(len(corpus.names), 1), CHUNK):
        part = counts.part(begin, min(begin + CHUNK, len(corpus.names)))
        rows, norms, lengths = text_vectors(part, columns, idf)
        unit, centroid_norms = centroids(part, rows)
        means.append(unit)
        parts.append((norms, lengths, centroid_norms, project(unit, columns)))
    norms, lengths, centroid_norms, latent = (np.concatenate(each) for each in zip(*parts, strict=True))
    lengths = lengths.astype(np.uint16 if lengths.max(initial=0) <= FINEST else np.uint32)
    start, row, weight, greatest = postings(means, len(columns))
    return Segment(corpus.names, counts, corpus.digests, norms, lengths, centroid_norms, columns, start, row, weight,
                   greatest, latent, *corpus.packed)  # fmt: skip


def postings(means: list[Any], size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(start, row, weight, greatest) of centroids by term, from their rows in parts, which are used up."""
    from scipy.sparse import vstack

    by_term: Any = vstack(means, "csr").tocsc() if len(means) > 1 else means[0].tocsc()
    means.clear()
    start = starts_of(np.diff(by_term.indptr))
    greatest = np.zeros(size, np.float32)
    if size:
        greatest = np.maximum.reduceat(by_term.data, start[:-1])
    by_term.data *= np.repeat(FINEST / greatest, np.diff(start))
    weight = np.maximum(np.rint(by_term.data), 1).astype(np.uint16)
    return start, by_term.indices.astype(np.int32, copy=False), weight, greatest


def read_before(segment: Segment, rows: np.ndarray) -> dict[int, np.ndarray]:
    """Digest → entries of the texts of these profiles."""
    counts = segment.counts
    texts = ranges(counts.first_text[rows], counts.first_text[rows + 1])
    starts = counts.first_term
    return {digest: counts.entries[a:b] for digest, a, b in zip(
        segment.digests[texts].tolist(), starts[texts].tolist(), starts[texts + 1].tolist(), strict=True)}  # fmt: skip


def of_texts(counts: Counts, texts: np.ndarray) -> Counts:
    """The counts of single texts, each a profile of its own."""
    first, last = counts.first_term[texts], counts.first_term[texts + 1]
    return Counts(np.arange(len(texts) + 1), starts_of(last - first), counts.entries[ranges(first, last)])


def living(segment: Segment, gone: np.ndarray) -> Corpus:
    """The corpus of a segment without the rows that are gone."""
    rows = np.flatnonzero(~gone)
    counts, sizes = segment.counts, np.diff(segment.counts.first_text)[rows]
    texts = ranges(counts.first_text[rows], counts.first_text[rows + 1])
    taken = of_texts(counts, texts)
    first, last = segment.packed_start[rows], segment.packed_start[rows + 1]
    packed = segment.packed[ranges(first, last)], starts_of(last - first)
    names = names_of([segment.names[row] for row in rows.tolist()])
    return Corpus(names, packed, segment.digests[texts], Counts(starts_of(sizes), taken.first_term, taken.entries))


def forget(segment: Segment, gone: np.ndarray) -> Segment:
    """The segment with nothing left of the rows that are gone but their numbers: no word, no count, no posting."""
    counts, kept = segment.counts, np.flatnonzero(~gone)
    sizes = np.where(gone, 0, np.diff(counts.first_text))
    texts = ranges(counts.first_text[kept], counts.first_text[kept + 1])
    taken = of_texts(counts, texts)
    stays = ~gone[segment.posting_row]
    names, first, last = segment.names, segment.packed_start[kept], segment.packed_start[kept + 1]
    return replace(
        segment,
        names=replace(names, text=names.text[ranges(names.start[kept], names.start[kept + 1])],
                      start=starts_of(np.where(gone, 0, np.diff(names.start)))),
        counts=Counts(starts_of(sizes), taken.first_term, taken.entries),
        digests=segment.digests[texts],
        norms=segment.norms[texts],
        lengths=segment.lengths[texts],
        posting_start=starts_of(sums(stays, segment.posting_start).astype(np.int64)),
        posting_row=segment.posting_row[stays],
        posting_weight=segment.posting_weight[stays],
        latent=np.where(gone[:, None], np.float16(0), segment.latent),
        packed=segment.packed[ranges(first, last)],
        packed_start=starts_of(np.where(gone, 0, np.diff(segment.packed_start))),
    )  # fmt: skip


def remembers(segment: Segment, gone: np.ndarray) -> bool:
    """Whether words of rows that are gone are still in the segment."""
    return bool((np.diff(segment.packed_start)[gone] > 0).any())


def together(parts: list[Corpus]) -> Corpus:
    """Several corpora one after another."""

    def chain(starts: list[np.ndarray]) -> np.ndarray:
        return starts_of(np.concatenate([np.diff(each) for each in starts]))

    names = names_of([part.names[row] for part in parts for row in range(len(part.names))])
    packed = np.concatenate([part.packed[0] for part in parts]), chain([part.packed[1] for part in parts])
    counts = [part.counts for part in parts]
    counted = Counts(chain([c.first_text for c in counts]), chain([c.first_term for c in counts]),
                      np.concatenate([c.entries for c in counts]))  # fmt: skip
    return Corpus(names, packed, np.concatenate([part.digests for part in parts]), counted)
