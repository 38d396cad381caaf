"""The pages of contracts as each person meets them: bad input is told beside its field and what was typed stays."""

import re
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from market import clock
from market.contracts import operations
from market.contracts.models import Contract, ContractState, DeclaredResult, MilestoneState, SpendReport
from market.contracts.queries import milestones_of
from market.database import db, transaction
from market.permissions import Role
from tests.builders.chain import make_contract
from tests.builders.contracts import PDF, agreed, drafted, make_parties, make_result, make_spending, signed
from tests.builders.milestones import report
from tests.builders.payouts import accepted
from tests.builders.people import acting, client_of, make_user


def error_of(page: str, field: str) -> str:
    """What the page says beside one field; empty when it says nothing there."""
    found = re.search(rf'id="{field}-error">(.*?)</div>', page, re.S)
    return re.sub(r"<[^>]+>", "", found.group(1)) if found else ""


def upload(content: bytes = PDF, name: str = "证明.pdf") -> tuple[BytesIO, str]:
    return (BytesIO(content), name)


def terms(**values: Any) -> dict[str, Any]:
    """A whole draft form as the browser sends it: 100 万元 in two milestones."""
    today = clock.today()
    return {
        "kind": "commissioned", "ownership": "shared", "amount_fen": "１００", "rd_total_fen": "300",
        "starts_on": today.isoformat(), "ends_on": (today + timedelta(days=700)).isoformat(),
        "milestones-0-content": "样机", "milestones-0-due_on": (today + timedelta(days=200)).isoformat(),
        "milestones-0-percent": "４０",
        "milestones-1-content": "量产", "milestones-1-due_on": (today + timedelta(days=600)).isoformat(),
        "milestones-1-percent": "60", **values,
    }  # fmt: skip


TOO_LONG = "长" * 5000
MONEY = [
    ("", "请填写"),
    ("-5", "金额不能为负数"),
    ("一百", "请填写数字金额"),
    ("1e9", "请填写数字金额"),
    ("0.0000001", "金额最多精确到分"),
    ("9" * 15, "金额超出上限"),
    ("9" * 60, "请填写数字金额"),
]
DAYS = [("", "请填写"), ("2026-02-30", "请填写日期"), ("明天", "请填写日期"), ("0001-01-01", "年份不合理")]


def test_draft_form_takes_full_width_digits(app: Flask) -> None:
    parties = make_parties()
    answer = client_of(app, parties.officer).post(f"/contracts/draft/{parties.bid.id}", data=terms())
    assert answer.status_code == 303
    contract = db.session.scalars(select(Contract)).one()
    assert contract.amount_fen == 100_000_000 and [m.percent for m in milestones_of(contract)] == [40, 60]


@pytest.mark.parametrize(
    ("field", "typed", "message"),
    [
        *(("amount_fen", typed, message) for typed, message in MONEY),
        *(("rd_total_fen", typed, message) for typed, message in MONEY),
        *(("starts_on", typed, message) for typed, message in DAYS),
        *(("ends_on", typed, message) for typed, message in DAYS),
        ("ends_on", "2020-01-01", "结束日期应晚于开始日期"),
        ("rd_total_fen", "99", "研发总投入不能少于合同金额"),
        ("kind", "gift", "不是有效的选择"),
        ("milestones-0-percent", "4.5", "请填写整数"),
        ("milestones-0-percent", "101", "请填写 0 到 100"),
        ("milestones-0-content", "长" * 301, "最多 300 个字"),
        ("milestones-0-due_on", "2026-13-01", "请填写日期"),
    ],
)
def test_bad_draft_is_told_beside_the_field_and_kept(app: Flask, field: str, typed: str, message: str) -> None:
    parties = make_parties()
    client = client_of(app, parties.officer)
    answer = client.post(f"/contracts/draft/{parties.bid.id}", data=terms(**{field: typed}))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert message in error_of(page, field)
    assert field == "kind" or not typed or f'value="{typed}"' in page
    assert 'value="量产"' in page
    assert db.session.scalar(select(func.count(Contract.id))) == 0


