"""Firm A's challenges in the states that decide who may what."""

from market import clock
from market.challenges.models import ChallengeState
from market.needs.models import NeedState
from tests.builders.chain import make_challenge, make_cycle, make_need
from tests.builders.needs import make_terms
from tests.site.cast import Cast

S = ChallengeState


def objects(cast: Cast) -> dict[str, dict[str, object]]:
    make_terms()
    cycle, firm, author = make_cycle(), cast.organisations["firm_a"], cast.people["author_a"]

    def challenge(state: ChallengeState, **values: object) -> dict[str, object]:
        posted = NeedState.POSTED if state.is_public else NeedState.ACCEPTED
        return {"challenge_id": make_challenge(make_need(cycle, firm, author, posted), state, **values).id}  # pyright: ignore

    confirmed = {"confirmed_at": clock.now(), "confirmed_by_id": cast.people["signatory_a"].id}
    return {
        "draft": challenge(S.DRAFT),
        "confirmed": challenge(S.DRAFT, **confirmed),
        "approval": challenge(S.APPROVAL, **confirmed),
        "posted": challenge(S.POSTED, code="ZBJB-2026-901"),
        "closed": challenge(S.CLOSED),
        "no_award": challenge(S.NO_AWARD),
        "posted_code": {"code": "ZBJB-2026-901"},
        "unknown_code": {"code": "ZBJB-2026-999"},
        "accepted_need": {"need_id": make_need(cycle, firm, author, NeedState.ACCEPTED).id},
    }
