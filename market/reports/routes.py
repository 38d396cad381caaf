"""Pages of the statistics: the city's headline numbers for everybody, all indicators and their rows for the bureau."""

from io import BytesIO
from typing import Any

from flask import render_template, request, send_file, url_for
from flask_babel import gettext as _

from market.access import actor, public, requires
from market.errors import InvalidInput, NotFound
from market.forms import attempt
from market.paging import page_number
from market.permissions import Permission
from market.reports import export, month_routes, queries
from market.reports.blueprint import bp
from market.reports.forms import PeriodForm
from market.reports.indicators import Period
from market.spreadsheets import MIMETYPE

# Where a row's own page is: kind → (endpoint, name of its argument).
PAGES = {
    "need": ("needs.show", "need_id"),
    "challenge": ("challenges.show", "code"),
    "bid": ("bids.show", "bid_id"),
    "event": ("events.show", "event_id"),
    "contact": ("events.contact", "contact_id"),
    "contract": ("contracts.overview", "contract_id"),
    "outcome": ("contracts.outcomes", "contract_id"),
    "payout": ("payouts.show", "payout_id"),
    "refund": ("payouts.show_refund", "refund_id"),
}


@bp.get("/statistics/", endpoint="public")
@public
def public_page() -> Any:
    years = queries.years()
    asked = request.args.get("year", str(years[0]))
    if asked not in {str(year) for year in years}:
        raise NotFound(_("没有这一年度的统计"))
    values = queries.values_of(queries.SENTENCE_CODES, Period.year(int(asked)))
    return render_template(
        "reports/public.html", values=values, years=years, year=int(asked), sentence=queries.sentence(values)
    )


def _asked() -> PeriodForm:
    scope = queries.scope_of(actor())
    return PeriodForm(request.args, queries.districts_of(scope), scope)


def _period(form: PeriodForm) -> Period | None:
    """The period asked for; None with the errors in the form."""
    return attempt(form, lambda: form.period) if form.validate() else None


def _required_period(form: PeriodForm) -> Period:
    found = _period(form)
    if found is None:
        raise InvalidInput("；".join(str(error) for errors in form.errors.values() for error in errors))
    return found


@bp.get("/reports/")
@requires(Permission.REPORT_READ)
def index() -> Any:
    form = _asked()
    period = _period(form)
    report = queries.report_of(period, form.districts) if period else None
    return render_template(
        "reports/index.html",
        form=form,
        period=period,
        report=report,
        frozen=month_routes.frozen_notice(form, period, report) if period and report else None,
    )


@bp.get("/reports/print")
@requires(Permission.REPORT_READ)
def print_view() -> Any:
    form = _asked()
    period = _required_period(form)
    report = queries.report_of(period, form.districts)
    return render_template("reports/print.html", form=form, period=period, report=report)


@bp.get("/reports/export.xlsx")
@requires(Permission.REPORT_READ)
def export_report() -> Any:
    form = _asked()
    period = _required_period(form)
    content = export.report_workbook(_("统计"), queries.report_of(period, form.districts))
    return _workbook(content, f"{_('统计')}_{form.scope_label}_{period.first}_{period.last}")


@bp.get("/reports/<code>")
@requires(Permission.REPORT_READ)
def rows(code: str) -> Any:
    form = _asked()
    period = _required_period(form)
    value = queries.value_of(code, period, form.districts)
    page = queries.rows_behind(actor(), code, period, form.districts, page_number(request.args.get("page")))
    return render_template("reports/rows.html", form=form, period=period, value=value, page=page, page_of=_page_of)


@bp.get("/reports/<code>.xlsx")
@requires(Permission.REPORT_READ)
def export_rows(code: str) -> Any:
    form = _asked()
    period = _required_period(form)
    value = queries.value_of(code, period, form.districts)
    found = queries.all_rows_behind(actor(), code, period, form.districts)
    return _workbook(export.rows_workbook(value, found), f"{value.code}_{value.name}_{period.first}_{period.last}")


def _page_of(row: queries.Row) -> str | None:
    """The address of the row's own page, for those who may open it."""
    endpoint, argument = PAGES[row.kind]
    return url_for(endpoint, **{argument: row.reference}) if row.is_open else None


def _workbook(content: bytes, name: str) -> Any:
    return send_file(BytesIO(content), MIMETYPE, as_attachment=True, download_name=f"{name}.xlsx")
