"""People, organisations, memberships, roles and invitations. Passwords and sessions: ``credentials``."""

import secrets
from dataclasses import dataclass
from datetime import date, timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from stdnum.cn import uscc as uscc_rules
from stdnum.exceptions import ValidationError as BadNumber

from market import clock
from market.accounts import passwords, policies, queries
from market.accounts.grants import give_role, grant_role, revoke_role, roles_of, set_member_roles
from market.accounts.models import (
    District,
    Invitation,
    Membership,
    MembershipState,
    Organisation,
    OrganisationKind,
    OrganisationState,
    User,
)
from market.accounts.sessions import carry_sessions, hash_token
from market.audit.journal import record
from market.database import db
from market.errors import Conflict, InvalidInput, NotAllowed
from market.jobs import enqueue
from market.notifications.operations import mark_of, notify, send_mail
from market.permissions import ROLE_LABELS, Actor, Permission, Role

__all__ = [
    "NewOrganisation",
    "NewPerson",
    "accept_invitation",
    "cancel_invitation",
    "deactivate_user",
    "decide_membership",
    "grant_role",
    "invite",
    "reactivate_user",
    "refuse_organisation",
    "register_organisation",
    "register_person",
    "remove_member",
    "request_membership",
    "revoke_role",
    "send_invitation_again",
    "set_member_roles",
    "update_profile",
    "verify_organisation",
]

INVITATION_LASTS = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class NewPerson:
    name: str
    email: str
    password: str
    phone: str = ""
    locale: str = "zh"


@dataclass(frozen=True, slots=True)
class NewOrganisation:
    """``country`` is ISO 3166 alpha-2; outside China there is no ``uscc``; no ``district_code``: outside the city."""

    kind: OrganisationKind
    name: str
    uscc: str = ""
    name_en: str = ""
    country: str = "CN"
    district_code: str | None = None
    registered_on: date | None = None
    address: str = ""
    contact_name: str = ""
    contact_phone: str = ""


def register_person(
    actor: Actor, person: NewPerson, *, join: Organisation | None = None, organisation: NewOrganisation | None = None
) -> User | None:
    """Create an account and, if wished, ask to join an organisation or register a new one.

    None when the e-mail has an account already: its holder is told by mail and nothing else shows the difference.
    Raises InvalidInput for a weak password or an organisation that cannot be registered, whoever asks.
    """
    if organisation is not None:
        _check_organisation(organisation)
    stored = _new_password(person.password, person.email, person.name)
    email = person.email.strip().lower()
    if queries.user_by_email(email) is not None:
        hour = clock.now().strftime("%Y%m%d%H")
        text = _("有人用此邮箱再次注册。您已有账号，请直接登录；忘记密码可在登录页找回。")
        send_mail(email, _("您已有账号"), text, key=f"again:{mark_of(email)}:{hour}")
        return None
    user = User(email=email, name=person.name, password_hash=stored, phone=person.phone or None, locale=person.locale)
    db.session.add(user)
    db.session.flush()  # The act names the person, whose number the database gives.
    asking = Actor(user.id, user.name, ip=actor.ip, locale=user.locale)
    record(asking, "user:register", user)
    if organisation is not None:
        register_organisation(asking, organisation)
    elif join is not None:
        request_membership(asking, join)
    return user


def _new_password(password: str, email: str, name: str) -> str:
    weakness = passwords.weakness(password, email=email, name=name)
    if weakness:
        raise InvalidInput({"password": weakness})
    return passwords.hash_password(password)


def _check_organisation(details: NewOrganisation) -> Organisation | None:
    """The refused organisation whose row may be used again, or None. Raises InvalidInput beside the fields."""
    problems: dict[str, str] = {}
    existing = None
    if details.country != "CN":
        if details.uscc:
            problems["uscc"] = _("境外单位没有统一社会信用代码，请留空")
    elif not details.uscc:
        problems["uscc"] = _("请填写统一社会信用代码")
    else:
        try:
            existing = queries.organisation_by_uscc(uscc_rules.validate(details.uscc))
        except BadNumber:
            problems["uscc"] = _("统一社会信用代码有误：应为 18 位，且末位校验码相符")
    if existing is not None and existing.state is not OrganisationState.REFUSED:
        problems["uscc"] = _("“%(name)s”已经登记，请改选“加入已登记的单位”", name=existing.name)
    if details.district_code and db.session.get(District, details.district_code) is None:
        problems["district_code"] = _("没有这个区县")
    if details.kind is OrganisationKind.FIRM and details.registered_on is None:
        problems["registered_on"] = _("企业请填写成立日期：发榜时要核对成立年限")
    if details.registered_on and details.registered_on > clock.today():
        problems["registered_on"] = _("成立日期不能晚于今天")
    if details.kind is OrganisationKind.BUREAU:
        problems["kind"] = _("科技管理部门由系统管理员建立")
    if problems:
        raise InvalidInput(problems)
    return existing


