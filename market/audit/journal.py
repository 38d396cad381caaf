"""Writing the journal: operations name acts with ``record``; row changes are captured from the session itself.

A transaction that changed an audited row without naming an act cannot commit (``UnauditedChange``).
"""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event, inspect, select, update
from sqlalchemy.orm import Mapper, ORMExecuteState, Session

from market import clock
from market.audit.chain import GENESIS, fingerprint, link, plain
from market.audit.models import AuditHead, Entry
from market.database import Base, db
from market.permissions import Actor


class UnauditedChange(RuntimeError):
    """A row of an audited table was about to change with no act named. A programming error."""


@dataclass(slots=True)
class Act:
    actor: Actor
    action: str
    subject: Base | None
    note: str
    changes: list[dict[str, Any]] = field(default_factory=list)


def record(actor: Actor, action: str, subject: Base | None = None, note: str = "") -> None:
    """Name what is being done. ``action`` is ``resource:verb``; the entry is written at commit."""
    db.session().info.setdefault("acts", []).append(Act(actor, action, subject, note))


def identity(row: Base) -> str:
    return "/".join(str(part) for part in inspect(row).mapper.primary_key_from_instance(row))


def recorded_value(row_mapper: Mapper[Any], key: str, value: Any) -> Any:
    """What the journal keeps of one column: the value, or its fingerprint when the column is secret."""
    column = row_mapper.columns[key]
    if value is not None and (column.info.get("secret") or getattr(column.type, "secret", False)):
        return fingerprint(value)
    return plain(value)


def journalled_keys(mapper: Mapper[Any]) -> list[str]:
    """Columns the journal follows: all but the optimistic lock, which the mapper itself moves."""
    return [a.key for a in mapper.column_attrs if a.columns[0] is not mapper.version_id_col]


def _change(row: Base, act: str) -> dict[str, Any] | None:
    state = inspect(row)
    values: dict[str, list[Any]] = {}
    for key in journalled_keys(state.mapper):
        now = state.dict.get(key)
        if act == "update":
            history = state.attrs[key].history
            if not history.has_changes():
                continue
            before = history.deleted[0] if history.deleted else None
            values[key] = [recorded_value(state.mapper, key, before), recorded_value(state.mapper, key, now)]
        else:
            recorded = recorded_value(state.mapper, key, now)
            values[key] = [None, recorded] if act == "insert" else [recorded, None]
    if act == "update" and not values:
        return None
    return {"table": row.__tablename__, "id": identity(row), "act": act, "values": values}


def _collect(session: Session, _context: object) -> None:
    pending: list[dict[str, Any]] = session.info.setdefault("changes", [])
    for act, rows in (("insert", session.new), ("update", session.dirty), ("delete", session.deleted)):
        for row in rows:
            if row.audited and (change := _change(row, act)):
                pending.append(change)


def _refuse_bulk(state: ORMExecuteState) -> None:
    """Bulk UPDATE/DELETE/INSERT would pass the capture by, whether of a class or of its table."""
    if not (state.is_update or state.is_delete or state.is_insert):
        return
    name = state.statement.table.name  # pyright: ignore[reportAttributeAccessIssue]
    if any(mapper.class_.__tablename__ == name and mapper.class_.audited for mapper in Base.registry.mappers):
        raise UnauditedChange(f"bulk change of {name}: change rows one by one")


def _write(session: Session) -> None:
    session.flush()
    acts: list[Act] = session.info.pop("acts", [])
    changes: list[dict[str, Any]] = session.info.pop("changes", [])
    if changes and not acts:
        tables = ", ".join(sorted({change["table"] for change in changes}))
        raise UnauditedChange(f"rows of {tables} changed with no act recorded")
    if not acts:
        return
    _distribute(acts, changes)
    seq, last = _take_head(session)
    for act in acts:
        seq += 1
        body = _body(act, seq)
        last_hash = link(last, body)
        session.add(Entry(**body, prev_hash=last, hash=last_hash))
        last = last_hash
    session.execute(update(AuditHead).where(AuditHead.id == 1).values(seq=seq, hash=last))
    session.flush()


def _distribute(acts: list[Act], changes: list[dict[str, Any]]) -> None:
    """A change goes with the act on that very row; the rest with the first act, which began the operation."""
    by_subject: dict[tuple[str, str], Act] = {}
    for act in acts:
        if act.subject is not None:
            by_subject.setdefault((act.subject.__tablename__, identity(act.subject)), act)
    for change in changes:
        by_subject.get((change["table"], change["id"]), acts[0]).changes.append(change)


def _take_head(session: Session) -> tuple[int, str]:
    head = session.execute(
        select(AuditHead.seq, AuditHead.hash).where(AuditHead.id == 1).with_for_update()
    ).one_or_none()
    if head is None:
        session.add(AuditHead(id=1, seq=0, hash=GENESIS))
        session.flush()
        return 0, GENESIS
    return head.seq, head.hash


def _body(act: Act, seq: int) -> dict[str, Any]:
    return {
        "seq": seq,
        "at": clock.now(),
        "actor_id": act.actor.user_id,
        "actor_name": act.actor.name,
        "ip": act.actor.ip,
        "action": act.action,
        "subject_kind": act.subject.__tablename__ if act.subject is not None else "",
        "subject_id": identity(act.subject) if act.subject is not None else "",
        "note": act.note,
        "changes": act.changes,
    }


def _forget(session: Session, *_: object) -> None:
    session.info.pop("acts", None)
    session.info.pop("changes", None)


def install() -> None:
    """Attach the capture to every session of the application. Safe to call twice."""
    factory = db.session.session_factory
    for name, handler in (
        ("after_flush", _collect),
        ("do_orm_execute", _refuse_bulk),
        ("before_commit", _write),
        ("after_rollback", _forget),
    ):
        if not event.contains(factory, name, handler):
            event.listen(factory, name, handler)
