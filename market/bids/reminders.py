"""What the clock tells a team, and nobody else: that its draft is still not sealed shortly before the deadline."""

from datetime import timedelta
from functools import partial

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import defer, joinedload

from market import clock
from market.bids.models import Bid, BidState
from market.bids.operations import team_ids
from market.challenges.models import Challenge, ChallengeState
from market.database import db
from market.jobs import scheduled
from market.notifications.once import Due, remind
from market.programmes.queries import rules_of


@scheduled
def remind_unsealed_drafts() -> None:
    """Once for each deadline, some hours before it; a draft begun later than that moment needs no reminder."""
    now = clock.now()
    drafts = db.session.scalars(
        select(Bid)
        .join(Challenge, Bid.challenge_id == Challenge.id)
        # What is written is not read here: only that it is not sealed.
        .options(defer(Bid.draft, raiseload=True), joinedload(Bid.challenge).joinedload(Challenge.rules))
        .where(
            Challenge.state == ChallengeState.POSTED,
            Challenge.bid_deadline > now,
            (Bid.state == BidState.DRAFT) | ((Bid.state == BidState.SUBMITTED) & Bid.draft.is_not(None)),
        )
        .order_by(Bid.id)
    ).all()
    remind(_due(bid) for bid in drafts if _was_begun_before(bid))


def _was_begun_before(bid: Bid) -> bool:
    deadline = bid.challenge.bid_deadline
    if deadline is None:
        return False
    moment = deadline - timedelta(hours=rules_of(bid.challenge).draft_reminder_hours)
    return bid.created_at <= moment <= clock.now()


def _due(bid: Bid) -> Due:
    deadline = clock.local(bid.challenge.bid_deadline or clock.now())
    when = deadline.strftime("%Y-%m-%d %H:%M:%S")
    if bid.state is BidState.DRAFT:
        body = _l("揭榜书还是草稿，没有密封提交。%(when)s（北京时间）截止，逾期不再接收。", when=when)
    else:
        body = _l("替换内容还没有提交，已密封的版本仍然有效。%(when)s（北京时间）截止。", when=when)
    subject = _l("即将截止：%(title)s", title=bid.challenge.title)
    return Due("bid-draft", bid.id, deadline.isoformat(), partial(team_ids, bid), subject, body, f"/bids/{bid.id}")
