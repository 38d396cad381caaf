"""Routes of reviews: /reviews for the pool, rounds and experts' tasks; /challenges/<code>/review for one challenge."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms.fields.choices import SelectChoice  # pyright: ignore[reportAttributeAccessIssue]

from market import clock
from market.access import actor, requires, signed_in
from market.accounts.models import User
from market.database import transaction
from market.errors import InvalidInput, NotAllowed
from market.forms import ReasonForm, attempt
from market.paging import page_number
from market.permissions import Permission
from market.programmes.queries import rules_of
from market.reviews import operations, pool, queries
from market.reviews.forms import (
    ConclusionForm,
    DrawForm,
    ExpertForm,
    declaration_form,
    score_form,
    scores_of,
)
from market.reviews.models import Round
from market.reviews.policies import may_manage_round

bp = Blueprint("reviews", __name__)
P = Permission


def _to(endpoint: str, message: str = "", tone: str = "success", **arguments: Any) -> Response:
    if message:
        flash(message, tone)
    return redirect(url_for(endpoint, **arguments), 303)


def _to_round(round_: Round, message: str, tone: str = "success") -> Response:
    return _to("reviews.show", message, tone, code=round_.challenge.code)


# --- the bureau -----------------------------------------------------------------------------------------------------


@bp.get("/reviews/")
@requires(P.REVIEW_READ)
def index() -> str:
    page = queries.challenges_in_review(page_number(request.args.get("page")))
    return render_template(
        "reviews/index.html",
        page=page,
        rounds=queries.latest_rounds(page.items),
        qualified=queries.qualified_counts(page.items),
    )


@bp.get("/challenges/<code>/review")
@requires(P.REVIEW_READ)
def show(code: str) -> str:
    challenge = queries.challenge_under_review(code)
    rounds = queries.rounds_of(challenge)
    shown = [queries.round_view(round_) for round_ in rounds]
    return render_template(
        "reviews/show.html",
        challenge=challenge,
        rounds=shown,
        rules=rules_of(challenge),
        can_manage=actor().has(P.REVIEW_MANAGE),
    )


@bp.post("/challenges/<code>/review/start")
@requires(P.REVIEW_MANAGE)
def start(code: str) -> Response:
    with transaction():
        operations.start_round(actor(), queries.challenge_under_review(code))
    return _to("reviews.show", _("已开始组建评审组"), code=code)


@bp.route("/reviews/rounds/<int:round_id>/panel", methods=["GET", "POST"])
@requires(P.REVIEW_MANAGE)
def panel(round_id: int) -> Any:
    """The whole pool with the reason why somebody is excluded; draw, or name somebody."""
    round_ = queries.round_by_id(round_id)
    form = DrawForm(count=rules_of(round_.challenge).panel_least)
    if form.validate_on_submit() and attempt(form, lambda: _draw(round_id, form.count.data)):
        return _to_round(queries.round_by_id(round_id), _("已抽取，请由另一位经办核对后通知专家"))
    return render_template(
        "reviews/panel.html",
        form=form,
        round=round_,
        pool=pool.pool_for(round_),
        served=pool.times_served(clock.today().year),
        seated={assignment.expert_id for assignment in queries.panel_of(round_)},
        fields=dict(pool.tech_fields()),
    )


def _draw(round_id: int, count: int) -> Any:
    with transaction():
        return operations.draw_experts(actor(), queries.round_by_id(round_id), count)


def _act(round_id: int, work: Any, done: str) -> Response:
    """Run ``work`` on the round; what the rules refuse is said on the round's page."""
    try:
        with transaction():
            work(queries.round_by_id(round_id))
    except InvalidInput as problem:
        return _to_round(queries.round_by_id(round_id), problem.message, "error")
    return _to_round(queries.round_by_id(round_id), done)


def _with_reason(round_id: int, work: Callable[[str], None], done: str) -> Any:
    if not (verdict := may_manage_round(actor(), queries.round_by_id(round_id))):
        raise NotAllowed(verdict.reason)  # Nobody is asked for the reason of what may not be done.
    form = ReasonForm()

    def act() -> bool:
        with transaction():
            work(form.reason.data or "")
        return True

    if form.validate_on_submit() and attempt(form, act):
        return _to_round(queries.round_by_id(round_id), done)
    challenge = queries.round_by_id(round_id).challenge
    back = url_for("reviews.show", code=challenge.code)
    return render_template("layouts/reason.html", form=form, about=challenge.title, back=back)


