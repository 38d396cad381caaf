"""Every route × every person: the answer written by hand in access/*.csv (docs/domain.md B.2), not derived from code.

``yes`` works (page, redirect, form error, already-done), ``no`` 403, ``hidden`` 404, ``login`` sent to sign in.
Every unsafe call runs on a database restored to the moment before it, so that one answer cannot make the next.
"""

import csv
import shutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from market.database import db
from tests.builders.people import client_of
from tests.site.cast import PRINCIPALS, make_cast

HERE = Path(__file__).parent
TABLES = sorted(HERE.glob("access/*.csv"))
EXPECTED_STATUS = {"yes": {200, 302, 303, 304, 400, 409, 422}, "no": {403}, "hidden": {404}, "login": {302, 303, 401}}


def rows_of(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.stem)
def test_table_is_well_formed(table: Path) -> None:
    for number, row in enumerate(rows_of(table), start=2):
        assert list(row) == ["endpoint", "method", "object", *PRINCIPALS], f"{table.name}:{number}: columns"
        for principal in PRINCIPALS:
            assert row[principal] in EXPECTED_STATUS, f"{table.name}:{number}: {principal}={row[principal]!r}"


def test_every_route_has_an_expected_answer(app: Flask) -> None:
    written = {(row["endpoint"], row["method"]) for table in TABLES for row in rows_of(table)}
    missing = sorted(
        f"{rule.endpoint} {method}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint != "static" and (rule.endpoint, method) not in written
    )
    assert missing == []


class Stage:
    """One domain's rows with their objects built once; ``ask`` restores the database after unsafe calls."""

    def __init__(self, app: Flask, domain: str) -> None:
        self.app = app
        cast = make_cast()
        module = import_module(f"tests.site.objects.{domain}") if (HERE / f"objects/{domain}.py").exists() else None
        self.objects: dict[str, dict[str, object]] = {"-": {}, **(module.objects(cast) if module else {})}
        self.clients: dict[str, FlaskClient] = {
            name: app.test_client() if name == "visitor" else client_of(app, cast.people[name]) for name in PRINCIPALS
        }
        db.session.remove()
        db.engine.dispose()
        self.file = Path(app.instance_path) / "jiebang.sqlite"
        self.kept = self.file.with_name("stage.sqlite")
        self._checkpoint()
        shutil.copy(self.file, self.kept)

    def _checkpoint(self) -> None:
        with db.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.engine.dispose()

    def restore(self) -> None:
        db.session.remove()
        db.engine.dispose()
        for suffix in ("-wal", "-shm"):
            self.file.with_name(self.file.name + suffix).unlink(missing_ok=True)
        shutil.copy(self.kept, self.file)

    def ask(self, principal: str, endpoint: str, method: str, key: str) -> tuple[int, str, str]:
        """(status, where to, what is wrong with the page)."""
        with self.app.test_request_context():
            from flask import url_for

            address = url_for(endpoint, **self.objects[key])  # pyright: ignore[reportArgumentType]
        db.session.remove()
        answer = self.clients[principal].open(address, method=method)
        status, location = answer.status_code, answer.headers.get("Location", "")
        flaw = ""
        if answer.mimetype == "text/html" and status == 200 and "<html" in (page := answer.get_data(as_text=True)):
            flaw = "" if page.count("<h1") == 1 else f"{page.count('<h1')} h1 elements"
        answer.close()
        if method != "GET":
            self.restore()
        return status, location, flaw


def verdict(status: int, location: str) -> str:
    if status == 401 or (status in (302, 303) and "/accounts/login" in location):
        return "login"
    return next((name for name in ("no", "hidden", "yes") if status in EXPECTED_STATUS[name]), f"status {status}")


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.stem)
def test_every_person_gets_the_written_answer(app: Flask, table: Path) -> None:
    stage = Stage(app, table.stem)
    wrong = list(_differences(stage, table))
    assert wrong == [], "\n" + "\n".join(wrong)


def _differences(stage: Stage, table: Path) -> Iterator[str]:
    for number, row in enumerate(rows_of(table), start=2):
        for principal in PRINCIPALS:
            status, location, flaw = stage.ask(principal, row["endpoint"], row["method"], row["object"])
            found = flaw or verdict(status, location)
            if found != row[principal]:
                yield (
                    f"{table.name}:{number} {row['method']} {row['endpoint']} ({row['object']}) "
                    f"as {principal}: expected {row[principal]}, got {found} ({status})"
                )
