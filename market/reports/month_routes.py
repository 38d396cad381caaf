"""Pages of frozen months: which are frozen, what has changed since, freezing and correcting."""

from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from market import clock
from market.access import actor, requires
from market.database import transaction
from market.errors import NotFound
from market.forms import attempt
from market.permissions import Permission as P
from market.reports import operations, queries
from market.reports.blueprint import bp
from market.reports.forms import CorrectionForm, PeriodForm
from market.reports.indicators import Period
from market.reports.models import FrozenMonth


def _month(text: str) -> date:
    """The first day of ``YYYY-MM``; raises NotFound when it is none, or has not begun."""
    year, _dash, month = text.partition("-")
    if not (len(text) == 7 and text.isascii() and year.isdigit() and month.isdigit()):
        raise NotFound
    if not (int(year) >= 2000 and 1 <= int(month) <= 12):
        raise NotFound
    found = date(int(year), int(month), 1)
    if found > clock.today():
        raise NotFound
    return found


def _place() -> str:
    """The district whose figures are shown; the city for those who may count it all."""
    scope, asked = queries.scope_of(actor()), request.args.get("district", "")
    if asked and asked in {district.code for district in queries.districts_of(scope)}:
        return asked
    return queries.CITY if scope is None else min(scope, default="-")


def _districts(place: str) -> frozenset[str] | None:
    return frozenset({place}) if place else None


def frozen_notice(form: PeriodForm, period: Period, report: queries.Report) -> dict[str, Any] | None:
    """What the statistics page says of a month that is frozen: the version, and how many numbers differ from it."""
    month, districts = queries.month_of(period), form.districts
    if month is None or (districts is not None and len(districts) != 1):
        return None
    place = next(iter(districts)) if districts else queries.CITY
    row = queries.frozen_between(month, month).get(month)
    if row is None or place not in row.figures:
        return None
    now = {code: value.amount for code, value in report.values.items()}
    changes = queries.compared(row.figures[place], now)
    return {"row": row, "place": place, "changed": sum(change.is_change for change in changes)}


@bp.get("/reports/months")
@requires(P.REPORT_READ)
def months() -> str:
    today = clock.today()
    years = list(range(today.year, min(queries.years()) - 1, -1))
    asked = request.args.get("year", str(today.year))
    year = int(asked) if asked in {str(each) for each in years} else today.year
    last = today.month if year == today.year else 12
    rows = [date(year, month, 1) for month in range(last, 0, -1)]
    return render_template(
        "reports/months.html", months=rows, frozen=queries.frozen_between(date(year, 1, 1), date(year, 12, 1)),
        year=year, years=years, may_freeze=actor().has(P.REPORT_FREEZE), last_day_of=queries.last_day_of,
    )  # fmt: skip


@bp.get("/reports/months/<month>")
@requires(P.REPORT_READ)
def month(month: str) -> str:
    return _page(_month(month), CorrectionForm())


def _page(month: date, form: CorrectionForm) -> str:
    place, versions = _place(), queries.versions_of(month)
    period = Period(month, queries.last_day_of(month))
    live = queries.report_of(period, _districts(place))
    now = {code: value.amount for code, value in live.values.items()}
    figures = [row.figures.get(place, {}) for row in versions]
    scope = queries.scope_of(actor())
    return render_template(
        "reports/month.html", month=month, versions=versions, form=form, place=place,
        districts=queries.districts_of(scope), whole_city=scope is None,
        corrections=[
            (row, [change for change in queries.compared(before, after) if change.is_change])
            for row, before, after in zip(versions[1:], figures, figures[1:], strict=False)
        ],
        changes=queries.compared(figures[-1] if figures else {}, now),
        altered=[row.version for row in versions if queries.hash_of(row) != row.hash],
        arguments={"year": month.year, "part": f"m{month.month}", **({"district": place} if place else {})},
        is_over=clock.today() > period.last, may_freeze=actor().has(P.REPORT_FREEZE),
    )  # fmt: skip


def _done(row: FrozenMonth, message: str) -> Any:
    flash(message, "success")
    return redirect(url_for("reports.month", month=f"{row.month:%Y-%m}"), 303)


@bp.post("/reports/months/<month>/freeze")
@requires(P.REPORT_FREEZE)
def freeze(month: str) -> Any:
    wanted = _month(month)
    with transaction():
        row = operations.freeze_month(actor(), wanted)
    return _done(row, _("统计已封存，之后的变化会作为更正显示"))


@bp.post("/reports/months/<month>/correct")
@requires(P.REPORT_FREEZE)
def correct(month: str) -> Any:
    wanted, form = _month(month), CorrectionForm()

    def work() -> FrozenMonth:
        with transaction():
            return operations.correct_month(actor(), wanted, form.reason.data or "")

    if form.validate() and (row := attempt(form, work)):
        return _done(row, _("更正已登记为第 %(n)s 版", n=row.version))
    return _page(wanted, form)
