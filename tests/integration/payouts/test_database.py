"""What the database refuses by itself, whoever writes: raw SQL, and many at once."""

import threading
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from market import clock
from market.audit.journal import record
from market.database import db, transaction
from market.errors import Conflict, DomainError, InvalidInput
from market.payouts import ledger, operations
from market.payouts.models import Account, AccountKind, BountyPayment, Payout, Transfer, TransferKind
from market.payouts.verification import verify
from market.permissions import SYSTEM, Role
from tests.builders.chain import make_contract
from tests.builders.payouts import (
    accepted,
    behind_the_fences,
    first_milestone,
    good_card,
    make_budget_line,
    make_desk,
    make_payout,
    request,
)
from tests.builders.people import acting, make_user, save


def raw(statement: str, **values: object) -> None:
    db.session.rollback()
    with db.engine.begin() as connection:
        connection.execute(text(statement), values)


def test_payout_rows_refuse_one_person_in_two_chairs(app: Flask) -> None:
    payout = make_payout()
    for change in (
        "checker_id = maker_id",
        "checker_id = maker_id, state = 'checked'",
        "state = 'checked'",
        "state = 'approved'",
        "approver_id = maker_id",
        "state = 'paid'",
    ):
        with pytest.raises(IntegrityError):
            raw(f"UPDATE payout SET {change} WHERE id = :id", id=payout.id)
    desk = make_desk()
    raw("UPDATE payout SET checker_id = :checker WHERE id = :id", checker=desk.checker.id, id=payout.id)
    for chair in ("maker_id", "checker_id"):
        with pytest.raises(IntegrityError):
            raw(f"UPDATE payout SET approver_id = {chair} WHERE id = :id", id=payout.id)


COPY = (
    "INSERT INTO payout (id, created_at, contract_id, milestone_id, kind, budget_line_id, payee_account_id, payee_name,"
    " bank_name, bank_account, amount_fen, basis, state, request_key, maker_id, digest, note, hold_id, lock)"
    " SELECT 9000, created_at, contract_id, {milestone}, {kind}, budget_line_id, payee_account_id, payee_name, bank_name,"
    " bank_account, {amount}, basis, 'requested', 'raw', maker_id, '', '', {hold}, 1 FROM payout WHERE id = :id"
)


def test_payout_row_before_acceptance_or_above_the_entitlement_is_refused(app: Flask) -> None:
    payout = make_payout(amount_fen=20_000_000)
    with transaction() as session:
        line = payout.budget_line
        other = ledger.hold(SYSTEM, line.account, session.get_one(Account, payout.payee_account_id), 100, "x")
        record(SYSTEM, "test:build")
    waiting = first_milestone(payout.contract, 2)
    same = {"kind": "'subsidy'", "hold": str(other.id)}
    with pytest.raises(IntegrityError, match="ck_payout_milestone_accepted"):
        raw(COPY.format(milestone=waiting.id, amount=100, **same), id=payout.id)
    with pytest.raises(IntegrityError, match="ck_payout_within_entitlement"):
        raw(COPY.format(milestone=payout.milestone_id, amount=7_000_001, **same), id=payout.id)
    with pytest.raises(IntegrityError):
        raw(COPY.format(milestone=payout.milestone_id, amount=100, kind="kind", hold=other.id), id=payout.id)
    raw(COPY.format(milestone=payout.milestone_id, amount=7_000_000, **same), id=payout.id)


def test_payout_and_account_rows_cannot_be_deleted_and_transfers_not_touched(app: Flask) -> None:
    payout = make_payout("paid")
    for statement in (
        "DELETE FROM payout",
        "DELETE FROM account",
        "DELETE FROM transfer",
        "UPDATE transfer SET amount_fen = amount_fen + 1",
        "UPDATE payout SET note = 'x'",
        "UPDATE account SET credits_posted_fen = credits_posted_fen + 1",
        "UPDATE account SET debits_pending_fen = 5",
        "UPDATE account SET no_overdraft = NOT no_overdraft",
        "UPDATE account SET name = 'x'",
    ):
        with pytest.raises(IntegrityError):
            raw(statement)
    assert db.session.get_one(Payout, payout.id).note == ""


INSERT = (
    "INSERT INTO transfer (id, created_at, kind, debit_account_id, credit_account_id, amount_fen, hold_id, memo, prev_hash, hash)"
    " SELECT 900, created_at, '{kind}', {debit}, {credit}, {amount}, {hold}, '', 'p', 'h' FROM transfer WHERE id = :id"
)


