"""Routes of audit: the supervisor reads the journal, checks it and takes it out. Nothing here changes business data."""

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from market import clock
from market.access import actor, requires
from market.audit import queries
from market.audit.export import csv_lines
from market.audit.forms import filter_from
from market.audit.journal import record
from market.audit.labels import action_label, choices, kinds
from market.audit.verify import verify
from market.database import db, transaction
from market.errors import NotFound
from market.paging import page_number, paginate
from market.permissions import Permission

bp = Blueprint("audit", __name__, url_prefix="/audit")
P = Permission
MOST_EXPORTED = 50_000


@bp.app_template_filter("journalled")
def journalled(value: Any, column: str) -> str:
    """A journalled value as people read it: the journal keeps instants as seconds since 1970."""
    if value is None:
        return "—"
    if column.endswith("_at") and isinstance(value, int | float):
        return f"{clock.local(datetime.fromtimestamp(value, UTC)):%Y-%m-%d %H:%M:%S}"
    return str(value)


@bp.get("/")
@requires(P.AUDIT_READ)
def index() -> Any:
    wanted = filter_from(request.args)
    page = paginate(db.session(), queries.entries(wanted), page_number(request.args.get("page")))
    return render_template(
        "audit/index.html",
        page=page,
        entries=queries.as_shown(page.items),
        wanted=wanted,
        kinds=kinds(),
        actions=choices(wanted.action),
        action_label=action_label,
        undelivered=queries.undelivered(),
    )


@bp.get("/entries/<int:seq>")
@requires(P.AUDIT_READ)
def entry(seq: int) -> Any:
    found = queries.entry_of(seq)
    return render_template("audit/entry.html", entry=found, kinds=kinds(), action_label=action_label)


@bp.get("/<kind>/<subject_id>")
@requires(P.AUDIT_READ)
def history(kind: str, subject_id: str) -> Any:
    if kind not in kinds():
        raise NotFound
    query = queries.entries(queries.Filter(kind=kind, subject_id=subject_id), newest_first=False)
    page = paginate(db.session(), query, page_number(request.args.get("page")), 50)
    if not page.total:
        raise NotFound
    return render_template(
        "audit/history.html",
        page=page,
        kind=kinds()[kind],
        kind_name=kind,
        subject_id=subject_id,
        action_label=action_label,
    )


@bp.post("/verify")
@requires(P.AUDIT_READ)
def verify_now() -> Any:
    checked, finding = verify(db.session())
    if finding:
        result = _("核对不通过：%(where)s：%(what)s", where=finding.where, what=finding.what)
    else:
        result = _("核对通过：%(count)s 条记录首尾相接，业务数据与记录一致", count=checked)
    with transaction():
        record(actor(), "audit:verify", note=result)
    flash(result, "error" if finding else "success")
    return redirect(url_for("audit.index"), 303)


@bp.get("/undelivered")
@requires(P.AUDIT_READ)
def undelivered() -> Any:
    page = paginate(db.session(), queries.dead_letters(), page_number(request.args.get("page")))
    return render_template("audit/undelivered.html", page=page, retrying=queries.waiting_longest())


@bp.post("/export.csv")
@requires(P.AUDIT_READ)
def export() -> Any:
    wanted = filter_from(request.form)
    with transaction():
        record(actor(), "audit:export", note=str(wanted))
    rows = queries.in_portions(queries.entries(wanted, newest_first=False), MOST_EXPORTED)
    name = f"audit-{clock.today():%Y%m%d}.csv"
    text = "".join(csv_lines(rows))
    return Response(text, mimetype="text/csv", headers={"Content-Disposition": f"attachment; filename={name}"})
