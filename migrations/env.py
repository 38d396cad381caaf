"""Alembic's environment: batch mode on SQLite, with foreign keys off while tables are rebuilt and checked afterwards.

With ``foreign_keys=ON`` a batch migration would delete the children of a rebuilt table under ON DELETE CASCADE.
"""

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from market.database import Base, Instant, db
from market.sealing.fields import EncryptedJSON, EncryptedText


def _include(_object: object, name: str | None, kind: str, _reflected: bool, _compare_to: object) -> bool:
    return not (kind == "table" and name == "alembic_version")


def _render(kind: str, item: object, _context: object) -> str | bool:
    """Migrations name plain column types: they must still run when the application's own types have changed."""
    if kind != "type":
        return False
    plain = {
        Instant: "sa.DateTime(timezone=True)",
        EncryptedText: "sa.LargeBinary()",
        EncryptedJSON: "sa.LargeBinary()",
    }
    return plain.get(type(item), False)


def _check_foreign_keys(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise RuntimeError(f"the migration left rows without their parents: {broken[:5]}")


def run() -> None:
    with db.engine.connect() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        if is_sqlite:
            # The pragma is ignored inside a transaction: set it on the driver's connection before one begins.
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")  # pyright: ignore
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=True,
            compare_type=True,
            include_object=_include,
            render_item=_render,
        )
        with context.begin_transaction():
            context.run_migrations()
            if is_sqlite:
                _check_foreign_keys(connection)
        connection.commit()
        if is_sqlite:
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=ON")  # pyright: ignore


if context.is_offline_mode():
    raise SystemExit("offline migrations are not supported: run against the database")
with current_app.app_context():
    run()
