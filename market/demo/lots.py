"""Draws of the demo: a seed, as anybody might have thrown it, that seats the experts who sign in to the demo."""

from collections.abc import Collection

from market.programmes.queries import rules_of
from market.reviews import drawing, pool
from market.reviews.models import Round

TRIES = 2000


def seed_that_seats(round_: Round, size: int, sought: Collection[int], handed_in: int) -> str | None:
    """The first seed by which the users ``sought`` sit behind the first ``handed_in`` of the panel.

    Searched anew at every load: who is at the yearly limit depends on the day.
    """
    free = [expert for expert, reason in pool.pool_for(round_) if not reason]
    candidates = [drawing.Candidate(e.id, e.organisation_id or 0, e.is_financial) for e in free]
    wanted = {expert.id for expert in free if expert.user_id in sought}
    rules = rules_of(round_.challenge)
    for number in range(TRIES):
        seed = f"demo {number}"
        drawn = drawing.draw(
            candidates,
            size,
            seed,
            same_unit_most=rules.panel_same_unit_most,
            financial_least=rules.panel_financial_least,
        )
        if wanted <= set(drawn.panel[handed_in:]):
            return seed
    return None
