"""A month that was reported upward stays as it was; what came to light later shows beside it, version by version."""

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from market import clock
from market.audit.models import Entry
from market.audit.verify import verify
from market.database import db, transaction
from market.errors import Conflict, InvalidInput, NotAllowed
from market.needs.models import Need, NeedState
from market.permissions import Role
from market.reports.models import FrozenMonth
from market.reports.operations import correct_month, freeze_month
from market.reports.queries import hash_of, versions_of
from tests.builders.chain import make_need
from tests.builders.payouts import behind_the_fences
from tests.builders.people import acting, client_of, make_district, make_organisation, make_user

MARCH = date(2026, 3, 1)
ADDRESS = "/reports/months/2026-03"


def need_in_march(district: str = "370303") -> Need:
    with clock.at(clock.start_of(date(2026, 3, 10))):
        return make_need(organisation=make_organisation(district=district), state=NeedState.DISTRICT_CHECK)


def freeze(head=None) -> FrozenMonth:
    actor = acting(head or make_user(Role.DIVISION_HEAD))
    with transaction():
        return freeze_month(actor, MARCH)


def test_frozen_numbers_stay_when_the_rows_change(app: Flask) -> None:
    need_in_march()
    row = freeze()
    assert row.figures[""]["J01"] == row.figures["370303"]["J01"] == 1
    need_in_march()
    assert db.session.get_one(FrozenMonth, row.id).figures[""]["J01"] == 1
    entry = db.session.scalars(select(Entry).where(Entry.action == "frozen_month:freeze")).one()
    assert entry.subject_id == str(row.id) and verify(db.session())[1] is None


def test_a_correction_is_a_further_version_with_its_reason(app: Flask) -> None:
    need_in_march()
    head = make_user(Role.DIVISION_HEAD)
    first = freeze(head)
    with pytest.raises(Conflict, match="不需要更正"), transaction():
        correct_month(acting(head), MARCH, "没有变化也想更正")
    need_in_march()
    with pytest.raises(InvalidInput), transaction():
        correct_month(acting(head), MARCH, "补")
    with transaction():
        second = correct_month(acting(head), MARCH, "区县补录了一条三月的需求")
    assert [(r.version, r.figures[""]["J01"]) for r in versions_of(MARCH)] == [(1, 1), (2, 2)]
    assert second.prev_hash == first.hash


def test_only_the_head_freezes_and_only_a_month_that_is_over_once(app: Flask) -> None:
    for role in (Role.CITY_OFFICER, Role.DISTRICT_OFFICER, Role.SUPERVISOR, Role.FINANCE_CHECKER):
        with pytest.raises(NotAllowed):
            freeze(make_user(role))
    head = make_user(Role.DIVISION_HEAD)
    with pytest.raises(InvalidInput, match="还没有结束"), transaction():
        freeze_month(acting(head), clock.today().replace(day=1))
    with pytest.raises(Conflict, match="还没有封存"), transaction():
        correct_month(acting(head), MARCH, "还没有封存就更正")
    freeze(head)
    with pytest.raises(Conflict, match="已经封存"):
        freeze(head)


def test_the_database_refuses_editing_and_the_hash_names_what_passed_it_by(app: Flask) -> None:
    row = freeze()
    for statement in ("UPDATE frozen_month SET figures = '{}'", "DELETE FROM frozen_month"):
        db.session.rollback()
        with pytest.raises(IntegrityError), db.engine.begin() as connection:
            connection.exec_driver_sql(statement)
    assert hash_of(row) == row.hash
    behind_the_fences("UPDATE frozen_month SET reason = 'x'")
    row = db.session.scalars(select(FrozenMonth)).one()
    assert hash_of(row) != row.hash
    supervisor = client_of(app, make_user(Role.SUPERVISOR))
    assert "封存的内容与其哈希不符" in supervisor.get(ADDRESS).text


def test_the_head_freezes_and_corrects_in_the_browser(app: Flask) -> None:
    need_in_march()
    head = client_of(app, make_user(Role.DIVISION_HEAD))
    assert "未封存" in head.get("/reports/months?year=2026").text
    assert head.post(f"{ADDRESS}/freeze").status_code == 303
    assert "现算数与封存数一致" in head.get(ADDRESS).text
    assert "数字与封存时一致" in head.get("/reports/?year=2026&part=m3").text
    need_in_march()
    page = head.get(ADDRESS).text
    assert "封存之后的变化" in page and 'href="/reports/J01?year=2026&amp;part=m3"' in page
    assert "项数字变化" in head.get("/reports/?year=2026&part=m3").text
    assert "至少 5 个字" in head.post(f"{ADDRESS}/correct", data={"reason": "补录"}).text
    assert head.post(f"{ADDRESS}/correct", data={"reason": "区县补录一条"}).status_code == 303
    page = head.get(ADDRESS).text
    assert "第 2 版更正" in page and "区县补录一条" in page and "现算数与封存数一致" in page


def test_a_district_sees_its_own_numbers_of_the_month(app: Flask) -> None:
    make_district("370304", "博山区")
    need_in_march("370303")
    freeze()
    need_in_march("370303")
    boshan = client_of(app, make_user(Role.DISTRICT_OFFICER, district="370304"))
    page = boshan.get(ADDRESS).text
    assert "现算数与封存数一致" in page
    assert "封存之后的变化" not in boshan.get(f"{ADDRESS}?district=370303").text
    assert "封存之后的变化" in client_of(app, make_user(Role.DISTRICT_OFFICER, district="370303")).get(ADDRESS).text


@pytest.mark.parametrize(
    "month", ["2026-13", "2026-00", "1999-01", "2999-01", "２０２６-03", "2026-3", "x", "2026-03-01"]
)
def test_what_is_no_month_is_not_found(app: Flask, month: str) -> None:
    head = client_of(app, make_user(Role.DIVISION_HEAD))
    assert head.get(f"/reports/months/{month}").status_code == 404
    assert head.post(f"/reports/months/{month}/freeze").status_code == 404