@pytest.mark.parametrize("wrong", ["amount", "debit", "credit", "hold", "nothing"])
@pytest.mark.parametrize("kind", ["post", "void"])
def test_resolution_must_match_its_hold_exactly(app: Flask, kind: str, wrong: str) -> None:
    payout = make_payout()
    held = payout.hold
    treasury = db.session.scalar(select(Account.id).where(Account.kind == AccountKind.TREASURY))
    values = {
        "kind": kind,
        "debit": held.debit_account_id,
        "credit": held.credit_account_id,
        "amount": held.amount_fen,
        "hold": held.id,
    }
    values |= {"amount": {"amount": held.amount_fen - 1}, "debit": {"debit": treasury}, "credit": {"credit": treasury},
               "hold": {"hold": 1}, "nothing": {"hold": "NULL"}}[wrong]  # fmt: skip
    with pytest.raises(IntegrityError):
        raw(INSERT.format(**values), id=held.id)


def test_hold_is_resolved_once(app: Flask) -> None:
    payout = make_payout("paid")
    with pytest.raises(Conflict, match="已经支付或释放"), transaction():
        ledger.void(SYSTEM, payout.hold, "again")
    assert verify(db.session())[1] is None


def test_account_opens_empty(app: Flask) -> None:
    with pytest.raises(IntegrityError):
        raw(
            "INSERT INTO account (created_at, kind, name, owner, seal, no_overdraft, debits_pending_fen, debits_posted_fen,"
            " credits_posted_fen) VALUES ('2026-01-01', 'budget', 'x', 'x', 'x', :yes, 0, 0, 100)",
            yes=True,
        )


