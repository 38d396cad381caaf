"""Reads lists of works as people have them: BibTeX, RIS, one a line, or a sheet. Pure: text in, rows out."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _

from market import spreadsheets
from market.errors import InvalidInput
from market.solvers.models import AchievementKind

TEXT_MOST = 200_000
ROWS_MOST = 200
FILE_BYTES_MOST = 2_000_000
TITLE_MOST = 400
ABSTRACT_MOST = 4000

_PATENT = re.compile(r"\b(?:ZL|CN|US|EP|WO|JP|KR)\s?\d{4,14}(?:\.[\dXx])?\s?[A-Z]?\d?(?![\w.])", re.I)
_DOI = re.compile(r"\b10\.\d{4,9}/[^\s,;，；。]{1,60}", re.I)
_YEAR = re.compile(r"(?<!\d)(19[5-9]\d|20\d\d)(?!\d)")
_NUMBERING = re.compile(r"^\s*(?:[\[［(（【]\s*\d{1,4}\s*[\]］)）】]|\d{1,4}\s*[.．、)）](?!\d)|[-–•·*●])\s*")
_MARKER = re.compile(r"\s*\[(J|P|C|D|M|R|Z|S)(?:/OL)?\]", re.I)
_PATENT_WORDS = re.compile(r"专利|\bpatent\b|^一种", re.I)
_ENTRY = re.compile(r"@(\w+)\s*[{(]")
# Only where a word begins, and bounded: tried at every letter of a long word it would never end.
_FIELD = re.compile(r"(?<!\w)(\w{1,40})\s{0,20}=\s*")
_BARE = re.compile(r"[^,\n]*")
_HEADINGS = {
    "kind": ("类型", "类别", "种类", "kind", "type"),
    "title": ("题名", "标题", "名称", "成果名称", "论文题目", "题目", "title", "name"),
    "abstract": ("摘要", "简介", "说明", "abstract", "summary"),
    "keywords": ("关键词", "关键字", "keywords"),
    "year": ("年份", "年度", "年", "时间", "日期", "year", "date"),
    "number": ("编号", "专利号", "doi", "号", "number", "no"),
    "status": ("状态", "法律状态", "status"),
}
_KINDS = {
    "patent": AchievementKind.PATENT,
    "专利": AchievementKind.PATENT,
    "paper": AchievementKind.PAPER,
    "论文": AchievementKind.PAPER,
    "article": AchievementKind.PAPER,
    "project": AchievementKind.PROJECT,
    "项目": AchievementKind.PROJECT,
    "课题": AchievementKind.PROJECT,
    "achievement": AchievementKind.ACHIEVEMENT,
    "成果": AchievementKind.ACHIEVEMENT,
}
_RIS_TAGS = {
    "TI": "title",
    "T1": "title",
    "AB": "abstract",
    "N2": "abstract",
    "PY": "year",
    "Y1": "year",
    "DO": "number",
}


@dataclass(slots=True)
class Reading:
    """Rows ready for ``add_achievements``, and how many lines were left out and why."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    duplicates: int = 0
    cut_off: int = 0


def plain(text: Any, limit: int) -> str:
    """One clean line: no control or direction characters, no more than ``limit`` characters."""
    kept = (
        " " if c.isspace() else c
        for c in str(text or "")
        if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf", "Cs")
    )
    return " ".join("".join(kept).split())[:limit]


def same_title(title: str) -> str:
    """What two spellings of one title share."""
    return re.sub(r"\W+", "", unicodedata.normalize("NFKC", title)).casefold()


def read_references(text: str, known: Iterable[str] = ()) -> Reading:
    """Works in a pasted list. Raises InvalidInput when it is empty, too long or holds nothing readable."""
    if len(text) > TEXT_MOST:
        raise InvalidInput({"text": _("内容太长（最多 %(most)d 字），请分几次粘贴", most=TEXT_MOST)})
    if re.search(r"@\w+\s*[{(]", text):
        found = _bibtex(text)
    elif re.search(r"^TY\s{1,2}-", text, re.M):
        found = _ris(text)
    else:
        found = _lines(text)
    reading = _collect(found, known)
    if not reading.rows and not reading.duplicates:
        raise InvalidInput({"text": _("没有读出任何成果：请每行写一项，或粘贴 BibTeX、RIS 文本")})
    return reading


