"""Pages of events for everybody, and their running for the bureau. Contacts: contact_routes."""

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice  # pyright: ignore[reportAttributeAccessIssue]

from market.access import actor, public, requires
from market.database import transaction
from market.events import contact_routes, operations, policies, queries  # noqa: F401  (contact_routes adds its pages)
from market.events.blueprint import bp
from market.events.forms import CancelForm, EventForm, GuestForm, WalkInForm
from market.events.models import Event, EventState
from market.forms import BaseForm, attempt
from market.paging import page_number
from market.permissions import Permission
from market.programmes.queries import all_cycles

ID = "<int(max=2147483647):event_id>"


def _committed(form: BaseForm, work: Callable[[], Any]) -> Any:
    """What ``work`` gives once committed; None with the errors in the form."""

    def run() -> Any:
        with transaction():
            return work() or True

    return attempt(form, run)


@bp.get("/")
@public
def index() -> str:
    past = request.args.get("when") == "past"
    page = (queries.past_events if past else queries.upcoming_events)(page_number(request.args.get("page")))
    return render_template("events/index.html", page=page, past=past)


@bp.get(f"/{ID}")
@public
def show(event_id: int) -> str:
    return _page(queries.event_of(event_id), GuestForm(data={"people": 1}))


def _page(event: Event, form: GuestForm) -> str:
    return render_template(
        "events/show.html",
        event=event,
        turnout=queries.turnouts([event])[event.id],
        guests=queries.guests_of(actor(), event),
        form=form,
        is_manager=bool(policies.may_manage(actor())),
        reads_attendance=queries.is_staff_reader(actor()),
    )


@bp.post(f"/{ID}/register")
@requires(Permission.EVENT_ATTEND)
def register(event_id: int) -> Any:
    event, form = queries.event_of(event_id), GuestForm()
    if not form.validate():
        return _page(event, form)
    guest = queries.guest_named(actor(), form.guest.data or "")
    if not _committed(form, lambda: operations.register_attendance(actor(), event, *guest, form.people.data)):
        return _page(event, form)
    flash(_("报名成功，届时请准时到会"), "success")
    return redirect(url_for("events.show", event_id=event_id), 303)


@bp.post(f"/{ID}/withdraw/<int(max=2147483647):attendance_id>")
@requires(Permission.EVENT_ATTEND, Permission.EVENT_MANAGE)
def withdraw(event_id: int, attendance_id: int) -> Any:
    attendance = queries.attendance_seen_by(actor(), queries.event_of(event_id), attendance_id)
    with transaction():
        operations.withdraw_attendance(actor(), attendance)
    flash(_("报名已取消"), "success")
    return redirect(url_for("events.show", event_id=event_id), 303)


@bp.get("/manage")
@requires(Permission.EVENT_MANAGE, Permission.AUDIT_READ)
def manage() -> str:
    state = request.args.get("state", "")
    page = queries.managed_events(page_number(request.args.get("page")), state)
    return render_template(
        "events/manage.html",
        page=page,
        state=state,
        states=list(EventState),
        turnouts=queries.turnouts(page.items),
        is_manager=bool(policies.may_manage(actor())),
    )


def _event_form(event: Event | None = None) -> EventForm:
    form = EventForm(obj=event)
    if request.method == "GET" and event:
        form.kind.data, form.cycle_id.data = event.kind.value, str(event.cycle_id or "")
    form.cycle_id.choices = [SelectChoice("", _("不属于某一批次"))]
    form.cycle_id.choices += [SelectChoice(str(cycle.id), cycle.name) for cycle in all_cycles()]
    return form


@bp.route("/new", methods=["GET", "POST"])
@requires(Permission.EVENT_MANAGE)
def create() -> Any:
    form = _event_form()
    if request.method == "POST" and form.validate():
        event = _committed(form, lambda: operations.create_event(actor(), form.values))
        if event:
            flash(_("活动已发布，企业和揭榜方可以报名"), "success")
            return redirect(url_for("events.attendance", event_id=event.id), 303)
    return render_template("events/edit.html", form=form, event=None)


@bp.route(f"/{ID}/edit", methods=["GET", "POST"])
@requires(Permission.EVENT_MANAGE)
def edit(event_id: int) -> Any:
    event = queries.event_of(event_id)
    form = _event_form(event)
    if request.method == "GET" or not form.validate():
        return render_template("events/edit.html", form=form, event=event)
    if not _committed(form, lambda: operations.edit_event(actor(), event, form.values)):
        return render_template("events/edit.html", form=form, event=event)
    flash(_("已保存；时间或地点有变化时，报名者会收到通知"), "success")
    return redirect(url_for("events.attendance", event_id=event_id), 303)


@bp.post(f"/{ID}/hold")
@requires(Permission.EVENT_MANAGE)
def hold(event_id: int) -> Any:
    event = queries.event_of(event_id)
    with transaction():
        operations.hold_event(actor(), event)
    flash(_("已登记为举办，计入活动场次"), "success")
    return redirect(url_for("events.attendance", event_id=event_id), 303)


@bp.route(f"/{ID}/cancel", methods=["GET", "POST"])
@requires(Permission.EVENT_MANAGE)
def cancel(event_id: int) -> Any:
    event, form = queries.event_of(event_id), CancelForm()
    if request.method == "GET" or not form.validate():
        return render_template("events/cancel.html", form=form, event=event)
    if not _committed(form, lambda: operations.cancel_event(actor(), event, form.reason.data or "")):
        return render_template("events/cancel.html", form=form, event=event)
    flash(_("活动已取消，报名者会收到通知"), "success")
    return redirect(url_for("events.show", event_id=event_id), 303)


@bp.get(f"/{ID}/attendance")
@requires(Permission.EVENT_MANAGE, Permission.AUDIT_READ)
def attendance(event_id: int) -> str:
    return _attendance_page(queries.event_of(event_id), WalkInForm(data={"people": 1}))


def _attendance_page(event: Event, form: WalkInForm) -> str:
    return render_template(
        "events/attendance.html",
        event=event,
        form=form,
        rows=queries.attendance_of(event),
        label=queries.solver_label,
        turnout=queries.turnouts([event])[event.id],
        is_manager=bool(policies.may_manage(actor())),
    )


@bp.post(f"/{ID}/attendance")
@requires(Permission.EVENT_MANAGE)
def mark(event_id: int) -> Any:
    event = queries.event_of(event_id)
    came = set(request.form.getlist("came"))
    with transaction():
        for row in queries.attendance_of(event):
            operations.mark_attended(actor(), row, str(row.id) in came)
    flash(_("到会情况已保存"), "success")
    return redirect(url_for("events.attendance", event_id=event_id), 303)


@bp.post(f"/{ID}/attendance/add")
@requires(Permission.EVENT_MANAGE)
def add_attendance(event_id: int) -> Any:
    event, form = queries.event_of(event_id), WalkInForm()

    def work() -> Any:
        return operations.register_attendance(actor(), event, people=form.people.data, **form.guest(actor()))

    if form.validate() and _committed(form, work):
        flash(_("已加入名单"), "success")
        return redirect(url_for("events.attendance", event_id=event_id), 303)
    return _attendance_page(event, form)


@bp.get(f"/{ID}/sign-in-sheet")
@requires(Permission.EVENT_MANAGE)
def sign_in_sheet(event_id: int) -> str:
    event = queries.event_of(event_id)
    return render_template("events/sign_in_sheet.html", event=event, rows=queries.attendance_of(event))
