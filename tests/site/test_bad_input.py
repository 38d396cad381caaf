"""Hostile addresses, queries and forms at every route, as people who may call it: a 4xx or a page, never a 5xx.

On PostgreSQL too: it refuses NUL characters and numbers beyond a column's range, where SQLite takes anything.
"""

import itertools
import random
from collections.abc import Iterator
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.routing import IntegerConverter, Rule
from wtforms import Form

from market.accounts.models import User
from market.database import db
from tests.builders.people import client_of
from tests.site.cast import PRINCIPALS, make_cast
from tests.site.test_access import HERE, rows_of

DOMAINS = sorted(table.stem for table in HERE.glob("access/*.csv"))
SEED = 20261122
FORMS_PER_ROUTE = 3
QUERY_NAMES = (
    "q", "page", "state", "district", "kind", "year", "part", "first", "last", "order", "who", "action", "since",
    "until", "role", "event", "result", "show", "direction", "country", "field", "amount", "cycle", "when", "next",
    "challenge", "organisation", "solver", "name", "programme", "stage",
)  # fmt: skip
HOSTILE_QUERY_VALUES = ("%00", "%ff%fe%80", "9" * 30, "-1", "'%22%3E%3Cscript%3E%25_", "%E2%80%AE%EF%BC%99", "x" * 3000)
HOSTILE_NUMBERS = (0, 2**31, 2**63, 10**40)
HOSTILE_TEXTS = ("x%00y", "%ff%E2%80%AE", "9" * 40, "..%2f..", "x" * 3000)
HOSTILE_VALUES = (
    "", "a\0b", "\0", "-1", "－１", "１２３", "9" * 40, "1e308", "NaN", "Infinity", "2147483648", "9223372036854775808",
    "甲" * 5000, "\u202eabc\u2066", "2021-02-30", "0001-01-01T00:00", "<script>alert(1)</script>", "=1+1", "a\r\nb",
    "none-of-these", "\ud7ff\U0010ffff", "%s{0}{{7*7}}", "¹", "٣",
)  # fmt: skip
PLAUSIBLE = {
    "WanField": "1", "YuanField": "100", "WholeNumberField": "1", "NumberField": "1", "DayField": "2027-01-04",
    "MomentField": "2027-01-04T09:00", "BooleanField": "y",
}  # fmt: skip
LOOSE_FIELDS = {
    "action": "save", "decision": "accept", "verdict": "pass", "reason": "理由", "note": "说明", "accepts": "yes",
    "back": "matches", "counted": "1", "solver": "1", "came": "1", "remove_file": "x", "again": "1",
    "locale": "en", "next": "/", "add-indicators": "1", "remove-indicators-99999999999": "1",
}  # fmt: skip


def field_names(domain: str) -> dict[str, str]:
    """{field: a plausible value} of all forms of a room, the first row of each repeated table included."""
    names = dict(LOOSE_FIELDS)
    for name in ("forms", "filters"):
        if (Path(HERE).parents[1] / f"market/{domain}/{name}.py").exists():
            for found in vars(import_module(f"market.{domain}.{name}")).values():
                if isinstance(found, type) and issubclass(found, Form):
                    names |= _fields_of(found)
    return names


def _fields_of(form: type[Form], prefix: str = "") -> dict[str, str]:
    names = {}
    for name in dir(form):
        unbound = getattr(form, name)
        if not hasattr(unbound, "field_class"):
            continue
        kind = unbound.field_class.__name__
        if kind == "RowsField":
            names |= _fields_of(unbound.args[0], f"{prefix}{name}-0-")
        else:
            names[prefix + name] = PLAUSIBLE.get(kind, "文字")
    return names


def hostile_queries() -> Iterator[str]:
    """Each name with several of the values; the first query holds NUL everywhere."""
    values = itertools.cycle(HOSTILE_QUERY_VALUES)
    yield "&".join(f"{name}=%00" for name in QUERY_NAMES)
    for _ in range(2):
        yield "&".join(f"{name}={next(values)}" for name in QUERY_NAMES)
    yield "&".join(f"{name}=1&{name}=2&{name}[]=3" for name in QUERY_NAMES)


def hostile_paths(rule: Rule) -> Iterator[str]:
    """The rule's addresses with each argument hostile; the others as harmless as can be."""
    for value, text in zip(itertools.cycle(HOSTILE_NUMBERS), HOSTILE_TEXTS, strict=False):
        path = ""
        for is_argument, part in rule._trace:
            if is_argument:
                path += str(value) if isinstance(rule._converters[part], IntegerConverter) else text
            else:
                path += part.removeprefix("|")
        yield path.replace("||", "/")