def register_organisation(actor: Actor, details: NewOrganisation) -> Organisation:
    """The actor registers an organisation and will manage it once an officer has verified it."""
    if actor.user_id is None:
        raise NotAllowed(_("请先登录"))
    policies.require(policies.may_belong(actor))
    organisation = _check_organisation(details)
    if organisation is None:
        organisation = Organisation(kind=details.kind, name=details.name)
        db.session.add(organisation)
    organisation.uscc = uscc_rules.compact(details.uscc) if details.uscc else None
    organisation.contact_phone = details.contact_phone or None
    for name in ("kind", "name", "name_en", "country", "district_code", "registered_on", "address", "contact_name"):
        setattr(organisation, name, getattr(details, name))
    organisation.state, organisation.decision_reason = OrganisationState.PENDING, ""
    db.session.flush()  # The act and the membership name the organisation.
    record(actor, "organisation:register", organisation)
    _ask_to_belong(actor.user_id, organisation)
    officers = queries.users_with(Role.DISTRICT_OFFICER, district_code=organisation.district_code)
    if organisation.district_code is None or not officers:
        officers = queries.users_with(Role.CITY_OFFICER)
    url = f"/accounts/organisations/{organisation.id}"
    notify(officers, _l("新单位待核验"), _l("%(name)s 提交了登记，请核验。", name=organisation.name), url)
    return organisation


def _ask_to_belong(user_id: int, organisation: Organisation) -> Membership:
    query = select(Membership).where(Membership.user_id == user_id, Membership.organisation_id == organisation.id)
    membership = db.session.scalar(query) or Membership(user_id=user_id, organisation_id=organisation.id)
    membership.state, membership.decided_by_id, membership.decided_at = MembershipState.REQUESTED, None, None
    db.session.add(membership)
    return membership


def verify_organisation(actor: Actor, organisation: Organisation) -> None:
    """An officer found the organisation to be what it says; whoever registered it becomes its manager."""
    _decide_organisation(actor, organisation, OrganisationState.VERIFIED, "")
    record(actor, "organisation:verify", organisation)
    membership = queries.registrant_membership(organisation.id)
    if membership is None:
        return
    if membership.user_id == actor.user_id:
        raise NotAllowed(_("不能核验自己登记的单位"))
    _settle(actor, membership, MembershipState.ACTIVE)
    for role in policies.REGISTRANT_ROLES[organisation.kind]:
        if policies.incompatible_role(roles_of(membership.user), role) is None:
            give_role(actor, membership.user, role, organisation.id, None)
    text = _l("%(name)s 已通过核验，您是单位管理员，请重新登录后使用。", name=organisation.name)
    notify([membership.user_id], _l("单位核验通过"), text, "/workspace/")


def refuse_organisation(actor: Actor, organisation: Organisation, reason: str) -> None:
    """Raises InvalidInput without a reason: whoever registered it is told."""
    if not reason.strip():
        raise InvalidInput({"reason": _("请写明原因，登记人会收到")})
    _decide_organisation(actor, organisation, OrganisationState.REFUSED, reason.strip())
    record(actor, "organisation:refuse", organisation, reason.strip())
    for membership in queries.membership_requests(organisation.id):
        _settle(actor, membership, MembershipState.REFUSED, reason.strip()[:300])
        text = _l("%(name)s 未通过核验：%(reason)s", name=organisation.name, reason=reason.strip())
        notify([membership.user_id], _l("单位核验未通过"), text, "/accounts/organisation")


