"""Routes of needs."""

from io import BytesIO
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice  # pyright: ignore[reportAttributeAccessIssue]

from market import clock
from market.access import actor, requires
from market.accounts.models import Organisation
from market.attachments.queries import attachment_by_token, attachments_of, for_list
from market.database import transaction
from market.errors import InvalidInput, NotAllowed, NotFound
from market.forms import ReasonForm, attempt
from market.needs import ledger, operations, policies, queries
from market.needs.checks import problems_of, progress_of, quality_hints
from market.needs.forms import (
    SECTION_FORMS,
    CheckForm,
    FollowUpForm,
    ImportForm,
    NewNeedForm,
    UploadForm,
    ValidationForm,
    cycle_choices,
)
from market.needs.models import Need, NeedState
from market.needs.sections import FIELD_LABELS, SECTION_BY_KEY, SECTIONS
from market.paging import page_number
from market.permissions import Permission, Verdict
from market.programmes.queries import cycle_of, open_cycles, rules_of, term_names
from market.spreadsheets import MIMETYPE

bp = Blueprint("needs", __name__, url_prefix="/needs")
P = Permission
IMPORTERS = (P.NEED_WRITE, P.NEED_CHECK_DISTRICT)


def _demand(verdict: Verdict) -> None:
    if not verdict:
        raise NotAllowed(verdict.reason)


def _need(need_id: int) -> Need:
    return queries.need_of(actor(), need_id)


def _filter() -> queries.NeedFilter:
    return queries.NeedFilter(*(request.args.get(name, "") for name in ("state", "district", "q")))


def _xlsx(content: bytes, name: str) -> Any:
    return send_file(BytesIO(content), MIMETYPE, as_attachment=True, download_name=name)


@bp.get("/")
@requires(P.NEED_READ)
def index() -> Any:
    wanted = _filter()
    page = queries.needs_page(actor(), wanted, page_number(request.args.get("page")))
    return render_template(
        "needs/index.html", page=page, wanted=wanted, due=queries.due_days(page.items), names=term_names(),
        counts=queries.counts_by_state(actor()), districts=queries.districts(), states=list(NeedState),
        cycles=open_cycles(),
    )  # fmt: skip


@bp.route("/new", methods=["GET", "POST"])
@requires(P.NEED_WRITE)
def create() -> Any:
    form, firms, cycles = NewNeedForm(), queries.writable_firms(actor()), open_cycles()
    form.organisation_id.choices = [SelectChoice(str(firm.id), firm.name) for firm in firms]
    form.cycle_id.choices = cycle_choices(cycles)
    if form.validate_on_submit() and (need_id := attempt(form, lambda: _create(form))):
        flash(_("已建立草稿，可以随时保存、下次继续"), "success")
        return redirect(url_for(".edit", need_id=need_id, section="problem"), 303)
    return render_template("needs/new.html", form=form, cycles=cycles)


def _create(form: NewNeedForm) -> int:
    values = {name: form.data[name] for name in SECTION_BY_KEY["basics"].fields}
    with transaction() as session:
        firm = session.get_one(Organisation, int(form.organisation_id.data))
        return operations.create_need(actor(), cycle_of(int(form.cycle_id.data)), firm, values).id


@bp.get("/<int:need_id>")
@requires(P.NEED_READ)
def show(need_id: int) -> Any:
    return render_template("needs/show.html", **_page(_need(need_id)))


@bp.get("/<int:need_id>/print")
@requires(P.NEED_READ)
def print_view(need_id: int) -> Any:
    return render_template("needs/print.html", **_page(_need(need_id)))


def _page(need: Need) -> dict[str, Any]:
    may, rules = policies.verdicts(actor(), need), rules_of(need)
    progress, sections = progress_of(need, rules)
    attachments = attachments_of(need, operations.COMMITMENT)
    return {
        "need": need, "may": may, "names": term_names(), "labels": FIELD_LABELS, "rules": rules, "progress": progress,
        "parts": sections, "timeline": queries.timeline_of(actor(), need), "due": queries.due_day(need),
        "follow_ups": queries.follow_ups_of(need), "follow_up_form": FollowUpForm(), "upload_form": UploadForm(),
        "attachments": for_list(attachments), "is_own": policies.is_own(actor(), need),
        "mean": queries.mean_score(need),
    }  # fmt: skip


@bp.route("/<int:need_id>/edit/<section>", methods=["GET", "POST"])
@requires(P.NEED_WRITE)
def edit(need_id: int, section: str) -> Any:
    if section not in SECTION_FORMS:
        raise NotFound
    need = _need(need_id)
    _demand(policies.may_edit(actor(), need))
    form = SECTION_FORMS[section](obj=need)
    form.count_by(rules_of(need))
    posted = request.method == "POST" and not form.rows_were_changed(request.form) and form.validate()
    if posted and attempt(form, lambda: _save(need_id, form)):
        flash(_("已保存"), "success")
        return redirect(_after_saving(need_id, section), 303)
    return render_template("needs/edit.html", form=form, section=SECTION_BY_KEY[section], **_page(_need(need_id)))


