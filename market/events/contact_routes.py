"""Pages of the ledger of contacts (对接台账)."""

from io import BytesIO
from typing import Any

from flask import flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _

from market import clock
from market.access import actor, requires
from market.database import transaction
from market.events import operations, policies, queries
from market.events.blueprint import bp
from market.events.export import contacts_workbook
from market.events.forms import ContactForm
from market.events.models import Contact, ContactResult, Event
from market.forms import attempt
from market.paging import page_number
from market.permissions import Permission
from market.spreadsheets import MIMETYPE

READERS = (Permission.CONTACT_RECORD, Permission.AUDIT_READ)
ID = "<int(max=2147483647):contact_id>"


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _wanted() -> queries.ContactFilter:
    result = request.args.get("result", "")
    return queries.ContactFilter(
        q=request.args.get("q", "").replace("\0", "").strip()[:100],
        year=year if (year := _number("year")) and 1949 <= year <= 2100 else None,
        result=ContactResult(result) if result in set(ContactResult) else None,
        district=request.args.get("district", "").replace("\0", "")[:6],
        event_id=_number("event"),
    )


@bp.get("/contacts")
@requires(*READERS)
def contacts() -> str:
    wanted = _wanted()
    return render_template(
        "events/contacts.html",
        page=queries.contacts_page(actor(), wanted, page_number(request.args.get("page"))),
        totals=queries.contact_totals(actor(), wanted),
        wanted=wanted,
        year_options=[(year, year) for year in queries.contact_years()],
        district_options=[(district.code, district.name) for district in queries.district_choices(actor())],
        result_options=[(result.value, result.label) for result in ContactResult],
        may_record=actor().has(Permission.CONTACT_RECORD),
        solver_label=queries.solver_label,
    )


@bp.get("/contacts.xlsx")
@requires(*READERS)
def export_contacts() -> Any:
    content = contacts_workbook(queries.contacts_ledger(actor(), _wanted()))
    name = f"{_('对接台账')}_{clock.today()}.xlsx"
    return send_file(BytesIO(content), MIMETYPE, as_attachment=True, download_name=name)


def _event() -> Event | None:
    number = _number("event")
    return queries.event_of(number) if number else None


@bp.route("/contacts/new", methods=["GET", "POST"])
@requires(Permission.CONTACT_RECORD)
def new_contact() -> Any:
    event = _event()
    if request.method == "GET":
        picked = (request.args.get("organisation", "")[:200], request.args.get("solver", "")[:300])
        return _form_page(ContactForm.start(event, *picked), event)
    form = ContactForm()

    def work() -> Contact:
        with transaction():
            return operations.record_contact(actor(), event=event, **form.values(actor()))

    if not form.validate() or not attempt(form, work):
        return _form_page(form, event)
    flash(_("对接已登记"), "success")
    again = url_for("events.new_contact", event=event.id) if event else url_for("events.contacts")
    return redirect(again if "again" in request.form else url_for("events.contacts"), 303)


@bp.get(f"/contacts/{ID}")
@requires(*READERS)
def contact(contact_id: int) -> str:
    found = queries.contact_of(actor(), contact_id)
    return render_template(
        "events/contact.html",
        contact=found,
        may_correct=bool(policies.may_correct_contact(actor(), found)),
        solver_label=queries.solver_label,
    )


@bp.route(f"/contacts/{ID}/edit", methods=["GET", "POST"])
@requires(*READERS)
def edit_contact(contact_id: int) -> Any:
    found = queries.contact_of(actor(), contact_id)
    operations.require_correction(actor(), found)
    if request.method == "GET":
        return _form_page(ContactForm.of(found), found.event, found)
    form = ContactForm()
    form.keep_way(found)

    def work() -> bool:
        with transaction():
            operations.correct_contact(actor(), found, {**form.values(actor()), "event": found.event})
        return True

    if not form.validate() or not attempt(form, work):
        return _form_page(form, found.event, found)
    flash(_("对接记录已更正，原内容留在审计记录中"), "success")
    return redirect(url_for("events.contact", contact_id=contact_id), 303)


def _form_page(form: ContactForm, event: Event | None, contact: Contact | None = None) -> str:
    return render_template(
        "events/contact_form.html",
        form=form,
        event=event,
        contact=contact,
        firms=queries.suggested_firms(actor(), event),
        solvers=queries.suggested_solvers(event),
    )