def test_draft_of_an_unknown_bid_is_not_found(app: Flask) -> None:
    officer = client_of(app, make_user(Role.CITY_OFFICER))
    for address in ("/contracts/draft/99999", "/contracts/99999", "/contracts/99999/outcomes", "/contracts/x"):
        assert officer.get(address).status_code == 404


def test_edit_needs_a_reason_and_keeps_the_text(app: Flask) -> None:
    parties = make_parties()
    contract = agreed(parties)
    client = client_of(app, parties.officer)
    for reason, message in (("", "请写明修改了什么"), ("长" * 1001, "最多 1000 个字")):
        page = client.post(f"/contracts/{contract.id}/edit", data=terms(reason=reason)).get_data(as_text=True)
        assert message in error_of(page, "reason")
        assert 'value="量产"' in page
    assert db.session.get_one(Contract, contract.id).state is ContractState.AGREED


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ({"number": ""}, "number", "请填写此项"),
        ({"number": "号" * 41}, "number", "最多 40 个字"),
        ({"number": "HT\x00"}, "number", "不可见的控制字符"),
        *(({"signed_on": typed}, "signed_on", message) for typed, message in DAYS),
        ({"signed_on": (clock.today() + timedelta(days=1)).isoformat()}, "signed_on", "不能晚于今天"),
        ({"signed_on": "2020-01-01"}, "signed_on", "不能早于中榜"),
    ],
)
def test_bad_signature_is_told_beside_the_field(app: Flask, values: dict, field: str, message: str) -> None:
    parties = make_parties()
    contract = agreed(parties)
    with transaction():
        from tests.builders.contracts import pdf

        operations.attach_scan(acting(parties.officer), contract, "signed_scan", pdf())
    form = {"number": "HT-保留", "signed_on": clock.today().isoformat(), **values}
    answer = client_of(app, parties.officer).post(f"/contracts/{contract.id}/sign", data=form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200 and message in error_of(page, field)
    assert "number" in values or 'value="HT-保留"' in page
    assert db.session.get_one(Contract, contract.id).state is ContractState.AGREED


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ({"office": ""}, "office", "请填写此项"),
        ({"number": "号" * 61}, "number", "最多 60 个字"),
        ({"registered_on": "2020-01-01"}, "registered_on", "不能早于签署日期"),
        *(({"turnover_fen": typed}, "turnover_fen", message) for typed, message in MONEY),
        ({"technology_fen": "101"}, "technology_fen", "不能大于成交额"),
    ],
)
def test_bad_registration_is_told_beside_the_field(app: Flask, values: dict, field: str, message: str) -> None:
    parties = make_parties()
    contract = signed(parties)
    form = {"office": "市技术市场", "number": "2026370300001", "registered_on": clock.today().isoformat(),
            "turnover_fen": "100", "technology_fen": "90", **values}  # fmt: skip
    page = client_of(app, parties.officer).post(f"/contracts/{contract.id}/register", data=form).get_data(as_text=True)
    assert message in error_of(page, field)
    assert "office" in values or 'value="市技术市场"' in page
    assert db.session.get_one(Contract, contract.id).registration_number is None


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [(b"MZ\x90\x00", "合同.pdf", "合同"), (b"%PDF-1.4\n", "合同.exe", "合同"), (b"", "空.pdf", "空")],
)
def test_hostile_scan_is_told_beside_the_field(app: Flask, content: bytes, name: str, message: str) -> None:
    parties = make_parties()
    contract = drafted(parties)
    answer = client_of(app, parties.officer).post(
        f"/contracts/{contract.id}/scans",
        data={"slot": "signed_scan", "file": upload(content, name)},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 200 and error_of(answer.get_data(as_text=True), "file")


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ({"outcome": ""}, "outcome", "请选择结果"),
        ({"outcome": "explode"}, "outcome", "请选择结果|不是有效的选择"),
        ({"reason": "无"}, "reason", "至少 5 个字"),
        ({"reason": "长" * 2001}, "reason", "最多 2000 个字"),
    ],
)
def test_bad_end_is_told_beside_the_field(app: Flask, values: dict, field: str, message: str) -> None:
    parties = make_parties()
    contract = signed(parties)
    form = {"outcome": "terminate", "reason": "关键设备停产，路线不可行", **values}
    page = client_of(app, parties.officer).post(f"/contracts/{contract.id}/end", data=form).get_data(as_text=True)
    assert re.search(message, error_of(page, field))
    assert db.session.get_one(Contract, contract.id).state is ContractState.SIGNED


