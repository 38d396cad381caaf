"""Ranking, verdicts, invitations and their answers."""

from collections.abc import Sequence
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from market import clock
from market.accounts.models import User
from market.audit.journal import record
from market.challenges.models import Challenge
from market.database import db, transaction
from market.errors import Conflict, InvalidInput, NotAllowed
from market.jobs import enqueue, handler
from market.jobs.models import Outbox
from market.jobs.progress import report_progress
from market.matches import engine, policies, queries
from market.matches.models import (
    Candidate,
    CandidateVerdict,
    ChallengeInvitation,
    InvitationState,
    Judgement,
    MatchRun,
    RefusalReason,
)
from market.notifications.operations import notify
from market.permissions import Actor, Verdict
from market.programmes.queries import rules_of
from market.solvers.models import Solver
from market.solvers.queries import people_of
from market.workflow import advance

ANSWERS = {"interested": "accept", "not_now": "postpone", "declined": "decline"}


def _require(verdict: Verdict) -> None:
    if not verdict:
        raise NotAllowed(verdict.reason)


def progress_key(challenge_id: int) -> str:
    return f"matches.rank:{challenge_id}"


def rank_challenge(challenge: Challenge) -> MatchRun:
    """Rank all solvers for the challenge as it stands and keep the result; verdicts and invitations stay."""
    return _store(challenge, _rank(challenge))


def _rank(challenge: Challenge) -> engine.Ranking:
    rules = rules_of(challenge)
    kept = queries.judged_solver_ids(challenge)
    ranking = engine.rank_solvers(challenge, rules.match_limit, kept)
    good = [r for r in ranking.solvers if r.score * 100 >= rules.match_threshold or r.solver_id in kept]
    return engine.Ranking(ranking.considered, good, ranking.uncovered)


def _store(challenge: Challenge, ranking: engine.Ranking) -> MatchRun:
    session = db.session()
    run = queries.latest_run(challenge) or MatchRun(challenge_id=challenge.id, challenge_version=challenge.version)
    run.challenge_version, run.considered = challenge.version, ranking.considered
    run.uncovered_terms, run.finished_at = ranking.uncovered, clock.now()
    session.add(run)
    before = {
        candidate.solver_id: candidate
        for candidate in session.scalars(select(Candidate).where(Candidate.challenge_id == challenge.id))
    }
    # A profile may have been taken away since the matcher read it.
    existing = set(session.scalars(select(Solver.id).where(Solver.id.in_([r.solver_id for r in ranking.solvers]))))
    for rank, ranked in enumerate(ranking.solvers, start=1):
        if ranked.solver_id not in existing:
            continue
        candidate = before.pop(ranked.solver_id, None)
        candidate = candidate or Candidate(challenge_id=challenge.id, solver_id=ranked.solver_id)
        candidate.rank, candidate.score, candidate.coverage = rank, ranked.score, ranked.coverage
        candidate.reasons = ranked.reasons
        session.add(candidate)
    for gone in before.values():
        session.delete(gone)
    return run


@handler("matches.rank", outside=True)
def rank_when_asked(payload: dict[str, Any]) -> None:
    """Rank one challenge; long work runs outside the transaction that stores it."""
    challenge = db.session.get(Challenge, int(payload["challenge_id"]))
    if challenge is None:
        return
    key = progress_key(challenge.id)
    report_progress(key, 0, 2, "更新匹配索引")
    engine.synchronise()
    report_progress(key, 1, 2, "比对榜单与揭榜方")
    _rank_and_store([challenge.id])
    report_progress(key, 2, 2, "完成", finished=True)


@handler("matches.profile", outside=True)
def follow_profile(payload: dict[str, Any]) -> None:
    """Bring the matcher to the profiles and rank anew what is open; of a burst of changes only the last works."""
    if _newer_change_waits(int(payload["solver_id"])) or not engine.synchronise():
        return
    _rank_and_store([challenge.id for challenge in queries.open_challenges()])


