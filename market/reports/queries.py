"""Values of the indicators in a period, the rows behind each, the rates, and the annual sentence."""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from market import clock, money
from market.accounts.models import District
from market.audit.chain import link
from market.database import db
from market.errors import NotFound
from market.paging import LAST_PAGE, PAGE_SIZE, Page
from market.permissions import Actor, Permission
from market.programmes.models import Cycle
from market.reports.catalogue import ALL, BY_CODE, LEVERAGES, MEDIANS, RATES, SECTIONS, Indicator
from market.reports.indicators import Districts, Period
from market.reports.models import FrozenMonth
from market.reports.policies import may_open

SENTENCE_CODES = ("J01", "J02", "J03a", "J03b", "J03c", "J04", "J06", "J07", "J09", "J12", "J14")
DASH = "—"


@dataclass(frozen=True, slots=True)
class Value:
    """One number. ``amount`` is a count, fen of a sum or days of a median (None when there is nothing to measure)."""

    code: str
    name: str
    amount: int | None
    measure: str
    unit: str
    note: str

    @property
    def text(self) -> str:
        if self.amount is None:
            return DASH
        return money.whole_wan(self.amount) if self.measure == "sum" else str(self.amount)


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of two counts of the same period."""

    code: str
    name: str
    numerator: Value
    denominator: Value
    note: str

    @property
    def percent(self) -> str:
        """One decimal, or a dash when there is nothing to divide by."""
        over, under = self.numerator.amount or 0, self.denominator.amount or 0
        return f"{100 * over / under:.1f}%" if under else DASH


@dataclass(frozen=True, slots=True)
class Leverage:
    """R&D input of the projects signed in the period ÷ public money they received in it."""

    code: str
    name: str
    numerator: Value
    denominator: Value
    note: str

    @property
    def times(self) -> str:
        over, under = self.numerator.amount or 0, self.denominator.amount or 0
        return f"{over / under:.1f}" if over and under > 0 else DASH


@dataclass(frozen=True, slots=True)
class Report:
    """Every number of one period and scope."""

    values: dict[str, Value]

    @property
    def sections(self) -> list[tuple[str, list[Value]]]:
        return [(str(title), [self.values[i.code] for i in found]) for title, found in SECTIONS]

    @property
    def medians(self) -> list[Value]:
        return [self.values[indicator.code] for indicator in MEDIANS]

    @property
    def rates(self) -> list[Rate]:
        return [
            Rate(code, str(name), self.values[over], self.values[under], str(note))
            for code, name, over, under, note in RATES
        ]

    @property
    def leverages(self) -> list[Leverage]:
        """J17 财政放大倍数 on planned and on actual R&D input: of the same projects, over what was paid to them."""
        return [
            Leverage(code, str(name), self.values[over], self.values[under], str(note))
            for code, name, over, under, note in LEVERAGES
        ]


@dataclass(frozen=True, slots=True)
class Row:
    """One row behind a number; ``is_open`` when the viewer may see whose it is and go there."""

    kind: str
    reference: Any
    day: date | None
    since: date | None
    code: str
    title: str
    party: str
    fen: int | None
    quantity: int | None
    key: int
    is_open: bool

    @property
    def days(self) -> int | None:
        return (self.day - self.since).days if self.day and self.since else None


def scope_of(actor: Actor) -> Districts:
    """The districts whose rows the actor may count; None is the whole city."""
    return actor.districts_with(Permission.REPORT_READ)


def districts_of(scope: Districts) -> list[District]:
    """The districts one may choose from."""
    query = select(District).order_by(District.position, District.code)
    return list(db.session.scalars(query if scope is None else query.where(District.code.in_(sorted(scope)))))


def years() -> list[int]:
    """Years with a cycle, and the present one; newest first."""
    return sorted({*db.session.scalars(select(Cycle.year).distinct()), clock.today().year}, reverse=True)


def indicator_of(code: str) -> Indicator:
    """Raises NotFound for an unknown code."""
    if code not in BY_CODE:
        raise NotFound(_("没有这个指标"))
    return BY_CODE[code]


def value_of(code: str, period: Period, districts: Districts) -> Value:
    """One number (one statement). Raises NotFound for an unknown code."""
    indicator = indicator_of(code)
    amount = _measured(indicator, period, districts)
    return Value(code, str(indicator.name), amount, indicator.measure, str(indicator.unit), str(indicator.note))


def _measured(indicator: Indicator, period: Period, districts: Districts) -> int | None:
    found = indicator.rows(period, districts).subquery()
    if indicator.measure == "median":
        spans = [(day - since).days for since, day in db.session.execute(select(found.c.since, found.c.day))]
        return round(median(spans)) if spans else None
    measure = {
        "count": func.count(),
        "distinct": func.count(found.c.key.distinct()),
        "sum": func.coalesce(func.sum(found.c.fen), 0),
        "quantity": func.coalesce(func.sum(found.c.quantity), 0),
    }[indicator.measure]
    return int(db.session.scalar(select(measure).select_from(found)) or 0)


def values_of(codes: Iterable[str], period: Period, districts: Districts = None) -> dict[str, Value]:
    return {code: value_of(code, period, districts) for code in codes}


def report_of(period: Period, districts: Districts) -> Report:
    """Every indicator of the page (one statement each, however many rows)."""
    return Report(values_of((indicator.code for indicator in ALL), period, districts))


def rows_behind(actor: Actor, code: str, period: Period, districts: Districts, number: int) -> Page[Row]:
    """One page of the rows a number was made of, newest first."""
    number = max(1, min(number, LAST_PAGE))
    query = indicator_of(code).rows(period, districts)
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    found = db.session.execute(_ordered(query).limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)).all()
    return Page([_row(actor, row) for row in found], number, total)


def all_rows_behind(actor: Actor, code: str, period: Period, districts: Districts) -> Sequence[Row]:
    """Every row behind a number, for the export."""
    return [_row(actor, row) for row in db.session.execute(_ordered(indicator_of(code).rows(period, districts)))]


def _ordered(query: Any) -> Select[Any]:
    found = query.subquery()
    return select(found).order_by(found.c.day.desc(), found.c.row_id.desc())


def _row(actor: Actor, row: Any) -> Row:
    """Counted for everybody in scope, but named only to those who may read the thing itself."""
    is_open = bool(may_open(actor, row.kind, row.district))
    hidden = _("不在您的查阅范围")
    title = row.title if is_open or row.kind == "bid" else hidden
    party = row.party if is_open or row.kind in ("payout", "refund") else hidden
    return Row(
        row.kind, row.reference, row.day, row.since, row.code, title, party, row.fen, row.quantity, row.key, is_open
    )


def sentence(values: dict[str, Value]) -> str:
    """The line of the annual report from its numbers, in the reader's language."""
    numbers = {code.lower(): value.text for code, value in values.items()}
    stated = (values["J03a"].amount or 0) + (values["J03b"].amount or 0)
    return _(
        "征集写榜需求%(j01)s个，发榜%(j02)s个，其中%(stated)s个榜额明确为%(j04)s万元，%(j03c)s个不限定榜额；"
        "揭榜活动%(j06)s场，对接学者团队%(j07)s个；签订揭榜合同%(j09)s项；"
        "兑付人才奖励资金%(j12)s万元；带动项目研发投入%(j14)s万元。",
        stated=stated,
        **numbers,
    )


