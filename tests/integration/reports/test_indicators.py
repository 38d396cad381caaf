"""Every number of the statistics against rows at the edges of its definition, and against the rows its page lists."""

from datetime import date
from statistics import median

import pytest
from flask import current_app
from sqlalchemy import select

from market.bids.models import Bid, BidState
from market.database import db
from market.permissions import Actor, Held, Role
from market.reports.catalogue import ALL
from market.reports.indicators import Districts, Period
from market.reports.queries import Row, Value, annual_sentence, report_of, rows_behind, value_of
from tests.builders.reports import WAN, World

YEAR = Period.year(2021)
# Counted by hand from tests/builders/reports.py. Money in fen, medians in days.
CITY = {
    # 5 not posted; 10 posted, among them the relist's and that of the post of 2022-01-01, handed in on 2021-12-12.
    "J01": 5 + 10,
    "J02": 7,
    "J02r": 1,
    "J03a": 4,
    "J03b": 1,
    "J03c": 2,
    "J04": (120 + 60 + 30 + 10 + 50) * WAN,
    "J04h": (120 + 60 + 30 + 10 + 80) * WAN,
    "J05": 6,
    "J05t": 3,
    "J06": 2,
    "J07": 2,
    "J08": 2,
    "J09": 3,
    "J09c": 2,
    "J10": (90 + 80 + 30) * WAN,
    "J11": 1,
    "J11a": 90 * WAN,
    "J11b": 12 * WAN,
    "J14": (300 + 100 + 50) * WAN,
    "J16": 1,
    "J12": 3 * WAN,
    "J13": 2 * WAN,
    "J17d": 5 * WAN,
    # What came back in 2022 changes nothing here.
    "J12r": 0,
    "J13r": 0,
    "J14a": 120 * WAN,
    "J18": 1,
    "J18n": 2,
    "J18e": 1,
    "J18s": 55 * WAN,
    "J18c": 0,
    "J18t": 0,
    "J18p": 2,
    "J15bn": 3,
    "J15cn": 2,
    "J15dn": 1,
    "J15en": 1,
    "J15ed": 3,
    "J15fd": 1,
}


def numbers(period: Period = YEAR, districts: Districts = None) -> dict[str, int | None]:
    return {code: value.amount for code, value in report_of(period, districts).values.items()}


def test_the_year_counts_what_its_definitions_say(world: World) -> None:
    found = numbers()
    assert {code: found[code] for code in CITY} == CITY


def test_the_next_year_gets_what_fell_over_midnight(world: World) -> None:
    found = numbers(Period.year(2022))
    expected = {
        "J02": 3,
        "J05": 2,
        "J06": 1,
        "J07": 1,
        "J08": 1,
        "J09": 1,
        "J11": 1,
        "J12": 4 * WAN,
        "J12r": WAN,
        "J14a": 0,
    }
    # Only what came back of projects signed the year before: nothing to divide by.
    expected |= {"J17d": 0, "J18t": 55 * WAN, "J18n": 1}
    assert {code: found[code] for code in expected} == expected


def test_a_single_day_has_both_its_ends(world: World) -> None:
    last = numbers(Period(date(2021, 12, 31), date(2021, 12, 31)))
    assert (last["J01"], last["J02"], last["J06"], last["J09"], last["J12"]) == (2, 1, 1, 1, 3 * WAN)
    first = numbers(Period(date(2021, 1, 1), date(2021, 1, 1)))
    assert (first["J01"], first["J07"]) == (1, 1)


def test_kinds_of_amount_partition_the_posts(world: World) -> None:
    for period in (YEAR, Period.year(2022), Period(date(2021, 5, 1), date(2021, 5, 31))):
        found = numbers(period)
        assert found["J03a"] + found["J03b"] + found["J03c"] == found["J02"]  # pyright: ignore


def test_amount_is_the_version_in_force_when_the_period_ended(world: World) -> None:
    def of_c1(period: Period) -> list[int | None]:
        rows = all_rows("J04", period, None)
        return [row.fen for row in rows if row.code == world.c1.code]

    assert of_c1(Period(date(2021, 5, 26), date(2021, 5, 31))) == [100 * WAN]
    assert of_c1(YEAR) == [120 * WAN]
    assert of_c1(Period(date(2021, 1, 1), date(2022, 12, 31))) == [500 * WAN]


def test_unlimited_amounts_are_null_in_their_rows_not_zero(world: World) -> None:
    assert {row.fen for row in all_rows("J03c", YEAR, None)} == {None}


def test_rates_stay_within_their_cohort_and_show_both_parts(world: World) -> None:
    rates = {r.code: (r.numerator.amount, r.denominator.amount, r.percent) for r in report_of(YEAR, None).rates}
    assert rates == {
        "J15a": (7, 15, "46.7%"),
        "J15b": (3, 7, "42.9%"),
        "J15c": (2, 7, "28.6%"),
        "J15d": (1, 7, "14.3%"),
        "J15e": (1, 3, "33.3%"),
        "J15f": (1, 1, "100.0%"),
    }


def test_leverage_compares_the_same_projects(world: World) -> None:
    times = {each.code: each.times for each in report_of(YEAR, None).leverages}
    assert times == {"J17": "90.0", "J17a": "24.0"}  # 450 and 120 ÷ 5
    # What was paid in 2022 belongs to projects of 2021.
    assert [each.times for each in report_of(Period.year(2022), None).leverages] == ["—", "—"]


