"""Codes ``ZBJB-2026-001``: consecutive per prefix and year, without gaps or doubles however many post at once."""

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from market.challenges.models import CodeCounter
from market.database import db


def next_code(prefix: str, year: int) -> str:
    """Take the next number. The counter's row stays locked until the transaction ends; a rollback gives it back."""
    session = db.session()
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    # Two first posters of a year would both find no row; the database lets one of them make it.
    session.execute(insert(CodeCounter.__table__).values(prefix=prefix, year=year, last=0).on_conflict_do_nothing())  # pyright: ignore
    counter = session.scalars(
        select(CodeCounter)
        .where(CodeCounter.prefix == prefix, CodeCounter.year == year)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    counter.last += 1
    return f"{prefix}-{year}-{counter.last:03d}"
