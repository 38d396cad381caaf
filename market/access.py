"""What every route declares, and who is asking. A route that declares nothing keeps the application from starting."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, g
from flask_babel import gettext as _

from market.errors import NotAllowed
from market.permissions import ANONYMOUS, Actor, Permission

View = Callable[..., Any]
ACCESS = "__access__"


class SignInRequired(NotAllowed):
    """Nobody is signed in; web.py sends people to the sign-in page and programs a 401."""


class PasswordConfirmationRequired(NotAllowed):
    """Allowed, but the password was given too long ago; web.py sends people to confirm it."""


class UndeclaredRoute(RuntimeError):
    """A route states no access rule."""


def actor() -> Actor:
    """Who is asking now. Set by accounts.sessions before each request."""
    return g.get("actor", ANONYMOUS)


def public(view: View) -> View:
    """Anyone may call; what they see is still the queries' to decide."""
    setattr(view, ACCESS, "public")
    return view


def signed_in(view: View) -> View:
    """Any person with an account."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if not actor().is_signed_in:
            raise SignInRequired(_("请先登录"))
        return view(*args, **kwargs)

    setattr(guarded, ACCESS, "signed_in")
    return guarded


def requires(*permissions: Permission) -> Callable[[View], View]:
    """Someone who holds at least one of the permissions in some scope. The object's policy decides the rest."""

    def declare(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            asking = actor()
            if not asking.is_signed_in:
                raise SignInRequired(_("请先登录"))
            if not any(asking.has(permission) for permission in permissions):
                raise NotAllowed(_("您的角色没有使用此功能的权限"))
            return view(*args, **kwargs)

        setattr(guarded, ACCESS, " | ".join(permissions))
        return guarded

    return declare


def refuse_undeclared_routes(app: Flask) -> None:
    """Raises UndeclaredRoute naming each endpoint without a declared access rule."""
    missing = [
        f"{rule.endpoint} ({rule.rule})"
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static" and not hasattr(app.view_functions[rule.endpoint], ACCESS)
    ]
    if missing:
        raise UndeclaredRoute("routes without @public, @signed_in or @requires: " + ", ".join(sorted(missing)))
