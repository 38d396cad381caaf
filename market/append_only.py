"""Triggers that refuse UPDATE and DELETE: on journals (audit entries, transfers, bid versions, scores) always, on texts
of challenges once they are locked.

Migrations create the same triggers; a site test compares.
"""

from sqlalchemy import DDL, event

from market.database import Base

SQLITE = """
CREATE TRIGGER {table}_no_{act} BEFORE {act_upper} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
"""
POSTGRESQL_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '%% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$
"""
POSTGRESQL = (
    "CREATE TRIGGER {table}_no_{act} BEFORE {act_upper} ON {table} FOR EACH {each} EXECUTE FUNCTION refuse_change()"
)

APPEND_ONLY: list[str] = []


def trigger_statements(table: str, dialect: str) -> list[str]:
    """The DDL that makes ``table`` append-only on ``dialect``."""
    if dialect == "sqlite":
        return [SQLITE.format(table=table, act=act, act_upper=act.upper()).strip() for act in ("update", "delete")]
    return [
        POSTGRESQL_FUNCTION.strip().replace("%%", "%"),
        *(
            POSTGRESQL.format(
                table=table, act=act, act_upper=act.upper(), each="STATEMENT" if act == "truncate" else "ROW"
            )
            for act in ("update", "delete", "truncate")
        ),
    ]


def locked_once_set(model: type[Base], column: str) -> None:
    """Rows of the model can be changed until ``column`` has a value, and from then on neither changed nor deleted."""
    table = model.__table__
    for dialect in ("sqlite", "postgresql"):
        for statement in lock_statements(model.__tablename__, column, dialect):
            event.listen(table, "after_create", DDL(statement.replace("%", "%%")).execute_if(dialect=dialect))


def lock_statements(table: str, column: str, dialect: str) -> list[str]:
    """The DDL of that lock on ``dialect``."""
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{act}_once_locked BEFORE {act.upper()} ON {table} "
            f"WHEN OLD.{column} IS NOT NULL\nBEGIN SELECT RAISE(ABORT, '{table} is locked'); END"
            for act in ("update", "delete")
        ]
    return [
        POSTGRESQL_FUNCTION.strip().replace("%%", "%"),
        *(
            f"CREATE TRIGGER {table}_no_{act}_once_locked BEFORE {act.upper()} ON {table} FOR EACH ROW "
            f"WHEN (OLD.{column} IS NOT NULL) EXECUTE FUNCTION refuse_change()"
            for act in ("update", "delete")
        ),
    ]


def append_only(model: type[Base]) -> None:
    """Attach the triggers to the creation of the model's table."""
    table = model.__table__
    APPEND_ONLY.append(table.name)  # pyright: ignore[reportAttributeAccessIssue]
    for dialect in ("sqlite", "postgresql"):
        for statement in trigger_statements(model.__tablename__, dialect):
            ddl = DDL(statement.replace("%", "%%"))
            event.listen(table, "after_create", ddl.execute_if(dialect=dialect))
