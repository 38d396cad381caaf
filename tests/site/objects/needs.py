"""Firm A's needs in the states that decide who may what."""

from market.database import db, transaction
from market.needs.models import NeedState
from market.needs.operations import attach_commitment
from tests.builders.chain import make_cycle, make_need
from tests.builders.files import pdf, upload
from tests.builders.needs import make_terms
from tests.builders.people import acting
from tests.site.cast import Cast

STATES = {
    "draft": NeedState.DRAFT,
    "submitted": NeedState.DISTRICT_CHECK,
    "formal": NeedState.FORMAL_CHECK,
    "validation": NeedState.VALIDATION,
    "accepted": NeedState.ACCEPTED,
    "posted": NeedState.POSTED,
    "returned": NeedState.RETURNED,
}


def objects(cast: Cast) -> dict[str, dict[str, object]]:
    make_terms()
    cycle, firm = make_cycle(), cast.organisations["firm_a"]
    needs = {key: make_need(cycle, firm, cast.people["author_a"], state) for key, state in STATES.items()}
    found: dict[str, dict[str, object]] = {key: {"need_id": need.id} for key, need in needs.items()}
    with transaction():
        need = db.session.merge(needs["draft"])
        token = attach_commitment(acting(cast.people["author_a"]), need, upload("承诺函.pdf", pdf())).token
    return found | {
        "draft_section": {**found["draft"], "section": "basics"},
        "returned_section": {**found["returned"], "section": "indicators"},
        "submitted_section": {**found["submitted"], "section": "basics"},
        "upload": {**found["draft"], "token": token},
    }