def test_bad_milestone_report_and_verdict_are_told_beside_the_field(app: Flask) -> None:
    parties = make_parties()
    contract = signed(parties)
    first = milestones_of(contract)[0]
    lead = client_of(app, parties.lead)
    address = f"/contracts/milestones/{first.id}/report"
    kept = {"report": "完成", "measured_0": "0.009"}
    page = lead.post(address, data=kept).get_data(as_text=True)
    assert "至少 10 个字" in error_of(page, "report") and 'value="0.009"' in page
    page = lead.post(address, data={"report": TOO_LONG}).get_data(as_text=True)
    assert "最多 4000 个字" in error_of(page, "report")
    page = lead.post(address, data={"report": "已完成本阶段全部任务", "measured_0": "9" * 61}).get_data(as_text=True)
    assert "最多 60 个字" in error_of(page, "measured_0")
    hostile = {"report": "已完成本阶段全部任务", "files": upload(b"MZ\x90", "证明.pdf")}
    page = lead.post(address, data=hostile, content_type="multipart/form-data").get_data(as_text=True)
    assert error_of(page, "files")
    assert db.session.get_one(type(first), first.id).state is MilestoneState.PLANNED
    row = report(parties, contract, 1)
    signatory = client_of(app, parties.signatory)
    for act in ("accept", "send-back"):
        page = signatory.post(f"/contracts/milestones/{row.id}/{act}", data={"opinion": "好"}).get_data(as_text=True)
        assert "至少 5 个字" in error_of(page, "opinion") and ">好</textarea>" in page.replace("\r\n", "").replace(
            "\n", ""
        )


def unread(values: dict) -> dict:
    """Each database gets files of its own: the first reads them to their end."""
    return {key: (BytesIO(value[0]), value[1]) if isinstance(value, tuple) else value for key, value in values.items()}


class Outcome:
    """A running contract with an accepted milestone, and browsers of lead and signatory."""

    def __init__(self, app: Flask) -> None:
        contract = make_contract()
        accepted(contract)
        self.contract_id = contract.id
        self.lead_user = contract.solver.lead
        self.signatory_user = make_user(Role.FIRM_SIGNATORY, organisation=contract.organisation)
        self.lead: FlaskClient = client_of(app, self.lead_user)
        self.signatory: FlaskClient = client_of(app, self.signatory_user)

    @property
    def contract(self) -> Contract:
        return db.session.get_one(Contract, self.contract_id)

    def spend(self, **values: Any) -> Any:
        form = {"until": clock.today().isoformat(), "total_fen": "１２０", "fiscal_fen": "0",
                "note": "设备 80 万元，材料 40 万元，见明细账", "files": upload(), **values}  # fmt: skip
        return self.lead.post(f"/contracts/{self.contract_id}/spending", data=form, content_type="multipart/form-data")

    def declare(self, **values: Any) -> Any:
        form = {"kind": "sales", "first_day": "2026-02-01", "last_day": "2026-02-28", "amount_fen": "５５", "quantity": "",
                "explanation": "新产品对外销售 1100 套，单价 500 元", **values}  # fmt: skip
        return self.signatory.post(
            f"/contracts/{self.contract_id}/results", data=form, content_type="multipart/form-data"
        )


