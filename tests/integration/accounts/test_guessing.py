"""Guessing passwords is slowed where it comes from, and nobody can be kept out by the guesses of another."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from market import clock
from market.accounts.devices import asking_device_or_address
from market.accounts.guessing import PLACES_AT_ONCE, TRIES_WHILE_SLOW, WINDOW
from market.accounts.models import SignInFailure, User
from market.accounts.passwords import hash_password
from market.database import db
from market.notifications.operations import mark_of
from tests.builders.people import PASSWORD, make_user, save

STORED = hash_password(PASSWORD)
PERSON, RIVAL = "person@example.invalid", "rival@example.invalid"


def make_person(email: str = PERSON) -> User:
    return make_user(email=email, password_hash=STORED)


def client_at(app: Flask, ip: str) -> FlaskClient:
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = ip
    return client


def sign_in(client: FlaskClient, password: str = PASSWORD, email: str = PERSON) -> int:
    return client.post("/accounts/login", data={"email": email, "password": password}).status_code


def guess(app: Flask, times: int, ip: str = "192.0.2.1", email: str = PERSON) -> None:
    for _time in range(times):
        assert sign_in(client_at(app, ip), "wrong password", email) == 422


def tries(app: Flask) -> int:
    return app.extensions["settings"].sign_in_tries


def failures(count: int, email: str, ip: str) -> None:
    """As that many wrong passwords leave them."""
    save(*(SignInFailure(account_mark=mark_of(email), ip=ip) for _number in range(count)))


def test_rival_elsewhere_cannot_lock_the_account(app: Flask) -> None:
    make_person()
    guess(app, tries(app) + 5)
    assert sign_in(client_at(app, "192.0.2.1")) == 422
    assert sign_in(client_at(app, "198.51.100.9")) == 303


def test_whoever_guesses_waits_even_with_the_right_password_and_then_may_again(app: Flask) -> None:
    make_person()
    guess(app, tries(app))
    assert sign_in(client_at(app, "192.0.2.1")) == 422
    with clock.at(clock.now() + WINDOW + timedelta(seconds=1)):
        assert sign_in(client_at(app, "192.0.2.1")) == 303


def test_rival_behind_the_same_address_cannot_keep_a_used_device_out(app: Flask) -> None:
    make_person()
    known = client_at(app, "192.0.2.1")
    assert sign_in(known) == 303
    known.post("/accounts/logout")
    failures(200, PERSON, "192.0.2.1")
    assert sign_in(known) == 303
    assert sign_in(client_at(app, "192.0.2.1")) == 422


def test_used_device_has_no_more_tries_than_anybody(app: Flask) -> None:
    """A stolen cookie opens no way to guess on."""
    make_person()
    thief = client_at(app, "192.0.2.1")
    assert sign_in(thief) == 303
    thief.post("/accounts/logout")
    for number in range(3 * tries(app)):
        thief.environ_base["REMOTE_ADDR"] = "192.0.2.1" if number % 2 else "192.0.2.2"
        sign_in(thief, "wrong password")
    assert sign_in(thief) == 422


def test_device_of_one_account_is_unknown_to_every_other(app: Flask) -> None:
    make_person()
    make_person(RIVAL)
    rival = client_at(app, "192.0.2.1")
    assert sign_in(rival, email=RIVAL) == 303
    rival.post("/accounts/logout")
    for _time in range(tries(app)):
        assert sign_in(rival, "wrong password") == 422
    assert sign_in(rival) == 422


@pytest.mark.parametrize("forged", ["", "nonsense", "eyJudW1iZXIiOiJ4IiwiYWNjb3VudHMiOltdfQ.aaaa.bbbb"])
def test_forged_or_old_cookie_is_no_device(app: Flask, forged: str) -> None:
    make_person()
    genuine = client_at(app, "192.0.2.1")
    assert sign_in(genuine) == 303
    genuine.post("/accounts/logout")
    failures(tries(app), PERSON, "192.0.2.1")
    forger = client_at(app, "192.0.2.1")
    forger.set_cookie("jiebang-device", forged)
    assert sign_in(forger) == 422


def test_device_cookie_is_closed_to_script_names_nobody_and_is_given_for_a_right_password_only(app: Flask) -> None:
    make_person()
    wrong = client_at(app, "192.0.2.1").post("/accounts/login", data={"email": PERSON, "password": "wrong password"})
    assert "jiebang-device" not in str(wrong.headers.getlist("Set-Cookie"))
    right = client_at(app, "192.0.2.1").post("/accounts/login", data={"email": PERSON, "password": PASSWORD})
    (cookie,) = [line for line in right.headers.getlist("Set-Cookie") if line.startswith("jiebang-device=")]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "person" not in cookie


def test_one_address_guessing_many_accounts_is_stopped(app: Flask) -> None:
    make_person()
    for number in range(app.extensions["settings"].sign_in_tries_per_address):
        sign_in(client_at(app, "192.0.2.1"), "wrong password", f"nobody{number}@example.invalid")
    assert sign_in(client_at(app, "192.0.2.1")) == 422
    assert sign_in(client_at(app, "198.51.100.9")) == 303


@pytest.mark.parametrize("victim", [PERSON, "somebody.else@example.invalid"])
def test_attack_from_many_places_leaves_unknown_devices_two_tries_and_the_right_password_in(
    app: Flask, victim: str
) -> None:
    """Against one account, or spread over the whole site: slower for the guesser, open to the holder."""
    make_person()
    if victim == PERSON:
        places = [(10, f"203.0.113.{number}") for number in range(PLACES_AT_ONCE)]
    else:
        places = [(20, f"203.0.113.{number}") for number in range(app.extensions["settings"].sign_in_slow_from // 20)]
    for count, place in places:
        failures(count, victim, place)
    guess(app, TRIES_WHILE_SLOW, "192.0.2.1")
    assert sign_in(client_at(app, "192.0.2.1")) == 422
    assert sign_in(client_at(app, "198.51.100.9")) == 303


def test_refusal_looks_the_same_for_a_blocked_an_unknown_and_a_wrong_one(app: Flask) -> None:
    make_person()
    pages = []
    for _time in range(tries(app) + 1):
        pages.append(client_at(app, "192.0.2.1").post("/accounts/login", data={"email": PERSON, "password": "wrong"}))
    unknown = client_at(app, "192.0.2.2").post("/accounts/login", data={"email": RIVAL, "password": "wrong"})
    assert {page.status_code for page in [*pages, unknown]} == {422}
    # The random token of each form is left out.
    shown = {re.sub(r'"[A-Za-z0-9._-]{60,}"', "", page.get_data(as_text=True)) for page in pages}
    assert len(shown) == 1
    assert re.sub(r'"[A-Za-z0-9._-]{60,}"', "", unknown.get_data(as_text=True)).replace(RIVAL, PERSON) in shown


def test_signed_in_person_confirms_although_a_neighbour_guesses(app: Flask) -> None:
    """The password is asked again before opening, approving and paying: a deadline of its own."""
    make_person()
    person = client_at(app, "192.0.2.1")
    assert sign_in(person) == 303
    failures(200, PERSON, "192.0.2.1")
    assert person.post("/accounts/confirm", data={"password": PASSWORD}).status_code == 303


def test_addresses_typed_at_the_door_are_not_kept(app: Flask) -> None:
    guess(app, 1, email="gone.person@example.invalid")
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(SignInFailure)) == 1
    kept = db.session.execute(text("SELECT * FROM sign_in_failure")).all()
    assert "gone" not in repr(kept)


def test_rate_limit_counts_a_used_device_by_itself_and_strangers_by_address(app: Flask) -> None:
    make_person()
    client = client_at(app, "192.0.2.1")
    assert sign_in(client) == 303
    cookie = client.get_cookie("jiebang-device")
    assert cookie is not None
    headers = {"Cookie": f"jiebang-device={cookie.value}"}
    place = {"REMOTE_ADDR": "192.0.2.1"}
    with app.test_request_context(
        "/accounts/login", method="POST", headers=headers, environ_base=place, data={"email": PERSON}
    ):
        own = asking_device_or_address()
    with app.test_request_context(
        "/accounts/login", method="POST", headers=headers, environ_base=place, data={"email": RIVAL}
    ):
        foreign = asking_device_or_address()
    assert own.startswith("device:") and foreign == "192.0.2.1"
