"""Routes of programmes."""

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice  # pyright: ignore[reportAttributeAccessIssue]

from market import clock
from market.access import actor, requires
from market.database import db, transaction
from market.errors import NotFound
from market.forms import attempt
from market.permissions import Permission
from market.programmes import operations, queries
from market.programmes.forms import KINDS, CalendarForm, CycleForm, ProgrammeForm, RulesForm, TermEditForm, TermForm
from market.programmes.labels import GROUPS
from market.programmes.models import CalendarDay, Cycle, Programme, Term, TermKind
from market.programmes.policies import READERS, may_manage
from market.programmes.rules import Rules

bp = Blueprint("programmes", __name__, url_prefix="/programmes")


@bp.get("/")
@requires(*READERS)
def index() -> Any:
    return render_template(
        "programmes/index.html",
        programmes=queries.all_programmes(),
        cycles=queries.all_cycles(),
        newest=queries.newest_rules(),
        takes_needs=queries.takes_needs,
        may_manage=may_manage(actor()),
    )


@bp.route("/new", methods=["GET", "POST"])
@requires(Permission.PROGRAMME_MANAGE)
def create() -> Any:
    form = ProgrammeForm()

    def work() -> Programme:
        with transaction():
            return operations.create_programme(actor(), form.data)

    if form.validate_on_submit() and attempt(form, work):
        flash(_("已建立计划，请核对规则后再开设批次"), "success")
        return redirect(url_for(".index"), 303)
    return render_template("programmes/programme_form.html", form=form)


@bp.get("/<int:programme_id>/rules", defaults={"version": None})
@bp.get("/<int:programme_id>/rules/<int:version>")
@requires(*READERS)
def rules(programme_id: int, version: int | None) -> Any:
    programme = queries.programme_of(programme_id)
    versions = queries.rules_versions(programme)
    shown = next((row for row in versions if version in (None, row.version)), None)
    if shown is None:
        raise NotFound
    before = next((row for row in versions if row.version < shown.version), None)
    lines = queries.rule_lines(Rules(**shown.content), Rules(**before.content) if before else None)
    return render_template(
        "programmes/rules.html",
        programme=programme,
        versions=versions,
        shown=shown,
        before=before,
        groups=lines,
        may_manage=may_manage(actor()),
    )


@bp.route("/<int:programme_id>/rules/new", methods=["GET", "POST"])
@requires(Permission.PROGRAMME_MANAGE)
def edit_rules(programme_id: int) -> Any:
    programme, form = queries.programme_of(programme_id), RulesForm()
    if request.method == "GET":
        newest = queries.rules_versions(programme)
        form.show(Rules(**newest[0].content) if newest else Rules())
    elif not form.rows_were_changed(request.form) and form.validate():
        published = attempt(form, lambda: _publish(programme_id, form))
        if published:
            flash(_("已发布规则第 %(version)s 版，自下一批次起可以选用", version=published), "success")
            return redirect(url_for(".rules", programme_id=programme_id), 303)
    return render_template("programmes/rules_form.html", form=form, programme=programme, groups=GROUPS)


def _publish(programme_id: int, form: RulesForm) -> int:
    with transaction():
        programme = queries.programme_of(programme_id)
        return operations.publish_rules(actor(), programme, form.content(), form.basis.data or "").version


def _cycle_form(programme: Programme, cycle: Cycle | None = None) -> CycleForm:
    form = CycleForm(obj=cycle)
    form.rules_id.choices = [
        SelectChoice(str(row.id), _("第 %(version)s 版 · %(basis)s", version=row.version, basis=row.basis))
        for row in queries.rules_versions(programme)
    ]
    return form


def _cycle_values(programme: Programme, form: CycleForm) -> dict[str, Any]:
    chosen = next((row for row in queries.rules_versions(programme) if str(row.id) == form.rules_id.data), None)
    return {**form.data, "rules": chosen}


@bp.route("/<int:programme_id>/cycles/new", methods=["GET", "POST"])
@requires(Permission.PROGRAMME_MANAGE)
def create_cycle(programme_id: int) -> Any:
    programme = queries.programme_of(programme_id)
    form = _cycle_form(programme)

    def work() -> Cycle:
        with transaction():
            programme = queries.programme_of(programme_id)
            return operations.create_cycle(actor(), programme, _cycle_values(programme, form))

    if form.validate_on_submit() and attempt(form, work):
        flash(_("已建立批次，核对后点“开始征集”"), "success")
        return redirect(url_for(".index"), 303)
    return render_template("programmes/cycle_form.html", form=form, programme=programme, cycle=None)