def _newer_change_waits(solver_id: int) -> bool:
    last = db.session.scalar(
        select(Outbox)
        .where(
            Outbox.topic == "matches.profile",
            Outbox.done_at.is_(None),
            Outbox.dead_at.is_(None),
            Outbox.available_at <= clock.now(),
        )
        .order_by(Outbox.id.desc())
        .limit(1)
    )
    return last is not None and last.payload["solver_id"] != solver_id


def _rank_and_store(challenge_ids: Sequence[int]) -> None:
    for challenge_id in challenge_ids:
        challenge = db.session.get(Challenge, challenge_id)
        if challenge is None:
            continue
        ranking = _rank(challenge)
        with transaction():
            _store(challenge, ranking)


def request_ranking(actor: Actor, challenge: Challenge) -> None:
    """Staff ask for a new ranking; the worker makes it."""
    _require(policies.may_judge(actor, challenge))
    record(actor, "challenge:rank", challenge)
    enqueue("matches.rank", {"challenge_id": challenge.id}, key=f"{challenge.id}:{clock.now():%Y%m%d%H%M}")


def judge_candidate(
    actor: Actor,
    candidate: Candidate,
    verdict: CandidateVerdict,
    reason: RefusalReason | None = None,
    note: str = "",
) -> Judgement:
    """Approve or refuse a candidate. Raises InvalidInput without a reason, or when a constraint forbids approval."""
    challenge = candidate.challenge
    _require(policies.may_judge(actor, challenge))
    if verdict is CandidateVerdict.REFUSED and reason is None:
        raise InvalidInput({"reason": _("不邀请时请选择理由")})
    if reason is RefusalReason.OTHER and not note.strip():
        raise InvalidInput({"note": _("选择“其他”时请写明理由")})
    if len(note) > 500:
        raise InvalidInput({"note": _("最多 %(max)d 个字", max=500)})
    if verdict is CandidateVerdict.APPROVED:
        _refuse_blocked(challenge, [candidate.solver])
    elif queries.invitation_to(challenge, candidate.solver_id) is not None:
        raise Conflict(_("已经发出邀请，不能再改为不邀请"))
    query = select(Judgement).where(Judgement.challenge_id == challenge.id, Judgement.solver_id == candidate.solver_id)
    judgement = db.session.scalar(query) or Judgement(challenge_id=challenge.id, solver_id=candidate.solver_id)
    judgement.verdict, judgement.note, judgement.score = verdict, note.strip(), candidate.score
    judgement.refusal_reason = reason if verdict is CandidateVerdict.REFUSED else None
    judgement.judged_by_id, judgement.judged_at = actor.user_id or 0, clock.now()
    db.session.add(judgement)
    db.session.flush()  # The entry names the row.
    record(actor, f"judgement:{verdict.value}", judgement, note.strip())
    return judgement


def _refuse_blocked(challenge: Challenge, solvers: Sequence[Solver]) -> None:
    for solver in solvers:
        for constraint in queries.constraints_of(challenge, [solver])[solver.id]:
            if constraint.blocks:
                message = _("“%(name)s”不能邀请：%(text)s", name=solver.name, text=constraint.text)
                raise InvalidInput({"verdict": message})


def invite_candidates(actor: Actor, challenge: Challenge, candidates: Sequence[Candidate]) -> list[ChallengeInvitation]:
    """Invite each approved candidate once and tell them in their language. Raises InvalidInput for one not approved."""
    _require(policies.may_judge(actor, challenge))
    approved = set(
        db.session.scalars(
            select(Judgement.solver_id).where(
                Judgement.challenge_id == challenge.id, Judgement.verdict == CandidateVerdict.APPROVED
            )
        )
    )
    matchable = set(
        db.session.scalars(
            select(Solver.id).where(Solver.id.in_([c.solver_id for c in candidates]), policies.MATCHABLE)
        )
    )
    sent = []
    for candidate in candidates:
        if candidate.solver_id not in approved:
            raise InvalidInput({"candidates": _("“%(name)s”还没有同意邀请", name=candidate.solver.name)})
        if candidate.solver_id not in matchable:
            raise InvalidInput({"candidates": _("“%(name)s”已隐藏资料或退出匹配", name=candidate.solver.name)})
        if queries.invitation_to(challenge, candidate.solver_id) is None:
            _refuse_blocked(challenge, [candidate.solver])
            sent.append(_send(actor, challenge, candidate.solver))
    return sent


