"""What must not happen at the door: telling who has an account, sessions that outlive their end, forged requests, open redirects."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from market.access import ACCESS, UndeclaredRoute, refuse_undeclared_routes
from market.accounts import passwords
from market.accounts.models import User, UserSession
from market.accounts.passwords import hash_password
from market.database import db
from market.permissions import Role
from tests.builders.mail import letters
from tests.builders.people import PASSWORD, client_of, make_organisation, make_user

STORED = hash_password(PASSWORD)
UNCHOSEN = {"affiliation": "later", "kind": "firm", "country": "CN", "district_code": ""}
KNOWN, UNKNOWN = "known@example.invalid", "unkno@example.invalid"


def make_known(**values: object) -> User:
    return make_user(email=KNOWN, password_hash=STORED, **values)


def same_but_for_the_address(first: bytes, second: bytes) -> bool:
    """Byte for byte, leaving out what was typed and the random token of each form."""
    token = rb'name="csrf_token"[^>]*value="[^"]+"|"X-CSRFToken": "[^"]+"'
    return re.sub(token, b"", first.replace(KNOWN.encode(), b"")) == re.sub(
        token, b"", second.replace(UNKNOWN.encode(), b"")
    )


# ---------- enumeration ----------


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("/accounts/login", {"password": "not the password"}),
        ("/accounts/forgot", {}),
        ("/accounts/register", {"name": "某人", "password": "一句足够长的话当密码", "agrees": "y", **UNCHOSEN}),
        ("/accounts/register", {"name": "某人", "password": "short", "agrees": "y", **UNCHOSEN}),
    ],
)
def test_known_and_unknown_address_get_the_same_answer(app: Flask, path: str, values: dict[str, str]) -> None:
    make_known()
    known = app.test_client().post(path, data={**values, "email": KNOWN})
    unknown = app.test_client().post(path, data={**values, "email": UNKNOWN})
    assert known.status_code == unknown.status_code
    assert known.headers.get("Location") == unknown.headers.get("Location")
    assert same_but_for_the_address(known.data, unknown.data)


def test_closed_account_and_blocked_account_look_like_a_wrong_password(app: Flask) -> None:
    make_known(is_active=False)
    closed = app.test_client().post("/accounts/login", data={"email": KNOWN, "password": PASSWORD})
    for _ in range(12):
        blocked = app.test_client().post("/accounts/login", data={"email": UNKNOWN, "password": PASSWORD})
    assert closed.status_code == blocked.status_code == 422
    assert same_but_for_the_address(closed.data, blocked.data)


def test_unknown_address_costs_a_password_hash_too(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []
    real = passwords._hasher

    class Watching:
        def verify(self, stored: str, password: str) -> bool:
            verified.append(stored)
            return real.verify(stored, password)

    monkeypatch.setattr(passwords, "_hasher", Watching())
    make_known()
    for address in (KNOWN, UNKNOWN):
        app.test_client().post("/accounts/login", data={"email": address, "password": "not the password"})
    assert len(verified) == 2


def test_registering_a_known_address_changes_nothing_and_tells_its_holder(app: Flask) -> None:
    person = make_known()
    firm = make_organisation("受害公司")
    app.test_client().post(
        "/accounts/register",
        data={
            "name": "冒名者", "email": KNOWN, "password": "攻击者选的一句长密码", "agrees": "y", "affiliation": "join",
            "organisation_query": firm.name, "kind": "firm", "country": "CN", "district_code": "",
        },
    )  # fmt: skip
    db.session.rollback()
    kept = db.session.get(User, person.id)
    assert kept is not None and (kept.name, kept.password_hash) == (person.name, STORED)
    assert len(letters(app, KNOWN)) == 1


# ---------- sessions ----------


def sign_in(client: FlaskClient) -> None:
    assert client.post("/accounts/login", data={"email": KNOWN, "password": PASSWORD}).status_code == 303


def cookie_of(client: FlaskClient) -> str:
    cookie = client.get_cookie("jiebang")
    assert cookie is not None
    return cookie.value


def test_signed_out_cookie_is_worth_nothing(app: Flask) -> None:
    make_known()
    client = app.test_client()
    sign_in(client)
    stolen = cookie_of(client)
    client.post("/accounts/logout")
    thief = app.test_client()
    thief.set_cookie("jiebang", stolen)
    assert thief.get("/workspace/").status_code == 302


def test_fixed_cookie_is_worth_nothing_after_sign_in(app: Flask) -> None:
    make_known()
    victim, thief = app.test_client(), app.test_client()
    victim.post("/locale", data={"locale": "zh"})
    planted = cookie_of(victim)
    sign_in(victim)
    assert cookie_of(victim) != planted
    thief.set_cookie("jiebang", planted)
    assert thief.get("/workspace/").status_code == 302


def test_signing_in_again_makes_a_new_session(app: Flask) -> None:
    make_known()
    client = app.test_client()
    sign_in(client)
    first = cookie_of(client)
    sign_in(client)
    assert cookie_of(client) != first
    hashes = db.session.scalars(select(UserSession.token_hash)).all()
    assert len(hashes) == len(set(hashes)) == 2


def test_cookie_holds_no_number_that_the_database_keeps(app: Flask) -> None:
    person = make_known()
    client = app.test_client()
    sign_in(client)
    with client.session_transaction() as session:
        token = session["_user_id"]
    assert token != str(person.id) and len(token) >= 43
    assert token not in db.session.scalars(select(UserSession.token_hash)).all()


def test_cookie_is_closed_to_script_and_to_other_sites(app: Flask) -> None:
    make_known()
    answer = app.test_client().post("/accounts/login", data={"email": KNOWN, "password": PASSWORD})
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie


def test_pages_of_a_signed_in_person_are_not_kept_by_caches(app: Flask) -> None:
    assert client_of(app, make_user()).get("/workspace/").headers["Cache-Control"] == "no-store"


# ---------- forged requests ----------


@pytest.fixture
def strict(app: Flask) -> Iterator[Flask]:
    app.config["WTF_CSRF_ENABLED"] = True
    yield app
    app.config["WTF_CSRF_ENABLED"] = False


def unsafe_paths(app: Flask) -> list[tuple[str, str]]:
    """Every route that changes something, with arguments that lead nowhere."""
    return [
        (re.sub(r"<(?:int:)?[^>]+>", "1", rule.rule), method)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}
    ]


def test_no_unsafe_route_answers_without_the_token(strict: Flask) -> None:
    browser = client_of(strict, make_user(Role.ADMINISTRATOR))
    paths = unsafe_paths(strict)
    assert len(paths) > 30
    open_ = [(path, method) for path, method in paths if browser.open(path, method=method).status_code != 400]
    assert open_ == []


def test_token_of_another_session_is_refused(strict: Flask) -> None:
    person = make_user()
    stranger = client_of(strict, make_user())
    page = stranger.get("/accounts/profile").get_data(as_text=True)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token
    answer = client_of(strict, person).post("/inbox/read-all", data={"csrf_token": token.group(1)})
    assert answer.status_code == 400
    assert stranger.post("/inbox/read-all", data={"csrf_token": token.group(1)}).status_code == 303


# ---------- redirects ----------

OTHER_PLACES = (
    "https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "/\n/evil.example",
    "javascript:alert(1)", "http:evil.example", " //evil.example", "/%0d%0aLocation:https://evil.example\r\n", "evil.example",
    "///evil.example", "/\x00/evil.example", "https:///evil.example", "/\\/evil.example", "data:text/html,x", "",
)  # fmt: skip


@pytest.mark.parametrize("target", OTHER_PLACES, ids=repr)
def test_sign_in_never_leads_to_another_site(app: Flask, target: str) -> None:
    make_known()
    client = app.test_client()
    answer = client.post("/accounts/login", data={"email": KNOWN, "password": PASSWORD, "next": target})
    assert answer.headers["Location"] == "/workspace/"
    assert client.get("/accounts/login", query_string={"next": target}).headers["Location"] == "/workspace/"
    assert client.post("/locale", data={"locale": "en", "next": target}).headers["Location"] == "/"


def test_foreign_host_header_does_not_reach_the_letter(app: Flask) -> None:
    make_known()
    app.test_client().post("/accounts/forgot", data={"email": KNOWN}, headers={"Host": "evil.example"})
    assert "evil.example" not in letters(app, KNOWN)[0].as_string()


# ---------- doors nobody declared ----------


def test_undeclared_route_keeps_the_application_from_starting() -> None:
    app = Flask("undeclared")
    app.add_url_rule("/secret", "secret", lambda: "open")
    with pytest.raises(UndeclaredRoute, match="secret"):
        refuse_undeclared_routes(app)


def test_administrator_reaches_no_page_of_bids_reviews_contracts_or_money(app: Flask) -> None:
    browser = client_of(app, make_user(Role.ADMINISTRATOR))
    rooms = ("bids", "reviews", "contracts", "payouts", "matches", "sealing", "needs", "audit", "reports")
    reached = []
    for rule in app.url_map.iter_rules():
        declared = getattr(app.view_functions[rule.endpoint], ACCESS, "")
        if rule.endpoint.split(".")[0] not in rooms or declared == "public":
            continue
        path = re.sub(r"<(?:int:)?[^>]+>", "1", rule.rule)
        for method in (rule.methods or set()) & {"GET", "POST"}:
            if browser.open(path, method=method).status_code not in (403, 404):
                reached.append((method, rule.endpoint))
    assert reached == []
