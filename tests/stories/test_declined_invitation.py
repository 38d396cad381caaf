"""The invited team declines on its page; the next approved candidate is proposed to staff, invited, and says yes."""

import pytest
from flask import Flask
from sqlalchemy import select

from market.challenges.models import Challenge
from market.database import db
from market.jobs.outbox import deliver_due
from market.matches.models import ChallengeInvitation, InvitationState
from market.needs.models import NeedState
from market.permissions import Role
from market.solvers.models import Solver
from tests.builders.chain import make_challenge, make_cycle, make_need, make_solver
from tests.builders.matches import ask_ranking, unrelated
from tests.builders.people import make_user
from tests.stories.browser import Browser

FIRST = "长期研究高速主轴用氮化硅陶瓷球批次一致性控制：气压烧结曲线、密度与维氏硬度、斑点球成因。"


def invitation_of(solver: Solver) -> ChallengeInvitation | None:
    db.session.rollback()
    return db.session.scalar(select(ChallengeInvitation).where(ChallengeInvitation.solver_id == solver.id))


def posted(**rules: object) -> tuple[Challenge, Solver, Solver]:
    """A challenge with two teams that fit, the first of them better."""
    cycle = make_cycle(invitations_standing_most=1, **rules)
    unrelated()
    first, second = make_solver(name="首选队", profile_zh=FIRST), make_solver(name="备选队")
    challenge = make_challenge(make_need(cycle, state=NeedState.POSTED))
    ask_ranking(challenge)
    return challenge, first, second


@pytest.mark.parametrize("mode", ["propose", "invite"])
def test_declined_invitation_brings_the_alternate(app: Flask, mode: str) -> None:
    challenge, first, second = posted(alternates=mode)
    officer, path = make_user(Role.CITY_OFFICER), f"/challenges/{challenge.code}/candidates"
    city = Browser(app, officer)
    city.fill(path, {"solver": [str(first.id), str(second.id)]}, to=f"{path}/approve")
    city.fill(path, to=f"{path}/invite")
    deliver_due()
    assert invitation_of(second) is None, "one place, and it is the better team's"
    assert "备选第 1 位" in city.read(path)

    lead, place = Browser(app, first.lead), invitation_of(first)
    assert place is not None
    answer = f"/matches/invitations/{place.id}/answer"
    lead.refused(answer, 303, answer="declined")
    assert place.state is InvitationState.SENT, "a team that declines says why"
    lead.fill("/matches/for-me", {"answer": "declined", "reason": "time", "note": "年底前排满了"}, to=answer)
    deliver_due()

    assert "邀请需要递补" in city.read("/inbox/") and "来不及准备" in city.read(path)
    if mode == "propose":
        assert invitation_of(second) is None, "staff decide"
        assert "邀请需要递补" in city.read("/workspace/")
        city.fill(path, to=f"{path}/{second.id}/invite")
        deliver_due()
    page = city.read(path)
    assert "由“备选队”递补" in page and "有受邀方退出" not in page

    follower, taken = Browser(app, second.lead), invitation_of(second)
    assert taken is not None and taken.alternate_of_id == place.id
    assert "首选队" not in follower.read("/matches/for-me"), "nobody learns whose place it takes"
    follower.fill("/matches/for-me", {"answer": "interested"}, to=f"/matches/invitations/{taken.id}/answer")
    assert taken.state is InvitationState.INTERESTED
    assert db.session.query(ChallengeInvitation).count() == 2
