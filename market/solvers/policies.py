"""Who may see and change a solver's profile."""

from flask_babel import gettext as _
from sqlalchemy import or_, select
from sqlalchemy.sql.elements import ColumnElement

from market.permissions import ALLOWED, Actor, Permission, Role, Verdict, refused
from market.solvers.models import PUBLIC_SOLVER_STATES, Solver, SolverMember, SolverState

DIRECTIONS_MOST = 5
KEYWORDS_MOST = 30
ACHIEVEMENTS_MOST = 1000


def belongs_to(actor: Actor) -> ColumnElement[bool]:
    """Profiles the actor leads or, with an account of theirs, is a member of."""
    member_of = select(SolverMember.solver_id).where(SolverMember.user_id == actor.user_id)
    return or_(Solver.lead_id == actor.user_id, Solver.id.in_(member_of))


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """Public profiles; one's own in any state; staff who verify see hidden ones too, the supervisor everything."""
    public = Solver.state.in_(PUBLIC_SOLVER_STATES)
    if not actor.is_signed_in:
        return public
    if actor.has(Permission.AUDIT_READ):
        return Solver.id.is_not(None)
    if actor.has(Permission.SOLVER_VERIFY):
        public = Solver.state != SolverState.DRAFT
    return or_(public, belongs_to(actor))


def may_create(actor: Actor) -> Verdict:
    if not actor.is_signed_in:
        return refused(_("请先登录"))
    if any(Role(role).is_staff for role in actor.roles):
        return refused(_("科技管理部门工作人员不能登记为揭榜方"))
    return ALLOWED


def may_edit(actor: Actor, solver: Solver) -> Verdict:
    if actor.user_id is None or actor.user_id != solver.lead_id:
        return refused(_("只有负责人本人可以修改这份资料"))
    if not actor.has(Permission.SOLVER_WRITE):
        return refused(_("您的角色不能修改揭榜方资料"))
    return ALLOWED


def may_verify(actor: Actor, solver: Solver) -> Verdict:
    if not actor.has(Permission.SOLVER_VERIFY):
        return refused(_("您的角色不能核验揭榜方"))
    if actor.user_id == solver.lead_id:
        return refused(_("不能核验自己的资料"))
    return ALLOWED