def _save(need_id: int, form: Any) -> bool:
    with transaction():
        need = _need(need_id)
        seen, form.lock.data = str(form.lock.data or need.lock), str(need.lock)
        if seen != form.lock.data:
            raise InvalidInput(_("这条需求刚被同事保存过；您填写的内容仍在本页，核对后再次保存即以本页为准"))
        operations.edit_need(actor(), need, form.values())
    return True


def _after_saving(need_id: int, section: str) -> str:
    keys = list(SECTION_BY_KEY)
    following = keys[keys.index(section) + 1 :]
    if request.form.get("action") != "next":
        return url_for(".edit", need_id=need_id, section=section)
    return url_for(".edit", need_id=need_id, section=following[0]) if following else url_for(".submit", need_id=need_id)


@bp.post("/<int:need_id>/attachments")
@requires(P.NEED_WRITE)
def upload(need_id: int) -> Any:
    form = UploadForm()

    def work() -> Any:
        with transaction():
            return operations.attach_commitment(actor(), _need(need_id), form.file.data)

    if form.validate() and attempt(form, work):
        flash(_("已上传"), "success")
        # The letter may be the last thing that the second look asked for.
        page = ".submit" if request.form.get("then") == "submit" else ".show"
        return redirect(url_for(page, need_id=need_id), 303)
    need = _need(need_id)
    _demand(policies.may_edit(actor(), need))
    return render_template("needs/show.html", **(_page(need) | {"upload_form": form}))


@bp.post("/<int:need_id>/attachments/<token>/remove")
@requires(P.NEED_WRITE)
def remove_upload(need_id: int, token: str) -> Any:
    with transaction():
        need = _need(need_id)
        attachment = attachment_by_token(actor(), token)
        if (attachment.owner_kind, attachment.owner_id) != ("need", need.id):
            raise NotFound
        operations.detach(actor(), need, attachment)
    flash(_("已移除"), "success")
    return redirect(url_for(".show", need_id=need_id), 303)


@bp.route("/<int:need_id>/submit", methods=["GET", "POST"])
@requires(P.NEED_WRITE)
def submit(need_id: int) -> Any:
    """The second look: the whole text, what is missing, what could be better, what resembles it."""
    need = _need(need_id)
    _demand(policies.may_edit(actor(), need))
    problems = operations.submission_problems(need)
    if request.method == "POST" and not problems:
        with transaction():
            operations.submit_need(actor(), _need(need_id))
        flash(_("已提交，区县科技局审核后会通知您"), "success")
        return redirect(url_for(".show", need_id=need_id), 303)
    _demand(policies.may_submit(actor(), need) if request.method == "POST" else policies.may_edit(actor(), need))
    page = _page(need)
    if operations.COMMITMENT in problems:
        page["upload_form"].file.errors = [problems[operations.COMMITMENT]]
    return render_template(
        "needs/submit.html", problems=problems, hints=quality_hints(need, rules_of(need)),
        similar=queries.own_similar_needs(actor(), need), all_sections=SECTIONS, **page,
    )  # fmt: skip


def _done(need_id: int, message: str) -> Any:
    flash(message, "success")
    return redirect(url_for(".show", need_id=need_id), 303)


@bp.post("/<int:need_id>/ask")
@requires(P.NEED_WRITE)
def ask(need_id: int) -> Any:
    try:
        with transaction():
            operations.ask_to_submit(actor(), _need(need_id))
    except InvalidInput as problem:
        flash(problem.message, "error")
        return redirect(url_for(".submit", need_id=need_id), 303)
    return _done(need_id, _("已通知本企业签约人"))


def _with_reason(need_id: int, operation: Any, message: str) -> Any:
    form = ReasonForm()

    def work() -> bool:
        with transaction():
            operation(actor(), _need(need_id), form.reason.data or "")
        return True

    if form.validate_on_submit() and attempt(form, work):
        return _done(need_id, message)
    about = _need(need_id).title or _("（未命名）")
    return render_template("layouts/reason.html", form=form, about=about, back=url_for(".show", need_id=need_id))


@bp.post("/<int:need_id>/withdraw")
@requires(P.NEED_SUBMIT)
def withdraw(need_id: int) -> Any:
    _demand(policies.may_withdraw(actor(), _need(need_id)))
    return _with_reason(need_id, operations.withdraw_need, _("已撤回"))


