"""The journal: nothing changes without it, and whatever was altered behind it is named."""

import pytest
from flask import Flask
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import DatabaseError

from market.accounts.models import Organisation, User
from market.audit.chain import GENESIS, link
from market.audit.journal import UnauditedChange, record
from market.audit.models import AuditHead, Entry
from market.audit.verify import BODY, Finding, verify
from market.database import db, transaction
from market.permissions import SYSTEM
from tests.builders.payouts import behind_the_fences
from tests.builders.people import make_organisation, make_user


def _finding() -> Finding | None:
    db.session.rollback()
    db.session.expire_all()
    return verify(db.session())[1]


def _history() -> User:
    """A few acts on a person and a firm."""
    user = make_user(name="甲")
    make_organisation("测试新材料有限公司")
    for name in ("乙", "丙", "丁"):
        with transaction():
            user.name = name
            record(SYSTEM, "user:rename", user)
    return user


def test_an_untouched_journal_is_whole(app: Flask) -> None:
    _history()
    checked, finding = verify(db.session())
    assert checked >= 5 and finding is None


def test_a_change_without_an_act_cannot_commit(app: Flask) -> None:
    user = _history()
    with pytest.raises(UnauditedChange), transaction():
        user.name = "无人记录"
    db.session.rollback()
    assert user.name == "丁"


@pytest.mark.parametrize(
    "statement",
    [update(User).values(name="批量"), delete(Organisation), update(User.__table__).values(name="批量")],  # pyright: ignore
    ids=["update", "delete", "table"],
)
def test_bulk_changes_of_audited_rows_are_refused(app: Flask, statement: object) -> None:
    _history()
    with pytest.raises(UnauditedChange), transaction() as session:
        session.execute(statement)  # pyright: ignore
        record(SYSTEM, "user:bulk")


@pytest.mark.parametrize("statement", ["UPDATE audit_entry SET note = 'x'", "DELETE FROM audit_entry"])
def test_entries_can_be_neither_edited_nor_deleted(app: Flask, statement: str) -> None:
    _history()
    with pytest.raises(DatabaseError), db.engine.begin() as connection:
        connection.exec_driver_sql(statement)
    assert _finding() is None


def test_before_and_after_are_captured_even_of_a_row_not_loaded(app: Flask) -> None:
    user = _history()
    with transaction():
        # Ending the read has expired the row: the old value must be fetched, not forgotten.
        user.title = "高级工程师"
        record(SYSTEM, "user:title", user)
    entry = db.session.query(Entry).order_by(Entry.seq.desc()).first()
    assert entry is not None and entry.changes[0]["values"]["title"] == ["", "高级工程师"]


TAMPERINGS = {
    "a note edited": ("UPDATE audit_entry SET note = 'x' WHERE seq = 3", "audit_entry 第 3 条"),
    "an actor swapped": ("UPDATE audit_entry SET actor_name = '别人' WHERE seq = 2", "audit_entry 第 2 条"),
    "a changed value": (
        "UPDATE audit_entry SET changes = replace(CAST(changes AS TEXT), 'update', 'insert'){cast} WHERE seq = {rename}",
        "audit_entry 第",
    ),
    "an entry removed": ("DELETE FROM audit_entry WHERE seq = 2", "audit_entry 第 3 条"),
    "the tail cut": ("DELETE FROM audit_entry WHERE seq = (SELECT max(seq) FROM audit_entry)", "audit_head"),
    "an entry made unreadable": (
        "UPDATE audit_entry SET changes = {broken} WHERE seq = {rename}",
        "audit_entry 第",
    ),
    "a state that does not exist": ("UPDATE organisation SET state = 'blessed'", "organisation 第 1 行"),
    "a secret that does not open": ('UPDATE "user" SET phone = {bytes} WHERE id = 1', "user 第 1 行"),
    "a row edited": ("UPDATE \"user\" SET name = '戊' WHERE id = 1", "user 第 1 行"),
    "a row removed": ("DELETE FROM organisation", "organisation 第 1 行"),
    "a row added": (
        "INSERT INTO district (code, name, name_en, position) VALUES ('999999', '无中生有区', '', 9)",
        "district 第 999999 行",
    ),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_whatever_was_altered_behind_the_application_is_named(app: Flask, what: str) -> None:
    _history()
    assert _finding() is None, "the control: nothing was altered yet"
    statement, where = TAMPERINGS[what]
    if "blessed" in statement and db.engine.dialect.name == "postgresql":
        pytest.skip("PostgreSQL itself takes no such value")
    first_rename = db.session.query(Entry.seq).filter(Entry.action == "user:rename").order_by(Entry.seq).first()
    assert first_rename is not None
    here = {
        "sqlite": {"{cast}": "", "{broken}": "'{'", "{bytes}": "x'0102'"},
        "postgresql": {"{cast}": "::json", "{broken}": "'[{}]'", "{bytes}": "'\\x0102'::bytea"},
    }[db.engine.dialect.name]
    db.session.remove()
    for name, value in {**here, "{rename}": str(first_rename[0])}.items():
        statement = statement.replace(name, value)
    behind_the_fences(statement)
    finding = _finding()
    assert finding is not None and finding.where.startswith(where), finding


def test_a_column_of_a_later_release_has_its_default_until_somebody_changes_it(app: Flask) -> None:
    """Rows journalled before the column existed say nothing of it: the default is right, anything else was smuggled in."""
    person = _history().id
    entries = db.session.query(Entry).order_by(Entry.seq).all()
    bodies = [{name: getattr(entry, name) for name in BODY} for entry in entries]
    db.session.remove()
    behind_the_fences("DELETE FROM audit_entry")
    behind_the_fences("DELETE FROM audit_head")
    last = GENESIS
    with db.engine.begin() as connection:
        for body in bodies:
            for change in body["changes"]:
                change["values"].pop("is_active", None)
            connection.execute(insert(Entry).values(**body, prev_hash=last, hash=(last := link(last, body))))
        connection.execute(insert(AuditHead).values(id=1, seq=bodies[-1]["seq"], hash=last))
    assert _finding() is None
    behind_the_fences(f'UPDATE "user" SET is_active = false WHERE id = {person}')
    finding = _finding()
    assert finding is not None and "is_active" in finding.what
