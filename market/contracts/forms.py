"""Forms of contracts and milestones: shape and format; the rules are the operations'."""
# The stubs of WTForms know neither lazy translations nor SelectChoice.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

from datetime import date, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import MultipleFileField, RadioField, SelectField
from wtforms.fields.choices import SelectChoice

from market import clock
from market.bids.models import Bid
from market.contracts.models import Contract, ContractKind, Milestone, ResultKind
from market.contracts.queries import amount_limit, opened_body, version_of
from market.forms import (
    BaseForm,
    DayField,
    LongTextField,
    RowForm,
    RowsField,
    TextField,
    WanField,
    WholeNumberField,
    required,
)
from market.needs.content import Ownership
from market.programmes.queries import rules_of


class MilestoneRow(RowForm):
    content = TextField(_l("内容与考核点"), limit=300)
    due_on = DayField(_l("完成日期"))
    percent = WholeNumberField(_l("付款比例 %"), largest=100)


class DraftForm(BaseForm):
    """The terms of a contract. Amounts in 万元."""

    kind = SelectField(_l("合同类型"), choices=[SelectChoice(e.value, e.label) for e in ContractKind], coerce=str)
    amount_fen = WanField(_l("合同金额"))
    rd_total_fen = WanField(_l("项目研发总投入"))
    ownership = SelectField(_l("知识产权归属"), choices=[SelectChoice(e.value, e.label) for e in Ownership], coerce=str)
    starts_on = DayField(_l("开始日期"))
    ends_on = DayField(_l("结束日期"))
    milestones = RowsField(MilestoneRow, _l("里程碑与付款"), least=1, most=20)

    def values(self) -> dict[str, Any]:
        names = ("kind", "amount_fen", "rd_total_fen", "ownership", "starts_on", "ends_on")
        return {**{name: self._fields[name].data for name in names}, "milestones": self.milestones.rows}


class RedraftForm(DraftForm):
    reason = LongTextField(_l("修改说明"), limit=1000)


def terms_suggested(bid: Bid) -> dict[str, Any]:
    """What the draft form begins with: the bid's own plan, else the rules' instalments over the term."""
    version, body = version_of(bid), opened_body(bid)
    months = (version.term_months if version else None) or 24
    starts = clock.today()
    ends = starts + timedelta(days=round(months * 30.44))
    limit, _what = amount_limit(bid)
    shares = rules_of(bid).instalments
    return {
        "amount_fen": body.get("price_fen") or limit,
        "rd_total_fen": version.funding_total_fen if version else None,
        "ownership": version.ownership.value if version and version.ownership else Ownership.BY_CONTRACT.value,
        "starts_on": starts,
        "ends_on": ends,
        "milestones": _plan_of(body, starts, ends)
        or [
            {"content": "", "due_on": _spread(starts, ends, n + 1, len(shares)), "percent": share}
            for n, share in enumerate(shares)
        ],
    }


def _plan_of(body: dict[str, Any], starts: date, ends: date) -> list[dict[str, Any]]:
    """The bid's own milestones, dated from its months, where it gave any."""
    return [
        {
            "content": row.get("content") or "",
            "due_on": min(ends, starts + timedelta(days=round((row.get("month") or 0) * 30.44))),
            "percent": row.get("percent"),
        }
        for row in body.get("milestones") or []
    ]


def _spread(starts: date, ends: date, n: int, of: int) -> date:
    return starts + (ends - starts) * n // of


def terms_of(contract: Contract, milestones: Any) -> dict[str, Any]:
    """The present terms, for the form that changes them."""
    return {
        **{n: getattr(contract, n) for n in ("amount_fen", "rd_total_fen", "starts_on", "ends_on")},
        "kind": contract.kind.value,
        "ownership": contract.ownership.value,
        "milestones": [{"content": m.content, "due_on": m.due_on, "percent": m.percent} for m in milestones],
    }


SCAN_LABELS = {"signed_scan": _l("合同签署扫描件"), "pledge": _l("军令状")}


