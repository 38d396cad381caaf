"""The statistics page, and the rows behind one number, as xlsx."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _

from market.reports.queries import Report, Row, Value
from market.spreadsheets import wan, workbook


def report_workbook(title: str, report: Report) -> bytes:
    """Numbers as numbers (万元 for money), rates with both their parts."""
    rows: list[list[Any]] = [
        [value.code, value.name, _number(value), value.unit, None, None, value.note]
        for _title, values in [*report.sections, ("", report.medians)]
        for value in values
    ]
    rows += [
        [rate.code, rate.name, rate.percent, "", _number(rate.numerator), _number(rate.denominator), rate.note]
        for rate in report.rates
    ]
    rows += [
        [j17.code, j17.name, j17.times, _("倍"), _number(j17.numerator), _number(j17.denominator), j17.note]
        for j17 in report.leverages
    ]
    headings = [_("代码"), _("指标"), _("数值"), _("计量单位"), _("分子"), _("分母"), _("口径")]
    return workbook(title, headings, rows)


def _number(value: Value) -> Any:
    return wan(value.amount) if value.measure == "sum" else value.amount


def rows_workbook(value: Value, rows: Sequence[Row]) -> bytes:
    headings = [_("日期"), _("编号"), _("名称"), _("单位"), _("金额（万元）")]
    if value.measure == "median":
        headings = [*headings[:4], _("起始日期"), _("天数")]
        return workbook(value.name, headings, [[r.day, r.code, r.title, r.party, r.since, r.days] for r in rows])
    if value.measure == "quantity":
        headings[-1] = _("件数")
        return workbook(value.name, headings, [[r.day, r.code, r.title, r.party, r.quantity] for r in rows])
    return workbook(value.name, headings, [[r.day, r.code, r.title, r.party, wan(r.fen)] for r in rows])
