"""What the clock tells by itself: once for each moment of the rules, to whom it concerns and to nobody else."""

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from market import clock
from market.accounts.models import User
from market.audit.journal import record
from market.audit.models import Entry
from market.bids.models import Bid, BidState
from market.bids.operations import begin_replacement
from market.contracts.models import MilestoneState
from market.contracts.queries import milestones_of
from market.database import db, transaction
from market.jobs.models import Outbox
from market.jobs.outbox import deliver_due, run_scheduled
from market.notices import objections
from market.notices.models import Objection, ObjectionState
from market.notifications.models import Message, Reminder
from market.notifications.once import Due, remind
from market.permissions import ANONYMOUS, SYSTEM, Role
from market.programmes.queries import kept_days
from market.reviews.queries import seated
from tests.builders.bids import make_draft, make_sealable_challenge, make_sealed
from tests.builders.chain import make_contract, make_solver
from tests.builders.counting import statements
from tests.builders.people import acting, make_user
from tests.builders.reviews import OBJECTION, convened, declared, drawn, make_case, published

SECOND = timedelta(seconds=1)


def told(person_id: int, words: str) -> int:
    db.session.rollback()
    query = select(Message.id).where(Message.user_id == person_id, Message.subject.contains(words))
    return len(db.session.scalars(query).all())


def tick(moment: datetime, times: int = 3) -> None:
    """The worker's clock asks every minute; a moment told is told once."""
    with clock.at(moment):
        for _time in range(times):
            run_scheduled()


# --- objections -----------------------------------------------------------------------------------------------------


def objected() -> tuple[Objection, int, int, int]:
    """(objection, handler, other officer, head)."""
    case = make_case()
    notice = published(case)
    with transaction():
        objection = objections.submit_objection(ANONYMOUS, notice, OBJECTION)
    return objection, case.city.id, case.city2.id, case.head.id


def working_day_before(objection: Objection, days: int) -> datetime:
    """Ten in the morning on the last day with at least ``days`` working days left."""
    assert objection.due_on is not None
    day = objection.due_on
    while clock.working_days_between(day, objection.due_on, kept_days()) < days:
        day -= timedelta(days=1)
    return clock.start_of(day) + timedelta(hours=10)


def test_answer_of_an_objection_is_reminded_before_and_after_its_day_once_each(app: Flask) -> None:
    objection, handler, other, head = objected()
    assert objection.due_on is not None
    with transaction():
        objections.accept_objection(acting(db.session.get_one(User, handler)), objection)
    tick(working_day_before(objection, 4))
    assert told(handler, "应于") == told(head, "应于") == 0
    tick(working_day_before(objection, 3))
    tick(working_day_before(objection, 1))
    assert told(handler, "应于") == told(head, "应于") == 1
    tick(clock.end_of(objection.due_on))
    assert told(handler, "已超过答复期限") == 0
    for day in (1, 2, 9):
        tick(clock.start_of(objection.due_on + timedelta(days=day)))
    assert told(handler, "已超过答复期限") == told(head, "已超过答复期限") == 1
    # It is in one officer's hands: the other is not troubled.
    assert told(other, "应于") == told(other, "已超过答复期限") == 0


def test_objection_in_nobodys_hands_is_reminded_to_every_officer(app: Flask) -> None:
    objection, city, city2, head = objected()
    tick(working_day_before(objection, 2))
    assert [told(person, "应于") for person in (city, city2, head)] == [1, 1, 1]


def test_answered_objection_is_not_reminded(app: Flask) -> None:
    objection, city, _city2, head = objected()
    with transaction():
        officer = acting(db.session.get_one(User, city))
        objections.refuse_objection(officer, objection, "所述事项与本次拟中榜结果无关。")
    assert objection.state is ObjectionState.NOT_ACCEPTED and objection.due_on is not None
    tick(clock.start_of(objection.due_on + timedelta(days=3)))
    assert told(city, "异议 YY") == told(head, "异议 YY") == 0


