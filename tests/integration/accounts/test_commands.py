"""A new installation is opened from the command line: districts and the first administrator."""

import json
from pathlib import Path

from flask import Flask

from market.accounts.models import District, User
from market.accounts.sessions import actor_of
from market.audit.verify import verify
from market.database import db
from market.permissions import Role


def test_the_first_administrator_is_made_once(app: Flask) -> None:
    run = app.test_cli_runner().invoke
    words = ["accounts", "create-administrator", "--email", "Root@example.invalid", "--name", "张三"]
    assert run(args=[*words, "--password", "short"]).exit_code != 0
    assert run(args=[*words, "--password", "correct horse battery"]).exit_code == 0
    assert run(args=[*words, "--password", "correct horse battery"]).exit_code != 0
    user = db.session.query(User).filter_by(email="root@example.invalid").one()
    assert actor_of(user).roles == {Role.ADMINISTRATOR}
    assert verify(db.session())[1] is None


def test_districts_are_loaded_and_renamed(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "districts.json"
    for name in ("张店区", "张店新区"):
        file.write_text(json.dumps([{"code": "370303", "name": name}], ensure_ascii=False), encoding="utf-8")
        assert app.test_cli_runner().invoke(args=["accounts", "load-districts", str(file)]).exit_code == 0
    db.session.rollback()
    assert [district.name for district in db.session.query(District)] == ["张店新区"]
    assert verify(db.session())[1] is None
