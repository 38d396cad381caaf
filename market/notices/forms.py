"""Forms of notices: the draft, the approval, an objection and its handling."""
# The stubs of WTForms know neither lazy translations nor SelectChoice.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import MultipleFileField
from werkzeug.datastructures import FileStorage
from wtforms import RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional, Regexp

from market.forms import BaseForm, LongTextField, TextField, required
from market.notices.models import AwardItem, ObjectionState, Remedy
from market.reviews.forms import ChecksField


class NoticeForm(BaseForm):
    title = TextField(_l("公示标题"), [required()], limit=200)
    body = LongTextField(_l("公示正文"), [required()], limit=6000)


class ApprovalForm(BaseForm):
    decision_number = TextField(_l("局党组会议纪要号"), [required(_l("请填写局党组会议纪要号"))], limit=100)


class ObjectionForm(BaseForm):
    """Only shape here: that name and phone are real is a rule, told with its reason."""

    name = TextField(_l("真实姓名"), limit=80)
    phone = TextField(_l("联系电话"), limit=30)
    email = TextField(_l("电子邮箱"), limit=254)
    organisation = TextField(_l("所在单位"), limit=200)
    grounds = LongTextField(_l("异议内容和事实依据"), limit=8000)
    evidence = MultipleFileField(_l("证明材料"))

    @property
    def files(self) -> list[FileStorage]:
        return [file for file in self.evidence.data or [] if isinstance(file, FileStorage) and file.filename]


class StatusForm(BaseForm):
    number = TextField(_l("查询编号"), [required()], limit=30)
    last_digits = TextField(
        _l("电话后四位"), [required(), Regexp(r"[0-9]{4}\Z", message=_l("请填写四位数字"))], limit=4
    )


class RefusalForm(BaseForm):
    reason = LongTextField(_l("不予受理的理由"), [required()], limit=2000)


class FindingForm(BaseForm):
    finding = LongTextField(_l("调查情况"), [required()], limit=8000)


class DecisionForm(BaseForm):
    outcome = RadioField(
        _l("结论"),
        choices=[
            SelectChoice(state.value, state.label)
            for state in (ObjectionState.DISMISSED, ObjectionState.PARTLY_UPHELD, ObjectionState.UPHELD)
        ],
        validators=[required(_l("请选择结论"))],
    )
    remedy = RadioField(
        _l("异议成立的后续处理"),
        choices=[SelectChoice(remedy.value, remedy.label) for remedy in Remedy],
        # Asked of an upheld objection only: the operation says so.
        validators=[Optional()],
    )
    fallen = ChecksField(_l("被取消资格的拟中榜方"), coerce=int)
    answer = LongTextField(_l("书面答复"), [required()], limit=8000)

    def offer(self, items: Sequence[AwardItem]) -> None:
        """The award items that may fall."""
        self.fallen.choices = [SelectChoice(item.bid_id, item.title) for item in items]

    @property
    def decided(self) -> Any:
        return ObjectionState(self.outcome.data)

    @property
    def chosen_remedy(self) -> Remedy | None:
        return Remedy(self.remedy.data) if self.remedy.data else None
