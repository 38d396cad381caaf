"""A record in force against firm B."""

from datetime import timedelta

from market import clock
from market.integrity.models import IntegrityRecord
from tests.builders.people import save
from tests.site.cast import Cast


def objects(cast: Cast) -> dict[str, dict[str, object]]:
    row = IntegrityRecord(
        organisation_id=cast.organisations["firm_b"].id,
        conduct="提供虚假检测报告",
        basis="测试依据",
        decided_by="测试机关",
        starts_on=clock.today(),
        ends_on=clock.today() + timedelta(days=365),
        entered_by_id=cast.people["city"].id,
    )
    save(row)
    return {"record_of_firm_b": {"record_id": row.id}}
