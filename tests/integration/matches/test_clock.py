"""What the clock does with invitations: reminders, lapses, and the alternate who takes an empty place. Each once."""

from contextvars import copy_context
from dataclasses import dataclass
from datetime import timedelta
from threading import Thread

import pytest
from flask import Flask
from sqlalchemy import event, select

from market import clock
from market.accounts.models import User
from market.audit.models import Entry
from market.audit.verify import verify
from market.challenges.models import Challenge
from market.database import db, transaction
from market.jobs import enqueue
from market.jobs.models import Outbox
from market.jobs.outbox import deliver_due
from market.matches import alternates, invitations
from market.matches.models import (
    ChallengeInvitation,
    DeclineReason,
)
from market.needs.models import NeedState
from market.notifications.models import Message
from market.permissions import Role
from market.solvers import operations as solver_operations
from market.solvers.models import Solver
from tests.builders.chain import make_challenge, make_cycle, make_need, make_solver
from tests.builders.counting import statements
from tests.builders.matches import approve, list_candidates
from tests.builders.people import acting, client_of, make_user


@dataclass
class Case:
    """Two invited of three approved; the third is the alternate."""

    challenge: Challenge
    officer: User
    solvers: list[Solver]
    invitations: list[ChallengeInvitation]

    def decline(self, number: int = 0) -> None:
        row = self.invitations[number]
        with transaction():
            invitations.answer_invitation(acting(row.solver.lead), row, "declined", "", DeclineReason.NO_CAPACITY)


def case(**rules: object) -> Case:
    cycle = make_cycle(**{"invitations_standing_most": 2, **rules})
    challenge = make_challenge(make_need(cycle, state=NeedState.POSTED), deadline=clock.now() + timedelta(days=40))
    solvers, officer = [make_solver(name=f"{letter}队") for letter in "甲乙丙"], make_user(Role.CITY_OFFICER)
    candidates = list_candidates(challenge, *solvers)
    for candidate in candidates:
        approve(officer, candidate)
    with transaction():
        sent = invitations.invite_candidates(acting(officer), challenge, candidates)
    deliver_due()
    return Case(challenge, officer, solvers, sent)


def pass_days(days: float, times: int = 1) -> None:
    """The worker looks at the clock ``times`` times, so many days from now."""
    with clock.at(clock.now() + timedelta(days=days)):
        for _again in range(times):
            alternates.follow_unanswered_invitations()
            deliver_due()
    db.session.rollback()


def told(user: User) -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Message.subject).where(Message.user_id == user.id).order_by(Message.id)))


def states(of: Case) -> list[tuple[str, str]]:
    db.session.rollback()
    rows = db.session.scalars(select(ChallengeInvitation).order_by(ChallengeInvitation.id))
    return [(row.solver.name, row.state.value) for row in rows if row.challenge_id == of.challenge.id]


def test_reminders_come_by_the_rule_each_once_and_no_more_than_the_rule_says(app: Flask) -> None:
    found = case(invitation_lapse_days=0)
    lead = found.solvers[0].lead
    pass_days(2.9)
    assert len(told(lead)) == 1, "the invitation itself"
    pass_days(3.1, times=3)
    assert [subject[:4] for subject in told(lead)] == ["邀请您揭", "请答复揭"]
    pass_days(5.9)
    assert len(told(lead)) == 2
    for days in (6.2, 9.5, 13, 20):
        pass_days(days, times=2)
    assert len(told(lead)) == 3, "two reminders at most"
    mails = db.session.scalars(select(Outbox).where(Outbox.topic == "mail.user", Outbox.payload.is_not(None))).all()
    keys = [row.dedupe_key for row in mails if f":{found.invitations[0].id}:remind" in row.dedupe_key]
    assert len(keys) == len(set(keys)) == 2
    assert verify(db.session())[1] is None


def test_reminder_of_an_interrupted_worker_is_neither_lost_nor_doubled(app: Flask) -> None:
    found = case()

    def lose_power(_session: object) -> None:
        raise OSError("the machine went down before the commit")

    event.listen(db.session, "before_commit", lose_power)
    try:
        with pytest.raises(OSError, match="went down"):
            pass_days(3.1)
    finally:
        event.remove(db.session, "before_commit", lose_power)
    assert len(told(found.solvers[0].lead)) == 1
    pass_days(3.1, times=2)
    assert len(told(found.solvers[0].lead)) == 2


def test_two_workers_at_the_same_minute_remind_and_let_go_once(app: Flask) -> None:
    found = case(alternates="invite", invitation_lapse_days=8)
    lead = found.solvers[0].lead

    def look() -> None:
        with app.app_context():
            try:
                alternates.follow_unanswered_invitations()
            finally:
                db.session.remove()

    for days in (3.1, 8.1):
        with clock.at(clock.now() + timedelta(days=days)):
            db.session.rollback()
            workers = [Thread(target=copy_context().run, args=(look,)) for _n in range(3)]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
            deliver_due()
    assert [subject[:4] for subject in told(lead)] == ["邀请您揭", "请答复揭"]
    assert sorted(state for _name, state in states(found)) == ["lapsed", "lapsed", "sent"]
    assert verify(db.session())[1] is None