def _decide_organisation(actor: Actor, organisation: Organisation, state: OrganisationState, reason: str) -> None:
    verdict = policies.may_verify(actor, organisation)
    if not verdict:
        raise NotAllowed(verdict.reason)
    if organisation.state is not OrganisationState.PENDING:
        raise Conflict(_("该单位已有核验结论，请刷新页面"))
    organisation.state, organisation.decision_reason = state, reason
    organisation.verified_at, organisation.verified_by_id = clock.now(), actor.user_id


def request_membership(actor: Actor, organisation: Organisation, note: str = "") -> Membership:
    """Ask to join; the organisation's managers decide. Raises InvalidInput or Conflict."""
    if actor.user_id is None:
        raise NotAllowed(_("请先登录"))
    policies.require(policies.may_belong(actor))
    if organisation.state is not OrganisationState.VERIFIED:
        raise InvalidInput({"organisation_query": _("该单位尚未通过核验，暂不能加入")})
    known = {membership.organisation_id: membership.state for membership in queries.memberships_of(actor.user_id)}
    if known.get(organisation.id) in (MembershipState.ACTIVE, MembershipState.REQUESTED):
        raise Conflict(_("您已在该单位，或申请正在处理"))
    membership = _ask_to_belong(actor.user_id, organisation)
    membership.note = note
    db.session.flush()  # The act names the membership.
    record(actor, "membership:request", membership)
    managers = queries.users_with(Role.ORGANISATION_MANAGER, organisation_id=organisation.id)
    text = _l("%(person)s 申请加入 %(name)s。", person=actor.name, name=organisation.name)
    notify(managers, _l("成员申请待处理"), text, f"/accounts/organisation/{organisation.id}")
    return membership


def decide_membership(actor: Actor, membership: Membership, accept: bool) -> None:
    """A manager lets a person join or not. A university's or institute's new member becomes a solver."""
    organisation = membership.organisation
    verdict = policies.may_manage(actor, organisation)
    if not verdict:
        raise NotAllowed(verdict.reason)
    if membership.state is not MembershipState.REQUESTED:
        raise Conflict(_("这份申请已经处理过"))
    _settle(actor, membership, MembershipState.ACTIVE if accept else MembershipState.REFUSED)
    record(actor, "membership:accept" if accept else "membership:refuse", membership)
    if accept:
        for role in policies.MEMBER_ROLES[organisation.kind]:
            grant_role(actor, membership.user, role, organisation_id=organisation.id)
    subject = _l("加入单位的申请已通过") if accept else _l("加入单位的申请未通过")
    notify(
        [membership.user_id],
        subject,
        organisation.name,
        "/accounts/organisation",
    )


def _settle(actor: Actor, membership: Membership, state: MembershipState, note: str = "") -> None:
    membership.state, membership.note = state, note or membership.note
    membership.decided_by_id, membership.decided_at = actor.user_id, clock.now()


def remove_member(actor: Actor, organisation: Organisation, member: queries.Member) -> None:
    """A person leaves the organisation with all roles held in it."""
    verdict = policies.may_manage(actor, organisation)
    if not verdict or member.user.id == actor.user_id:
        raise NotAllowed(verdict.reason or _("不能移出自己，请由另一位管理员办理"))
    for grant in member.grants:
        revoke_role(actor, grant)
    for membership in queries.memberships_of(member.user.id):
        if membership.organisation_id == organisation.id:
            _settle(actor, membership, MembershipState.ENDED)
            record(actor, "membership:end", membership)


def invite(
    actor: Actor, email: str, role: Role, *, organisation_id: int | None = None, district_code: str | None = None
) -> Invitation:
    """Invite an address to a role in a scope. Raises NotAllowed, InvalidInput({"role" | "email": …})."""
    email = email.strip().lower()
    organisation = queries.organisation_of(organisation_id) if organisation_id is not None else None
    invited = queries.user_by_email(email)
    verdict = policies.may_grant(actor, invited.id if invited else None, role, organisation)
    if not verdict:
        raise NotAllowed(verdict.reason)
    problem = policies.scope_problem(role, organisation, district_code)
    if problem:
        raise InvalidInput({"role": problem})
    if any(open_.email == email and open_.role is role for open_ in queries.open_invitations(organisation_id)):
        raise InvalidInput({"email": _("已邀请过这个邮箱担任此角色，可在列表中重新发送")})
    invitation = Invitation(
        email=email,
        role=role,
        organisation_id=organisation_id,
        district_code=district_code,
        token_hash=hash_token(secrets.token_urlsafe(32)),
        invited_by_id=actor.user_id or 0,
        expires_at=clock.now() + INVITATION_LASTS,
    )
    db.session.add(invitation)
    db.session.flush()  # The act and the mail name the invitation.
    record(actor, "invitation:send", invitation, f"{email} · {ROLE_LABELS[role]}")
    enqueue("accounts.invitation", {"invitation_id": invitation.id})
    return invitation


