"""What may be stored in a draft, what the rules ask before it is submitted or posted, and what could be said better.

Pure: works on plain values and on anything with the columns of ProblemContent. Source: docs/domain.md B.3.
"""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from flask_babel import gettext as _

from market.errors import InvalidInput
from market.money import LARGEST_FEN, format_wan
from market.needs.content import (
    CONTENT_FIELDS,
    AmountKind,
    Confidentiality,
    Operator,
    Ownership,
    ProblemContent,
    ProblemKind,
)
from market.needs.sections import SECTIONS
from market.programmes.rules import Rules

_ENUMS: dict[str, type[StrEnum]] = {
    "kind": ProblemKind,
    "amount_kind": AmountKind,
    "ownership": Ownership,
    "confidentiality": Confidentiality,
}
_LENGTHS = {
    "title": 200,
    "industry": 20,
    "tech_field": 20,
    "background": 4000,
    "in_house_reason": 1000,
    "content": 6000,
    "solver_conditions": 2000,
    "confidential_text": 6000,
    "contact_name": 80,
    "contact_phone": 40,
}
INDICATOR_KEYS = ("name", "operator", "value", "value_high", "unit", "method")
LARGEST_LIST = 50
# A title that only says "research" names neither an object nor a target.
_EMPTY_TITLE = re.compile(r"(研究|开发|研发|产业化|技术|关键|应用|攻关|项目|及|与|的)+")