def hostile_bodies(domain: str, dice: random.Random) -> Iterator[dict[str, Any]]:
    names = field_names(domain)
    yield {"data": {}}
    yield {"json": {"state": "approved", "amount": [1, {"a": None}]}}
    yield {"data": b"\xff\xfe\x00=%00&%=%&a[]=1", "content_type": "application/x-www-form-urlencoded"}
    yield {"data": b"--x\r\nnot a part", "content_type": "multipart/form-data; boundary=x"}
    yield {"data": b"\0" * 64, "content_type": "application/octet-stream"}
    yield {"data": MultiDict([(name, "a\0b") for name in names])}
    for _ in range(FORMS_PER_ROUTE):
        form = MultiDict(
            (name, dice.choice(HOSTILE_VALUES) if dice.random() < 0.25 else usual) for name, usual in names.items()
        )
        form.add(dice.choice(list(names)), "second")
        yield {"data": form}
    files = {name: (BytesIO(b"\x89PNG\r\n\x1a\n\0\0\0"), "..\\\u202egnp.\0exe") for name in ("file", "files", "copy")}
    yield {"data": {**names, **files}}


class Room:
    """One domain's rows and who may call what."""

    def __init__(self, app: Flask, domain: str) -> None:
        self.app, self.domain = app, domain
        self.cast = make_cast()
        module = import_module(f"tests.site.objects.{domain}") if (HERE / f"objects/{domain}.py").exists() else None
        self.objects: dict[str, dict[str, Any]] = {"-": {}, **(module.objects(self.cast) if module else {})}
        self.ids = {name: person.id for name, person in self.cast.people.items()}
        self.failures: list[str] = []
        db.session.remove()

    def client(self, principal: str) -> FlaskClient:
        """A fresh session each time: some of the calls end it."""
        db.session.rollback()
        if principal == "visitor":
            return self.app.test_client()
        return client_of(self.app, db.session.get_one(User, self.ids[principal]))

    def doors(self, method: str) -> Iterator[tuple[str, str, str]]:
        """(endpoint, who, address): each object once, as somebody who may."""
        for row in rows_of(HERE / f"access/{self.domain}.csv"):
            allowed = [name for name in PRINCIPALS if row[name] == "yes"]
            if row["method"] == method and allowed:
                with self.app.test_request_context():
                    address = url_for(row["endpoint"], **self.objects[row["object"]])
                # The last allowed is rarely the visitor: a person reaches further into a page.
                yield row["endpoint"], allowed[-1], address

    def rules(self, method: str) -> Iterator[Rule]:
        prefix = f"{self.domain}."
        for rule in self.app.url_map.iter_rules():
            if rule.endpoint.startswith(prefix) and method in (rule.methods or ()) and rule.arguments:
                yield rule

    def knock(self, client: FlaskClient, method: str, address: str, **values: Any) -> None:
        db.session.remove()
        answer = client.open(address, method=method, **values)
        if answer.status_code >= 500:
            told = str(values)[:300]
            self.failures.append(f"{method} {address[:200]}: {answer.status_code} {told}")
        answer.close()


@pytest.mark.parametrize("domain", DOMAINS)
def test_hostile_addresses_and_queries_never_fail(app: Flask, domain: str) -> None:
    room = Room(app, domain)
    for _endpoint, principal, address in room.doors("GET"):
        client = room.client(principal)
        for query in hostile_queries():
            room.knock(client, "GET", f"{address}?{query}")
    callers = {endpoint: who for method in ("GET", "POST") for endpoint, who, _ in room.doors(method)}
    for method in ("GET", "POST"):
        for rule in room.rules(method):
            client = room.client(callers.get(rule.endpoint, "visitor"))
            for path in hostile_paths(rule):
                room.knock(client, method, path)
    assert room.failures == [], "\n" + "\n".join(room.failures)


@pytest.mark.parametrize("domain", DOMAINS)
def test_hostile_forms_never_fail(app: Flask, domain: str) -> None:
    room, dice = Room(app, domain), random.Random(SEED)
    for _endpoint, principal, address in room.doors("POST"):
        client = room.client(principal)
        for body in hostile_bodies(domain, dice):
            room.knock(client, "POST", address, **body)
    assert room.failures == [], f"seed {SEED}\n" + "\n".join(room.failures)
