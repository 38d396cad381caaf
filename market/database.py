"""Base of all tables, the column types they share, ``transaction()``, and the pragmas our promises need.

Both databases keep instants in UTC; SQLite is opened in WAL mode with ``synchronous=FULL`` because the copied
recipe (``NORMAL``) loses acknowledged commits when power fails (docs/reliability.md).
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, DateTime, Enum, MetaData, event, text
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, declared_attr, mapped_column, registry
from sqlalchemy.types import JSON, TypeDecorator

from market import clock
from market.errors import Conflict

SQLITE_PRAGMAS = {
    "foreign_keys": 1,
    # Without it INSERT OR REPLACE walks past the triggers that make rows append-only.
    "recursive_triggers": 1,
    "journal_mode": "wal",
    "synchronous": 2,
    "busy_timeout": 10_000,
    # What is deleted (an opened draft, a forgotten person) must not stay readable in the file.
    "secure_delete": 1,
}
POSTGRESQL_SETTINGS = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Instant(TypeDecorator[datetime]):
    """An aware moment; stored in UTC, returned in UTC. Refuses a naive one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Every table. ``audited`` tables cannot change without an audit entry in the same transaction."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMING),
        type_annotation_map={datetime: Instant, dict[str, Any]: JSON, list[Any]: JSON, list[str]: JSON},
    )
    audited = True
    """False for what is a by-product: outbox, sessions, inbox, derived rows."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        if "__tablename__" not in cls.__dict__:
            cls.__tablename__ = "".join("_" + c.lower() if c.isupper() else c for c in cls.__name__).lstrip("_")
        super().__init_subclass__(**kwargs)


@event.listens_for(Base, "attribute_instrument", propagate=True)
def _keep_old_values(_cls: type, _key: str, attribute: Any) -> None:
    """The journal needs the value before a change even when the row had not been loaded yet."""
    if hasattr(attribute.property, "columns"):
        event.listen(attribute, "set", lambda *_: None, active_history=True)


class Numbered:
    """A surrogate key and the moment of entry."""

    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class Versioned:
    """Optimistic lock: two people who edit one row cannot silently overwrite each other (409)."""

    lock: Mapped[int] = mapped_column(default=1)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.lock}


def state_column(kind: type[StrEnum], default: StrEnum | None = None, *, nullable: bool = False) -> Any:
    """A StrEnum column stored by value, with a CHECK so that no other value can be there."""
    stored = Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        validate_strings=True,
        length=40,
        name=kind.__name__.lower(),
        values_callable=lambda enum: [member.value for member in enum],
    )
    return mapped_column(stored, default=default, nullable=nullable, index=False)


def fen_column(*, nullable: bool = False, default: int | None = None) -> Any:
    return mapped_column(BigInteger, nullable=nullable, default=default)


db = SQLAlchemy(model_class=Base)


def _configure_sqlite(connection: Any, _record: object) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    # The driver must not open transactions of its own accord: transaction() decides which kind.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma, value in SQLITE_PRAGMAS.items():
        cursor.execute(f"PRAGMA {pragma}={value}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def configure_engine(engine: Engine) -> None:
    """Attach the durability settings to one engine; called once by create_app."""
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)


def durability_weaknesses(engine: Engine) -> list[str]:
    """Settings of the running database that are weaker than promised; empty when all is well."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            found = {k: connection.exec_driver_sql(f"PRAGMA {k}").scalar() for k in SQLITE_PRAGMAS}
            expected: dict[str, Any] = dict(SQLITE_PRAGMAS)
        else:
            found = {k: connection.execute(text(f"SHOW {k}")).scalar() for k in POSTGRESQL_SETTINGS}
            expected = dict(POSTGRESQL_SETTINGS)
    return [f"数据库设置 {k}={found[k]}，弱于承诺的 {v}" for k, v in expected.items() if found[k] != v]


class NestedTransaction(RuntimeError):
    """An operation tried to open a transaction; only entry points may."""


@contextmanager
def transaction() -> Iterator[Session]:
    """One business transaction: commits when the block ends well, rolls back otherwise.

    Opened by entry points only (routes, commands, the worker). On SQLite it takes the write lock at once, so that
    what was read is still true when it is written. Raises Conflict when two people edited one row.
    """
    session = db.session()
    if session.info.get("in_transaction"):
        raise NestedTransaction("only entry points open transactions")
    # End the read that the request may have begun: a snapshot taken before the lock may be stale.
    session.rollback()
    session.connection(execution_options={"writes": True})
    session.info["in_transaction"] = True
    try:
        yield session
        session.commit()
    except BaseException as problem:
        session.rollback()
        from sqlalchemy.orm.exc import StaleDataError

        if isinstance(problem, StaleDataError):
            raise Conflict("这条记录刚刚被别人修改过，请刷新后核对再提交") from problem
        raise
    finally:
        session.info["in_transaction"] = False


def violated_constraint(problem: IntegrityError) -> str:
    """The name of the violated constraint, or the columns where SQLite tells only those; lower case."""
    diagnosis = getattr(getattr(problem.orig, "diag", None), "constraint_name", None)
    return (diagnosis or str(problem.orig)).lower()
