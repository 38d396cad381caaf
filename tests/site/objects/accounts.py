"""Organisations waiting, requests, invitations and links around firm A and the bureau."""

from datetime import timedelta

from market import clock
from market.accounts.models import (
    Invitation,
    Membership,
    Organisation,
    OrganisationKind,
    OrganisationState,
    PasswordReset,
    User,
    UserSession,
)
from market.accounts.queries import grants_of
from market.accounts.sessions import hash_token
from market.permissions import Role
from tests.builders.people import make_organisation, save
from tests.site.cast import Cast


def invitation(email: str, role: Role, by: User, token: str, organisation: Organisation | None = None) -> Invitation:
    row = Invitation(
        email=email,
        role=role,
        organisation_id=organisation.id if organisation else None,
        token_hash=hash_token(token),
        invited_by_id=by.id,
        expires_at=clock.now() + timedelta(days=1),
    )
    save(row)
    return row


def objects(cast: Cast) -> dict[str, dict[str, object]]:
    people, firm_a = cast.people, cast.organisations["firm_a"]
    pending = make_organisation("待核验新材料有限公司", state=OrganisationState.PENDING)
    abroad = make_organisation(
        "Testing University",
        OrganisationKind.UNIVERSITY,
        None,
        uscc=None,
        country="DE",
        state=OrganisationState.PENDING,
    )
    request = Membership(user_id=people["newcomer"].id, organisation_id=firm_a.id)
    later = clock.now() + timedelta(hours=1)
    reset = PasswordReset(user_id=people["newcomer"].id, token_hash=hash_token("reset"), expires_at=later)
    session = UserSession(
        user_id=people["newcomer"].id,
        token_hash=hash_token("another browser"),
        authority_epoch=people["newcomer"].authority_epoch,
        last_seen_at=clock.now(),
        confirmed_at=clock.now(),
        expires_at=later,
    )
    save(request, reset, session)
    to_firm = invitation("colleague@example.invalid", Role.FIRM_AUTHOR, people["manager_a"], "firm", firm_a)
    to_bureau = invitation("officer@example.invalid", Role.EXPERT, people["administrator"], "bureau")
    expert = people["expert_out"]
    return {
        "reset_link": {"token": "reset"},
        "invitation_link": {"token": "firm"},
        "session_of_newcomer": {"session_id": session.id},
        "firm_a": {"organisation_id": firm_a.id},
        "university_u": {"organisation_id": cast.organisations["university_u"].id},
        "request_to_firm_a": {"membership_id": request.id},
        "author_in_firm_a": {"organisation_id": firm_a.id, "user_id": people["author_a"].id},
        "invitation_to_firm_a": {"invitation_id": to_firm.id},
        "invitation_to_bureau": {"invitation_id": to_bureau.id},
        "pending_in_district": {"organisation_id": pending.id},
        "pending_abroad": {"organisation_id": abroad.id},
        "expert_out": {"user_id": expert.id},
        "grant_of_expert_out": {"user_id": expert.id, "grant_id": grants_of(expert.id)[0].id},
    }