class ScanForm(BaseForm):
    slot = SelectField(
        _l("附件类型"), choices=[SelectChoice(value, label) for value, label in SCAN_LABELS.items()], coerce=str
    )
    file = FileField(_l("文件"), validators=[FileRequired(_l("请选择文件"))])


class SignForm(BaseForm):
    number = TextField(_l("合同编号"), [required()], limit=40)
    signed_on = DayField(_l("签署日期"))


class RegisterForm(BaseForm):
    office = TextField(_l("登记机构"), limit=100)
    number = TextField(_l("登记编号"), limit=60)
    registered_on = DayField(_l("登记日期"))
    turnover_fen = WanField(_l("技术合同成交额"))
    technology_fen = WanField(_l("技术交易额"))

    def values(self) -> dict[str, Any]:
        names = ("office", "number", "registered_on", "turnover_fen", "technology_fen")
        return {name: self._fields[name].data for name in names}


OUTCOMES = [
    SelectChoice("complete", _l("验收通过")),
    SelectChoice("close", _l("结题")),
    SelectChoice("terminate", _l("终止")),
]


class EndForm(BaseForm):
    outcome = RadioField(_l("结果"), choices=OUTCOMES, validators=[required(_l("请选择结果"))])
    reason = LongTextField(_l("理由"), limit=2000)


class VerdictForm(BaseForm):
    opinion = LongTextField(_l("用户意见"), limit=2000)


class ReportForm(BaseForm):
    """A milestone's report; ``report_form`` adds one field a promised indicator."""

    report = LongTextField(_l("完成情况"), limit=4000)
    files = MultipleFileField(_l("证明材料"))

    def measured(self, milestone: Milestone) -> dict[str, str]:
        indicators = milestone.contract.indicators
        return {row["name"]: self._fields[f"measured_{n}"].data or "" for n, row in enumerate(indicators)}

    def uploaded(self) -> list[Any]:
        return [file for file in self.files.data or [] if getattr(file, "filename", "")]


def report_form(milestone: Milestone) -> ReportForm:
    fields = {f"measured_{n}": TextField(row["name"], limit=60) for n, row in enumerate(milestone.contract.indicators)}
    form = type("MilestoneReportForm", (ReportForm,), fields)
    known = {row["name"]: row["measured"] for row in milestone.measured}
    data = {f"measured_{n}": known.get(row["name"], "") for n, row in enumerate(milestone.contract.indicators)}
    return form(data={"report": milestone.report, **data})


class _EvidenceForm(BaseForm):
    files = MultipleFileField(_l("证明材料"))

    def uploaded(self) -> list[Any]:
        return [file for file in self.files.data or [] if getattr(file, "filename", "")]


class SpendForm(_EvidenceForm):
    """Sums since the project began, in 万元."""

    until = DayField(_l("支出截止日期"))
    total_fen = WanField(_l("累计研发支出"))
    fiscal_fen = WanField(_l("其中：财政资金支出"))
    note = LongTextField(_l("支出构成与依据"), limit=2000)

    def values(self) -> dict[str, Any]:
        return {name: self._fields[name].data for name in ("until", "total_fen", "fiscal_fen", "note")}


class ResultForm(_EvidenceForm):
    kind = RadioField(
        _l("成效类别"),
        choices=[SelectChoice(kind.value, kind.label) for kind in ResultKind],
        validators=[required(_l("请选择成效类别"))],
    )
    first_day = DayField(_l("起始日期"))
    last_day = DayField(_l("截止日期"))
    amount_fen = WanField(_l("金额"))
    quantity = WholeNumberField(_l("专利件数"), smallest=1, largest=10_000)
    explanation = LongTextField(_l("来源与计算说明"), limit=2000)

    def values(self) -> dict[str, Any]:
        names = ("kind", "first_day", "last_day", "amount_fen", "quantity", "explanation")
        return {name: self._fields[name].data for name in names}


class WithdrawForm(BaseForm):
    reason = LongTextField(_l("理由"), limit=1000)
