"""Ranked, judged and invited: the matching by the ways that people and the worker go."""

from sqlalchemy import select

from market.accounts.models import User
from market.challenges.models import Challenge
from market.database import db, transaction
from market.jobs import enqueue
from market.jobs.outbox import deliver_due
from market.matches import invitations, operations, queries
from market.matches.models import (
    Candidate,
    CandidateVerdict,
    ChallengeInvitation,
)
from market.permissions import Role
from market.solvers import operations as solver_operations
from market.solvers.models import Solver, SolverKind
from tests.builders.chain import make_challenge, make_solver
from tests.builders.people import acting, make_user, save


def ask_ranking(challenge: Challenge) -> None:
    with transaction():
        enqueue("matches.rank", {"challenge_id": challenge.id})
    deliver_due()


def unrelated() -> list[Solver]:
    return [
        make_solver(
            name="大田队", directions=["小麦条锈病抗性育种"], keywords=["小麦"], profile_zh="研究小麦条锈病与分子育种。"
        ),
        make_solver(
            name="软件队", directions=["工业软件排产"], keywords=["排程"], profile_zh="研究车间排产算法与调度系统。"
        ),
    ]


def publish_team(name: str, lead: User | None = None, **values: object) -> Solver:
    """Register and list a profile through the operations, as a person would."""
    lead = lead or make_user()
    with transaction():
        solver = solver_operations.create_solver(acting(lead), {"name": name, "kind": SolverKind.TEAM, **values})
    with transaction():
        solver_operations.list_solver(acting(lead), solver)
    return solver


def ranked_case() -> tuple[Challenge, Solver, User, Candidate]:
    unrelated()
    solver = make_solver(name="烧结队")
    challenge = make_challenge()
    ask_ranking(challenge)
    candidate = db.session.scalars(select(Candidate).where(Candidate.solver_id == solver.id)).one()
    return challenge, solver, make_user(Role.CITY_OFFICER), candidate


def invited_case() -> tuple[Challenge, Solver, User, ChallengeInvitation]:
    challenge, solver, officer, candidate = ranked_case()
    with transaction():
        operations.judge_candidate(acting(officer), candidate, CandidateVerdict.APPROVED)
        invitation = invitations.invite_candidates(acting(officer), challenge, [candidate])[0]
    return challenge, solver, officer, invitation


def ranked_names(challenge: Challenge) -> list[str]:
    db.session.rollback()
    return [card.candidate.solver.name for card in queries.cards_of(challenge)]


def approve(officer: User, candidate: Candidate) -> None:
    with transaction():
        operations.judge_candidate(acting(officer), candidate, CandidateVerdict.APPROVED)


def list_candidates(challenge: Challenge, *solvers: Solver, score: float = 0.6) -> list[Candidate]:
    """Candidates in that order without asking the matcher, each a little worse than the one before."""
    rows = [
        Candidate(
            challenge_id=challenge.id,
            solver_id=solver.id,
            rank=rank,
            score=score - rank / 100,
            coverage=0.3,
            reasons=[
                {"term": "烧结", "weight": 0.7, "document": "", "field": "bio", "snippet": "烧结", "via": ""},
                {"term": f"专长{rank}", "weight": 0.3, "document": "", "field": "bio", "snippet": "", "via": ""},
            ],
        )
        for rank, solver in enumerate(solvers, start=1)
    ]
    save(*rows)
    return rows
