"""/solvers/: the public list and profile, one's own profiles in steps, staff's verification."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from market.access import actor, public, requires, signed_in
from market.database import db, transaction
from market.errors import InvalidInput, NotAllowed
from market.forms import attempt
from market.paging import page_number, paginate
from market.permissions import Permission
from market.search.queries import clean_query
from market.solvers import forms, operations, queries, references
from market.solvers.models import PUBLIC_SOLVER_STATES, Solver
from market.solvers.policies import may_create, may_edit, may_verify

bp = Blueprint("solvers", __name__, url_prefix="/solvers")
ID = "<int(max=2147483647):solver_id>"
STEPS = ("basics", "directions", "profile", "achievements", "members", "preview")


@bp.app_template_filter("solver_name")
def solver_name(solver: Solver) -> str:
    return queries.shown_name(solver)


@bp.app_template_global("may_be_solver")
def may_be_solver() -> bool:
    """Whether to offer a profile: the bureau's staff may not have one, a visitor signs in first."""
    return not actor().is_signed_in or bool(may_create(actor()))


bp.add_app_template_filter(queries.organisation_name, "organisation_name")
bp.add_app_template_filter(queries.country_name, "country_name")


def _steps(solver: Solver | None, current: str) -> list[tuple[str, str, Any]]:
    """(label, address, here) of every step for tabs; what lies ahead, for steps.html, while there is no profile yet."""
    labels = (_("基本情况"), _("方向与关键词"), _("简介"), _("成果"), _("成员"), _("预览与公开"))
    if solver is None:
        return [(label, "current" if label == labels[0] else "todo", None) for label in labels]
    return [
        (label, url_for(f"solvers.{step}", solver_id=solver.id), step == current)
        for label, step in zip(labels, STEPS, strict=True)
    ]


def _page(template: str, solver: Solver | None, step: str, **values: Any) -> str:
    works = queries.achievements_of(solver) if solver else []
    meter = queries.completeness_of(solver, works) if solver else None
    return render_template(
        f"solvers/{template}.html", solver=solver, steps=_steps(solver, step), works=works, meter=meter, **values
    )


def _next(solver: Solver, step: str) -> Any:
    """Saved; on to the next step, or stay where the button says so."""
    flash(_("已保存"), "success")
    following = STEPS[STEPS.index(step) + 1] if request.form.get("action") != "save" else step
    return redirect(url_for(f"solvers.{following}", solver_id=solver.id), 303)


def _edited(solver_id: int) -> Solver:
    return queries.solver_edited_by(actor(), solver_id)


def _save(form: Any, solver: Solver) -> bool:
    """Run edit_solver with the form's values; False when something must be corrected."""

    def work() -> bool:
        with transaction():
            operations.edit_solver(actor(), solver, form.values)
        return True

    return bool(form.validate_on_submit() and attempt(form, work))


@bp.get("/")
@public
def index() -> Any:
    """The public list."""
    q, direction = clean_query(request.args.get("q")), clean_query(request.args.get("direction"))
    country = request.args.get("country", "")[:2].upper()
    country = country if country.isalpha() else ""
    page = paginate(db.session(), queries.public_solvers(q, direction, country), page_number(request.args.get("page")))
    return render_template(
        "solvers/index.html", page=page, q=q, direction=direction, country=country, countries=queries.countries_listed()
    )


@bp.get(f"/{ID}")
@public
def show(solver_id: int) -> Any:
    solver = queries.solver_seen_by(actor(), solver_id)
    return render_template(
        "solvers/show.html",
        solver=solver,
        works=queries.achievements_of(solver),
        members=queries.members_of(solver),
        is_mine=bool(may_edit(actor(), solver)),
        may_verify=bool(may_verify(actor(), solver)),
        is_public=solver.state in PUBLIC_SOLVER_STATES,
    )


@bp.get("/mine")
@signed_in
def mine() -> Any:
    """One's own profiles with what would help them."""
    solvers = queries.own_solvers(actor())
    meters = {solver.id: queries.completeness_of(solver, queries.achievements_of(solver)) for solver in solvers}
    creates = may_create(actor())
    if not creates and not solvers:
        raise NotAllowed(creates.reason)
    leads = {solver.id for solver in solvers if may_edit(actor(), solver)}
    return render_template("solvers/mine.html", solvers=solvers, meters=meters, leads=leads)


@bp.route("/new", methods=["GET", "POST"])
@signed_in
def create() -> Any:
    """The first step: nothing is asked twice, everything may be left empty."""
    if not (verdict := may_create(actor())):
        raise NotAllowed(verdict.reason)
    organisations = list(queries.organisations_of(actor()))
    form = forms.BasicsForm(organisations, data=_first_guess(organisations) if request.method == "GET" else None)

    def work() -> int:
        with transaction():
            return operations.create_solver(actor(), form.values).id

    if form.validate_on_submit() and (solver_id := attempt(form, work)):
        flash(_("已保存，接着填写方向和关键词"), "success")
        return redirect(url_for("solvers.directions", solver_id=solver_id), 303)
    return _page("basics", None, "basics", form=form)


