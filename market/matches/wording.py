"""What makes a problem vague, each finding with a hint on how to mend it. Pure, and never reads the confidential part.

Works on half-empty drafts; forbids nothing (what forbids submitting is for needs.checks).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from market.needs.checks import as_number
from market.needs.content import ProblemContent
from market.needs.sections import FIELD_LABELS, SECTION_OF
from market.programmes.rules import Rules

MOST_A_FIELD = 3
QUOTED = 40
TEXTS = ("background", "content", "solver_conditions")
_SENTENCES = re.compile(r"[。！？!?；;\n]+")
# Digits, and quantities written out: 千分之三, 两倍, 三成.
_QUANTITY = re.compile(r"\d|[一二三四五六七八九十百千万]分之|[一二两三四五六七八九十半]+(?:倍|成|次|个月|年)")
_CHANGES = re.compile(r"提[升高]|改善|优化|增强|降低|减少|大幅|显著|明显")
_NO_METHOD = re.compile(r"(双方|供需|按)?(约定|协商|商定|考核|验收|评价|测试|检测|无|/|-|—|待定|另定)+")
_UNITLESS = re.compile(r"[比率]$|系数$|[次个件批]数$|等级$|pH", re.I)


@dataclass(frozen=True, slots=True)
class Remark:
    """``quote``: the words it is about, "" when something is missing; ``section``: where to mend it."""

    field: str
    quote: str
    problem: str
    hint: str

    @property
    def section(self) -> str:
        return SECTION_OF[self.field]

    @property
    def label(self) -> Any:
        return FIELD_LABELS[self.field]


def remarks_on(problem: ProblemContent, rules: Rules) -> list[Remark]:
    """In the order of the form's sections, no more than a few a field: a list nobody finishes mends nothing."""
    found: list[Remark] = [*_title(problem, rules), *_lengths(problem, rules)]
    for name in TEXTS:
        found += list(_sentences(name, getattr(problem, name), rules))[:MOST_A_FIELD]
    found += list(_sentences("deliverables", "\n".join(problem.deliverables), rules))[:MOST_A_FIELD]
    found += _indicators(problem, rules)
    order = list(FIELD_LABELS)
    return sorted(found, key=lambda remark: order.index(remark.field))


def _title(problem: ProblemContent, rules: Rules) -> Iterator[Remark]:
    for word in rules.vague_words:
        if word in problem.title:
            yield Remark("title", word, _("无法考核的说法"), _("名称里写对象和要解决的问题，去掉评价性的词"))


def _lengths(problem: ProblemContent, rules: Rules) -> Iterator[Remark]:
    length = len(problem.background)
    if length < rules.background_least:
        yield Remark(
            "background", "", _("只有 %(now)d 字，少于 %(least)d 字", now=length, least=rules.background_least),
            _("补上现在的水平、试过哪些办法、每年损失多少：揭榜方据此判断自己能不能做"),
        )  # fmt: skip
    elif not _QUANTITY.search(problem.background):
        yield Remark("background", "", _("没有一个数字"), _("写出现有水平和损失，例如合格率、能耗、返工件数"))
    if len(problem.content) < rules.content_enough:
        yield Remark(
            "content", "", _("只有 %(now)d 字", now=len(problem.content)),
            _("写清要解决哪几个技术问题、在什么条件下、不包括什么"),
        )  # fmt: skip


def _sentences(name: str, text: str, rules: Rules) -> Iterator[Remark]:
    for sentence in (part.strip() for part in _SENTENCES.split(text)):
        if not sentence:
            continue
        empty = [word for word in rules.vague_words if word in sentence]
        if empty:
            yield Remark(
                name, _quoted(sentence, empty[0]), _("“%(word)s”无法考核", word=empty[0]),
                _("写明和谁比、比哪一项、差多少"),
            )  # fmt: skip
        elif not _QUANTITY.search(sentence):
            soft = [word for word in rules.soft_words if word in sentence]
            if soft:
                yield Remark(
                    name, _quoted(sentence, soft[0]), _("“%(word)s”后面没有数字", word=soft[0]), _hint_for(soft[0])
                )


def _hint_for(word: str) -> str:
    if _CHANGES.search(word):
        return _("写明从多少到多少，用什么单位、怎么测")
    return _("换成可以测的性能和数值，例如“抗弯强度≥800 MPa”")


def _quoted(sentence: str, word: str) -> str:
    """The words around ``word``, short enough to read in a list."""
    if len(sentence) <= QUOTED:
        return sentence
    start = max(0, min(sentence.index(word) - QUOTED // 2, len(sentence) - QUOTED))
    end = start + QUOTED
    return ("…" if start else "") + sentence[start:end] + ("…" if end < len(sentence) else "")


def _indicators(problem: ProblemContent, rules: Rules) -> Iterator[Remark]:
    rows = [row for row in problem.indicators if any(str(value or "").strip() for value in row.values())]
    if len(rows) < rules.indicators_least:
        yield Remark(
            "indicators", "", _("现有 %(now)d 条，应不少于 %(least)d 条", now=len(rows), least=rules.indicators_least),
            _("把“做成什么样算成功”拆成几个能测的数，验收时逐条对照"),
        )  # fmt: skip
    for row in rows:
        yield from _indicator(row, rules)


def _indicator(row: Mapping[str, Any], rules: Rules) -> Iterator[Remark]:
    texts = {key: str(row.get(key) or "").strip() for key in ("name", "value", "unit", "method")}
    name = texts["name"] or _("（未命名的指标）")
    word = next((w for w in (*rules.vague_words, *rules.soft_words) if w in texts["name"]), None)
    if as_number(texts["value"]) is None:
        hint = _("写一个能测出来的数，例如“≤ 0.5”")
        yield Remark("indicators", name, _("没有数值") if not texts["value"] else _("数值不是数字"), hint)
    elif word and not texts["unit"]:
        yield Remark("indicators", name, _("“%(word)s”没有说明和什么比", word=word), _hint_for(word))
    elif not texts["unit"] and not _UNITLESS.search(texts["name"]):
        yield Remark("indicators", name, _("没有单位"), _("写上单位；没有量纲的写“无量纲”"))
    if not texts["method"] or _NO_METHOD.fullmatch(texts["method"]):
        hint = _("写标准号（例如 GB/T 6569），或写明由谁、用什么设备、测多少件")
        yield Remark("indicators", name, _("没有检测方法"), hint)
