"""Forms of the bidder, the officers and whoever checks a receipt."""
# The stubs of WTForms know neither lazy translations nor SelectChoice.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, MultipleFileField
from wtforms import BooleanField, FieldList, FormField, PasswordField, RadioField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError

from market.bids.content import Answer, BidContent, BudgetRow, MemberRow, MilestoneRow, Statements, requirement_text
from market.forms import (
    BaseForm,
    LongTextField,
    NumberField,
    RowForm,
    RowsField,
    TextField,
    WanField,
    WholeNumberField,
    required,
)


class AnswerForm(RowForm):
    promise = TextField(_l("承诺值"), limit=200)
    evidence = LongTextField(_l("依据"), limit=3000)


class MemberForm(RowForm):
    name = TextField(_l("姓名"), limit=80)
    organisation = TextField(_l("单位"), limit=200)
    role = TextField(_l("分工"), limit=200)
    months = NumberField(_l("投入（人月）"))

    def validate_months(self, field: NumberField) -> None:
        if field.data is not None and not (0 <= field.data <= 1200 and field.data == round(field.data, 2)):
            raise ValidationError(_("请填写 0 到 1200 之间的人月数，最多两位小数"))


class MilestoneForm(RowForm):
    content = LongTextField(_l("阶段内容与交付物"), limit=1000)
    month = WholeNumberField(_l("签约后第几个月"), largest=120)
    percent = WholeNumberField(_l("付款比例（%）"), largest=100)


class BudgetForm(RowForm):
    subject = TextField(_l("科目"), limit=80)
    amount_fen = WanField(_l("金额（万元）"))
    source = TextField(_l("来源"), limit=80)


STATEMENTS = [SelectChoice("none", _l("没有")), SelectChoice("has", _l("有，说明如下"))]


class BidForm(BaseForm):
    """揭榜书. Shape and format only: a draft may be half-empty."""

    answers = FieldList(FormField(AnswerForm), _l("逐条响应指标"), max_entries=60)
    route = LongTextField(_l("技术路线"), limit=6000)
    foundation = LongTextField(_l("研究基础与条件"), limit=6000)
    innovation = LongTextField(_l("创新点"), limit=3000)
    members = RowsField(MemberForm, _l("团队成员"), most=30)
    milestones = RowsField(MilestoneForm, _l("里程碑"), most=30)
    budget = RowsField(BudgetForm, _l("经费预算"), most=40)
    price_fen = WanField(_l("报价"))
    ip = LongTextField(_l("知识产权方案"), limit=3000)
    risks = LongTextField(_l("风险与应对"), limit=3000)
    related_party = RadioField(_l("与发榜方的关联关系"), choices=STATEMENTS, validate_choice=False)
    related_party_note = LongTextField(_l("关联情况说明"), limit=1000)
    other_bids = RadioField(_l("本团队正在参加的其他揭榜或同类项目"), choices=STATEMENTS, validate_choice=False)
    other_bids_note = LongTextField(_l("其他揭榜说明"), limit=1000)
    promise = BooleanField(_l("我们承诺所填内容真实，中榜后按此签约履约"))
    files = MultipleFileField(_l("附件"))

    def fit_answers(self, indicators: list[Any]) -> None:
        """One row per indicator of the challenge, whatever was posted."""
        while len(self.answers.entries) < len(indicators):
            self.answers.append_entry()
        del self.answers.entries[len(indicators) :]

    def content(self, indicators: list[Any]) -> BidContent:
        """What was typed, as it is kept."""
        return BidContent(
            answers=[
                Answer(
                    name=indicator["name"],
                    requirement=requirement_text(indicator),
                    promise=entry.form.promise.data or "",
                    evidence=entry.form.evidence.data or "",
                )
                for indicator, entry in zip(indicators, self.answers.entries, strict=True)
            ],
            **{name: self[name].data or "" for name in ("route", "foundation", "innovation", "ip", "risks")},
            members=[MemberRow(**_kept(row)) for row in self.members.rows],
            milestones=[MilestoneRow(**_kept(row)) for row in self.milestones.rows],
            budget=[BudgetRow(**_kept(row)) for row in self.budget.rows],
            price_fen=self.price_fen.data,
            statements=Statements(
                related_party=_choice(self.related_party.data),
                related_party_note=self.related_party_note.data or "",
                other_bids=_choice(self.other_bids.data),
                other_bids_note=self.other_bids_note.data or "",
                promise=bool(self.promise.data),
            ),
        )


def _kept(row: dict[str, Any]) -> dict[str, Any]:
    """A row without what was left out; person-months as a decimal string."""
    filled = {name: value for name, value in row.items() if value is not None}
    return {name: f"{value:f}" if isinstance(value, Decimal) else value for name, value in filled.items()}


def _choice(value: Any) -> Any:
    return value if value in ("none", "has") else ""


def form_data(content: BidContent) -> dict[str, Any]:
    """A draft as the form shows it."""
    data = content.model_dump()
    for row in data["members"]:
        row["months"] = Decimal(row["months"]) if row["months"] else None
    return {**data, **data.pop("statements")}


def _row_number(value: Any) -> int:
    """0, which is nobody's, for anything odd."""
    return int(value) if str(value).isascii() and str(value).isdigit() and len(str(value)) < 10 else 0


class BeginForm(BaseForm):
    solver = SelectField(_l("以哪个揭榜方的名义"), coerce=_row_number, validate_choice=False)


class CopyForm(BaseForm):
    copy = FileField(_l("上次下载的副本（zip，可不选）"))


class SealForm(BaseForm):
    understood = BooleanField(
        _l("我已下载或自留副本，知晓密封后连我自己也不能查看，直到开启"), [required(_l("请先确认已留存副本"))]
    )


class NoteForm(BaseForm):
    note = LongTextField(_l("意见"), limit=2000)


class ReasonForm(BaseForm):
    reason = LongTextField(_l("理由"), limit=2000)


class OpeningForm(BaseForm):
    passphrase = PasswordField(_l("开启口令"), [required()])


class ReceiptForm(BaseForm):
    number = TextField(_l("回执编号"), [required()], limit=40)
    sha256 = TextField(_l("密文指纹 SHA-256"), [required()], limit=80)
    moment = TextField(_l("密封时间（北京时间，到秒）"), [required()], limit=40)
    signature = TextField(_l("签名"), [required()], limit=120)
