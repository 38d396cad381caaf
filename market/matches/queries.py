"""Reads of matches: evidence cards for staff, numbers for the poster, fitting challenges for a solver."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import joinedload

from market import clock
from market.challenges.models import PUBLIC_STATES, Challenge, ChallengeState
from market.database import db
from market.errors import NotFound
from market.matches.constraints import Constraint, constraints_of
from market.matches.models import (
    Candidate,
    CandidateVerdict,
    ChallengeInvitation,
    InvitationState,
    Judgement,
    MatchRun,
)
from market.matches.policies import MATCHABLE
from market.permissions import Actor
from market.programmes.queries import rules_of
from market.solvers.models import Solver
from market.solvers.policies import belongs_to


@dataclass(slots=True)
class Card:
    """A candidate as staff judge it."""

    candidate: Candidate
    judgement: Judgement | None
    invitation: ChallengeInvitation | None
    constraints: list[Constraint] = field(default_factory=list)

    @property
    def verdict(self) -> CandidateVerdict:
        return self.judgement.verdict if self.judgement else CandidateVerdict.PENDING

    @property
    def is_blocked(self) -> bool:
        return any(constraint.blocks for constraint in self.constraints)

    @property
    def evidence(self) -> list[tuple[str, list[dict[str, Any]]]]:
        """Reasons by the document they came from, heaviest document first; "" is the solver's own words."""
        grouped: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for reason in self.candidate.reasons:
            grouped[reason["document"]].append(reason)
        return sorted(grouped.items(), key=lambda pair: -sum(reason["weight"] for reason in pair[1]))


def open_challenges() -> Sequence[Challenge]:
    """What takes bids now, the nearest deadline first."""
    query = select(Challenge).where(Challenge.state == ChallengeState.POSTED, Challenge.bid_deadline > clock.now())
    return db.session.scalars(
        query.options(joinedload(Challenge.rules)).order_by(Challenge.bid_deadline, Challenge.id)
    ).all()


def outdated_challenges(matcher: str) -> Sequence[int]:
    """Open challenges that the matcher of this stamp has not ranked in their present version."""
    query = (
        select(Challenge.id)
        .outerjoin(MatchRun, MatchRun.challenge_id == Challenge.id)
        .where(
            Challenge.state == ChallengeState.POSTED,
            Challenge.bid_deadline > clock.now(),
            MatchRun.id.is_(None) | (MatchRun.matcher != matcher) | (MatchRun.challenge_version != Challenge.version),
        )
    )
    return db.session.scalars(query.order_by(Challenge.bid_deadline, Challenge.id)).all()


def latest_run(challenge: Challenge) -> MatchRun | None:
    return db.session.scalar(select(MatchRun).where(MatchRun.challenge_id == challenge.id))


def judged_solver_ids(challenge: Challenge) -> Sequence[int]:
    """Solvers who stay on the list whatever the ranking says: judged or invited."""
    judged = select(Judgement.solver_id).where(Judgement.challenge_id == challenge.id)
    invited = select(ChallengeInvitation.solver_id).where(ChallengeInvitation.challenge_id == challenge.id)
    return sorted(set(db.session.scalars(judged)) | set(db.session.scalars(invited)))


def cards_of(challenge: Challenge) -> list[Card]:
    """Candidates in order of rank with verdicts, invitations and constraints; the number of statements is fixed.

    Who is hidden or opted out after the ranking is left out at once.
    """
    query = (
        select(Candidate, Judgement, ChallengeInvitation)
        .join(Solver, Solver.id == Candidate.solver_id)
        .outerjoin(
            Judgement,
            (Judgement.challenge_id == Candidate.challenge_id) & (Judgement.solver_id == Candidate.solver_id),
        )
        .outerjoin(
            ChallengeInvitation,
            (ChallengeInvitation.challenge_id == Candidate.challenge_id)
            & (ChallengeInvitation.solver_id == Candidate.solver_id),
        )
        .where(Candidate.challenge_id == challenge.id, MATCHABLE)
        .options(
            joinedload(Candidate.solver).joinedload(Solver.organisation), joinedload(Candidate.solver, Solver.lead)
        )
        .order_by(Candidate.rank, Candidate.id)
    )
    cards = [Card(*row) for row in db.session.execute(query).unique()]
    found = constraints_of(challenge, [card.candidate.solver for card in cards])
    for card in cards:
        card.constraints = found[card.candidate.solver_id]
    return cards


def card_of(challenge: Challenge, solver_id: int) -> Card:
    """Raises NotFound when the solver is no candidate of the challenge."""
    card = next((card for card in cards_of(challenge) if card.candidate.solver_id == solver_id), None)
    if card is None:
        raise NotFound(_("候选名单中没有这个揭榜方，可能已隐藏资料或退出匹配"))
    return card


@dataclass(frozen=True, slots=True)
class Reach:
    """What the poster may know: numbers, and the words of its need that nobody covers."""

    fitting: int
    approved: int
    invited: int
    answers: dict[InvitationState, int]
    uncovered: list[str]


