"""The pages of the statistics: who sees which rows by name, periods, exports, the public page."""

import re
from io import BytesIO

import openpyxl
import pytest
from flask import current_app

from market.permissions import Role
from market.reports.catalogue import ALL
from tests.builders.people import client_of, make_user
from tests.builders.reports import World


def visit(*roles: Role, district: str | None = None):
    return client_of(current_app._get_current_object(), make_user(*roles, district=district))  # pyright: ignore


@pytest.fixture(scope="module")
def officer(world: World):
    return visit(Role.CITY_OFFICER)


def test_the_page_shows_every_indicator_with_a_link_to_its_rows(officer) -> None:
    text = officer.get("/reports/?year=2021").text
    for indicator in ALL:
        assert f'href="/reports/{indicator.code}?' in text, indicator.code
    assert ">270</a>" in text


def test_the_page_of_rows_states_the_number_and_lists_them(officer) -> None:
    text = officer.get("/reports/J04?year=2021").text
    assert "<strong>270</strong>" in text
    assert "共 5 条" in text


def test_rows_as_xlsx_sum_up_to_the_number(officer) -> None:
    sheet = openpyxl.load_workbook(BytesIO(officer.get("/reports/J04.xlsx?year=2021").data)).active
    assert sheet is not None
    heading, *rows = sheet.iter_rows(values_only=True)
    assert heading == ("日期", "编号", "名称", "单位", "金额（万元）")
    assert sum(row[4] for row in rows) == 270  # pyright: ignore


def test_the_report_as_xlsx_holds_numbers_as_numbers(officer) -> None:
    sheet = openpyxl.load_workbook(BytesIO(officer.get("/reports/export.xlsx?year=2021").data)).active
    assert sheet is not None
    found = {row[0]: row for row in sheet.iter_rows(values_only=True)}
    assert (found["J02"][2], found["J04"][2], found["J15b"][4:6]) == (7, 270, (3, 7))


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("year=20021", "请填写 2000 到 2100"),
        ("year=今年", "请填写整数"),
        ("year=", "请填写年度"),
        ("part=custom", "请填写日期"),
        ("part=custom&first=2021-12-31&last=2021-01-01", "止日不能早于起日"),
        ("part=custom&first=2021-02-30&last=2021-03-01", "请填写日期"),
        ("part=month13", "part-error"),
        ("district=999999", "district-error"),
        ("year=2021%00", "请填写整数"),
    ],
)
def test_a_bad_period_is_told_beside_the_field(officer, query: str, message: str) -> None:
    answer = officer.get(f"/reports/?{query}")
    assert answer.status_code == 200
    assert message in answer.text
    for other in ("/reports/print", "/reports/J01", "/reports/J01.xlsx", "/reports/export.xlsx"):
        assert officer.get(f"{other}?{query}").status_code == 422, other


@pytest.mark.parametrize(
    ("query", "posts"),
    [
        ("part=year", 7),
        ("part=h1", 5),
        ("part=q2", 5),
        ("part=m5", 5),
        ("part=m12", 1),
        ("part=h2", 2),
        ("part=custom&first=2021-05-26&last=2021-05-26", 5),
        ("part=year&district=370304", 1),
    ],
)
def test_periods_and_districts_are_picked(officer, query: str, posts: int) -> None:
    text = officer.get(f"/reports/J02?year=２０２１&{query}").text
    assert f"<strong>{posts}</strong>" in text


def test_a_district_officer_gets_the_own_district_only(world: World) -> None:
    boshan = visit(Role.DISTRICT_OFFICER, district="370304")
    text = boshan.get("/reports/J02?year=2021").text
    assert "<strong>1</strong>" in text
    assert "甲新材料有限公司" not in text
    assert boshan.get("/reports/?year=2021&district=370303").status_code == 200
    assert "district-error" in boshan.get("/reports/?year=2021&district=370303").text
    assert boshan.get("/reports/J02?year=2021&district=370303").status_code == 422


def test_names_are_hidden_from_those_who_may_count_but_not_read(world: World) -> None:
    district, finance = visit(Role.DISTRICT_OFFICER, district="370303"), visit(Role.FINANCE_MAKER)
    for client, code, secret in (
        (district, "J05", "团队子"),  # Bids: the division's.
        (finance, "J05", "团队子"),
        (finance, "J01", "高速主轴用氮化硅陶瓷球"),  # Unposted needs.
        (district, "J12", "首席"),  # Payees.
    ):
        text = client.get(f"/reports/{code}?year=2021").text
        assert "不在您的查阅范围" in text, code
        assert secret not in text, code
        sheet = openpyxl.load_workbook(BytesIO(client.get(f"/reports/{code}.xlsx?year=2021").data)).active
        assert secret not in str(list(sheet.iter_rows(values_only=True))), code  # pyright: ignore


def test_rows_lead_to_their_object_only_where_the_viewer_may_open_it(world: World) -> None:
    for role, code, leads in (
        (Role.CITY_OFFICER, "J09", True),
        (Role.CITY_OFFICER, "J06", True),
        (Role.SUPERVISOR, "J07", True),
        (Role.DIVISION_HEAD, "J07", False),
        (Role.FINANCE_CHECKER, "J01", False),
    ):
        client = visit(role)
        page = client.get(f"/reports/{code}?year=2021").text
        links = re.findall(r'class="is-main"><a href="([^"]+)"', page)
        assert bool(links) is leads, (role, code)
        for address in set(links):
            assert client.get(address).status_code == 200, address


def test_the_public_page_has_the_city_totals_and_the_sentence(world: World) -> None:
    visitor = current_app.test_client()
    text = visitor.get("/statistics/?year=2021").text
    assert "发榜7个，其中5个榜额明确为270万元" in text
    assert "甲新材料有限公司" not in text
    assert visitor.get("/statistics/").status_code == 200
    for year in ("2020", "x", "", "99999"):
        assert visitor.get(f"/statistics/?year={year}").status_code == 404, year


def test_an_unknown_number_is_not_found(officer) -> None:
    assert officer.get("/reports/J99?year=2021").status_code == 404
    assert officer.get("/reports/J99.xlsx?year=2021").status_code == 404
