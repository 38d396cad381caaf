"""Migrations go up and down on both databases, and give exactly what the models declare, triggers included."""

import os
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import text

from market.app import create_app
from market.database import Base, db
from market.settings import ROOT, Settings

FOLDER = str(ROOT / "migrations")
SERVER = os.environ.get("JIEBANG_TEST_DATABASE_URL", "")


@pytest.fixture(params=["sqlite", "postgresql"])
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Flask:
    """An application on a database with nothing in it."""
    url = ""
    if request.param == "postgresql":
        if not SERVER:
            pytest.skip("JIEBANG_TEST_DATABASE_URL is not set: no PostgreSQL to test against")
        url = SERVER
    app = create_app(Settings(environment="test", instance_path=tmp_path, database_url=url))  # pyright: ignore
    if url:
        with app.app_context(), db.engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    return app


def _triggers() -> set[str]:
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if db.engine.dialect.name == "sqlite"
        else "SELECT DISTINCT trigger_name FROM information_schema.triggers"
    )
    # TRUNCATE triggers are not in information_schema, on either side of the comparison.
    with db.engine.connect() as connection:
        return set(connection.execute(text(query)).scalars())


def test_up_equals_the_models_and_down_leaves_nothing(bare: Flask) -> None:
    with bare.app_context():
        upgrade(directory=FOLDER)
        with db.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            differences = [d for d in compare_metadata(context, Base.metadata) if "alembic_version" not in str(d)]
        migrated = _triggers()
        downgrade(directory=FOLDER, revision="base")
        with db.engine.connect() as connection:
            left = set(db.inspect(connection).get_table_names()) - {"alembic_version"}
        db.create_all()
        declared = _triggers()
        db.drop_all()
        db.engine.dispose()
    assert differences == []
    assert left == set()
    assert migrated == declared and any("audit_entry" in name for name in migrated)


def test_letters_delivered_before_0005_leave_the_outbox_and_waiting_ones_stay(bare: Flask) -> None:
    with bare.app_context():
        upgrade(directory=FOLDER, revision="0004")
        columns = "topic, dedupe_key, payload, available_at, attempts, created_at, done_at"
        now = "2026-01-05 09:00:00"
        with db.engine.begin() as connection:
            for key, done_at in (("sent", f"'{now}'"), ("waiting", "NULL")):
                values = f"'mail.user', '{key}', '{{\"body\": \"text\"}}', '{now}', 0, '{now}', {done_at}"
                connection.exec_driver_sql(f"INSERT INTO outbox ({columns}) VALUES ({values})")
        upgrade(directory=FOLDER)
        with db.engine.connect() as connection:
            rows = connection.execute(text("SELECT dedupe_key, CAST(payload AS VARCHAR) FROM outbox")).all()
        db.engine.dispose()
    assert {key: "text" in payload for key, payload in rows} == {"sent": False, "waiting": True}
