"""Roles given and taken. Every change raises the person's ``authority_epoch``."""

from flask_babel import gettext as _

from market import clock
from market.accounts import policies, queries
from market.accounts.models import Grant, Organisation, User
from market.accounts.sessions import carry_sessions
from market.audit.journal import record
from market.database import db
from market.errors import InvalidInput, NotAllowed
from market.permissions import ORGANISATION_ROLES, ROLE_LABELS, Actor, Role


def roles_of(user: User) -> list[Role]:
    return [grant.role for grant in queries.grants_of(user.id)]


def grant_role(
    actor: Actor,
    user: User,
    role: Role,
    *,
    organisation_id: int | None = None,
    district_code: str | None = None,
) -> Grant:
    """Give a role in a scope; the same live grant is returned if held already.

    Raises NotAllowed when the actor may not give it (never to oneself), InvalidInput({"role": …}) when the scope is
    wrong or the person holds an incompatible role. SYSTEM grants follow an act of the person's own: their sessions go
    on; others' sessions end with the raised ``authority_epoch``.
    """
    organisation = queries.organisation_of(organisation_id) if organisation_id is not None else None
    verdict = policies.may_grant(actor, user.id, role, organisation)
    if not verdict:
        raise NotAllowed(verdict.reason)
    problem = policies.scope_problem(role, organisation, district_code)
    clash = policies.incompatible_role(roles_of(user), role)
    if clash is not None:
        problem = _("此人已是“%(held)s”，与“%(role)s”不相容", held=clash.label, role=role.label)
    if problem:
        raise InvalidInput({"role": problem})
    return give_role(actor, user, role, organisation_id, district_code)


def give_role(actor: Actor, user: User, role: Role, organisation_id: int | None, district_code: str | None) -> Grant:
    """Write the grant; whoever calls has asked the policy."""
    for held in queries.grants_of(user.id):
        if (held.role, held.organisation_id, held.district_code) == (role, organisation_id, district_code):
            return held
    grant = Grant(
        user_id=user.id,
        role=role,
        organisation_id=organisation_id,
        district_code=district_code,
        granted_by_id=actor.user_id,
    )
    db.session.add(grant)
    db.session.flush()  # The act names the grant.
    record(actor, "grant:give", grant, ROLE_LABELS[role])
    before = user.authority_epoch
    user.authority_epoch += 1
    if actor.user_id is None:
        carry_sessions(user, before)
    return grant


def revoke_role(actor: Actor, grant: Grant) -> None:
    """Take a role away; the person's sessions end. An organisation keeps its last manager."""
    verdict = policies.may_grant(actor, grant.user_id, grant.role, grant.organisation)
    if not verdict:
        raise NotAllowed(verdict.reason)
    if grant.revoked_at is not None:
        return
    managers = queries.users_with(Role.ORGANISATION_MANAGER, organisation_id=grant.organisation_id)
    if grant.role is Role.ORGANISATION_MANAGER and managers == [grant.user_id]:
        raise InvalidInput({"roles": _("单位至少保留一名管理员")})
    grant.revoked_at, grant.revoked_by_id = clock.now(), actor.user_id
    grant.user.authority_epoch += 1
    record(actor, "grant:revoke", grant, ROLE_LABELS[grant.role])


def set_member_roles(actor: Actor, organisation: Organisation, member: queries.Member, roles: set[Role]) -> None:
    """Make the member's roles in the organisation exactly ``roles``."""
    if roles - ORGANISATION_ROLES:
        raise InvalidInput({"roles": _("只能选择单位内的角色")})
    for grant in member.grants:
        if grant.role not in roles:
            revoke_role(actor, grant)
    for role in sorted(roles - set(member.roles)):
        try:
            grant_role(actor, member.user, role, organisation_id=organisation.id)
        except InvalidInput as problem:
            raise InvalidInput({"roles": problem.message}) from problem
