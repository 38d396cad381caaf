"""An entry and a subject with a history."""

from market.audit.journal import record
from market.database import transaction
from market.permissions import SYSTEM
from tests.site.cast import Cast


def objects(cast: Cast) -> dict[str, dict[str, object]]:
    firm = cast.organisations["firm_a"]
    with transaction():
        record(SYSTEM, "test:build", firm)
    return {"entry": {"seq": 1}, "history_of_firm_a": {"kind": "organisation", "subject_id": str(firm.id)}}
