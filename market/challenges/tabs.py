"""The parts of a challenge's page. Each is a URL of its own room; who sees the tab is said here, who gets in, there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import current_app, request, url_for
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from market.challenges.models import Challenge, ChallengeState
from market.challenges.policies import is_own
from market.permissions import Actor, Permission

P = Permission
Shown = Callable[[Actor, Challenge], bool]


@dataclass(frozen=True, slots=True)
class Tab:
    """``endpoint`` takes the challenge's ``code``."""

    label: Any
    endpoint: str
    shown: Shown


def _opened(_actor: Actor, challenge: Challenge) -> bool:
    return challenge.state not in (ChallengeState.POSTED, ChallengeState.REVOKED)


def _with(*permissions: Permission) -> Shown:
    return lambda actor, challenge: any(
        actor.covers(p, organisation_id=challenge.organisation_id, district_code=challenge.district_code)
        for p in permissions
    )


TABS: list[Tab] = [
    Tab(_l("榜单"), "challenges.show", lambda _actor, _challenge: True),
    Tab(
        _l("变更记录"),
        "challenges.versions",
        lambda _actor, challenge: challenge.version > 1 or challenge.extensions > 0,
    ),
    Tab(_l("匹配与邀请"), "matches.show", _with(P.MATCH_READ)),
    Tab(lazy_pgettext("list", "揭榜"), "bids.of_challenge", lambda a, c: _with(P.BID_READ)(a, c) or is_own(a, c)),
    Tab(_l("开启记录"), "bids.opening_record", _opened),
    Tab(_l("评审"), "reviews.show", _with(P.REVIEW_READ)),
]


def register(label: Any, endpoint: str, shown: Shown) -> None:
    """Add a part of a room above; ``endpoint`` takes ``code``."""
    TABS.append(Tab(label, endpoint, shown))


def tabs_of(actor: Actor, challenge: Challenge) -> list[tuple[str, str, bool, None]]:
    """For tabs.html: [(label, url, active, None)]; nothing before the challenge has a code."""
    if not challenge.is_public:
        return []
    return [
        (str(tab.label), url_for(tab.endpoint, code=challenge.code), request.endpoint == tab.endpoint, None)
        for tab in TABS
        if tab.endpoint in current_app.view_functions and tab.shown(actor, challenge)
    ]
