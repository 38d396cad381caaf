"""The compiled paths of retrieval and rescoring, term at a time; ``scoring`` holds the same in NumPy and SciPy.

Imported late: numba takes its time. Retrieval adds the terms of a need from rare to frequent. As soon as the terms
still to come cannot lift an untouched profile over the k-th best so far (an exact bound from each term's greatest
weight, as in MaxScore, Turtle & Flood 1995), only the profiles still in reach are completed, by binary search. Sums
run in the order of the reference, so both give the same numbers.
"""

from __future__ import annotations

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


FINEST = 65_535  # parts of a term's greatest weight that a posting counts, as in ``segments``
BLOCK = 256  # scores looked at together; most blocks hold nothing near the best and are skipped in one comparison


LINE = 16  # entries that share a line of the processor's cache
HEAPED = 64  # up to so many best are kept in a heap; more are counted


@compiled
def block_top(bits, begin):
    """The greatest of the BLOCK bits from ``begin``: constant length and unsigned places, to compare many at once."""
    greatest = np.int32(0)
    for r in range(BLOCK):
        greatest = max(greatest, bits[np.uint64(begin + r)])
    return greatest


@compiled
def kth_largest(bits, k, heap):
    """The k-th largest positive score as bits, 0 when there are fewer; ``heap`` is int32 [k] of scratch.

    Scores are never negative, so their bits, read as integers, stand in the same order and compare many at a time.
    """
    size = 0
    for begin in range(0, len(bits), BLOCK):
        bar = heap[0] if size == k else np.int32(0)
        if block_top(bits, begin) <= bar:
            continue
        for r in range(begin, begin + BLOCK):
            score = bits[r]
            if size < k:
                if score > 0:
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
    return heap[0] if size == k else np.int32(0)


@compiled
def kth_by_counting(bits, k):
    """As ``kth_largest`` for large k: count by the upper half of the bits, then sort the one bucket that holds it."""
    counts = np.zeros(1 << 15, np.int64)
    for begin in range(0, len(bits), BLOCK):
        if block_top(bits, begin) > 0:
            for r in range(begin, begin + BLOCK):
                counts[bits[r] >> 16] += 1
    counts[0] = 0  # mostly untouched profiles; subnormal scores are none to rank by
    left, bucket = k, len(counts) - 1
    while bucket > 0 and counts[bucket] < left:
        left -= counts[bucket]
        bucket -= 1
    if bucket == 0:
        return np.int32(0)
    same = np.empty(counts[bucket], np.int32)
    filled = 0
    for begin in range(0, len(bits), BLOCK):
        if block_top(bits, begin) >> 16 >= bucket:
            for r in range(begin, begin + BLOCK):
                if bits[r] >> 16 == bucket:
                    same[filled] = bits[r]
                    filled += 1
    same.sort()
    return same[len(same) - left]


@compiled
def border_of(bits, k):
    """The k-th largest positive score as bits, 0 when there are fewer."""
    if k > HEAPED:
        return kth_by_counting(bits, k)
    return kth_largest(bits, k, np.empty(k, np.int32))


@compiled
def count_from(bits, border):
    """How many bits are at or over a positive border."""
    count = 0
    for begin in range(0, len(bits), BLOCK):
        if block_top(bits, begin) >= border:
            for r in range(begin, begin + BLOCK):
                count += bits[r] >= border
    return count


@compiled
def accumulate(start, row, weight, terms, units, allowed, k, scores):
    """Fill ``scores`` so that every profile among the best k has its exact sum.

    scores: float32, zero on entry, its length a multiple of BLOCK; terms in the order of summation, units: float32,
    what one part of a posting's weight adds; allowed: bool [n], or of length 0 when all are.
    Profiles out of reach are set to 0. Returns the number of terms added in full.
    """
    m, n = len(terms), len(scores)
    reach = np.zeros(m + 1, np.float32)  # what the terms from i on can add at most, with room for rounding
    left = np.zeros(m + 1, np.int64)  # their postings
    for i in range(m - 1, -1, -1):
        reach[i] = reach[i + 1] + units[i] * np.float32(FINEST * 1.0001)
        left[i] = left[i + 1] + start[terms[i] + 1] - start[terms[i]]
    bits = scores.view(np.int32)
    border = np.empty(1, np.int32)
    work, patience = 0, n // 4 + 32 * k if k <= HEAPED else 2 * n  # postings added in the time of a look at the border
    for i in range(m):
        begin, end = start[terms[i]], start[terms[i] + 1]
        if work > patience and 2 * left[i] > patience:
            work, patience = 0, 2 * patience
            border[0] = border_of(bits, k)
            threshold = border.view(np.float32)[0]
            if threshold > reach[i]:
                floor = np.float32(threshold - reach[i])
                border.view(np.float32)[0] = floor
                alive = count_from(bits, border[0])
                if alive * (m - i) * 8 < left[i]:
                    finish(start, row, weight, terms, units, reach, i, threshold, alive, scores)
                    return i
        unit = units[i]
        if len(allowed) == 0:
            for p in range(begin, end):
                scores[row[p]] += unit * np.float32(weight[p])
        else:
            for p in range(begin, end):
                if allowed[row[p]]:
                    scores[row[p]] += unit * np.float32(weight[p])
        work += end - begin
    return m