def at_once(app: Flask, work: Callable[[int], None], threads: int = 8) -> list[BaseException]:
    """Run ``work(n)`` in ``threads`` threads that start together; returns what they raised."""
    barrier, raised = threading.Barrier(threads), []

    def run(n: int) -> None:
        with app.app_context():
            barrier.wait(30)
            try:
                work(n)
            except BaseException as problem:
                raised.append(problem)
            finally:
                db.session.remove()

    running = [threading.Thread(target=run, args=(n,)) for n in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(60)
    db.session.rollback()
    return raised


def holds_of(app: Flask, guarded: bool) -> tuple[Account, int]:
    """8 threads ask 4 times for 100 of an account of 1500: (account, refusals)."""
    with transaction():
        record(SYSTEM, "test:build")
        source = ledger.open_account(AccountKind.BUDGET, "line:test", "测试指标")
        payee = ledger.open_account(AccountKind.PAYEE, "user:test", "收款人")
        ledger.direct(SYSTEM, ledger.treasury(), source, 1500, "下达")
    source_id, payee_id = source.id, payee.id
    if not guarded:
        behind_the_fences("UPDATE account SET no_overdraft = :no WHERE id = :id", no=False, id=source_id)
        restore_triggers()
    refusals: list[int] = []

    def work(n: int) -> None:
        for _ in range(4):
            try:
                with transaction() as session:
                    debit, credit = session.get_one(Account, source_id), session.get_one(Account, payee_id)
                    ledger.hold(SYSTEM, debit, credit, 100, f"线程 {n}")
            except InvalidInput:
                refusals.append(n)

    unexpected = at_once(app, work)
    assert unexpected == []
    return db.session.get_one(Account, source_id), len(refusals)


def restore_triggers() -> None:
    from market.append_only import APPEND_ONLY, trigger_statements
    from market.payouts.triggers import trigger_statements as own

    if db.engine.dialect.name != "sqlite":
        return
    for statement in [*(s for table in APPEND_ONLY for s in trigger_statements(table, "sqlite")), *own("sqlite")]:
        raw(statement)


def test_many_at_once_never_overdraw_a_budget_line(app: Flask) -> None:
    account, refusals = holds_of(app, guarded=True)
    assert account.debits_pending_fen == 1500 and refusals == 32 - 15
    holds = select(func.count()).select_from(Transfer).where(Transfer.kind == TransferKind.HOLD)
    assert db.session.scalar(holds) == 15


def test_control_without_the_constraint_overdraws(app: Flask) -> None:
    """The same run with the constraint off must fail, else the test above would prove nothing."""
    account, refusals = holds_of(app, guarded=False)
    assert refusals == 0 and account.debits_pending_fen == 3200 > account.credits_posted_fen


def test_payouts_of_many_contracts_at_once_never_overdraw_their_line(app: Flask) -> None:
    desk = make_desk()
    contracts = [make_contract() for _ in range(4)]
    milestones = [accepted(contract).id for contract in contracts]
    line_id = make_budget_line(contracts[0], desk.checker, amount_fen=2_500_000).id
    maker = acting(desk.maker)

    def work(n: int) -> None:
        from market.contracts.models import Milestone
        from market.payouts.models import BudgetLine

        with transaction() as session:
            line = session.get_one(BudgetLine, line_id)
            operations.request_payout(
                maker,
                session.get_one(Milestone, milestones[n % 4]),
                line.kind,
                line,
                "银行",
                good_card(),
                1_000_000,
                "文",
                f"k{n}",
            )

    raised = at_once(app, work)
    assert all(isinstance(problem, DomainError) for problem in raised), raised
    assert db.session.scalar(select(func.count()).select_from(Payout)) == 2
    assert verify(db.session())[1] is None


def test_double_click_in_two_threads_makes_one_payout(app: Flask) -> None:
    desk, contract = make_desk(), make_contract()
    line_id, milestone_id, maker = (
        make_budget_line(contract, desk.checker).id,
        accepted(contract).id,
        acting(desk.maker),
    )

    def work(n: int) -> None:
        from market.contracts.models import Milestone
        from market.payouts.models import BudgetLine

        with transaction() as session:
            line = session.get_one(BudgetLine, line_id)
            operations.request_payout(
                maker,
                session.get_one(Milestone, milestone_id),
                line.kind,
                line,
                "银行",
                good_card(),
                1_000_000,
                "文",
                "same",
            )

    assert at_once(app, work) == []
    assert db.session.scalar(select(func.count()).select_from(Payout)) == 1
    assert db.session.scalar(select(func.count()).select_from(Transfer)) == 2


def test_supervisor_and_administrator_cannot_request(app: Flask) -> None:
    desk, contract = make_desk(), make_contract()
    line, milestone = make_budget_line(contract, desk.checker), accepted(contract)
    for role in (Role.SUPERVISOR, Role.ADMINISTRATOR, Role.CITY_OFFICER):
        with pytest.raises(DomainError):
            request(desk, milestone, line, actor=acting(make_user(role)))


BOUNTY = (
    "INSERT INTO bounty_payment (created_at, contract_id, milestone_id, amount_fen, paid_on, voucher_number,"
    " entered_by_id, lock) SELECT created_at, contract_id, {milestone}, {amount}, paid_on, 'raw', entered_by_id, 1"
    " FROM bounty_payment WHERE id = :id"
)


def make_bounty(amount_fen: int = 20_000_000) -> BountyPayment:
    """Of a first milestone whose share is 30 万元."""
    contract = make_contract()
    milestone = accepted(contract)
    payment = BountyPayment(
        contract_id=contract.id, milestone_id=milestone.id, amount_fen=amount_fen, paid_on=clock.today(),
        voucher_number="V-1", entered_by_id=make_user(Role.FIRM_SIGNATORY, organisation=contract.organisation).id,
    )  # fmt: skip
    save(payment)
    return payment


def test_the_firms_payments_never_exceed_a_milestones_share_whoever_writes(app: Flask) -> None:
    payment = make_bounty()
    number, waiting = payment.id, first_milestone(payment.contract, 2).id
    with pytest.raises(IntegrityError, match="ck_bounty_payment_within_share"):
        raw(BOUNTY.format(milestone=payment.milestone_id, amount=10_000_001), id=number)
    with pytest.raises(IntegrityError, match="ck_bounty_payment_milestone_accepted"):
        raw(BOUNTY.format(milestone=waiting, amount=1), id=number)
    raw(BOUNTY.format(milestone=db.session.get_one(BountyPayment, number).milestone_id, amount=10_000_000), id=number)
    for statement in (
        "UPDATE bounty_payment SET amount_fen = 1 WHERE id = :id",
        "UPDATE bounty_payment SET voucher_number = 'x' WHERE id = :id",
        "DELETE FROM bounty_payment WHERE id = :id",
    ):
        with pytest.raises(IntegrityError):
            raw(statement, id=number)


def test_control_without_the_trigger_the_firm_overpays(app: Flask) -> None:
    payment = make_bounty()
    number, milestone = payment.id, payment.milestone_id
    behind_the_fences(BOUNTY.format(milestone=milestone, amount=10_000_001), id=number)
    total = db.session.scalar(select(func.sum(BountyPayment.amount_fen)).where(BountyPayment.milestone_id == milestone))
    assert total == 30_000_001
    restore_triggers()
