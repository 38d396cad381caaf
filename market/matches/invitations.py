"""Inviting to bid, the answers, and reminders by hand. Who follows when an invited team drops out: ``alternates``."""

from collections.abc import Sequence

from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from market import clock
from market.accounts.models import User
from market.audit.journal import record
from market.challenges.models import Challenge
from market.database import db
from market.errors import Conflict, InvalidInput, NotAllowed
from market.jobs import enqueue
from market.matches import policies, queries
from market.matches.constraints import constraints_of
from market.matches.models import (
    Candidate,
    CandidateVerdict,
    ChallengeInvitation,
    DeclineReason,
    InvitationState,
    Judgement,
)
from market.notifications.operations import notify
from market.permissions import Actor, Verdict
from market.programmes.queries import rules_of
from market.solvers.models import Solver
from market.solvers.queries import people_of
from market.workflow import advance

ANSWERS = {"interested": "accept", "not_now": "postpone", "declined": "decline"}
NOTE_MOST = 500


def _require(verdict: Verdict) -> None:
    if not verdict:
        raise NotAllowed(verdict.reason)


def refuse_blocked(challenge: Challenge, solvers: Sequence[Solver]) -> None:
    """Raises InvalidInput naming the first solver that a constraint keeps out."""
    found = constraints_of(challenge, solvers)
    for solver in solvers:
        for constraint in found[solver.id]:
            if constraint.blocks:
                message = _("“%(name)s”不能邀请：%(text)s", name=solver.name, text=constraint.text)
                raise InvalidInput({"verdict": message})


def invite_candidates(actor: Actor, challenge: Challenge, candidates: Sequence[Candidate]) -> list[ChallengeInvitation]:
    """Invite approved candidates in the order given, as many as the rules let stand at once; the rest stay alternates.

    Nobody is invited twice. Raises InvalidInput for one who is not approved, has left, or is kept out by a constraint.
    """
    _require(policies.may_judge(actor, challenge))
    lock_invitations(challenge)
    ids = [candidate.solver_id for candidate in candidates]
    approved, matchable, invited = _approved(challenge), _matchable(ids), _invited(challenge)
    for candidate in candidates:
        if candidate.solver_id not in approved:
            raise InvalidInput({"candidates": _("“%(name)s”还没有同意邀请", name=candidate.solver.name)})
        if candidate.solver_id not in matchable:
            raise InvalidInput({"candidates": _("“%(name)s”已隐藏资料或退出匹配", name=candidate.solver.name)})
    new = [candidate.solver for candidate in candidates if candidate.solver_id not in invited]
    new = new[: queries.places_left(challenge)]
    refuse_blocked(challenge, new)
    empty = [*queries.vacancies(challenge), *[None] * len(new)]
    return [
        send(actor, challenge, solver, actor.user_id or 0, place) for solver, place in zip(new, empty, strict=False)
    ]


def lock_invitations(challenge: Challenge) -> None:
    """Two at once, people or the worker: the second must see whom the first invited and which places are left."""
    db.session.refresh(challenge, with_for_update={"key_share": True, "of": Challenge})


def _approved(challenge: Challenge) -> set[int]:
    query = select(Judgement.solver_id).where(
        Judgement.challenge_id == challenge.id, Judgement.verdict == CandidateVerdict.APPROVED
    )
    return set(db.session.scalars(query))


def _matchable(solver_ids: Sequence[int]) -> set[int]:
    return set(db.session.scalars(select(Solver.id).where(Solver.id.in_(solver_ids), policies.MATCHABLE)))


def _invited(challenge: Challenge) -> set[int]:
    return set(
        db.session.scalars(
            select(ChallengeInvitation.solver_id).where(ChallengeInvitation.challenge_id == challenge.id)
        )
    )


def send(
    actor: Actor, challenge: Challenge, solver: Solver, inviter_id: int, place: ChallengeInvitation | None
) -> ChallengeInvitation:
    """Write the invitation and tell the team; ``place`` is the invitation that it follows, if any."""
    invitation = ChallengeInvitation(
        challenge_id=challenge.id,
        solver_id=solver.id,
        invited_by_id=inviter_id,
        state=InvitationState.SENT,
        alternate_of_id=place.id if place else None,
    )
    db.session.add(invitation)
    db.session.flush()  # The entry names the row.
    record(actor, "challenge_invitation:send", invitation)
    _tell_team(invitation, challenge, "send")
    return invitation


