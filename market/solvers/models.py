"""Solver 揭榜方 (researcher, team, unit, consortium), its members and the evidence of what it can do."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.accounts.models import Organisation, User
from market.database import Base, Numbered, Versioned, state_column


class SolverKind(StrEnum):
    INDIVIDUAL = "individual"
    TEAM = "team"
    UNIT = "unit"
    CONSORTIUM = "consortium"

    @property
    def label(self) -> Any:
        return {
            "individual": _l("个人"),
            "team": _l("团队"),
            "unit": _l("单位"),
            "consortium": _l("联合体"),
        }[self.value]


class SolverState(StrEnum):
    DRAFT = "draft"
    LISTED = "listed"
    VERIFIED = "verified"
    HIDDEN = "hidden"

    @property
    def label(self) -> Any:
        return {
            "draft": _l("草稿"),
            "listed": _l("已登记"),
            "verified": _l("已核验"),
            "hidden": _l("已隐藏"),
        }[self.value]


PUBLIC_SOLVER_STATES = (SolverState.LISTED, SolverState.VERIFIED)


class Solver(Numbered, Versioned, Base):
    """揭榜方. Public once listed; ``lead`` (挂帅人) answers for it."""

    __table_args__ = (Index("ix_solver_state", "state", "name"),)

    kind: Mapped[SolverKind] = state_column(SolverKind)
    name: Mapped[str] = mapped_column(String(120), default="")
    name_en: Mapped[str] = mapped_column(String(160), default="")
    lead_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    title: Mapped[str] = mapped_column(String(80), default="")
    """职称 of the lead."""
    directions: Mapped[list[str]] = mapped_column(default=list)
    keywords: Mapped[list[str]] = mapped_column(default=list)
    profile_zh: Mapped[str] = mapped_column(Text, default="")
    profile_en: Mapped[str] = mapped_column(Text, default="")
    cooperation_modes: Mapped[list[str]] = mapped_column(default=list)
    country: Mapped[str] = mapped_column(String(2), default="CN")
    state: Mapped[SolverState] = state_column(SolverState, SolverState.DRAFT)
    state_changed_at: Mapped[datetime | None]
    accepts_matching: Mapped[bool] = mapped_column(default=True)
    """个人信息保护法 art. 24: the solver may refuse to be matched."""
    refreshed_at: Mapped[datetime | None]
    """When the solver last touched its public text: profiles grow stale, and ``lock`` is the version in the matcher."""
    filter_text: Mapped[str] = mapped_column(Text, default="")
    """Names, directions and keywords in lower case: what the list's filter looks through."""

    lead: Mapped[User] = relationship()
    organisation: Mapped[Organisation | None] = relationship()


@event.listens_for(Solver, "before_insert")
@event.listens_for(Solver, "before_update")
def _keep_filter_text(_mapper: object, _connection: object, solver: Solver) -> None:
    words = [solver.name, solver.name_en, *(solver.directions or ()), *(solver.keywords or ())]
    text = "\n".join(word for word in words if word).lower()
    if solver.filter_text != text:
        solver.filter_text = text


class SolverMember(Numbered, Base):
    """成员 of a team: a person with an account, or only named."""

    __table_args__ = (UniqueConstraint("solver_id", "name"),)

    solver_id: Mapped[int] = mapped_column(ForeignKey("solver.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    name: Mapped[str] = mapped_column(String(80))
    organisation_name: Mapped[str] = mapped_column(String(200), default="")
    role: Mapped[str] = mapped_column(String(80), default="")


class AchievementKind(StrEnum):
    ACHIEVEMENT = "achievement"
    PATENT = "patent"
    PAPER = "paper"
    PROJECT = "project"

    @property
    def label(self) -> Any:
        return {
            "achievement": _l("成果"),
            "patent": _l("专利"),
            "paper": _l("论文"),
            "project": _l("项目"),
        }[self.value]


class Achievement(Numbered, Base):
    """成果、专利、论文、项目: one document of evidence, which the matcher reads."""

    __table_args__ = (Index("ix_achievement_solver", "solver_id", "kind"),)

    solver_id: Mapped[int] = mapped_column(ForeignKey("solver.id"))
    kind: Mapped[AchievementKind] = state_column(AchievementKind)
    title: Mapped[str] = mapped_column(String(400))
    abstract: Mapped[str] = mapped_column(Text, default="")
    keywords: Mapped[list[str]] = mapped_column(default=list)
    year: Mapped[int | None]
    number: Mapped[str] = mapped_column(String(80), default="")
    """Patent number, DOI."""
    status: Mapped[str] = mapped_column(String(40), default="")
    counts_for_matching: Mapped[bool] = mapped_column(default=True)
    """False when the solver chose that this old work no longer speaks for it."""
