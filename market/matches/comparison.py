"""Two candidates of a challenge side by side: what both have, what only one has, conditions and past contracts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from market.challenges.models import Challenge
from market.database import Base, db
from market.matches.constraints import LIVE, Constraint
from market.matches.queries import Card

CONTRACTS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class PastContract:
    title: str
    code: str
    amount_fen: int
    signed_on: date | None
    progress: Any


@dataclass(frozen=True, slots=True)
class Comparison:
    """``shared``: (term, share for a, share for b); ``only``: per candidate (term, share), heaviest first."""

    cards: tuple[Card, Card]
    shared: list[tuple[str, float, float]]
    only: tuple[list[tuple[str, float]], list[tuple[str, float]]]
    contracts: tuple[list[PastContract], list[PastContract]]

    @property
    def conditions(self) -> list[tuple[Constraint, Constraint]]:
        return list(zip(self.cards[0].constraints, self.cards[1].constraints, strict=True))


def compare(one: Card, other: Card) -> Comparison:
    a, b = _terms(one), _terms(other)
    shared = sorted(((term, a[term], b[term]) for term in a.keys() & b.keys()), key=lambda row: (-row[1] - row[2], row))
    past = _contracts([one.candidate.solver_id, other.candidate.solver_id])
    return Comparison(
        (one, other),
        shared,
        (_without(a, b), _without(b, a)),
        (past[one.candidate.solver_id], past[other.candidate.solver_id]),
    )


def _terms(card: Card) -> dict[str, float]:
    """Term → its share of the evidence, over all documents it was found in."""
    found: dict[str, float] = {}
    for reason in card.candidate.reasons:
        found[reason["term"]] = found.get(reason["term"], 0.0) + float(reason["weight"])
    return found


def _without(terms: dict[str, float], others: dict[str, float]) -> list[tuple[str, float]]:
    return sorted(((t, share) for t, share in terms.items() if t not in others), key=lambda row: (-row[1], row[0]))


def _contracts(solver_ids: Sequence[int]) -> dict[int, list[PastContract]]:
    """Signed contracts, newest first. They stand above this room: the table is named, the class not imported."""
    contract: Any = Base.metadata.tables["contract"]
    query = (
        select(
            contract.c.solver_id, Challenge.title, Challenge.code, contract.c.amount_fen, contract.c.signed_on,
            contract.c.state,
        )
        .join(Challenge, Challenge.id == contract.c.challenge_id)
        .where(contract.c.solver_id.in_(solver_ids), contract.c.signed_on.is_not(None))
        .order_by(contract.c.signed_on.desc(), contract.c.id)
    )  # fmt: skip
    found: dict[int, list[PastContract]] = {solver_id: [] for solver_id in solver_ids}
    for solver_id, title, code, amount_fen, signed_on, state in db.session.execute(query):
        if len(found[solver_id]) < CONTRACTS_SHOWN:
            found[solver_id].append(PastContract(title, code or "", amount_fen, signed_on, _progress(state)))
    return found


def _progress(state: str) -> Any:
    if state in LIVE:
        return _l("在研")
    return _l("终止") if state == "terminated" else _l("已完成")
