"""Reads of people, organisations and what they hold."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select, true
from sqlalchemy.orm import joinedload

from market import clock
from market.accounts.models import (
    District,
    Grant,
    Invitation,
    Membership,
    MembershipState,
    Organisation,
    OrganisationKind,
    OrganisationState,
    PasswordReset,
    User,
    UserSession,
)
from market.accounts.policies import may_see_organisation
from market.accounts.sessions import actor_of, hash_token
from market.database import db
from market.errors import NotFound
from market.paging import Page, paginate
from market.permissions import Actor, Permission, Role

LIVE = Grant.revoked_at.is_(None)
# Long enough to recognise one's employer, short enough not to be a list of them all.
LONGEST_NAME = 200
SUGGESTIONS = 8


def users_with(role: Role, organisation_id: int | None = None, district_code: str | None = None) -> list[int]:
    """Ids of active users who hold ``role`` (in that organisation or district, when given)."""
    query = select(Grant.user_id).join(User, User.id == Grant.user_id).where(LIVE, Grant.role == role, User.is_active)
    if organisation_id is not None:
        query = query.where(Grant.organisation_id == organisation_id)
    if district_code is not None:
        query = query.where(Grant.district_code == district_code)
    return list(db.session.scalars(query.distinct().order_by(Grant.user_id)))


def user_by_email(email: str) -> User | None:
    return db.session.scalar(select(User).where(User.email == email.strip().lower()))


def user_of(user_id: int) -> User:
    """Raises NotFound."""
    found = db.session.get(User, user_id)
    if found is None:
        raise NotFound
    return found


def actor_for(user_id: int, ip: str = "") -> Actor:
    """What a user holds now; nothing when the account is closed. Raises NotFound."""
    user = user_of(user_id)
    return actor_of(user, ip=ip) if user.is_active else Actor(user.id, user.name, ip=ip)


def districts() -> Sequence[District]:
    return db.session.scalars(select(District).order_by(District.position, District.code)).all()


def organisation_of(organisation_id: int) -> Organisation:
    """Raises NotFound."""
    found = db.session.get(Organisation, organisation_id)
    if found is None:
        raise NotFound
    return found


def organisation_by_uscc(uscc: str | None) -> Organisation | None:
    return db.session.scalar(select(Organisation).where(Organisation.uscc == uscc)) if uscc else None


def organisations_named(text: str) -> Sequence[Organisation]:
    """Verified organisations whose code is ``text`` or whose name holds it: what a person picks from to join."""
    text = text.strip()
    if not 2 <= len(text) <= LONGEST_NAME:  # A database refuses to search for a book.
        return []
    name = or_(
        Organisation.name.icontains(text, autoescape=True), Organisation.name_en.icontains(text, autoescape=True)
    )
    query = (
        select(Organisation)
        .where(
            Organisation.state == OrganisationState.VERIFIED,
            Organisation.kind != OrganisationKind.BUREAU,
            or_(Organisation.uscc == text.upper(), name),
        )
        .order_by(func.length(Organisation.name), Organisation.name, Organisation.id)
        .limit(SUGGESTIONS)
    )
    return db.session.scalars(query).all()


def _in_scope(actor: Actor) -> ColumnElement[bool]:
    if actor.has(Permission.AUDIT_READ):
        return true()
    codes = actor.districts_with(Permission.ORGANISATION_VERIFY)
    if codes is None:
        return true()
    return Organisation.district_code.in_(codes) if codes else false()


def visible_organisations(actor: Actor, state: OrganisationState | None = None, q: str = "") -> Select[Organisation]:
    """What an officer may verify (own district or the whole city); the supervisor reads all."""
    query = select(Organisation).options(joinedload(Organisation.district)).where(_in_scope(actor))
    if state is not None:
        query = query.where(Organisation.state == state)
    if q:
        query = query.where(
            or_(Organisation.name.icontains(q, autoescape=True), Organisation.uscc == q.strip().upper())
        )
    waiting_first = (Organisation.state != OrganisationState.PENDING, Organisation.created_at.desc(), Organisation.id)
    return query.order_by(*waiting_first)


def organisation_for_officer(actor: Actor, organisation_id: int) -> Organisation:
    """Raises NotFound also when the organisation lies outside the asker's district."""
    found = organisation_of(organisation_id)
    if not may_see_organisation(actor, found):
        raise NotFound
    return found


def own_organisation(actor: Actor, organisation_id: int) -> Organisation:
    """An organisation the actor belongs to, by role or active membership. Raises NotFound otherwise."""
    found = organisation_of(organisation_id)
    if found.id in actor.organisation_ids:
        return found
    member = select(Membership.id).where(
        Membership.user_id == actor.user_id,
        Membership.organisation_id == found.id,
        Membership.state == MembershipState.ACTIVE,
    )
    if db.session.scalar(member) is None:
        raise NotFound
    return found


def memberships_of(user_id: int | None) -> Sequence[Membership]:
    query = (
        select(Membership)
        .options(joinedload(Membership.organisation))
        .where(Membership.user_id == user_id)
        .order_by(Membership.id)
    )
    return db.session.scalars(query).all()


def organisations_of(actor: Actor) -> Sequence[Organisation]:
    """Organisations in which the actor holds a role."""
    query = select(Organisation).where(Organisation.id.in_(actor.organisation_ids)).order_by(Organisation.name)
    return db.session.scalars(query).all()


@dataclass(slots=True)
class Member:
    """A person of an organisation with the roles held in it."""

    user: User
    grants: list[Grant] = field(default_factory=list)

    @property
    def roles(self) -> list[Role]:
        return [grant.role for grant in self.grants]


