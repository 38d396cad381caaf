"""Taking back what was paid: three persons, never more than was paid, nothing edited, and the year of payment kept."""

from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from market import clock
from market.accounts.models import UserSession
from market.accounts.sessions import FRESH
from market.audit.journal import record
from market.audit.verify import verify as verify_audit
from market.database import db, transaction
from market.errors import Conflict, IllegalMove, InvalidInput, NotAllowed
from market.notifications.models import Message
from market.payouts import refunds
from market.payouts.models import Account, AccountKind, Payout, Refund, RefundState, Transfer, TransferKind
from market.payouts.queries import net_received_fen, refundable_fen, returned_to
from market.payouts.verification import verify
from market.permissions import SYSTEM, Role
from market.reports.indicators import Period
from market.reports.queries import value_of
from tests.builders.payouts import (
    Desk,
    advance_refund,
    behind_the_fences,
    make_desk,
    make_payout,
    make_refund,
    refund_values,
)
from tests.builders.people import acting, client_of, make_user
from tests.integration.payouts.test_database import at_once, raw, restore_triggers


def ask(desk: Desk, payout: Payout, amount_fen: int, key: str = "k", **values: object) -> Refund:
    with transaction():
        return refunds.request_refund(acting(desk.maker), payout, refund_values(amount_fen, **values), key)


def whole() -> bool:
    return verify(db.session())[1] is None and verify_audit(db.session())[1] is None


def test_a_refund_is_a_transfer_back_and_the_payout_stays(app: Flask) -> None:
    desk = make_desk()
    payout = make_payout("paid", desk, amount_fen=1_000_000)
    before = {key: getattr(payout, key) for key in ("amount_fen", "state", "digest", "paid_on", "post_id", "lock")}
    refund = make_refund("refunded", desk, payout, 400_000)
    assert refund.state is RefundState.REFUNDED
    assert {key: getattr(db.session.get_one(Payout, payout.id), key) for key in before} == before
    posted = db.session.get_one(Transfer, refund.transfer_id)
    assert (posted.kind, posted.amount_fen) == (TransferKind.REFUND, 400_000)
    assert posted.debit_account_id == payout.payee_account_id
    assert db.session.get_one(Account, posted.credit_account_id).kind is AccountKind.TREASURY
    assert net_received_fen(payout.contract) == 600_000 and refundable_fen(payout) == 600_000
    assert payout.budget_line.account.available_fen == 500_000_000 - 1_000_000
    assert whole()


def test_where_the_rules_say_so_it_comes_back_to_the_budget_line(app: Flask) -> None:
    from market.programmes.models import ProgrammeRules

    desk = make_desk()
    payout = make_payout("paid", desk)
    rules = db.session.get_one(ProgrammeRules, payout.contract.challenge.rules_id)
    later = ProgrammeRules(
        programme_id=rules.programme_id, version=rules.version + 1, entered_by_id=rules.entered_by_id,
        content={**rules.content, "refund_to": "budget_line"}, basis="另一城市的办法",
    )  # fmt: skip
    with transaction() as session:
        session.add(later)
        session.flush()
        payout.contract.challenge.rules_id = later.id
        record(SYSTEM, "test:build")
    make_refund("refunded", desk, payout, 400_000)
    account = payout.budget_line.account
    db.session.refresh(account)
    assert account.available_fen == 500_000_000 - 600_000
    assert returned_to([account]) == {account.id: 400_000}
    assert whole()


def test_three_persons_and_nobody_twice(app: Flask) -> None:
    desk, other = make_desk(), make_desk()
    refund = make_refund("requested", desk)
    for person in (desk.maker, desk.head, make_user(Role.CITY_OFFICER), make_user(Role.SUPERVISOR)):
        with pytest.raises(NotAllowed), transaction():
            refunds.check_refund(acting(person), refund)
    advance_refund(desk, refund, "check")
    for person in (desk.maker, desk.checker):
        with pytest.raises(NotAllowed), transaction():
            refunds.approve_refund(acting(person), refund)
    with pytest.raises(NotAllowed), transaction():
        refunds.confirm_refunded(acting(desk.maker), refund, "TK1", clock.today())
    advance_refund(desk, refund, "approve")
    for person in (desk.checker, desk.head):
        with pytest.raises(NotAllowed), transaction():
            refunds.confirm_refunded(acting(person), refund, "TK1", clock.today())
    advance_refund(other, refund, "refunded")
    assert whole()


