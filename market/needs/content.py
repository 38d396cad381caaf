"""The fields that describe a technical problem: a need holds them as a draft, a challenge version holds them locked."""

from enum import StrEnum
from functools import cached_property
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from market.database import fen_column, state_column
from market.sealing.fields import EncryptedText


class ProblemKind(StrEnum):
    RESEARCH = "research"
    TRANSFER = "transfer"
    TALENT = "talent"

    @cached_property
    def label(self) -> Any:
        return {"research": _l("技术攻关"), "transfer": _l("成果转化"), "talent": _l("引才")}[self.value]


class AmountKind(StrEnum):
    FIXED = "fixed"
    RANGE = "range"
    UNLIMITED = "unlimited"
    NEGOTIABLE = "negotiable"

    @cached_property
    def label(self) -> Any:
        return {
            "fixed": _l("定额"),
            "range": _l("区间"),
            "unlimited": _l("不限定榜额"),
            "negotiable": _l("面议"),
        }[self.value]


class Ownership(StrEnum):
    POSTER = "poster"
    SOLVER = "solver"
    SHARED = "shared"
    EXCLUSIVE = "exclusive"
    BY_CONTRACT = "by_contract"

    @cached_property
    def label(self) -> Any:
        return {
            "poster": _l("归发榜方"),
            "solver": _l("归揭榜方"),
            "shared": _l("双方共有"),
            "exclusive": _l("归揭榜方，发榜方独占许可"),
            "by_contract": _l("合同约定"),
        }[self.value]


class Confidentiality(StrEnum):
    OPEN = "open"
    PARTLY = "partly"

    @cached_property
    def label(self) -> Any:
        return {"open": _l("全部公开"), "partly": _l("部分保密（仅向获准揭榜方开放）")}[self.value]


class Operator(StrEnum):
    AT_LEAST = ">="
    AT_MOST = "<="
    EQUAL = "="
    BETWEEN = "between"

    @cached_property
    def label(self) -> Any:
        return {">=": "≥", "<=": "≤", "=": "=", "between": str(_l("区间"))}[self.value]


class ProblemContent:
    """Columns of the problem. Everything may be empty in a draft; posting asks for what the rules mark ★."""

    title: Mapped[str] = mapped_column(String(200), default="")
    kind: Mapped[ProblemKind | None] = state_column(ProblemKind, nullable=True)
    industry: Mapped[str] = mapped_column(String(20), default="")
    """Term code."""
    tech_field: Mapped[str] = mapped_column(String(20), default="")
    background: Mapped[str] = mapped_column(Text, default="")
    in_house_unsolvable: Mapped[bool] = mapped_column(default=False)
    in_house_reason: Mapped[str] = mapped_column(Text, default="")
    content: Mapped[str] = mapped_column(Text, default="")
    deliverables: Mapped[list[str]] = mapped_column(default=list)
    indicators: Mapped[list[Any]] = mapped_column(default=list)
    """[{name, operator, value, value_high, unit, method}]; numbers as decimal strings."""
    amount_kind: Mapped[AmountKind | None] = state_column(AmountKind, nullable=True)
    amount_fen: Mapped[int | None] = fen_column(nullable=True)
    amount_low_fen: Mapped[int | None] = fen_column(nullable=True)
    amount_high_fen: Mapped[int | None] = fen_column(nullable=True)
    funding_total_fen: Mapped[int | None] = fen_column(nullable=True)
    funding_poster_fen: Mapped[int | None] = fen_column(nullable=True)
    funding_other_fen: Mapped[int | None] = fen_column(nullable=True)
    funding_fiscal_fen: Mapped[int | None] = fen_column(nullable=True)
    ownership: Mapped[Ownership | None] = state_column(Ownership, nullable=True)
    solver_conditions: Mapped[str] = mapped_column(Text, default="")
    term_months: Mapped[int | None]
    confidentiality: Mapped[Confidentiality] = state_column(Confidentiality, Confidentiality.OPEN)
    confidential_text: Mapped[str | None] = mapped_column(EncryptedText)
    """保密部分: never in the index, the matcher, a reason or a public page."""
    contact_name: Mapped[str] = mapped_column(String(80), default="")
    contact_phone: Mapped[str | None] = mapped_column(EncryptedText)


CONTENT_FIELDS = tuple(name for name in ProblemContent.__annotations__)