def clean_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values that fit the columns. A draft may be half-empty, but nothing in it is of the wrong kind.

    Raises InvalidInput naming each field that does not fit.
    """
    errors: dict[str, str] = {}
    cleaned: dict[str, Any] = {}
    for name, value in values.items():
        if name not in CONTENT_FIELDS:
            errors[""] = _("没有名为“%(name)s”的栏目", name=name)
            continue
        try:
            cleaned[name] = _clean(name, value)
        except ValueError as problem:
            errors[name] = str(problem)
    if errors:
        raise InvalidInput(errors)
    return cleaned


def _clean(name: str, value: Any) -> Any:
    if name in _ENUMS:
        return _clean_enum(name, value)
    if name.endswith("_fen"):
        if value is None or (isinstance(value, int) and 0 <= value <= LARGEST_FEN):
            return value
        raise ValueError(_("请填写不小于 0 的金额"))
    if name == "term_months":
        if value is None or (isinstance(value, int) and 0 < value <= 600):
            return value
        raise ValueError(_("请填写整数个月"))
    if name == "in_house_unsolvable":
        return bool(value)
    if name == "deliverables":
        return [str(line).strip()[:300] for line in value or [] if str(line).strip()][:LARGEST_LIST]
    if name == "indicators":
        return [_clean_indicator(row) for row in value or []][:LARGEST_LIST]
    # Browsers send line breaks as CR LF; what only passed through a form has not changed.
    text = str(value or "").strip().replace("\r\n", "\n")
    if len(text) > _LENGTHS[name]:
        raise ValueError(_("最多 %(max)d 个字", max=_LENGTHS[name]))
    return text or (None if name in ("confidential_text", "contact_phone") else "")


def _clean_enum(name: str, value: Any) -> StrEnum | None:
    if not value:
        return Confidentiality.OPEN if name == "confidentiality" else None
    try:
        return _ENUMS[name](value)
    except ValueError as problem:
        raise ValueError(_("请从所列选项中选择")) from problem


def _clean_indicator(row: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(row.get(key) if row.get(key) is not None else "").strip()[:200] for key in INDICATOR_KEYS}


def differs(name: str, one: Any, other: Any) -> bool:
    """Whether two values of a field say something different, however they were written down."""
    return _clean(name, one) != _clean(name, other)


def only_chosen_amounts(values: dict[str, Any]) -> dict[str, Any]:
    """Drop the amounts that belong to another kind than the chosen one: they would be counted as 榜额."""
    if not values.get("amount_kind"):
        return values
    kept = {
        AmountKind.FIXED: ("amount_fen",),
        AmountKind.RANGE: ("amount_low_fen", "amount_high_fen"),
    }.get(values["amount_kind"], ())
    unused = {name: None for name in ("amount_fen", "amount_low_fen", "amount_high_fen") if name not in kept}
    return values | unused


def as_number(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def problems_of(subject: ProblemContent, rules: Rules) -> dict[str, str]:
    """Everything that keeps the text from being submitted or posted: field → what to do. Empty when it may go."""
    problems: dict[str, str] = {}
    for check in (_basics, _problem, _indicators, _amount, _funding, _terms, _contact):
        problems |= check(subject, rules)
    return problems


def _basics(subject: ProblemContent, rules: Rules) -> dict[str, str]:
    problems = {name: _("请选择此项") for name in ("kind", "industry", "tech_field") if not getattr(subject, name)}
    if not rules.title_least <= len(subject.title) <= rules.title_most:
        problems["title"] = _("名称应为 %(low)d–%(high)d 个字", low=rules.title_least, high=rules.title_most)
    elif _EMPTY_TITLE.fullmatch(subject.title):
        problems["title"] = _("名称应写明对象和目标，不能只写研究、开发")
    return problems


def _problem(subject: ProblemContent, rules: Rules) -> dict[str, str]:
    problems = {}
    low, high = rules.background_least, rules.background_most
    if not low <= len(subject.background) <= high:
        problems["background"] = _(
            "背景应为 %(low)d–%(high)d 个字（现有 %(now)d 字）：写清现状、试过的办法和造成的损失",
            low=low, high=high, now=len(subject.background),
        )  # fmt: skip
    if not subject.in_house_unsolvable:
        problems["in_house_unsolvable"] = _("请确认本单位确实无法自行解决")
    if not subject.in_house_reason:
        problems["in_house_reason"] = _("请说明为什么本单位无法自行解决")
    if not subject.content:
        problems["content"] = _("请写明攻关内容")
    if not subject.deliverables:
        problems["deliverables"] = _("请至少列出一项交付成果")
    return problems


def _indicators(subject: ProblemContent, rules: Rules) -> dict[str, str]:
    rows = subject.indicators
    if not rules.indicators_least <= len(rows) <= rules.indicators_most:
        low, high = rules.indicators_least, rules.indicators_most
        return {
            "indicators": _("考核指标应为 %(low)d–%(high)d 条（现有 %(now)d 条）", low=low, high=high, now=len(rows))
        }
    for number, row in enumerate(rows, start=1):
        wrong = _indicator_problem(row, rules)
        if wrong:
            return {"indicators": _("第 %(number)d 条：%(wrong)s", number=number, wrong=wrong)}
    names = [row["name"] for row in rows]
    twice = next((name for name in names if names.count(name) > 1), None)
    return {"indicators": _("指标“%(name)s”重复", name=twice)} if twice else {}


def _indicator_problem(row: Mapping[str, str], rules: Rules) -> str:
    if not row.get("name"):
        return _("请填写指标名称")
    vague = next((word for word in rules.vague_words if word in row["name"] + row.get("value", "")), None)
    if vague:
        return _("“%(word)s”无法考核，请改成可测量的数值", word=vague)
    if row.get("operator") not in {operator.value for operator in Operator}:
        return _("请选择关系（≥、≤、= 或区间）")
    low = as_number(row.get("value", ""))
    if low is None:
        return _("数值应为数字")
    if row["operator"] == Operator.BETWEEN:
        high = as_number(row.get("value_high") or "")
        if high is None or high <= low:
            return _("区间的上限应为大于下限的数字")
    return "" if row.get("method") else _("请写明检测方法或标准")


def _amount(subject: ProblemContent, rules: Rules) -> dict[str, str]:
    least = rules.amount_least_fen
    too_small = _("榜额不能低于 %(least)s 万元", least=format_wan(least))
    match subject.amount_kind:
        case None:
            return {"amount_kind": _("请选择榜额类型")}
        case AmountKind.FIXED:
            if not subject.amount_fen:
                return {"amount_fen": _("请填写榜额")}
            return {"amount_fen": too_small} if subject.amount_fen < least else {}
        case AmountKind.RANGE:
            low, high = subject.amount_low_fen, subject.amount_high_fen
            if not low or not high:
                return {"amount_low_fen" if not low else "amount_high_fen": _("请填写榜额的下限和上限")}
            if low >= high:
                return {"amount_high_fen": _("上限应大于下限")}
            return {"amount_low_fen": too_small} if low < least else {}
    return {}


def _funding(subject: ProblemContent, rules: Rules) -> dict[str, str]:
    total, poster = subject.funding_total_fen, subject.funding_poster_fen
    problems = {}
    if not total:
        problems["funding_total_fen"] = _("请填写项目总投入")
    if poster is None:
        problems["funding_poster_fen"] = _("请填写发榜方出资")
    if not total or poster is None:
        return problems
    parts = poster + (subject.funding_other_fen or 0) + (subject.funding_fiscal_fen or 0)
    if parts != total:
        problems["funding_total_fen"] = _(
            "各项资金之和为 %(parts)s 万元，与总投入 %(total)s 万元不符",
            parts=format_wan(parts),
            total=format_wan(total),
        )
    if poster * 100 < rules.poster_share_least * total:
        problems["funding_poster_fen"] = _("发榜方出资不能低于总投入的 %(share)d%%", share=rules.poster_share_least)
    return problems


def _terms(subject: ProblemContent, rules: Rules) -> dict[str, str]:
    problems = {}
    if subject.ownership is None:
        problems["ownership"] = _("请选择知识产权归属")
    if not subject.solver_conditions:
        problems["solver_conditions"] = _("请写明对揭榜方的要求；没有特别要求可写“不限”")
    low, high = rules.term_months_least, rules.term_months_most
    if subject.term_months is None or not low <= subject.term_months <= high:
        problems["term_months"] = _("完成期限应为 %(low)d–%(high)d 个月", low=low, high=high)
    return problems


def _contact(subject: ProblemContent, _rules: Rules) -> dict[str, str]:
    problems = {name: _("请填写此项") for name in ("contact_name", "contact_phone") if not getattr(subject, name)}
    if subject.confidentiality is Confidentiality.PARTLY and not subject.confidential_text:
        problems["confidential_text"] = _("选择了部分保密，请填写保密部分；没有保密内容请改为全部公开")
    return problems


def progress_of(subject: ProblemContent, rules: Rules) -> tuple[int, list[tuple[str, Any, int]]]:
    """(percent of sections in order, [(section key, title, problems in it)])."""
    problems = problems_of(subject, rules)
    found = [(s.key, s.title, sum(name in problems for name in s.fields)) for s in SECTIONS]
    wanted = sum(len(s.fields) for s in SECTIONS)
    return 100 * (wanted - len(problems)) // wanted, found


def quality_hints(subject: ProblemContent, rules: Rules) -> list[str]:
    """What does not forbid submitting but makes a weak challenge."""
    hints = []
    text = "\n".join((subject.title, subject.background, subject.content, *subject.deliverables))
    hints += [_("文中用了“%(word)s”，建议换成可以测量的说法", word=word) for word in rules.vague_words if word in text]
    for row in subject.indicators:
        if row.get("method") in ("双方约定", "考核", "无"):
            hints.append(_("指标“%(name)s”没有写明检测标准，验收时容易有争议", name=row.get("name", "")))
    if subject.amount_kind is AmountKind.FIXED and (subject.amount_fen or 0) > (
        subject.funding_total_fen or LARGEST_FEN
    ):
        hints.append(_("榜额大于项目总投入，请核对单位是否为万元"))
    if subject.ownership is Ownership.BY_CONTRACT:
        hints.append(_("知识产权由合同约定；合同没有约定时，按民法典第八百五十九条至第八百六十一条处理"))
    if re.search(r"(仅限|必须为|只接受).{0,12}(本市|本省|本地|品牌)", subject.solver_conditions):
        hints.append(_("对揭榜方的要求似有地域或品牌限制，可能被退回"))
    if len(subject.background) and not re.search(r"\d", subject.background):
        hints.append(_("背景里没有数字；写出现有水平和损失，专家更容易判断"))
    return hints


def words_of(text: str) -> set[str]:
    """Overlapping pairs of characters and Latin words: enough to notice a similar title."""
    latin = set(re.findall(r"[a-z0-9]{2,}", text.lower()))
    chinese = re.findall(r"[\u4e00-\u9fff]+", text)
    return latin | {run[i : i + 2] for run in chinese for i in range(len(run) - 1)}


def likeness(one: str, other: str) -> int:
    """Shared share of ``words_of`` in percent (Dice)."""
    a, b = words_of(one), words_of(other)
    return 200 * len(a & b) // (len(a) + len(b)) if a and b else 0