def test_the_database_refuses_one_person_in_two_chairs_and_editing(app: Flask) -> None:
    refund = make_refund("requested")
    for change in ("checker_id = maker_id", "state = 'checked'", "state = 'recovering'", "state = 'refunded'",
                   "amount_fen = amount_fen + 1", "basis = 'x'", "payout_id = payout_id + 1"):  # fmt: skip
        with pytest.raises(IntegrityError):
            raw(f"UPDATE refund SET {change} WHERE id = :id", id=refund.id)
    with pytest.raises(IntegrityError):
        raw("DELETE FROM refund WHERE id = :id", id=refund.id)
    done = make_refund("refunded")
    with pytest.raises(IntegrityError):
        raw("UPDATE refund SET note = 'x' WHERE id = :id", id=done.id)


@pytest.mark.parametrize("state", ["requested", "checked", "approved"])
def test_only_what_was_paid_is_taken_back(app: Flask, state: str) -> None:
    desk = make_desk()
    payout = make_payout(state, desk)
    with pytest.raises(NotAllowed):
        ask(desk, payout, 100)


def test_together_never_more_than_was_paid(app: Flask) -> None:
    desk = make_desk()
    payout = make_payout("paid", desk, amount_fen=1_000_000)
    ask(desk, payout, 600_000, "a")
    with pytest.raises(InvalidInput, match="4,000.00"):
        ask(desk, payout, 400_001, "b")
    ask(desk, payout, 400_000, "b")
    with pytest.raises(InvalidInput):
        ask(desk, payout, 1, "c")


def test_what_was_turned_down_or_cancelled_may_be_asked_again(app: Flask) -> None:
    desk = make_desk()
    payout = make_payout("paid", desk, amount_fen=1_000_000)
    first = ask(desk, payout, 1_000_000, "a")
    with pytest.raises(InvalidInput), transaction():
        refunds.turn_down_refund(acting(desk.checker), first, "不")
    with transaction():
        refunds.turn_down_refund(acting(desk.checker), first, "金额没有算清楚")
    second = ask(desk, payout, 1_000_000, "b")
    advance_refund(desk, second, "check")
    with transaction():
        refunds.refuse_refund(acting(desk.head), second, "应按结余计算")
    third = ask(desk, payout, 1_000_000, "c")
    with transaction():
        refunds.cancel_refund(acting(desk.maker), third, "合同各方已另行约定")
    for refund in (first, second, third):
        with pytest.raises((NotAllowed, IllegalMove)), transaction():
            refunds.check_refund(acting(desk.checker), refund)
    assert refundable_fen(payout) == 1_000_000 and whole()


def test_money_taken_back_is_not_payable_again(app: Flask) -> None:
    from market.payouts.queries import payable_of

    desk = make_desk()
    payout = make_payout("paid", desk, amount_fen=1_000_000)
    before = payable_of(payout.contract).now_fen
    make_refund("refunded", desk, payout, 1_000_000)
    assert payable_of(payout.contract).now_fen == before


def test_the_same_form_twice_makes_one_refund(app: Flask) -> None:
    desk = make_desk()
    payout = make_payout("paid", desk)
    assert ask(desk, payout, 100, "same").id == ask(desk, payout, 100, "same").id
    with pytest.raises(Conflict):
        ask(make_desk(), payout, 100, "same")


def test_a_row_changed_behind_the_application_stops_the_next_step(app: Flask) -> None:
    desk = make_desk()
    refund = make_refund("checked", desk)
    behind_the_fences("UPDATE refund SET amount_fen = amount_fen + 1 WHERE id = :id", id=refund.id)
    with pytest.raises(Conflict, match="不一致"):
        advance_refund(desk, refund, "approve")
    finding = verify(db.session())[1]
    assert finding is not None and finding.where == f"refund 第 {refund.id} 行"


@pytest.mark.parametrize(
    ("reference", "on", "field"),
    [("", clock.today(), "bank_reference"), ("TK1", None, "refunded_on"),
     ("TK1", clock.today() + timedelta(days=1), "refunded_on"), ("TK1", date(2020, 1, 1), "refunded_on")],
)  # fmt: skip
def test_bad_return_is_refused_beside_the_field(app: Flask, reference: str, on: date | None, field: str) -> None:
    desk = make_desk()
    refund = make_refund("recovering", desk)
    with pytest.raises(InvalidInput) as refusal, transaction():
        refunds.confirm_refunded(acting(desk.maker), refund, reference, on)
    assert set(refusal.value.errors) == {field}


def test_a_bank_slip_is_used_once(app: Flask) -> None:
    desk = make_desk()
    for key in ("a", "b"):
        refund = make_refund("recovering", desk)
        if key == "a":
            with transaction():
                refunds.confirm_refunded(acting(desk.maker), refund, "TK-1", clock.today())
        else:
            with pytest.raises(InvalidInput, match="另一笔"), transaction():
                refunds.confirm_refunded(acting(desk.maker), refund, "TK-1", clock.today())


