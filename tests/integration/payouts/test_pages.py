"""The pages of public money as each person meets them."""

from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from market import clock
from market.accounts.models import User, UserSession
from market.accounts.sessions import FRESH
from market.contracts.models import Contract
from market.database import db
from market.payouts.models import BountyPayment, BudgetLine, Payout, PayoutState, Transfer
from market.permissions import Role
from market.spreadsheets import read
from tests.builders.chain import make_contract
from tests.builders.contracts import PDF
from tests.builders.counting import statements
from tests.builders.payouts import Desk, accepted, good_card, make_budget_line, make_desk, make_payout, make_refund
from tests.builders.people import client_of, make_user


def text_of(client: FlaskClient, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return answer.get_data(as_text=True)


class Case:
    """An accepted milestone, a budget line, and browsers of the three persons."""

    def __init__(self, app: Flask) -> None:
        self.desk: Desk = make_desk()
        contract = make_contract()
        self.contract_id, self.lead_id = contract.id, contract.solver.lead_id
        self.milestone_id = accepted(contract).id
        self.line_id = make_budget_line(contract, self.desk.checker).id
        self.maker, self.checker, self.head = (
            client_of(app, p) for p in (self.desk.maker, self.desk.checker, self.desk.head)
        )

    def form(self, **values: object) -> dict[str, object]:
        return {
            "request_key": "k1",
            "kind": "reward",
            "budget_line_id": self.line_id,
            "bank_name": "测试银行张店支行",
            "bank_account": good_card(),
            "amount_fen": "２７０，０００",
            "basis": "会议纪要〔2026〕3号",
            **values,
        }

    def ask(self, **values: object):
        return self.maker.post(f"/payouts/request/{self.milestone_id}", data=self.form(**values))


def test_whole_path_in_the_browser(app: Flask) -> None:
    case = Case(app)
    answer = case.ask()
    assert answer.status_code == 303
    address = answer.location
    assert case.ask().location == address  # double click
    assert case.checker.post(f"{address}/check").status_code == 303
    assert case.head.post(f"{address}/approve").status_code == 303
    paid = {"bank_reference": "HD0001", "paid_on": clock.today().isoformat()}
    assert case.maker.post(f"{address}/paid", data=paid).status_code == 303
    payout = db.session.scalars(select(Payout)).one()
    assert payout.state is PayoutState.PAID and payout.amount_fen == 27_000_000
    assert "HD0001" in text_of(case.maker, f"{address}/slip")


def test_page_says_who_acts_next_when_the_viewer_has_no_move(app: Flask) -> None:
    case = Case(app)
    address = case.ask().location
    assert "您已申请，须由财务复核人复核。" in text_of(case.maker, address)
    assert "等待下一步" not in text_of(case.checker, address)
    assert case.checker.post(f"{address}/check").status_code == 303
    assert "您已复核，须由处室负责人审批。" in text_of(case.checker, address)
    assert "下一步" not in text_of(case.head, address)


def test_request_form_shows_how_the_amount_is_computed(app: Flask) -> None:
    case = Case(app)
    page = text_of(case.maker, f"/payouts/request/{case.milestone_id}")
    for amount in ("3,000,000.00", "900,000.00", "270,000.00"):
        assert amount in page


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"amount_fen": ""}, "请填写大于 0 的金额"),
        ({"amount_fen": "-1"}, "金额不能为负数"),
        ({"amount_fen": "0"}, "请填写大于 0 的金额"),
        ({"amount_fen": "abc"}, "请填写数字金额"),
        ({"amount_fen": "270000.01"}, "超出目前可兑付的"),
        ({"amount_fen": "1e308"}, "请填写数字金额"),
        ({"amount_fen": "0.001"}, "金额最多精确到分"),
        ({"bank_account": ""}, "银行账号应为 8 到 30 位数字"),
        ({"bank_account": "6222x"}, "银行账号应为 8 到 30 位数字"),
        ({"bank_account": "9" * 80}, "最多 60 个字"),
        ({"bank_name": "银行\x00"}, "不可见的控制字符"),
        ({"bank_name": "行" * 201}, "最多 200 个字"),
        ({"basis": " "}, "请填写此项"),
        ({"kind": "bribe"}, "Not a valid choice"),
        ({"budget_line_id": "999"}, "Not a valid choice"),
        ({"budget_line_id": "x"}, "Invalid Choice"),
        ({"request_key": ""}, "重新打开申请页"),
        ({"kind": "subsidy"}, "请选择与类别相同的预算指标"),
    ],
)
def test_bad_request_is_refused_beside_the_field_and_keeps_what_was_typed(
    app: Flask, values: dict, message: str
) -> None:
    case = Case(app)
    answer = case.ask(**{"basis": "保留这句话", **values})
    page = answer.get_data(as_text=True)
    assert answer.status_code in (200, 422)
    if not message.isascii():  # The library's own texts are translated with the site's.
        assert message in page
    assert "jb-field-error" in page or "jb-errors" in page
    if "basis" not in values:
        assert "保留这句话" in page
    assert db.session.scalar(select(func.count()).select_from(Payout)) == 0


