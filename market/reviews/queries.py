"""Reads of reviews: the pool, rounds and panels for the bureau, an expert's own tasks, a bidder's own result."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from market.accounts.models import User
from market.attachments.queries import attachments_of, for_list
from market.bids.content import BidContent
from market.bids.models import Bid, BidState, OpenedContent
from market.bids.policies import is_on_team
from market.challenges.models import Challenge, ChallengeState, ChallengeVersion
from market.database import Base, db
from market.errors import NotAllowed, NotFound
from market.paging import Page, paginate
from market.permissions import Actor, Permission
from market.reviews.models import (
    Assignment,
    AssignmentState,
    Draw,
    Expert,
    Ranking,
    Round,
    RoundState,
    ScoreDraft,
    Sheet,
)
from market.reviews.policies import (
    is_own_task,
    may_read_task_bids,
    may_score,
    may_see_sheets,
    missing_of,
)

Model = TypeVar("Model", bound=Base)
REVIEWABLE = (ChallengeState.CLOSED, ChallengeState.REVIEW)
RESULT_PUBLISHED = (
    ChallengeState.NOTICE,
    ChallengeState.AWARDED,
    ChallengeState.RUNNING,
    ChallengeState.COMPLETED,
)


# --- the bureau -----------------------------------------------------------------------------------------------------


def challenges_in_review(number: int = 1) -> Page[Challenge]:
    """Challenges that have been closed and opened, newest first: where the bureau starts."""
    shown = (*REVIEWABLE, *RESULT_PUBLISHED, ChallengeState.NO_AWARD)
    query = (
        select(Challenge)
        .options(joinedload(Challenge.organisation))
        .where(Challenge.state.in_(shown))
        .order_by((Challenge.state == ChallengeState.REVIEW).desc(), Challenge.bid_deadline.desc(), Challenge.id.desc())
    )
    return paginate(db.session(), query, number)


def latest_rounds(challenges: Sequence[Challenge]) -> dict[int, Round]:
    """The newest round of each challenge, by challenge id."""
    rounds = db.session.scalars(
        select(Round).where(Round.challenge_id.in_([challenge.id for challenge in challenges])).order_by(Round.number)
    )
    return {round_.challenge_id: round_ for round_ in rounds}


def qualified_counts(challenges: Sequence[Challenge]) -> dict[int, int]:
    """How many bids of each challenge passed the screening, by challenge id."""
    rows = db.session.execute(
        select(Bid.challenge_id, func.count())
        .where(Bid.challenge_id.in_([challenge.id for challenge in challenges]), Bid.state.in_(JUDGED))
        .group_by(Bid.challenge_id)
    )
    return dict(rows.all())


def challenge_under_review(code: str) -> Challenge:
    """Raises NotFound for a code that was never posted."""
    found = db.session.scalar(
        select(Challenge).options(joinedload(Challenge.organisation)).where(Challenge.code == code)
    )
    if found is None:
        raise NotFound
    return found


def rounds_of(challenge: Challenge) -> Sequence[Round]:
    return db.session.scalars(
        select(Round).where(Round.challenge_id == challenge.id).order_by(Round.number.desc())
    ).all()


def concluded_round(challenge: Challenge) -> Round | None:
    """The round whose recommendation counts: the newest concluded one, unless a later one was begun."""
    newest = next((round_ for round_ in rounds_of(challenge) if round_.state is not RoundState.VOIDED), None)
    return newest if newest is not None and newest.state is RoundState.CONCLUDED else None


# The largest number both databases keep in an integer column: a larger one in an address names nothing.
LARGEST_ID = 2**31 - 1


def row_of(model: type[Model], row_id: int) -> Model:
    """Raises NotFound when there is no such row."""
    found = db.session.get(model, row_id) if 0 < row_id <= LARGEST_ID else None
    if found is None:
        raise NotFound
    return found


def round_by_id(round_id: int) -> Round:
    return row_of(Round, round_id)


def assignment_by_id(assignment_id: int) -> Assignment:
    return row_of(Assignment, assignment_id)


JUDGED = (
    BidState.QUALIFIED,
    BidState.RECOMMENDED,
    BidState.RESERVE,
    BidState.REJECTED,
    BidState.AWARDED,
    BidState.CONTRACTED,
    BidState.RENOUNCED,
)


def bids_of(round_: Round) -> Sequence[Bid]:
    """The bids a round judges: those ranked in it, or, until it is ranked, those that passed the screening."""
    query = (
        select(Bid)
        .options(joinedload(Bid.solver), joinedload(Bid.organisation), joinedload(Bid.lead))
        .where(Bid.challenge_id == round_.challenge_id)
        .order_by(Bid.submitted_at, Bid.id)
    )
    ranked = select(Ranking.bid_id).where(Ranking.round_id == round_.id)
    if round_.state in (RoundState.RANKED, RoundState.CONCLUDED):
        return db.session.scalars(query.where(Bid.id.in_(ranked))).all()
    return db.session.scalars(query.where(Bid.state == BidState.QUALIFIED)).all()


def panel_of(round_: Round) -> Sequence[Assignment]:
    return db.session.scalars(
        select(Assignment)
        .options(
            joinedload(Assignment.expert).joinedload(Expert.user),
            joinedload(Assignment.expert).joinedload(Expert.organisation),
        )
        .where(Assignment.round_id == round_.id)
        .order_by(Assignment.id)
    ).all()


def seated(round_: Round) -> list[Assignment]:
    """The panel without those who stepped back."""
    return [assignment for assignment in panel_of(round_) if assignment.state is not AssignmentState.RECUSED]


def draws_of(round_: Round) -> Sequence[Draw]:
    return db.session.scalars(select(Draw).where(Draw.round_id == round_.id).order_by(Draw.id)).all()


def rankings_of(round_: Round) -> Sequence[Ranking]:
    return db.session.scalars(
        select(Ranking)
        .options(joinedload(Ranking.bid).joinedload(Bid.solver), joinedload(Ranking.bid).joinedload(Bid.organisation))
        .where(Ranking.round_id == round_.id)
        .order_by(Ranking.rank, Ranking.bid_id)
    ).all()


def sheets_of(round_: Round) -> Sequence[Sheet]:
    return db.session.scalars(
        select(Sheet)
        .join(Assignment, Sheet.assignment_id == Assignment.id)
        .options(joinedload(Sheet.assignment).joinedload(Assignment.expert).joinedload(Expert.user))
        .where(Assignment.round_id == round_.id, Assignment.state == AssignmentState.SUBMITTED)
        .order_by(Sheet.bid_id, Sheet.assignment_id)
    ).all()


def names_of(user_ids: Iterable[int | None]) -> dict[int, str]:
    """Names by user id; None is passed over."""
    wanted = [number for number in user_ids if number is not None]
    return dict(db.session.execute(select(User.id, User.name).where(User.id.in_(wanted))).all())


def round_view(round_: Round) -> dict[str, Any]:
    """What the bureau's page shows of a round; sheets only once all are in."""
    panel, open_sheets = panel_of(round_), bool(may_see_sheets(round_))
    return {
        "round": round_,
        "panel": panel,
        "bids": bids_of(round_),
        "draws": draws_of(round_),
        "rankings": rankings_of(round_) if open_sheets else [],
        "sheets": sheets_of(round_) if open_sheets else [],
        "seated": [assignment for assignment in panel if assignment.state is not AssignmentState.RECUSED],
        "people": names_of([round_.managed_by_id, round_.drawn_by_id, round_.convened_by_id]),
    }


