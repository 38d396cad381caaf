"""Routes of home: the front page for everybody, the workspace for whoever is signed in, and the health answer."""

from typing import Any

from flask import Blueprint, jsonify, render_template
from flask_babel import get_locale
from sqlalchemy.exc import SQLAlchemyError

from market.access import actor, public, signed_in
from market.accounts.queries import memberships_of
from market.home import bureau_tasks, oversight_tasks, party_tasks, queries  # noqa: F401  (they declare the tasks)
from market.home.tasks import waiting_for

bp = Blueprint("home", __name__)


@bp.get("/")
@public
def front() -> Any:
    year = queries.year_shown()
    return render_template(
        "home/front.html",
        year=year,
        numbers=queries.numbers_of(year),
        challenges=queries.open_challenges(),
        industries=queries.industry_names(str(get_locale())),
        notices=queries.current_notices(),
        events=queries.coming_events(),
    )


@bp.get("/workspace/")
@signed_in
def workspace() -> Any:
    memberships = memberships_of(actor().user_id) if not actor().held else []
    return render_template("home/workspace.html", waiting=waiting_for(actor()), memberships=memberships)


@bp.get("/healthz")
@public
def health() -> Any:
    """For the load balancer: whether the database answers. Says nothing else about the installation."""
    try:
        fine = queries.database_answers()
    except SQLAlchemyError:
        fine = False
    return jsonify(status="ok" if fine else "unavailable"), 200 if fine else 503
