"""Reads of matches: evidence cards for staff, numbers for the poster, fitting challenges for a solver."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from market import clock
from market.accounts.models import Membership, MembershipState
from market.challenges.models import PUBLIC_STATES, Challenge, ChallengeState
from market.database import Base, db
from market.errors import NotFound
from market.integrity.models import IntegrityRecord
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
from market.solvers.queries import country_name


@dataclass(frozen=True, slots=True)
class Constraint:
    """One condition besides the text. ``blocks``: the solver may not be invited while it stands."""

    label: str
    text: str
    tone: str = "neutral"
    blocks: bool = False


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


def constraints_of(challenge: Challenge, solvers: Sequence[Solver]) -> dict[int, list[Constraint]]:
    """Region, load, integrity and interest of each solver (four statements for all)."""
    barred = _barred(solvers)
    insiders = _people_of(challenge.organisation_id, [solver.lead_id for solver in solvers])
    loads = _live_contracts([solver.id for solver in solvers])
    most = rules_of(challenge).live_projects_per_lead_most
    return {
        solver.id: [
            _region(solver),
            _load(loads[solver.id], most),
            _integrity(solver, barred),
            _interest(solver, challenge, insiders),
        ]
        for solver in solvers
    }


def _region(solver: Solver) -> Constraint:
    if solver.country == "CN":
        return Constraint(_("地域"), _("境内"), "good")
    return Constraint(_("地域"), _("%(country)s，需线上对接", country=country_name(solver.country)), "attention")


def _load(live: int, most: int) -> Constraint:
    if live >= most:
        return Constraint(_("在研"), _("在研 %(n)d 项，已到每位负责人 %(most)d 项的上限", n=live, most=most), "bad")
    return Constraint(_("在研"), _("在研 %(n)d 项", n=live), "good")


def _integrity(solver: Solver, barred: set[tuple[str, int]]) -> Constraint:
    if {("user", solver.lead_id), ("organisation", solver.organisation_id or 0)} & barred:
        return Constraint(_("诚信"), _("在失信惩戒期内"), "bad", blocks=True)
    return Constraint(_("诚信"), _("无在期记录"), "good")


def _interest(solver: Solver, challenge: Challenge, insiders: set[int]) -> Constraint:
    if solver.organisation_id == challenge.organisation_id or solver.lead_id in insiders:
        return Constraint(_("利害关系"), _("与发榜方为同一单位"), "bad", blocks=True)
    return Constraint(_("利害关系"), _("未发现"), "good")


def _barred(solvers: Sequence[Solver]) -> set[tuple[str, int]]:
    today = clock.today()
    query = select(IntegrityRecord.user_id, IntegrityRecord.organisation_id).where(
        IntegrityRecord.user_id.in_([solver.lead_id for solver in solvers])
        | IntegrityRecord.organisation_id.in_([solver.organisation_id for solver in solvers if solver.organisation_id]),
        IntegrityRecord.lifted_on.is_(None),
        IntegrityRecord.starts_on <= today,
        IntegrityRecord.ends_on >= today,
    )
    rows = db.session.execute(query).all()
    return {("user", user_id) for user_id, _o in rows if user_id} | {("organisation", o) for _u, o in rows if o}


def _people_of(organisation_id: int, user_ids: Iterable[int]) -> set[int]:
    query = select(Membership.user_id).where(
        Membership.organisation_id == organisation_id,
        Membership.user_id.in_(list(user_ids)),
        Membership.state == MembershipState.ACTIVE,
    )
    return set(db.session.scalars(query))


# Contracts stand above this room: the table is named, the class not imported.
LIVE = ("agreed", "signed")


def _live_contracts(solver_ids: Sequence[int]) -> Counter[int]:
    contract = Base.metadata.tables["contract"]
    query = (
        select(contract.c.solver_id, func.count())
        .where(contract.c.solver_id.in_(solver_ids), contract.c.state.in_(LIVE))
        .group_by(contract.c.solver_id)
    )
    return Counter(dict(db.session.execute(query).all()))


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
