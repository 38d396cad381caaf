"""Firm A's challenge with team U as a candidate, invited; a closed one; what U may choose; firm A's needs."""

from sqlalchemy import select

from market.challenges.models import ChallengeState
from market.database import db
from market.matches.models import Candidate, ChallengeInvitation
from market.matches.suggestions import stop_token
from market.needs.models import NeedState
from market.programmes.models import Cycle
from market.solvers.models import Achievement
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
        "figure": {"key": "coverage"},
        "no_figure": {"key": "nothing"},
        **_choices(cast),
        **{f"need_{state.value.partition('_')[0]}": _need(cast, posted.cycle, state) for state in NEEDS},
    }


NEEDS = (NeedState.DRAFT, NeedState.FORMAL_CHECK, NeedState.POSTED)


def _need(cast: Cast, cycle: Cycle, state: NeedState) -> dict[str, object]:
    return {"need_id": make_need(cycle, cast.organisations["firm_a"], cast.people["author_a"], state).id}


def _choices(cast: Cast) -> dict[str, dict[str, object]]:
    """Team U's profile and a work of it, a work of team V under U's address, U's link to stop letters, a forged one."""
    works = {work.solver_id: work.id for work in db.session.scalars(select(Achievement))}
    solver_u, solver_v = cast.solvers["solver_u"].id, cast.solvers["solver_v"].id
    return {
        "solver_u": {"solver_id": solver_u},
        "work_u": {"solver_id": solver_u, "work_id": works[solver_u]},
        "work_of_another": {"solver_id": solver_u, "work_id": works[solver_v]},
        "stop_u": {"token": stop_token(cast.people["lead_u"])},
        "stop_forged": {"token": "MQ.forged"},
    }