def members_of(organisation: Organisation) -> list[Member]:
    """Everybody with an active membership or a role in the organisation (three statements)."""
    active = select(Membership.user_id).where(
        Membership.organisation_id == organisation.id, Membership.state == MembershipState.ACTIVE
    )
    grants = db.session.scalars(
        select(Grant).where(LIVE, Grant.organisation_id == organisation.id).order_by(Grant.id)
    ).all()
    ids = {grant.user_id for grant in grants} | set(db.session.scalars(active))
    people = db.session.scalars(select(User).where(User.id.in_(ids), User.is_active).order_by(User.name, User.id))
    members = {user.id: Member(user) for user in people}
    for grant in grants:
        if grant.user_id in members:
            members[grant.user_id].grants.append(grant)
    return list(members.values())


def member_of(organisation: Organisation, user_id: int) -> Member:
    """Raises NotFound when the person does not belong to the organisation."""
    found = next((member for member in members_of(organisation) if member.user.id == user_id), None)
    if found is None:
        raise NotFound
    return found


def membership_requests(organisation_id: int) -> Sequence[Membership]:
    query = (
        select(Membership)
        .options(joinedload(Membership.user))
        .where(Membership.organisation_id == organisation_id, Membership.state == MembershipState.REQUESTED)
        .order_by(Membership.created_at, Membership.id)
    )
    return db.session.scalars(query).all()


def registrant_membership(organisation_id: int) -> Membership | None:
    """Who registered an organisation that is not yet verified: its earliest waiting request."""
    return next(iter(membership_requests(organisation_id)), None)


def membership_for_manager(actor: Actor, membership_id: int) -> Membership:
    """Raises NotFound unless the actor manages the organisation it asks to join."""
    found = db.session.get(Membership, membership_id)
    if found is None or not actor.covers(Permission.ORGANISATION_MANAGE, organisation_id=found.organisation_id):
        raise NotFound
    return found


def open_invitations(organisation_id: int | None) -> Sequence[Invitation]:
    """Invitations not yet answered; None gives those of the bureau."""
    here = (
        Invitation.organisation_id.is_(None)
        if organisation_id is None
        else Invitation.organisation_id == organisation_id
    )
    query = (
        select(Invitation)
        .where(here, Invitation.accepted_at.is_(None), Invitation.cancelled_at.is_(None))
        .order_by(Invitation.created_at.desc(), Invitation.id)
    )
    return db.session.scalars(query.limit(100)).all()


def invitation_for(actor: Actor, invitation_id: int) -> Invitation:
    """An open invitation the actor may cancel or send again. Raises NotFound otherwise."""
    found = db.session.get(Invitation, invitation_id)
    if found is None or found.accepted_at or found.cancelled_at:
        raise NotFound
    if found.organisation_id is None:
        mine = actor.has(Permission.ACCOUNT_ADMINISTER)
    else:
        mine = actor.covers(Permission.ORGANISATION_MANAGE, organisation_id=found.organisation_id)
    if not mine:
        raise NotFound
    return found


def invitation_by_token(token: str) -> Invitation:
    """A usable invitation. Raises NotFound for an unknown, used, cancelled or expired one alike."""
    found = db.session.scalar(select(Invitation).where(Invitation.token_hash == hash_token(token)))
    if found is None or found.accepted_at or found.cancelled_at or found.expires_at <= clock.now():
        raise NotFound
    return found


def reset_by_token(token: str) -> PasswordReset:
    """A usable password link. Raises NotFound for an unknown, used or expired one alike."""
    found = db.session.scalar(select(PasswordReset).where(PasswordReset.token_hash == hash_token(token)))
    if found is None or found.used_at or found.expires_at <= clock.now() or not found.user.is_active:
        raise NotFound
    return found


def grants_of(user_id: int) -> Sequence[Grant]:
    query = (
        select(Grant).options(joinedload(Grant.organisation)).where(LIVE, Grant.user_id == user_id).order_by(Grant.id)
    )
    return db.session.scalars(query).all()


def grant_of(user: User, grant_id: int) -> Grant:
    """A live grant of the user. Raises NotFound."""
    found = db.session.get(Grant, grant_id)
    if found is None or found.user_id != user.id or found.revoked_at:
        raise NotFound
    return found


def live_sessions(user_id: int | None) -> Sequence[UserSession]:
    """Signed-in browsers of a person, the latest first."""
    query = (
        select(UserSession)
        .join(User, and_(User.id == UserSession.user_id, User.authority_epoch == UserSession.authority_epoch))
        .where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None), UserSession.expires_at > clock.now())
        .order_by(UserSession.last_seen_at.desc(), UserSession.id)
    )
    return db.session.scalars(query).all()


def users_page(q: str, role: Role | None, number: int) -> tuple[Page[User], dict[int, list[Grant]]]:
    """One page of all accounts with their roles (four statements)."""
    query = select(User).order_by(User.name, User.id)
    if q:
        query = query.where(or_(User.name.icontains(q, autoescape=True), User.email.icontains(q, autoescape=True)))
    if role is not None:
        query = query.where(exists().where(LIVE, Grant.user_id == User.id, Grant.role == role))
    page = paginate(db.session(), query, number)
    grants: dict[int, list[Grant]] = {user.id: [] for user in page.items}
    held = (
        select(Grant).options(joinedload(Grant.organisation)).where(LIVE, Grant.user_id.in_(grants)).order_by(Grant.id)
    )
    for grant in db.session.scalars(held):
        grants[grant.user_id].append(grant)
    return page, grants
