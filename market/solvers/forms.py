"""The steps of a profile. Everything may be left empty until it is published."""
# The stubs of WTForms know neither lazy translations nor SelectChoice.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # pyright: ignore[reportAttributeAccessIssue]
from wtforms.widgets import HiddenInput

from market import clock
from market.accounts.models import Organisation
from market.forms import BaseForm, LinesField, LongTextField, RowForm, RowsField, TextField, WholeNumberField
from market.solvers.models import AchievementKind, SolverKind
from market.solvers.policies import DIRECTIONS_MOST, KEYWORDS_MOST
from market.solvers.queries import country_choices, organisation_name
from market.solvers.references import ROWS_MOST, TEXT_MOST

COOPERATION_MODES = (
    ("委托开发", _l("委托开发")),
    ("合作开发", _l("合作开发")),
    ("技术咨询", _l("技术咨询")),
    ("技术转让", _l("技术转让")),
    ("专利许可", _l("专利许可")),
    ("人才柔性引进", _l("人才柔性引进")),
    ("检测服务", _l("检测服务")),
)


def _last_year() -> int:
    return clock.today().year + 1


class BasicsForm(BaseForm):
    kind = RadioField(_l("类型"), choices=[SelectChoice(kind.value, kind.label) for kind in SolverKind], default="team")
    name = TextField(_l("名称"), limit=120)
    name_en = TextField(_l("英文名称"), limit=160)
    title = TextField(_l("负责人职称"), limit=80)
    organisation_id = SelectField(_l("所在单位"), coerce=int, default=0)
    country = SelectField(_l("国家或地区"), default="CN")

    def __init__(self, organisations: list[Organisation], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.organisation_id.choices = [SelectChoice("0", _("以个人身份登记（不隶属单位）"))] + [
            SelectChoice(str(organisation.id), organisation_name(organisation)) for organisation in organisations
        ]
        self.country.choices = [SelectChoice(code, name) for code, name in country_choices()]

    @property
    def values(self) -> dict[str, Any]:
        return {
            "kind": SolverKind(self.kind.data),
            "name": self.name.data,
            "name_en": self.name_en.data,
            "title": self.title.data,
            "organisation_id": self.organisation_id.data or None,
            "country": self.country.data,
        }


class ShortLinesField(LinesField):
    """One a line, or separated by semicolons as people paste them."""

    def process_formdata(self, valuelist: list[str]) -> None:
        text = (valuelist[0] if valuelist else "").replace("；", "\n").replace(";", "\n")
        super().process_formdata([text])


class DirectionsForm(BaseForm):
    directions = ShortLinesField(_l("研究方向"))
    keywords = ShortLinesField(_l("关键词"))
    cooperation_modes = LinesField(_l("合作方式"))

    directions_most = DIRECTIONS_MOST
    keywords_most = KEYWORDS_MOST

    @property
    def values(self) -> dict[str, Any]:
        return {name: getattr(self, name).data or [] for name in ("directions", "keywords", "cooperation_modes")}


class ProfileForm(BaseForm):
    profile_zh = LongTextField(_l("中文简介"), limit=5000)
    profile_en = LongTextField(_l("英文简介"), limit=8000)

    @property
    def values(self) -> dict[str, Any]:
        return {"profile_zh": self.profile_zh.data or "", "profile_en": self.profile_en.data or ""}


class WorkRow(RowForm):
    kind = SelectField(
        _l("类型"), choices=[SelectChoice(kind.value, kind.label) for kind in AchievementKind], default="achievement"
    )
    title = TextField(_l("题名"), limit=400)
    year = WholeNumberField(_l("年份"), smallest=1900, largest=2100)
    number = TextField(_l("专利号或 DOI"), limit=80)
    abstract = StringField(_l("摘要"), widget=HiddenInput())
    keywords = StringField(_l("关键词"), widget=HiddenInput())

    @property
    def values(self) -> dict[str, Any]:
        return {
            "kind": self.kind.data,
            "title": self.title.data,
            "year": self.year.data,
            "number": self.number.data,
            "abstract": self.abstract.data,
            "keywords": [word for word in (self.keywords.data or "").split("\n") if word.strip()],
        }


class WorksForm(BaseForm):
    """New works: typed, or read from a list and shown for correction."""

    works = RowsField(WorkRow, _l("成果、专利、论文、项目"), least=3, most=ROWS_MOST)

    def validate(self, extra_validators: Any = None) -> bool:
        valid = super().validate(extra_validators)
        for entry in self.works.entries:
            if not entry.form.title.data:
                entry.form.title.errors = [*entry.form.title.errors, _("请填写题名")]
                valid = False
        return valid

    @property
    def values(self) -> list[dict[str, Any]]:
        return [entry.form.values for entry in self.works.entries if not entry.form.is_empty]


class WorkForm(BaseForm):
    """One work in full."""

    kind = SelectField(_l("类型"), choices=[SelectChoice(kind.value, kind.label) for kind in AchievementKind])
    title = TextField(_l("题名"), limit=400)
    year = WholeNumberField(_l("年份"), smallest=1900, largest=2100)
    number = TextField(_l("专利号或 DOI"), limit=80)
    status = TextField(_l("状态"), limit=40)
    keywords = ShortLinesField(_l("关键词"))
    abstract = LongTextField(_l("摘要"), limit=4000)
    counts_for_matching = BooleanField(_l("用于匹配"))

    @property
    def values(self) -> dict[str, Any]:
        return {name: field.data for name, field in self._fields.items() if name != "csrf_token"}


class PasteForm(BaseForm):
    text = LongTextField(_l("成果清单"), limit=TEXT_MOST)


class SheetForm(BaseForm):
    file = FileField(_l("Excel 或 CSV 文件"))


class MemberRow(RowForm):
    name = TextField(_l("姓名"), limit=80)
    organisation_name = TextField(_l("单位"), limit=200)
    role = TextField(_l("分工"), limit=80)
    email = TextField(_l("同单位账号邮箱（选填）"), limit=254)


class MembersForm(BaseForm):
    members = RowsField(MemberRow, _l("成员"), least=3, most=50)


class PublishForm(BaseForm):
    pledge = BooleanField(_l("我承诺所填内容真实、可以公开，不含国家秘密和他人商业秘密"))


class ReasonForm(BaseForm):
    reason = TextField(_l("理由"), limit=300)