def test_account_is_masked_for_all_but_the_three_desks(app: Flask) -> None:
    payout = make_payout()
    number, payout_id = good_card(), payout.id
    lead = payout.contract.solver.lead
    seen = {
        name: text_of(client_of(app, person), f"/payouts/{payout_id}")
        for name, person in {
            "maker": make_user(Role.FINANCE_MAKER),
            "checker": make_user(Role.FINANCE_CHECKER),
            "head": make_user(Role.DIVISION_HEAD),
            "city": make_user(Role.CITY_OFFICER),
            "supervisor": make_user(Role.SUPERVISOR),
            "lead": db.session.get_one(User, lead.id),
        }.items()
    }
    assert {name for name, page in seen.items() if number in page} == {"maker", "checker", "head"}
    assert all(number[-4:] in page for page in seen.values())


def test_administrator_and_strangers_see_no_money(app: Flask) -> None:
    payout_id = make_payout().id
    administrator = client_of(app, make_user(Role.ADMINISTRATOR))
    for address in ("/payouts/", "/payouts/budgets", f"/payouts/{payout_id}", "/payouts/ledger.xlsx"):
        assert administrator.get(address).status_code == 403
    other_lead = client_of(app, make_contract().solver.lead)
    assert other_lead.get(f"/payouts/{payout_id}").status_code == 404


def test_deciding_asks_for_a_fresh_password(app: Flask) -> None:
    case = Case(app)
    address = case.ask().location
    from market.database import transaction

    with transaction() as session:
        for row in session.scalars(select(UserSession)):
            row.confirmed_at = clock.now() - FRESH
    for client, step in ((case.checker, "check"), (case.head, "approve"), (case.maker, "paid")):
        answer = client.post(f"{address}/{step}", data={})
        assert answer.status_code in (302, 303, 403) and answer.location != address
    assert db.session.scalars(select(Payout)).one().state is PayoutState.REQUESTED


def test_send_back_without_a_reason_says_so(app: Flask) -> None:
    case = Case(app)
    address = case.ask().location
    page = case.checker.post(f"{address}/send-back", data={"reason": "x"}).get_data(as_text=True)
    assert "至少 5 个字" in page
    assert case.checker.post(f"{address}/send-back", data={"reason": "开户行写错了"}).status_code == 303
    page = text_of(case.maker, f"{address}/again")
    assert "开户行写错了" in page and good_card() in page
    assert case.maker.post(f"{address}/again", data=case.form(amount_fen="1000")).status_code == 303


@pytest.mark.parametrize(
    ("values", "message"),
    [({}, "请填写银行回单号"), ({"bank_reference": "x" * 81}, "最多 80 个字"), ({"bank_reference": "1", "paid_on": "2026-13-01"}, "请填写日期"),
     ({"bank_reference": "1", "paid_on": "2099-01-01"}, "不能晚于今天")],
)  # fmt: skip
def test_bad_payment_record_is_refused(app: Flask, values: dict, message: str) -> None:
    desk = make_desk()
    payout_id = make_payout("approved", desk=desk).id
    answer = client_of(app, desk.maker).post(f"/payouts/{payout_id}/paid", data=values)
    assert answer.status_code == 200 and message in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("values", "message"),
    [({"code": ""}, "请填写此项"), ({"amount_fen": "-5"}, "金额不能为负数"), ({"amount_fen": "0"}, "请填写此项"), ({"basis": ""}, "请填写此项"),
     ({"name": "名" * 121}, "最多 120 个字"), ({"amount_fen": "9" * 16}, "请填写数字金额")],
)  # fmt: skip
def test_bad_budget_line_is_refused(app: Flask, values: dict, message: str) -> None:
    desk, contract = make_desk(), make_contract()
    form = {
        "cycle_id": contract.challenge.cycle_id,
        "code": "ZB-9",
        "name": "人才奖励",
        "kind": "reward",
        "basis": "文",
        "amount_fen": "100",
    }
    client = client_of(app, desk.checker)
    page = client.post("/payouts/budgets/new", data={**form, **values}).get_data(as_text=True)
    assert message in page and db.session.scalar(select(BudgetLine.id)) is None
    assert client.post("/payouts/budgets/new", data=form).status_code == 303
    line_id = db.session.scalars(select(BudgetLine.id)).one()
    assert "请填写大于 0 的金额" in client.post(f"/payouts/budgets/{line_id}/top-up", data={}).get_data(as_text=True)
    assert client.post(f"/payouts/budgets/{line_id}/top-up", data={"amount_fen": "5", "basis": "文"}).status_code == 303
    assert "105.00" in text_of(client, "/payouts/budgets")


