"""``flask audit verify``: walks the chain and then holds every audited row of today against the journal.

The chain shows that no entry was edited, removed or added. Replaying the recorded changes gives the value every column
must have now; a row edited behind the application's back (one byte in the database file) is named with its column.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Mapper, Session

from market.audit.chain import GENESIS, link
from market.audit.journal import identity, journalled_keys, recorded_value
from market.audit.models import AuditHead, Entry
from market.database import Base

UNREADABLE = (LookupError, ValueError, TypeError, RuntimeError)
"""What reading a value raises that no application wrote: of an enum, a day, a structure, a ciphertext."""
FURTHER: list[Callable[[Session], Iterator["Finding"]]] = []
BODY = ("seq", "at", "actor_id", "actor_name", "ip", "action", "subject_kind", "subject_id", "note", "changes")


@dataclass(frozen=True, slots=True)
class Finding:
    """The first bad thing found, for people."""

    where: str
    what: str


def further(check: Callable[[Session], Iterator[Finding]]) -> Callable[[Session], Iterator[Finding]]:
    """Declare what a room keeps outside its rows (files) and holds against them; runs behind the rows."""
    FURTHER.append(check)
    return check


def verify(session: Session) -> tuple[int, Finding | None]:
    """(entries checked, first finding or None)."""
    try:
        seq, finding = _walk(session)
    except UNREADABLE:
        # A value that cannot be read tells nothing of its row when it stops a stream of rows: look at them one by one.
        return 0, first_unreadable(session)
    for check in FURTHER:
        finding = finding or next(check(session), None)
    return seq, finding


def first_unreadable(session: Session) -> Finding:
    """The first row that cannot be read, looked for in every table."""
    for mapper in sorted(Base.registry.mappers, key=lambda mapper: mapper.class_.__tablename__):
        keys = mapper.primary_key
        for row_id in session.execute(select(*keys).order_by(*keys)).all():
            only = and_(*(key == value for key, value in zip(keys, row_id, strict=True)))
            try:
                session.scalars(select(mapper.class_).where(only).execution_options(populate_existing=True)).one()
            except UNREADABLE:
                number = "/".join(str(part) for part in row_id)
                return Finding(f"{mapper.class_.__tablename__} 第 {number} 行", "内容无法读出：绕过系统改动")
    return Finding("数据库", "有内容无法读出，但逐行重读时未再出现")


def _walk(session: Session) -> tuple[int, Finding | None]:
    expected: dict[tuple[str, str], dict[str, Any]] = {}
    seq, last = 0, GENESIS
    # A cursor left open after an early finding would hold its transaction on PostgreSQL.
    query = select(Entry).order_by(Entry.seq).execution_options(yield_per=500, populate_existing=True)
    with closing(session.scalars(query)) as entries:
        for entry in entries:
            finding = _check_link(entry, seq, last)
            if finding:
                return seq, finding
            seq, last = entry.seq, entry.hash
            for change in entry.changes:
                _replay(expected, change)
    head = session.execute(select(AuditHead.seq, AuditHead.hash)).one_or_none()
    if (head.seq, head.hash) != (seq, last) if head else seq != 0:
        return seq, Finding(
            "audit_head", f"链尾应为第 {head.seq if head else 0} 条，实际只到第 {seq} 条：末尾记录被删除或链头被改动"
        )
    with closing(_compare(session, expected)) as findings:
        return seq, next(findings, None)


def _check_link(entry: Entry, seq: int, last: str) -> Finding | None:
    where = f"audit_entry 第 {entry.seq} 条"
    if entry.seq != seq + 1:
        return Finding(where, f"序号不连续：前一条为第 {seq} 条")
    if entry.prev_hash != last:
        return Finding(where, "与前一条的哈希不衔接")
    if link(last, {name: getattr(entry, name) for name in BODY}) != entry.hash:
        return Finding(where, "内容与其哈希不符")
    return None


def _replay(expected: dict[tuple[str, str], dict[str, Any]], change: dict[str, Any]) -> None:
    key = (change["table"], change["id"])
    if change["act"] == "delete":
        expected.pop(key, None)
        return
    row = expected.setdefault(key, {})
    row.update({column: after for column, (_, after) in change["values"].items()})


def _compare(session: Session, expected: dict[tuple[str, str], dict[str, Any]]) -> Generator[Finding, None, None]:
    for mapper in sorted(Base.registry.mappers, key=lambda mapper: mapper.class_.__tablename__):
        model = mapper.class_
        if not model.audited:
            continue
        query = select(model).execution_options(yield_per=500, populate_existing=True)
        with closing(session.scalars(query)) as rows:
            for row in rows:
                yield from _compare_row(mapper, row, expected)
    for table, row_id in expected:
        yield Finding(f"{table} 第 {row_id} 行", "这一行已不在库中，而审计记录未见删除")


def _compare_row(mapper: Mapper[Any], row: Any, expected: dict[tuple[str, str], dict[str, Any]]) -> Iterator[Finding]:
    table = row.__tablename__
    known = expected.pop((table, identity(row)), None)
    where = f"{table} 第 {identity(row)} 行"
    if known is None:
        yield Finding(where, "审计记录中没有这一行：绕过系统写入")
        return
    for key in journalled_keys(mapper):
        expected_value = known[key] if key in known else _before_it_was_kept(mapper, key)
        if recorded_value(mapper, key, getattr(row, key)) != expected_value:
            yield Finding(where, f"字段 {key} 与审计记录不符：绕过系统改动")


def _before_it_was_kept(mapper: Mapper[Any], key: str) -> Any:
    """A column that came with a later release: the rows written before have its default until they are changed."""
    default = mapper.columns[key].default
    return recorded_value(
        mapper, key, getattr(default, "arg", None) if default is not None and default.is_scalar else None
    )
