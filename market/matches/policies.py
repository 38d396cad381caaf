"""Who may see and judge candidates, invite, answer; and which solvers may be matched at all."""

from flask_babel import gettext as _
from sqlalchemy import select

from market.challenges.models import Challenge
from market.challenges.policies import confidential_readers
from market.database import db
from market.matches.models import ChallengeInvitation, InvitationState
from market.permissions import ALLOWED, Actor, Permission, Verdict, refused
from market.solvers.models import PUBLIC_SOLVER_STATES, Solver
from market.solvers.policies import belongs_to

MATCHABLE = Solver.state.in_(PUBLIC_SOLVER_STATES) & Solver.accepts_matching
"""Public, and not opted out (个人信息保护法 art. 24)."""


def may_see_candidates(actor: Actor, challenge: Challenge) -> Verdict:
    """Staff, the supervisor, the poster's own people; whether they learn names is for ``may_see_names``."""
    scope = {"organisation_id": challenge.organisation_id, "district_code": challenge.district_code}
    if actor.covers(Permission.MATCH_READ, **scope) or actor.covers(Permission.MATCH_RUN, **scope):
        return ALLOWED
    return refused(_("您不能查看这个榜单的匹配结果"))


def may_see_names(actor: Actor) -> Verdict:
    """The poster learns numbers, not names: who is being courted may not reach a firm that will score the bids."""
    if actor.is_city_wide and actor.has(Permission.MATCH_READ):
        return ALLOWED
    return refused(_("候选名单只对组织匹配的工作人员开放"))


def may_judge(actor: Actor, challenge: Challenge) -> Verdict:
    if not actor.covers(
        Permission.MATCH_RUN, organisation_id=challenge.organisation_id, district_code=challenge.district_code
    ):
        return refused(_("您的角色不能判断候选或发出邀请"))
    if not challenge.takes_bids:
        return refused(_("榜单已不在揭榜期，不能再判断候选或邀请"))
    return ALLOWED


def may_answer(actor: Actor, invitation: ChallengeInvitation) -> Verdict:
    if not actor.has(Permission.INVITATION_ANSWER):
        return refused(_("您的角色不能答复邀请"))
    mine = select(Solver.id).where(Solver.id == invitation.solver_id, belongs_to(actor))
    if db.session.scalar(mine) is None:
        return refused(_("这份邀请不是发给您的团队的"))
    if not invitation.challenge.takes_bids:
        return refused(_("榜单已不在揭榜期，不能再答复"))
    return ALLOWED


def is_interested(actor: Actor, challenge: Challenge) -> bool:
    """The actor's team was invited and said yes: it may read the confidential part."""
    if actor.user_id is None:
        return False
    query = (
        select(ChallengeInvitation.id)
        .join(Solver, Solver.id == ChallengeInvitation.solver_id)
        .where(
            ChallengeInvitation.challenge_id == challenge.id,
            ChallengeInvitation.state == InvitationState.INTERESTED,
            belongs_to(actor),
        )
        .limit(1)
    )
    return db.session.scalar(query) is not None


confidential_readers.append(is_interested)
