"""Districts, organisations, persons with roles; and signing in without the cost of a password hash."""

import itertools
import secrets
from datetime import date

from flask import Flask
from flask.testing import FlaskClient
from stdnum.cn import uscc

from market import clock
from market.accounts.models import District, Grant, Organisation, OrganisationKind, OrganisationState, User, UserSession
from market.accounts.sessions import LONGEST, actor_of, hash_token
from market.audit.journal import record
from market.database import db, transaction
from market.permissions import SYSTEM, Actor, Role

PASSWORD = "correct horse battery"
_number = itertools.count(1)


def save(*rows: object) -> None:
    """Add rows in a transaction of their own, with an audit entry, and refresh them."""
    with transaction() as session:
        session.add_all(rows)
        record(SYSTEM, "test:build")


def make_district(code: str = "370303", name: str = "张店区") -> District:
    found = db.session.get(District, code)
    if found:
        return found
    district = District(code=code, name=name, name_en="Zhangdian")
    save(district)
    return district


def make_uscc(n: int | None = None) -> str:
    base = f"91370300MA{next(_number) if n is None else n:07d}"
    return base + uscc.calc_check_digit(base)


def make_organisation(
    name: str = "", kind: OrganisationKind = OrganisationKind.FIRM, district: str | None = "370303", **values: object
) -> Organisation:
    if district:
        make_district(district, {"370303": "张店区", "370304": "博山区"}.get(district, district))
    defaults = dict(
        uscc=make_uscc(),
        name=name or f"测试单位{next(_number)}有限公司",
        kind=kind,
        district_code=district,
        registered_on=date(2015, 1, 1),
        state=OrganisationState.VERIFIED,
    )
    organisation = Organisation(**{**defaults, **values})
    save(organisation)
    return organisation


def make_user(
    *roles: Role,
    organisation: Organisation | None = None,
    district: str | None = None,
    name: str = "",
    **values: object,
) -> User:
    """A person with each role, scoped to the organisation (firm and solver roles) or the district (bureau roles)."""
    n = next(_number)
    user = User(
        **{
            "email": f"user{n}@example.invalid",
            "name": name or f"测试人{n}",
            "password_hash": "not a hash: tests sign in by session",
            **values,
        }
    )
    save(user)
    grants = [
        Grant(
            user_id=user.id,
            role=role,
            organisation_id=organisation.id if organisation and not role.is_staff and role is not Role.EXPERT else None,
            district_code=district if role.is_staff else None,
        )
        for role in roles
    ]
    if grants:
        save(*grants)
    return user


def acting(user: User) -> Actor:
    """The actor a user is now."""
    return actor_of(user)


def client_of(app: Flask, user: User) -> FlaskClient:
    """A browser signed in as ``user`` with a fresh session."""
    token, now = secrets.token_urlsafe(16), clock.now()
    save(
        UserSession(
            token_hash=hash_token(token),
            user_id=user.id,
            authority_epoch=user.authority_epoch,
            last_seen_at=now,
            expires_at=now + LONGEST,
            confirmed_at=now,
        )
    )
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = token
        session["_fresh"] = True
    return client
