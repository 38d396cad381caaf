"""Firm A's challenge with team U as a candidate, invited; a closed one; one that does not exist."""

from market.challenges.models import ChallengeState
from market.matches.models import Candidate, ChallengeInvitation
from market.needs.models import NeedState
from tests.builders.chain import make_challenge, make_need
from tests.builders.people import save
from tests.site.cast import Cast


def objects(cast: Cast) -> dict[str, dict[str, object]]:
    posted = make_challenge(make_need(None, cast.organisations["firm_a"], cast.people["author_a"], NeedState.POSTED))
    closed = make_challenge(
        make_need(posted.cycle, cast.organisations["firm_a"], cast.people["author_a"], NeedState.POSTED),
        ChallengeState.CLOSED,
    )
    solver = cast.solvers["solver_u"]
    candidate = Candidate(challenge_id=posted.id, solver_id=solver.id, rank=1, score=0.6, coverage=0.3, reasons=[])
    invitation = ChallengeInvitation(challenge_id=posted.id, solver_id=solver.id, invited_by_id=cast.people["city"].id)
    save(candidate, invitation)
    return {
        "posted": {"code": posted.code},
        "closed": {"code": closed.code},
        "unknown": {"code": "ZBJB-2099-999"},
        "candidate": {"code": posted.code, "solver_id": solver.id},
        "no_candidate": {"code": posted.code, "solver_id": cast.solvers["solver_w"].id},
        "invitation": {"invitation_id": invitation.id},
    }