# --- an expert's own ------------------------------------------------------------------------------------------------


def tasks_of(actor: Actor) -> Sequence[Assignment]:
    """The actor's tasks in rounds that were called together, newest first."""
    return db.session.scalars(
        select(Assignment)
        .join(Expert, Assignment.expert_id == Expert.id)
        .join(Round, Assignment.round_id == Round.id)
        .options(joinedload(Assignment.round).joinedload(Round.challenge).joinedload(Challenge.organisation))
        .where(Expert.user_id == actor.user_id, Round.state != RoundState.DRAFT)
        .order_by(Assignment.id.desc())
        .limit(200)
    ).all()


def task_by_id(actor: Actor, assignment_id: int) -> Assignment:
    """Raises NotFound for anybody but the expert, and before the round was called together."""
    found = assignment_by_id(assignment_id)
    if not is_own_task(actor, found) or found.round.state is RoundState.DRAFT:
        raise NotFound
    return found


def task_bid(assignment: Assignment, bid_id: int) -> Bid:
    """Raises NotFound for a bid of another challenge or one that is not judged."""
    for bid in bids_of(assignment.round):
        if bid.id == bid_id:
            return bid
    raise NotFound


def task_view(actor: Actor, assignment: Assignment) -> dict[str, Any]:
    """What an expert's task page shows: the bids side by side with the own scores, never another's."""
    bids, readable = bids_of(assignment.round), bool(may_read_task_bids(actor, assignment))
    drafts = drafts_of(assignment)
    return {
        "task": assignment,
        "bids": bids,
        "readable": readable,
        "may_score": bool(may_score(actor, assignment)),
        "drafts": drafts,
        "sheets": own_sheets(assignment),
        "missing": {bid.id: missing_of(assignment.round.criteria, drafts.get(bid.id)) for bid in bids},
        "contents": opened_contents(bids) if readable else {},
        "indicators": indicators_of(assignment.round.challenge),
    }


