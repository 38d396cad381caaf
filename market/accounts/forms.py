"""Forms of accounts."""
# The stubs of WTForms know neither lazy translations nor SelectChoice.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

import re
from collections.abc import Iterable
from typing import Any

from babel import Locale
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from stdnum.cn import uscc
from wtforms import BooleanField, Field, PasswordField, RadioField, SelectField, SelectMultipleField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from market.accounts import queries
from market.accounts.models import Organisation, OrganisationKind
from market.accounts.operations import NewOrganisation, NewPerson
from market.forms import BaseForm, DayField, LongTextField, TextField, required
from market.permissions import STAFF_ROLES, Role

# One "@", no blanks, a dot in the domain: whether it exists only a mail can tell.
_EMAIL = re.compile(r"[^@\s<>\"',;:()\\]{1,64}@[^@\s<>\"',;:()\\]+\.[^@\s<>\"',;:()\\.]{2,63}")
KINDS = (OrganisationKind.FIRM, OrganisationKind.UNIVERSITY, OrganisationKind.INSTITUTE)
# Where partners have come from; the rest of the world is one more choice. Names come from the locale.
COUNTRIES = ("CN AU BE BY CA CH DE DK ES FI FR GB IE IL IN IT JP KR MY NL NO NZ PL PT RU SE SG TH UA US").split()
ELSEWHERE = "ZZ"


def email_address(_form: Any, field: Field) -> None:
    if not field.data or not _EMAIL.fullmatch(field.data) or not field.data.isascii():
        raise ValidationError(_("请填写有效的邮箱地址，例如 name@example.com"))


class EmailField(TextField):
    """An e-mail address; ``data`` is lower case."""

    def __init__(self, label: Any = None, **kwargs: Any) -> None:
        super().__init__(label or _l("邮箱"), [required(), email_address], limit=254, **kwargs)

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        self.data = (self.data or "").strip().lower()


class SecretField(PasswordField):
    """A password: taken as it is, never shown again; over-long input is refused before it is hashed."""

    def __init__(self, label: Any = None, **kwargs: Any) -> None:
        checks = [required(), Length(max=128, message=_l("密码最多 128 个字符"))]
        super().__init__(label or _l("密码"), checks, **kwargs)


class CheckboxesField(SelectMultipleField):
    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class PhoneField(TextField):
    def __init__(self, label: Any = None, **kwargs: Any) -> None:
        super().__init__(label or _l("电话"), [_phone], limit=30, **kwargs)


def _phone(_form: Any, field: Field) -> None:
    if field.data and not re.fullmatch(r"[0-9+()（）\- ]{5,30}", field.data):
        raise ValidationError(_("电话只能含数字、加号、括号和横线"))


class SignInForm(BaseForm):
    email = EmailField()
    password = SecretField()


class ForgotForm(BaseForm):
    email = EmailField(_l("注册邮箱"))


class NewPasswordForm(BaseForm):
    password = SecretField(_l("新密码"))


class ConfirmForm(BaseForm):
    password = SecretField(_l("登录密码"))


class ChangePasswordForm(BaseForm):
    current = SecretField(_l("当前密码"))
    password = SecretField(_l("新密码"))


class ProfileForm(BaseForm):
    name = TextField(_l("姓名"), [required()], limit=80)
    name_en = TextField(_l("英文名"), limit=120)
    title = TextField(_l("职务或职称"), limit=80)
    phone = PhoneField()
    locale = RadioField(_l("语言"), choices=[SelectChoice("zh", "中文"), SelectChoice("en", "English")], default="zh")


