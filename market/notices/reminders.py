"""What the clock tells of notices and objections: periods that have passed, answers that are due or overdue."""

from collections.abc import Mapping
from datetime import date
from functools import partial

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from market import clock
from market.accounts.queries import users_with
from market.audit.journal import record
from market.challenges.models import Challenge
from market.database import db, transaction
from market.jobs import scheduled
from market.notices import queries
from market.notices.models import OPEN_OBJECTION_STATES, Notice, NoticeState, Objection
from market.notifications.once import Due, remind
from market.notifications.operations import Text, notify
from market.permissions import SYSTEM, Role
from market.programmes.queries import kept_days, rules_of


@scheduled
def remind_ended_periods() -> None:
    """Tell the bureau once when a 公示期 has passed, so that nobody waits for a forgotten confirmation."""
    ended = select(Notice.id).where(
        Notice.state == NoticeState.PUBLISHED, Notice.ends_on < clock.today(), Notice.reminded_at.is_(None)
    )
    waiting = db.session.scalars(ended.order_by(Notice.id)).all()
    db.session.rollback()
    for notice_id in waiting:
        with transaction() as session:
            notice = session.get_one(Notice, notice_id, with_for_update=True)
            if notice.reminded_at is not None or notice.state is not NoticeState.PUBLISHED:
                continue
            notice.reminded_at = clock.now()
            record(SYSTEM, "notice:period_ended", notice)
            count = len(queries.open_objections(notice.challenge))
            body = (
                _l("尚有 %(count)d 件异议未答复。", count=count)
                if count
                else _l("无未答复异议，请处室负责人确认中榜。")
            )
            subject = _l("公示期满：%(title)s", title=notice.title)
            notify(queries.bureau_ids(), subject, body, f"/notices/{notice.id}", key=f"period:{notice.id}")


@scheduled
def remind_due_objections() -> None:
    """Once some working days before the answer is due, once when the day has passed: who handles it, and the head."""
    waiting = db.session.scalars(
        select(Objection)
        .options(joinedload(Objection.notice).joinedload(Notice.challenge).joinedload(Challenge.rules))
        .where(Objection.state.in_(OPEN_OBJECTION_STATES), Objection.due_on.is_not(None))
        .order_by(Objection.id)
    ).all()
    if not waiting:
        return
    kept = kept_days()
    remind(
        Due(
            kind="objection-overdue" if is_late else "objection-due",
            subject_id=objection.id,
            moment=str(objection.due_on),
            whom=partial(_responsible, objection.handled_by_id),
            subject=_subject(objection, is_late=is_late),
            body=_l("当前：%(state)s。答复前不能确认中榜、不能签约。", state=objection.state.label),
            url=f"/notices/objections/{objection.id}",
        )
        for objection in waiting
        if (is_late := _is_late(objection)) or _is_near(objection, kept)
    )


def _responsible(handler_id: int | None) -> list[int]:
    """Whoever handles it, every officer while nobody does; and the head."""
    handlers = [handler_id] if handler_id is not None else users_with(Role.CITY_OFFICER)
    return [*handlers, *users_with(Role.DIVISION_HEAD)]


def _is_late(objection: Objection) -> bool:
    return objection.due_on is not None and objection.due_on < clock.today()


def _is_near(objection: Objection, kept: Mapping[date, bool]) -> bool:
    days = rules_of(objection.notice.challenge).objection_reminder_working_days
    return objection.due_on is not None and clock.working_days_between(clock.today(), objection.due_on, kept) <= days


def _subject(objection: Objection, *, is_late: bool) -> Text:
    if is_late:
        return _l("异议 %(number)s 已超过答复期限（%(day)s）", number=objection.number, day=objection.due_on)
    return _l("异议 %(number)s 应于 %(day)s 前答复", number=objection.number, day=objection.due_on)
