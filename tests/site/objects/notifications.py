"""A message to the author of firm A."""

from market.notifications.models import Message
from tests.builders.people import save
from tests.site.cast import Cast


def objects(cast: Cast) -> dict[str, dict[str, object]]:
    row = Message(user_id=cast.people["author_a"].id, subject="需求已退回", body="请看意见", url="/needs/")
    save(row)
    return {"message_to_author_a": {"message_id": row.id}}
