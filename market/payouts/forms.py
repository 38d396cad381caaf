"""Forms of public money: shape and format; the rules are the operations'."""
# The stubs of WTForms know neither lazy translations nor SelectChoice.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

import secrets
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, HiddenField, RadioField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError

from market.errors import InvalidInput
from market.forms import BaseForm, DayField, LongTextField, TextField, YuanField, required
from market.money import format_yuan
from market.payouts.models import BudgetLine, Payout, PayoutKind, RefundReason
from market.payouts.payees import normal_bank_account
from market.payouts.queries import budget_lines
from market.programmes.queries import all_cycles

KINDS = [SelectChoice(kind.value, kind.label) for kind in PayoutKind]


def new_request_key() -> str:
    return secrets.token_hex(16)


class BudgetLineForm(BaseForm):
    cycle_id = SelectField(_l("批次"), coerce=int)
    code = TextField(_l("指标编号"), limit=40)
    name = TextField(_l("指标名称"), limit=120)
    kind = SelectField(_l("类别"), choices=KINDS, coerce=str)
    basis = TextField(_l("依据文号"), limit=200)
    amount_fen = YuanField(_l("金额"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cycles = {cycle.id: cycle for cycle in all_cycles()}
        self.cycle_id.choices = [
            SelectChoice(id_, f"{cycle.programme.name} · {cycle.name}") for id_, cycle in self.cycles.items()
        ]


class TopUpForm(BaseForm):
    amount_fen = YuanField(_l("追加金额"))
    basis = TextField(_l("依据文号"), limit=200)


def _line_text(line: BudgetLine) -> str:
    return f"{line.kind.label} · {line.code} {line.name}（可用 {format_yuan(line.account.available_fen)} 元）"


class PayoutForm(BaseForm):
    """A request. ``request_key`` is made with the page, so that sending it twice makes one payout."""

    request_key = HiddenField()
    kind = SelectField(_l("类别"), choices=KINDS, coerce=str)
    budget_line_id = SelectField(_l("预算指标"), coerce=int)
    bank_name = TextField(_l("开户银行"), limit=200)
    bank_account = TextField(_l("银行账号"), limit=60)
    card_confirmed = BooleanField(_l("卡号已与收款人核对无误"))
    amount_fen = YuanField(_l("金额"))
    basis = TextField(_l("依据文号与说明"), limit=300)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = {line.id: line for line in budget_lines()}
        self.budget_line_id.choices = [SelectChoice(id_, _line_text(line)) for id_, line in self.lines.items()]

    def validate_bank_account(self, field: Any) -> None:
        try:
            normal_bank_account(field.data or "")
        except InvalidInput as problem:
            raise ValidationError(problem.errors["bank_account"]) from problem

    def values(self) -> dict[str, Any]:
        return {
            "kind": PayoutKind(self.kind.data),
            "budget_line": self.lines.get(self.budget_line_id.data or 0),
            "bank_name": self.bank_name.data or "",
            "bank_account": self.bank_account.data or "",
            "amount_fen": self.amount_fen.data,
            "basis": self.basis.data or "",
            "card_confirmed": bool(self.card_confirmed.data),
        }


def request_as_it_was(payout: Payout) -> dict[str, Any]:
    """The present values, for the form that asks again."""
    names = ("budget_line_id", "bank_name", "bank_account", "amount_fen", "basis")
    return {"kind": payout.kind.value, **{name: getattr(payout, name) for name in names}}


class ReasonForm(BaseForm):
    reason = LongTextField(_l("理由"), limit=1000)

    def values(self) -> tuple[str]:
        return (self.reason.data or "",)


class PaidForm(BaseForm):
    bank_reference = TextField(_l("银行回单号"), limit=80)
    paid_on = DayField(_l("到账日期"))

    def values(self) -> tuple[str, date | None]:
        return (self.bank_reference.data or "", self.paid_on.data)


class BountyForm(BaseForm):
    amount_fen = YuanField(_l("支付金额"))
    paid_on = DayField(_l("支付日期"))
    voucher_number = TextField(_l("凭证号"), limit=80)
    voucher = FileField(_l("支付凭证"))


class RefundForm(BaseForm):
    """``request_key`` as in PayoutForm."""

    request_key = HiddenField()
    reason = RadioField(
        _l("追回原因"),
        choices=[SelectChoice(reason.value, reason.label) for reason in RefundReason],
        validators=[required(_l("请选择追回原因"))],
    )
    amount_fen = YuanField(_l("追回金额"))
    explanation = LongTextField(_l("事实与计算"), limit=2000)
    basis = TextField(_l("依据文号"), limit=300)

    def values(self) -> dict[str, Any]:
        return {name: self._fields[name].data for name in ("reason", "amount_fen", "explanation", "basis")}


class RefundedForm(BaseForm):
    bank_reference = TextField(_l("银行回单号"), limit=80)
    refunded_on = DayField(_l("退回日期"))

    def values(self) -> tuple[str, date | None]:
        return (self.bank_reference.data or "", self.refunded_on.data)
