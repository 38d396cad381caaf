"""The draw: from the same seed the same panel, whoever repeats it."""

from hypothesis import given
from hypothesis import strategies as st

from market.reviews.drawing import Candidate, draw, place

POOL = [Candidate(number, unit=number) for number in range(1, 21)]


def test_same_seed_draws_the_same_panel_whatever_the_order_of_the_pool() -> None:
    once = draw(POOL, 5, "2026-11-22", same_unit_most=1, financial_least=0)
    again = draw(POOL[::-1], 5, "2026-11-22", same_unit_most=1, financial_least=0)
    assert once == again
    assert once.panel == tuple(sorted(range(1, 21), key=lambda number: place("2026-11-22", number))[:5])


def test_another_seed_draws_another_panel() -> None:
    panels = {draw(POOL, 5, f"seed {n}", same_unit_most=1, financial_least=0).panel for n in range(10)}
    assert len(panels) > 1


def test_place_is_the_published_hash() -> None:
    # printf '%s' 'a:1' | sha256sum
    assert place("a", 1) == "2b2c40a6706d9e5f320d553628313833e3668d8b0c8f5b0a25a2ca7d926df6d4"


def test_financial_expert_takes_a_seat_when_there_is_one() -> None:
    pool = [*POOL, Candidate(99, unit=99, is_financial=True)]
    for n in range(20):
        assert 99 in draw(pool, 5, f"seed {n}", same_unit_most=1, financial_least=1).panel


@given(st.lists(st.integers(0, 4), min_size=1, max_size=30), st.integers(1, 3), st.text(max_size=8))
def test_no_unit_has_more_seats_than_the_rules_allow(units: list[int], most: int, seed: str) -> None:
    pool = [Candidate(number, unit) for number, unit in enumerate(units, start=1)]
    drawn = draw(pool, 7, seed, same_unit_most=most, financial_least=0)
    seats = [units[number - 1] for number in drawn.panel]
    assert all(seats.count(unit) <= most for unit in seats if unit)
    assert sorted((*drawn.panel, *drawn.reserves)) == list(range(1, len(units) + 1))
