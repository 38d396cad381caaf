"""Rules only ever get new versions; cycles keep theirs; taxonomy and calendar are the division's."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from market import clock
from market.audit.verify import verify
from market.database import db, transaction
from market.errors import IllegalMove, InvalidInput, NotAllowed
from market.permissions import Role
from market.programmes import operations, queries
from market.programmes.labels import LABELS
from market.programmes.models import CalendarDay, Cycle, CycleState, Programme, ProgrammeRules, Term, TermKind
from market.programmes.rules import Rules
from tests.builders.chain import make_challenge, make_cycle
from tests.builders.counting import statements
from tests.builders.people import acting, client_of, make_user


def content(**changes: Any) -> dict[str, Any]:
    return {**Rules().model_dump(), **changes}


def form_of(rules: Rules, **changes: str) -> dict[str, str]:
    """What the browser sends for these rules."""
    data = {"basis": "测试办法第二条"}
    for name, label in LABELS.items():
        value = getattr(rules, name)
        match label.kind:
            case "criteria":
                for number, row in enumerate(value):
                    data |= {f"criteria-{number}-{key}": str(cell) for key, cell in row.model_dump().items()}
            case "words":
                data[name] = "\r\n".join(value)
            case "percents":
                data[name] = "，".join(str(part) for part in value)
            case "wan":
                data[name] = str(value / 1_000_000)
            case "flag":
                data |= {name: "y"} if value else {}
            case _:
                data[name] = str(value)
    return data | changes


def test_every_rule_has_a_label_and_a_field() -> None:
    assert set(LABELS) == set(Rules.model_fields)


def test_a_programme_begins_with_default_rules_and_a_change_is_a_new_version(app: Flask) -> None:
    officer = acting(make_user(Role.CITY_OFFICER))
    with transaction():
        programme = operations.create_programme(officer, {"code": "ZBJB", "name": "揭榜挂帅"})
        operations.publish_rules(officer, programme, content(need_pass_score=70), "淄科规〔2026〕3 号")
    versions = queries.rules_versions(programme)
    assert [(row.version, row.content["need_pass_score"]) for row in versions] == [(2, 70), (1, 60)]
    assert verify(db.session())[1] is None


def test_a_version_cannot_be_edited_in_place(app: Flask) -> None:
    cycle = make_cycle()
    with pytest.raises(Exception, match="append-only"), transaction() as session:
        session.get_one(ProgrammeRules, cycle.rules_id).basis = "改写历史"
        operations.record(operations.SYSTEM, "test:build")


def test_posted_challenge_keeps_the_rules_it_was_drafted_under(app: Flask) -> None:
    challenge = make_challenge()
    officer = acting(make_user(Role.CITY_OFFICER))
    with transaction():
        programme = db.session.get_one(Programme, challenge.cycle.programme_id)
        operations.publish_rules(officer, programme, content(pass_line=75), "新办法")
    assert queries.rules_of(challenge).pass_line == 60
    assert queries.rules_of(challenge.need).pass_line == 60


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title_least": -1}, "title_least"),
        ({"title_least": 60}, "title_least"),
        ({"pass_line": 101}, "pass_line"),
        ({"instalments": (30, 30, 30)}, "instalments"),
        ({"need_panel_least": 4}, "need_panel_least"),
        ({"opening_quorum": 1}, "opening_quorum"),
        ({"opening_quorum": 4}, "opening_quorum"),
        ({"criteria": []}, "criteria"),
        ({"reward_payee": "me"}, "reward_payee"),
        ({"no_such_rule": 1}, ""),
        ({"posting_days_least": None}, "posting_days_least"),
    ],
)
def test_rules_that_contradict_themselves_are_refused_by_name(app: Flask, changes: dict[str, Any], field: str) -> None:
    programme = queries.programme_of(make_cycle().programme_id)
    officer = acting(make_user(Role.CITY_OFFICER))
    with pytest.raises(InvalidInput) as refusal, transaction():
        operations.publish_rules(officer, programme, content(**changes), "新办法")
    assert list(refusal.value.errors) == [field]
    assert all("一" <= message[0] <= "鿿" for message in refusal.value.errors.values()), "in Chinese"


def test_unchanged_rules_and_a_missing_basis_are_refused(app: Flask) -> None:
    programme = queries.programme_of(make_cycle().programme_id)
    officer = acting(make_user(Role.CITY_OFFICER))
    for changes, basis in (({}, "新办法"), ({"pass_line": 70}, " ")):
        with pytest.raises(InvalidInput), transaction():
            operations.publish_rules(officer, db.session.merge(programme), content(**changes), basis)


@pytest.mark.parametrize("role", [r for r in Role if r is not Role.CITY_OFFICER])
def test_nobody_else_writes(app: Flask, role: Role) -> None:
    programme, person = queries.programme_of(make_cycle().programme_id), acting(make_user(role))
    with pytest.raises(NotAllowed), transaction():
        operations.publish_rules(person, programme, content(pass_line=1), "新办法")
    with pytest.raises(NotAllowed), transaction():
        operations.enter_calendar_days(person, date(2027, 1, 1), None, False)


def test_cycle_opens_closes_and_closes_by_the_clock(app: Flask) -> None:
    cycle = make_cycle()
    officer = acting(make_user(Role.CITY_OFFICER))
    assert [found.id for found in queries.open_cycles()] == [cycle.id] and queries.takes_needs(cycle)
    with pytest.raises(IllegalMove), transaction():
        operations.open_cycle(officer, db.session.merge(cycle))
    with clock.at(cycle.closes_at):
        operations.close_ended_cycles()
        assert db.session.get_one(Cycle, cycle.id).state is CycleState.OPEN
    with clock.at(cycle.closes_at + timedelta(seconds=1)):
        assert not queries.open_cycles()
        operations.close_ended_cycles()
    assert db.session.get_one(Cycle, cycle.id).state is CycleState.CLOSED


def test_open_cycle_cannot_change_its_rules(app: Flask) -> None:
    cycle = make_cycle()
    officer = acting(make_user(Role.CITY_OFFICER))
    values = {"year": 2026, "name": "批次", "opens_at": cycle.opens_at, "closes_at": cycle.closes_at}
    with transaction():
        programme = queries.programme_of(cycle.programme_id)
        newer = operations.publish_rules(officer, programme, content(pass_line=70), "新办法")
    with pytest.raises(InvalidInput, match="不能更换"), transaction():
        operations.edit_cycle(officer, queries.cycle_of(cycle.id), {**values, "rules": newer})
    with pytest.raises(InvalidInput, match="晚于"), transaction():
        operations.edit_cycle(officer, queries.cycle_of(cycle.id), {**values, "closes_at": cycle.opens_at})


def test_entered_days_move_deadlines(app: Flask) -> None:
    officer = acting(make_user(Role.CITY_OFFICER))
    start = date(2027, 3, 1)
    before = clock.add_working_days(start, 5, queries.kept_days()).on
    with transaction():
        assert operations.enter_calendar_days(officer, date(2027, 3, 3), date(2027, 3, 4), False, "测试假") == 2
    assert clock.add_working_days(start, 5, queries.kept_days()).on > before
    with transaction():
        operations.enter_calendar_days(officer, date(2027, 3, 3), None, True)
    assert db.session.get_one(CalendarDay, date(2027, 3, 3)).is_working is True
    assert verify(db.session())[1] is None


def test_rules_form_publishes_and_keeps_what_was_typed_when_wrong(app: Flask) -> None:
    cycle = make_cycle()
    client = client_of(app, make_user(Role.CITY_OFFICER))
    path = f"/programmes/{cycle.programme_id}/rules/new"
    assert client.get(path).get_data(as_text=True).count("<h1") == 1
    for changes, message in (
        ({"pass_line": "一百"}, "整数"),
        ({"title_least": "９０"}, "标题最少字数不能大于"),
        ({"instalments": "30, 30"}, "之和应为 100"),
        ({"instalments": "三七开"}, "用逗号隔开"),
        ({"fiscal_cap_fen": "-5"}, "不能为负数"),
        ({"basis": ""}, "请填写此项"),
        ({"criteria-0-weight": "31"}, "权重之和应为 100"),
        ({}, "没有差别"),
    ):
        answer = client.post(path, data=form_of(Rules(), **changes))
        page = answer.get_data(as_text=True)
        assert answer.status_code == 200 and message in page, changes
        assert all(value in page for value in changes.values())
    assert client.post(path, data=form_of(Rules(), pass_line="６５")).status_code == 303
    shown = client.get(f"/programmes/{cycle.programme_id}/rules").get_data(as_text=True)
    assert "<del" in shown and "65 分" in shown and "60 分" in shown


def test_forms_answer_bad_input(app: Flask) -> None:
    cycle = make_cycle()
    client = client_of(app, make_user(Role.CITY_OFFICER))
    for path, data, message in (
        ("/programmes/new", {"code": "小写", "name": "计划"}, "大写字母"),
        ("/programmes/new", {"code": "A" * 13, "name": "计划"}, "最多 12 个字"),
        ("/programmes/terms", {"kind": "industry", "code": "A B", "name": "产业"}, "小写字母"),
        ("/programmes/terms", {"kind": "colour", "code": "red", "name": "产业"}, ""),
        ("/programmes/calendar", {"first": "2027-02-30", "is_working": "no"}, "请填写日期"),
        ("/programmes/calendar", {"first": "2027-02-05", "last": "2027-02-01", "is_working": "no"}, "不能早于"),
        ("/programmes/calendar", {"first": "2027-01-01", "last": "2027-12-31", "is_working": "no"}, "一次最多"),
        (
            f"/programmes/{cycle.programme_id}/cycles/new",
            {"name": "批次", "year": "1", "opens_at": "明天"},
            "请填写日期和时间",
        ),
    ):
        answer = client.post(path, data=data)
        assert answer.status_code == 200 and message in answer.get_data(as_text=True), path
    for path in ("/programmes/999/rules", "/programmes/cycles/999", "/programmes/terms/999"):
        assert client.get(path).status_code == 404
    assert client.post("/programmes/calendar/tomorrow/remove").status_code == 404
    assert client.get("/programmes/calendar?year=99999").status_code == 200
    assert db.session.scalars(select(Term)).all() == []


def test_taxonomy_grows_and_retires_without_losing_names(app: Flask) -> None:
    client = client_of(app, make_user(Role.CITY_OFFICER))
    client.post(
        "/programmes/terms", data={"kind": "industry", "code": "ceramics", "name": "先进陶瓷", "name_en": "Ceramics"}
    )
    term = db.session.scalars(select(Term)).one()
    client.post(f"/programmes/terms/{term.id}", data={"name": "先进陶瓷材料", "retired": "y"})
    db.session.expire_all()
    assert queries.terms(TermKind.INDUSTRY) == []
    assert queries.term_names()[TermKind.INDUSTRY] == {"ceramics": "先进陶瓷材料"}


def test_index_costs_the_same_for_1_and_10_cycles(app: Flask) -> None:
    cycle = make_cycle()
    window = {"opens_at": cycle.opens_at, "closes_at": cycle.closes_at}
    programme_id = cycle.programme_id
    client = client_of(app, make_user(Role.SUPERVISOR))

    def cost() -> int:
        db.session.expunge_all()
        with statements() as seen:
            assert client.get("/programmes/").status_code == 200
        return len(seen)

    once, officer = cost(), acting(make_user(Role.CITY_OFFICER))
    with transaction():
        for number in range(9):
            values = {"year": 2026, "name": f"批次{number}", **window}
            operations.create_cycle(officer, queries.programme_of(programme_id), values)
    assert cost() == once
