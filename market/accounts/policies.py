"""Who may verify, manage and empower whom. Authority comes from another person, never from oneself."""

from collections.abc import Iterable

from flask_babel import gettext as _

from market.accounts.models import Organisation, OrganisationKind, OrganisationState
from market.errors import NotAllowed
from market.permissions import (
    ALLOWED,
    EXCLUSIVE_ROLES,
    ORGANISATION_ROLES,
    SYSTEM,
    Actor,
    Permission,
    Role,
    Verdict,
    refused,
)

SOLVING_ROLES = (Role.SOLVER, Role.TEAM_LEAD)
# A firm may post and, elsewhere, solve; universities and institutes solve.
ROLES_OF_KIND: dict[OrganisationKind, tuple[Role, ...]] = {
    OrganisationKind.FIRM: (Role.FIRM_AUTHOR, Role.FIRM_SIGNATORY, *SOLVING_ROLES, Role.ORGANISATION_MANAGER),
    OrganisationKind.UNIVERSITY: (*SOLVING_ROLES, Role.ORGANISATION_MANAGER),
    OrganisationKind.INSTITUTE: (*SOLVING_ROLES, Role.ORGANISATION_MANAGER),
    OrganisationKind.BUREAU: (),
}
# What the person who registered an organisation holds once an officer has verified it. In a firm of one the officer's
# approval stands for the colleague who would otherwise have to give these roles.
REGISTRANT_ROLES: dict[OrganisationKind, tuple[Role, ...]] = {
    OrganisationKind.FIRM: (Role.ORGANISATION_MANAGER, Role.FIRM_AUTHOR, Role.FIRM_SIGNATORY),
    OrganisationKind.UNIVERSITY: (Role.ORGANISATION_MANAGER, Role.SOLVER, Role.TEAM_LEAD),
    OrganisationKind.INSTITUTE: (Role.ORGANISATION_MANAGER, Role.SOLVER, Role.TEAM_LEAD),
    OrganisationKind.BUREAU: (),
}
# What joining gives: a firm's manager chooses the roles, a university's person is a solver.
MEMBER_ROLES: dict[OrganisationKind, tuple[Role, ...]] = {
    OrganisationKind.FIRM: (),
    OrganisationKind.UNIVERSITY: (Role.SOLVER,),
    OrganisationKind.INSTITUTE: (Role.SOLVER,),
    OrganisationKind.BUREAU: (),
}


def require(verdict: Verdict) -> None:
    """Raises NotAllowed with the verdict's reason."""
    if not verdict:
        raise NotAllowed(verdict.reason)


def may_verify(actor: Actor, organisation: Organisation) -> Verdict:
    if actor.covers(Permission.ORGANISATION_VERIFY, district_code=organisation.district_code):
        return ALLOWED
    return refused(_("只有该单位所在区县或市局的经办人可以核验"))


def may_see_organisation(actor: Actor, organisation: Organisation) -> Verdict:
    """The bureau's page of an organisation: officers in scope, and the supervisor."""
    if may_verify(actor, organisation) or actor.has(Permission.AUDIT_READ):
        return ALLOWED
    return refused(_("您不负责该单位所在的区县"))


def may_belong(actor: Actor) -> Verdict:
    """Whoever checks firms, pays or supervises is no party to them."""
    if any(role.is_staff for role in actor.roles):
        return refused(_("科技管理部门工作人员不能登记或加入单位"))
    return ALLOWED


def may_manage(actor: Actor, organisation: Organisation) -> Verdict:
    if actor.covers(Permission.ORGANISATION_MANAGE, organisation_id=organisation.id):
        return ALLOWED
    return refused(_("只有本单位管理员可以管理成员"))


def may_grant(actor: Actor, user_id: int | None, role: Role, organisation: Organisation | None) -> Verdict:
    """Organisation roles come from that organisation's manager, bureau and expert roles from the administrator."""
    if actor is SYSTEM:
        return ALLOWED
    if user_id is not None and actor.user_id == user_id:
        return refused(_("不能给自己授权，请由另一位管理员办理"))
    if role not in ORGANISATION_ROLES:
        return ALLOWED if actor.has(Permission.ACCOUNT_ADMINISTER) else refused(_("只有系统管理员可以授予这一角色"))
    if organisation is None or not may_manage(actor, organisation):
        return refused(_("只有本单位管理员可以授予单位内的角色"))
    return ALLOWED


def scope_problem(role: Role, organisation: Organisation | None, district_code: str | None) -> str | None:
    """Why a role cannot be held in this scope, or None."""
    if role in ORGANISATION_ROLES:
        if organisation is None or district_code is not None:
            return _("这一角色必须属于一个单位")
        if organisation.state is not OrganisationState.VERIFIED:
            return _("单位尚未通过核验，暂不能授权")
        if role not in ROLES_OF_KIND[organisation.kind]:
            return _("%(kind)s不能设“%(role)s”", kind=organisation.kind.label, role=role.label)
        return None
    if organisation is not None:
        return _("这一角色不属于任何单位")
    if (role is Role.DISTRICT_OFFICER) != (district_code is not None):
        return _("区县经办必须选择区县，其他角色不选区县")
    return None


def incompatible_role(held: Iterable[Role], role: Role) -> Role | None:
    """A role already held that nobody may hold together with ``role`` (不相容岗位), or None."""
    others = frozenset(held) - {role}
    for exclusive in EXCLUSIVE_ROLES:
        if role in exclusive and (clash := others & exclusive):
            return min(clash)
    return None
