"""失信 records: entered and lifted by the city, read by the supervisor, asked by every gate."""

from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from market import clock
from market.accounts.models import Organisation, OrganisationKind, User
from market.audit.models import Entry
from market.audit.verify import verify
from market.database import db, transaction
from market.errors import NotAllowed
from market.integrity import operations, queries
from market.integrity.models import IntegrityRecord
from market.notifications.models import Message
from market.permissions import Role
from tests.builders.counting import statements
from tests.builders.people import acting, client_of, make_organisation, make_user


def decision(starts: date, ends: date) -> operations.Decision:
    return operations.Decision("提供虚假检测报告", "科监字〔2026〕3 号", "省科技厅", starts, ends)


def enter(subject: Organisation | User, days: int = 365, starts: date | None = None) -> IntegrityRecord:
    officer = make_user(Role.CITY_OFFICER)
    starts = starts or clock.today()
    with transaction():
        return operations.add_record(
            acting(officer), db.session.merge(subject), decision(starts, starts + timedelta(days=days))
        )


FORM = {
    "subject_kind": "organisation",
    "conduct": "提供虚假检测报告",
    "basis": "科监字〔2026〕3 号",
    "decided_by": "省科技厅",
    "starts_on": "2026-11-01",
    "ends_on": "2099-10-31",
}


def test_record_bars_from_its_first_to_its_last_day(app: Flask) -> None:
    firm = make_organisation()
    today = clock.today()
    enter(firm, days=10)
    assert queries.active_record_of(organisation_id=firm.id) is not None
    assert queries.active_record_of(organisation_id=firm.id, on=today - timedelta(days=1)) is None
    assert queries.active_record_of(organisation_id=firm.id, on=today + timedelta(days=10)) is not None
    assert queries.active_record_of(organisation_id=firm.id, on=today + timedelta(days=11)) is None


def test_record_of_one_party_does_not_bar_another(app: Flask) -> None:
    firm, other, person = make_organisation(), make_organisation(), make_user()
    enter(firm)
    assert queries.active_record_of(organisation_id=other.id) is None
    assert queries.active_record_of(user_id=person.id) is None
    assert queries.active_record_of(organisation_id=firm.id, user_id=person.id) is not None
    assert queries.active_record_of() is None


def test_lifted_record_no_longer_bars_but_stays(app: Flask) -> None:
    firm = make_organisation()
    record_id = enter(firm).id
    officer = client_of(app, make_user(Role.CITY_OFFICER))
    empty = officer.post(f"/integrity/{record_id}/lift", data={"reason": "  "})
    assert empty.status_code == 422 and "请写明解除的依据" in empty.get_data(as_text=True)
    assert officer.post(f"/integrity/{record_id}/lift", data={"reason": "复查认定不成立"}).status_code == 303
    assert queries.active_record_of(organisation_id=firm.id) is None
    assert "复查认定不成立" in officer.get(f"/integrity/{record_id}").get_data(as_text=True)
    assert officer.post(f"/integrity/{record_id}/lift", data={"reason": "再次"}).status_code == 409
    assert {"integrity:add", "integrity:lift"} <= set(db.session.scalars(select(Entry.action)))
    assert verify(db.session())[1] is None


def test_those_concerned_are_told(app: Flask) -> None:
    firm = make_organisation()
    manager, bystander = make_user(Role.ORGANISATION_MANAGER, organisation=firm), make_user()
    enter(firm)
    assert db.session.scalars(select(Message.user_id)).all() == [manager.id]
    assert bystander.id != manager.id


def test_officer_enters_a_record_by_name(app: Flask) -> None:
    firm = make_organisation("博山电炉制造有限公司")
    answer = client_of(app, make_user(Role.CITY_OFFICER)).post("/integrity/new", data={**FORM, "subject": "博山电炉"})
    assert answer.status_code == 303
    assert queries.active_record_of(organisation_id=firm.id) is not None


def test_officer_enters_a_record_of_a_person(app: Flask) -> None:
    person = make_user()
    values = {**FORM, "subject_kind": "user", "subject": person.email}
    assert client_of(app, make_user(Role.CITY_OFFICER)).post("/integrity/new", data=values).status_code == 303
    assert queries.active_record_of(user_id=person.id) is not None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"subject": "没有这家"}, "没有找到这家单位"),
        ({"subject": "测试"}, "找到多家"),
        ({"subject_kind": "user", "subject": "nobody@example.invalid"}, "没有这个邮箱的账号"),
        ({"subject_kind": "planet"}, "subject_kind-error"),
        ({"conduct": ""}, "请填写此项"),
        ({"conduct": "长" * 501}, "最多 500 个字"),
        ({"basis": "有\x00字符"}, "不可见的控制字符"),
        ({"starts_on": "明天"}, "请填写日期"),
        ({"starts_on": "２０２６－１１－０１", "ends_on": "2026-10-01"}, "结束日期应晚于生效日期"),
        ({"starts_on": "2020-01-01", "ends_on": "2021-01-01"}, "结束日期已过"),
        ({"ends_on": ""}, "请填写此项"),
    ],
)
def test_bad_record_is_told_beside_its_field(app: Flask, values: dict[str, str], message: str) -> None:
    make_organisation("测试一号公司")
    make_organisation("测试二号公司")
    browser = client_of(app, make_user(Role.CITY_OFFICER))
    answer = browser.post("/integrity/new", data={**FORM, "subject": "测试一号公司", **values})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and message in page and "省科技厅" in page
    assert db.session.scalars(select(IntegrityRecord)).all() == []


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.DISTRICT_OFFICER, Role.DIVISION_HEAD, Role.ADMINISTRATOR])
def test_only_the_citys_officer_writes(app: Flask, role: Role) -> None:
    firm = make_organisation()
    person = make_user(role, district="370303" if role is Role.DISTRICT_OFFICER else None)
    with pytest.raises(NotAllowed), transaction():
        operations.add_record(acting(person), firm, decision(clock.today(), clock.today() + timedelta(days=1)))


def test_supervisor_reads_and_finds_no_button(app: Flask) -> None:
    record_id = enter(make_organisation("博山电炉制造有限公司")).id
    browser = client_of(app, make_user(Role.SUPERVISOR))
    page = browser.get("/integrity/").get_data(as_text=True)
    assert "博山电炉制造有限公司" in page and "/integrity/new" not in page
    assert "/lift" not in browser.get(f"/integrity/{record_id}").get_data(as_text=True)


def test_list_costs_the_same_for_one_and_twenty_records(app: Flask) -> None:
    browser = client_of(app, make_user(Role.SUPERVISOR))
    enter(make_organisation("甲公司", OrganisationKind.FIRM))
    db.session.remove()
    with statements() as few:
        browser.get("/integrity/")
    for _ in range(19):
        enter(make_organisation())
    db.session.remove()
    with statements() as many:
        browser.get("/integrity/")
    assert len(few) == len(many)
