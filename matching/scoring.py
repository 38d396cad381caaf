"""The signals of a match, from counts: cosine pooled over a solver's texts, cosine with the centroid, BM25, latent.

``retrieve`` and ``signals`` run compiled on large segments; ``retrieve_plainly`` and ``signals_plainly`` are the same
in NumPy and SciPy: the fallback without numba, the path of small corpora, and the reference the tests compare with.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np

from matching.features import Segment
from matching.types import Settings

MOST_TERMS = 8192  # distinct terms of one need that take part, the heaviest; a longer text is a pasted document
WORTH_COMPILING = 2000  # profiles; below, loading the compiler costs more than it saves


@dataclass(slots=True)
class Query:
    """A need as numbers. terms: int64 [m] known term ids, rarest first; weights: float32 [m] over the norm of the
    whole need, unknown terms included; steep: float64 [m] the same for BM25; latent: float32 [dimensions], unit or
    zero; brevity in [0, 1]: how much BM25 decides, near 1 for a bare title."""

    terms: np.ndarray
    weights: np.ndarray
    steep: np.ndarray
    latent: np.ndarray
    brevity: float


@dataclass(slots=True)
class Scale:
    """What the signals are measured with. text_idf: float32 [v], as in the text vectors; mean_length in terms."""

    text_idf: np.ndarray
    mean_length: float
    settings: Settings


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


def ranges(starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """int64: the numbers of all half-open ranges, one after another."""
    sizes = ends - starts
    offsets = np.repeat(starts - np.concatenate([[0], np.cumsum(sizes)[:-1]]), sizes)
    return offsets + np.arange(int(sizes.sum()))


_DAMPED = np.concatenate([[0.0], 1 + np.log(np.arange(1, 256))])


# -- retrieval -----------------------------------------------------------------------------------------------------


def retrieve(segment: Segment, query: Query, k: int, allowed: np.ndarray | None, engine: str = "auto") -> np.ndarray:
    """int64, ascending: rows of the k profiles whose centroid is closest to the query (only positive cosines).

    allowed: bool [n] or None when all are. Of equal cosines at the border the first rows are taken.
    """
    kernel = kernel_for(segment, engine)
    if kernel is None:
        return retrieve_plainly(segment, query, k, allowed)
    within = query.terms < len(segment.posting_start) - 1
    scores = np.zeros(-(-len(segment) // kernel.BLOCK) * kernel.BLOCK, np.float32)
    everyone = np.empty(0, bool)
    kernel.accumulate(segment.posting_start, segment.posting_row.view(np.uint32), segment.posting_weight,
                      segment.greatest, query.terms[within], query.weights[within],
                      everyone if allowed is None else allowed, k, scores)  # fmt: skip
    return kernel.best_rows(scores.view(np.int32), k)


def retrieve_plainly(segment: Segment, query: Query, k: int, allowed: np.ndarray | None) -> np.ndarray:
    """As ``retrieve``, by SciPy: one sparse row times the postings."""
    scores = centroid_scores(segment, query)
    if allowed is not None:
        scores[~allowed] = 0
    rows = np.flatnonzero(scores > 0)
    if len(rows) > k:
        rows = np.sort(rows[np.lexsort((rows, -scores[rows]))[:k]])
    return rows


def centroid_scores(segment: Segment, query: Query) -> np.ndarray:
    """float32 [n]: cosine of the query with every centroid, summed in the order of the query's terms."""
    from scipy.sparse import csr_matrix

    v = len(segment.posting_start) - 1
    by_term = csr_matrix((segment.posting_weight, segment.posting_row, segment.posting_start), shape=(v, len(segment)))
    within = query.terms < v
    terms = query.terms[within]
    row = csr_matrix((query.weights[within], terms, np.array([0, len(terms)])), shape=(1, v))
    scores: Any = row @ by_term
    return scores.toarray().ravel()


# -- the signals of given rows -------------------------------------------------------------------------------------