def test_the_payee_is_told_the_day_and_no_amount(app: Flask) -> None:
    refund = make_refund("recovering")
    lead = refund.payout.contract.solver.lead_id
    told = [m for m in db.session.scalars(select(Message).where(Message.user_id == lead)) if "退回" in m.subject]
    due = clock.today() + timedelta(days=30)
    assert refund.due_on == due
    assert len(told) == 1 and due.isoformat() in told[0].subject
    assert "4,000" not in told[0].subject + told[0].body


def test_figures_are_net_in_the_year_of_the_return_and_gross_in_the_year_of_payment(app: Flask) -> None:
    desk = make_desk()
    with clock.at(clock.start_of(date(2025, 3, 1))):
        payout = make_payout("paid", desk, amount_fen=3_000_000)
    with clock.at(clock.start_of(date(2026, 5, 1))):
        make_refund("refunded", desk, payout, 1_000_000)

    def of(code: str, year: int) -> int | None:
        return value_of(code, Period.year(year), None).amount

    assert (of("J12", 2025), of("J12r", 2025)) == (3_000_000, 0)
    assert (of("J12", 2026), of("J12r", 2026)) == (-1_000_000, 1_000_000)
    assert value_of("J12", Period(date(2025, 1, 1), date(2026, 12, 31)), None).amount == 2_000_000
    assert of("J13", 2026) == 0


# --- what the database holds by itself ------------------------------------------------------------------------------

COPY = (
    "INSERT INTO refund (created_at, payout_id, amount_fen, reason, explanation, basis, state, request_key, maker_id,"
    " digest, note, lock) SELECT created_at, payout_id, {amount}, reason, explanation, basis, 'requested', 'raw{n}',"
    " maker_id, '', '', 1 FROM refund WHERE id = :id"
)


def test_rows_beyond_the_payout_are_refused_whoever_writes(app: Flask) -> None:
    refund = make_refund("requested", payout=make_payout("paid", amount_fen=1_000_000), amount_fen=400_000)
    with pytest.raises(IntegrityError, match="ck_refund_within_payout"):
        raw(COPY.format(amount=600_001, n=1), id=refund.id)
    raw(COPY.format(amount=600_000, n=2), id=refund.id)


def test_control_without_the_trigger_the_same_row_goes_in(app: Flask) -> None:
    """The control must fail where the test above holds, else that one would prove nothing."""
    refund = make_refund("requested", payout=make_payout("paid", amount_fen=1_000_000), amount_fen=400_000)
    behind_the_fences(COPY.format(amount=600_001, n=1), id=refund.id)
    total = db.session.scalar(select(func.sum(Refund.amount_fen)).where(Refund.payout_id == refund.payout_id))
    assert total == 1_000_001 > refund.payout.amount_fen
    restore_triggers()


def test_many_at_once_never_take_back_more_than_was_paid(app: Flask) -> None:
    desk = make_desk()
    payout = make_payout("paid", desk, amount_fen=1_000_000)
    number, maker = payout.id, acting(desk.maker)

    def work(n: int) -> None:
        with transaction() as session:
            refunds.request_refund(maker, session.get_one(Payout, number), refund_values(300_000), f"k{n}")

    raised = at_once(app, work)
    assert all(isinstance(problem, InvalidInput) for problem in raised), raised
    assert db.session.scalar(select(func.count()).select_from(Refund)) == 3


def transfer_sql(kind: str, debit: int, credit: int, amount: int) -> str:
    return (
        "INSERT INTO transfer (id, created_at, kind, debit_account_id, credit_account_id, amount_fen, memo, prev_hash,"
        f" hash) SELECT 900, created_at, '{kind}', {debit}, {credit}, {amount}, '', 'p', 'h' FROM transfer WHERE id = 1"
    )


def test_no_transfer_leaves_a_payee_without_an_approved_refund_nor_twice(app: Flask) -> None:
    desk = make_desk()
    refund = make_refund("checked", desk)
    payee = refund.payout.payee_account_id
    treasury = db.session.scalars(select(Account.id).where(Account.kind == AccountKind.TREASURY)).one()
    with pytest.raises(IntegrityError, match="ck_transfer_refund_approved"):
        raw(transfer_sql("refund", payee, treasury, refund.amount_fen))
    advance_refund(desk, refund, "approve")
    with pytest.raises(IntegrityError, match="ck_transfer_refund_approved"):
        raw(transfer_sql("refund", payee, treasury, refund.amount_fen + 1))
    advance_refund(desk, refund, "refunded")
    with pytest.raises(IntegrityError, match="ck_transfer_refund_approved"):
        raw(transfer_sql("refund", payee, treasury, refund.amount_fen))