def _tell_team(invitation: ChallengeInvitation, challenge: Challenge, occasion: str) -> None:
    """Each person of the team in their own language, with public text only."""
    for user in people_of([invitation.solver_id])[invitation.solver_id]:
        _tell_one(user, challenge, f"challenge_invitation:{invitation.id}:{occasion}", reminder=occasion != "send")


def _tell_one(user: User, challenge: Challenge, key: str, *, reminder: bool) -> None:
    with force_locale(user.locale):
        deadline = clock.local(challenge.bid_deadline) if challenge.bid_deadline else None
        facts = {
            "title": challenge.title,
            "code": challenge.code or "",
            "deadline": f"{deadline:%Y-%m-%d %H:%M}" if deadline else "",
        }
        subject = _l("请答复揭榜邀请：%(title)s", **facts) if reminder else _l("邀请您揭榜：%(title)s", **facts)
        body = _l(
            "科技管理部门认为您的团队适合解决榜单 %(code)s“%(title)s”。揭榜截止时间为北京时间 %(deadline)s。"
            "请登录查看匹配理由，并告知是否有意揭榜；答复不影响您以后的机会。",
            **facts,
        )
        notify([user.id], subject, body, "/matches/for-me", key=key)


def answer_invitation(
    actor: Actor,
    invitation: ChallengeInvitation,
    answer: str,
    note: str = "",
    reason: DeclineReason | None = None,
) -> None:
    """``answer``: interested, not_now or declined (with its reason); may be changed while the challenge takes bids."""
    _require(policies.may_answer(actor, invitation))
    if answer not in ANSWERS:
        raise InvalidInput({"answer": _("请选择一种答复")})
    if answer == "declined" and reason is None:
        raise InvalidInput({"reason": _("谢绝时请选择原因")})
    if len(note) > NOTE_MOST:
        raise InvalidInput({"note": _("最多 %(max)d 个字", max=NOTE_MOST)})
    moved = invitation.state.value != answer
    if moved:
        advance(invitation, ANSWERS[answer], actor, note.strip())
    else:
        record(actor, "challenge_invitation:annotate", invitation)
    invitation.answer_note, invitation.answered_at = note.strip(), clock.now()
    invitation.decline_reason = reason if answer == "declined" else None
    invitation.answered_by_id = actor.user_id
    if moved and answer == "declined":
        enqueue("matches.alternate", {"invitation_id": invitation.id})
    notify(
        [invitation.invited_by_id],
        _l("揭榜邀请有答复：%(title)s", title=invitation.challenge.title),
        _l("%(name)s 答复：%(answer)s", name=invitation.solver.name, answer=invitation.state.label),
        candidates_url(invitation.challenge),
        mail=False,
    )


def candidates_url(challenge: Challenge) -> str:
    return f"/challenges/{challenge.code}/candidates"


def remind_invitation(actor: Actor, invitation: ChallengeInvitation) -> None:
    """Tell the team once more, by hand; at most once a day and as often as the rules allow.

    Raises Conflict when it has answered, was reminded today or often enough, or has left the matching.
    """
    _require(policies.may_judge(actor, invitation.challenge))
    if invitation.state is not InvitationState.SENT:
        raise Conflict(_("对方已经答复，无需再提醒"))
    if not _matchable([invitation.solver_id]):
        raise Conflict(_("对方已隐藏资料或退出匹配，不能再提醒"))
    most = rules_of(invitation.challenge).invitation_reminders_most
    if invitation.reminders >= most:
        raise Conflict(_("已提醒 %(most)d 次，达到规则上限", most=most))
    last = invitation.reminded_at or invitation.created_at
    if clock.local(last).date() >= clock.today():
        raise Conflict(_("今天已经联系过对方，请明天再提醒"))
    remind(actor, invitation)


def remind(actor: Actor, invitation: ChallengeInvitation) -> None:
    """Count the reminder and send it: the two commit together."""
    invitation.reminded_at, invitation.reminders = clock.now(), invitation.reminders + 1
    record(actor, "challenge_invitation:remind", invitation)
    _tell_team(invitation, invitation.challenge, f"remind:{invitation.reminders}")
