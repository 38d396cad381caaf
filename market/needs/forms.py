"""Forms of needs: one a section, the checks, the panel, the ledger. Shape only; the rules say what must be there."""
# The stubs of WTForms know neither lazy translations nor SelectChoice.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, HiddenField, RadioField, SelectField
from wtforms.fields.choices import SelectChoice

from market.forms import (
    BaseForm,
    LinesField,
    LongTextField,
    NumberField,
    RowForm,
    RowsField,
    TextField,
    WanField,
    WholeNumberField,
    required,
)
from market.needs.content import AmountKind, Confidentiality, Operator, Ownership, ProblemKind
from market.needs.sections import FIELD_LABELS as L
from market.programmes.models import Cycle, TermKind
from market.programmes.queries import terms
from market.programmes.rules import Rules

EMPTY = SelectChoice("", _l("请选择"))


def _choices(enum: Any) -> list[SelectChoice]:
    return [SelectChoice(member.value, member.label) for member in enum]


class SectionForm(BaseForm):
    """``lock`` is the need's version that the person saw: what somebody else saved meanwhile is not overwritten."""

    lock = HiddenField()

    def count_by(self, rules: Rules) -> None:
        """The counter under a text shows what the rules ask for; a draft may still be longer or shorter."""
        if "background" in self:
            flags = self["background"].flags
            flags.minlength, flags.maxlength = rules.background_least, rules.background_most

    def values(self) -> dict[str, Any]:
        found = {name: value for name, value in self.data.items() if name not in ("csrf_token", "lock")}
        if "indicators" in found:
            found["indicators"] = [_plain(row) for row in self["indicators"].rows]  # pyright: ignore[reportAttributeAccessIssue]
        return found


def _plain(row: dict[str, Any]) -> dict[str, str]:
    return {
        key: f"{value:f}" if isinstance(value, Decimal) else str(value if value is not None else "")
        for key, value in row.items()
    }


class BasicsForm(SectionForm):
    title = TextField(L["title"], limit=200)
    kind = RadioField(L["kind"], choices=_choices(ProblemKind), validate_choice=False)
    industry = SelectField(L["industry"])
    tech_field = SelectField(L["tech_field"])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field, kind in ((self.industry, TermKind.INDUSTRY), (self.tech_field, TermKind.TECH_FIELD)):
            offered = [SelectChoice(term.code, term.name) for term in terms(kind)]
            # A word retired since it was chosen stays choosable here.
            if field.object_data and field.object_data not in {choice.value for choice in offered}:
                offered.append(SelectChoice(field.object_data))
            field.choices = [EMPTY, *offered]


class ProblemForm(SectionForm):
    background = LongTextField(L["background"], limit=4000)
    in_house_unsolvable = BooleanField(L["in_house_unsolvable"])
    in_house_reason = LongTextField(L["in_house_reason"], limit=1000)
    content = LongTextField(L["content"], limit=6000)
    deliverables = LinesField(L["deliverables"])


class IndicatorRow(RowForm):
    name = TextField(_l("指标"), limit=100)
    operator = SelectField(_l("关系"), choices=_choices(Operator))
    value = NumberField(_l("数值"))
    value_high = NumberField(_l("区间上限"))
    unit = TextField(_l("计量单位"), limit=40)
    method = TextField(_l("检测方法或标准"), limit=200)


class IndicatorsForm(SectionForm):
    indicators = RowsField(IndicatorRow, L["indicators"], least=3, most=30)


class MoneyForm(SectionForm):
    amount_kind = RadioField(L["amount_kind"], choices=_choices(AmountKind), validate_choice=False)
    amount_fen = WanField(L["amount_fen"])
    amount_low_fen = WanField(L["amount_low_fen"])
    amount_high_fen = WanField(L["amount_high_fen"])
    funding_total_fen = WanField(L["funding_total_fen"])
    funding_poster_fen = WanField(L["funding_poster_fen"])
    funding_other_fen = WanField(L["funding_other_fen"])
    funding_fiscal_fen = WanField(L["funding_fiscal_fen"])


class TermsForm(SectionForm):
    ownership = RadioField(L["ownership"], choices=_choices(Ownership), validate_choice=False)
    solver_conditions = LongTextField(L["solver_conditions"], limit=2000)
    term_months = WholeNumberField(L["term_months"], smallest=1, largest=600)


class ContactForm(SectionForm):
    confidentiality = RadioField(L["confidentiality"], choices=_choices(Confidentiality), validate_choice=False)
    confidential_text = LongTextField(L["confidential_text"], limit=6000)
    contact_name = TextField(L["contact_name"], limit=80)
    contact_phone = TextField(L["contact_phone"], limit=40)


SECTION_FORMS: dict[str, type[SectionForm]] = {
    "basics": BasicsForm,
    "problem": ProblemForm,
    "indicators": IndicatorsForm,
    "money": MoneyForm,
    "terms": TermsForm,
    "contact": ContactForm,
}


def cycle_choices(cycles: Sequence[Cycle]) -> list[SelectChoice]:
    return [SelectChoice(str(cycle.id), f"{cycle.programme.name} {cycle.name}") for cycle in cycles]


class NewNeedForm(BasicsForm):
    organisation_id = SelectField(_l("企业"))
    cycle_id = SelectField(_l("批次"))


class FollowUpForm(BaseForm):
    text = LongTextField(_l("跟进情况"), [required()], limit=1000)


class CheckForm(BaseForm):
    """District or formal check; a remark field for every field is added below."""

    visit_note = LongTextField(_l("核实情况"), limit=2000)
    reason = LongTextField(_l("理由"), limit=2000)
    into = WholeNumberField(_l("合并到需求编号"), smallest=1, largest=10**9)

    def remarks(self) -> dict[str, str]:
        return {name: self[f"remark_{name}"].data or "" for name in L}


for _name, _label in L.items():
    setattr(CheckForm, f"remark_{_name}", TextField(_l("退回意见"), limit=500))


class ScoreRow(RowForm):
    expert = TextField(_l("专家"), [required()], limit=40)
    score = WholeNumberField(_l("分数"), [required()], largest=100)


class ValidationForm(BaseForm):
    scores = RowsField(ScoreRow, _l("论证打分"), least=5, most=15)
    refuse_anyway = BooleanField(_l("虽达到分数线，仍不采用"))
    reason = LongTextField(_l("理由"), limit=2000)


class UploadForm(BaseForm):
    file = FileField(_l("出资承诺函"), [FileRequired(_l("请选择文件"))])


class ImportForm(BaseForm):
    file = FileField(_l("台账文件（xlsx）"), [FileRequired(_l("请选择文件"))])
    cycle_id = SelectField(_l("批次"))
