"""Use cases of 统计封存: freeze the numbers of a month, and add a version when the rows have changed since."""

from datetime import date

from flask_babel import gettext as _
from sqlalchemy import text

from market import clock
from market.audit.chain import GENESIS
from market.audit.journal import record
from market.database import db
from market.errors import Conflict, InvalidInput, NotAllowed
from market.permissions import Actor, Permission
from market.reports.models import FrozenMonth
from market.reports.queries import figures_of, hash_of, last_day_of, versions_of

FREEZE_LOCK = 7_102_027


def _may_freeze(actor: Actor) -> None:
    if not actor.has(Permission.REPORT_FREEZE):
        raise NotAllowed(_("月度统计由处室负责人封存"))


def _lock() -> None:
    """One at a time: the versions of a month follow one another. SQLite's write transaction is that lock already."""
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": FREEZE_LOCK})


def freeze_month(actor: Actor, month: date) -> FrozenMonth:
    """封存 the numbers of a month that is over, of the city and of every district. Raises InvalidInput, Conflict."""
    _may_freeze(actor)
    if clock.today() <= last_day_of(month):
        raise InvalidInput(_("这个月还没有结束，不能封存"))
    _lock()
    if versions_of(month):
        raise Conflict(_("这个月已经封存；数据有变化的，请登记更正"))
    return _write(actor, "freeze", month, 1, GENESIS, "")


def correct_month(actor: Actor, month: date, reason: str) -> FrozenMonth:
    """A further version with the numbers of today and why they changed. Raises InvalidInput, Conflict."""
    _may_freeze(actor)
    if len(reason.strip()) < 5:
        raise InvalidInput({"reason": _("请写明更正的原因，至少 5 个字")})
    _lock()
    versions = versions_of(month)
    if not versions:
        raise Conflict(_("这个月还没有封存"))
    last = versions[-1]
    if figures_of(month) == last.figures:
        raise Conflict(_("现在的数据与最近一版相同，不需要更正"))
    return _write(actor, "correct", month, last.version + 1, last.hash, reason.strip())


def _write(actor: Actor, verb: str, month: date, version: int, prev_hash: str, reason: str) -> FrozenMonth:
    row = FrozenMonth(
        created_at=clock.now(), month=month, version=version, figures=figures_of(month), reason=reason,
        frozen_by_id=actor.user_id, prev_hash=prev_hash,
    )  # fmt: skip
    row.hash = hash_of(row)
    db.session.add(row)
    db.session.flush()  # The audit entry names the row.
    record(actor, f"frozen_month:{verb}", row, f"{month:%Y-%m} v{version}")
    return row
