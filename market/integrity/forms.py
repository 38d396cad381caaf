"""Forms of integrity."""
# The stubs of WTForms know neither lazy translations nor SelectChoice.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField
from wtforms.fields.choices import SelectChoice

from market.accounts.models import Organisation, User
from market.accounts.queries import organisations_named, user_by_email
from market.forms import BaseForm, DayField, LongTextField, TextField, required
from market.integrity.operations import Decision


class RecordForm(BaseForm):
    subject_kind = RadioField(
        _l("记录对象"),
        choices=[SelectChoice("organisation", _l("单位")), SelectChoice("user", _l("个人"))],
        default="organisation",
    )
    subject = TextField(_l("单位全称或统一社会信用代码；个人填邮箱"), [required()], limit=254)
    conduct = TextField(_l("失信行为"), [required()], limit=500)
    basis = TextField(_l("认定依据（文号、条款）"), [required()], limit=300)
    decided_by = TextField(_l("作出决定的机关"), [required()], limit=200)
    starts_on = DayField(_l("生效日期"), [required()])
    ends_on = DayField(_l("结束日期"), [required()])

    def found_subject(self) -> Organisation | User | None:
        """Whom the form names; None leaves an error beside the field."""
        text = self.subject.data or ""
        if self.subject_kind.data == "user":
            person = user_by_email(text)
            if person is None:
                self.subject.errors = [*self.subject.errors, _("没有这个邮箱的账号")]
            return person
        found = organisations_named(text)
        exact = [o for o in found if text.upper() == (o.uscc or "") or text == o.name] or list(found)
        if len(exact) == 1:
            return exact[0]
        names = "、".join(organisation.name for organisation in found)
        message = _("找到多家：%(names)s，请填写全称或代码", names=names) if found else _("没有找到这家单位")
        self.subject.errors = [*self.subject.errors, message]
        return None

    @property
    def decision(self) -> Decision:
        return Decision(
            conduct=self.conduct.data or "",
            basis=self.basis.data or "",
            decided_by=self.decided_by.data or "",
            starts_on=self.starts_on.data,
            ends_on=self.ends_on.data,
        )


class LiftForm(BaseForm):
    reason = LongTextField(_l("解除的依据和原因"), limit=500)