def _first_guess(organisations: list[Any]) -> dict[str, Any]:
    """A person with one organisation need not choose it."""
    if len(organisations) != 1:
        return {}
    return {"organisation_id": organisations[0].id, "country": organisations[0].country}


@bp.route(f"/{ID}/basics", methods=["GET", "POST"])
@signed_in
def basics(solver_id: int) -> Any:
    solver = _edited(solver_id)
    organisations = list(queries.organisations_of(actor()))
    if solver.organisation and solver.organisation not in organisations:
        organisations.append(solver.organisation)
    form = forms.BasicsForm(
        organisations,
        data=_values(solver, "name", "name_en", "title", "country")
        | {"kind": solver.kind.value, "organisation_id": solver.organisation_id or 0},
    )
    return _next(solver, "basics") if _save(form, solver) else _page("basics", solver, "basics", form=form)


def _values(solver: Solver, *names: str) -> dict[str, Any]:
    return {name: getattr(solver, name) for name in names}


@bp.route(f"/{ID}/directions", methods=["GET", "POST"])
@signed_in
def directions(solver_id: int) -> Any:
    solver = _edited(solver_id)
    form = forms.DirectionsForm(data=_values(solver, "directions", "keywords", "cooperation_modes"))
    if _save(form, solver):
        return _next(solver, "directions")
    return _page("directions", solver, "directions", form=form, modes=forms.COOPERATION_MODES)


@bp.route(f"/{ID}/profile", methods=["GET", "POST"])
@signed_in
def profile(solver_id: int) -> Any:
    solver = _edited(solver_id)
    form = forms.ProfileForm(data=_values(solver, "profile_zh", "profile_en"))
    return _next(solver, "profile") if _save(form, solver) else _page("profile", solver, "profile", form=form)


@bp.route(f"/{ID}/achievements", methods=["GET", "POST"])
@signed_in
def achievements(solver_id: int) -> Any:
    """The works kept, and new ones typed or corrected after reading a list."""
    solver = _edited(solver_id)
    form = forms.WorksForm()

    def work() -> int:
        with transaction():
            return len(operations.add_achievements(actor(), solver, form.values))

    if form.rows_were_changed(request.form):
        return _works_page(solver, form)
    if form.validate_on_submit() and (added := attempt(form, work)):
        flash(_("已登记 %(n)d 项", n=added), "success")
        return redirect(url_for("solvers.achievements", solver_id=solver.id), 303)
    return _works_page(solver, form)


def _works_page(solver: Solver, form: Any, *, reading: Any = None, paste: Any = None, sheet: Any = None) -> str:
    return _page(
        "achievements",
        solver,
        "achievements",
        form=form,
        reading=reading,
        paste=paste or forms.PasteForm(),
        sheet=sheet or forms.SheetForm(),
    )


@bp.post(f"/{ID}/achievements/read")
@signed_in
def read_works(solver_id: int) -> Any:
    """Read a pasted list or a sheet and show the rows for correction; nothing is saved yet."""
    solver = _edited(solver_id)
    known = [work.title for work in queries.achievements_of(solver)]
    paste, sheet = forms.PasteForm(), forms.SheetForm()
    try:
        if sheet.file.data:
            reading = references.read_sheet(sheet.file.data.filename or "", sheet.file.data.read(), known)
        else:
            reading = references.read_references(paste.text.data or "", known)
    except InvalidInput as problem:
        (sheet if sheet.file.data else paste).take_errors(problem)
        return _works_page(solver, forms.WorksForm(formdata=None), paste=paste, sheet=sheet)
    rows = [row | {"keywords": "\n".join(row["keywords"]), "kind": row["kind"].value} for row in reading.rows]
    return _works_page(solver, forms.WorksForm(formdata=None, data={"works": rows}), reading=reading)


@bp.post(f"/{ID}/achievements/choose")
@signed_in
def choose_works(solver_id: int) -> Any:
    """Which works count for the matching."""
    solver = _edited(solver_id)
    numbers = [value for value in request.form.getlist("counted") if value.isascii() and value.isdigit()]
    counted = {int(value) for value in numbers if len(value) < 10}
    with transaction():
        operations.choose_achievements(actor(), solver, counted)
    flash(_("已保存：匹配只依据勾选的成果"), "success")
    return redirect(url_for("solvers.achievements", solver_id=solver.id), 303)


@bp.route(f"/{ID}/achievements/<int(max=2147483647):work_id>", methods=["GET", "POST"])
@signed_in
def edit_work(solver_id: int, work_id: int) -> Any:
    solver = _edited(solver_id)
    kept = queries.achievement_of(solver, work_id)
    form = forms.WorkForm(obj=kept, data={"kind": kept.kind.value})

    def work() -> bool:
        with transaction():
            operations.edit_achievement(actor(), solver, kept, form.values)
        return True

    if form.validate_on_submit() and attempt(form, work):
        flash(_("已保存"), "success")
        return redirect(url_for("solvers.achievements", solver_id=solver.id), 303)
    return _page("work", solver, "achievements", form=form, kept=kept)


