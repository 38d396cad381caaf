"""The signals of a match, from counts: cosine pooled over a solver's texts, cosine with the centroid, BM25, latent.

Pure functions over arrays; SciPy and NumPy only. They are the reference for the compiled kernel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.features import Segment
from matching.types import Settings

SIGNALS = ("pooled", "centroid", "best", "latent")


@dataclass(slots=True)
class Query:
    """A need as numbers. terms: int64 [m] ascending known term ids; weights: float32 [m] times idf, over the norm of
    the whole need, unknown terms included; steep: float32 [m] the same for BM25; latent: float32 [dimensions], unit or
    zero; brevity in [0, 1]: how much BM25 decides, near 1 for a bare title."""

    terms: np.ndarray
    weights: np.ndarray
    steep: np.ndarray
    latent: np.ndarray
    brevity: float


def ranges(starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """int64: the numbers of all half-open ranges, one after another."""
    sizes = ends - starts
    total = int(sizes.sum())
    offsets = np.repeat(starts - np.concatenate([[0], np.cumsum(sizes)[:-1]]), sizes)
    return offsets + np.arange(total)


_DAMPED = np.concatenate([[0.0], 1 + np.log(np.arange(1, 256))]).astype(np.float32)


def centroid_scores(segment: Segment, query: Query) -> np.ndarray:
    """float32 [n]: cosine of the query with every centroid, term at a time in ascending order of ids."""
    scores = np.zeros(len(segment), np.float32)
    for term, weight in zip(query.terms, query.weights, strict=True):
        if term + 1 < len(segment.posting_start):
            a, b = segment.posting_start[term], segment.posting_start[term + 1]
            scores[segment.posting_row[a:b]] += weight * segment.posting_weight[a:b]
    return scores


def signals(segment: Segment, query: Query, rows: np.ndarray, idf: np.ndarray, mean_length: float,
            settings: Settings) -> np.ndarray:  # fmt: skip
    """float32 [len(rows), 4]: the SIGNALS of the given profiles, each as is, not yet divided by its deviation."""
    counts = segment.counts
    first, last = counts.first_text[rows], counts.first_text[rows + 1]
    texts = ranges(first, last)
    sizes = last - first
    out = np.zeros((len(rows), 4), np.float32)
    filled = np.flatnonzero(sizes)
    if len(texts):
        dense = np.zeros((2, len(idf)), np.float32)
        dense[0, query.terms] = query.weights
        dense[1, query.terms] = query.steep
        cosine, bm25 = _per_text(segment, texts, dense, idf, mean_length, settings)
        groups = (np.cumsum(sizes) - sizes)[filled]
        mean = np.add.reduceat(cosine, groups) / sizes[filled]
        peak = np.maximum.reduceat(cosine, groups)
        spread = np.exp((cosine - np.repeat(peak, sizes[filled])) / settings.tau)
        out[filled, 0] = peak + settings.tau * np.log(np.add.reduceat(spread, groups) / sizes[filled])
        out[filled, 1] = mean / np.maximum(segment.centroid_norms[rows[filled]], 1e-9)
        top, others = np.maximum.reduceat(bm25, groups), np.maximum(sizes[filled] - 1, 1)
        out[filled, 2] = top + settings.rest * (np.add.reduceat(bm25, groups) - top) / others
    out[:, 3] = np.maximum(segment.latent[rows] @ query.latent, 0)
    return out


def _per_text(segment: Segment, texts: np.ndarray, dense: np.ndarray, idf: np.ndarray, mean_length: float,
              settings: Settings) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """(cosine, BM25) float32 [len(texts)]."""
    counts = segment.counts
    a, b = counts.first_term[texts], counts.first_term[texts + 1]
    places = ranges(a, b)
    terms, tf = counts.terms[places], counts.counts[places]
    starts = np.cumsum(b - a) - (b - a)
    cosine = np.add.reduceat(dense[0, terms] * idf[terms] * _DAMPED[tf], starts) / np.maximum(segment.norms[texts], 1e-9)
    damping = settings.k1 * (1 - settings.b + settings.b * segment.lengths[texts] / mean_length)
    tf = tf.astype(np.float32)
    saturated = tf * (settings.k1 + 1) / (tf + np.repeat(damping, b - a))
    return cosine, np.add.reduceat(dense[1, terms] * saturated, starts)


def combine(signal: np.ndarray, brevity: float, deviations: np.ndarray, settings: Settings) -> np.ndarray:
    """float32 [n]: the weighted sum of the signals, each in standard deviations frozen at fit; not yet in [0, 1].

    A bare title is decided by its best single text (BM25), a described problem by everything a solver has done.
    """
    long = 1 - brevity
    weights = np.array([long * settings.pooled, long * settings.centroid, brevity * settings.best,
                        long * settings.latent], np.float32)  # fmt: skip
    return signal @ (weights / deviations).astype(np.float32)
