"""Candidates of a challenge for staff and its poster. Solvers' pages and the matcher's health have their own files."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from market.access import actor, requires
from market.challenges.models import Challenge
from market.challenges.queries import challenge_by_code
from market.database import transaction
from market.errors import Conflict, InvalidInput, NotAllowed, NotFound
from market.jobs.progress import progress_of
from market.matches import (
    alternates,
    comparison,
    filters,
    forms,
    health_routes,
    invitations,
    operations,
    outlook_routes,
    policies,
    queries,
    solver_routes,
)
from market.matches.blueprint import bp
from market.matches.models import CandidateVerdict
from market.permissions import Permission

__all__ = ["alternates", "bp", "health_routes", "outlook_routes", "solver_routes"]
SOLVER = "<int(max=2147483647):solver_id>"
CANDIDATES = "/challenges/<code>/candidates"
SEES = (Permission.MATCH_READ, Permission.MATCH_RUN)


def _challenge(code: str) -> Challenge:
    challenge = challenge_by_code(code.replace("\0", ""))
    if not (verdict := policies.may_see_candidates(actor(), challenge)):
        raise NotAllowed(verdict.reason)
    return challenge


def _back(challenge: Challenge, solver_id: int | None = None) -> Any:
    """To the list as it was filtered."""
    chosen: dict[str, Any] = filters.CandidateFilter.of(request.args).chosen
    anchor = f"solver-{solver_id}" if solver_id else None
    return redirect(url_for("matches.show", code=challenge.code, _anchor=anchor, **chosen), 303)


@bp.get(CANDIDATES)
@requires(*SEES)
def show(code: str) -> Any:
    """Staff: evidence cards. The poster: numbers only."""
    challenge = _challenge(code)
    if not policies.may_see_names(actor()):
        reach, run = queries.reach_of(challenge), queries.latest_run(challenge)
        return render_template("matches/reach.html", challenge=challenge, reach=reach, run=run)
    return _page(challenge)


def _page(challenge: Challenge, failed: int | None = None, form: forms.JudgementForm | None = None) -> str:
    """``failed``: the solver whose refusal came back, with what was typed in ``form``."""
    chosen, cards = filters.CandidateFilter.of(request.args), queries.cards_of(challenge)
    return render_template(
        "matches/candidates.html",
        challenge=challenge,
        cards=[card for card in cards if chosen.keeps(card) or card.candidate.solver_id == failed],
        total=len(cards),
        chosen=chosen,
        choices=filters.CHOICES,
        reach=queries.reach_of(challenge),
        run=queries.latest_run(challenge),
        places=queries.places_of(challenge, cards),
        progress=progress_of(operations.progress_key(challenge.id)),
        judges=policies.may_judge(actor(), challenge),
        failed=failed,
        form=form or forms.JudgementForm(formdata=None),
    )


@bp.get(f"{CANDIDATES}/compare")
@requires(*SEES)
def compare(code: str) -> Any:
    """Two candidates side by side; the first two when none are named."""
    challenge = _challenge(code)
    if not (verdict := policies.may_see_names(actor())):
        raise NotAllowed(verdict.reason)
    cards = queries.cards_of(challenge)
    pair = _pair(cards)
    found = comparison.compare(*pair) if pair else None
    return render_template("matches/compare.html", challenge=challenge, cards=cards, found=found)


def _pair(cards: list[queries.Card]) -> tuple[queries.Card, queries.Card] | None:
    """Those that ``a`` and ``b`` name, else the best of the others. Raises NotFound for one who is no candidate."""
    by_id = {str(card.candidate.solver_id): card for card in cards}
    asked = [request.args.get(name, "") for name in ("a", "b")]
    if any(value and value not in by_id for value in asked):
        raise NotFound(_("候选名单中没有这个揭榜方，可能已隐藏资料或退出匹配"))
    ids = list(dict.fromkeys([*filter(None, asked), *by_id]))[:2]
    return (by_id[ids[0]], by_id[ids[1]]) if len(ids) == 2 else None


@bp.post(f"{CANDIDATES}/rank")
@requires(Permission.MATCH_RUN)
def rank(code: str) -> Any:
    challenge = _challenge(code)
    with transaction():
        operations.request_ranking(actor(), challenge)
    flash(_("已安排重新匹配，完成后刷新本页即可看到"), "success")
    return _back(challenge)


@bp.post(f"{CANDIDATES}/{SOLVER}/approve")
@requires(Permission.MATCH_RUN)
def approve(code: str, solver_id: int) -> Any:
    challenge = _challenge(code)
    card = queries.card_of(challenge, solver_id)
    try:
        with transaction():
            operations.judge_candidate(actor(), card.candidate, CandidateVerdict.APPROVED)
    except (InvalidInput, Conflict) as problem:
        flash(problem.message, "error")
    else:
        flash(_("已记录：%(name)s，同意邀请", name=card.candidate.solver.name), "success")
    return _back(challenge, solver_id)


@bp.post(f"{CANDIDATES}/{SOLVER}/refuse")
@requires(Permission.MATCH_RUN)
def refuse(code: str, solver_id: int) -> Any:
    challenge = _challenge(code)
    card, form = queries.card_of(challenge, solver_id), forms.JudgementForm()
    try:
        if form.validate_on_submit():
            with transaction():
                operations.judge_candidate(
                    actor(), card.candidate, CandidateVerdict.REFUSED, form.refusal, form.note.data or ""
                )
    except InvalidInput as problem:
        form.take_errors(problem)
    except Conflict as problem:
        flash(problem.message, "error")
        return _back(challenge, solver_id)
    if form.errors:
        return _page(challenge, solver_id, form), 422
    flash(_("已记录：%(name)s，不邀请", name=card.candidate.solver.name), "success")
    return _back(challenge, solver_id)


@bp.post(f"{CANDIDATES}/{SOLVER}/invite")
@requires(Permission.MATCH_RUN)
def invite_one(code: str, solver_id: int) -> Any:
    """One click: approve, when nobody has judged yet, and invite."""
    challenge = _challenge(code)
    card = queries.card_of(challenge, solver_id)
    try:
        with transaction():
            if card.verdict is not CandidateVerdict.APPROVED:
                operations.judge_candidate(actor(), card.candidate, CandidateVerdict.APPROVED)
            sent = invitations.invite_candidates(actor(), challenge, [card.candidate])
    except InvalidInput as problem:
        flash(problem.message, "error")
    else:
        if card.invitation:
            flash(_("已经邀请过这个揭榜方"), "info")
        else:
            _tell_sent(len(sent), 0 if sent else 1)
    return _back(challenge, solver_id)


def _tell_sent(sent: int, left: int) -> None:
    if left:
        text = _("已邀请 %(n)d 个；有效邀请已到规则上限，其余 %(left)d 个列为备选", n=sent, left=left)
        flash(text, "success" if sent else "warning")
    elif sent:
        flash(_("已邀请 %(n)d 个揭榜方", n=sent), "success")
    else:
        flash(_("没有需要发出的邀请：请先同意候选"), "warning")


def _ticked(challenge: Challenge) -> list[queries.Card]:
    numbers = [value for value in request.form.getlist("solver") if value.isascii() and value.isdigit()]
    ids = {int(value) for value in numbers if len(value) < 10}
    return [card for card in queries.cards_of(challenge) if card.candidate.solver_id in ids]


@bp.post(f"{CANDIDATES}/approve")
@requires(Permission.MATCH_RUN)
def approve_many(code: str) -> Any:
    """Approve every ticked candidate, all or none."""
    challenge = _challenge(code)
    ticked = _ticked(challenge)
    try:
        with transaction():
            for card in ticked:
                operations.judge_candidate(actor(), card.candidate, CandidateVerdict.APPROVED)
    except InvalidInput as problem:
        flash(problem.message, "error")
    else:
        text = _("已同意邀请 %(n)d 个", n=len(ticked)) if ticked else _("请先勾选候选")
        flash(text, "success" if ticked else "warning")
    return _back(challenge)


@bp.post(f"{CANDIDATES}/invite")
@requires(Permission.MATCH_RUN)
def invite(code: str) -> Any:
    """Invite the approved candidates who have no invitation yet, in order, as many as may stand at once."""
    challenge = _challenge(code)
    waiting = queries.alternates_among(queries.cards_of(challenge))
    try:
        with transaction():
            sent = invitations.invite_candidates(actor(), challenge, [card.candidate for card in waiting])
    except InvalidInput as problem:
        flash(problem.message, "error")
    else:
        _tell_sent(len(sent), len(waiting) - len(sent))
    return _back(challenge)


@bp.post(f"{CANDIDATES}/{SOLVER}/remind")
@requires(Permission.MATCH_RUN)
def remind(code: str, solver_id: int) -> Any:
    challenge = _challenge(code)
    invitation = queries.card_of(challenge, solver_id).invitation
    if invitation is None:
        raise Conflict(_("还没有发出邀请"))
    try:
        with transaction():
            invitations.remind_invitation(actor(), invitation)
    except Conflict as problem:
        flash(problem.message, "error")
    else:
        flash(_("已再次提醒"), "success")
    return _back(challenge, solver_id)
