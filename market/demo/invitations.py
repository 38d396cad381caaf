"""Staff look at the candidates of the open challenges: the best are invited, others wait as alternates, one is refused.

Some answer, most are silent and are reminded by the clock; one declines and its alternate is invited, one has declined
only now, so that staff find an alternate to decide on.
"""

from datetime import date, timedelta

from sqlalchemy import select

from market import clock
from market.accounts.sessions import actor_of
from market.challenges.models import Challenge, ChallengeState
from market.database import db, transaction
from market.demo.cast import Cast
from market.demo.diary import Diary
from market.errors import InvalidInput
from market.jobs.outbox import deliver_due
from market.matches.alternates import follow_unanswered_invitations, next_alternate
from market.matches.invitations import answer_invitation, invite_candidates
from market.matches.models import Candidate, CandidateVerdict, ChallengeInvitation, DeclineReason, RefusalReason
from market.matches.operations import judge_candidate, rank_when_asked

INVITED_A_CHALLENGE = 2
APPROVED_A_CHALLENGE = 4


def tell_invitations(cast: Cast, diary: Diary, today: date) -> None:
    """Also for challenges that have been opened since: what came of their invitations can be counted."""
    diary.tick(today - timedelta(days=35), "09:00", _rank_open)
    diary.note(today - timedelta(days=35), "10:00", _invite_the_best, cast)
    diary.note(today - timedelta(days=34), "11:20", _answer, cast, 1, "interested", "准备投递，先了解拉管机现场条件。")
    diary.tick(today - timedelta(days=24), "10:30", follow_unanswered_invitations)
    diary.tick(today - timedelta(days=5), "09:00", _rank_open)
    diary.note(today - timedelta(days=5), "10:00", _invite_the_best, cast)
    diary.note(today - timedelta(days=4), "15:20", _answer, cast, 1, "interested", "下周可以到现场看设备。")
    diary.note(today - timedelta(days=3), "09:40", _answer, cast, 0, "declined", "两个在研项目占满了中试线。")
    diary.note(today - timedelta(days=3), "11:30", _answer, cast, 3, "not_now", "手头检测任务排到下月中旬，之后再定。")
    diary.note(today - timedelta(days=3), "16:10", _invite_alternate, cast, 0)
    diary.tick(today - timedelta(days=2), "10:30", follow_unanswered_invitations)


def decline_just_now(cast: Cast) -> None:
    """After the replay, when the worker delivers again: staff are told and find the alternate on the page."""
    with transaction():
        _answer(cast, 2, "declined", "年底前没有人手。")
    deliver_due()


def _open_ids() -> list[int]:
    """Those with time enough that what happens to their invitations is still to be seen today."""
    query = select(Challenge.id).where(
        Challenge.state == ChallengeState.POSTED, Challenge.bid_deadline > clock.now() + timedelta(days=10)
    )
    return list(db.session.scalars(query.order_by(Challenge.id)))


def _rank_open() -> None:
    for challenge_id in _open_ids():
        rank_when_asked({"challenge_id": challenge_id})


def _invite_the_best(cast: Cast) -> None:
    """The demo's solver login is invited wherever it is a candidate."""
    officer, solver_login = cast.actor("city-officer-1"), cast.people["lead-s02"]
    for challenge_id in _open_ids():
        challenge = db.session.get_one(Challenge, challenge_id)
        query = select(Candidate).where(Candidate.challenge_id == challenge_id).order_by(Candidate.rank)
        candidates = db.session.scalars(query).all()
        approved = []
        for candidate in candidates:
            if candidate.rank > APPROVED_A_CHALLENGE and candidate.solver.lead_id != solver_login:
                continue
            try:
                judge_candidate(officer, candidate, CandidateVerdict.APPROVED)
                approved.append(candidate)
            except InvalidInput:
                # A constraint forbids it (the poster's own people): the page says which.
                continue
        if candidates and candidates[-1] not in approved:
            judge_candidate(officer, candidates[-1], CandidateVerdict.REFUSED, RefusalReason.OFF_TOPIC)
        first = approved[:INVITED_A_CHALLENGE]
        chosen = [c for c in approved if c in first or c.solver.lead_id == solver_login]
        invite_candidates(officer, challenge, chosen)


def _answer(cast: Cast, number: int, answer: str, note: str) -> None:
    """By the first team invited to the ``number``-th open challenge that is not the demo's solver login."""
    query = select(ChallengeInvitation).where(ChallengeInvitation.challenge_id == _open_ids()[number])
    rows = db.session.scalars(query.order_by(ChallengeInvitation.id))
    row = next(row for row in rows if row.solver.lead_id != cast.people["lead-s02"])
    reason = DeclineReason.NO_CAPACITY if answer == "declined" else None
    answer_invitation(actor_of(row.solver.lead), row, answer, note, reason)


def _invite_alternate(cast: Cast, number: int) -> None:
    challenge = db.session.get_one(Challenge, _open_ids()[number])
    alternate = next_alternate(challenge)
    assert alternate is not None
    query = select(Candidate).where(Candidate.challenge_id == challenge.id, Candidate.solver_id == alternate.id)
    invite_candidates(cast.actor("city-officer-1"), challenge, db.session.scalars(query).all())
