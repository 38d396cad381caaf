"""IntegrityRecord 失信记录."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.accounts.models import Organisation, User
from market.database import Base, Numbered


class IntegrityRecord(Numbered, Base):
    """失信记录 of an organisation or a person: conduct, basis, decider, period. Ends by itself or is lifted."""

    __table_args__ = (
        CheckConstraint("(organisation_id IS NULL) <> (user_id IS NULL)", name="one_subject"),
        CheckConstraint("ends_on > starts_on", name="period"),
    )

    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    conduct: Mapped[str] = mapped_column(String(500))
    basis: Mapped[str] = mapped_column(String(300))
    decided_by: Mapped[str] = mapped_column(String(200))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    lifted_on: Mapped[date | None]
    lifted_reason: Mapped[str] = mapped_column(String(500), default="")
    entered_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))

    organisation: Mapped[Organisation | None] = relationship()
    user: Mapped[User | None] = relationship(foreign_keys=user_id)
