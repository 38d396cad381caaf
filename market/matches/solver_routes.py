"""Routes of matches for the solver: challenges for me, how to be told of them, what became known, invitations."""

from collections.abc import Sequence
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from market.access import actor, public, requires, signed_in
from market.database import db, transaction
from market.errors import InvalidInput, NotAllowed
from market.matches import forms, invitations, queries, suggestions
from market.matches.blueprint import bp
from market.matches.models import Candidate
from market.paging import page_number, paginate
from market.permissions import Permission
from market.solvers.models import Solver
from market.solvers.operations import count_achievement
from market.solvers.queries import achievement_of, own_solvers, solver_edited_by, works_to_choose

SOLVER = "<int:solver_id>"


@bp.get("/matches/for-me")
@signed_in
def for_me() -> Any:
    """Open challenges that fit my profiles with reasons, invitations to answer, the way out."""
    solvers = own_solvers(actor())
    if not solvers and not actor().has(Permission.INVITATION_ANSWER):
        raise NotAllowed(_("登记揭榜方资料后，这里会列出适合您的榜单"))
    candidates = queries.fitting_challenges(actor())
    return render_template(
        "matches/for_me.html",
        solvers=solvers,
        candidates=candidates,
        invitations=queries.invitations_for(actor()),
        form=forms.AnswerForm(),
        **_choices(solvers, candidates),
    )


def _choices(solvers: Sequence[Solver], candidates: Sequence[Candidate]) -> dict[str, Any]:
    """What the lead may choose on this page: how to be told, and which works speak for the profile."""
    led = [solver.id for solver in solvers if solver.lead_id == actor().user_id]
    named = {reason["document"] for candidate in candidates for reason in candidate.reasons}
    works = works_to_choose(led, named)
    return {
        "paces": suggestions.choices_of(solvers),
        "rules": suggestions.default_rules(),
        "works": {(work.solver_id, work.title): work for work in works},
        "set_aside": [work for work in works if not work.counts_for_matching],
    }


@bp.post(f"/matches/for-me/{SOLVER}/pace")
@requires(Permission.SOLVER_WRITE)
def choose_pace(solver_id: int) -> Any:
    """How the lead wants to hear of challenges that fit."""
    solver = solver_edited_by(actor(), solver_id)
    try:
        with transaction():
            suggestions.choose_pace(actor(), solver, request.form.get("pace", ""))
    except InvalidInput as problem:
        flash(problem.message, "error")
    else:
        flash(_("已保存告知方式"), "success")
    return redirect(url_for("matches.for_me", _anchor=f"telling-{solver_id}"), 303)


@bp.post(f"/matches/for-me/{SOLVER}/works/<int:work_id>")
@requires(Permission.SOLVER_WRITE)
def count_work(solver_id: int, work_id: int) -> Any:
    """One work speaks for the profile, or no longer."""
    solver = solver_edited_by(actor(), solver_id)
    work, counts = achievement_of(solver, work_id), request.form.get("counts") == "yes"
    with transaction():
        count_achievement(actor(), solver, work, counts)
    flash(_("已恢复，匹配将在一分钟内更新") if counts else _("已记住：不再用这项成果匹配，一分钟内更新"), "success")
    return redirect(url_for("matches.for_me"), 303)


@bp.get("/matches/for-me/record")
@signed_in
def record() -> Any:
    """Where my profiles were listed, since when, by which words, and what I was told."""
    if not own_solvers(actor()) and not actor().has(Permission.INVITATION_ANSWER):
        raise NotAllowed(_("登记揭榜方资料后，这里会列出推荐记录"))
    page = paginate(db.session(), suggestions.listings_of(actor()), page_number(request.args.get("page")))
    told, invited = suggestions.told_about(page.items), suggestions.invited_among(page.items)
    return render_template("matches/record.html", page=page, told=told, invited=invited, terms_of=suggestions.terms_of)


@bp.route("/matches/stop/<token>", methods=["GET", "POST"])
@public
def stop(token: str) -> Any:
    """One click of the person who got the letter. Mail programs open links by themselves, so only the button acts."""
    suggestions.user_of_token(token)
    if request.method == "POST":
        with transaction():
            suggestions.stop(token)
    return render_template("matches/stop.html", stopped=request.method == "POST")


@bp.post("/matches/invitations/<int(max=2147483647):invitation_id>/answer")
@requires(Permission.INVITATION_ANSWER)
def answer(invitation_id: int) -> Any:
    invitation, form = queries.invitation_for(actor(), invitation_id), forms.AnswerForm()
    try:
        if not form.validate_on_submit():
            raise InvalidInput(forms.first_error(form))
        with transaction():
            invitations.answer_invitation(
                actor(), invitation, form.answer.data, form.note.data or "", form.declined_because
            )
    except InvalidInput as problem:
        flash(problem.message, "error")
    else:
        flash(_("已答复：%(answer)s", answer=invitation.state.label), "success")
    return redirect(url_for("matches.for_me"), 303)
