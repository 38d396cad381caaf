"""Sessions on the server: the cookie carries a random token, the table its hash; revoked means out at once."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from flask import Flask, g, request, session
from flask_login import LoginManager, UserMixin, login_user, logout_user
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from market import clock
from market.access import PasswordConfirmationRequired
from market.accounts.models import Grant, User, UserSession
from market.database import db, transaction
from market.permissions import ANONYMOUS, Actor, Held, Role

IDLE_STAFF = timedelta(minutes=60)
IDLE_OTHERS = timedelta(hours=8)
LONGEST = timedelta(hours=12)
FRESH = timedelta(minutes=10)
TOUCH_EVERY = timedelta(minutes=1)

login_manager = LoginManager()


def hash_token(token: str) -> str:
    """What is kept of a random token: sessions, invitations and password links."""
    return hashlib.sha256(token.encode()).hexdigest()


class Principal(UserMixin):
    """What Flask-Login keeps: the session's token as its id, the user and the actor they are."""

    def __init__(self, token: str, user: User, actor: Actor) -> None:
        self.token, self.user, self.actor = token, user, actor

    def get_id(self) -> str:
        return self.token


def actor_of(user: User, session_id: int | None = None, ip: str = "") -> Actor:
    """A snapshot of what the user holds now (one statement)."""
    grants = db.session.scalars(
        select(Grant).where(Grant.user_id == user.id, Grant.revoked_at.is_(None)).order_by(Grant.id)
    )
    held = tuple(Held(grant.role, grant.organisation_id, grant.district_code) for grant in grants)
    return Actor(user.id, user.name, held, session_id, ip, user.locale)


def begin(user: User) -> None:
    """Sign ``user`` in: a new token always, so that a fixed one is worth nothing. Inside a transaction."""
    token, now = secrets.token_urlsafe(32), clock.now()
    row = UserSession(
        token_hash=hash_token(token),
        user_id=user.id,
        authority_epoch=user.authority_epoch,
        last_seen_at=now,
        expires_at=now + LONGEST,
        confirmed_at=now,
        ip=request.remote_addr or "",
        user_agent=(request.user_agent.string or "")[:300],
    )
    db.session.add(row)
    db.session.flush()  # The actor's snapshot names the session.
    chosen = session.get("locale")
    session.clear()
    session["locale"] = chosen or user.locale
    principal = Principal(token, user, actor_of(user, row.id, row.ip))
    login_user(principal)
    g.actor = principal.actor


def carry_sessions(user: User, before: int) -> None:
    """Let the sessions that were live at epoch ``before`` go on: what changed follows from the user's own act."""
    query = select(UserSession).where(UserSession.user_id == user.id, UserSession.authority_epoch == before)
    for row in db.session.scalars(query.order_by(UserSession.id)):
        row.authority_epoch = user.authority_epoch


def end() -> None:
    """Sign out: the row is revoked, the cookie emptied. Inside a transaction."""
    asking: Actor = g.get("actor", ANONYMOUS)
    if asking.session_id is not None:
        row = db.session.get(UserSession, asking.session_id)
        if row is not None:
            row.revoked_at = clock.now()
    logout_user()
    session.clear()
    g.actor = ANONYMOUS


def is_fresh(asking: Actor) -> bool:
    """Whether the password was given in the last minutes: opening, approving and paying ask for that."""
    row = db.session.get(UserSession, asking.session_id) if asking.session_id else None
    return row is not None and clock.now() - row.confirmed_at < FRESH


def _live(row: UserSession) -> bool:
    now = clock.now()
    if row.revoked_at or row.expires_at <= now or not row.user.is_active:
        return False
    return row.authority_epoch == row.user.authority_epoch


@login_manager.user_loader
def _load(token: str) -> Principal | None:
    row = db.session.scalar(
        select(UserSession).where(UserSession.token_hash == hash_token(token)).options(joinedload(UserSession.user))
    )
    if row is None or not _live(row):
        return None
    actor = actor_of(row.user, row.id, request.remote_addr or "")
    idle = IDLE_STAFF if any(Role(role).is_staff for role in actor.roles) else IDLE_OTHERS
    if clock.now() - row.last_seen_at > idle:
        return None
    return Principal(token, row.user, actor)


def _identify() -> None:
    from flask_login import current_user

    if request.endpoint == "static":
        return
    principal: Any = current_user
    visitor = Actor(ip=request.remote_addr or "")
    g.actor = principal.actor if principal.is_authenticated else visitor
    if g.actor.session_id is not None:
        _touch(g.actor.session_id)


def _touch(session_id: int) -> None:
    row = db.session.get(UserSession, session_id)
    if row is None or clock.now() - row.last_seen_at < TOUCH_EVERY:
        return
    with transaction():
        row.last_seen_at = clock.now()


def require_fresh(asking: Actor) -> None:
    """Raises PasswordConfirmationRequired when the password was given too long ago."""
    if not is_fresh(asking):
        raise PasswordConfirmationRequired("此操作需要先重新输入密码确认身份")


def install(app: Flask) -> None:
    login_manager.init_app(app)
    app.before_request(_identify)
