"""Ranking and verdicts."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from market import clock
from market.audit.journal import record
from market.challenges.models import Challenge
from market.database import db, transaction
from market.errors import Conflict, InvalidInput, NotAllowed
from market.jobs import enqueue, handler, scheduled
from market.jobs.models import Outbox
from market.jobs.progress import report_progress
from market.matches import engine, policies, queries
from market.matches.invitations import refuse_blocked
from market.matches.models import Candidate, CandidateVerdict, Judgement, MatchRun, RefusalReason
from market.matches.suggestions import tell_at_once
from market.permissions import Actor, Verdict
from market.programmes.queries import rules_of
from market.solvers.models import Solver


def _require(verdict: Verdict) -> None:
    if not verdict:
        raise NotAllowed(verdict.reason)


FULL_RUN = "matches.rank:all"


def progress_key(challenge_id: int) -> str:
    return f"matches.rank:{challenge_id}"


def _rank(challenge: Challenge) -> engine.Ranking:
    rules = rules_of(challenge)
    kept = queries.judged_solver_ids(challenge)
    ranking = engine.rank_solvers(challenge, rules.match_limit, kept)
    good = [r for r in ranking.solvers if r.score * 100 >= rules.match_threshold or r.solver_id in kept]
    return replace(ranking, solvers=good)


def _store(challenge: Challenge, ranking: engine.Ranking) -> MatchRun:
    session = db.session()
    run = queries.latest_run(challenge) or MatchRun(challenge_id=challenge.id, challenge_version=challenge.version)
    run.challenge_version, run.considered = challenge.version, ranking.considered
    run.uncovered_terms, run.finished_at = ranking.uncovered, clock.now()
    run.matcher = ranking.matcher
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
    session.flush()  # Whom to tell is asked of the database.
    tell_at_once(challenge)
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
    """Bring the matcher to the profiles and rank anew what is open; of a burst of changes only the last works.

    What was ranked already with this matcher is left: a run that was cut off goes on where it stood.
    """
    if _newer_change_waits(int(payload["solver_id"])):
        return
    engine.synchronise()
    outdated = queries.outdated_challenges(engine.stamp())
    for done, challenge_id in enumerate(outdated):
        report_progress(FULL_RUN, done, len(outdated), "重新比对全部揭榜中的榜单")
        _rank_and_store([challenge_id])
    if outdated:
        report_progress(FULL_RUN, len(outdated), len(outdated), "完成", finished=True)


@scheduled
def mend_matcher() -> None:
    """A matcher that cannot be read (a release with another format, a damaged file) is made anew within a minute."""
    if engine.folder().exists() and not engine.stamp():
        with transaction():
            enqueue("matches.profile", {"solver_id": 0}, key=f"unusable:{clock.now():%Y%m%d%H}")


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
        refuse_blocked(challenge, [candidate.solver])
    elif queries.invitation_to(challenge, candidate.solver_id) is not None:
        raise Conflict(_("已经发出邀请，不能再改为不邀请"))
    query = select(Judgement).where(Judgement.challenge_id == challenge.id, Judgement.solver_id == candidate.solver_id)
    judgement = db.session.scalar(query) or Judgement(challenge_id=challenge.id, solver_id=candidate.solver_id)
    judgement.verdict, judgement.note, judgement.score = verdict, note.strip(), candidate.score
    judgement.rank = candidate.rank
    judgement.refusal_reason = reason if verdict is CandidateVerdict.REFUSED else None
    judgement.judged_by_id, judgement.judged_at = actor.user_id or 0, clock.now()
    db.session.add(judgement)
    db.session.flush()  # The entry names the row.
    record(actor, f"judgement:{verdict.value}", judgement, note.strip())
    return judgement
