"""Forms of programmes: cycles, rules (one field a rule, from labels), taxonomy, calendar."""
# The stubs of WTForms know neither lazy translations nor SelectChoice.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError

from market.forms import (
    BaseForm,
    DayField,
    LinesField,
    LongTextField,
    MomentField,
    RowForm,
    RowsField,
    TextField,
    WanField,
    WholeNumberField,
    required,
)
from market.programmes.labels import CHOICES, LABELS, Label
from market.programmes.models import TermKind
from market.programmes.rules import Rules


class ProgrammeForm(BaseForm):
    code = TextField(_l("代码"), [required()], limit=12, description=_l("榜单编号的前缀，例如 ZBJB；启用后不能修改"))
    name = TextField(_l("计划名称"), [required()], limit=100)
    name_en = TextField(_l("英文名称"), limit=160)
    description = LongTextField(_l("说明"), limit=2000)


class CycleForm(BaseForm):
    name = TextField(_l("批次名称"), [required()], limit=100)
    year = WholeNumberField(_l("年度"), [required()], smallest=2000, largest=2100)
    opens_at = MomentField(_l("征集开始（北京时间）"), [required()])
    closes_at = MomentField(_l("征集截止（北京时间）"), [required()])
    rules_id = SelectField(_l("适用规则"))


class CriterionRow(RowForm):
    key = TextField(_l("代码"), [required()], limit=20)
    name = TextField(_l("指标"), [required()], limit=40)
    name_en = TextField(_l("英文"), limit=60)
    weight = WholeNumberField(_l("权重（%）"), [required()], largest=100)
    anchor = TextField(_l("高分表现"), [required()], limit=200)


class PercentsField(TextField):
    """Shares such as ``30, 40, 30``; ``data`` stays text, ``percents`` gives the numbers or None."""

    def _value(self) -> str:
        return self.data if isinstance(self.data, str) else ", ".join(str(part) for part in self.data or ())

    @property
    def percents(self) -> list[int] | None:
        parts = str(self.data or "").replace("，", ",").replace("、", ",").replace("%", "").split(",")
        cleaned = [part.strip() for part in parts if part.strip()]
        return [int(part) for part in cleaned] if all(p.isdecimal() and len(p) < 4 for p in cleaned) else None


class RulesForm(BaseForm):
    """One field for every rule; they are added below from the labels."""

    basis = TextField(
        _l("依据文件"), [required()], limit=300, description=_l("例如：淄科规〔2026〕3 号第十二条；将随版本公开存档")
    )

    def content(self) -> dict[str, Any]:
        """What Rules expects; an empty number is left out so that the rules say it is missing."""
        found: dict[str, Any] = {}
        for name, label in LABELS.items():
            field = self[name]
            if label.kind == "criteria":
                found[name] = field.rows  # pyright: ignore[reportAttributeAccessIssue]
            elif label.kind == "percents":
                found[name] = field.percents  # pyright: ignore[reportAttributeAccessIssue]
            else:
                found[name] = field.data
        return found

    def show(self, rules: Rules) -> None:
        self.process(data=rules.model_dump())

    def validate_instalments(self, field: PercentsField) -> None:
        if not field.percents:
            raise ValidationError(_l("请填写百分比，用逗号隔开，例如 30, 40, 30"))


def _field(label: Label) -> Any:
    must = [required()]
    match label.kind:
        case "wan":
            return WanField(label.text, must)
        case "words":
            return LinesField(label.text)
        case "percents":
            return PercentsField(label.text, must, limit=60)
        case "flag":
            return BooleanField(label.text)
        case "choice":
            return SelectField(label.text, choices=[SelectChoice(*pair) for pair in CHOICES[label.name].items()])
        case "criteria":
            return RowsField(CriterionRow, label.text, least=1, most=12)
        case "percent":
            return WholeNumberField(label.text, must, largest=100)
        case "days":
            return WholeNumberField(label.text, must, largest=400)
        case _:
            return WholeNumberField(label.text, must, largest=10_000)


for _label in LABELS.values():
    setattr(RulesForm, _label.name, _field(_label))


KINDS = [(TermKind.INDUSTRY.value, _l("产业")), (TermKind.TECH_FIELD.value, _l("技术领域"))]


class TermForm(BaseForm):
    kind = SelectField(_l("类别"), choices=[SelectChoice(value, text) for value, text in KINDS])
    code = TextField(_l("代码"), [required()], limit=20)
    name = TextField(_l("名称"), [required()], limit=60)
    name_en = TextField(_l("英文名称"), limit=100)


class TermEditForm(BaseForm):
    name = TextField(_l("名称"), [required()], limit=60)
    name_en = TextField(_l("英文名称"), limit=100)
    retired = BooleanField(_l("停用：不再供选择，已使用的照常显示"))


class CalendarForm(BaseForm):
    first = DayField(_l("开始日期"), [required()])
    last = DayField(_l("结束日期"), description=_l("只有一天可以不填"))
    is_working = SelectField(
        _l("安排"), choices=[SelectChoice("no", _l("休息")), SelectChoice("yes", _l("上班（调休）"))]
    )
    note = TextField(_l("说明"), limit=100)