def cancel_invitation(actor: Actor, invitation: Invitation) -> None:
    """Raises NotAllowed for whoever could not have sent it, Conflict when it was accepted or cancelled before."""
    _require_inviter(actor, invitation)
    invitation.cancelled_at = clock.now()
    record(actor, "invitation:cancel", invitation)


def send_invitation_again(actor: Actor, invitation: Invitation) -> None:
    """A new link by mail; the old one ends. Raises like :func:`cancel_invitation`."""
    _require_inviter(actor, invitation)
    invitation.expires_at = clock.now() + INVITATION_LASTS
    record(actor, "invitation:send", invitation, invitation.email)
    enqueue("accounts.invitation", {"invitation_id": invitation.id})


def _require_inviter(actor: Actor, invitation: Invitation) -> None:
    verdict = policies.may_grant(actor, None, invitation.role, invitation.organisation)
    if not verdict:
        raise NotAllowed(verdict.reason)
    if invitation.accepted_at is not None or invitation.cancelled_at is not None:
        raise Conflict(_("邀请已接受或已取消"))


def accept_invitation(actor: Actor, invitation: Invitation, person: NewPerson | None = None) -> User:
    """The invited person takes the role: with the account of that address, or with a new one from ``person``.

    Raises NotAllowed when somebody else is signed in or the inviter has lost the right to give the role meanwhile.
    """
    user = queries.user_by_email(invitation.email)
    if user is None:
        if person is None:
            raise NotAllowed(_("请先填写姓名和密码建立账号"))
        stored = _new_password(person.password, invitation.email, person.name)
        user = User(email=invitation.email, name=person.name, password_hash=stored, locale=person.locale)
        db.session.add(user)
        db.session.flush()  # The act names the person.
        record(Actor(user.id, user.name, ip=actor.ip), "user:register", user)
    elif actor.user_id != user.id:
        raise NotAllowed(_("这份邀请发给 %(email)s，请用该邮箱的账号登录后接受", email=invitation.email))
    inviter, before = queries.actor_for(invitation.invited_by_id, ip=actor.ip), user.authority_epoch
    grant_role(
        inviter,
        user,
        invitation.role,
        organisation_id=invitation.organisation_id,
        district_code=invitation.district_code,
    )
    carry_sessions(user, before)
    invitation.accepted_at, invitation.accepted_by_id = clock.now(), user.id
    record(Actor(user.id, user.name, ip=actor.ip), "invitation:accept", invitation)
    if invitation.organisation is not None:
        _settle(inviter, _ask_to_belong(user.id, invitation.organisation), MembershipState.ACTIVE)
    return user


def deactivate_user(actor: Actor, user: User) -> None:
    """Close an account: sign-in refused, sessions ended; what the person did stays."""
    _require_administrator(actor, user)
    user.is_active = False
    user.authority_epoch += 1
    record(actor, "user:deactivate", user)


def reactivate_user(actor: Actor, user: User) -> None:
    _require_administrator(actor, user)
    user.is_active = True
    record(actor, "user:reactivate", user)


def _require_administrator(actor: Actor, user: User) -> None:
    if not actor.has(Permission.ACCOUNT_ADMINISTER):
        raise NotAllowed(_("只有系统管理员可以停用或启用账号"))
    if actor.user_id == user.id:
        raise NotAllowed(_("不能停用自己的账号"))


def update_profile(actor: Actor, user: User, *, name: str, name_en: str, title: str, phone: str, locale: str) -> None:
    if actor.user_id != user.id:
        raise NotAllowed(_("只能修改自己的资料"))
    user.name, user.name_en, user.title, user.phone, user.locale = name, name_en, title, phone or None, locale
    record(actor, "user:update", user)
