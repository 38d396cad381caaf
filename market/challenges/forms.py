"""Forms of challenges: the whole text at once (the division knows it), and the short ones of its moves."""
# The stubs of WTForms know neither lazy translations nor SelectChoice.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField
from wtforms.fields.choices import SelectChoice

from market.challenges.models import NoAwardReason
from market.forms import BaseForm, LongTextField, WholeNumberField, required
from market.needs.forms import EMPTY, BasicsForm, ContactForm, IndicatorsForm, MoneyForm, ProblemForm, TermsForm
from market.needs.sections import FIELD_LABELS


class ContentForm(BasicsForm, ProblemForm, IndicatorsForm, MoneyForm, TermsForm, ContactForm):
    """Every field of the text."""

    def values(self) -> dict[str, Any]:
        return {name: value for name, value in super().values().items() if name in FIELD_LABELS}


class DraftForm(ContentForm):
    posting_days = WholeNumberField(_l("张榜天数"), [required()], smallest=1, largest=400)


class ChangeForm(ContentForm):
    reason = LongTextField(_l("变更理由"), [required()], limit=500)
    agreed = BooleanField(_l("发榜企业已书面同意本次变更的文本"))


class ExtendForm(BaseForm):
    days = WholeNumberField(_l("延长天数"), [required()], smallest=1, largest=400)
    reason = LongTextField(_l("延长理由"), [required()], limit=500)


class ReasonForm(BaseForm):
    reason = LongTextField(_l("理由"), [required()], limit=500)


class NoAwardForm(BaseForm):
    reason = SelectField(_l("流榜原因"), choices=[EMPTY, *(SelectChoice(r.value, r.label) for r in NoAwardReason)])