@bp.post("/reviews/rounds/<int:round_id>/assign/<int:expert_id>")
@requires(P.REVIEW_MANAGE)
def assign(round_id: int, expert_id: int) -> Response:
    def work(round_: Round) -> None:
        operations.assign_expert(actor(), round_, pool.expert_by_id(expert_id))

    return _act(round_id, work, _("已指定专家"))


@bp.post("/reviews/rounds/<int:round_id>/convene")
@requires(P.REVIEW_MANAGE)
def convene(round_id: int) -> Response:
    return _act(round_id, lambda round_: operations.convene_round(actor(), round_), _("已通知专家，等待回避申报"))


@bp.post("/reviews/rounds/<int:round_id>/start-scoring")
@requires(P.REVIEW_MANAGE)
def start_scoring(round_id: int) -> Response:
    return _act(round_id, lambda round_: operations.start_scoring(actor(), round_), _("评分已开始"))


@bp.post("/reviews/rounds/<int:round_id>/rank")
@requires(P.REVIEW_MANAGE)
def rank(round_id: int) -> Response:
    return _act(round_id, lambda round_: operations.rank_round(actor(), round_), _("已汇总排序"))


@bp.post("/reviews/rounds/<int:round_id>/void")
@requires(P.REVIEW_MANAGE)
def void(round_id: int) -> Any:
    def work(reason: str) -> None:
        operations.void_round(actor(), queries.round_by_id(round_id), reason)

    return _with_reason(round_id, work, _("本轮已作废"))


@bp.post("/reviews/tasks/<int:assignment_id>/release")
@requires(P.REVIEW_MANAGE)
def release(assignment_id: int) -> Any:
    def work(reason: str) -> None:
        operations.release_expert(actor(), queries.assignment_by_id(assignment_id), reason)

    round_id = queries.assignment_by_id(assignment_id).round_id
    return _with_reason(round_id, work, _("已撤换，候补专家已按抽取顺序补上"))


@bp.route("/reviews/rounds/<int:round_id>/conclude", methods=["GET", "POST"])
@requires(P.REVIEW_MANAGE)
def conclude(round_id: int) -> Any:
    round_, form = queries.round_by_id(round_id), ConclusionForm()
    rankings = queries.rankings_of(round_)
    if form.validate_on_submit() and attempt(form, lambda: _conclude(round_id, form)):
        return _to_round(queries.round_by_id(round_id), _("推荐意见已形成，可以拟定公示"))
    return render_template(
        "reviews/conclude.html",
        form=form,
        round=round_,
        rankings=rankings,
        rules=rules_of(round_.challenge),
        chosen={ranking.bid_id: request.form.get(f"verdict_{ranking.bid_id}", "") for ranking in rankings},
    )


def _conclude(round_id: int, form: ConclusionForm) -> bool:
    with transaction():
        round_ = queries.round_by_id(round_id)
        chosen = form.verdicts([ranking.bid_id for ranking in queries.rankings_of(round_)], request.form)
        operations.conclude_round(actor(), round_, form.opinion.data or "", *chosen, form.explanation.data or "")
    return True


# --- the pool -------------------------------------------------------------------------------------------------------


@bp.get("/reviews/experts")
@requires(P.REVIEW_READ)
def experts() -> str:
    return render_template(
        "reviews/experts.html",
        page=pool.expert_page(page_number(request.args.get("page"))),
        served=pool.times_served(clock.today().year),
        fields=dict(pool.tech_fields()),
        can_manage=actor().has(P.REVIEW_MANAGE),
    )


def _expert_form(**kept: Any) -> ExpertForm:
    form = ExpertForm(**kept)
    form.fields.choices = [SelectChoice(code, name) for code, name in pool.tech_fields()]
    units = [SelectChoice(str(number), name) for number, name in pool.verified_organisations()]
    form.organisation_id.choices = [SelectChoice("", _("无")), *units]
    return form


@bp.route("/reviews/experts/new", methods=["GET", "POST"])
@requires(P.REVIEW_MANAGE)
def add_expert() -> Any:
    form = _expert_form()
    people = [SelectChoice(str(user.id), f"{user.name} · {user.email}") for user in pool.users_to_register()]
    form.user_id.choices = [SelectChoice("", _("请选择")), *people]
    if form.validate_on_submit() and attempt(form, lambda: _register(form)):
        return _to("reviews.experts", _("已加入专家库"))
    return render_template("reviews/expert_form.html", form=form, expert=None)