def test_reminder_of_an_objection_names_neither_objector_nor_grounds(app: Flask) -> None:
    objection, *_people = objected()
    tick(working_day_before(objection, 1))
    deliver_due()
    kept = db.session.scalars(select(Message).where(Message.subject.contains("应于"))).all()
    assert kept
    for message in kept:
        for secret in (OBJECTION["name"], OBJECTION["phone"], OBJECTION["grounds"]):
            assert secret not in message.subject + message.body


# --- experts --------------------------------------------------------------------------------------------------------


def test_silent_expert_and_the_officers_are_reminded_once_and_declared_ones_never(app: Flask) -> None:
    case = make_case()
    with clock.at(datetime(2026, 3, 2, 9, tzinfo=clock.SHANGHAI)):
        round_ = convened(case, drawn(case))
    tasks = seated(round_)
    tick(datetime(2026, 3, 3, 23, 59, tzinfo=clock.SHANGHAI))
    assert told(tasks[0].expert.user_id, "尽快") == 0
    tick(datetime(2026, 3, 4, 9, tzinfo=clock.SHANGHAI))
    tick(datetime(2026, 3, 9, 9, tzinfo=clock.SHANGHAI))
    assert [told(task.expert.user_id, "尽快") for task in tasks] == [1] * len(tasks)
    assert told(case.city.id, "专家尚未申报") == told(case.city2.id, "专家尚未申报") == len(tasks)
    assert told(case.head.id, "专家尚未申报") == 0


def test_panel_that_declared_or_was_not_called_yet_hears_nothing(app: Flask) -> None:
    called, uncalled = make_case(), make_case()
    with clock.at(datetime(2026, 3, 2, 9, tzinfo=clock.SHANGHAI)):
        tasks = [*seated(declared(called, convened(called, drawn(called)))), *seated(drawn(uncalled))]
    tick(datetime(2026, 3, 20, 9, tzinfo=clock.SHANGHAI))
    assert [told(task.expert.user_id, "尽快") for task in tasks] == [0] * len(tasks)


# --- bids -----------------------------------------------------------------------------------------------------------


def test_draft_is_reminded_to_its_team_alone_once_before_the_deadline_without_a_word_of_its_content(app: Flask) -> None:
    challenge = make_sealable_challenge()
    draft, sealed = make_draft(challenge, make_solver()), make_sealed(challenge, make_solver())
    assert challenge.bid_deadline is not None
    moment = challenge.bid_deadline - timedelta(hours=48)
    everybody = set(db.session.scalars(select(Message.user_id)))
    entries = len(db.session.scalars(select(Entry.seq)).all())
    tick(moment - SECOND)
    assert told(draft.lead_id, "即将截止") == 0
    tick(moment)
    tick(challenge.bid_deadline - SECOND)
    assert told(draft.lead_id, "即将截止") == 1
    assert told(sealed.lead_id, "即将截止") == 0
    heard = set(db.session.scalars(select(Message.user_id).where(Message.subject.contains("即将截止"))))
    assert heard == {draft.lead_id} and not heard & (everybody - {draft.lead_id})
    # Neither the journal nor the outbox says what is in it, and the journal not even that it is there.
    assert len(db.session.scalars(select(Entry.seq)).all()) == entries
    message = db.session.scalars(select(Message).where(Message.subject.contains("即将截止"))).one()
    written = message.subject + message.body + str([row.payload for row in db.session.scalars(select(Outbox))])
    assert "分段保压气压烧结" not in written and draft.solver.name not in written


def test_extended_deadline_is_another_moment_and_a_passed_one_none(app: Flask) -> None:
    challenge = make_sealable_challenge()
    draft = make_draft(challenge, make_solver())
    first = challenge.bid_deadline
    assert first is not None
    tick(first - timedelta(hours=1))
    with transaction():
        challenge.bid_deadline = first + timedelta(days=20)
        record(SYSTEM, "test:build", challenge)
    tick(first)
    assert told(draft.lead_id, "即将截止") == 1
    tick(first + timedelta(days=19))
    assert told(draft.lead_id, "即将截止") == 2
    tick(first + timedelta(days=20))
    assert told(draft.lead_id, "即将截止") == 2