def test_money_moves_only_along_its_ways(app: Flask) -> None:
    payout = make_payout("paid")
    payee, line = payout.payee_account_id, payout.budget_line.account_id
    treasury = db.session.scalars(select(Account.id).where(Account.kind == AccountKind.TREASURY)).one()
    for kind, debit, credit in (
        ("direct", line, payee),
        ("direct", treasury, payee),
        ("direct", payee, treasury),
        ("hold", treasury, payee),
        ("hold", payee, line),
        ("refund", line, treasury),
        ("refund", treasury, payee),
    ):
        with pytest.raises(IntegrityError, match="ck_transfer_right_accounts"):
            raw(transfer_sql(kind, debit, credit, 100))


@pytest.mark.parametrize(
    "change", ["explanation = 'x'", "refunded_on = '2020-01-01'", "state = 'requested'", "note = 'x'"]
)
def test_tampering_with_a_refund_is_named(app: Flask, change: str) -> None:
    refund = make_refund("refunded")
    behind_the_fences(f"UPDATE refund SET {change} WHERE id = :id", id=refund.id)
    finding = verify(db.session())[1]
    assert finding is not None and finding.where == f"refund 第 {refund.id} 行"


def test_a_refund_transfer_without_its_refund_is_named(app: Flask) -> None:
    make_refund("refunded")
    behind_the_fences("DELETE FROM refund")
    finding = verify(db.session())[1]
    assert finding is not None and "不属于任何追回" in finding.what


# --- pages ----------------------------------------------------------------------------------------------------------


def test_whole_path_in_the_browser(app: Flask) -> None:
    desk = make_desk()
    payout = make_payout("paid", desk, amount_fen=1_000_000)
    number = payout.id
    maker, checker, head = (client_of(app, person) for person in (desk.maker, desk.checker, desk.head))
    form = {"request_key": "k1", "reason": "surplus", "amount_fen": "４，０００",
            "explanation": "项目尽责完成，财政资金有结余", "basis": "测科验〔2026〕5号"}  # fmt: skip
    answer = maker.post(f"/payouts/{number}/refund", data=form)
    assert answer.status_code == 303
    address = answer.location
    assert maker.post(f"/payouts/{number}/refund", data=form).location == address  # double click
    assert checker.post(f"{address}/check").status_code == 303
    assert head.post(f"{address}/approve").status_code == 303
    assert "追回中" in maker.get("/payouts/refunds?state=recovering").text
    done = {"bank_reference": "TK0001", "refunded_on": clock.today().isoformat()}
    assert maker.post(f"{address}/refunded", data=done).status_code == 303
    assert "TK0001" in head.get(address).text
    assert "已退回" in maker.get(f"/payouts/{number}").text
    assert "已退回 4,000.00" in maker.get("/payouts/").text
    assert whole()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"amount_fen": ""}, "请填写大于 0 的金额"),
        ({"amount_fen": "-1"}, "金额不能为负数"),
        ({"amount_fen": "10000.01"}, "超出这笔兑付尚可追回的"),
        ({"amount_fen": "0.001"}, "金额最多精确到分"),
        ({"amount_fen": "万"}, "请填写数字金额"),
        ({"reason": ""}, "请选择追回原因"),
        ({"explanation": "短"}, "至少 10 个字"),
        ({"explanation": "长" * 2001}, "最多 2000 个字"),
        ({"basis": " "}, "请填写依据文号"),
        ({"request_key": ""}, "重新打开申请页"),
    ],
)
def test_bad_request_is_told_and_what_was_typed_stays(app: Flask, values: dict, message: str) -> None:
    desk = make_desk()
    number = make_payout("paid", desk, amount_fen=1_000_000).id
    form = {"request_key": "k", "reason": "surplus", "amount_fen": "100", "explanation": "项目尽责完成，财政资金有结余",
            "basis": "保留这句话", **values}  # fmt: skip
    answer = client_of(app, desk.maker).post(f"/payouts/{number}/refund", data=form)
    assert answer.status_code == 200 and message in answer.text
    assert "basis" in values or "保留这句话" in answer.text
    assert db.session.scalar(select(func.count()).select_from(Refund)) == 0


def test_steps_ask_for_a_fresh_password_and_strangers_see_nothing(app: Flask) -> None:
    desk = make_desk()
    refund = make_refund("requested", desk)
    address, number = f"/payouts/refunds/{refund.id}", refund.id
    lead, stranger = refund.payout.contract.solver.lead, make_user(Role.SOLVER, Role.TEAM_LEAD)
    assert client_of(app, lead).get(address).status_code == 200
    assert client_of(app, stranger).get(address).status_code == 404
    checker = client_of(app, desk.checker)
    with transaction() as session:
        for row in session.scalars(select(UserSession)):
            row.confirmed_at = clock.now() - FRESH
    answer = checker.post(f"{address}/check")
    assert answer.status_code in (302, 303) and "confirm" in answer.location
    assert db.session.get_one(Refund, number).state is RefundState.REQUESTED
