"""Guessing of passwords is slowed where it comes from, never by closing the account: that would let a rival lock
somebody out just before a deadline (docs/reliability.md).
"""

from datetime import timedelta

from flask import current_app
from sqlalchemy import ColumnElement, func, select, true

from market import clock
from market.accounts.devices import Device
from market.accounts.models import SignInFailure
from market.database import db
from market.notifications.operations import mark_of

WINDOW = timedelta(minutes=5)
# What is left to an unknown device while the site or the account is being tried from many places.
TRIES_WHILE_SLOW = 2
# So many times the tries of one place against one account are no mistyping any more.
PLACES_AT_ONCE = 5


def may_try(email: str, ip: str, device: Device | None) -> bool:
    """Whether a password for this account is looked at, coming from this address and this device.

    A device that the account was used on before has tries of its own; a stolen cookie has no more than those.
    """
    settings, mark = current_app.extensions["settings"], mark_of(email)
    if device is not None and device.knows(email):
        own = _failures((SignInFailure.device == device.number) & (SignInFailure.account_mark == mark))
        if own < settings.sign_in_tries:
            return True
    if _failures(SignInFailure.ip == ip) >= settings.sign_in_tries_per_address:
        return False
    from_here = _failures((SignInFailure.account_mark == mark) & (SignInFailure.ip == ip))
    return from_here < (TRIES_WHILE_SLOW if _is_slow(mark) else settings.sign_in_tries)


def _is_slow(mark: str) -> bool:
    settings = current_app.extensions["settings"]
    return (
        _failures(SignInFailure.account_mark == mark) >= PLACES_AT_ONCE * settings.sign_in_tries
        or _failures(true()) >= settings.sign_in_slow_from
    )


def _failures(of: ColumnElement[bool]) -> int:
    since = clock.now() - WINDOW
    count = select(func.count()).select_from(SignInFailure).where(of, SignInFailure.created_at > since)
    return db.session.scalar(count) or 0


def count_failure(email: str, ip: str, device: Device | None) -> None:
    known = device is not None and device.knows(email)
    db.session.add(
        SignInFailure(account_mark=mark_of(email), ip=ip, device=device.number if device is not None and known else "")
    )
