"""匹配质量 for staff: the figures, and the rows behind each."""

from typing import Any

from flask import render_template

from market.access import actor, requires
from market.errors import NotAllowed
from market.jobs.progress import progress_of
from market.matches import engine, health, policies, quality
from market.matches.blueprint import bp
from market.matches.operations import FULL_RUN
from market.permissions import Permission

SEES = (Permission.MATCH_READ, Permission.MATCH_RUN)


def _may_see() -> None:
    if not (verdict := policies.may_see_names(actor())):
        raise NotAllowed(verdict.reason)


@bp.get("/matches/health")
@requires(*SEES)
def health_page() -> Any:
    _may_see()
    return render_template(
        "matches/health.html",
        parts=health.parts(),
        progress=progress_of(FULL_RUN),
        measured=quality.kept_measures(),
        version=engine.library_version(),
        fingerprint=engine.library_fingerprint(),
    )


@bp.get("/matches/health/<key>")
@requires(*SEES)
def health_rows(key: str) -> Any:
    _may_see()
    return render_template("matches/health_rows.html", part=health.part_of(key), shown_most=health.ROWS_SHOWN)
