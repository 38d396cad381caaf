"""What the clock tells of reviews: experts who were called and have not declared."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from market import clock
from market.challenges.models import Challenge
from market.database import db
from market.jobs import scheduled
from market.notifications.once import Due, remind
from market.programmes.queries import kept_days, rules_of
from market.reviews.models import Assignment, AssignmentState, Expert, Round, RoundState


@scheduled
def remind_silent_experts() -> None:
    """Once, some working days after the call: the expert, and the officer, who may seat a reserve instead."""
    waiting = db.session.scalars(
        select(Assignment)
        .join(Round, Assignment.round_id == Round.id)
        .options(
            joinedload(Assignment.round).joinedload(Round.challenge).joinedload(Challenge.rules),
            joinedload(Assignment.expert).joinedload(Expert.user),
        )
        .where(Assignment.state == AssignmentState.INVITED, Round.state == RoundState.DECLARING)
        .order_by(Assignment.id)
    ).all()
    kept = kept_days() if waiting else {}
    dues = []
    for task in waiting:
        # A reserve is called when the seat falls free, which may be later than the round's call.
        called = max(clock.local(task.created_at), clock.local(task.round.state_changed_at or task.created_at)).date()
        days = rules_of(task.round.challenge).expert_reminder_working_days
        if clock.working_days_between(called, clock.today(), kept) >= days:
            dues += _told(task, str(called))
    remind(dues)


def _told(task: Assignment, moment: str) -> list[Due]:
    code = task.round.challenge.code or ""
    return [
        Due(
            "expert-silent",
            task.id,
            moment,
            lambda: [task.expert.user_id],
            _l("请尽快完成回避申报：%(code)s", code=code),
            _l("您的评审任务还没有申报有无利害关系。不能参加的，请申请回避，以便递补专家。"),
            "/reviews/mine",
        ),
        Due(
            "expert-silent-officer",
            task.id,
            moment,
            lambda: [task.round.managed_by_id, task.round.convened_by_id],
            _l("专家尚未申报：%(code)s", code=code),
            _l("%(name)s 接到通知后还没有申报，已自动提醒；仍无回音的可撤换递补。", name=task.expert.user.name),
            f"/challenges/{code}/review",
        ),
    ]