class OrganisationForm(BaseForm):
    """A new organisation's particulars; also a part of the registration form."""

    kind = SelectField(_l("单位类型"), choices=[SelectChoice(kind.value, kind.label) for kind in KINDS], default="firm")
    country = SelectField(_l("国家或地区"), choices=[], default="CN")
    uscc = TextField(_l("统一社会信用代码"), limit=40)
    organisation_name = TextField(_l("单位全称"), limit=200)
    organisation_name_en = TextField(_l("英文名称"), limit=200)
    district_code = SelectField(_l("所在区县"), choices=[])
    registered_on = DayField(_l("成立日期"))
    address = TextField(_l("地址"), limit=300)
    contact_name = TextField(_l("联系人"), limit=80)
    contact_phone = PhoneField(_l("联系电话"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        here = [SelectChoice(district.code, district.name) for district in queries.districts()]
        self.district_code.choices = [SelectChoice("", _("本市以外")), *here]
        names = (get_locale() or Locale("zh")).territories
        countries = [SelectChoice(code, names[code]) for code in COUNTRIES]
        self.country.choices = [*countries, SelectChoice(ELSEWHERE, _("其他国家和地区"))]

    @property
    def describes_organisation(self) -> bool:
        return True

    def validate(self, extra_validators: Any = None) -> bool:
        fine = super().validate(extra_validators)
        if self.describes_organisation and not self.organisation_name.data:
            self.organisation_name.errors = [*self.organisation_name.errors, _("请填写单位全称")]
            return False
        return fine

    @property
    def organisation(self) -> NewOrganisation:
        return NewOrganisation(
            kind=OrganisationKind(self.kind.data),
            name=self.organisation_name.data or "",
            name_en=self.organisation_name_en.data or "",
            uscc=uscc.compact(self.uscc.data or ""),
            country=self.country.data,
            district_code=(self.district_code.data or None) if self.country.data == "CN" else None,
            registered_on=self.registered_on.data,
            address=self.address.data or "",
            contact_name=self.contact_name.data or "",
            contact_phone=self.contact_phone.data or "",
        )


class JoinForm(BaseForm):
    """Find an organisation by code or name, then pick one of those found."""

    organisation_query = TextField(_l("单位全称或统一社会信用代码"), limit=200)
    organisation_id = RadioField(_l("找到的单位"), choices=[], validate_choice=False)

    def find(self) -> None:
        found = queries.organisations_named(self.organisation_query.data or "")
        self.organisation_id.choices = [
            SelectChoice(str(o.id), f"{o.name} · {o.name_en}" if o.name_en else o.name) for o in found
        ]

    def chosen(self) -> Organisation | None:
        """The picked organisation, or the only one found; None leaves an error beside the field."""
        self.find()
        offered = [choice.value for choice in self.organisation_id.choices or ()]
        picked = self.organisation_id.data if self.organisation_id.data in offered else None
        if picked is None and len(offered) == 1:
            picked = offered[0]
        if picked is not None:
            return queries.organisation_of(int(picked))
        if offered:
            self.organisation_id.errors = [_("找到多家单位，请选择一家")]
        else:
            message = _("没有找到这家单位；请核对名称，或改选“登记新单位”")
            self.organisation_query.errors = [*self.organisation_query.errors, message]
        return None


class RegisterForm(JoinForm, OrganisationForm):
    name = TextField(_l("姓名"), [required()], limit=80)
    email = EmailField()
    password = SecretField()
    phone = PhoneField(_l("手机（可不填）"))
    affiliation = RadioField(
        _l("您的单位"),
        choices=[
            SelectChoice("join", _l("加入已登记的单位")),
            SelectChoice("new", _l("登记新单位")),
            SelectChoice("later", _l("以后再说")),
        ],
        default="join",
    )
    agrees = BooleanField(
        _l("我同意平台为办理揭榜挂帅事项使用我填写的个人信息"), [required(_l("需要您的同意才能建立账号"))]
    )

    @property
    def describes_organisation(self) -> bool:
        return self.affiliation.data == "new"

    def person(self, locale: str) -> NewPerson:
        return NewPerson(
            name=self.name.data or "",
            email=self.email.data or "",
            password=self.password.data or "",
            phone=self.phone.data or "",
            locale=locale,
        )


class AcceptForm(BaseForm):
    name = TextField(_l("姓名"), [required()], limit=80)
    password = SecretField(_l("设置密码"))


def role_choices(roles: Iterable[Role]) -> list[SelectChoice]:
    return [SelectChoice(role.value, role.label) for role in roles]


class InviteForm(BaseForm):
    """An organisation's manager invites; the choices are the roles of the organisation's kind."""

    email = EmailField()
    role = SelectField(_l("角色"), choices=[])


class StaffInviteForm(BaseForm):
    email = EmailField()
    role = SelectField(
        _l("角色"),
        choices=role_choices(role for role in Role if role in STAFF_ROLES or role is Role.EXPERT),
    )
    district_code = SelectField(_l("区县（仅区县经办）"), choices=[])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        here = [SelectChoice(district.code, district.name) for district in queries.districts()]
        self.district_code.choices = [SelectChoice("", _("全市")), *here]


class RolesForm(BaseForm):
    roles = CheckboxesField(_l("单位内的角色"), choices=[])


class ReasonForm(BaseForm):
    reason = LongTextField(_l("原因"), limit=500)
