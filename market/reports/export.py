"""The statistics page and the rows behind a number as xlsx. Cells are typed; texts can never become formulas."""

from io import BytesIO
from typing import Any

from market import clock, money
from market.reports.queries import Rate, Value


def workbook(title: str, headings: list[str], rows: list[list[Any]]) -> bytes:
    """One sheet: a frozen bold heading and rows. Strings are written as strings, whatever they begin with."""
    # openpyxl takes a quarter of a second to import.
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title[:31]
    sheet.append(headings)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for row in rows:
        sheet.append([None] * 0)
        for column, value in enumerate(row, start=1):
            cell = sheet.cell(sheet.max_row + (1 if column == 1 else 0), column, value)
            if isinstance(value, str):
                cell.data_type = "s"
    sheet.freeze_panes = "A2"
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def values_workbook(title: str, values: list[Value], rates: list[Rate]) -> bytes:
    rows: list[list[Any]] = [[v.code, v.name, v.text, v.unit, v.note] for v in values]
    rows += [[r.code, r.name, r.percent, "", f"{r.numerator}/{r.denominator}"] for r in rates]
    return workbook(title, ["代码", "指标", "数值", "单位", "口径"], rows)


def rows_workbook(title: str, rows: list[Any]) -> bytes:
    return workbook(
        title,
        ["日期", "编号", "名称", "单位", "金额（万元）"],
        [
            [_day(row.day), row.code or "", row.title, row.party, None if row.fen is None else float(money.whole_wan(row.fen))]
            for row in rows
        ],
    )


def _day(value: Any) -> str:
    return clock.local(value).date().isoformat() if hasattr(value, "tzinfo") else str(value)
