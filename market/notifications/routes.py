"""Routes of notifications: the inbox."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from market.access import actor, signed_in
from market.database import db, transaction
from market.notifications import operations, queries
from market.paging import page_number, paginate

bp = Blueprint("notifications", __name__, url_prefix="/inbox")


@bp.get("/")
@signed_in
def inbox() -> Any:
    page = paginate(db.session(), queries.inbox(actor().user_id), page_number(request.args.get("page")))
    return render_template("notifications/inbox.html", page=page)


@bp.get("/<int:message_id>")
@signed_in
def message(message_id: int) -> Any:
    """Opening a message reads it."""
    if queries.own_message(actor().user_id, message_id).read_at is None:
        with transaction():
            operations.mark_read(queries.own_message(actor().user_id, message_id))
    return render_template("notifications/message.html", message=queries.own_message(actor().user_id, message_id))


@bp.post("/read-all")
@signed_in
def read_all() -> Any:
    with transaction():
        operations.mark_all_read(actor().user_id)
    flash(_("全部消息已标为已读"), "success")
    return redirect(url_for("notifications.inbox"), 303)