def test_spending_goes_from_the_lead_to_the_poster_in_the_browser(app: Flask) -> None:
    case = Outcome(app)
    assert case.spend().status_code == 303
    row = db.session.scalars(select(SpendReport)).one()
    assert row.total_fen == 120_000_000
    page = case.signatory.get(f"/contracts/spending/{row.id}/verdict").get_data(as_text=True)
    assert "明细账" in page and "证明.pdf" in page
    assert case.signatory.post(f"/contracts/spending/{row.id}/confirm", data={"opinion": ""}).status_code == 303
    overview = case.lead.get(f"/contracts/{case.contract_id}/outcomes").get_data(as_text=True)
    assert "已确认" in overview and "120" in overview


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        *(({"total_fen": typed}, "total_fen", message) for typed, message in MONEY),
        ({"fiscal_fen": ""}, "fiscal_fen", "没有的填 0"),
        ({"fiscal_fen": "121"}, "fiscal_fen", "不能大于支出总额"),
        *(({"until": typed}, "until", message) for typed, message in DAYS),
        ({"until": "2020-01-01"}, "until", "不能早于合同签署日期"),
        ({"note": TOO_LONG}, "note", "最多 2000 个字"),
        ({"files": (b"", "")}, "files", "请上传"),
        ({"files": (b"MZ\x90\x00", "账.pdf")}, "files", ""),
    ],
)
def test_bad_spending_form_is_told_beside_the_field(app: Flask, values: dict, field: str, message: str) -> None:
    case = Outcome(app)
    answer = case.spend(**unread(values))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert error_of(page, field) and message in error_of(page, field)
    assert field == "total_fen" or "１２０" in page
    assert db.session.scalar(select(func.count(SpendReport.id))) == 0


def test_results_are_declared_and_withdrawn_in_the_browser(app: Flask) -> None:
    case = Outcome(app)
    assert case.declare().status_code == 303
    row = db.session.scalars(select(DeclaredResult)).one()
    address = f"/contracts/results/{row.id}/withdraw"
    assert "至少 5 个字" in error_of(
        case.signatory.post(address, data={"reason": "错"}).get_data(as_text=True), "reason"
    )
    assert case.signatory.post(address, data={"reason": "金额含税，重新申报"}).status_code == 303
    page = case.signatory.get(f"/contracts/{case.contract_id}/outcomes").get_data(as_text=True)
    assert "自报" in page and "已撤回" in page


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ({"kind": ""}, "kind", "请选择成效类别"),
        ({"kind": "fame"}, "kind", "请选择|不是有效的选择"),
        *(({"amount_fen": typed}, "amount_fen", message) for typed, message in MONEY),
        ({"kind": "patent", "quantity": "0"}, "quantity", "请填写 1 到"),
        ({"kind": "patent", "quantity": "两件"}, "quantity", "请填写整数"),
        *(({"first_day": typed}, "first_day", message) for typed, message in DAYS),
        ({"last_day": "2026-01-31"}, "last_day", "不能早于起始日期"),
        ({"explanation": "卖了"}, "explanation", "至少 10 个字"),
        ({"files": (b"MZ\x90\x00", "票.pdf")}, "files", "."),
    ],
)
def test_bad_result_form_is_told_beside_the_field(app: Flask, values: dict, field: str, message: str) -> None:
    case = Outcome(app)
    answer = case.declare(**unread(values))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert re.search(message, error_of(page, field))
    assert field == "explanation" or "1100 套" in page
    assert db.session.scalar(select(func.count(DeclaredResult.id))) == 0


def test_forms_are_closed_to_those_who_may_not_with_the_reason(app: Flask) -> None:
    case = Outcome(app)
    make_spending(case.contract, case.lead_user)
    make_result(case.contract, case.signatory_user)
    stranger = client_of(app, make_user(Role.FIRM_SIGNATORY, organisation=make_contract().organisation))
    for address in ("outcomes", "results"):
        assert stranger.get(f"/contracts/{case.contract_id}/{address}").status_code == 404
    assert case.signatory.get(f"/contracts/{case.contract_id}/spending").status_code == 403


def test_a_draft_given_up_points_to_the_next(app: Flask) -> None:
    parties = make_parties()
    first = drafted(parties)
    officer = client_of(app, parties.officer)
    form = {"outcome": "terminate", "reason": "知识产权没有谈拢，重新拟定"}
    assert officer.post(f"/contracts/{first.id}/end", data=form).status_code == 303
    page = officer.get(f"/contracts/{first.id}").get_data(as_text=True)
    assert f'href="/contracts/draft/{parties.bid.id}"' in page
    assert "知识产权没有谈拢" in officer.get(f"/contracts/draft/{parties.bid.id}").get_data(as_text=True)
    location = officer.post(f"/contracts/draft/{parties.bid.id}", data=terms()).location
    assert f'href="/contracts/{first.id}"' in officer.get(location).get_data(as_text=True)
    assert f'href="{location}"' in officer.get(f"/contracts/{first.id}").get_data(as_text=True)
