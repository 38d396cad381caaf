"""What happens to a challenge while it takes bids: a change of its text, an extension of its deadline."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from market import clock
from market.challenges import policies
from market.challenges.models import Challenge, ChallengeVersion, DeadlineChange
from market.challenges.operations import copy_head, reason_of, require, tell_bidders, tell_firm, tell_world
from market.challenges.queries import changed_fields, current_version
from market.database import db
from market.errors import InvalidInput
from market.jobs import enqueue
from market.needs.checks import clean_values, only_chosen_amounts, problems_of
from market.needs.content import CONTENT_FIELDS
from market.needs.sections import AMOUNT_FIELDS
from market.notifications.operations import Text
from market.permissions import Actor
from market.programmes.queries import rules_of
from market.workflow import advance

# A bidder needs time to work on these anew.
WEIGHTY_FIELDS = frozenset({"indicators", *AMOUNT_FIELDS})


def change_challenge(
    actor: Actor, challenge: Challenge, values: Mapping[str, Any], reason: str, agreed: bool = True
) -> ChallengeVersion:
    """变更发布: a new locked version; a change of indicators or amount leaves bidders the days the rules ask for.

    ``agreed``: the poster consented to this very text. Raises InvalidInput when nothing changed or a rule is not met.
    """
    require(policies.may_change(actor, challenge))
    if not agreed:
        raise InvalidInput({"agreed": _("变更须经发榜企业同意")})
    text = reason_of(reason, _("请写明变更的理由，会公开"))
    old = current_version(challenge)
    cleaned = only_chosen_amounts(clean_values(values))
    content = {name: getattr(old, name) for name in CONTENT_FIELDS} | cleaned
    new = ChallengeVersion(
        challenge_id=challenge.id, number=challenge.version + 1, locked_at=clock.now(), change_reason=text, **content
    )
    changed = set(changed_fields(old, new))
    if not changed:
        raise InvalidInput(_("没有任何修改"))
    problems = problems_of(new, rules_of(challenge))
    if problems:
        raise InvalidInput(problems)
    db.session.add(new)
    advance(challenge, "change", actor, text)
    challenge.version += 1
    copy_head(challenge, new)
    if changed & WEIGHTY_FIELDS:
        least = rules_of(challenge).change_days_left_least
        _move_deadline(actor, challenge, clock.end_of(clock.today() + timedelta(days=least)), text)
    _tell_all(challenge, _l("榜单已变更"), text)
    enqueue("matches.rank", {"challenge_id": challenge.id})
    return new


def extend_deadline(actor: Actor, challenge: Challenge, days: int, reason: str) -> None:
    """延长揭榜 by ``days`` calendar days. How many bids there are is sealed, so it is the division's judgement."""
    require(policies.may_extend(actor, challenge))
    rules = rules_of(challenge)
    text = reason_of(reason, _("请写明延长的理由，会公开"))
    if challenge.extensions >= rules.extensions_most:
        raise InvalidInput({"days": _("已延长 %(times)d 次，达到规则上限", times=challenge.extensions)})
    if not 1 <= days <= rules.extension_days_most:
        raise InvalidInput({"days": _("延长天数应为 1–%(most)d 天", most=rules.extension_days_most)})
    advance(challenge, "extend", actor, text)
    challenge.extensions += 1
    deadline = challenge.bid_deadline or clock.now()
    _move_deadline(actor, challenge, clock.end_of(clock.local(deadline).date() + timedelta(days=days)), text)
    _tell_all(challenge, _l("揭榜截止时间已延长"), text)


def _move_deadline(actor: Actor, challenge: Challenge, to: Any, reason: str) -> None:
    """Only ever later."""
    if challenge.bid_deadline is None or to <= challenge.bid_deadline:
        return
    db.session.add(
        DeadlineChange(
            challenge_id=challenge.id,
            old_deadline=challenge.bid_deadline,
            new_deadline=to,
            reason=reason,
            decided_by_id=actor.user_id,
        )
    )
    challenge.bid_deadline = to


def _tell_all(challenge: Challenge, subject: Text, body: Text) -> None:
    tell_world(challenge)
    tell_bidders(challenge)
    tell_firm(challenge, subject, body)
