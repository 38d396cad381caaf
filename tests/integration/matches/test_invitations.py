"""Invited once, told in their own language; the answer, and reminders by hand."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from market import clock
from market.audit.verify import verify
from market.challenges.policies import may_read_confidential
from market.database import db, transaction
from market.errors import Conflict, InvalidInput, NotAllowed
from market.matches import invitations, operations
from market.matches.models import (
    Candidate,
    CandidateVerdict,
    ChallengeInvitation,
    DeclineReason,
    InvitationState,
    Judgement,
)
from market.needs.models import NeedState
from market.notifications.models import Message
from market.permissions import Role
from market.solvers import operations as solver_operations
from tests.builders.chain import make_challenge, make_cycle, make_need, make_solver
from tests.builders.matches import approve, invited_case, list_candidates, ranked_case
from tests.builders.people import acting, client_of, make_user


def test_only_the_approved_are_invited_once_and_told_in_their_language(app: Flask) -> None:
    challenge, solver, officer, candidate = ranked_case()
    with pytest.raises(InvalidInput), transaction():
        invitations.invite_candidates(acting(officer), challenge, [candidate])
    client = client_of(app, officer)
    base = f"/challenges/{challenge.code}/candidates"
    client.post(f"{base}/approve", data={"solver": str(solver.id)})
    for _again in range(2):
        client.post(f"{base}/invite")
    db.session.rollback()
    assert db.session.scalars(select(ChallengeInvitation)).one().solver_id == solver.id
    message = db.session.scalars(select(Message).where(Message.user_id == solver.lead_id)).one()
    assert challenge.title in message.subject and message.url == "/matches/for-me"
    refused = client.post(f"{base}/{solver.id}/refuse", data={"reason": "off_topic"}, follow_redirects=True)
    assert "已经发出邀请" in refused.text


def test_after_the_deadline_nobody_is_judged_invited_or_answers(app: Flask) -> None:
    challenge, solver, officer, invitation = invited_case()
    candidate = db.session.scalars(select(Candidate).where(Candidate.solver_id == solver.id)).one()
    with clock.at(clock.now() + timedelta(days=21)):
        for work in (
            lambda: operations.judge_candidate(acting(officer), candidate, CandidateVerdict.APPROVED),
            lambda: invitations.invite_candidates(acting(officer), challenge, [candidate]),
            lambda: invitations.answer_invitation(acting(solver.lead), invitation, "interested"),
            lambda: invitations.remind_invitation(acting(officer), invitation),
        ):
            with pytest.raises(NotAllowed), transaction():
                work()


def test_answer_opens_the_confidential_part_and_declining_closes_it(app: Flask) -> None:
    challenge, solver, officer, invitation = invited_case()
    lead = acting(solver.lead)
    stranger = make_user(Role.TEAM_LEAD, organisation=solver.organisation)
    assert not may_read_confidential(lead, challenge)
    client = client_of(app, solver.lead)
    page = client.get("/matches/for-me").text
    assert challenge.title in page and "揭榜邀请" in page
    address = f"/matches/invitations/{invitation.id}/answer"
    assert client_of(app, stranger).post(address, data={"answer": "interested"}).status_code == 404
    client.post(address, data={"answer": "interested", "note": "需要看炉型"})
    db.session.rollback()
    assert db.session.scalars(select(ChallengeInvitation)).one().state is InvitationState.INTERESTED
    assert may_read_confidential(lead, challenge) and not may_read_confidential(acting(stranger), challenge)
    assert "需要看炉型" in client_of(app, officer).get(f"/challenges/{challenge.code}/candidates").text
    client.post(address, data={"answer": "declined"})
    db.session.rollback()
    assert invitation.state is InvitationState.INTERESTED, "who declines says why"
    client.post(address, data={"answer": "declined", "reason": "no_capacity"})
    db.session.rollback()
    assert invitation.decline_reason is DeclineReason.NO_CAPACITY
    assert "近期任务已满" in client_of(app, officer).get(f"/challenges/{challenge.code}/candidates").text
    assert not may_read_confidential(lead, challenge)
    assert verify(db.session())[1] is None


def test_reminder_is_sent_at_most_once_a_day_and_not_after_an_answer(app: Flask) -> None:
    _challenge, solver, officer, invitation = invited_case()
    with pytest.raises(Conflict), transaction():
        invitations.remind_invitation(acting(officer), invitation)
    with clock.at(clock.now() + timedelta(days=2)):
        with transaction():
            invitations.remind_invitation(acting(officer), invitation)
        with pytest.raises(Conflict), transaction():
            invitations.remind_invitation(acting(officer), invitation)
        with transaction():
            invitations.answer_invitation(acting(solver.lead), invitation, "not_now")
        with pytest.raises(Conflict), transaction():
            invitations.remind_invitation(acting(officer), invitation)
    assert len(db.session.scalars(select(Message).where(Message.user_id == solver.lead_id)).all()) == 2


def test_one_click_approves_and_invites(app: Flask) -> None:
    challenge, solver, officer, _candidate = ranked_case()
    client_of(app, officer).post(f"/challenges/{challenge.code}/candidates/{solver.id}/invite")
    db.session.rollback()
    assert db.session.scalars(select(Judgement)).one().verdict is CandidateVerdict.APPROVED
    assert db.session.scalars(select(ChallengeInvitation)).one().solver_id == solver.id


def test_no_more_stand_at_once_than_the_rules_allow_and_the_rest_are_alternates(app: Flask) -> None:
    challenge = make_challenge(make_need(make_cycle(invitations_standing_most=2), state=NeedState.POSTED))
    solvers, officer = [make_solver() for _n in range(4)], make_user(Role.CITY_OFFICER)
    for candidate in list_candidates(challenge, *solvers):
        approve(officer, candidate)
    client, base = client_of(app, officer), f"/challenges/{challenge.code}/candidates"
    page = client.post(f"{base}/invite", follow_redirects=True).text
    db.session.rollback()
    invited = db.session.scalars(select(ChallengeInvitation.solver_id).order_by(ChallengeInvitation.id)).all()
    assert invited == [solver.id for solver in solvers[:2]], "the best first"
    assert "其余 2 个列为备选" in page and "备选第 2 位" in page
    client.post(f"{base}/{solvers[3].id}/invite")
    db.session.rollback()
    assert db.session.query(ChallengeInvitation).count() == 2


def test_who_opted_out_or_was_reminded_often_enough_is_not_reminded(app: Flask) -> None:
    _challenge, solver, officer, invitation = invited_case()
    begin = clock.now()
    for day in (1, 2):
        with clock.at(begin + timedelta(days=day)), transaction():
            invitations.remind_invitation(acting(officer), invitation)
    with clock.at(begin + timedelta(days=3)), pytest.raises(Conflict) as caught, transaction():
        invitations.remind_invitation(acting(officer), invitation)
    assert "2 次" in caught.value.message
    with transaction():
        solver_operations.edit_solver(acting(solver.lead), solver, {"accepts_matching": False})
    with clock.at(begin + timedelta(days=4)), pytest.raises(Conflict) as caught, transaction():
        invitations.remind_invitation(acting(officer), invitation)
    assert "退出匹配" in caught.value.message