@bp.post(f"/{ID}/achievements/<int(max=2147483647):work_id>/remove")
@signed_in
def remove_work(solver_id: int, work_id: int) -> Any:
    solver = _edited(solver_id)
    kept = queries.achievement_of(solver, work_id)
    with transaction():
        operations.remove_achievement(actor(), solver, kept)
    flash(_("已删除这项成果"), "success")
    return redirect(url_for("solvers.achievements", solver_id=solver.id), 303)


@bp.route(f"/{ID}/members", methods=["GET", "POST"])
@signed_in
def members(solver_id: int) -> Any:
    solver = _edited(solver_id)
    kept = [
        {"name": m.name, "organisation_name": m.organisation_name, "role": m.role} for m in queries.members_of(solver)
    ]
    form = forms.MembersForm(data={"members": kept})

    def work() -> bool:
        with transaction():
            operations.set_members(actor(), solver, form.members.rows)
        return True

    if not form.rows_were_changed(request.form) and form.validate_on_submit() and attempt(form, work):
        return _next(solver, "members")
    return _page("members", solver, "members", form=form)


@bp.get(f"/{ID}/preview")
@signed_in
def preview(solver_id: int) -> Any:
    """What others will see, and the switch for matching."""
    solver = _edited(solver_id)
    return _page("preview", solver, "preview", form=forms.PublishForm(), members=queries.members_of(solver))


@bp.post(f"/{ID}/publish")
@signed_in
def publish(solver_id: int) -> Any:
    solver, form = _edited(solver_id), forms.PublishForm()

    def work() -> bool:
        if not form.pledge.data:
            raise InvalidInput({"pledge": _("公开前请勾选承诺")})
        with transaction():
            operations.list_solver(actor(), solver)
        return True

    if attempt(form, work):
        flash(_("资料已公开，匹配将在一分钟内更新"), "success")
        return redirect(url_for("solvers.show", solver_id=solver.id), 303)
    return _page("preview", solver, "preview", form=form, members=queries.members_of(solver)), 422


@bp.post(f"/{ID}/hide")
@signed_in
def hide(solver_id: int) -> Any:
    solver = _edited(solver_id)
    with transaction():
        operations.hide_solver(actor(), solver)
    flash(_("资料已隐藏，不再出现在名录、检索和匹配中"), "success")
    return redirect(url_for("solvers.mine"), 303)


@bp.post(f"/{ID}/matching")
@signed_in
def set_matching(solver_id: int) -> Any:
    """个人信息保护法 art. 24: take part in the matching, or not."""
    solver = _edited(solver_id)
    accepts = request.form.get("accepts") == "yes"
    with transaction():
        operations.edit_solver(actor(), solver, {"accepts_matching": accepts})
    flash(_("已开启匹配推荐") if accepts else _("已退出匹配：不再为您推荐榜单，发榜方也不会看到匹配结果"), "success")
    back = "matches.for_me" if request.form.get("back") == "matches" else "solvers.mine"
    return redirect(url_for(back), 303)


@bp.get("/manage")
@requires(Permission.SOLVER_VERIFY, Permission.AUDIT_READ)
def manage() -> Any:
    """Staff's list: what waits for verification, what is stale or empty."""
    q, showing = clean_query(request.args.get("q")), request.args.get("show", "pending")
    page = paginate(db.session(), queries.solvers_to_manage(showing, q), page_number(request.args.get("page")))
    verifies = actor().has(Permission.SOLVER_VERIFY)
    return render_template("solvers/manage.html", page=page, q=q, showing=showing, verifies=verifies)


def _manageable(solver_id: int) -> Solver:
    solver = queries.solver_seen_by(actor(), solver_id)
    if not (verdict := may_verify(actor(), solver)):
        raise NotAllowed(verdict.reason)
    return solver


@bp.post(f"/{ID}/verify")
@requires(Permission.SOLVER_VERIFY)
def verify(solver_id: int) -> Any:
    solver = _manageable(solver_id)
    with transaction():
        operations.verify_solver(actor(), solver)
    flash(_("已核验“%(name)s”", name=solver.name), "success")
    return redirect(url_for("solvers.manage"), 303)


@bp.post(f"/{ID}/unverify")
@requires(Permission.SOLVER_VERIFY)
def unverify(solver_id: int) -> Any:
    solver, form = _manageable(solver_id), forms.ReasonForm()

    def work() -> bool:
        with transaction():
            operations.unverify_solver(actor(), solver, form.reason.data or "")
        return True

    if not (form.validate_on_submit() and attempt(form, work)):
        flash("；".join(text for texts in form.errors.values() for text in texts) or _("请填写撤销核验的理由"), "error")
        return redirect(url_for("solvers.show", solver_id=solver.id), 303)
    flash(_("已撤销核验，理由已告知负责人"), "success")
    return redirect(url_for("solvers.manage"), 303)
