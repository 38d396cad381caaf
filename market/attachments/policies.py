"""The right to download is the right to see the owner. Domains register who sees their rows; deny by default."""

from collections.abc import Callable
from typing import Any

from market.attachments.models import Attachment
from market.database import Base, db
from market.permissions import Actor

MaySee = Callable[..., Any]
_OWNERS: dict[str, tuple[type[Base], Callable[..., Any], bool]] = {}


def owner(model: type[Base], *, by_slot: bool = False) -> Callable[[MaySee], MaySee]:
    """Declare ``may_see(actor, row)`` for attachments of ``model``; ``by_slot``: ``may_see(actor, row, slot)``."""

    def declare(may_see: MaySee) -> MaySee:
        if model.__tablename__ in _OWNERS:
            raise RuntimeError(f"two owners' policies for {model.__tablename__}")
        _OWNERS[model.__tablename__] = (model, may_see, by_slot)
        return may_see

    return declare


def may_download(actor: Actor, attachment: Attachment) -> bool:
    """Asked at each download. An owner that registered nothing shows nothing."""
    found = _OWNERS.get(attachment.owner_kind)
    if found is None or attachment.removed_at is not None:
        return False
    model, may_see, by_slot = found
    row = db.session.get(model, attachment.owner_id)
    if row is None:
        return False
    return bool(may_see(actor, row, attachment.slot) if by_slot else may_see(actor, row))
