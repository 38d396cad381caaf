"""评分汇总: weighted totals, (trimmed) means, spread and ranks, all in integer hundredths of a point. Pure.

Source of the rules: docs/domain.md B.6. Integers make the result independent of the order of the sheets.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Any

HUNDREDTHS = 100


@dataclass(frozen=True, slots=True)
class Marks:
    """One expert's sheet for one bid: weighted total and the score of the first criterion (0–100)."""

    total_hundredths: int
    first: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A bid's place: hundredths of a point; ``spread`` is the sample standard deviation of all totals."""

    bid_id: int
    rank: int
    mean_hundredths: int
    spread_hundredths: int
    sheets: int
    is_trimmed: bool
    needs_explanation: bool


def weighted_total(scores: Mapping[str, int], criteria: Sequence[Mapping[str, Any]]) -> int:
    """Hundredths of a point: weights are percent and sum to 100. Raises KeyError for a missing criterion."""
    return sum(scores[criterion["key"]] * criterion["weight"] for criterion in criteria)


def mean(totals: Sequence[int], trim_from: int) -> tuple[int, bool]:
    """(mean rounded half up, whether one highest and one lowest were dropped): dropped from ``trim_from`` sheets on."""
    is_trimmed = len(totals) >= max(trim_from, 3)
    kept = sorted(totals)[1:-1] if is_trimmed else totals
    return (2 * sum(kept) + len(kept)) // (2 * len(kept)), is_trimmed


def spread(totals: Sequence[int]) -> int:
    """Sample standard deviation, rounded to the nearest hundredth; 0 for a single sheet."""
    n = len(totals)
    if n < 2:
        return 0
    scatter = n * sum(total * total for total in totals) - sum(totals) ** 2
    # isqrt of four times the variance gives twice the deviation rounded down; the half decides.
    return (isqrt(4 * scatter // (n * (n - 1))) + 1) // 2


def has_outlier(totals: Sequence[int], limit: int) -> bool:
    """Whether a total lies more than ``limit`` points from the median (doubled, so that it stays whole)."""
    ordered, n = sorted(totals), len(totals)
    doubled_median = ordered[n // 2] + ordered[(n - 1) // 2]
    return any(abs(2 * total - doubled_median) > 2 * limit * HUNDREDTHS for total in totals)


def rank_bids(
    sheets: Mapping[int, Sequence[Marks]], *, trim_from: int, spread_limit: int, outlier_limit: int
) -> list[Standing]:
    """Standings, best first. Equal means are told apart by the first criterion; bids still equal share a rank."""
    found = []
    for bid_id, marks in sheets.items():
        totals = [mark.total_hundredths for mark in marks]
        average, is_trimmed = mean(totals, trim_from)
        scatter = spread(totals)
        doubtful = scatter > spread_limit * HUNDREDTHS or has_outlier(totals, outlier_limit)
        found.append(
            ((-average, -sum(mark.first for mark in marks)), bid_id, average, scatter, len(marks), is_trimmed, doubtful)
        )
    found.sort()
    keys = [key for key, *_ in found]
    return [Standing(bid_id, keys.index(key) + 1, *rest) for key, bid_id, *rest in found]
