"""Passwords and sessions: signing in, changing and resetting a password, ending a session, links sent by mail.

Every refusal looks and costs the same whether the account exists or not (docs/reliability.md, threat 23).
"""

import secrets
from datetime import timedelta
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select

from market import clock
from market.accounts import passwords, queries
from market.accounts.devices import Device
from market.accounts.guessing import count_failure, may_try
from market.accounts.models import Invitation, PasswordReset, SignInFailure, User, UserSession
from market.accounts.operations import INVITATION_LASTS
from market.accounts.sessions import hash_token
from market.audit.journal import record
from market.database import db, transaction
from market.errors import Conflict, InvalidInput, NotFound
from market.jobs import enqueue, handler, scheduled
from market.notifications.operations import mark_of, notify, send_mail_now
from market.permissions import SYSTEM, Actor
from market.sealing.fields import seal_json, unseal_json

RESET_LASTS = timedelta(minutes=30)
RESET_EVERY_MINUTES = 2
TRACES_KEPT = timedelta(days=1)
ENDED_SESSIONS_KEPT = timedelta(days=30)


def authenticate(email: str, password: str) -> User | None:
    """The active user with this password, or None after the same work. Call it with no transaction open: it is slow."""
    user = queries.user_by_email(email)
    right = passwords.matches(user.password_hash if user else None, password)
    return user if user is not None and right and user.is_active else None


def sign_in(actor: Actor, email: str, user: User | None, device: Device | None = None) -> User | None:
    """Count a failure, or admit ``user`` as found by ``authenticate``. None is the one answer to every refusal.

    Too many failures from where the actor asks refuse even the right password; those from elsewhere do not.
    """
    email = email.strip().lower()[:254]
    if not may_try(email, actor.ip, device):
        return None
    if user is None:
        count_failure(email, actor.ip, device)
        return None
    record(Actor(user.id, user.name, ip=actor.ip), "user:sign_in", user)
    return user


def confirm_password(actor: Actor, user: User | None) -> bool:
    """Mark the actor's session as just confirmed when ``user``, as authenticated, is the one signed in."""
    row = db.session.get(UserSession, actor.session_id) if actor.session_id else None
    if row is None or user is None or user.id != actor.user_id:
        return False
    row.confirmed_at = clock.now()
    record(actor, "user:confirm_password", user)
    return True


def change_password(actor: Actor, user: User, current: str, password: str) -> None:
    """Change one's own password: every other session ends. Raises InvalidInput({"current" | "password": …})."""
    if actor.user_id != user.id or not passwords.matches(user.password_hash, current):
        raise InvalidInput({"current": _("当前密码不正确")})
    if current == password:
        raise InvalidInput({"password": _("新密码与当前密码相同")})
    _set_password(user, password)
    row = db.session.get(UserSession, actor.session_id) if actor.session_id else None
    if row is not None:
        row.authority_epoch, row.confirmed_at = user.authority_epoch, clock.now()
    record(actor, "user:change_password", user)
    warning = _l("您的账号密码刚刚修改，其他设备已退出。如非本人操作，请立即找回密码并联系管理员。")
    notify([user.id], _l("密码已修改"), warning, "/accounts/profile")


def _set_password(user: User, password: str) -> None:
    weakness = passwords.weakness(password, email=user.email, name=user.name)
    if weakness:
        raise InvalidInput({"password": weakness})
    user.password_hash = passwords.hash_password(password)
    user.authority_epoch += 1


def request_password_reset(email: str) -> None:
    """Queue a link, if there is such an account; the request itself is the same for every address."""
    email = email.strip().lower()[:254]
    now = clock.now()
    slot = f"{now:%Y%m%d%H}{now.minute // RESET_EVERY_MINUTES:02d}"
    enqueue("accounts.password_link", {"sealed": seal_json(email)}, key=f"{mark_of(email)}:{slot}")


@handler("accounts.password_link", outside=True, forget=True)
def _send_password_link(payload: dict[str, Any]) -> None:
    token = secrets.token_urlsafe(32)
    with transaction() as session:
        user = queries.user_by_email(unseal_json(payload["sealed"]))
        if user is None or not user.is_active:
            return
        lasts_until = clock.now() + RESET_LASTS
        session.add(PasswordReset(user_id=user.id, token_hash=hash_token(token), expires_at=lasts_until))
        recipient = user.email
    body = _(
        "请在 30 分钟内打开下面的链接设置新密码，链接只能使用一次。如非本人操作，请忽略本邮件。\n"
        "Open this link within 30 minutes to set a new password; it works once.\n\n%(url)s",
        url=_address(f"/accounts/reset/{token}"),
    )
    send_mail_now(recipient, _("找回密码 Reset your password"), body)


def reset_password(actor: Actor, reset: PasswordReset, password: str) -> User:
    """Set a new password with a link: this link and every other one is spent, every session ends.

    Asking for another link spends none: else whoever knows the address could keep the person from ever using one.
    """
    if reset.used_at is not None:
        raise NotFound
    user = reset.user
    _set_password(user, password)
    for link in db.session.scalars(
        select(PasswordReset)
        .where(PasswordReset.user_id == user.id, PasswordReset.used_at.is_(None))
        .order_by(PasswordReset.id)
    ):
        link.used_at = clock.now()
    record(Actor(user.id, user.name, ip=actor.ip), "user:reset_password", user)
    notify([user.id], _l("密码已重设"), _l("您的账号密码已通过邮件链接重设，所有设备已退出。"), "/accounts/profile")
    return user


def end_session(actor: Actor, session_id: int) -> None:
    """End one of one's own sessions. Raises NotFound for anybody else's."""
    row = db.session.get(UserSession, session_id)
    if row is None or row.user_id != actor.user_id:
        raise NotFound
    if row.revoked_at is not None:
        raise Conflict(_("这个会话已经结束"))
    row.revoked_at = clock.now()
    record(actor, "user:end_session")


@handler("accounts.invitation", outside=True)
def _send_invitation(payload: dict[str, Any]) -> None:
    """The link's token is made here, so that only its hash is ever kept."""
    token, bureau = secrets.token_urlsafe(32), current_app.extensions["settings"].bureau_name
    with transaction() as session:
        invitation = session.get(Invitation, payload["invitation_id"])
        if invitation is None or invitation.accepted_at or invitation.cancelled_at:
            return
        invitation.token_hash = hash_token(token)
        record(SYSTEM, "invitation:mail", invitation)
        place = invitation.organisation.name if invitation.organisation else bureau
        recipient, role = invitation.email, invitation.role.label
    body = _(
        "%(place)s 邀请您担任“%(role)s”。请在 %(days)s 天内打开下面的链接接受邀请，链接只能使用一次。\n"
        "You are invited by %(place)s. Open this link within %(days)s days to accept.\n\n%(url)s",
        place=place,
        role=role,
        days=INVITATION_LASTS.days,
        url=_address(f"/accounts/invitations/{token}"),
    )
    send_mail_now(recipient, _("邀请您加入 Invitation to join %(place)s", place=place), body)


def _address(path: str) -> str:
    return current_app.extensions["settings"].base_url.rstrip("/") + path


@scheduled
def forget_old_traces() -> None:
    """Failures and long-ended sessions are personal data without further use."""
    now = clock.now()
    with transaction() as session:
        session.execute(delete(SignInFailure).where(SignInFailure.created_at < now - TRACES_KEPT))
        session.execute(delete(UserSession).where(UserSession.expires_at < now - ENDED_SESSIONS_KEPT))
        session.execute(delete(PasswordReset).where(PasswordReset.expires_at < now - ENDED_SESSIONS_KEPT))
