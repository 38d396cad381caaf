"""/search/: what anybody may find."""

from typing import Any

from flask import Blueprint, render_template, request

from market.access import public
from market.limits import limiter
from market.paging import page_number
from market.search.documents import KINDS, kinds_in_order
from market.search.operations import update_index  # noqa: F401  (declares the handler)
from market.search.queries import QUERY_MOST, clean_query, district_choices, search

bp = Blueprint("search", __name__, url_prefix="/search")


@bp.get("/")
@public
@limiter.limit("60 per minute")
def results() -> Any:
    """One tab of hits for ``q``."""
    asked, kind = request.args.get("q", ""), request.args.get("kind", "")
    kind = kind if kind in KINDS else kinds_in_order()[0].name
    q, district = clean_query(asked), request.args.get("district", "")[:6]
    newest = request.args.get("order") == "newest"
    answer = search(q, kind, district=district, newest=newest, number=page_number(request.args.get("page")))
    return render_template(
        "search/results.html",
        q=q,
        kind=kind,
        kinds=kinds_in_order(),
        answer=answer,
        district=district,
        districts=district_choices(),
        newest=newest,
        cut_off=len(asked.strip()) > QUERY_MOST,
    )
