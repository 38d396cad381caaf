"""One application per database and session; each test begins on an empty, migrated-like schema."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from sqlalchemy import text

from market.app import create_app
from market.database import Base, db
from market.settings import Settings

POSTGRESQL_URL = os.environ.get("JIEBANG_TEST_DATABASE_URL", "")
BOTH = ("integration", "stories", "test_bad_input")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" in metafunc.fixturenames:
        path = Path(str(metafunc.definition.path)).relative_to(Path(__file__).parent)
        kinds = ["sqlite", "postgresql"] if path.parts[0] in BOTH or path.stem in BOTH else ["sqlite"]
        metafunc.parametrize("database", kinds, scope="session")


@pytest.fixture(scope="session")
def _app(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    if database == "postgresql" and not POSTGRESQL_URL:
        pytest.skip("JIEBANG_TEST_DATABASE_URL is not set: no PostgreSQL to test against")
    instance = tmp_path_factory.mktemp(database)
    url = POSTGRESQL_URL if database == "postgresql" else ""
    app = create_app(
        Settings(environment="test", instance_path=instance, database_url=url, redis_url="", secret_key="test " * 10)  # pyright: ignore
    )
    app.before_request_funcs.setdefault(None, []).insert(0, _forget_last_request)
    with app.app_context():
        if database == "postgresql":
            with db.engine.begin() as connection:
                connection.execute(text("DROP SCHEMA public CASCADE"))
                connection.execute(text("CREATE SCHEMA public"))
                # What a test commits need not survive a power cut.
                name = connection.engine.url.database
                connection.execute(text(f'ALTER DATABASE "{name}" SET synchronous_commit = off'))
            db.engine.dispose()
        db.create_all()
        db.engine.dispose()
    if database == "sqlite":
        shutil.copy(instance / "jiebang.sqlite", instance / "empty.sqlite")
    yield app
    with app.app_context():
        db.engine.dispose()


def _forget_last_request() -> None:
    """Requests share the context that the ``app`` fixture pushed, so who asked last would be remembered in ``g``."""
    for name in list(g):
        g.pop(name)


def _empty(app: Flask) -> None:
    if db.engine.dialect.name == "sqlite":
        instance = Path(app.instance_path)
        db.engine.dispose()
        for suffix in ("-wal", "-shm"):
            (instance / f"jiebang.sqlite{suffix}").unlink(missing_ok=True)
        shutil.copy(instance / "empty.sqlite", instance / "jiebang.sqlite")
        return
    with db.engine.begin() as connection:
        # The journals refuse DELETE; only a superuser's replica role may pass by, and only in tests. Deleting the few
        # rows of a test is many times quicker than TRUNCATE, which makes new files for every table and index.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("SET LOCAL synchronous_commit = off"))
        for table in Base.metadata.sorted_tables:
            connection.execute(text(f'DELETE FROM "{table.name}"'))
        connection.execute(text("SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'"))


@pytest.fixture
def app(_app: Flask) -> Iterator[Flask]:
    """The application with an empty database and an application context pushed."""
    with _app.app_context():
        _empty(_app)
        for leftover in ("attachments", "index", "outbox", "matcher"):
            shutil.rmtree(Path(_app.instance_path) / leftover, ignore_errors=True)
        yield _app
        db.session.remove()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