def test_paid_and_taken_back_together_are_net_over_both_years(world: World) -> None:
    both = numbers(Period(date(2021, 1, 1), date(2022, 12, 31)))
    assert (both["J12"], both["J12r"], both["J17d"]) == ((3 + 5 - 1) * WAN, WAN, (3 + 2 + 5 - 1) * WAN)
    assert {row.kind: row.fen for row in all_rows("J12", Period.year(2022), None)} == {
        "payout": 5 * WAN,
        "refund": -WAN,
    }


def test_actual_spending_is_the_latest_confirmed_up_to_the_end_and_never_added_up(world: World) -> None:
    assert numbers(Period(date(2021, 1, 1), date(2021, 11, 30)))["J14a"] == 110 * WAN
    assert numbers(Period(date(2021, 1, 1), date(2022, 12, 31)))["J14a"] == 200 * WAN


def test_every_number_says_what_it_is(world: World) -> None:
    assert [i.code for i in ALL if len(str(i.note)) < 8] == []


def test_medians_in_shanghai_days_by_the_notice_of_the_very_bid(world: World) -> None:
    found = {value.code: value.amount for value in report_of(YEAR, None).medians}
    assert found == {"J19a": 20, "J19b": 67, "J19c": median([20, 10]), "J19d": median([76, 133]) // 1}


def test_a_year_without_rows_has_dashes_and_noughts(world: World) -> None:
    report = report_of(Period.year(2019), None)
    assert {value.amount for value in report.values.values()} == {0, None}
    assert {value.text for value in report.medians} == {"—"}
    assert {rate.percent for rate in report.rates} == {"—"}


def all_rows(code: str, period: Period, districts: Districts) -> list[Row]:
    """Page by page, as the viewer turns them."""
    viewer = Actor(1, "监督", (Held(Role.SUPERVISOR),))
    found: list[Row] = []
    for number in range(1, 10):
        page = rows_behind(viewer, code, period, districts, number)
        found += page.items
        if not page.has_next:
            assert len(found) == page.total
            return found
    raise AssertionError("the world is smaller than that")


def made_of(value: Value, rows: list[Row]) -> int | None:
    """The number as the page's reader would work it out from the rows."""
    if value.measure == "median":
        return round(median([row.days for row in rows if row.days is not None])) if rows else None
    if value.measure == "sum":
        return sum(row.fen or 0 for row in rows)
    if value.measure == "quantity":
        return sum(row.quantity or 0 for row in rows)
    return len({row.key for row in rows}) if value.measure == "distinct" else len(rows)


PERIODS = (
    YEAR,
    Period.year(2022),
    Period(date(2021, 4, 1), date(2021, 6, 30)),
    Period(date(2020, 12, 31), date(2022, 1, 1)),
)
SCOPES: tuple[Districts, ...] = (None, frozenset({"370303"}), frozenset({"370304"}), frozenset())


def test_every_number_is_what_its_rows_make(world: World) -> None:
    different = [
        (indicator.code, period, districts)
        for period in PERIODS
        for districts in SCOPES
        for indicator in ALL
        if (value := value_of(indicator.code, period, districts)).amount
        != made_of(value, all_rows(indicator.code, period, districts))
    ]
    assert different == []


def test_days_of_the_rows_lie_in_the_period(world: World) -> None:
    cohorts = {"J15bn", "J15cn", "J15dn"}
    for indicator in ALL:
        if indicator.measure == "median" or indicator.code in cohorts:
            continue
        for row in all_rows(indicator.code, YEAR, None):
            assert row.day is not None and row.day.year == 2021, indicator.code


def test_districts_add_up_to_the_city_where_each_row_has_one(world: World) -> None:
    city, one, two = numbers(), numbers(districts=frozenset({"370303"})), numbers(districts=frozenset({"370304"}))
    counted_once = {"J05t", "J07", "J16", "J09c"}  # A team may meet firms of both.
    for indicator in ALL:
        if indicator.measure in ("count", "sum", "distinct", "quantity") and indicator.code not in counted_once:
            parts = (one[indicator.code] or 0) + (two[indicator.code] or 0)
            assert parts == city[indicator.code], indicator.code


def test_a_district_without_grant_counts_nothing(world: World) -> None:
    assert set(numbers(districts=frozenset()).values()) == {0, None}


def test_sealed_bids_do_not_show_in_any_number_before_the_opening(world: World) -> None:
    """Taking the sealed bids away changes nothing."""
    before = numbers()
    sealed = db.session.scalars(select(Bid).where(Bid.state == BidState.SUBMITTED)).all()
    assert len(sealed) == 3
    for bid in sealed:
        db.session.delete(bid)
    db.session.flush()
    after = numbers()
    db.session.rollback()
    assert after == before


def test_annual_sentence_is_printed_by_the_command(world: World) -> None:
    result = current_app.test_cli_runner().invoke(args=["report", "annual", "--year", "2021"])
    assert result.exit_code == 0, result.output
    assert (
        result.output.strip()
        == annual_sentence(2021)
        == (
            "征集写榜需求15个，发榜7个，其中5个榜额明确为270万元，2个不限定榜额；揭榜活动2场，对接学者团队2个；"
            "签订揭榜合同3项；兑付人才奖励资金3万元；带动项目研发投入450万元。"
        )
    )


@pytest.mark.parametrize("year", ["0", "2101", "now", "２０２１年"])
def test_a_year_that_is_none_is_refused(world: World, year: str) -> None:
    result = current_app.test_cli_runner().invoke(args=["report", "annual", "--year", year])
    assert result.exit_code == 2