def score_view(actor: Actor, assignment: Assignment, bid_id: int) -> dict[str, Any]:
    """One bid's content beside the form. Raises NotFound for a bid that is not judged, NotAllowed before the pledge."""
    bid, bids = task_bid(assignment, bid_id), bids_of(assignment.round)
    if not (verdict := may_score(actor, assignment)):
        raise NotAllowed(verdict.reason)
    following = [other.id for other in bids[bids.index(bid) + 1 :]]
    return {
        "task": assignment,
        "bid": bid,
        "bids": bids,
        "next_id": following[0] if following else None,
        "draft": drafts_of(assignment).get(bid.id),
        "content": opened_contents([bid]).get(bid.id, {}),
        "attachments": for_list(attachments_of(bid)),
    }


def drafts_of(assignment: Assignment) -> dict[int, ScoreDraft]:
    rows = db.session.scalars(
        select(ScoreDraft).where(ScoreDraft.assignment_id == assignment.id).order_by(ScoreDraft.id)
    )
    return {draft.bid_id: draft for draft in rows}


def own_sheets(assignment: Assignment) -> dict[int, Sheet]:
    rows = db.session.scalars(select(Sheet).where(Sheet.assignment_id == assignment.id).order_by(Sheet.id))
    return {sheet.bid_id: sheet for sheet in rows}


def opened_contents(bids: Sequence[Bid]) -> dict[int, Mapping[str, Any]]:
    """What was in the opened bids, by bid id."""
    rows = db.session.scalars(select(OpenedContent).where(OpenedContent.bid_id.in_([bid.id for bid in bids])))
    return {row.bid_id: BidContent(**row.body).model_dump() for row in rows}


def indicators_of(challenge: Challenge) -> list[Any]:
    version = db.session.scalar(
        select(ChallengeVersion).where(
            ChallengeVersion.challenge_id == challenge.id, ChallengeVersion.number == challenge.version
        )
    )
    return version.indicators if version else []


# --- a bidder's own result ------------------------------------------------------------------------------------------


def result_of(actor: Actor, bid_id: int) -> dict[str, Any]:
    """A bidder's own mean and the experts' comments without names; raises NotFound until the notice is published."""
    bid = row_of(Bid, bid_id)
    if bid.challenge.state not in RESULT_PUBLISHED:
        raise NotFound
    round_ = concluded_round(bid.challenge)
    if round_ is None or not (is_on_team(actor, bid.solver) or actor.has(Permission.REVIEW_READ)):
        raise NotFound(_("没有找到您要的内容"))
    ranking = db.session.scalar(select(Ranking).where(Ranking.round_id == round_.id, Ranking.bid_id == bid.id))
    if ranking is None:
        raise NotFound
    # In the order of their text: the order of the sheets would tell the expert.
    comments = sorted(sheet.comment for sheet in sheets_of(round_) if sheet.bid_id == bid.id)
    return {"bid": bid, "round": round_, "ranking": ranking, "comments": comments}
