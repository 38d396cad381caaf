"""Reads of integrity records, and the check that every gate asks."""

from datetime import date

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import joinedload

from market import clock
from market.accounts.models import Organisation, User
from market.database import db
from market.errors import NotFound
from market.integrity.models import IntegrityRecord


def in_force(on: date) -> ColumnElement[bool]:
    """Records that bind on that day: begun, not over, not lifted."""
    return and_(
        IntegrityRecord.starts_on <= on,
        IntegrityRecord.ends_on >= on,
        or_(IntegrityRecord.lifted_on.is_(None), IntegrityRecord.lifted_on > on),
    )


def active_record_of(
    *, organisation_id: int | None = None, user_id: int | None = None, on: date | None = None
) -> IntegrityRecord | None:
    """The record that bars this organisation or this person on a day (today), or None. Ends latest first."""
    subjects = []
    if organisation_id is not None:
        subjects.append(IntegrityRecord.organisation_id == organisation_id)
    if user_id is not None:
        subjects.append(IntegrityRecord.user_id == user_id)
    if not subjects:
        return None
    query = (
        select(IntegrityRecord)
        .options(joinedload(IntegrityRecord.organisation), joinedload(IntegrityRecord.user))
        .where(or_(*subjects), in_force(on or clock.today()))
        .order_by(IntegrityRecord.ends_on.desc(), IntegrityRecord.id)
    )
    return db.session.scalars(query).first()


def records(q: str = "", only_in_force: bool = False) -> Select[IntegrityRecord]:
    query = (
        select(IntegrityRecord)
        .outerjoin(Organisation, Organisation.id == IntegrityRecord.organisation_id)
        .outerjoin(User, User.id == IntegrityRecord.user_id)
        .options(joinedload(IntegrityRecord.organisation), joinedload(IntegrityRecord.user))
    )
    if q:
        query = query.where(
            or_(Organisation.name.icontains(q, autoescape=True), User.name.icontains(q, autoescape=True))
        )
    if only_in_force:
        query = query.where(in_force(clock.today()))
    return query.order_by(IntegrityRecord.ends_on.desc(), IntegrityRecord.id.desc())


def record_of(record_id: int) -> IntegrityRecord:
    """Raises NotFound."""
    found = db.session.get(IntegrityRecord, record_id)
    if found is None:
        raise NotFound
    return found