def _send(actor: Actor, challenge: Challenge, solver: Solver) -> ChallengeInvitation:
    invitation = ChallengeInvitation(
        challenge_id=challenge.id, solver_id=solver.id, invited_by_id=actor.user_id, state=InvitationState.SENT
    )
    db.session.add(invitation)
    db.session.flush()  # The entry names the row.
    record(actor, "challenge_invitation:send", invitation)
    _tell_team(invitation, challenge, solver.id, reminder=False)
    return invitation


def _tell_team(invitation: ChallengeInvitation, challenge: Challenge, solver_id: int, *, reminder: bool) -> None:
    """Each person of the team in their own language, with public text only."""
    key = f"challenge_invitation:{invitation.id}:{'remind:' + clock.today().isoformat() if reminder else 'send'}"
    for user in people_of([solver_id])[solver_id]:
        _tell_one(user, challenge, key, reminder=reminder)


def _tell_one(user: User, challenge: Challenge, key: str, *, reminder: bool) -> None:
    with force_locale(user.locale):
        deadline = clock.local(challenge.bid_deadline) if challenge.bid_deadline else None
        facts = {
            "title": challenge.title,
            "code": challenge.code or "",
            "deadline": f"{deadline:%Y-%m-%d %H:%M}" if deadline else "",
        }
        subject = _("请答复揭榜邀请：%(title)s", **facts) if reminder else _("邀请您揭榜：%(title)s", **facts)
        body = _(
            "科技管理部门认为您的团队适合解决榜单 %(code)s“%(title)s”。揭榜截止时间为北京时间 %(deadline)s。"
            "请登录查看匹配理由，并告知是否有意揭榜；答复不影响您以后的机会。",
            **facts,
        )
        notify([user.id], subject, body, "/matches/for-me", key=key)


def answer_invitation(actor: Actor, invitation: ChallengeInvitation, answer: str, note: str = "") -> None:
    """``answer``: interested, not_now or declined; may be changed while the challenge takes bids."""
    _require(policies.may_answer(actor, invitation))
    if answer not in ANSWERS:
        raise InvalidInput({"answer": _("请选择一种答复")})
    if len(note) > 500:
        raise InvalidInput({"note": _("最多 %(max)d 个字", max=500)})
    if invitation.state.value != answer:
        advance(invitation, ANSWERS[answer], actor, note.strip())
    else:
        record(actor, "challenge_invitation:annotate", invitation)
    invitation.answer_note, invitation.answered_at = note.strip(), clock.now()
    invitation.answered_by_id = actor.user_id
    text = _("%(name)s 答复：%(answer)s", name=invitation.solver.name, answer=invitation.state.label)
    challenge = invitation.challenge
    notify(
        [invitation.invited_by_id],
        _("揭榜邀请有答复：%(title)s", title=challenge.title),
        text,
        f"/challenges/{challenge.code}/candidates",
        mail=False,
    )


def remind_invitation(actor: Actor, invitation: ChallengeInvitation) -> None:
    """Tell the team once more; at most once a day. Raises Conflict when answered or reminded today."""
    _require(policies.may_judge(actor, invitation.challenge))
    if invitation.state is not InvitationState.SENT:
        raise Conflict(_("对方已经答复，无需再提醒"))
    last = invitation.reminded_at or invitation.created_at
    if clock.local(last).date() >= clock.today():
        raise Conflict(_("今天已经联系过对方，请明天再提醒"))
    invitation.reminded_at = clock.now()
    record(actor, "challenge_invitation:remind", invitation)
    _tell_team(invitation, invitation.challenge, invitation.solver_id, reminder=True)