def _register(form: ExpertForm) -> Any:
    with transaction() as session:
        return operations.register_expert(actor(), session.get_one(User, form.user_id.data), form.values())


@bp.route("/reviews/experts/<int:expert_id>/edit", methods=["GET", "POST"])
@requires(P.REVIEW_MANAGE)
def edit_expert(expert_id: int) -> Any:
    expert = pool.expert_by_id(expert_id)
    form = _expert_form(obj=expert)
    del form.user_id
    if form.validate_on_submit() and attempt(form, lambda: _update(expert_id, form)):
        return _to("reviews.experts", _("已保存"))
    return render_template("reviews/expert_form.html", form=form, expert=expert)


def _update(expert_id: int, form: ExpertForm) -> bool:
    with transaction():
        operations.update_expert(actor(), pool.expert_by_id(expert_id), form.values())
    return True


# --- an expert's tasks ----------------------------------------------------------------------------------------------


@bp.get("/reviews/mine")
@requires(P.REVIEW_SCORE)
def mine() -> str:
    return render_template("reviews/mine.html", tasks=queries.tasks_of(actor()))


@bp.route("/reviews/tasks/<int:assignment_id>/declare", methods=["GET", "POST"])
@requires(P.REVIEW_SCORE)
def declare(assignment_id: int) -> Any:
    task = queries.task_by_id(actor(), assignment_id)
    bids = queries.bids_of(task.round)
    form = declaration_form(bids)
    if form.validate_on_submit() and (done := attempt(form, lambda: _declare(assignment_id, form))):
        return _to("reviews.mine", done)
    return render_template("reviews/declare.html", form=form, task=task, bids=bids, pledge=operations.PLEDGE)


def _declare(assignment_id: int, form: Any) -> str:
    with transaction():
        task = queries.task_by_id(actor(), assignment_id)
        if any(form[f"bid_{bid.id}"].data == "yes" for bid in queries.bids_of(task.round)):
            operations.recuse(actor(), task, form.reason.data or "")
            return _("已回避，感谢您如实申报")
        if not form.pledge.data:
            raise InvalidInput({"pledge": _("请签署承诺")})
        operations.declare_no_conflict(actor(), task)
    return _("申报已提交，评分开始后材料将对您开放")


@bp.get("/reviews/tasks/<int:assignment_id>")
@requires(P.REVIEW_SCORE)
def task(assignment_id: int) -> str:
    assignment = queries.task_by_id(actor(), assignment_id)
    return render_template("reviews/task.html", **queries.task_view(actor(), assignment))


@bp.route("/reviews/tasks/<int:assignment_id>/bids/<int:bid_id>", methods=["GET", "POST"])
@requires(P.REVIEW_SCORE)
def score(assignment_id: int, bid_id: int) -> Any:
    assignment = queries.task_by_id(actor(), assignment_id)
    view = queries.score_view(actor(), assignment, bid_id)
    form = score_form(assignment.round.criteria, view["draft"])
    if form.validate_on_submit() and attempt(form, lambda: _save_scores(assignment_id, bid_id, form)):
        following = view["next_id"] if request.form.get("action") == "next" else None
        if following:
            return _to("reviews.score", _("已保存"), assignment_id=assignment_id, bid_id=following)
        return _to("reviews.task", _("已保存"), assignment_id=assignment_id)
    return render_template("reviews/score.html", form=form, **view)


def _save_scores(assignment_id: int, bid_id: int, form: Any) -> Any:
    with transaction():
        assignment = queries.task_by_id(actor(), assignment_id)
        bid = queries.task_bid(assignment, bid_id)
        return operations.save_score_draft(actor(), assignment, bid, scores_of(form, assignment.round.criteria))


@bp.post("/reviews/tasks/<int:assignment_id>/submit")
@requires(P.REVIEW_SCORE)
def submit(assignment_id: int) -> Response:
    try:
        with transaction():
            operations.submit_scores(actor(), queries.task_by_id(actor(), assignment_id))
    except InvalidInput as problem:
        return _to("reviews.task", problem.message, "error", assignment_id=assignment_id)
    return _to("reviews.mine", _("评分已提交，感谢您的评审"))


# --- a bidder's own result ------------------------------------------------------------------------------------------


@bp.get("/reviews/results/<int:bid_id>")
@signed_in
def result(bid_id: int) -> str:
    return render_template("reviews/result.html", **queries.result_of(actor(), bid_id))
