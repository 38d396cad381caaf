"""The ledger of contacts: whose, what is refused, what the xlsx says."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from market import clock
from market.accounts.models import Organisation
from market.audit.models import Entry
from market.audit.verify import verify
from market.database import db, transaction
from market.errors import Conflict, InvalidInput, NotAllowed
from market.events import operations
from market.events.models import Contact, ContactResult, EventState
from market.events.queries import solver_label
from market.permissions import Role
from tests.builders.chain import make_challenge, make_need, make_solver
from tests.builders.counting import statements
from tests.builders.events import make_attendance, make_contact, make_event
from tests.builders.people import acting, client_of, make_district, make_organisation, make_user


def district(code: str = "370303") -> Any:
    return acting(make_user(Role.DISTRICT_OFFICER, district=code))


def record(actor: Any, organisation: Any, solver: Any, **values: Any) -> Contact:
    kept = {"on": clock.today(), "way": "电话", "result": ContactResult.INTENT, "next_step": "寄送小样", **values}
    with transaction():
        return operations.record_contact(actor, organisation=organisation, solver=solver, **kept)


def test_a_district_officer_records_a_contact_of_an_own_firm(app: Flask) -> None:
    firm, solver = make_organisation(), make_solver()
    contact = record(district(), firm, solver)
    assert (contact.district_code, contact.result) == ("370303", ContactResult.INTENT)
    last = db.session.scalars(select(Entry).order_by(Entry.seq.desc())).first()
    assert last is not None
    assert (last.action, last.subject_id) == ("contact:record", str(contact.id))
    assert verify(db.session())[1] is None


def test_a_contact_of_another_district_is_refused(app: Flask) -> None:
    make_district("370304", "博山区")
    firm, solver, actor = make_organisation(district="370303"), make_solver(), district("370304")
    with pytest.raises(NotAllowed):
        record(actor, firm, solver)


@pytest.mark.parametrize("role", [r for r in Role if r not in (Role.CITY_OFFICER, Role.DISTRICT_OFFICER)])
def test_only_officers_record_contacts(app: Flask, role: Role) -> None:
    firm = make_organisation()
    with pytest.raises(NotAllowed):
        record(acting(make_user(role, organisation=firm)), firm, make_solver())


def test_contradictions_are_told_by_field(app: Flask) -> None:
    actor, firm, solver = acting(make_user(Role.CITY_OFFICER)), make_organisation(), make_solver()
    others = make_challenge()
    for values, field in (
        ({"on": clock.today() + timedelta(days=1)}, "on"),
        ({"way": " "}, "way"),
        ({"next_step": "长" * 501}, "next_step"),
        ({"challenge": others}, "challenge"),
        ({"event": make_event(EventState.CANCELLED)}, "event"),
    ):
        with pytest.raises(InvalidInput) as problem:
            record(actor, firm, solver, **values)
        assert list(problem.value.errors) == [field]
    with pytest.raises(InvalidInput) as problem:
        record(actor, solver.organisation, solver)
    assert list(problem.value.errors) == ["organisation"]


def test_the_same_form_sent_twice_makes_one_contact(app: Flask) -> None:
    actor, firm, solver = acting(make_user(Role.CITY_OFFICER)), make_organisation(), make_solver()
    record(actor, firm, solver)
    with pytest.raises(Conflict):
        record(actor, firm, solver)
    record(actor, firm, solver, result=ContactResult.CONTRACT)
    assert len(db.session.scalars(select(Contact)).all()) == 2


def test_a_correction_keeps_what_stood_before_in_the_journal(app: Flask) -> None:
    firm, solver = make_organisation(), make_solver()
    contact = make_contact(firm, solver, result=ContactResult.CONTRACT)
    values = {"on": contact.on, "way": "电话", "result": ContactResult.INTENT, "next_step": "", "event": None}
    actor = district()
    with transaction():
        operations.correct_contact(
            actor, contact, {**values, "organisation": firm, "solver": solver, "challenge": None}
        )
    entry = db.session.scalars(select(Entry).where(Entry.action == "contact:correct")).one()
    assert entry.changes[0]["values"]["result"] == ["contract", "intent"]
    elsewhere = make_organisation(district="370304")
    with pytest.raises(NotAllowed), transaction():
        operations.correct_contact(
            actor, contact, {**values, "organisation": elsewhere, "solver": solver, "challenge": None}
        )


def test_the_ledger_shows_a_district_its_own_rows_only(app: Flask) -> None:
    solver = make_solver()
    make_contact(make_organisation("张店甲公司"), solver)
    make_contact(make_organisation("博山乙公司", district="370304"), solver)
    officer = client_of(app, make_user(Role.DISTRICT_OFFICER, district="370304"))
    text = officer.get("/events/contacts").text
    assert "博山乙公司" in text
    assert "张店甲公司" not in text
    assert "张店甲公司" not in officer.get("/events/contacts?district=370303").text
    assert officer.get("/events/contacts.xlsx").data[:2] == b"PK"
    supervisor = client_of(app, make_user(Role.SUPERVISOR))
    assert "张店甲公司" in supervisor.get("/events/contacts").text


def test_filters_narrow_and_intents_stay_apart_from_contracts(app: Flask) -> None:
    firm, solver = make_organisation("张店甲公司"), make_solver(name="星火团队")
    make_contact(firm, solver, result=ContactResult.INTENT)
    make_contact(firm, make_solver(), result=ContactResult.CONTRACT, way="电话")
    staff = client_of(app, make_user(Role.CITY_OFFICER))
    assert "共 2 条" in staff.get("/events/contacts").text
    for query in ("q=星火", "result=intent", f"year={clock.today().year}&result=contract"):
        assert "共 1 条" in staff.get(f"/events/contacts?{query}").text, query
    for query in ("q=100%25", "year=1950", "district=370304", "event=7"):
        assert "没有对接记录" in staff.get(f"/events/contacts?{query}").text, query
    for query in ("year=abc", "result=x", "page=-1", "event=%00", "q=%00"):
        assert staff.get(f"/events/contacts?{query}").status_code == 200, query


def test_ledger_as_xlsx_has_the_columns_of_the_ministry_and_no_formulas(app: Flask) -> None:
    import openpyxl

    challenge = make_challenge(make_need(organisation=make_organisation("=cmd|' /C calc'!A0")))
    make_contact(challenge.organisation, make_solver(), challenge_id=challenge.id, next_step="@SUM(A1)", way="+1")
    staff = client_of(app, make_user(Role.CITY_OFFICER))
    sheet = openpyxl.load_workbook(BytesIO(staff.get("/events/contacts.xlsx").data)).active
    assert sheet is not None
    heading, row = list(sheet.iter_rows())
    assert "|".join(str(cell.value) for cell in heading) == "日期|企业|需求|专家/团队|单位|方式|结果|下次动作|经办"
    assert [cell.data_type for cell in row] == ["d"] + ["s"] * 8
    assert (row[1].value, row[5].value, row[7].value) == ("=cmd|' /C calc'!A0", "+1", "@SUM(A1)")
    assert all(row[number].quotePrefix for number in (1, 5, 7))
    assert sheet.freeze_panes == "A2"


def test_picking_from_the_guests_fills_the_form_and_records(app: Flask) -> None:
    firm, solver, event = (
        make_organisation("张店甲公司"),
        make_solver(name="星火团队"),
        make_event(EventState.HELD, days=-1),
    )
    make_attendance(event, organisation=firm, attended=True)
    make_attendance(event, solver=solver, attended=True)
    make_organisation("没来的公司")
    officer = client_of(app, make_user(Role.DISTRICT_OFFICER, district="370303"))
    text = officer.get(f"/events/contacts/new?event={event.id}&organisation=张店甲公司").text
    assert 'value="张店甲公司"' in text
    assert "星火团队（" in text
    assert "没来的公司" not in text
    form = {
        "on": str(clock.today()),
        "organisation": "张店甲公司",
        "solver": "星火团队",
        "way": "活动签到",
        "result": "intent",
    }
    assert officer.post(f"/events/contacts/new?event={event.id}", data=form).status_code == 303
    contact = db.session.scalars(select(Contact)).one()
    assert (contact.event_id, contact.solver_id, contact.organisation_id) == (event.id, solver.id, firm.id)


def test_names_that_fit_none_or_several_are_asked_again(app: Flask) -> None:
    for name, code in (("淄博甲一公司", "370303"), ("淄博甲二公司", "370303"), ("博山丙公司", "370304")):
        make_organisation(name, district=code)
    one, two = make_solver(name="王伟"), make_solver(name="王伟")
    labels, wanted = [solver_label(one), solver_label(two)], two.id
    officer = client_of(app, make_user(Role.DISTRICT_OFFICER, district="370303"))
    good = {"on": str(clock.today()), "organisation": "甲一", "solver": labels[1], "way": "电话", "result": "intent"}
    for changed, message in (
        ({"organisation": "淄博甲"}, "淄博甲一公司；淄博甲二公司"),
        ({"organisation": "博山丙公司"}, "不在您的区县"),
        ({"solver": "王伟"}, "；".join(labels)),
        ({"solver": "%"}, "没有这个揭榜方"),
        ({"challenge": "ZBJB-2021-999"}, "没有这个编号"),
        ({"on": "2099-01-01"}, "不能晚于今天"),
        ({"on": "昨天"}, "请填写日期"),
        ({"way": "心灵感应"}, 'id="way-error"'),
        ({"result": "maybe"}, 'id="result-error"'),
        ({"next_step": "坏\0字"}, "控制字符"),
    ):
        answer = officer.post("/events/contacts/new", data={**good, **changed})
        assert answer.status_code == 200, changed
        assert message in answer.text, changed
    assert officer.post("/events/contacts/new", data=good).status_code == 303
    assert db.session.scalars(select(Contact)).one().solver_id == wanted


def test_the_ledger_runs_the_same_statements_for_one_and_twenty(app: Flask) -> None:
    staff = client_of(app, make_user(Role.CITY_OFFICER))

    def counts() -> list[int]:
        found = []
        for address in ("/events/contacts", "/events/contacts.xlsx", "/events/contacts/new"):
            db.session.remove()
            with statements() as seen:
                assert staff.get(address).status_code == 200
            found.append(len(seen))
        return found

    firm = make_organisation()
    number = firm.id
    make_contact(firm, make_solver())
    counts()
    before = counts()
    firm = db.session.get_one(Organisation, number)
    for _ in range(19):
        make_contact(firm, make_solver())
    assert counts() == before