def signals(segment: Segment, query: Query, rows: np.ndarray, scale: Scale, engine: str = "auto") -> np.ndarray:
    """float64 [len(rows), 4]: pooled, centroid, best and latent of the given profiles, not yet divided by their
    deviations."""
    kernel = kernel_for(segment, engine)
    if kernel is None:
        return signals_plainly(segment, query, rows, scale)
    slot = np.zeros(len(scale.text_idf), np.int16)
    slot[query.terms] = np.arange(1, len(query.terms) + 1)
    cosine = np.zeros(len(query.terms) + 1)
    cosine[1:] = query.weights.astype(float) * scale.text_idf[query.terms]
    bm25 = np.zeros(len(query.terms) + 1)
    bm25[1:] = query.steep
    counts, s = segment.counts, scale.settings
    lexical = kernel.signals(counts.first_text, counts.first_term, counts.terms, counts.counts, segment.norms,
                             segment.lengths, segment.centroid_norms, rows, slot, cosine, bm25, _DAMPED,
                             s.tau, s.k1, s.b, s.rest, scale.mean_length)  # fmt: skip
    return np.column_stack([lexical, latent_signal(segment, query, rows)])


def latent_signal(segment: Segment, query: Query, rows: np.ndarray) -> np.ndarray:
    """float64 [len(rows)]: cosine in latent space, 0 where negative; each row summed alone, so twins stay equal."""
    return np.maximum((segment.latent[rows] * query.latent.astype(float)).sum(axis=1), 0)


def signals_plainly(segment: Segment, query: Query, rows: np.ndarray, scale: Scale) -> np.ndarray:
    """As ``signals``, by NumPy."""
    counts, s = segment.counts, scale.settings
    first, last = counts.first_text[rows], counts.first_text[rows + 1]
    sizes = last - first
    out = np.zeros((len(rows), 4))
    filled = np.flatnonzero(sizes)
    if len(filled):
        cosine, bm25 = _per_text(segment, query, ranges(first, last), scale)
        n, groups = sizes[filled], (np.cumsum(sizes) - sizes)[filled]
        peak = np.maximum.reduceat(cosine, groups)
        spread = np.add.reduceat(np.exp((cosine - np.repeat(peak, n)) / s.tau), groups)
        top = np.maximum.reduceat(bm25, groups)
        out[filled, 0] = peak + s.tau * np.log(spread / n)
        norms = np.maximum(segment.centroid_norms[rows[filled]].astype(float), 1e-9)
        out[filled, 1] = np.add.reduceat(cosine, groups) / n / norms
        out[filled, 2] = top + s.rest * (np.add.reduceat(bm25, groups) - top) / np.maximum(n - 1, 1)
    out[:, 3] = latent_signal(segment, query, rows)
    return out


def _per_text(segment: Segment, query: Query, texts: np.ndarray, scale: Scale) -> tuple[np.ndarray, np.ndarray]:
    """(cosine, BM25) float64 [len(texts)]."""
    counts, s = segment.counts, scale.settings
    dense = np.zeros((2, len(scale.text_idf)))
    dense[0, query.terms] = query.weights.astype(float) * scale.text_idf[query.terms]
    dense[1, query.terms] = query.steep
    a, b = counts.first_term[texts], counts.first_term[texts + 1]
    places = ranges(a, b)
    terms, tf = counts.terms[places], counts.counts[places]
    starts = np.cumsum(b - a) - (b - a)
    norms = np.maximum(segment.norms[texts].astype(float), 1e-9)
    cosine = np.add.reduceat(dense[0, terms] * _DAMPED[tf], starts) / norms
    saturation = s.k1 * (1 - s.b + s.b * segment.lengths[texts].astype(float) / scale.mean_length)
    tf = tf.astype(float)
    share = tf * (s.k1 + 1) / (tf + np.repeat(saturation, b - a))
    return cosine, np.add.reduceat(dense[1, terms] * share, starts)


def combine(signal: np.ndarray, brevity: float, deviations: np.ndarray, settings: Settings) -> np.ndarray:
    """float64 [n]: the weighted sum of the signals, each in standard deviations frozen at fit; not yet in [0, 1].

    A bare title is decided by its best single texts (BM25), a described problem by everything a solver has done.
    Without a shared term it is 0: there would be no reason to show, whatever the latent space says.
    """
    long = 1 - brevity
    weights = np.array([long * settings.pooled, long * settings.centroid, brevity * settings.best,
                        long * settings.latent])  # fmt: skip
    total = (signal * (weights / deviations)).sum(axis=1)
    total[signal[:, 1] <= 0] = 0
    return total
