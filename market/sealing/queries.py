"""Officers' opening keys and what hangs on them."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select

from market.database import db
from market.permissions import Actor
from market.sealing.models import KeyShare, OfficerKey, SealingKey


def my_key(actor: Actor) -> OfficerKey | None:
    """The actor's live opening key."""
    return db.session.scalar(
        select(OfficerKey)
        .where(OfficerKey.user_id == actor.user_id, OfficerKey.retired_at.is_(None))
        .order_by(OfficerKey.id.desc())
    )


def key_holders(among: Iterable[int] | None = None) -> list[int]:
    """User ids with a live opening key, longest-standing first; only ``among`` these when given."""
    wanted = select(OfficerKey.user_id).where(OfficerKey.retired_at.is_(None)).order_by(OfficerKey.id)
    if among is not None:
        wanted = wanted.where(OfficerKey.user_id.in_(list(among)))
    return list(db.session.scalars(wanted))


@dataclass(frozen=True, slots=True)
class Outstanding:
    """A subject whose opening still counts on the officer's share."""

    subject: str
    quorum: int
    others: int
    """Other holders with a live key: below the quorum nobody could open without this officer."""

    @property
    def is_critical(self) -> bool:
        return self.others < self.quorum


def outstanding_shares(actor: Actor) -> list[Outstanding]:
    """Shares under the actor's live key that were not released yet."""
    key = my_key(actor)
    if key is None:
        return []
    others = (
        select(func.count())
        .select_from(KeyShare)
        .join(OfficerKey, OfficerKey.id == KeyShare.officer_key_id)
        .where(
            KeyShare.sealing_key_id == SealingKey.id,
            OfficerKey.retired_at.is_(None),
            OfficerKey.id != key.id,
        )
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(SealingKey.subject, SealingKey.quorum, others)
        .join(KeyShare, KeyShare.sealing_key_id == SealingKey.id)
        .where(KeyShare.officer_key_id == key.id, KeyShare.released_at.is_(None))
        .order_by(SealingKey.id)
    )
    return [Outstanding(*row) for row in rows]
