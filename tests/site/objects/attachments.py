"""Files of a draft, of an opened bid, of a rival's qualified one, and one that was removed."""

from market.attachments.operations import remove_attachment
from market.attachments.queries import attachments_of
from market.bids.models import Bid
from market.bids.operations import screen_bid
from market.database import transaction
from market.needs.models import NeedState
from tests.builders.bids import close, give_key, make_draft, make_key, make_sealed, open_all
from tests.builders.chain import make_challenge, make_need
from tests.builders.files import pdf
from tests.builders.people import acting
from tests.site.cast import Cast


def _token(bid: Bid, slot: str) -> dict[str, object]:
    return {"token": attachments_of(bid, slot)[0].token}


def objects(cast: Cast) -> dict[str, dict[str, object]]:
    holders = [cast.people[name] for name in ("head", "city", "city2")]
    for number, holder in enumerate(holders, start=1):
        give_key(holder, number)
    challenges = []
    for _ in range(3):
        need = make_need(organisation=cast.firm_a, author=cast.author_a, state=NeedState.POSTED)
        challenges.append(make_challenge(need))
        make_key(challenges[-1], holders)
    solver_u, solver_v = cast.solvers["solver_u"], cast.solvers["solver_v"]
    draft = make_draft(challenges[0], solver_u, plan_pdf=pdf())
    other = make_draft(challenges[1], solver_u, plan_pdf=pdf())
    opened = make_sealed(challenges[2], solver_u, plan_pdf=pdf())
    qualified = make_sealed(challenges[2], solver_v, plan_pdf=pdf())
    close(challenges[2])
    open_all(challenges[2], holders)
    removed, lead, clerk = _token(other, "draft"), acting(cast.people["lead_u"]), acting(holders[1])
    with transaction():
        remove_attachment(lead, attachments_of(other, "draft")[0])
        screen_bid(clerk, qualified, True)
    return {
        "file_of_draft": _token(draft, "draft"),
        "file_of_opened": _token(opened, "opened"),
        "file_of_qualified": _token(qualified, "opened"),
        "file_removed": removed,
    }