@compiled
def finish(start, row, weight, terms, units, reach, first, threshold, alive, scores):
    """Add the terms from ``first`` on to the ``alive`` profiles that can still reach the threshold, drop the others."""
    rows = np.empty(alive, np.int64)
    filled = 0
    bits = scores.view(np.int32)
    floor = np.float32(threshold - reach[first])
    for begin in range(0, len(scores), BLOCK):
        if block_top(bits, begin) > 0:
            for r in range(begin, begin + BLOCK):
                if scores[r] >= floor:
                    rows[filled] = r
                    filled += 1
                else:
                    scores[r] = 0
    for i in range(first, len(terms)):
        low, end = start[terms[i]], start[terms[i] + 1]
        floor = np.float32(threshold - reach[i])
        kept = 0
        for r in rows[:filled]:
            if scores[r] < floor:
                scores[r] = 0
                continue
            rows[kept] = r
            kept += 1
            low = place_of(row, low, end, r)
            if low < end and row[low] == r:
                scores[r] += units[i] * np.float32(weight[low])
        filled = kept


@compiled
def place_of(row, low, end, r):
    """The first place from ``low`` on whose row is not before ``r``, by doubling steps, then halving."""
    step = 1
    while low + step < end and row[low + step] < r:
        low += step
        step *= 2
    high = min(low + step, end)
    while low < high:
        middle = (low + high) // 2
        if row[middle] < r:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def best_rows(bits, k):
    """int64, ascending: the rows of the k highest positive scores (as bits); of equal ones at the border the first."""
    border = border_of(bits, k)
    above = count_from(bits, border + 1)
    at_border = k - above if border > 0 else 0
    rows = np.empty(above + at_border, np.int64)
    filled = 0
    for begin in range(0, len(bits), BLOCK):
        if block_top(bits, begin) < max(border, 1):
            continue
        for r in range(begin, begin + BLOCK):
            if bits[r] > border:
                rows[filled] = r
                filled += 1
            elif at_border > 0 and bits[r] == border:
                rows[filled] = r
                filled += 1
                at_border -= 1
    return rows


@compiled
def touch(first_text, first_term, entries, norms, lengths, rows):
    """Read a little of every cache line that ``signals`` will need: here no load waits for another row's."""
    total = np.int64(0)
    for row in rows:
        begin, end = first_text[row], first_text[row + 1]
        if begin < end:
            total += np.int64(lengths[begin]) + np.int64(norms[begin])
        for p in range(first_term[begin], first_term[end], LINE):
            total += np.int64(entries[p])
    return total


@compiled
def signals(first_text, first_term, entries, norms, lengths, centroid_norms, rows, slot, cosine, bm25, shows, damped,
            k1, b, rest, mean_length):  # fmt: skip
    """float64 [len(rows), 2]: centroid and best of each row.

    slot: int16 [v], the place of a term in ``cosine`` and ``bm25`` (float64: query weight times idf, and the steep
    query weight; the latter empty when it takes no part) and in ``shows`` (bool: whether it alone is evidence). Place
    0 is that of every other term and holds nothing: adding nothing is quicker than asking whether to add.
    """
    out = np.zeros((len(rows), 2))
    read = touch(first_text, first_term, entries, norms, lengths, rows)
    for i in range(len(rows) if read >= 0 else 0):  # it always is; a sum nobody asks for would not be made
        begin, end = first_text[rows[i]], first_text[rows[i] + 1]
        size = end - begin
        total = best = other = 0.0
        shown = False
        for t in range(begin, end):
            c = s = 0.0
            for p in range(first_term[t], first_term[t + 1]):
                place = slot[entries[p] >> 8]
                c += cosine[place] * damped[entries[p] & 255]
                shown |= shows[place]
            total += c / max(float(norms[t]), 1e-9)
            if c > 0 and len(bm25):
                saturation = k1 * (1 - b + b * float(lengths[t]) / mean_length)
                for p in range(first_term[t], first_term[t + 1]):
                    place, tf = slot[entries[p] >> 8], entries[p] & 255
                    s += bm25[place] * (tf * (k1 + 1) / (tf + saturation))
                other += s
                best = max(best, s)
        if shown:
            out[i, 0] = total / size / max(float(centroid_norms[rows[i]]), 1e-9)
            out[i, 1] = best + rest * (other - best) / max(size - 1, 1)
    return out
