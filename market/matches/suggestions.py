"""榜单推荐: telling a solver of an open challenge that fits, at once or in a weekly digest, and never twice.

What may be told is asked anew when it is told, so that who opts out, hides or stops is not told from then on.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import aliased, contains_eager, joinedload

from market import clock
from market.accounts.models import User
from market.audit.journal import record
from market.challenges.models import Challenge, ChallengeState
from market.database import Base, db, transaction
from market.errors import InvalidInput, NotAllowed, NotFound
from market.jobs import enqueue, handler, scheduled
from market.matches.models import Candidate, ChallengeInvitation
from market.matches.policies import MATCHABLE
from market.matches.suggestion_models import Suggestion, SuggestionChoice, SuggestionPace
from market.notifications.operations import notify
from market.permissions import ANONYMOUS, Actor
from market.programmes.queries import newest_rules, rules_of
from market.programmes.rules import Rules
from market.solvers.models import Solver
from market.solvers.policies import belongs_to, may_edit
from market.solvers.queries import organisation_name, shown_name

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DIGEST_HOUR = 9
MOST_A_DIGEST = 20
TERMS_TOLD = 4
PAGE = "/matches/for-me"


@dataclass(frozen=True, slots=True)
class Fit:
    """An open challenge that a solver has not been told of."""

    candidate: Candidate
    pace: SuggestionPace
    rules: Rules


# ---------- what may be told ----------


def _untold() -> Select[Candidate, SuggestionChoice]:
    """Candidates of what takes bids now whose solver takes part, was not told, not invited and has no bid.

    Bids stand beside this room: the table is named, the class not imported.
    """
    bid = Base.metadata.tables["bid"]
    here = (Candidate.challenge_id, Candidate.solver_id)
    told = exists().where(Suggestion.challenge_id == here[0], Suggestion.solver_id == here[1])
    invited = exists().where(ChallengeInvitation.challenge_id == here[0], ChallengeInvitation.solver_id == here[1])
    bidding = exists().where(bid.c.challenge_id == here[0], bid.c.solver_id == here[1])
    # Who stopped the letters once is not to get them again for having registered another profile.
    other, refusal = aliased(Solver), aliased(SuggestionChoice)
    stopped = exists().where(
        other.lead_id == Solver.lead_id, refusal.solver_id == other.id, refusal.pace == SuggestionPace.NEVER
    )
    return (
        select(Candidate, SuggestionChoice)
        .join(Challenge, Challenge.id == Candidate.challenge_id)
        .join(Solver, Solver.id == Candidate.solver_id)
        .join(User, User.id == Solver.lead_id)
        .outerjoin(SuggestionChoice, SuggestionChoice.solver_id == Solver.id)
        .where(
            MATCHABLE,
            User.is_active,
            Challenge.state == ChallengeState.POSTED,
            Challenge.bid_deadline > clock.now(),
            Challenge.organisation_id != func.coalesce(Solver.organisation_id, 0),
            ~told,
            ~invited,
            ~bidding,
            or_(SuggestionChoice.id.is_not(None), ~stopped),
        )
        .options(
            contains_eager(Candidate.solver),
            contains_eager(Candidate.challenge).joinedload(Challenge.rules),
            contains_eager(Candidate.challenge).joinedload(Challenge.organisation),
        )
        .order_by(Candidate.score.desc(), Candidate.id)
    )


def _fits(query: Select[Candidate, SuggestionChoice]) -> list[Fit]:
    """Those that reach the threshold of their challenge's rules, best first; a letter must be able to say why."""
    found = []
    for candidate, choice in db.session.execute(query).unique():
        rules = rules_of(candidate.challenge)
        if candidate.reasons and candidate.score * 100 >= rules.suggestion_threshold:
            pace = choice.pace if choice else SuggestionPace(rules.suggestion_default)
            found.append(Fit(candidate, pace, rules))
    return found


def _weekly(weekday: str, lead_id: int | None = None) -> list[Fit]:
    query = _untold() if lead_id is None else _untold().where(Solver.lead_id == lead_id)
    return [fit for fit in _fits(query) if fit.pace is SuggestionPace.WEEKLY and fit.rules.digest_weekday == weekday]


# ---------- telling ----------


