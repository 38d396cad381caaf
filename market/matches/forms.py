"""Verdicts on candidates and answers to invitations."""
# The stubs of WTForms know neither lazy translations nor SelectChoice.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice  # pyright: ignore[reportAttributeAccessIssue]

from market.forms import BaseForm, TextField
from market.matches.models import DeclineReason, RefusalReason


def first_error(form: BaseForm) -> str:
    """What is wrong, in one line: for pages whose forms show no errors beside their fields."""
    return next((text for texts in form.errors.values() for text in texts), _("填写有误"))


class JudgementForm(BaseForm):
    """Refusing one candidate."""

    reason = SelectField(
        _l("理由"),
        choices=[
            SelectChoice("", _l("请选择")),
            *(SelectChoice(reason.value, reason.label) for reason in RefusalReason),
        ],
        default="",
    )
    note = TextField(_l("说明"), limit=500)

    @property
    def refusal(self) -> RefusalReason | None:
        return RefusalReason(self.reason.data) if self.reason.data else None


class AnswerForm(BaseForm):
    answer = SelectField(
        _l("答复"),
        choices=[
            SelectChoice("interested", _l("有意揭榜")),
            SelectChoice("not_now", _l("暂不考虑")),
            SelectChoice("declined", _l("谢绝")),
        ],
    )
    reason = SelectField(
        _l("谢绝的原因"),
        choices=[
            SelectChoice("", _l("请选择")),
            *(SelectChoice(reason.value, reason.label) for reason in DeclineReason),
        ],
        default="",
    )
    note = TextField(_l("留言"), limit=500)

    @property
    def declined_because(self) -> DeclineReason | None:
        return DeclineReason(self.reason.data) if self.reason.data else None
