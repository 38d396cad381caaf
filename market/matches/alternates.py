"""By the clock: reminders, and invitations that lapse. 递补: the next approved candidate takes an empty place.

Exactly once in effect: a reminder commits together with its count, a lapse with its state, an alternate with the place
it takes (unique), so that a worker that dies or runs twice changes nothing.
"""

from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from market import clock
from market.challenges.models import Challenge, ChallengeState
from market.database import db, transaction
from market.jobs import enqueue, handler, scheduled
from market.matches.constraints import constraints_of
from market.matches.invitations import candidates_url, lock_invitations, remind, send
from market.matches.models import Candidate, CandidateVerdict, ChallengeInvitation, InvitationState, Judgement
from market.matches.policies import MATCHABLE
from market.matches.queries import places_left, vacancies
from market.notifications.operations import notify
from market.permissions import SYSTEM
from market.programmes.queries import rules_of
from market.programmes.rules import Rules
from market.solvers.models import Solver
from market.workflow import advance


@scheduled
def follow_unanswered_invitations() -> None:
    """Remind who has not answered; let go who was silent too long. Each invitation in a transaction of its own."""
    now = clock.now()
    waiting = db.session.scalars(
        _unanswered().options(joinedload(ChallengeInvitation.challenge).joinedload(Challenge.rules))
    )
    due = [row.id for row in waiting if _lapses(row, rules_of(row.challenge), now) or _asks(row, now)]
    for invitation_id in due:
        with transaction() as session:
            query = _unanswered().where(ChallengeInvitation.id == invitation_id)
            row = session.scalar(
                query.with_for_update(of=ChallengeInvitation, skip_locked=True),
                execution_options={"populate_existing": True},
            )
            # Answered, or followed by another worker, since it was found due.
            if row is not None:
                _follow(row, now)


def _unanswered() -> Any:
    return (
        select(ChallengeInvitation)
        .join(Challenge, Challenge.id == ChallengeInvitation.challenge_id)
        .where(
            ChallengeInvitation.state == InvitationState.SENT,
            Challenge.state == ChallengeState.POSTED,
            Challenge.bid_deadline > clock.now(),
        )
        .order_by(ChallengeInvitation.id)
    )


def _lapses(row: ChallengeInvitation, rules: Rules, now: datetime) -> bool:
    days = rules.invitation_lapse_days
    return bool(days) and now >= row.created_at + timedelta(days=days)


def _asks(row: ChallengeInvitation, now: datetime) -> bool:
    """A reminder is due, unless the team has hidden its profile or opted out of the matching."""
    rules = rules_of(row.challenge)
    days = rules.invitation_reminder_days
    if not days or row.reminders >= rules.invitation_reminders_most:
        return False
    if now < (row.reminded_at or row.created_at) + timedelta(days=days):
        return False
    return db.session.scalar(select(Solver.id).where(Solver.id == row.solver_id, MATCHABLE)) is not None


def _follow(row: ChallengeInvitation, now: datetime) -> None:
    if _lapses(row, rules_of(row.challenge), now):
        advance(row, "lapse", SYSTEM)
        enqueue("matches.alternate", {"invitation_id": row.id})
    elif _asks(row, now):
        remind(SYSTEM, row)


def next_alternate(challenge: Challenge) -> Solver | None:
    """备选: the best approved candidate who has no invitation and whom no constraint keeps out."""
    invited = select(ChallengeInvitation.solver_id).where(ChallengeInvitation.challenge_id == challenge.id)
    query = (
        select(Solver)
        .join(Candidate, Candidate.solver_id == Solver.id)
        .join(Judgement, (Judgement.solver_id == Solver.id) & (Judgement.challenge_id == challenge.id))
        .where(
            Candidate.challenge_id == challenge.id,
            Judgement.verdict == CandidateVerdict.APPROVED,
            MATCHABLE,
            Solver.id.not_in(invited),
        )
        .order_by(Candidate.rank, Candidate.id)
    )
    waiting = db.session.scalars(query).all()
    found = constraints_of(challenge, waiting)
    return next((s for s in waiting if not any(constraint.blocks for constraint in found[s.id])), None)


@handler("matches.alternate")
def fill_place(payload: dict[str, Any]) -> None:
    """Somebody invited dropped out: invite the next approved candidate, or tell staff whom they might invite."""
    lost = db.session.get(ChallengeInvitation, int(payload["invitation_id"]))
    if lost is not None:
        lock_invitations(lost.challenge)
    if lost is None or not lost.challenge.takes_bids or lost.id not in {row.id for row in vacancies(lost.challenge)}:
        # The team changed its mind, or the place is taken already.
        return
    challenge, alternate = lost.challenge, next_alternate(lost.challenge)
    invites = rules_of(challenge).alternates == "invite" and places_left(challenge) != 0
    if alternate is not None and invites:
        send(SYSTEM, challenge, alternate, lost.invited_by_id, lost)
    _tell_staff(lost, alternate, invited=invites)


def _tell_staff(lost: ChallengeInvitation, alternate: Solver | None, *, invited: bool) -> None:
    challenge = lost.challenge
    facts = {"lost": lost.solver.name, "state": lost.state.label, "next": alternate.name if alternate else ""}
    if alternate is None:
        body = _l("“%(lost)s”%(state)s，已没有可以递补的备选。请在候选中再同意几个，或另行联系。", **facts)
    elif invited:
        body = _l("“%(lost)s”%(state)s，已按规则自动邀请备选“%(next)s”。", **facts)
    else:
        body = _l("“%(lost)s”%(state)s，下一位备选是“%(next)s”，请到候选页面决定是否邀请。", **facts)
    people = [lost.invited_by_id, challenge.prepared_by_id]
    notify(people, _l("揭榜邀请需要递补：%(title)s", title=challenge.title), body, candidates_url(challenge))