def _collect(found: Iterable[dict[str, Any]], known: Iterable[str]) -> Reading:
    reading, seen = Reading(), {same_title(title) for title in known}
    for raw in found:
        row = _tidy(raw)
        key = same_title(row["title"])
        if not key:
            continue
        if key in seen:
            reading.duplicates += 1
        elif len(reading.rows) >= ROWS_MOST:
            reading.cut_off += 1
        else:
            seen.add(key)
            reading.rows.append(row)
    return reading


def _tidy(raw: dict[str, Any]) -> dict[str, Any]:
    year = _YEAR.search(str(raw.get("year") or ""))
    keywords = raw.get("keywords") or []
    if isinstance(keywords, str):
        keywords = re.split(r"[;；,，、\n]", keywords)
    return {
        "kind": raw.get("kind") or AchievementKind.ACHIEVEMENT,
        "title": plain(raw.get("title"), TITLE_MOST),
        "abstract": plain(raw.get("abstract"), ABSTRACT_MOST),
        "keywords": [word for word in (plain(word, 80) for word in keywords) if word][:20],
        "year": int(year.group()) if year else None,
        "number": plain(raw.get("number"), 80),
        "status": plain(raw.get("status"), 40),
    }


def _lines(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        line = _NUMBERING.sub("", plain(line, 2000))
        if len(line) < 3 or not re.search(r"\w", line):
            continue
        yield _citation(line)


def _citation(line: str) -> dict[str, Any]:
    patent, doi, years = _PATENT.search(line), _DOI.search(line), _YEAR.findall(line)
    marker = _MARKER.search(line)
    kind = AchievementKind.ACHIEVEMENT
    if patent or (marker and marker.group(1).upper() == "P") or _PATENT_WORDS.search(line):
        kind = AchievementKind.PATENT
    elif doi or marker:
        kind = AchievementKind.PAPER
    return {
        "kind": kind,
        "title": _title_of(line, marker, patent, doi),
        "year": years[-1] if years else None,
        "number": (patent.group() if patent else doi.group() if doi else ""),
    }


def _title_of(line: str, marker: re.Match[str] | None, patent: re.Match[str] | None, doi: re.Match[str] | None) -> str:
    if marker:
        # GB/T 7714: authors. title[J]. source, year.
        before = line[: marker.start()]
        parts = [part.strip() for part in re.split(r"(?<!\b[A-Z])[.．。]\s*", before) if part.strip()]
        return parts[-1] if parts else before
    title = line
    for match in (patent, doi):
        if match:
            title = title.replace(match.group(), "")
    title = re.sub(r"[,，;；(（\s]*(19[5-9]\d|20\d\d)\s*年?[)）.。\s]*$", "", title)
    title = re.sub(r"[(（]\s*[)）]", "", title).strip(" ,，;；.。:：-")
    return title or line


def _bibtex(text: str) -> Iterator[dict[str, Any]]:
    position = 0
    while match := _ENTRY.search(text, position):
        # The next entry is looked for behind this one: an unclosed one takes what is left, once.
        position = _closing(text, match.end())
        if match.group(1).lower() in ("comment", "string", "preamble"):
            continue
        fields = _bibtex_fields(text[match.end() : position])
        kind = AchievementKind.PATENT if match.group(1).lower() == "patent" else AchievementKind.PAPER
        number = (
            fields.get("doi") or fields.get("number", "") if kind is AchievementKind.PAPER else fields.get("number", "")
        )
        yield {**fields, "kind": kind, "number": number if "/" in number or kind is AchievementKind.PATENT else ""}


def _closing(text: str, start: int) -> int:
    depth = 1
    for position in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return position
    return len(text)


def _bibtex_fields(body: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    position = 0
    while match := _FIELD.search(body, position):
        start = match.end()
        if body[start : start + 1] == "{":
            end = _closing(body, start + 1)
            value = body[start + 1 : end]
        elif body[start : start + 1] == '"':
            end = body.find('"', start + 1)
            end = len(body) if end < 0 else end
            value = body[start + 1 : end]
        else:
            bare = _BARE.match(body, start)
            value, end = (bare.group(), bare.end()) if bare else ("", start)
        fields.setdefault(match.group(1).lower(), re.sub(r"\\[a-zA-Z]+\s?|[{}]|\\.", "", value).strip())
        position = max(end, start) + 1
    return fields


def _ris(text: str) -> Iterator[dict[str, Any]]:
    entry: dict[str, Any] = {}
    for line in text.splitlines():
        match = re.match(r"^([A-Z][A-Z0-9])\s{1,2}-\s?(.*)$", line.strip("\ufeff"))
        if not match:
            continue
        tag, value = match.groups()
        if tag == "TY":
            entry = {
                "kind": AchievementKind.PATENT if value.strip() == "PAT" else AchievementKind.PAPER,
                "keywords": [],
            }
        elif tag == "ER":
            yield entry
            entry = {}
        elif tag == "KW":
            entry.setdefault("keywords", []).append(value)
        elif tag in _RIS_TAGS:
            entry.setdefault(_RIS_TAGS[tag], value)
    if entry.get("title"):
        yield entry


def read_sheet(filename: str, content: bytes, known: Iterable[str] = ()) -> Reading:
    """Works in an xlsx or csv with a heading row. Raises InvalidInput when it cannot be read or has no title column."""
    if len(content) > FILE_BYTES_MOST:
        raise InvalidInput({"file": _("文件超过 2 MB，请只保留成果清单")})
    if content[:4] == b"PK\x03\x04":
        table = _xlsx_rows(content)
    elif filename.lower().endswith((".csv", ".txt")):
        table = _csv_rows(content)
    else:
        raise InvalidInput({"file": _("请上传 .xlsx 或 .csv 文件")})
    rows = [row for row in table if any(str(cell).strip() for cell in row)]
    columns = _columns(rows[0]) if rows else {}
    if "title" not in columns:
        raise InvalidInput({"file": _("第一行应为表头，至少有“题名”一列（可选：类型、年份、编号、摘要、关键词）")})
    reading = _collect((_sheet_entry(row, columns) for row in rows[1:]), known)
    if not reading.rows and not reading.duplicates:
        raise InvalidInput({"file": _("表中没有可用的行")})
    return reading


def _columns(heading: list[Any]) -> dict[str, int]:
    columns: dict[str, int] = {}
    for position, cell in enumerate(heading):
        text = plain(cell, 40).lower()
        for name, spellings in _HEADINGS.items():
            if text in spellings:
                columns.setdefault(name, position)
    return columns


def _sheet_entry(row: list[Any], columns: dict[str, int]) -> dict[str, Any]:
    values = {name: row[position] if position < len(row) else "" for name, position in columns.items()}
    guessed = _citation(plain(values.get("title"), 2000) or "-")["kind"]
    values["kind"] = _KINDS.get(plain(values.get("kind"), 20).lower(), guessed)
    return values


def _csv_rows(content: bytes) -> list[list[Any]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        try:
            return [
                row for row, _number in zip(csv.reader(io.StringIO(text.replace("\0", ""))), range(5000), strict=False)
            ]
        except csv.Error:
            break
    raise InvalidInput({"file": _("文件不是可读的文本表格，请另存为 UTF-8 的 .csv 或 .xlsx")})


def _xlsx_rows(content: bytes) -> list[list[Any]]:
    try:
        return spreadsheets.read(content)
    except InvalidInput as problem:
        raise InvalidInput({"file": problem.message}) from problem
