"""Routes of integrity: the city officer writes, the supervisor reads."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from market import clock
from market.access import actor, requires
from market.accounts.models import Organisation, User
from market.database import db, transaction
from market.forms import attempt
from market.integrity import operations, policies, queries
from market.integrity.forms import LiftForm, RecordForm
from market.integrity.models import IntegrityRecord
from market.paging import page_number, paginate
from market.permissions import Permission

bp = Blueprint("integrity", __name__, url_prefix="/integrity")
P = Permission


@bp.get("/")
@requires(P.INTEGRITY_MANAGE, P.AUDIT_READ)
def index() -> Any:
    q, only = request.args.get("q", ""), request.args.get("state") == "in_force"
    page = paginate(db.session(), queries.records(q, only), page_number(request.args.get("page")))
    return render_template("integrity/index.html", page=page, q=q, only=only, may_manage=policies.may_manage(actor()))


def _page(found: IntegrityRecord, form: LiftForm) -> str:
    live = found.lifted_on is None and found.ends_on >= clock.today()
    may_lift = live and bool(policies.may_manage(actor()))
    return render_template("integrity/record.html", record=found, form=form, may_lift=may_lift)


@bp.get("/<int:record_id>")
@requires(P.INTEGRITY_MANAGE, P.AUDIT_READ)
def record(record_id: int) -> Any:
    return _page(queries.record_of(record_id), LiftForm())


@bp.get("/new")
@requires(P.INTEGRITY_MANAGE)
def new() -> Any:
    return render_template("integrity/new.html", form=RecordForm())


@bp.post("/new")
@requires(P.INTEGRITY_MANAGE)
def add() -> Any:
    form = RecordForm()
    subject = form.found_subject() if form.validate_on_submit() else None
    if subject is not None and (added := attempt(form, lambda: _add(form, subject))):
        flash(_("失信记录已登记，有关单位或个人已收到通知"), "success")
        return redirect(url_for("integrity.record", record_id=added), 303)
    return render_template("integrity/new.html", form=form), 422


def _add(form: RecordForm, subject: Organisation | User) -> int:
    with transaction():
        return operations.add_record(actor(), subject, form.decision).id


@bp.post("/<int:record_id>/lift")
@requires(P.INTEGRITY_MANAGE)
def lift(record_id: int) -> Any:
    form = LiftForm()
    if form.validate_on_submit() and attempt(form, lambda: _lift(record_id, form.reason.data or "")):
        flash(_("记录已解除"), "success")
        return redirect(url_for("integrity.record", record_id=record_id), 303)
    return _page(queries.record_of(record_id), form), 422


def _lift(record_id: int, reason: str) -> bool:
    with transaction():
        operations.lift_record(actor(), queries.record_of(record_id), reason)
    return True
