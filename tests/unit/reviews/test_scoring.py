"""Totals, means, spread and ranks, against sums done by hand."""

import random

from hypothesis import given
from hypothesis import strategies as st

from market.reviews.scoring import Marks, has_outlier, mean, rank_bids, spread, weighted_total

CRITERIA = [{"key": "fit", "weight": 30}, {"key": "route", "weight": 25}, {"key": "team", "weight": 45}]


def test_weighted_total_is_in_hundredths_of_a_point() -> None:
    # 30 × 90 + 25 × 81 + 45 × 77 = 2700 + 2025 + 3465
    assert weighted_total({"fit": 90, "route": 81, "team": 77}, CRITERIA) == 8190


def test_trimmed_mean_drops_one_highest_and_one_lowest_from_seven_sheets_on() -> None:
    totals = [9500, 8800, 8700, 8600, 8500, 8100, 4000]
    # (8800 + 8700 + 8600 + 8500 + 8100) / 5
    assert mean(totals, trim_from=7) == (8540, True)
    # All seven: 56200 / 7 = 8028.57
    assert mean(totals, trim_from=9) == (8029, False)


def test_mean_rounds_half_up() -> None:
    assert mean([8000, 8001], trim_from=7) == (8001, False)


def test_spread_is_the_sample_standard_deviation() -> None:
    # 60, 70, 80: variance (100 + 0 + 100) / 2 = 100 points², deviation 10 points
    assert spread([6000, 7000, 8000]) == 1000
    assert spread([7777]) == 0


def test_outlier_is_more_than_the_limit_from_the_median() -> None:
    assert not has_outlier([6000, 8000, 8000], limit=20)
    assert has_outlier([5999, 8000, 8000], limit=20)


def test_wide_spread_needs_explanation() -> None:
    marks = [Marks(4500, 1), Marks(8000, 1), Marks(8500, 1)]
    (standing,) = rank_bids({1: marks}, trim_from=7, spread_limit=15, outlier_limit=99)
    assert standing.needs_explanation


def test_equal_means_are_told_apart_by_the_first_criterion() -> None:
    sheets = {1: [Marks(8000, 70), Marks(8000, 70)], 2: [Marks(8000, 90), Marks(8000, 60)]}
    ranked = rank_bids(sheets, trim_from=7, spread_limit=15, outlier_limit=20)
    assert [(standing.bid_id, standing.rank) for standing in ranked] == [(2, 1), (1, 2)]


def test_bids_equal_in_everything_share_a_rank() -> None:
    sheets = {1: [Marks(8000, 70)], 2: [Marks(8000, 70)], 3: [Marks(7000, 70)]}
    ranked = rank_bids(sheets, trim_from=7, spread_limit=15, outlier_limit=20)
    assert [standing.rank for standing in ranked] == [1, 1, 3]


sheets_of_a_bid = st.lists(st.builds(Marks, st.integers(0, 10_000), st.integers(0, 100)), min_size=1, max_size=11)


@given(st.dictionaries(st.integers(1, 9), sheets_of_a_bid, min_size=1, max_size=5), st.randoms())
def test_ranking_does_not_depend_on_the_order_of_sheets_or_bids(
    sheets: dict[int, list[Marks]], chance: random.Random
) -> None:
    shuffled = [(bid_id, chance.sample(rows, len(rows))) for bid_id, rows in sheets.items()]
    chance.shuffle(shuffled)
    limits = {"trim_from": 7, "spread_limit": 15, "outlier_limit": 20}
    assert rank_bids(dict(shuffled), **limits) == rank_bids(sheets, **limits)


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=15))
def test_mean_lies_between_the_lowest_and_the_highest_sheet(totals: list[int]) -> None:
    average, _trimmed = mean(totals, trim_from=7)
    assert min(totals) <= average <= max(totals)
