"""Who may run events, come to them, and record contacts."""

from flask_babel import gettext as _

from market.accounts.models import Organisation, OrganisationKind, OrganisationState
from market.events.models import Attendance, Contact, Event, EventState
from market.permissions import ALLOWED, Actor, Permission, Verdict, refused
from market.solvers.models import PUBLIC_SOLVER_STATES, Solver


def may_manage(actor: Actor) -> Verdict:
    return ALLOWED if actor.covers(Permission.EVENT_MANAGE) else refused(_("只有主管处室可以管理活动"))


def _represents_firm(actor: Actor, organisation: Organisation) -> Verdict:
    if not actor.covers(Permission.EVENT_ATTEND, organisation_id=organisation.id):
        return refused(_("只能为本单位报名"))
    if organisation.kind is not OrganisationKind.FIRM:
        return refused(_("高校院所请以揭榜方（个人或团队）报名"))
    return ALLOWED


def _represents_solver(actor: Actor, solver: Solver) -> Verdict:
    if solver.lead_id != actor.user_id or not actor.has(Permission.EVENT_ATTEND):
        return refused(_("只有带头人可以为揭榜方报名"))
    return ALLOWED


def may_represent(actor: Actor, organisation: Organisation | None, solver: Solver | None) -> Verdict:
    """Whether the actor speaks for the firm or solver; officers who run events speak for both."""
    if may_manage(actor):
        return ALLOWED
    if organisation is not None:
        return _represents_firm(actor, organisation)
    return _represents_solver(actor, solver) if solver is not None else refused(_("请选择报名的企业或揭榜方"))


def may_attend(organisation: Organisation | None, solver: Solver | None) -> Verdict:
    """Whether the bureau knows who comes."""
    if organisation is not None and organisation.state is not OrganisationState.VERIFIED:
        return refused(_("单位核验通过后才能报名"))
    if solver is not None and solver.state not in PUBLIC_SOLVER_STATES:
        return refused(_("请先发布揭榜方资料再报名"))
    return ALLOWED


def may_register(actor: Actor, event: Event) -> Verdict:
    """Registration stands open until the end; officers add walk-ins afterwards, too."""
    if event.takes_registrations:
        return ALLOWED
    if event.state is not EventState.CANCELLED and may_manage(actor):
        return ALLOWED
    return refused(_("活动已取消，不再报名") if event.state is EventState.CANCELLED else _("活动已结束，不再报名"))


def may_withdraw(actor: Actor, attendance: Attendance) -> Verdict:
    if not may_represent(actor, attendance.organisation, attendance.solver):
        return refused(_("只能取消自己的报名"))
    if attendance.attended or not attendance.event.takes_registrations:
        return refused(_("活动已经结束，报名记录不能取消"))
    return ALLOWED


def may_record_contact(actor: Actor, district_code: str | None) -> Verdict:
    """A district officer keeps the ledger of the firms of the own district."""
    if actor.covers(Permission.CONTACT_RECORD, district_code=district_code):
        return ALLOWED
    return refused(_("只能登记本区县企业的对接"))


def may_correct_contact(actor: Actor, contact: Contact) -> Verdict:
    return may_record_contact(actor, contact.district_code)


def contact_districts(actor: Actor) -> frozenset[str] | None:
    """Districts whose contacts the actor may read; None is the whole city."""
    if actor.has(Permission.AUDIT_READ):
        return None
    return actor.districts_with(Permission.CONTACT_RECORD)
