"""Staff look at the candidates of the open challenges: the best are approved and invited, one is refused."""

from sqlalchemy import select

from market.challenges.models import Challenge, ChallengeState
from market.database import db, transaction
from market.demo.cast import Cast
from market.errors import InvalidInput
from market.matches.models import Candidate, CandidateVerdict, RefusalReason
from market.matches.operations import invite_candidates, judge_candidate

APPROVED_A_CHALLENGE = 2


def invite_the_best(cast: Cast) -> None:
    """The first candidates of each open challenge; the demo's solver login is invited wherever it is a candidate."""
    officer, solver_login = cast.actor("city-officer-1"), cast.people["lead-s02"]
    open_ids = db.session.scalars(
        select(Challenge.id).where(Challenge.state == ChallengeState.POSTED).order_by(Challenge.id)
    ).all()
    for challenge_id in open_ids:
        with transaction() as session:
            challenge = session.get_one(Challenge, challenge_id)
            query = select(Candidate).where(Candidate.challenge_id == challenge_id).order_by(Candidate.rank)
            candidates = session.scalars(query).all()
            chosen = [c for c in candidates if c.rank <= APPROVED_A_CHALLENGE or c.solver.lead_id == solver_login]
            approved = []
            for candidate in chosen:
                try:
                    judge_candidate(officer, candidate, CandidateVerdict.APPROVED)
                    approved.append(candidate)
                except InvalidInput:
                    # A constraint forbids it (the poster's own people): the page says which.
                    continue
            for candidate in candidates[-1:]:
                if candidate not in chosen:
                    judge_candidate(officer, candidate, CandidateVerdict.REFUSED, RefusalReason.OFF_TOPIC)
            if approved:
                invite_candidates(officer, challenge, approved)