def test_draft_begun_after_the_moment_is_not_nagged_and_an_open_replacement_is(app: Flask) -> None:
    challenge = make_sealable_challenge()
    sealed = make_sealed(challenge, make_solver())
    with transaction():
        begin_replacement(acting(sealed.lead), sealed)
    assert challenge.bid_deadline is not None
    with clock.at(challenge.bid_deadline - timedelta(hours=5)):
        late = make_draft(challenge, make_solver())
    tick(challenge.bid_deadline - timedelta(hours=4))
    assert told(late.lead_id, "即将截止") == 0
    assert sealed.state is BidState.SUBMITTED and told(sealed.lead_id, "即将截止") == 1


# --- milestones -----------------------------------------------------------------------------------------------------


def test_milestone_is_reminded_before_to_the_lead_and_after_to_firm_and_officer_too(app: Flask) -> None:
    contract = make_contract()
    milestone = milestones_of(contract)[0]
    signatory = make_user(Role.FIRM_SIGNATORY, organisation=contract.organisation)
    stranger = make_user(Role.FIRM_SIGNATORY)
    lead, due = contract.solver.lead_id, milestone.due_on
    tick(clock.start_of(due - timedelta(days=15)))
    assert told(lead, "里程碑") == 0
    tick(clock.start_of(due - timedelta(days=14)))
    tick(clock.start_of(due))
    assert told(lead, "即将到期") == 1 and told(signatory.id, "里程碑") == 0
    for day in (1, 5):
        tick(clock.start_of(due + timedelta(days=day)))
    assert [told(person, "已逾期") for person in (lead, signatory.id, contract.drafted_by_id)] == [1, 1, 1]
    assert told(stranger.id, "里程碑") == 0


@pytest.mark.parametrize("state", [MilestoneState.REPORTED, MilestoneState.ACCEPTED])
def test_reported_milestone_is_not_reminded(app: Flask, state: MilestoneState) -> None:
    contract = make_contract()
    milestone = milestones_of(contract)[0]
    with transaction():
        milestone.state = state
        record(SYSTEM, "test:build", milestone)
    tick(clock.start_of(milestone.due_on + timedelta(days=9)))
    assert told(contract.solver.lead_id, f"第 {milestone.seq} 项") == 0


# --- the mechanism --------------------------------------------------------------------------------------------------


def due(person_id: int, moment: str = "2026-03-01") -> Due:
    return Due("test", 7, moment, lambda: [person_id], "到期提醒", "请办理", "/workspace/")


def test_a_reminder_that_failed_is_told_later_and_then_once(app: Flask) -> None:
    person = make_user().id
    broken = Due("test", 8, "2026-03-01", lambda: [1 // 0], "到期提醒", "请办理", "/")
    with pytest.raises(ZeroDivisionError):
        remind([broken])
    assert remind([due(person), due(person)]) == 1
    assert remind([due(person)]) == 0
    assert remind([due(person, "2026-04-01")]) == 1
    assert told(person, "到期提醒") == 2
    assert len(db.session.scalars(select(Reminder).where(Reminder.subject_id == 8)).all()) == 0


def test_a_minute_with_everything_told_costs_the_same_for_few_and_many_drafts(app: Flask) -> None:
    challenge = make_sealable_challenge()
    make_draft(challenge, make_solver())
    assert challenge.bid_deadline is not None
    moment = challenge.bid_deadline - timedelta(hours=1)
    tick(moment, 1)
    db.session.remove()
    with clock.at(moment), statements() as few:
        run_scheduled()
    challenge = db.session.merge(challenge)
    for _number in range(4):
        make_draft(challenge, make_solver())
    with transaction():
        for bid in db.session.scalars(select(Bid)):
            bid.created_at = moment - timedelta(days=9)
        record(SYSTEM, "test:build")
    tick(moment, 1)
    db.session.remove()
    with clock.at(moment), statements() as many:
        run_scheduled()
    assert len(few) == len(many)
