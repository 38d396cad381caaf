"""Routes of jobs: the progress of long work, as a fragment that asks again until it is done."""

from typing import Any

from flask import Blueprint, render_template

from market.access import actor, signed_in
from market.errors import NotFound
from market.jobs.progress import may_know, progress_of

bp = Blueprint("jobs", __name__, url_prefix="/jobs")


@bp.get("/progress/<path:key>")
@signed_in
def progress(key: str) -> Any:
    found = progress_of(key) if may_know(actor(), key) else None
    if found is None:
        raise NotFound
    return render_template("jobs/_progress.html", progress=found)