def test_who_answered_opted_out_or_hid_is_not_reminded(app: Flask) -> None:
    found = case(invitation_lapse_days=0)
    with transaction():
        invitations.answer_invitation(acting(found.solvers[0].lead), found.invitations[0], "not_now")
        solver_operations.edit_solver(acting(found.solvers[1].lead), found.solvers[1], {"accepts_matching": False})
    deliver_due()
    pass_days(4)
    assert [len(told(solver.lead)) for solver in found.solvers] == [1, 1, 0]


def test_nobody_is_reminded_or_let_go_after_the_deadline(app: Flask) -> None:
    found = case()
    pass_days(41)
    assert states(found) == [("甲队", "sent"), ("乙队", "sent")]
    assert len(told(found.solvers[0].lead)) == 1


def test_a_rule_of_nought_days_turns_reminders_and_lapses_off(app: Flask) -> None:
    found = case(invitation_reminder_days=0, invitation_lapse_days=0)
    pass_days(30)
    assert states(found) == [("甲队", "sent"), ("乙队", "sent")] and len(told(found.solvers[0].lead)) == 1


def test_declined_place_is_proposed_to_staff_who_invite_in_one_click(app: Flask) -> None:
    found = case()
    found.decline()
    for _again in range(2):
        deliver_due()
    assert [s for s in told(found.officer) if "递补" in s] == [f"揭榜邀请需要递补：{found.challenge.title}"]
    assert states(found) == [("甲队", "declined"), ("乙队", "sent")], "the rule says: propose"
    client, base = client_of(app, found.officer), f"/challenges/{found.challenge.code}/candidates"
    page = client.get(base).text
    assert "有受邀方退出，需要递补" in page and "近期任务已满" in page and "邀请备选递补" in page
    client.post(f"{base}/{found.solvers[2].id}/invite")
    assert states(found)[-1] == ("丙队", "sent")
    page = client.get(base).text
    assert "有受邀方退出" not in page and "由“丙队”递补" in page and "递补“甲队”" in page


def test_alternate_is_invited_by_itself_where_the_rule_says_so_and_once(app: Flask) -> None:
    found = case(alternates="invite")
    found.decline()
    for _again in range(2):
        with transaction():
            enqueue("matches.alternate", {"invitation_id": found.invitations[0].id})
        deliver_due()
    assert states(found) == [("甲队", "declined"), ("乙队", "sent"), ("丙队", "sent")]
    taken = db.session.scalars(select(ChallengeInvitation).order_by(ChallengeInvitation.id.desc())).first()
    assert taken is not None and taken.alternate_of_id == found.invitations[0].id
    assert taken.invited_by_id == found.officer.id
    assert len(told(found.solvers[2].lead)) == 1
    assert len([s for s in told(found.officer) if "递补" in s]) == 1
    assert verify(db.session())[1] is None


def test_silence_lapses_by_the_clock_and_brings_the_alternate(app: Flask) -> None:
    found = case(alternates="invite", invitation_reminders_most=0)
    with transaction():
        invitations.answer_invitation(acting(found.solvers[1].lead), found.invitations[1], "interested")
    pass_days(9.9)
    assert states(found)[0] == ("甲队", "sent")
    pass_days(10.1, times=2)
    assert states(found) == [("甲队", "lapsed"), ("乙队", "interested"), ("丙队", "sent")]
    with transaction():
        invitations.answer_invitation(acting(found.solvers[0].lead), found.invitations[0], "interested")
    assert states(found)[0] == ("甲队", "interested"), "better late than never, while bids are taken"
    assert "challenge_invitation:lapse" in set(db.session.scalars(select(Entry.action)))


def test_who_changes_its_mind_before_the_place_is_taken_keeps_it(app: Flask) -> None:
    found = case(alternates="invite")
    found.decline()
    with transaction():
        invitations.answer_invitation(acting(found.solvers[0].lead), found.invitations[0], "interested")
    deliver_due()
    assert states(found) == [("甲队", "interested"), ("乙队", "sent")]


def test_barred_or_hidden_alternates_are_passed_over(app: Flask) -> None:
    found = case(alternates="invite")
    with transaction():
        solver_operations.hide_solver(acting(found.solvers[2].lead), found.solvers[2])
    found.decline()
    deliver_due()
    assert states(found) == [("甲队", "declined"), ("乙队", "sent")]
    [body] = db.session.scalars(
        select(Message.body).where(Message.user_id == found.officer.id, Message.subject.contains("递补"))
    ).all()
    assert "没有可以递补的备选" in body and "丙队" not in body


def test_who_is_asked_next_learns_nothing_of_who_declined(app: Flask) -> None:
    found = case(alternates="invite")
    found.decline()
    deliver_due()
    message = db.session.scalars(select(Message).where(Message.user_id == found.solvers[2].lead_id)).one()
    page = client_of(app, found.solvers[2].lead).get("/matches/for-me").text
    author = make_user(Role.FIRM_AUTHOR, organisation=found.challenge.organisation)
    reach = client_of(app, author).get(f"/challenges/{found.challenge.code}/candidates").text
    for text in (message.subject, message.body, page, reach):
        assert "甲队" not in text and "近期任务已满" not in text.replace('<option value="no_capacity">近期任务已满', "")


def test_clock_asks_as_often_for_many_invitations_as_for_one_when_nothing_is_due(app: Flask) -> None:
    counts = []
    for _round in range(2):
        for _more in range(1 if not counts else 4):
            case()
        db.session.remove()
        with statements() as seen:
            alternates.follow_unanswered_invitations()
        counts.append(len(seen))
    assert counts[0] == counts[1]