@bp.post("/<int:need_id>/solved")
@requires(P.NEED_SUBMIT)
def solved(need_id: int) -> Any:
    _demand(policies.may_mark_solved(actor(), _need(need_id)))
    return _with_reason(need_id, operations.mark_solved, _("已标记为自行解决"))


@bp.route("/<int:need_id>/check", methods=["GET", "POST"])
@requires(P.NEED_CHECK_DISTRICT, P.NEED_CHECK_FORMAL)
def check(need_id: int) -> Any:
    """District check or formal check, whichever the need waits for."""
    need, form = _need(need_id), CheckForm()
    _demand(policies.may_check(actor(), need))
    if form.validate_on_submit() and (message := attempt(form, lambda: _decide(need_id, form))):
        return _done(need_id, message)
    need = _need(need_id)
    return render_template(
        "needs/check.html", form=form, similar=queries.similar_needs(need), changed=queries.changed_since_return(need),
        hints=quality_hints(need, rules_of(need)), problems=problems_of(need, rules_of(need)),
        is_district=need.state is NeedState.DISTRICT_CHECK, all_sections=SECTIONS, **_page(need),
    )  # fmt: skip


def _decide(need_id: int, form: CheckForm) -> str:
    decision, reason = request.form.get("decision"), form.reason.data or ""
    with transaction():
        need = _need(need_id)
        match decision:
            case "recommend":
                operations.recommend_need(actor(), need, form.visit_note.data or "")
            case "pass":
                operations.pass_formal_check(actor(), need)
            case "return":
                operations.return_need(actor(), need, form.remarks(), reason)
            case "refuse":
                operations.refuse_need(actor(), need, reason)
            case "merge":
                operations.merge_need(actor(), need, _target(form.into.data), reason)
            case _:
                raise InvalidInput(_("请选择处理结果"))
    return _("已办理")


def _target(need_id: int | None) -> Need:
    try:
        return _need(need_id or 0)
    except NotFound as problem:
        raise InvalidInput({"into": _("没有编号为 %(id)s 的需求", id=need_id or "—")}) from problem


@bp.route("/<int:need_id>/validation", methods=["GET", "POST"])
@requires(P.NEED_CHECK_FORMAL)
def validation(need_id: int) -> Any:
    need, form = _need(need_id), ValidationForm()
    _demand(policies.may_record_validation(actor(), need))
    posted = request.method == "POST" and not form.rows_were_changed(request.form) and form.validate()
    if posted and (message := attempt(form, lambda: _validate(need_id, form))):
        return _done(need_id, message)
    return render_template("needs/validation.html", form=form, **_page(_need(need_id)))


def _validate(need_id: int, form: ValidationForm) -> str:
    accept = False if form.refuse_anyway.data else None
    with transaction():
        need = _need(need_id)
        accepted = operations.record_validation(actor(), need, form.scores.rows, accept, form.reason.data or "")
    return _("论证通过，已入库待发榜") if accepted else _("已记录为不采用，并通知企业")


@bp.post("/<int:need_id>/follow-ups")
@requires(P.NEED_CHECK_DISTRICT, P.NEED_CHECK_FORMAL)
def follow_up(need_id: int) -> Any:
    need, form = _need(need_id), FollowUpForm()
    _demand(policies.may_follow_up(actor(), need))

    def work() -> Any:
        with transaction():
            return operations.add_follow_up(actor(), _need(need_id), form.text.data or "")

    if form.validate() and attempt(form, work):
        return _done(need_id, _("已记录"))
    return render_template("needs/show.html", **(_page(_need(need_id)) | {"follow_up_form": form}))


@bp.get("/ledger.xlsx")
@requires(P.NEED_READ)
def export() -> Any:
    needs = queries.needs_for_ledger(actor(), _filter())
    content = ledger.ledger_of(needs, queries.last_follow_ups(needs), term_names())
    return _xlsx(content, f"需求台账-{clock.today()}.xlsx")


@bp.get("/template.xlsx")
@requires(*IMPORTERS)
def template() -> Any:
    return _xlsx(ledger.template(), "需求台账模板.xlsx")


@bp.route("/import", methods=["GET", "POST"])
@requires(*IMPORTERS)
def import_ledger() -> Any:
    form, cycles = ImportForm(), open_cycles()
    form.cycle_id.choices = cycle_choices(cycles)
    if form.validate_on_submit() and (count := attempt(form, lambda: _import(form))):
        flash(_("已导入 %(count)d 条草稿", count=count), "success")
        return redirect(url_for(".index"), 303)
    return render_template("needs/import.html", form=form, cycles=cycles)


def _import(form: ImportForm) -> int:
    rows = ledger.rows_of(form.file.data.read(), term_names())
    with transaction():
        return operations.import_ledger(actor(), cycle_of(int(form.cycle_id.data)), rows)
