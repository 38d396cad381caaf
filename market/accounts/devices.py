"""Devices from which an account was signed in before: a long-lived signed cookie, so that a flood of wrong passwords
from elsewhere cannot keep a person out. It proves nothing else: the password is still asked.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import current_app, request
from flask_limiter.util import get_remote_address
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from market.notifications.operations import mark_of

LASTS = timedelta(days=180)
# An office computer serves several people; the oldest is forgotten.
ACCOUNTS_MOST = 8


@dataclass(frozen=True, slots=True)
class Device:
    """``number`` names it in the counting of failures; ``accounts`` are marks, not addresses."""

    number: str
    accounts: tuple[str, ...] = ()

    def knows(self, email: str) -> bool:
        return mark_of(email) in self.accounts


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="device")


def _cookie_name() -> str:
    return "__Host-jiebang-device" if current_app.config["SESSION_COOKIE_SECURE"] else "jiebang-device"


def this_device() -> Device | None:
    """The device that asks; None without a cookie, with a forged one, or with one of long ago."""
    try:
        kept: Any = _serializer().loads(request.cookies.get(_cookie_name(), ""), max_age=int(LASTS.total_seconds()))
    except BadSignature:
        return None
    return Device(kept["number"], tuple(kept["accounts"]))


def remember_device(response: Response, email: str) -> None:
    """Called after a sign-in that succeeded, and only then."""
    known = this_device() or Device(secrets.token_hex(16))
    accounts = [mark_of(email), *(mark for mark in known.accounts if mark != mark_of(email))][:ACCOUNTS_MOST]
    response.set_cookie(
        _cookie_name(),
        _serializer().dumps({"number": known.number, "accounts": accounts}),
        max_age=LASTS,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )


def asking_device_or_address() -> str:
    """Whose requests the rate limit of the sign-in counts: neighbours behind one address cannot use up a known
    device's share, which counts only for an account that it knows.
    """
    device = this_device()
    if device is not None and device.knows(request.form.get("email", "")):
        return f"device:{device.number}"
    return get_remote_address()
