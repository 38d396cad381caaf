"""The signals of a match, from counts: cosine with the middle of a solver's texts, BM25 of the best, latent cosine.

``retrieve`` and ``signals`` run compiled on large segments; ``retrieve_plainly`` and ``signals_plainly`` are the same
in NumPy and SciPy: the fallback without numba, the path of small corpora, and the reference the tests compare with.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np

from matching.features import DAMPED, places_in, ranges, unjoined
from matching.segments import FINEST, Segment
from matching.types import Settings

MOST_TERMS = 8192  # distinct terms of one need that take part, the heaviest; a longer text is a pasted document
WORTH_COMPILING = 2000  # profiles; below, loading the compiler costs more than it saves


@dataclass(slots=True)
class Query:
    """A need as numbers. terms: int64 [m] known term ids, rarest first; weights: float32 [m] over the norm of the
    whole need, unknown terms included; shows: bool [m], whether the term alone is evidence of a match; steep:
    float64 [m] the weights for BM25; latent: float32 [dimensions], unit or
    zero; brevity in [0, 1]: how much BM25 decides, near 1 for a bare title."""

    terms: np.ndarray
    weights: np.ndarray
    shows: np.ndarray
    steep: np.ndarray
    latent: np.ndarray
    brevity: float


@dataclass(slots=True)
class Scale:
    """What the signals are measured with. text_idf: float32 [v at fit], as in the text vectors, and unseen for the
    terms met later, ``size`` terms in all; mean_length in terms."""

    text_idf: np.ndarray
    unseen: float
    size: int
    mean_length: float
    settings: Settings

    def idf(self, terms: np.ndarray) -> np.ndarray:
        """float32 [len(terms)]."""
        at_fit = self.text_idf[np.minimum(terms, len(self.text_idf) - 1)]
        return np.where(terms < len(self.text_idf), at_fit, np.float32(self.unseen))


@lru_cache(maxsize=1)
def _compiled() -> ModuleType | None:
    try:
        from matching import kernel
    except ImportError:
        return None
    return kernel


def kernel_for(segment: Segment, engine: str) -> ModuleType | None:
    """The compiled module when ``engine`` ("auto", "compiled" or "plain") and the size of the segment ask for it."""
    if engine == "plain" or (engine == "auto" and len(segment) < WORTH_COMPILING):
        return None
    return _compiled()


# -- retrieval -----------------------------------------------------------------------------------------------------


def retrieve(segment: Segment, query: Query, k: int, allowed: np.ndarray | None, engine: str = "auto") -> np.ndarray:
    """int64, ascending: rows of the k profiles whose centroid is closest to the query (only positive cosines).

    allowed: bool [n] or None when all are. Of equal cosines at the border the first rows are taken.
    """
    kernel = kernel_for(segment, engine)
    if kernel is None:
        return retrieve_plainly(segment, query, k, allowed)
    terms, units = asked_of(segment, query)
    scores = np.zeros(-(-len(segment) // kernel.BLOCK) * kernel.BLOCK, np.float32)
    everyone = np.empty(0, bool)
    kernel.accumulate(segment.posting_start, segment.posting_row.view(np.uint32), segment.posting_weight, terms, units,
                      everyone if allowed is None else allowed, k, scores)  # fmt: skip
    return kernel.best_rows(scores.view(np.int32), k)


def asked_of(segment: Segment, query: Query) -> tuple[np.ndarray, np.ndarray]:
    """(columns int64, what one part of a posting's weight adds float32) of the query's terms that the segment has."""
    every = len(segment.columns)
    if every and segment.columns[-1] == every - 1:  # the base of a fresh fit has them all, in order
        known = query.terms < every
        columns = query.terms[known]
    else:
        columns = places_in(segment.columns, query.terms)
        known = columns >= 0
        columns = columns[known]
    return columns, query.weights[known] * (segment.greatest[columns] / np.float32(FINEST))


def telling(query: Query, share: float) -> Query:
    """The query with its heaviest terms alone, as many as hold this share of its squared weight."""
    order = np.argsort(-query.weights, kind="stable")
    held = np.cumsum(query.weights[order].astype(float) ** 2)
    kept = np.sort(order[: int(np.searchsorted(held, share * held[-1])) + 1]) if len(held) else order
    return Query(
        query.terms[kept], query.weights[kept], query.shows[kept], query.steep[kept], query.latent, query.brevity
    )


def retrieve_plainly(segment: Segment, query: Query, k: int, allowed: np.ndarray | None) -> np.ndarray:
    """As ``retrieve``, by SciPy: one sparse row times the postings."""
    scores = centroid_scores(segment, query)
    if allowed is not None:
        scores[~allowed] = 0
    rows = np.flatnonzero(scores > 0)
    if len(rows) > k:
        border = np.partition(scores, -k)[-k]
        above = np.flatnonzero(scores > border)
        rows = np.sort(np.concatenate([above, np.flatnonzero(scores == border)[: k - len(above)]]))
    return rows


def centroid_scores(segment: Segment, query: Query) -> np.ndarray:
    """float32 [n]: cosine of the query with every centroid, summed in the order of the query's terms."""
    from scipy.sparse import csr_matrix

    columns, units = asked_of(segment, query)
    first, last = segment.posting_start[columns], segment.posting_start[columns + 1]
    places = ranges(first, last)
    starts = np.concatenate([[0], np.cumsum(last - first)])
    weights = segment.posting_weight[places].astype(np.float32)
    by_term = csr_matrix((weights, segment.posting_row[places], starts), shape=(len(columns), len(segment)))
    row = csr_matrix((units, np.arange(len(columns)), np.array([0, len(columns)])), shape=(1, len(columns)))
    scores: Any = row @ by_term
    return scores.toarray().ravel()


# -- the signals of given rows -------------------------------------------------------------------------------------


def signals(segment: Segment, query: Query, rows: np.ndarray, scale: Scale, engine: str = "auto") -> np.ndarray:
    """float64 [len(rows), 2]: centroid and best (where the need is short enough for it to count) of the given profiles,
    not yet divided by their deviations; 0 where no term is shared that alone is evidence: there would be no reason to
    show."""
    kernel = kernel_for(segment, engine)
    if kernel is None:
        return signals_plainly(segment, query, rows, scale)
    slot = np.zeros(scale.size, np.int16)
    slot[query.terms] = np.arange(1, len(query.terms) + 1)
    nothing = np.zeros(1)
    cosine = np.concatenate([nothing, query.weights * scale.idf(query.terms).astype(float)])
    bm25 = np.concatenate([nothing, query.steep]) if query.brevity else np.empty(0)
    shows = np.concatenate([nothing > 0, query.shows])
    counts, s = segment.counts, scale.settings
    return kernel.signals(counts.first_text, counts.first_term, counts.entries, segment.norms, segment.lengths,
                          segment.centroid_norms, rows, slot, cosine, bm25, shows, DAMPED,
                          s.k1, s.b, s.rest, scale.mean_length)  # fmt: skip


def latent_signal(segment: Segment, query: Query, rows: np.ndarray) -> np.ndarray:
    """float64 [len(rows)]: cosine in latent space, 0 where negative; each row summed alone, so twins stay equal."""
    return np.maximum((segment.latent[rows] * query.latent.astype(float)).sum(axis=1), 0)


def moved(query: Query, latents: list[np.ndarray]) -> Query:
    """The query moved in latent space half-way to the middle of these profiles (relevance feedback, Rocchio 1971).

    What the nearest profiles work on says more of a need's field than its own few hundred words.
    """
    middle = np.sum(latents, axis=0, dtype=float) if latents else np.zeros(len(query.latent))
    sought = query.latent + middle / max(float(np.sqrt(middle @ middle)), 1e-9)
    return replace(query, latent=(sought / max(float(np.sqrt(sought @ sought)), 1e-9)).astype(np.float32))


def signals_plainly(segment: Segment, query: Query, rows: np.ndarray, scale: Scale) -> np.ndarray:
    """As ``signals``, by NumPy."""
    counts, s = segment.counts, scale.settings
    first, last = counts.first_text[rows], counts.first_text[rows + 1]
    sizes = last - first
    out = np.zeros((len(rows), 2))
    filled = np.flatnonzero(sizes)
    if len(filled):
        cosine, bm25, shown = _per_text(segment, query, ranges(first, last), scale)
        n, groups = sizes[filled], (np.cumsum(sizes) - sizes)[filled]
        top = np.maximum.reduceat(bm25, groups)
        norms = np.maximum(segment.centroid_norms[rows[filled]].astype(float), 1e-9)
        out[filled, 0] = np.add.reduceat(cosine, groups) / n / norms
        out[filled, 1] = top + s.rest * (np.add.reduceat(bm25, groups) - top) / np.maximum(n - 1, 1)
        out[filled[~np.logical_or.reduceat(shown, groups)]] = 0
    return out


def _per_text(segment: Segment, query: Query, texts: np.ndarray, scale: Scale) -> tuple[np.ndarray, ...]:
    """(cosine float64, BM25 float64, whether a term that is evidence stands in it) [len(texts)]."""
    counts, s = segment.counts, scale.settings
    dense = np.zeros((3, scale.size))
    dense[0, query.terms] = query.weights.astype(float) * scale.idf(query.terms)
    dense[1, query.terms] = query.steep
    dense[2, query.terms] = query.shows
    a, b = counts.first_term[texts], counts.first_term[texts + 1]
    places = ranges(a, b)
    terms, tf = unjoined(counts.entries[places])
    starts = np.cumsum(b - a) - (b - a)
    norms = np.maximum(segment.norms[texts].astype(float), 1e-9)
    cosine = np.add.reduceat(dense[0, terms] * DAMPED[tf], starts) / norms
    saturation = s.k1 * (1 - s.b + s.b * segment.lengths[texts].astype(float) / scale.mean_length)
    tf = tf.astype(float)
    share = tf * (s.k1 + 1) / (tf + np.repeat(saturation, b - a))
    return cosine, np.add.reduceat(dense[1, terms] * share, starts), np.add.reduceat(dense[2, terms], starts) > 0


def combine(
    lexical: np.ndarray, latent: np.ndarray, brevity: float, deviations: np.ndarray, settings: Settings
) -> np.ndarray:
    """float64 [n]: the weighted sum of the signals [n, 2] and [n], each in standard deviations frozen at fit; not yet
    in [0, 1].

    A bare title is decided by its best single texts (BM25), a described problem by everything a solver has done.
    Without a shared term it is 0, whatever the latent space says.
    """
    long = 1 - brevity
    weights = np.array([long * settings.centroid, brevity * settings.best, long * settings.latent]) / deviations
    total = lexical[:, 0] * weights[0] + lexical[:, 1] * weights[1] + latent * weights[2]
    total[lexical[:, 0] <= 0] = 0
    return total