@bp.route("/cycles/<int:cycle_id>", methods=["GET", "POST"])
@requires(Permission.PROGRAMME_MANAGE)
def edit_cycle(cycle_id: int) -> Any:
    cycle = queries.cycle_of(cycle_id)
    form = _cycle_form(cycle.programme, cycle)

    def work() -> bool:
        with transaction():
            cycle = queries.cycle_of(cycle_id)
            operations.edit_cycle(actor(), cycle, _cycle_values(cycle.programme, form))
        return True

    if form.validate_on_submit() and attempt(form, work):
        flash(_("已保存"), "success")
        return redirect(url_for(".index"), 303)
    return render_template("programmes/cycle_form.html", form=form, programme=cycle.programme, cycle=cycle)


@bp.post("/cycles/<int:cycle_id>/open")
@requires(Permission.PROGRAMME_MANAGE)
def open_cycle(cycle_id: int) -> Any:
    with transaction():
        operations.open_cycle(actor(), queries.cycle_of(cycle_id))
    flash(_("已开始征集，企业现在可以填写需求"), "success")
    return redirect(url_for(".index"), 303)


@bp.post("/cycles/<int:cycle_id>/close")
@requires(Permission.PROGRAMME_MANAGE)
def close_cycle(cycle_id: int) -> Any:
    with transaction():
        operations.close_cycle(actor(), queries.cycle_of(cycle_id))
    flash(_("已结束征集"), "success")
    return redirect(url_for(".index"), 303)


@bp.get("/terms")
@requires(*READERS)
def taxonomy() -> Any:
    return _taxonomy_page(TermForm())


@bp.post("/terms")
@requires(Permission.PROGRAMME_MANAGE)
def add_term() -> Any:
    form = TermForm()

    def work() -> Term:
        with transaction():
            return operations.add_term(
                actor(), TermKind(form.kind.data), form.code.data or "", form.name.data or "", form.name_en.data or ""
            )

    if form.validate() and attempt(form, work):
        flash(_("已添加分类词"), "success")
        return redirect(url_for(".taxonomy"), 303)
    return _taxonomy_page(form)


def _taxonomy_page(form: TermForm) -> str:
    groups = [(label, queries.terms(TermKind(kind), retired=True)) for kind, label in KINDS]
    return render_template("programmes/taxonomy.html", form=form, groups=groups, may_manage=may_manage(actor()))


@bp.route("/terms/<int:term_id>", methods=["GET", "POST"])
@requires(Permission.PROGRAMME_MANAGE)
def edit_term(term_id: int) -> Any:
    term = _term(term_id)
    form = TermEditForm(obj=term)

    def work() -> bool:
        with transaction():
            operations.edit_term(
                actor(), _term(term_id), form.name.data or "", form.name_en.data or "", bool(form.retired.data)
            )
        return True

    if form.validate_on_submit() and attempt(form, work):
        flash(_("已保存"), "success")
        return redirect(url_for(".taxonomy"), 303)
    return render_template("programmes/term_form.html", form=form, term=term)


def _term(term_id: int) -> Term:
    found = db.session.get(Term, term_id)
    if found is None:
        raise NotFound
    return found


@bp.get("/calendar")
@requires(*READERS)
def calendar() -> Any:
    return _calendar_page(CalendarForm())


@bp.post("/calendar")
@requires(Permission.PROGRAMME_MANAGE)
def enter_days() -> Any:
    form = CalendarForm()

    def work() -> int:
        with transaction():
            return operations.enter_calendar_days(
                actor(), form.first.data, form.last.data, form.is_working.data == "yes", form.note.data or ""
            )

    if form.validate() and (entered := attempt(form, work)):
        flash(_("已登记 %(days)s 天", days=entered), "success")
        return redirect(url_for(".calendar", year=form.first.data.year), 303)
    return _calendar_page(form)


def _calendar_page(form: CalendarForm) -> str:
    asked = request.args.get("year", "")
    year = int(asked) if asked.isascii() and asked.isdigit() and len(asked) == 4 else clock.today().year
    year = min(max(year, 2000), 2100)
    days = queries.calendar_days(year)
    return render_template("programmes/calendar.html", form=form, days=days, year=year, may_manage=may_manage(actor()))


@bp.post("/calendar/<day>/remove")
@requires(Permission.PROGRAMME_MANAGE)
def remove_day(day: str) -> Any:
    with transaction():
        row = _kept_day(day)
        year = row.day.year
        operations.remove_calendar_day(actor(), row)
    flash(_("已删除登记，恢复内置日历"), "success")
    return redirect(url_for(".calendar", year=year), 303)


def _kept_day(text: str) -> CalendarDay:
    try:
        found = db.session.get(CalendarDay, date.fromisoformat(text))
    except ValueError:
        found = None
    if found is None:
        raise NotFound
    return found