def tell_at_once(challenge: Challenge) -> None:
    """After a ranking, in its transaction: who wants to know at once is told, each lead in one message."""
    by_lead: dict[int, list[Fit]] = defaultdict(list)
    for fit in _fits(_untold().where(Candidate.challenge_id == challenge.id)):
        if fit.pace is SuggestionPace.AT_ONCE:
            by_lead[fit.candidate.solver.lead_id].append(fit)
    for lead_id, fits in by_lead.items():
        _tell(db.session.get_one(User, lead_id), fits)


@scheduled
def ask_for_digests() -> None:
    """From nine o'clock on its day, once a week; a worker that was away catches up until Sunday."""
    now = clock.local(clock.now())
    year, week, day = now.isocalendar()
    come = WEEKDAYS[: day if now.hour >= DIGEST_HOUR else day - 1]
    with transaction():
        for weekday in come:
            enqueue("matches.digest", {"weekday": weekday, "week": f"{year}-{week}"}, key=f"{year}-{week}-{weekday}")


@handler("matches.digest")
def ask_each_digest(payload: dict[str, Any]) -> None:
    """One delivery a person, so that one that fails holds up no other."""
    weekday = payload["weekday"]
    for lead_id in dict.fromkeys(fit.candidate.solver.lead_id for fit in _weekly(weekday)):
        key = f"{payload['week']}-{weekday}-{lead_id}"
        enqueue("matches.digest_for", {"weekday": weekday, "user_id": lead_id}, key=key)


@handler("matches.digest_for")
def send_digest(payload: dict[str, Any]) -> None:
    fits = _weekly(payload["weekday"], payload["user_id"])[:MOST_A_DIGEST]
    if fits:
        _tell(db.session.get_one(User, payload["user_id"]), fits)


def _tell(user: User, fits: Sequence[Fit]) -> None:
    """One message for all ``fits`` in the person's language, with public text only."""
    for fit in fits:
        candidate = fit.candidate
        db.session.add(
            Suggestion(
                challenge_id=candidate.challenge_id,
                solver_id=candidate.solver_id,
                user_id=user.id,
                pace=fit.pace,
                score=candidate.score,
                terms=terms_of(candidate),
            )
        )
    with force_locale(user.locale):
        notify([user.id], _subject(fits), _letter(user, fits), PAGE)


def terms_of(candidate: Candidate) -> list[str]:
    """The heaviest words that led to the match."""
    ordered = sorted(candidate.reasons, key=lambda reason: -reason["weight"])
    return list(dict.fromkeys(reason["term"] for reason in ordered))[:TERMS_TOLD]


def _subject(fits: Sequence[Fit]) -> str:
    titles = list(dict.fromkeys(fit.candidate.challenge.title for fit in fits))
    if fits[0].pace is SuggestionPace.AT_ONCE:
        return _("新榜单与您的资料相符：%(title)s", title=titles[0])
    return _("本周与您的资料相符的榜单：%(n)d 个", n=len(titles))


def _letter(user: User, fits: Sequence[Fit]) -> str:
    base = current_app.extensions["settings"].base_url.rstrip("/")
    parts = [_paragraph(fit, base) for fit in fits]
    parts.append(
        _(
            "为什么收到这封信：您登记的揭榜方资料开启了匹配推荐，系统只用其中公开的内容与榜单公开文本比对。"
            "想看完整的理由、改变告知方式或退出匹配，请打开信末的链接。"
        )
    )
    link = f"{base}/matches/stop/{stop_token(user)}"
    parts.append(_("不想再收到这类信，打开下面的链接点一下即可，不用登录：%(link)s", link=link))
    return "\n\n".join(parts)


def _paragraph(fit: Fit, base: str) -> str:
    challenge = fit.candidate.challenge
    deadline = clock.local(challenge.bid_deadline) if challenge.bid_deadline else None
    facts = {
        "title": challenge.title,
        "code": challenge.code or "",
        "poster": organisation_name(challenge.organisation),
        "solver": shown_name(fit.candidate.solver),
        "deadline": f"{deadline:%Y-%m-%d %H:%M}" if deadline else "",
        "score": round(fit.candidate.score * 100),
        "terms": _("、").join(terms_of(fit.candidate)),
    }
    return "\n".join(
        (
            _("%(title)s（%(code)s，%(poster)s）", **facts),
            _("揭榜截止：北京时间 %(deadline)s", **facts),
            _("与“%(solver)s”的匹配度 %(score)d，共同的词：%(terms)s", **facts),
            f"{base}/challenges/{challenge.code}",
        )
    )


