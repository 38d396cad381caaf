"""Candidates of a challenge for staff and its poster; challenges for me."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from market.access import actor, requires, signed_in
from market.challenges.models import Challenge
from market.challenges.queries import challenge_by_code
from market.database import transaction
from market.errors import Conflict, InvalidInput, NotAllowed
from market.forms import BaseForm
from market.jobs.progress import progress_of
from market.matches import forms, operations, policies, queries
from market.matches.models import CandidateVerdict
from market.permissions import Permission
from market.solvers.queries import own_solvers

bp = Blueprint("matches", __name__)
SOLVER = "<int(max=2147483647):solver_id>"
CANDIDATES = "/challenges/<code>/candidates"
SEES = (Permission.MATCH_READ, Permission.MATCH_RUN)


def _challenge(code: str) -> Challenge:
    challenge = challenge_by_code(code.replace("\0", ""))
    if not (verdict := policies.may_see_candidates(actor(), challenge)):
        raise NotAllowed(verdict.reason)
    return challenge


def _back(challenge: Challenge, solver_id: int | None = None) -> Any:
    anchor = f"solver-{solver_id}" if solver_id else None
    return redirect(url_for("matches.show", code=challenge.code, _anchor=anchor), 303)


def _first_error(form: BaseForm) -> str:
    return next((text for texts in form.errors.values() for text in texts), _("填写有误"))


@bp.get(CANDIDATES)
@requires(*SEES)
def show(code: str) -> Any:
    """Staff: evidence cards. The poster: numbers only."""
    challenge = _challenge(code)
    reach, run = queries.reach_of(challenge), queries.latest_run(challenge)
    if not policies.may_see_names(actor()):
        return render_template("matches/reach.html", challenge=challenge, reach=reach, run=run)
    return render_template(
        "matches/candidates.html",
        challenge=challenge,
        cards=queries.cards_of(challenge),
        reach=reach,
        run=run,
        progress=progress_of(operations.progress_key(challenge.id)),
        judges=policies.may_judge(actor(), challenge),
        form=forms.JudgementForm(),
    )


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
    return _judge(code, solver_id, CandidateVerdict.APPROVED)


@bp.post(f"{CANDIDATES}/{SOLVER}/refuse")
@requires(Permission.MATCH_RUN)
def refuse(code: str, solver_id: int) -> Any:
    return _judge(code, solver_id, CandidateVerdict.REFUSED)


def _judge(code: str, solver_id: int, verdict: CandidateVerdict) -> Any:
    challenge = _challenge(code)
    card, form = queries.card_of(challenge, solver_id), forms.JudgementForm()
    try:
        if not form.validate_on_submit():
            raise InvalidInput(_first_error(form))
        with transaction():
            operations.judge_candidate(actor(), card.candidate, verdict, form.refusal, form.note.data or "")
    except (InvalidInput, Conflict) as problem:
        flash(problem.message, "error")
    else:
        flash(_("已记录：%(name)s，%(verdict)s", name=card.candidate.solver.name, verdict=verdict.label), "success")
    return _back(challenge, solver_id)


def _chosen(challenge: Challenge) -> list[queries.Card]:
    numbers = [value for value in request.form.getlist("solver") if value.isascii() and value.isdigit()]
    ids = {int(value) for value in numbers if len(value) < 10}
    return [card for card in queries.cards_of(challenge) if card.candidate.solver_id in ids]


@bp.post(f"{CANDIDATES}/approve")
@requires(Permission.MATCH_RUN)
def approve_many(code: str) -> Any:
    """Approve every ticked candidate, all or none."""
    challenge = _challenge(code)
    chosen = _chosen(challenge)
    try:
        with transaction():
            for card in chosen:
                operations.judge_candidate(actor(), card.candidate, CandidateVerdict.APPROVED)
    except InvalidInput as problem:
        flash(problem.message, "error")
    else:
        flash(
            _("已同意邀请 %(n)d 个", n=len(chosen)) if chosen else _("请先勾选候选"), "success" if chosen else "warning"
        )
    return _back(challenge)


@bp.post(f"{CANDIDATES}/invite")
@requires(Permission.MATCH_RUN)
def invite(code: str) -> Any:
    """Invite every approved candidate who has no invitation yet."""
    challenge = _challenge(code)
    approved = [card for card in queries.cards_of(challenge) if card.verdict is CandidateVerdict.APPROVED]
    try:
        with transaction():
            sent = operations.invite_candidates(actor(), challenge, [card.candidate for card in approved])
    except InvalidInput as problem:
        flash(problem.message, "error")
    else:
        flash(
            _("已邀请 %(n)d 个揭榜方", n=len(sent)) if sent else _("没有需要发出的邀请：请先同意候选"),
            "success" if sent else "warning",
        )
    return _back(challenge)


@bp.post(f"{CANDIDATES}/{SOLVER}/remind")
@requires(Permission.MATCH_RUN)
def remind(code: str, solver_id: int) -> Any:
    challenge = _challenge(code)
    invitation = queries.card_of(challenge, solver_id).invitation
    if invitation is None:
        raise Conflict(_("还没有发出邀请"))
    with transaction():
        operations.remind_invitation(actor(), invitation)
    flash(_("已再次提醒"), "success")
    return _back(challenge, solver_id)


@bp.get("/matches/for-me")
@signed_in
def for_me() -> Any:
    """Open challenges that fit my profiles with reasons, invitations to answer, the way out."""
    solvers = own_solvers(actor())
    if not solvers and not actor().has(Permission.INVITATION_ANSWER):
        raise NotAllowed(_("登记揭榜方资料后，这里会列出适合您的榜单"))
    return render_template(
        "matches/for_me.html",
        solvers=solvers,
        candidates=queries.fitting_challenges(actor()),
        invitations=queries.invitations_for(actor()),
        form=forms.AnswerForm(),
    )


@bp.post("/matches/invitations/<int(max=2147483647):invitation_id>/answer")
@requires(Permission.INVITATION_ANSWER)
def answer(invitation_id: int) -> Any:
    invitation, form = queries.invitation_for(actor(), invitation_id), forms.AnswerForm()
    try:
        if not form.validate_on_submit():
            raise InvalidInput(_first_error(form))
        with transaction():
            operations.answer_invitation(actor(), invitation, form.answer.data, form.note.data or "")
    except InvalidInput as problem:
        flash(problem.message, "error")
    else:
        flash(_("已答复：%(answer)s", answer=invitation.state.label), "success")
    return redirect(url_for("matches.for_me"), 303)
