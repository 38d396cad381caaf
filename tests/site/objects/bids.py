"""Challenges of firm_a: one with a draft and one with a sealed bid of solver_u, one opened with bids of u and v."""

from market.accounts.models import User
from market.bids.models import BidState
from market.bids.operations import screen_bid
from market.challenges.models import Challenge
from market.database import transaction
from market.needs.models import NeedState
from tests.builders.bids import close, give_key, make_draft, make_key, make_sealed, open_all
from tests.builders.chain import make_bid, make_challenge, make_need
from tests.builders.people import acting
from tests.site.cast import Cast


def _challenge(cast: Cast, holders: list[User]) -> Challenge:
    challenge = make_challenge(make_need(organisation=cast.firm_a, author=cast.author_a, state=NeedState.POSTED))
    make_key(challenge, holders)
    return challenge


def objects(cast: Cast) -> dict[str, dict[str, object]]:
    holders = [cast.people[name] for name in ("head", "city", "city2")]
    for number, holder in enumerate(holders, start=1):
        give_key(holder, number)
    solver_u, solver_v = cast.solvers["solver_u"], cast.solvers["solver_v"]
    fresh, drafting, sealing, opening, ended = (_challenge(cast, holders) for _ in range(5))
    bids = {
        "bid_draft": make_draft(drafting, solver_u),
        "bid_sealed": make_sealed(sealing, solver_u),
        "bid_opened": make_sealed(opening, solver_u),
        "bid_rival_qualified": make_sealed(opening, solver_v),
        "bid_awarded": make_bid(ended, solver_u, BidState.AWARDED),
    }
    close(opening)
    open_all(opening, holders)
    clerk = acting(holders[1])
    with transaction():
        screen_bid(clerk, bids["bid_rival_qualified"], True)
    return {
        **{name: {"bid_id": bid.id} for name, bid in bids.items()},
        "challenge_fresh": {"challenge": fresh.code},
        "code_sealed": {"code": sealing.code},
        "code_opened": {"code": opening.code},
    }