def test_ledger_is_exported_without_formulas(app: Flask) -> None:
    desk = make_desk()
    contract = make_contract()
    from tests.builders.payouts import request

    request(desk, accepted(contract), make_budget_line(contract, desk.checker), basis="=HYPERLINK(1)")
    answer = client_of(app, make_user(Role.SUPERVISOR)).get("/payouts/ledger.xlsx")
    rows = read(answer.data)
    assert [str(cell).split("（")[0] for cell in rows[0]] == [
        "序号", "合同编号", "收款人", "类别", "依据文号", "预算指标", "应付", "已付", "付款日期", "凭证号", "累计", "余额", "已退回", "状态",
    ]  # fmt: skip
    assert rows[1][4] == "=HYPERLINK(1)" and float(rows[1][6]) == 1.0


def test_bounty_is_recorded_by_the_poster_and_confirmed_by_the_lead(app: Flask) -> None:
    contract = make_contract()
    milestone_id, contract_id, lead = accepted(contract).id, contract.id, contract.solver.lead
    signatory = make_user(Role.FIRM_SIGNATORY, organisation=contract.organisation)
    poster, solver = client_of(app, signatory), client_of(app, db.session.get_one(User, lead.id))

    def send(**values: object):
        data = {
            "amount_fen": "300000",
            "paid_on": clock.today().isoformat(),
            "voucher_number": "V-1",
            "voucher": (BytesIO(PDF), "回单.pdf"),
        }
        return poster.post(
            f"/payouts/bounties/{milestone_id}", data={**data, **values}, content_type="multipart/form-data"
        )

    assert "超出本期尚应支付的" in send(amount_fen="300000.01").get_data(as_text=True)
    assert "请填写支付凭证号" in send(voucher_number="").get_data(as_text=True)
    assert "请上传支付凭证" in send(voucher="").get_data(as_text=True)
    assert "jb-field-error" in send(voucher=(BytesIO(b"MZ\x90\x00"), "回单.pdf")).get_data(as_text=True)
    assert send().status_code == 303
    assert "超出本期尚应支付的" in send(amount_fen="1").get_data(as_text=True)
    payment_id = db.session.scalars(select(BountyPayment.id)).one()
    assert poster.post(f"/payouts/bounties/{payment_id}/confirm").status_code == 403
    assert solver.post(f"/payouts/bounties/{payment_id}/confirm").status_code == 303
    assert "揭榜方已确认到账" in text_of(solver, f"/payouts/contracts/{contract_id}")


def test_ledger_export_has_the_same_filter_as_the_page_and_says_what_came_back(app: Flask) -> None:
    desk = make_desk()
    payout = make_payout("paid", desk, amount_fen=2_000_000)
    make_refund("refunded", desk, payout, 500_000)
    make_payout("requested", desk)
    supervisor = client_of(app, make_user(Role.SUPERVISOR))
    assert len(read(supervisor.get("/payouts/ledger.xlsx").data)) == 3
    rows = read(supervisor.get("/payouts/ledger.xlsx?state=paid").data)
    assert len(rows) == 2
    assert (rows[1][7], rows[1][10], rows[1][12], rows[1][13]) == (2, 1.5, 0.5, "已到账")
    assert len(read(supervisor.get("/payouts/ledger.xlsx?q=没有这份合同").data)) == 1
    page = text_of(supervisor, "/payouts/?state=paid")
    assert 'href="/payouts/ledger.xlsx?state=paid"' in page


def test_number_of_statements_does_not_grow_with_rows(app: Flask) -> None:
    supervisor, maker = client_of(app, make_user(Role.SUPERVISOR)), client_of(app, make_user(Role.FINANCE_MAKER))
    desk = make_desk()
    make_payout(desk=desk)
    make_refund("requested", desk)
    accepted(make_contract())
    pages = [
        (supervisor, "/payouts/"),
        (supervisor, "/payouts/budgets"),
        (supervisor, "/payouts/refunds"),
        (supervisor, "/payouts/ledger.xlsx"),
        (maker, "/payouts/payable"),
        (supervisor, "/contracts/"),
    ]

    def counted() -> list[int]:
        found = []
        for client, address in pages:
            db.session.remove()
            with statements() as seen:
                assert client.get(address).status_code == 200
            found.append(len(seen))
        return found

    before = counted()
    desk = make_desk()
    for _ in range(5):
        make_payout(desk=desk)
        make_refund("requested", desk)
        accepted(make_contract())
    assert counted() == before
    assert db.session.scalar(select(func.count()).select_from(Contract)) == 18
    assert db.session.scalar(select(func.count()).select_from(Transfer)) == 30
