"""Values of the indicators in a period, the rows behind each, rates, median days, and the annual sentence."""

from dataclasses import dataclass
from datetime import date, datetime
from statistics import median
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, func, select

from market import clock, money
from market.challenges.models import Challenge
from market.contracts.models import Contract
from market.database import db
from market.errors import NotFound
from market.needs.models import Need
from market.notices.models import Notice, NoticeState
from market.paging import PAGE_SIZE, Page
from market.payouts.models import Payout, PayoutState
from market.permissions import Actor, Permission
from market.reports.indicators import INDICATORS, RATES, Districts, Indicator, Period, Rows

BY_CODE = {indicator.code: indicator for indicator in INDICATORS}


@dataclass(frozen=True, slots=True)
class Value:
    """One number of the page. ``amount`` is a count, or fen when ``is_money``."""

    code: str
    name: str
    amount: int
    is_money: bool
    unit: str
    note: str

    @property
    def text(self) -> str:
        return money.whole_wan(self.amount) if self.is_money else str(self.amount)


@dataclass(frozen=True, slots=True)
class Rate:
    code: str
    name: str
    numerator: int
    denominator: int

    @property
    def percent(self) -> str:
        """One decimal, or a dash when there is nothing to divide by."""
        return f"{100 * self.numerator / self.denominator:.1f}%" if self.denominator else "—"


def scope_of(actor: Actor) -> Districts:
    """The districts whose rows the actor may count; None is the whole city."""
    return actor.districts_with(Permission.REPORT_READ)


def _measure(indicator: Indicator, period: Period, districts: Districts) -> int:
    found = indicator.rows(period, districts).subquery()
    measure = {
        "count": func.count(),
        "distinct": func.count(found.c.key.distinct()),
        "sum": func.coalesce(func.sum(found.c.fen), 0),
    }[indicator.measure]
    return int(db.session.scalar(select(measure).select_from(found)) or 0)


def value_of(code: str, period: Period, districts: Districts) -> Value:
    """Raises NotFound for an unknown code."""
    indicator = BY_CODE.get(code)
    if indicator is None:
        raise NotFound(_("没有这个指标"))
    is_money = indicator.measure == "sum"
    amount = _measure(indicator, period, districts)
    return Value(code, str(indicator.name), amount, is_money, str(indicator.unit), str(indicator.note))


def values(period: Period, districts: Districts) -> list[Value]:
    """Every indicator in its order (one statement each)."""
    return [value_of(indicator.code, period, districts) for indicator in INDICATORS]


def _count(rows: Rows, period: Period, districts: Districts) -> int:
    return int(db.session.scalar(select(func.count()).select_from(rows(period, districts).subquery())) or 0)


def rates(period: Period, districts: Districts) -> list[Rate]:
    return [
        Rate(code, str(name), _count(over, period, districts), _count(under, period, districts))
        for code, name, over, under in RATES
    ]


def leverage(period: Period, districts: Districts) -> str:
    """J17 财政放大倍数: J14 ÷ (J12 + J13), one decimal."""
    paid = sum(value_of(code, period, districts).amount for code in ("J12", "J13"))
    spent = value_of("J14", period, districts).amount
    return f"{spent / paid:.1f}" if paid else "—"


def rows_behind(code: str, period: Period, districts: Districts, number: int) -> Page[Any]:
    """One page of the rows a number was made of, newest first."""
    if code not in BY_CODE:
        raise NotFound(_("没有这个指标"))
    query = BY_CODE[code].rows(period, districts)
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    found = query.subquery()
    ordered: Select[Any] = select(found).order_by(found.c.day.desc(), found.c.row_id.desc())
    page = db.session.execute(ordered.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)).all()
    return Page(page, number, total)


def all_rows_behind(code: str, period: Period, districts: Districts) -> list[Any]:
    """Every row behind a number, for the export."""
    if code not in BY_CODE:
        raise NotFound(_("没有这个指标"))
    found = BY_CODE[code].rows(period, districts).subquery()
    return list(db.session.execute(select(found).order_by(found.c.day, found.c.row_id)).all())


def _days(pairs: list[tuple[Any, Any]]) -> int | None:
    spans = [(_as_day(later) - _as_day(earlier)).days for earlier, later in pairs if earlier and later]
    return round(median(spans)) if spans else None


def _as_day(moment: datetime | date) -> date:
    return clock.local(moment).date() if isinstance(moment, datetime) else moment


def median_days(period: Period, districts: Districts) -> list[tuple[str, int | None]]:
    """J19: median days of each step, over challenges posted in the period (four statements)."""
    cohort = [Challenge.posted_at.between(period.begins, period.ends)]
    if districts is not None:
        cohort.append(Challenge.district_code.in_(sorted(districts)))
    steps: list[tuple[Any, Select[Any]]] = [
        (
            _l("需求提交到发榜"),
            select(Need.first_submitted_at, Challenge.posted_at).join(Challenge, Challenge.need_id == Need.id),
        ),
        (
            _l("发榜到中榜"),
            select(Challenge.posted_at, Notice.effective_at)
            .join(Notice, Notice.challenge_id == Challenge.id)
            .where(Notice.state == NoticeState.EFFECTIVE),
        ),
        (
            _l("中榜到签约"),
            select(Notice.effective_at, Contract.signed_on)
            .join(Challenge, Challenge.id == Notice.challenge_id)
            .join(Contract, Contract.challenge_id == Challenge.id)
            .where(Notice.state == NoticeState.EFFECTIVE),
        ),
        (
            _l("签约到首笔兑付"),
            select(Contract.signed_on, func.min(Payout.paid_on))
            .join(Payout, Payout.contract_id == Contract.id)
            .join(Challenge, Challenge.id == Contract.challenge_id)
            .where(Payout.state == PayoutState.PAID)
            .group_by(Contract.id, Contract.signed_on),
        ),
    ]
    return [
        (str(name), _days([(earlier, later) for earlier, later in db.session.execute(query.where(*cohort))]))
        for name, query in steps
    ]


def annual_sentence(year: int, districts: Districts = None) -> str:
    """The line of the annual report, computed from the rows and stored nowhere."""
    period = Period.year(year)
    n = {code: value_of(code, period, districts).text for code in ("J01", "J02", "J03a", "J04", "J03c", "J06", "J07", "J09", "J12", "J14")}
    return (
        f"征集写榜需求{n['J01']}个，发榜{n['J02']}个，其中{n['J03a']}个榜额明确为{n['J04']}万元，{n['J03c']}个不限定榜额；"
        f"揭榜活动{n['J06']}场，对接学者团队{n['J07']}个；签订揭榜合同{n['J09']}项；"
        f"兑付人才奖励资金{n['J12']}万元；带动项目研发投入{n['J14']}万元。"
    )
