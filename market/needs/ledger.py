"""需求台账: the same columns out and in. Columns about the course of a need are ignored when read back."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _

from market import clock, money
from market.errors import InvalidInput
from market.needs.content import AmountKind, Confidentiality, Operator, Ownership, ProblemKind
from market.needs.models import Need, NeedState
from market.programmes.models import TermKind
from market.spreadsheets import read, wan, workbook

Names = Mapping[TermKind, Mapping[str, str]]
ROWS_MOST = 500

# Heading → column; the same words in the export, the template and the errors of an import.
COURSE = ("序号", "企业名称", "区县", "状态", "首次提交", "跟进进展", "办结日")
CONTENT: dict[str, str] = {
    "统一社会信用代码": "uscc",
    "需求名称": "title",
    "类型": "kind",
    "产业": "industry",
    "技术领域": "tech_field",
    "背景与现状": "background",
    "无法自行解决的原因": "in_house_reason",
    "攻关内容": "content",
    "交付成果（每行一项）": "deliverables",
    "考核指标（每行：名称|关系|数值|单位|检测方法）": "indicators",
    "榜额类型": "amount_kind",
    "榜额（万元）": "amount_fen",
    "榜额下限（万元）": "amount_low_fen",
    "榜额上限（万元）": "amount_high_fen",
    "项目总投入（万元）": "funding_total_fen",
    "发榜方出资（万元）": "funding_poster_fen",
    "其他资金（万元）": "funding_other_fen",
    "申请财政资金（万元）": "funding_fiscal_fen",
    "知识产权归属": "ownership",
    "对揭榜方的要求": "solver_conditions",
    "完成期限（月）": "term_months",
    "公开方式": "confidentiality",
    "联系人": "contact_name",
    "联系电话": "contact_phone",
}
# Personal data leaves the platform by no ledger: the column is there to be filled in, not to be read out.
_NEVER_EXPORTED = ("contact_phone",)
_ENUMS = {
    "kind": ProblemKind,
    "amount_kind": AmountKind,
    "ownership": Ownership,
    "confidentiality": Confidentiality,
}
_TERMS = {"industry": TermKind.INDUSTRY, "tech_field": TermKind.TECH_FIELD}
_OPERATORS = {"≥": ">=", ">=": ">=", "≤": "<=", "<=": "<=", "=": "=", "区间": "between"}
_DONE = (NeedState.POSTED, NeedState.REFUSED, NeedState.WITHDRAWN, NeedState.SOLVED, NeedState.MERGED)


def ledger_of(needs: Sequence[Need], follow_ups: Mapping[int, str], names: Names) -> bytes:
    """The xlsx of these needs."""
    rows = (
        [*_course(n, need, follow_ups), *(_cell(need, c, names) for c in CONTENT.values())]
        for n, need in enumerate(needs, 1)
    )
    return workbook("需求台账", [*COURSE, *CONTENT], rows)


def template() -> bytes:
    """An empty ledger to fill in."""
    return workbook("需求台账", [*CONTENT], [])


def _course(number: int, need: Need, follow_ups: Mapping[int, str]) -> list[Any]:
    district = need.organisation.district
    done = need.state_changed_at if need.state in _DONE else None
    return [
        number,
        need.organisation.name,
        district.name if district else "",
        str(need.state.label),
        _day(need.first_submitted_at),
        follow_ups.get(need.id, ""),
        _day(done),
    ]


def _day(moment: datetime | None) -> date | None:
    return clock.local(moment).date() if moment else None


def _cell(need: Need, column: str, names: Names) -> Any:
    if column in _NEVER_EXPORTED:
        return ""
    if column == "uscc":
        return need.organisation.uscc or ""
    value = getattr(need, column)
    if column in _TERMS:
        return names[_TERMS[column]].get(value, value)
    if column in _ENUMS:
        return str(value.label) if value else ""
    if column.endswith("_fen"):
        return wan(value)
    if column == "deliverables":
        return "\n".join(value)
    if column == "indicators":
        return "\n".join(indicator_line(row) for row in value)
    return value


def indicator_line(row: Mapping[str, str]) -> str:
    number = row.get("value", "")
    if row.get("operator") == Operator.BETWEEN:
        number = f"{number}~{row.get('value_high', '')}"
    sign = {">=": "≥", "<=": "≤", "between": "区间"}.get(row.get("operator", ""), "=")
    return "|".join((row.get("name", ""), sign, number, row.get("unit", ""), row.get("method", "")))


def rows_of(content: bytes, names: Names) -> list[tuple[int, str, dict[str, Any]]]:
    """[(row number in the sheet, USCC, values)] of a filled-in ledger.

    Raises InvalidInput with one message per bad cell (``行 3 · 榜额（万元）：…``): nothing is half read.
    """
    sheet = read(content, ROWS_MOST + 2)
    if not sheet:
        raise InvalidInput({"file": _("表格是空的")})
    headings = [str(cell).strip() for cell in sheet[0]]
    unknown = [heading for heading in headings if heading and heading not in CONTENT and heading not in COURSE]
    missing = [heading for heading in ("统一社会信用代码", "需求名称") if heading not in headings]
    if unknown or missing:
        wrong = [_("没有名为“%(name)s”的列", name=name) for name in unknown[:5]]
        wrong += [_("缺少“%(name)s”列", name=name) for name in missing]
        raise InvalidInput({"file": "；".join((*wrong, _("请使用本页的模板")))})
    filled = [(n, row) for n, row in enumerate(sheet[1:], start=2) if any(_text(cell) for cell in row)]
    if not filled:
        raise InvalidInput({"file": _("表格里没有内容，请从第二行填写")})
    if len(filled) > ROWS_MOST:
        raise InvalidInput({"file": _("一次最多导入 %(most)d 行", most=ROWS_MOST)})
    return _read_rows(filled, headings, names)


def _read_rows(
    filled: list[tuple[int, list[Any]]], headings: list[str], names: Names
) -> list[tuple[int, str, dict[str, Any]]]:
    found, errors = [], {}
    for number, row in filled:
        values: dict[str, Any] = {}
        for heading, cell in zip(headings, row, strict=False):
            column = CONTENT.get(heading)
            if column is None:
                continue
            try:
                values[column] = _value(column, _text(cell), names)
            except InvalidInput as problem:
                errors[f"row-{number}-{column}"] = _at(number, heading, problem.message)
        uscc = values.pop("uscc", "")
        values["in_house_unsolvable"] = bool(values.get("in_house_reason"))
        found.append((number, uscc, values))
    if errors:
        raise InvalidInput(errors)
    return found


def _at(number: int, heading: str, message: str) -> str:
    return _(
        "第 %(row)d 行“%(column)s”：%(message)s", row=number, column=heading.partition("（每行")[0], message=message
    )


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell if cell is not None else "").strip()


def _value(column: str, text: str, names: Names) -> Any:
    if any(ord(character) < 32 and character not in "\r\n\t" for character in text):
        raise InvalidInput(_("含有不可见的控制字符"))
    if column in _TERMS:
        return _code(text, names[_TERMS[column]])
    if column in _ENUMS:
        return _member(column, text)
    if column.endswith("_fen"):
        return money.parse_wan(text) if text else None
    if column == "term_months":
        return _months(text)
    if column == "deliverables":
        return [line.strip() for line in text.splitlines() if line.strip()]
    if column == "indicators":
        return [_indicator(line) for line in text.splitlines() if line.strip()]
    return text


def _code(text: str, names: Mapping[str, str]) -> str:
    if not text or text in names:
        return text
    found = next((code for code, name in names.items() if name == text), None)
    if found is None:
        raise InvalidInput(_("没有“%(name)s”这个分类", name=text[:30]))
    return found


def _member(column: str, text: str) -> Any:
    if not text:
        return None
    found = next((member for member in _ENUMS[column] if text in (member.value, str(member.label))), None)
    if found is None:
        options = "、".join(str(member.label) for member in _ENUMS[column])
        raise InvalidInput(_("请填写 %(options)s 之一", options=options))
    return found


def _months(text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:6]) <= 600:
        raise InvalidInput(_("请填写整数个月"))
    return int(text)


def _indicator(line: str) -> dict[str, str]:
    parts = [part.strip() for part in line.replace("｜", "|").split("|")]
    if len(parts) != 5 or parts[1] not in _OPERATORS:
        raise InvalidInput(_("指标“%(line)s”应写成：名称|≥、≤、= 或区间|数值|单位|检测方法", line=line[:40]))
    low, _sep, high = parts[2].partition("~")
    return {
        "name": parts[0], "operator": _OPERATORS[parts[1]], "value": low.strip(), "value_high": high.strip(),
        "unit": parts[3], "method": parts[4],
    }  # fmt: skip
