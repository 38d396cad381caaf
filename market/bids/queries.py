"""Reads of bids. Before the opening every query gives a bid to its own team alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import joinedload

from market import clock
from market.accounts.models import Membership, MembershipState
from market.bids.content import BidContent, aligned_answers, missing
from market.bids.models import Bid, BidState, OpenedContent, Opening, SealedVersion
from market.bids.policies import POSTER_STATES, SEALED_STATES, is_on_team, may_list_bids, may_read_bid
from market.bids.receipts import Receipt
from market.challenges.models import PUBLIC_STATES, Challenge, ChallengeState, ChallengeVersion
from market.database import db
from market.errors import NotAllowed, NotFound
from market.integrity.models import IntegrityRecord
from market.permissions import Actor, Permission
from market.programmes.queries import rules_of
from market.sealing.keys import share_of
from market.sealing.models import KeyShare, SealingKey
from market.solvers.models import PUBLIC_SOLVER_STATES, Solver, SolverMember

LIVE_CHALLENGES = (ChallengeState.NOTICE, ChallengeState.AWARDED, ChallengeState.RUNNING)
WINNING = (BidState.RECOMMENDED, BidState.AWARDED, BidState.CONTRACTED)


def sealing_subject(challenge: Challenge) -> str:
    """The name of the challenge's key in the sealing room."""
    return f"challenge:{challenge.id}"


def _on_team(actor: Actor) -> Select[int]:
    member = exists().where(SolverMember.solver_id == Solver.id, SolverMember.user_id == actor.user_id)
    return select(Solver.id).where(or_(Solver.lead_id == actor.user_id, member))


def solvers_for(actor: Actor) -> Sequence[Solver]:
    """揭榜方 for which the actor may draft a bid."""
    query = select(Solver).where(Solver.id.in_(_on_team(actor)), Solver.state.in_(PUBLIC_SOLVER_STATES))
    return db.session.scalars(query.order_by(Solver.id)).all()


def my_bids(actor: Actor) -> Select[Bid]:
    """Bids of the actor's teams, the latest first."""
    return (
        select(Bid)
        .where(Bid.solver_id.in_(_on_team(actor)))
        .options(joinedload(Bid.challenge), joinedload(Bid.solver))
        .order_by(Bid.created_at.desc(), Bid.id.desc())
    )


def _bid(bid_id: int) -> Bid:
    found = db.session.scalar(
        select(Bid).where(Bid.id == bid_id).options(joinedload(Bid.challenge), joinedload(Bid.solver))
    )
    if found is None:
        raise NotFound(_("没有找到这份揭榜书"))
    return found


def own_bid(actor: Actor, bid_id: int) -> Bid:
    """A bid of the actor's team. Raises NotFound for anybody else, the bureau included."""
    bid = _bid(bid_id)
    if not is_on_team(actor, bid.solver) or not actor.has(Permission.BID_WRITE):
        raise NotFound(_("没有找到这份揭榜书"))
    return bid


def readable_bid(actor: Actor, bid_id: int) -> Bid:
    """Raises NotFound when the actor may not know of it."""
    bid = _bid(bid_id)
    if not may_read_bid(actor, bid):
        raise NotFound(_("没有找到这份揭榜书"))
    return bid


def live_bid(challenge: Challenge, solver: Solver) -> Bid | None:
    """The one bid of the solver that was not withdrawn."""
    return db.session.scalar(
        select(Bid).where(Bid.challenge_id == challenge.id, Bid.solver_id == solver.id, Bid.state != BidState.WITHDRAWN)
    )


def challenge_of_code(code: str) -> Challenge:
    """A posted challenge. Raises NotFound."""
    found = db.session.scalar(select(Challenge).where(Challenge.code == code, Challenge.state.in_(PUBLIC_STATES)))
    if found is None:
        raise NotFound(_("没有找到这个榜单"))
    return found


def text_of(challenge: Challenge) -> ChallengeVersion:
    """The version that binds now."""
    return db.session.scalars(
        select(ChallengeVersion).where(
            ChallengeVersion.challenge_id == challenge.id, ChallengeVersion.number == challenge.version
        )
    ).one()


def draft_of(bid: Bid) -> BidContent:
    """The draft with one answer per indicator of the challenge as it stands now."""
    content = BidContent(**(bid.draft or {}))
    content.answers = aligned_answers(content, text_of(bid.challenge).indicators)
    return content


def gaps_of(bid: Bid) -> dict[str, str]:
    """{field: what is still wanted} before the draft may be sealed."""
    return missing(draft_of(bid), text_of(bid.challenge), rules_of(bid))


def obstacles(challenge: Challenge, solver: Solver) -> list[str]:
    """Why this solver may not bid here, whatever it writes: relation, integrity, too many live projects."""
    found = []
    if is_related(challenge, solver):
        found.append(_("揭榜方与发榜方为同一单位，属关联方，不能揭榜"))
    found += _integrity_obstacles(solver)
    most = rules_of(challenge).live_projects_per_lead_most
    if live_projects_of([solver.lead_id], besides=challenge)[solver.lead_id] >= most:
        found.append(_("负责人在研的揭榜项目已达上限 %(most)d 项", most=most))
    return found