# ---------- choosing and stopping ----------


def choices_of(solvers: Iterable[Solver]) -> dict[int, SuggestionPace]:
    """Solver id → what was chosen; who did not choose is not in it."""
    ids = [solver.id for solver in solvers]
    rows = db.session.execute(
        select(SuggestionChoice.solver_id, SuggestionChoice.pace).where(SuggestionChoice.solver_id.in_(ids))
    )
    return {row.solver_id: row.pace for row in rows}


def default_rules() -> Rules:
    """What holds for who did not choose, to show it: the newest rules of the newest programme."""
    newest = newest_rules()
    return Rules(**newest[max(newest)].content) if newest else Rules()


def choose_pace(actor: Actor, solver: Solver, pace: str) -> None:
    """The lead chooses how to hear of fitting challenges. Raises NotAllowed, InvalidInput."""
    if not (verdict := may_edit(actor, solver)):
        raise NotAllowed(verdict.reason)
    if pace not in set(SuggestionPace):
        raise InvalidInput({"pace": _("请选择一种告知方式")})
    _choose(actor, solver, SuggestionPace(pace))


def _choose(actor: Actor, solver: Solver, pace: SuggestionPace, note: str = "") -> None:
    kept = db.session.scalar(select(SuggestionChoice).where(SuggestionChoice.solver_id == solver.id))
    if kept is not None and kept.pace is pace:
        return
    choice = kept or SuggestionChoice(solver_id=solver.id)
    choice.pace, choice.chosen_at = pace, clock.now()
    db.session.add(choice)
    db.session.flush()  # The entry names the row.
    record(actor, "suggestion_choice:choose", choice, note)


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="matches.stop")


def stop_token(user: User) -> str:
    """Lets its holder end this person's letters, nothing else; it never expires, as the letters do not."""
    return str(_signer().dumps(user.id))


def user_of_token(token: str) -> User:
    """Raises NotFound for anything that this installation did not sign."""
    try:
        user = db.session.get(User, _signer().loads(token))
    except BadSignature:
        user = None
    if user is None:
        raise NotFound(_("链接不完整或已失效，请登录后在“适合我的榜单”中更改"))
    return user


def stop(token: str) -> User:
    """No more letters about any profile this person leads; asked for by the signed link of a letter."""
    user = user_of_token(token)
    for solver in db.session.scalars(select(Solver).where(Solver.lead_id == user.id).order_by(Solver.id)):
        _choose(ANONYMOUS, solver, SuggestionPace.NEVER, _("通过信中的链接"))
    return user


# ---------- what became known to whom ----------


def listings_of(actor: Actor) -> Select[Candidate]:
    """Where the actor's profiles stand or stood as candidates, newest first (个人信息保护法 art. 24)."""
    return (
        select(Candidate)
        .join(Solver, Solver.id == Candidate.solver_id)
        .where(belongs_to(actor))
        .options(joinedload(Candidate.challenge), joinedload(Candidate.solver))
        .order_by(Candidate.created_at.desc(), Candidate.id.desc())
    )


def told_about(candidates: Sequence[Candidate]) -> dict[tuple[int, int], Suggestion]:
    """(challenge id, solver id) → when and how the lead was told."""
    rows = db.session.scalars(
        select(Suggestion).where(
            Suggestion.challenge_id.in_({candidate.challenge_id for candidate in candidates}),
            Suggestion.solver_id.in_({candidate.solver_id for candidate in candidates}),
        )
    )
    return {(row.challenge_id, row.solver_id): row for row in rows}


def invited_among(candidates: Sequence[Candidate]) -> dict[tuple[int, int], ChallengeInvitation]:
    rows = db.session.scalars(
        select(ChallengeInvitation).where(
            ChallengeInvitation.challenge_id.in_({candidate.challenge_id for candidate in candidates}),
            ChallengeInvitation.solver_id.in_({candidate.solver_id for candidate in candidates}),
        )
    )
    return {(row.challenge_id, row.solver_id): row for row in rows}