def annual_sentence(year: int) -> str:
    """The line of the annual report of the city, computed from the rows and stored nowhere."""
    return sentence(values_of(SENTENCE_CODES, Period.year(year)))


# --- frozen months --------------------------------------------------------------------------------------------------

CITY = ""


def last_day_of(month: date) -> date:
    return month.replace(day=monthrange(month.year, month.month)[1])


def month_of(period: Period) -> date | None:
    """The first day of the month that the period is, None when it is none."""
    return period.first if period.first.day == 1 and period.last == last_day_of(period.first) else None


def figures_of(month: date) -> dict[str, dict[str, int | None]]:
    """Every number of the month as the rows give it now: of the city and of each district."""
    period = Period(month, last_day_of(month))
    places = [CITY, *db.session.scalars(select(District.code).order_by(District.code))]
    return {
        place: {
            code: value.amount
            for code, value in report_of(period, frozenset({place}) if place else None).values.items()
        }
        for place in places
    }


def hash_of(row: FrozenMonth) -> str:
    """Chained to the version before."""
    names = ("month", "version", "figures", "reason", "frozen_by_id", "created_at")
    return link(row.prev_hash, {name: getattr(row, name) for name in names}, "frozen_month")


def versions_of(month: date) -> Sequence[FrozenMonth]:
    """First to last."""
    query = select(FrozenMonth).options(joinedload(FrozenMonth.frozen_by)).where(FrozenMonth.month == month)
    return db.session.scalars(query.order_by(FrozenMonth.version)).all()


def frozen_between(first: date, last: date) -> dict[date, FrozenMonth]:
    """{month: its last version}."""
    query = (
        select(FrozenMonth)
        .options(joinedload(FrozenMonth.frozen_by))
        .where(FrozenMonth.month.between(first, last))
        .order_by(FrozenMonth.version)
    )
    return {row.month: row for row in db.session.scalars(query)}


@dataclass(frozen=True, slots=True)
class Change:
    """One number in two versions, or frozen and now. ``before`` is None when it was not counted yet."""

    before: Value | None
    after: Value

    @property
    def is_change(self) -> bool:
        return self.before is None or self.before.amount != self.after.amount


def compared(before: dict[str, int | None], after: dict[str, int | None]) -> list[Change]:
    """Every number of ``after`` in the order of the page, beside what it was."""
    return [
        Change(_as_value(i, before[i.code]) if i.code in before else None, _as_value(i, after[i.code]))
        for i in ALL
        if i.code in after
    ]


def _as_value(indicator: Indicator, amount: int | None) -> Value:
    return Value(
        indicator.code, str(indicator.name), amount, indicator.measure, str(indicator.unit), str(indicator.note)
    )
