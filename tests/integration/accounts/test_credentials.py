"""Signing in, passwords, sessions, the links sent by mail."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from market import clock
from market.accounts import queries
from market.accounts.models import PasswordReset, SignInFailure, User, UserSession
from market.accounts.passwords import hash_password, matches
from market.audit.models import Entry
from market.audit.verify import verify
from market.database import Base, db
from market.jobs.outbox import run_scheduled
from market.permissions import Role
from tests.builders.mail import letters, link_in
from tests.builders.people import PASSWORD, client_of, make_user

STORED = hash_password(PASSWORD)
NEW = "另一句足够长的话当密码"


def make_person(**values: object) -> User:
    return make_user(email="person@example.invalid", password_hash=STORED, **values)


def sign_in(client: FlaskClient, password: str = PASSWORD, email: str = "person@example.invalid", **values: str) -> int:
    return client.post("/accounts/login", data={"email": email, "password": password, **values}).status_code


def test_sign_in_with_the_right_password_and_the_journal_knows(client: FlaskClient) -> None:
    make_person()
    assert sign_in(client, email=" Person@Example.INVALID ") == 303
    assert client.get("/workspace/").status_code == 200
    assert "user:sign_in" in db.session.scalars(select(Entry.action)).all()
    assert verify(db.session())[1] is None


def test_sign_in_leads_where_the_person_wanted_to_go(client: FlaskClient) -> None:
    make_person()
    asked = client.get("/inbox/?page=2")
    page = client.get(asked.headers["Location"]).get_data(as_text=True)
    assert 'name="next" value="/inbox/?page=2"' in page
    answer = client.post(
        "/accounts/login", data={"email": "person@example.invalid", "password": PASSWORD, "next": "/inbox/?page=2"}
    )
    assert answer.headers["Location"] == "/inbox/?page=2"


def test_failures_are_forgotten_after_a_day(app: Flask) -> None:
    sign_in(app.test_client(), "wrong password")
    with clock.at(clock.now() + timedelta(days=2)):
        run_scheduled()
    assert db.session.scalars(select(SignInFailure)).all() == []


@pytest.mark.parametrize(
    "values", [{"email": ""}, {"email": "x\x00@y.z"}, {"email": "x" * 400}, {"password": ""}, {"password": "p" * 5000}]
)
def test_odd_sign_in_is_answered_beside_the_field(client: FlaskClient, values: dict[str, str]) -> None:
    make_person()
    assert sign_in(client, **{"password": PASSWORD, **values}) == 422
    assert client.get("/workspace/").status_code == 302


def test_changed_password_keeps_this_browser_and_ends_the_others(app: Flask) -> None:
    person = make_person()
    here, other = client_of(app, person), client_of(app, person)
    answer = here.post("/accounts/password", data={"current": PASSWORD, "password": NEW})
    assert answer.status_code == 303
    assert here.get("/workspace/").status_code == 200
    assert other.get("/workspace/").status_code == 302
    assert sign_in(app.test_client()) == 422 and sign_in(app.test_client(), NEW) == 303


@pytest.mark.parametrize(
    ("current", "password", "message"),
    [
        ("wrong", NEW, "当前密码不正确"),
        (PASSWORD, "short", "密码至少 10 个字符"),
        (PASSWORD, PASSWORD, "新密码与当前密码相同"),
        (PASSWORD, "person@example", "密码不要包含您的邮箱"),
    ],
)
def test_bad_password_change_is_told_beside_the_field(app: Flask, current: str, password: str, message: str) -> None:
    person = make_person()
    answer = client_of(app, person).post("/accounts/password", data={"current": current, "password": password})
    assert answer.status_code == 422 and message in answer.get_data(as_text=True)
    db.session.rollback()
    assert matches(queries.user_of(person.id).password_hash, PASSWORD)


def test_reset_link_works_once_and_ends_every_session(app: Flask) -> None:
    person = make_person()
    browser = client_of(app, person)
    assert app.test_client().post("/accounts/forgot", data={"email": person.email}).status_code == 200
    path = link_in(letters(app, person.email)[0])
    visitor = app.test_client()
    assert visitor.post(path, data={"password": "short"}).status_code == 422
    assert visitor.post(path, data={"password": NEW}).status_code == 303
    assert visitor.post(path, data={"password": NEW + "2"}).status_code == 404
    assert visitor.get(path).status_code == 404
    assert browser.get("/workspace/").status_code == 302
    assert sign_in(app.test_client(), NEW) == 303
    assert verify(db.session())[1] is None


def test_reset_link_ends_after_half_an_hour(app: Flask) -> None:
    person = make_person()
    app.test_client().post("/accounts/forgot", data={"email": person.email})
    path = link_in(letters(app, person.email)[0])
    with clock.at(clock.now() + timedelta(minutes=31)):
        assert app.test_client().get(path).status_code == 404


def test_stranger_who_asks_for_links_spends_none_and_a_new_password_spends_all(app: Flask) -> None:
    person = make_person()
    for minutes in (0, 4, 8):
        with clock.at(clock.now() + timedelta(minutes=minutes)):
            app.test_client().post("/accounts/forgot", data={"email": person.email})
            letters(app, person.email)
    paths = sorted({link_in(letter) for letter in letters(app, person.email)})
    assert len(paths) == 3
    assert [app.test_client().get(path).status_code for path in paths] == [200] * 3
    assert app.test_client().post(paths[0], data={"password": NEW}).status_code == 303
    for path in paths:
        assert app.test_client().post(path, data={"password": NEW + "2"}).status_code == 404


def test_reset_link_is_kept_nowhere_but_in_the_letter(app: Flask) -> None:
    person = make_person()
    app.test_client().post("/accounts/forgot", data={"email": person.email})
    token = link_in(letters(app, person.email)[0]).rsplit("/", 1)[1]
    db.session.rollback()
    for table in Base.metadata.sorted_tables:
        assert all(token not in str(row) for row in db.session.execute(select(table))), table.name
    assert len(db.session.scalars(select(PasswordReset)).all()) == 1


def test_asking_ten_times_for_a_link_sends_one_letter(app: Flask) -> None:
    person = make_person()
    with clock.at(clock.now()):
        for _ in range(10):
            app.test_client().post("/accounts/forgot", data={"email": person.email})
    assert len(letters(app, person.email)) == 1


def test_person_ends_another_browser_but_never_somebody_elses(app: Flask) -> None:
    person, stranger = make_person(), make_user()
    here, other = client_of(app, person), client_of(app, person)
    number = db.session.scalars(select(UserSession.id).order_by(UserSession.id.desc())).first()
    assert client_of(app, stranger).post(f"/accounts/sessions/{number}/end").status_code == 404
    assert other.get("/workspace/").status_code == 200
    assert here.post(f"/accounts/sessions/{number}/end").status_code == 303
    assert other.get("/workspace/").status_code == 302
    assert here.get("/workspace/").status_code == 200


def test_profile_saves_and_refuses_bad_input_beside_the_field(app: Flask) -> None:
    person = make_person()
    browser = client_of(app, person)
    good = {"name": "新名字", "name_en": "New Name", "title": "教授", "phone": "0533-1234567", "locale": "en"}
    assert browser.post("/accounts/profile", data=good).status_code == 303
    db.session.rollback()
    saved = queries.user_of(person.id)
    assert (saved.name, saved.phone, saved.locale) == ("新名字", "0533-1234567", "en")
    browser.post("/locale", data={"locale": "zh"})
    bad = browser.post("/accounts/profile", data={**good, "name": "", "phone": "电话号码"}).get_data(as_text=True)
    assert "请填写此项" in bad and "电话只能含数字" in bad and 'value="教授"' in bad
    assert verify(db.session())[1] is None


def test_phone_number_is_not_readable_in_the_journal(app: Flask) -> None:
    browser = client_of(app, make_person())
    browser.post("/accounts/profile", data={"name": "某人", "phone": "13900001234", "locale": "zh"})
    assert all("13900001234" not in str(entry.changes) for entry in db.session.scalars(select(Entry)))


def test_stale_password_is_asked_again_before_an_invitation_and_leads_back(app: Flask) -> None:
    administrator = make_user(Role.ADMINISTRATOR, email="person@example.invalid", password_hash=STORED)
    browser = client_of(app, administrator)
    with clock.at(clock.now() + timedelta(minutes=11)):
        answer = browser.get("/accounts/users/invite")
        assert (
            answer.status_code == 303 and answer.headers["Location"] == "/accounts/confirm?next=/accounts/users/invite"
        )
        posted = browser.post(
            "/accounts/users/invite",
            data={"email": "a@example.invalid"},
            headers={"Referer": "http://localhost/accounts/users/invite"},
        )
        assert posted.headers["Location"] == "/accounts/confirm?next=/accounts/users/invite"
        assert browser.post("/accounts/confirm", data={"password": "wrong"}).status_code == 422
        assert browser.get("/accounts/users/invite").status_code == 303
        confirmed = browser.post("/accounts/confirm", data={"password": PASSWORD, "next": "/accounts/users/invite"})
        assert confirmed.headers["Location"] == "/accounts/users/invite"
        assert browser.get("/accounts/users/invite").status_code == 200


def test_confirming_after_a_foreign_page_leads_to_the_workspace(app: Flask) -> None:
    browser = client_of(app, make_user(Role.ADMINISTRATOR))
    with clock.at(clock.now() + timedelta(minutes=11)):
        answer = browser.post("/accounts/users/invite", headers={"Referer": "https://evil.example/accounts/users"})
        assert answer.headers["Location"] == "/accounts/confirm?next=/workspace/"