def is_related(challenge: Challenge, solver: Solver) -> bool:
    """Same organisation, same 统一社会信用代码, or a lead who belongs to the poster."""
    poster, own = challenge.organisation, solver.organisation
    if own is not None and (own.id == poster.id or (own.uscc is not None and own.uscc == poster.uscc)):
        return True
    people = select(SolverMember.user_id).where(SolverMember.solver_id == solver.id, SolverMember.user_id.is_not(None))
    membership = select(Membership.id).where(
        Membership.organisation_id == poster.id,
        Membership.state == MembershipState.ACTIVE,
        or_(Membership.user_id == solver.lead_id, Membership.user_id.in_(people)),
    )
    return db.session.scalar(membership.limit(1)) is not None


def _integrity_obstacles(solver: Solver) -> list[str]:
    """Active 失信 records of the lead or the organisation, with their basis and end."""
    today = clock.today()
    query = (
        select(IntegrityRecord)
        .where(
            or_(
                IntegrityRecord.user_id == solver.lead_id,
                (IntegrityRecord.organisation_id == solver.organisation_id)
                & IntegrityRecord.organisation_id.is_not(None),
            ),
            IntegrityRecord.starts_on <= today,
            IntegrityRecord.ends_on >= today,
            IntegrityRecord.lifted_on.is_(None),
        )
        .order_by(IntegrityRecord.ends_on.desc())
    )
    return [
        _("存在生效中的科研失信记录（依据：%(basis)s，至 %(end)s）", basis=record.basis, end=record.ends_on.isoformat())
        for record in db.session.scalars(query)
    ]


def live_projects_of(lead_ids: Iterable[int], besides: Challenge) -> dict[int, int]:
    """在研: projects that each lead has won and not finished, whichever team it was with; in one statement."""
    wanted = set(lead_ids)
    query = (
        select(Bid.lead_id, func.count())
        .join(Challenge, Challenge.id == Bid.challenge_id)
        .where(
            Bid.lead_id.in_(wanted),
            Bid.state.in_(WINNING),
            Challenge.state.in_(LIVE_CHALLENGES),
            Challenge.id != besides.id,
        )
        .group_by(Bid.lead_id)
    )
    return dict.fromkeys(wanted, 0) | dict(db.session.execute(query).all())


def current_version(bid: Bid) -> SealedVersion | None:
    return db.session.scalar(
        select(SealedVersion).where(SealedVersion.bid_id == bid.id, SealedVersion.number == bid.versions)
    )


def receipt_of(bid: Bid) -> Receipt:
    """Raises NotFound while nothing was sealed."""
    version = current_version(bid)
    if version is None or bid.receipt_number is None:
        raise NotFound(_("还没有密封提交，没有回执"))
    return Receipt(bid.receipt_number, version.sha256, version.sealed_at)


def content_of(bid: Bid) -> BidContent | None:
    """The opened bid; None before the opening, or when it could not be opened."""
    found = db.session.scalar(select(OpenedContent).where(OpenedContent.bid_id == bid.id))
    return BidContent(**found.body) if found else None


def opening_of(challenge: Challenge) -> Opening | None:
    return db.session.scalar(select(Opening).where(Opening.challenge_id == challenge.id))


def is_opened(challenge: Challenge) -> bool:
    opening = opening_of(challenge)
    return opening is not None and opening.opened_at is not None


def bids_of(actor: Actor, challenge: Challenge) -> Sequence[Bid]:
    """Opened bids that the actor may list. Empty before the opening. Raises NotAllowed for outsiders."""
    verdict = may_list_bids(actor, challenge)
    if not verdict:
        raise NotAllowed(verdict.reason)
    if not is_opened(challenge):
        return []
    query = select(Bid).where(Bid.challenge_id == challenge.id, Bid.state.not_in(SEALED_STATES))
    if not actor.covers(Permission.BID_READ, district_code=challenge.district_code):
        query = query.where(Bid.state.in_(POSTER_STATES))
    query = query.options(joinedload(Bid.solver), joinedload(Bid.organisation), joinedload(Bid.lead))
    return db.session.scalars(query.order_by(Bid.receipt_number)).all()


def openings(actor: Actor) -> Select[Challenge]:
    """Challenges whose bids wait to be opened, then those opened, the latest deadline first."""
    del actor  # Both opening roles are city-wide; the route asks for the permission.
    opened = exists().where(Opening.challenge_id == Challenge.id, Opening.opened_at.is_not(None))
    return (
        select(Challenge)
        .where(or_(Challenge.state == ChallengeState.CLOSED, opened))
        .options(joinedload(Challenge.organisation))
        .order_by(Challenge.state != ChallengeState.CLOSED, Challenge.bid_deadline.desc(), Challenge.id.desc())
    )


def openings_by_challenge(challenges: Sequence[Challenge]) -> dict[int, Opening]:
    ids = [challenge.id for challenge in challenges]
    return {row.challenge_id: row for row in db.session.scalars(select(Opening).where(Opening.challenge_id.in_(ids)))}


@dataclass(frozen=True, slots=True)
class Quorum:
    """Where an opening stands: how many shares are wanted, given, and the asker's own."""

    wanted: int
    given: int
    holds_share: bool
    has_given: bool


def quorum_of(actor: Actor, challenge: Challenge) -> Quorum:
    key = db.session.scalar(select(SealingKey).where(SealingKey.subject == sealing_subject(challenge)))
    if key is None:
        return Quorum(rules_of(challenge).opening_quorum, 0, False, False)
    given = select(func.count()).where(KeyShare.sealing_key_id == key.id, KeyShare.released_at.is_not(None))
    share = share_of(actor, key)
    has_given = share is not None and share.released_at is not None
    return Quorum(key.quorum, db.session.scalar(given) or 0, share is not None, has_given)
