"""The supervisor reads, filters, checks and exports the journal; nobody else does."""

import csv
import io
import re
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

import market
from market import clock
from market.accounts import operations
from market.accounts.models import User
from market.audit.export import safe_cell
from market.audit.journal import record
from market.audit.labels import action_label
from market.audit.models import Entry
from market.audit.verify import verify
from market.database import db, transaction
from market.jobs.models import Outbox
from market.permissions import SYSTEM, Actor, Role
from tests.builders.counting import statements
from tests.builders.people import acting, client_of, make_organisation, make_user, save


def supervisor(app: Flask) -> FlaskClient:
    return client_of(app, make_user(Role.SUPERVISOR))


def rename(person: User, name: str) -> None:
    with transaction():
        operations.update_profile(
            acting(person), db.session.merge(person), name=name, name_en="", title="", phone="13900001234", locale="zh"
        )


def test_entry_shows_before_and_after_and_hides_the_secret(app: Flask) -> None:
    person = make_user(name="旧名字")
    rename(person, "新名字")
    seq = db.session.scalar(select(Entry.seq).where(Entry.action == "user:update"))
    page = supervisor(app).get(f"/audit/entries/{seq}").get_data(as_text=True)
    assert "旧名字" in page and "新名字" in page and "修改资料" in page
    assert "13900001234" not in page and "hmac:" in page


def test_history_of_a_subject_tells_its_story_only(app: Flask) -> None:
    person, other = make_user(), make_user()
    rename(person, "第一次改名")
    rename(other, "别人改名")
    page = supervisor(app).get(f"/audit/user/{person.id}").get_data(as_text=True)
    assert "共 1 条记录" in page and "第一次改名" in page and "别人改名" not in page
    assert supervisor(app).get("/audit/user/999999").status_code == 404
    assert supervisor(app).get("/audit/nosuchtable/1").status_code == 404


def test_filters_find_who_what_subject_and_day(app: Flask) -> None:
    with clock.at(datetime(2026, 3, 5, 23, 30, tzinfo=clock.SHANGHAI)), transaction():
        record(Actor(1, "甲经办"), "user:sign_in", note="三月五日深夜")
    with clock.at(datetime(2026, 3, 6, 0, 30, tzinfo=clock.SHANGHAI)), transaction():
        record(Actor(2, "乙经办"), "grant:give", note="三月六日凌晨")
    browser = supervisor(app)

    def shown(query: str) -> tuple[bool, bool]:
        page = browser.get(f"/audit/?{query}").get_data(as_text=True)
        return "三月五日深夜" in page, "三月六日凌晨" in page

    assert shown("who=甲") == (True, False)
    assert shown("action=grant:give") == (False, True)
    assert shown("since=2026-03-05&until=2026-03-05") == (True, False)
    assert shown("since=2026-03-06") == (False, True)
    assert shown("since=nonsense&until=0001-01-01&page=-1") == (True, True)
    assert shown("who=%25") == (False, False)


def test_verify_button_says_yes_and_is_itself_in_the_journal(app: Flask) -> None:
    browser = supervisor(app)
    page = browser.post("/audit/verify", follow_redirects=True).get_data(as_text=True)
    assert "核对通过" in page
    assert db.session.scalar(select(Entry.action).order_by(Entry.seq.desc())) == "audit:verify"
    assert verify(db.session())[1] is None


def test_verify_button_names_a_row_changed_behind_the_application(app: Flask) -> None:
    person = make_user(name="原来的名字")
    db.session.rollback()
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE \"user\" SET name = '改掉的名字' WHERE id = :id"), {"id": person.id})
    page = supervisor(app).post("/audit/verify", follow_redirects=True).get_data(as_text=True)
    assert "核对不通过" in page and f"user 第 {person.id} 行" in page


def test_dead_effects_are_shown_with_their_error(app: Flask) -> None:
    save(
        Outbox(
            topic="mail.user",
            dedupe_key="x",
            payload={},
            attempts=12,
            dead_at=clock.now(),
            error="Traceback\nRefused: full",
        )
    )
    browser = supervisor(app)
    assert "有 1 件后台任务多次失败后停止" in browser.get("/audit/").get_data(as_text=True)
    page = browser.get("/audit/undelivered").get_data(as_text=True)
    assert "mail.user" in page and "Refused: full" in page


@pytest.mark.parametrize(
    "value", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "＠x", "  =cmd|' /C calc'!A0"]
)
def test_cell_that_looks_like_a_formula_is_quoted(value: str) -> None:
    assert safe_cell(value) == "'" + value


@pytest.mark.parametrize("value", ["张三", "2026-01-01", 12, None])
def test_harmless_cell_is_left_alone(value: object) -> None:
    assert safe_cell(value) == ("" if value is None else str(value))


def test_export_is_csv_of_what_was_filtered_and_cannot_run(app: Flask) -> None:
    with transaction():
        record(SYSTEM, "user:sign_in", note='=HYPERLINK("http://evil.example")')
        record(SYSTEM, "grant:give", note="不在范围内")
    answer = supervisor(app).post("/audit/export.csv", data={"action": "user:sign_in"})
    assert answer.mimetype == "text/csv" and "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
    assert len(rows) == 2
    assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    assert "'=HYPERLINK" in rows[1][9]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SUPERVISOR])
def test_nobody_but_the_supervisor_reads_the_journal(app: Flask, role: Role) -> None:
    district = "370303" if role is Role.DISTRICT_OFFICER else None
    browser = client_of(app, make_user(role, organisation=make_organisation(), district=district))
    assert browser.get("/audit/").status_code == 403
    assert browser.post("/audit/export.csv").status_code == 403


def test_journal_page_costs_the_same_for_few_and_many_entries(app: Flask) -> None:
    browser = supervisor(app)
    db.session.remove()
    with statements() as few:
        browser.get("/audit/")
    for _ in range(20):
        make_user()
    db.session.remove()
    with statements() as many:
        browser.get("/audit/")
    assert len(few) == len(many)


def test_every_recorded_action_has_words_and_each_label_stands_once_in_the_filter(app: Flask) -> None:
    sources = [path.read_text() for path in Path(market.__file__).parent.rglob("*.py")]
    recorded = {action for source in sources for action in re.findall(r'\brecord\([^"]*?"([a-z_]+:[a-z_]+)"', source)}
    assert len(recorded) > 60
    assert [action for action in sorted(recorded) if not re.search(r"[\u4e00-\u9fff]", action_label(action))] == []
    page = supervisor(app).get("/audit/").get_data(as_text=True)
    labels = re.findall(r"<option[^>]*>([^<]+)</option>", page.split('name="action"')[1].split("</select>")[0])
    assert len(labels) == len(set(labels))


def test_filter_finds_every_action_that_reads_the_same(app: Flask) -> None:
    with transaction():
        record(SYSTEM, "bid:withdraw", note="撤回揭榜书一份")
        record(SYSTEM, "need:withdraw", note="撤回需求一条")
    assert action_label("bid:withdraw") == action_label("need:withdraw")
    page = supervisor(app).get("/audit/?action=need:withdraw").get_data(as_text=True)
    assert "撤回揭榜书一份" in page and "撤回需求一条" in page


@pytest.mark.parametrize(
    ("value", "column", "read"),
    [
        (1_794_466_800.0, "decided_at", "2026-11-12 15:00:00"),
        (1_794_466_800, "amount_fen", "1794466800"),
        (None, "decided_at", "—"),
    ],
)
def test_journalled_instants_are_read_as_beijing_time(app: Flask, value: object, column: str, read: str) -> None:
    assert app.jinja_env.filters["journalled"](value, column) == read
