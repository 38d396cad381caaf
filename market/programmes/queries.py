"""Reads of programmes: the rules in force, the open cycle, the taxonomy, the calendar."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import get_locale
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from market import clock
from market.database import db
from market.errors import NotFound
from market.programmes.labels import GROUPS, readable
from market.programmes.models import CalendarDay, Cycle, CycleState, Programme, ProgrammeRules, Term, TermKind
from market.programmes.rules import Rules

_LEADING = ("cycle", "challenge", "need", "bid", "contract")


def rules_of(subject: Any) -> Rules:
    """The typed rules that bind ``subject``: a Cycle, a Challenge, or what leads to one (Need, Bid, Contract…)."""
    while not hasattr(subject, "rules"):
        subject = next(getattr(subject, name) for name in _LEADING if hasattr(subject, name))
    return Rules(**subject.rules.content)


def open_cycles() -> Sequence[Cycle]:
    """The cycles that take needs now, the newest first."""
    now = clock.now()
    return db.session.scalars(
        select(Cycle)
        .where(Cycle.state == CycleState.OPEN, Cycle.opens_at <= now, Cycle.closes_at >= now)
        .options(joinedload(Cycle.rules), joinedload(Cycle.programme))
        .order_by(Cycle.opens_at.desc(), Cycle.id.desc())
    ).all()


def takes_needs(cycle: Cycle) -> bool:
    """The state and, to the second, the clock."""
    return cycle.state is CycleState.OPEN and cycle.opens_at <= clock.now() <= cycle.closes_at


def all_cycles() -> Sequence[Cycle]:
    return db.session.scalars(
        select(Cycle)
        .options(joinedload(Cycle.rules), joinedload(Cycle.programme))
        .order_by(Cycle.year.desc(), Cycle.opens_at.desc(), Cycle.id.desc())
    ).all()


def cycle_of(cycle_id: int) -> Cycle:
    found = db.session.scalar(
        select(Cycle).where(Cycle.id == cycle_id).options(joinedload(Cycle.rules), joinedload(Cycle.programme))
    )
    if found is None:
        raise NotFound
    return found


def all_programmes() -> Sequence[Programme]:
    return db.session.scalars(select(Programme).order_by(Programme.id)).all()


def programme_of(programme_id: int) -> Programme:
    found = db.session.get(Programme, programme_id)
    if found is None:
        raise NotFound
    return found


def rules_versions(programme: Programme) -> Sequence[ProgrammeRules]:
    """Newest first."""
    return db.session.scalars(
        select(ProgrammeRules)
        .where(ProgrammeRules.programme_id == programme.id)
        .order_by(ProgrammeRules.version.desc())
    ).all()


def newest_rules() -> dict[int, ProgrammeRules]:
    """The newest version of every programme, by programme id."""
    rows = db.session.scalars(select(ProgrammeRules).order_by(ProgrammeRules.programme_id, ProgrammeRules.version))
    return {row.programme_id: row for row in rows}


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule as people read it; ``before`` is what it was in the version compared with, None when unchanged."""

    text: Any
    value: str
    before: str | None = None


def rule_lines(rules: Rules, compared_with: Rules | None = None) -> list[tuple[Any, list[RuleLine]]]:
    """The rules in groups, each with its old value where it differs."""
    found = []
    for title, labels in GROUPS:
        lines = []
        for label in labels:
            value = readable(label, rules)
            changed = compared_with is not None and getattr(compared_with, label.name) != getattr(rules, label.name)
            lines.append(
                RuleLine(label.text, value, readable(label, compared_with) if changed and compared_with else None)
            )
        found.append((title, lines))
    return found


def terms(kind: TermKind, *, retired: bool = False) -> Sequence[Term]:
    """分类词 in order of entry; retired ones only when asked for."""
    query = select(Term).where(Term.kind == kind).order_by(Term.id)
    return db.session.scalars(query if retired else query.where(Term.retired.is_(False))).all()


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """分类词 by kind: ``names`` code → name in the reader's language, retired ones too; ``choices`` without them."""

    names: dict[TermKind, dict[str, str]]
    choices: dict[TermKind, list[tuple[str, str]]]


def vocabulary() -> Vocabulary:
    """All terms in order of entry; one statement."""
    english = str(get_locale()) == "en"
    found = Vocabulary({kind: {} for kind in TermKind}, {kind: [] for kind in TermKind})
    for kind, code, name, name_en, retired in db.session.execute(
        select(Term.kind, Term.code, Term.name, Term.name_en, Term.retired).order_by(Term.id)
    ):
        shown = (name_en or name) if english else name
        found.names[kind][code] = shown
        if not retired:
            found.choices[kind].append((code, shown))
    return found


def term_names() -> dict[TermKind, dict[str, str]]:
    """Code → name in the reader's language, per kind, retired ones included."""
    return vocabulary().names


def kept_days() -> dict[date, bool]:
    """Days staff have entered: day → whether it is worked. For clock.add_working_days."""
    return {row.day: row.is_working for row in db.session.scalars(select(CalendarDay))}


def calendar_days(year: int) -> Sequence[CalendarDay]:
    return db.session.scalars(
        select(CalendarDay)
        .where(CalendarDay.day >= date(year, 1, 1), CalendarDay.day <= date(year, 12, 31))
        .order_by(CalendarDay.day)
    ).all()
