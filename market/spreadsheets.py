"""Ledgers as xlsx: written with typed cells in which no text can become a formula, read with limits.

Money cells are made by ``wan`` so that Excel adds them up exactly as the page does.
"""

import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

from flask_babel import gettext as _

from market import clock, money
from market.errors import InvalidInput

MIMETYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
UNPACKED_BYTES_MOST = 100 * 1024 * 1024
COLUMNS_MOST = 200
# Excel keeps no more in one cell.
TEXT_MOST = 32_767
_FORMATS = {"wan": "#,##0.00####", "day": "yyyy-mm-dd", "moment": "yyyy-mm-dd hh:mm"}
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def wan(fen: int | None) -> Decimal | None:
    """Fen as a number of 万元 for a cell; nothing for nothing."""
    return None if fen is None else Decimal(fen) / money.FEN_PER_WAN


def workbook(title: str, headings: Sequence[Any], rows: Iterable[Sequence[Any]]) -> bytes:
    """One sheet: a frozen bold heading, then rows of text, int, Decimal (万元), date, aware datetime, None."""
    # openpyxl takes a quarter of a second to import.
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet = book.create_sheet(_sheet_name(title))
    sheet.freeze_panes = "A2"
    lines = [[_plain(value) for value in row] for row in rows]
    for number, heading in enumerate(headings):
        widest = max((_width(line[number]) for line in lines[:200]), default=0)
        sheet.column_dimensions[get_column_letter(number + 1)].width = min(60, max(8, widest, _width(str(heading))) + 2)
    bold = Font(bold=True)
    for line in [[str(heading) for heading in headings], *lines]:
        cells = [_cell(WriteOnlyCell(sheet), value) for value in line]
        if bold is not None:
            for cell in cells:
                cell.font = bold
            bold = None
        sheet.append(cells)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _sheet_name(title: str) -> str:
    return "".join(" " if character in r"[]:*?/\'" else character for character in title).strip()[:31] or "Sheet1"


def _plain(value: Any) -> Any:
    """What a cell can hold: aware moments in Shanghai, texts without control characters."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    if isinstance(value, datetime):
        return clock.local(value).replace(tzinfo=None, microsecond=0)
    if value is None or isinstance(value, bool | int | Decimal | date):
        return value
    return ILLEGAL_CHARACTERS_RE.sub("", str(value))[:TEXT_MOST]


def _width(value: Any) -> int:
    """In characters of the sheet's font; a Chinese one takes two."""
    return sum(2 if ord(character) > 0x2E80 else 1 for character in str("" if value is None else value))


def _cell(cell: Any, value: Any) -> Any:
    cell.value = value
    if isinstance(value, str):
        # openpyxl takes what begins with "=" for a formula; a quoted cell stays a text when somebody edits it.
        cell.data_type = "s"
        cell.quotePrefix = value.startswith(_FORMULA_STARTS)
    elif isinstance(value, Decimal):
        cell.number_format = _FORMATS["wan"]
    elif isinstance(value, datetime):
        cell.number_format = _FORMATS["moment"]
    elif isinstance(value, date):
        cell.number_format = _FORMATS["day"]
    return cell


def read(content: bytes, rows_most: int = 5000) -> list[list[Any]]:
    """At most ``rows_most`` rows of the first sheet, heading included. Raises InvalidInput: broken or too large.

    Read as a stream: a single cell far down or right, which a few bytes can hold, must not become a table of memory.
    """
    # openpyxl takes a quarter of a second to import.
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            if sum(item.file_size for item in archive.infolist()) > UNPACKED_BYTES_MOST:
                raise InvalidInput(_("表格展开后过大，请只保留需要导入的内容"))
        sheet = load_workbook(BytesIO(content), read_only=True, data_only=True, keep_links=False).worksheets[0]
        sheet.reset_dimensions()  # What the file says of itself need not be true.
        rows = list(sheet.iter_rows(max_row=rows_most, max_col=COLUMNS_MOST, values_only=True))
    except InvalidInput:
        raise
    except Exception as problem:  # A reader of foreign files fails in every way there is.
        raise InvalidInput(_("文件损坏或不是 Excel 工作簿，无法读取")) from problem
    width = max((number for row in rows for number, value in enumerate(row, 1) if value is not None), default=0)
    return [["" if value is None else value for value in row[:width]] for row in rows]
