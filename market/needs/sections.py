"""The fields of a problem in sections: the order of the form, the page, the print and the ledger."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l


@dataclass(frozen=True, slots=True)
class Section:
    key: str
    title: Any
    fields: tuple[str, ...]


SECTIONS = (
    Section("basics", _l("基本情况"), ("title", "kind", "industry", "tech_field")),
    Section(
        "problem", _l("难题与需求"), ("background", "in_house_unsolvable", "in_house_reason", "content", "deliverables")
    ),
    Section("indicators", _l("考核指标"), ("indicators",)),
    Section(
        "money",
        _l("榜额与资金"),
        (
            "amount_kind",
            "amount_fen",
            "amount_low_fen",
            "amount_high_fen",
            "funding_total_fen",
            "funding_poster_fen",
            "funding_other_fen",
            "funding_fiscal_fen",
        ),
    ),
    Section("terms", _l("揭榜条件与期限"), ("ownership", "solver_conditions", "term_months")),
    Section("contact", _l("保密与联系"), ("confidentiality", "confidential_text", "contact_name", "contact_phone")),
)
SECTION_BY_KEY = {section.key: section for section in SECTIONS}
SECTION_OF = {name: section.key for section in SECTIONS for name in section.fields}

FIELD_LABELS: dict[str, Any] = {
    "title": _l("需求名称"),
    "kind": _l("类型"),
    "industry": _l("产业"),
    "tech_field": _l("技术领域"),
    "background": _l("背景与现状"),
    "in_house_unsolvable": _l("本单位确实无法自行解决"),
    "in_house_reason": _l("无法自行解决的原因"),
    "content": _l("攻关内容"),
    "deliverables": _l("交付成果"),
    "indicators": _l("考核指标"),
    "amount_kind": _l("榜额类型"),
    "amount_fen": _l("榜额"),
    "amount_low_fen": _l("榜额下限"),
    "amount_high_fen": _l("榜额上限"),
    "funding_total_fen": _l("项目总投入"),
    "funding_poster_fen": _l("发榜方出资"),
    "funding_other_fen": _l("其他资金"),
    "funding_fiscal_fen": _l("申请财政资金"),
    "ownership": _l("知识产权归属"),
    "solver_conditions": _l("对揭榜方的要求"),
    "term_months": _l("完成期限"),
    "confidentiality": _l("公开方式"),
    "confidential_text": _l("保密部分"),
    "contact_name": _l("联系人"),
    "contact_phone": _l("联系电话"),
}
SECRET_FIELDS = ("confidential_text", "contact_phone")
AMOUNT_FIELDS = ("amount_kind", "amount_fen", "amount_low_fen", "amount_high_fen")
