"""The journal as CSV that a spreadsheet cannot be made to run."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from market import clock
from market.audit.labels import action_label
from market.audit.models import Entry, Veiled

# Spreadsheets read a cell that begins so as a formula; the full-width forms are folded by some of them.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
HEADINGS = (
    "序号",
    "时间",
    "操作人",
    "操作人编号",
    "地址",
    "操作",
    "操作代码",
    "对象",
    "对象编号",
    "说明",
    "变动",
    "本条哈希",
)


def safe_cell(value: Any) -> str:
    """The value as text, behind an apostrophe when a spreadsheet would take it for a formula."""
    text = "" if value is None else str(value)
    return "'" + text if text.lstrip(" ").startswith(_FORMULA) else text


def csv_lines(entries: Iterable[Entry | Veiled]) -> Iterator[str]:
    """UTF-8 with a byte order mark, as Excel and WPS expect it, one line an entry."""
    yield "\ufeff" + _line(HEADINGS)
    for entry in entries:
        moment = clock.local(entry.at).strftime("%Y-%m-%d %H:%M:%S")
        if isinstance(entry, Veiled):
            yield _line((entry.seq, moment, *[""] * 7, entry.why, "", entry.hash))
            continue
        yield _line(
            (
                entry.seq,
                moment,
                entry.actor_name,
                entry.actor_id,
                entry.ip,
                action_label(entry.action),
                entry.action,
                entry.subject_kind,
                entry.subject_id,
                entry.note,
                json.dumps(entry.changes, ensure_ascii=False),
                entry.hash,
            )
        )


def _line(cells: Iterable[Any]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow([safe_cell(cell) for cell in cells])
    return buffer.getvalue()
