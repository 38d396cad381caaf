"""Routes of notices: the public list, page and objection; the bureau's drafting, approval and handling."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from market.access import actor, public, requires
from market.database import transaction
from market.errors import InvalidInput, NotFound
from market.forms import ReasonForm, attempt
from market.limits import limiter
from market.notices import objections as handling
from market.notices import operations, queries
from market.notices.forms import (
    ApprovalForm,
    DecisionForm,
    FindingForm,
    NoticeForm,
    ObjectionForm,
    RefusalForm,
    StatusForm,
)
from market.notices.models import Notice, NoticeState, Objection
from market.notices.policies import (
    may_approve_notice,
    may_decide_objection,
    may_handle_objection,
    may_object,
    may_see_objector,
)
from market.paging import page_number
from market.permissions import Permission
from market.reviews.queries import challenge_under_review

bp = Blueprint("notices", __name__)
P = Permission


def _to(endpoint: str, message: str = "", tone: str = "success", **arguments: Any) -> Response:
    if message:
        flash(message, tone)
    return redirect(url_for(endpoint, **arguments), 303)


def _notice(notice_id: int) -> Notice:
    return queries.notice_by_id(actor(), notice_id)


def _try(work: Callable[[], Any], done: str, endpoint: str, **arguments: Any) -> Response:
    """Run ``work`` in a transaction; what the rules refuse is said on the page one returns to."""
    try:
        with transaction():
            work()
    except InvalidInput as problem:
        return _to(endpoint, problem.message, "error", **arguments)
    return _to(endpoint, done, **arguments)


# --- public ---------------------------------------------------------------------------------------------------------


@bp.get("/notices/")
@public
def index() -> str:
    page = queries.public_notices(page_number(request.args.get("page")))
    return render_template("notices/index.html", page=page, items=queries.items_of_many(page.items))


@bp.get("/notices/<int:notice_id>")
@public
def show(notice_id: int) -> str:
    notice = _notice(notice_id)
    return render_template("notices/show.html", **queries.notice_view(actor(), notice))


@bp.get("/notices/<int:notice_id>/print")
@public
def print_page(notice_id: int) -> str:
    return render_template("notices/print.html", **queries.notice_view(actor(), _notice(notice_id)))


@bp.route("/notices/<int:notice_id>/object", methods=["GET", "POST"])
@public
@limiter.limit("10 per hour", methods=["POST"])
def submit_objection(notice_id: int) -> Any:
    notice, form = _notice(notice_id), ObjectionForm()
    if form.validate_on_submit() and (number := attempt(form, lambda: _submit(notice_id, form))):
        return render_template("notices/objection_received.html", notice=_notice(notice_id), number=number)
    return render_template("notices/objection_form.html", form=form, notice=notice, may=may_object(notice))


def _submit(notice_id: int, form: ObjectionForm) -> str:
    with transaction():
        return handling.submit_objection(actor(), _notice(notice_id), form.data, form.files).number


@bp.route("/notices/objection-status", methods=["GET", "POST"])
@public
@limiter.limit("30 per hour", methods=["POST"])
def objection_status() -> str:
    """Asked by POST so that the digits of the phone stand in no address and no log."""
    form, found = StatusForm(), None
    if form.validate_on_submit():
        try:
            found = queries.objection_for_objector(form.number.data or "", form.last_digits.data or "")
        except NotFound as problem:
            form.form_errors.append(problem.message)
    return render_template("notices/objection_status.html", form=form, objection=found)


# --- the bureau's notices -------------------------------------------------------------------------------------------


@bp.get("/notices/manage")
@requires(P.NOTICE_PREPARE, P.NOTICE_APPROVE, P.OBJECTION_READ)
def manage() -> str:
    chosen = next((state for state in NoticeState if state.value == request.args.get("state")), None)
    page = queries.all_notices(page_number(request.args.get("page")), chosen)
    return render_template(
        "notices/manage.html",
        page=page,
        items=queries.items_of_many(page.items),
        waiting=queries.challenges_to_publish() if actor().has(P.NOTICE_PREPARE) else [],
        chosen=chosen,
        states=list(NoticeState),
    )


@bp.route("/challenges/<code>/notice/new", methods=["GET", "POST"])
@requires(P.NOTICE_PREPARE)
def prepare(code: str) -> Any:
    challenge = challenge_under_review(code)
    form = NoticeForm(data=queries.default_text(challenge))
    if form.validate_on_submit() and (notice_id := attempt(form, lambda: _prepare(code, form))):
        return _to("notices.show", _("草稿已保存，核对后送审"), notice_id=notice_id)
    return render_template("notices/form.html", form=form, challenge=challenge, notice=None)


def _prepare(code: str, form: NoticeForm) -> int:
    with transaction():
        return operations.prepare_notice(actor(), challenge_under_review(code), form.data).id


@bp.route("/notices/<int:notice_id>/edit", methods=["GET", "POST"])
@requires(P.NOTICE_PREPARE)
def edit(notice_id: int) -> Any:
    notice = _notice(notice_id)
    form = NoticeForm(obj=notice)
    if form.validate_on_submit() and attempt(form, lambda: _edit(notice_id, form)):
        return _to("notices.show", _("已保存"), notice_id=notice_id)
    return render_template("notices/form.html", form=form, challenge=notice.challenge, notice=notice)


def _edit(notice_id: int, form: NoticeForm) -> bool:
    with transaction():
        operations.update_notice(actor(), _notice(notice_id), form.data)
    return True


@bp.post("/notices/<int:notice_id>/propose")
@requires(P.NOTICE_PREPARE)
def propose(notice_id: int) -> Response:
    work = lambda: operations.propose_notice(actor(), _notice(notice_id))  # noqa: E731
    return _try(work, _("已送处室负责人审批"), "notices.show", notice_id=notice_id)


@bp.route("/notices/<int:notice_id>/approve", methods=["GET", "POST"])
@requires(P.NOTICE_APPROVE)
def approve(notice_id: int) -> Any:
    notice, form = _notice(notice_id), ApprovalForm()
    if form.validate_on_submit() and attempt(form, lambda: _approve(notice_id, form)):
        return _to("notices.show", _("公示已发布"), notice_id=notice_id)
    view = queries.notice_view(actor(), notice)
    return render_template("notices/approve.html", form=form, may=may_approve_notice(actor(), notice), **view)


def _approve(notice_id: int, form: ApprovalForm) -> bool:
    with transaction():
        operations.approve_notice(actor(), _notice(notice_id), form.decision_number.data or "")
    return True


def _with_reason(notice_id: int, operation: Callable[..., Any], done: str) -> Any:
    form = ReasonForm()

    def work() -> bool:
        with transaction():
            operation(actor(), _notice(notice_id), form.reason.data or "")
        return True

    if form.validate_on_submit() and attempt(form, work):
        return _to("notices.show", done, notice_id=notice_id)
    back = url_for("notices.show", notice_id=notice_id)
    return render_template("layouts/reason.html", form=form, about=_notice(notice_id).title, back=back)


@bp.post("/notices/<int:notice_id>/send-back")
@requires(P.NOTICE_APPROVE)
def send_back(notice_id: int) -> Any:
    return _with_reason(notice_id, operations.send_back_notice, _("已退回经办修改"))


@bp.post("/notices/<int:notice_id>/take-effect")
@requires(P.NOTICE_APPROVE)
def take_effect(notice_id: int) -> Response:
    work = lambda: operations.take_effect(actor(), _notice(notice_id))  # noqa: E731
    return _try(work, _("公示期满生效，已通知各方"), "notices.show", notice_id=notice_id)


@bp.post("/notices/<int:notice_id>/cancel")
@requires(P.NOTICE_APPROVE)
def cancel(notice_id: int) -> Any:
    return _with_reason(notice_id, operations.cancel_notice, _("公示已撤销，榜单退回评审"))


# --- the bureau's objections ----------------------------------------------------------------------------------------


@bp.get("/notices/objections")
@requires(P.OBJECTION_READ)
def objections() -> str:
    return render_template("notices/objections.html", page=queries.objections(page_number(request.args.get("page"))))


def _objection_page(objection: Objection, **forms: Any) -> str:
    may_handle, may_decide = may_handle_objection(actor(), objection), may_decide_objection(actor(), objection)
    blank = {"refusal": RefusalForm, "finding": FindingForm, "decision": DecisionForm}
    shown = {name: forms.get(name) or kind(formdata=None, obj=objection) for name, kind in blank.items()}
    shown["decision"].offer(queries.items_of(objection.notice))
    view = queries.objection_view(objection)
    rights = {"may_handle": may_handle, "may_decide": may_decide, "may_know": may_see_objector(actor(), objection)}
    return render_template("notices/objection.html", **rights, **shown, **view)


@bp.get("/notices/objections/<int:objection_id>")
@requires(P.OBJECTION_READ)
def objection(objection_id: int) -> str:
    return _objection_page(queries.objection_by_id(objection_id))


@bp.post("/notices/objections/<int:objection_id>/accept")
@requires(P.OBJECTION_ANSWER)
def accept(objection_id: int) -> Response:
    work = lambda: handling.accept_objection(actor(), queries.objection_by_id(objection_id))  # noqa: E731
    return _try(work, _("已受理"), "notices.objection", objection_id=objection_id)


def _handle(name: str, form: Any, objection_id: int, work: Callable[[Objection], Any], done: str) -> Any:
    """One of the forms on the objection's page: on a refusal the page again with what was typed."""

    def run() -> bool:
        with transaction():
            work(queries.objection_by_id(objection_id))
        return True

    if form.validate_on_submit() and attempt(form, run):
        return _to("notices.objection", done, objection_id=objection_id)
    return _objection_page(queries.objection_by_id(objection_id), **{name: form})


@bp.post("/notices/objections/<int:objection_id>/refuse")
@requires(P.OBJECTION_ANSWER)
def refuse(objection_id: int) -> Any:
    form = RefusalForm()

    def work(found: Objection) -> None:
        handling.refuse_objection(actor(), found, form.reason.data or "")

    return _handle("refusal", form, objection_id, work, _("已答复不予受理"))


@bp.post("/notices/objections/<int:objection_id>/finding")
@requires(P.OBJECTION_ANSWER)
def find(objection_id: int) -> Any:
    form = FindingForm()

    def work(found: Objection) -> None:
        handling.record_finding(actor(), found, form.finding.data or "")

    return _handle("finding", form, objection_id, work, _("调查情况已保存，等待处室负责人作出结论"))


@bp.post("/notices/objections/<int:objection_id>/decide")
@requires(P.NOTICE_APPROVE)
def decide(objection_id: int) -> Any:
    form = DecisionForm()
    form.offer(queries.items_of(queries.objection_by_id(objection_id).notice))

    def work(found: Objection) -> None:
        handling.decide_objection(
            actor(), found, form.decided, form.answer.data or "", form.chosen_remedy, form.fallen.data or ()
        )

    return _handle("decision", form, objection_id, work, _("已作出结论并答复"))