def reach_of(challenge: Challenge) -> Reach:
    fitting = db.session.scalar(
        select(func.count())
        .select_from(Candidate)
        .join(Solver)
        .where(Candidate.challenge_id == challenge.id, MATCHABLE)
    )
    approved = db.session.scalar(
        select(func.count()).where(
            Judgement.challenge_id == challenge.id, Judgement.verdict == CandidateVerdict.APPROVED
        )
    )
    states = (
        select(ChallengeInvitation.state, func.count())
        .where(ChallengeInvitation.challenge_id == challenge.id)
        .group_by(ChallengeInvitation.state)
    )
    answers = dict(db.session.execute(states).all())
    run = latest_run(challenge)
    return Reach(fitting or 0, approved or 0, sum(answers.values()), answers, run.uncovered_terms if run else [])


def fitting_challenges(actor: Actor) -> list[Candidate]:
    """Open challenges for which one of the actor's profiles is a candidate, best first."""
    query = (
        select(Candidate)
        .join(Challenge, Challenge.id == Candidate.challenge_id)
        .join(Solver, Solver.id == Candidate.solver_id)
        .where(
            belongs_to(actor),
            MATCHABLE,
            Challenge.state == ChallengeState.POSTED,
            Challenge.bid_deadline > clock.now(),
            Challenge.organisation_id != func.coalesce(Solver.organisation_id, 0),
        )
        .options(joinedload(Candidate.challenge).joinedload(Challenge.organisation), joinedload(Candidate.solver))
        .order_by(Candidate.score.desc(), Candidate.id)
        .limit(50)
    )
    return list(db.session.scalars(query).unique())


def invitations_for(actor: Actor) -> Sequence[ChallengeInvitation]:
    """Invitations to the actor's teams, unanswered first."""
    query = (
        select(ChallengeInvitation)
        .join(Solver, Solver.id == ChallengeInvitation.solver_id)
        .join(Challenge, Challenge.id == ChallengeInvitation.challenge_id)
        .where(belongs_to(actor), Challenge.state.in_(PUBLIC_STATES))
        .options(
            joinedload(ChallengeInvitation.challenge).joinedload(Challenge.organisation),
            joinedload(ChallengeInvitation.solver),
        )
        .order_by(
            (ChallengeInvitation.state != InvitationState.SENT).asc(),
            ChallengeInvitation.created_at.desc(),
        )
        .limit(50)
    )
    return db.session.scalars(query).unique().all()


def invitation_for(actor: Actor, invitation_id: int) -> ChallengeInvitation:
    """Raises NotFound when it is not for the actor's team."""
    query = select(ChallengeInvitation).join(Solver, Solver.id == ChallengeInvitation.solver_id)
    found = db.session.scalar(query.where(ChallengeInvitation.id == invitation_id, belongs_to(actor)))
    if found is None:
        raise NotFound(_("没有这份邀请"))
    return found


def invitation_to(challenge: Challenge, solver_id: int) -> ChallengeInvitation | None:
    return db.session.scalar(
        select(ChallengeInvitation).where(
            ChallengeInvitation.challenge_id == challenge.id, ChallengeInvitation.solver_id == solver_id
        )
    )


# ---------- places and alternates ----------

STANDING = (InvitationState.SENT, InvitationState.INTERESTED)
"""Invitations that hold a place: waiting for an answer, or answered yes."""


def places_left(challenge: Challenge) -> int | None:
    """How many more invitations may stand; None when the rules set no limit."""
    most = rules_of(challenge).invitations_standing_most
    if not most:
        return None
    standing = db.session.scalar(
        select(func.count()).where(
            ChallengeInvitation.challenge_id == challenge.id, ChallengeInvitation.state.in_(STANDING)
        )
    )
    return max(0, most - (standing or 0))


def is_vacant() -> ColumnElement[bool]:
    """Of invitations: declined or lapsed, and nobody has taken the place."""
    taken = select(ChallengeInvitation.alternate_of_id).where(ChallengeInvitation.alternate_of_id.is_not(None))
    gone = ChallengeInvitation.state.in_((InvitationState.DECLINED, InvitationState.LAPSED))
    return gone & ChallengeInvitation.id.not_in(taken)


def vacancies(challenge: Challenge) -> Sequence[ChallengeInvitation]:
    """Places that nobody has taken, the longest empty first."""
    query = (
        select(ChallengeInvitation)
        .where(ChallengeInvitation.challenge_id == challenge.id, is_vacant())
        .options(joinedload(ChallengeInvitation.solver))
        .order_by(ChallengeInvitation.state_changed_at, ChallengeInvitation.id)
    )
    return db.session.scalars(query).all()


def alternates_among(cards: Sequence[Card]) -> list[Card]:
    """备选 in order: approved, not invited, kept out by no constraint."""
    return [c for c in cards if c.verdict is CandidateVerdict.APPROVED and c.invitation is None and not c.is_blocked]


@dataclass(frozen=True, slots=True)
class Places:
    """``left``: how many more may be invited, None without limit. ``followed``: invitation id → who took its place."""

    left: int | None
    empty: Sequence[ChallengeInvitation]
    alternates: list[Card]
    followed: dict[int, str]
    names: dict[int, str]
    """Invitation id → the team it went to."""


def places_of(challenge: Challenge, cards: Sequence[Card]) -> Places:
    sent = [card for card in cards if card.invitation is not None]
    names = {card.invitation.id: card.candidate.solver.name for card in sent if card.invitation}
    followed = {
        card.invitation.alternate_of_id: card.candidate.solver.name
        for card in sent
        if card.invitation and card.invitation.alternate_of_id
    }
    return Places(places_left(challenge), vacancies(challenge), alternates_among(cards), followed, names)
