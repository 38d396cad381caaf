"""The compiled paths of retrieval and rescoring, term at a time; ``scoring`` holds the same in NumPy and SciPy.

Imported late: numba takes its time. Retrieval adds the terms of a need from rare to frequent. As soon as the terms
still to come cannot lift an untouched profile over the k-th best so far (an exact bound from each term's greatest
weight, as in MaxScore, Turtle & Flood 1995), only the profiles still in reach are completed, by binary search. Sums
run in the order of the reference, so both give the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit


def compiled(function: Callable[..., Any]) -> Any:
    """The function compiled; kept on disk where a cache can be written."""
    try:
        return njit(cache=True, nogil=True)(function)
    except RuntimeError:  # no writable place for the cache
        return njit(nogil=True)(function)


@compiled
def kth_largest(scores: np.ndarray, k: int, heap: np.ndarray) -> float:
    """The k-th largest positive score, 0 when there are fewer; ``heap`` is float32 [k] of scratch."""
    size = 0
    for score in scores:
        if score <= 0:
            continue
        if size < k:
            place = size
            size += 1
            while place > 0 and heap[(place - 1) // 2] > score:
                heap[place] = heap[(place - 1) // 2]
                place = (place - 1) // 2
            heap[place] = score
        elif score > heap[0]:
            place = 0
            while True:
                child = 2 * place + 1
                if child >= k:
                    break
                if child + 1 < k and heap[child + 1] < heap[child]:
                    child += 1
                if heap[child] >= score:
                    break
                heap[place] = heap[child]
                place = child
            heap[place] = score
    return heap[0] if size == k else np.float32(0)


@compiled
def accumulate(start, row, weight, greatest, terms, weights, allowed, k, scores):
    """Fill ``scores`` (float32 [n], zero on entry) so that every profile among the best k has its exact sum.

    terms are in the order of summation; allowed: bool [n] or of length 0 when all are. Profiles out of reach are set
    to 0. Returns the number of terms that were added in full.
    """
    m = len(terms)
    rest = np.zeros(m + 1, np.float32)
    for i in range(m - 1, -1, -1):
        rest[i] = rest[i + 1] + weights[i] * greatest[terms[i]]
    heap = np.empty(k, np.float32)
    n = len(scores)
    work = 0
    for i in range(m):
        length = start[terms[i] + 1] - start[terms[i]]
        if work > n // 4 and length > 16:
            work = 0
            threshold = kth_largest(scores, k, heap)
            if threshold > rest[i] * np.float32(1.0001):
                finish(start, row, weight, terms, weights, i, threshold - rest[i] * np.float32(1.0001), scores)
                return i
        for p in range(start[terms[i]], start[terms[i] + 1]):
            r = row[p]
            if len(allowed) == 0 or allowed[r]:
                scores[r] += weights[i] * weight[p]
        work += length
    return m


@compiled
def finish(start, row, weight, terms, weights, first, floor, scores):
    """Add the terms from ``first`` on to the profiles at or over ``floor``, drop the others."""
    for r in range(len(scores)):
        if scores[r] == 0:
            continue
        if scores[r] < floor:
            scores[r] = 0
            continue
        for i in range(first, len(terms)):
            low, high = start[terms[i]], start[terms[i] + 1]
            end = high
            while low < high:
                middle = (low + high) // 2
                if row[middle] < r:
                    low = middle + 1
                else:
                    high = middle
            if low < end and row[low] == r:
                scores[r] += weights[i] * weight[low]


@compiled
def best_rows(scores: np.ndarray, k: int) -> np.ndarray:
    """int64, ascending: the rows of the k highest positive scores; of equal ones at the border the first."""
    heap = np.empty(k, np.float32)
    threshold = kth_largest(scores, k, heap)
    above = 0
    for score in scores:
        if score > threshold:
            above += 1
    at_border = k - above if threshold > 0 else 0
    rows = np.empty(above + at_border, np.int64)
    filled = 0
    for r in range(len(scores)):
        if scores[r] > threshold:
            rows[filled] = r
            filled += 1
        elif at_border > 0 and scores[r] == threshold:
            rows[filled] = r
            filled += 1
            at_border -= 1
    return rows


@compiled
def signals(first_text, first_term, terms, counts, norms, lengths, centroid_norms, rows, slot, cosine, bm25, damped,
            tau, k1, b, rest, mean_length):  # fmt: skip
    """float64 [len(rows), 3]: pooled, centroid and best of each row. slot: int16 [v], 0 or 1 + the place of a term in
    ``cosine`` and ``bm25`` (float64: query weight times idf, and the steep query weight)."""
    out = np.zeros((len(rows), 3))
    close = np.empty(16)
    for i in range(len(rows)):
        begin, end = first_text[rows[i]], first_text[rows[i] + 1]
        size = end - begin
        if size == 0:
            continue
        if size > len(close):
            close = np.empty(2 * size)
        peak = total = best = other = 0.0
        for t in range(begin, end):
            c = s = 0.0
            saturation = k1 * (1 - b + b * lengths[t] / mean_length)
            for p in range(first_term[t], first_term[t + 1]):
                place = slot[terms[p]]
                if place > 0:
                    tf = counts[p]
                    c += cosine[place] * damped[tf]
                    s += bm25[place] * (tf * (k1 + 1) / (tf + saturation))
            c /= max(norms[t], 1e-9)
            close[t - begin] = c
            total += c
            other += s
            peak = max(peak, c)
            best = max(best, s)
        spread = 0.0
        for t in range(size):
            spread += math.exp((close[t] - peak) / tau)
        out[i, 0] = peak + tau * math.log(spread / size)
        out[i, 1] = total / size / max(centroid_norms[rows[i]], 1e-9)
        out[i, 2] = best + rest * (other - best) / max(size - 1, 1)
    return out
