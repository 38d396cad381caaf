"""Budget lines, accepted milestones and payouts in a wanted state, made through the operations themselves."""

import itertools
from dataclasses import dataclass

from sqlalchemy import select, text

from market import clock
from market.accounts.models import User
from market.contracts.models import Contract, Milestone
from market.database import db, transaction
from market.payouts import operations, refunds
from market.payouts.models import BudgetLine, Payout, PayoutKind, Refund
from market.permissions import Role
from tests.builders.chain import accept_milestone, make_contract
from tests.builders.people import acting, make_user

_number = itertools.count(1)


def good_card(stem: str = "622202020011223344") -> str:
    from stdnum import luhn

    return stem + luhn.calc_check_digit(stem)


@dataclass
class Desk:
    """The three persons of public money."""

    maker: User
    checker: User
    head: User


def make_desk() -> Desk:
    return Desk(make_user(Role.FINANCE_MAKER), make_user(Role.FINANCE_CHECKER), make_user(Role.DIVISION_HEAD))


def make_budget_line(
    contract: Contract,
    checker: User,
    amount_fen: int = 500_000_000,
    kind: PayoutKind = PayoutKind.REWARD,
    code: str = "",
) -> BudgetLine:
    with transaction():
        return operations.create_budget_line(
            acting(checker),
            contract.challenge.cycle,
            code or f"ZB-{next(_number):03d}",
            "人才奖励资金",
            kind,
            "测财教〔2026〕1号",
            amount_fen,
        )


def first_milestone(contract: Contract, seq: int = 1) -> Milestone:
    found = db.session.scalar(select(Milestone).where(Milestone.contract_id == contract.id, Milestone.seq == seq))
    assert found is not None
    return found


def accepted(contract: Contract, seq: int = 1) -> Milestone:
    milestone = first_milestone(contract, seq)
    accept_milestone(milestone, make_user(Role.FIRM_SIGNATORY, organisation=contract.organisation))
    return milestone


def request(
    desk: Desk, milestone: Milestone, line: BudgetLine, amount_fen: int = 1_000_000, **values: object
) -> Payout:
    with transaction():
        return operations.request_payout(
            **{  # pyright: ignore
                "actor": acting(desk.maker),
                "milestone": milestone,
                "kind": line.kind,
                "budget_line": line,
                "bank_name": "测试银行张店支行",
                "bank_account": good_card(),
                "amount_fen": amount_fen,
                "basis": "会议纪要〔2026〕3号",
                "request_key": f"key-{next(_number)}",
                **values,
            }
        )


def make_payout(
    state: str = "requested", desk: Desk | None = None, contract: Contract | None = None, amount_fen: int = 1_000_000
) -> Payout:
    """A payout of a fresh contract's first milestone, brought to ``state`` by the operations."""
    desk = desk or make_desk()
    contract = contract or make_contract()
    line = make_budget_line(contract, desk.checker)
    payout = request(desk, accepted(contract), line, amount_fen)
    for step in {
        "requested": (),
        "checked": ("check",),
        "approved": ("check", "approve"),
        "paid": ("check", "approve", "pay"),
    }[state]:
        advance_payout(desk, payout, step)
    return payout


def advance_payout(desk: Desk, payout: Payout, step: str) -> None:
    with transaction():
        if step == "check":
            operations.check_payout(acting(desk.checker), payout)
        elif step == "approve":
            operations.approve_payout(acting(desk.head), payout)
        else:
            operations.confirm_paid(acting(desk.maker), payout, f"HD{next(_number):08d}", clock.today())


def refund_values(amount_fen: int = 400_000, **values: object) -> dict[str, object]:
    return {
        "amount_fen": amount_fen,
        "reason": "surplus",
        "explanation": "项目尽责完成，财政资金有结余",
        "basis": "测科验〔2026〕5号",
        **values,
    }


def make_refund(
    state: str = "requested", desk: Desk | None = None, payout: Payout | None = None, amount_fen: int = 400_000
) -> Refund:
    """A refund of a paid payout, brought to ``state`` by the operations."""
    desk = desk or make_desk()
    payout = payout or make_payout("paid", desk)
    with transaction():
        refund = refunds.request_refund(acting(desk.maker), payout, refund_values(amount_fen), f"back-{next(_number)}")
    for step in {
        "requested": (),
        "checked": ("check",),
        "recovering": ("check", "approve"),
        "refunded": ("check", "approve", "refunded"),
    }[state]:
        advance_refund(desk, refund, step)
    return refund


def advance_refund(desk: Desk, refund: Refund, step: str) -> None:
    with transaction():
        if step == "check":
            refunds.check_refund(acting(desk.checker), refund)
        elif step == "approve":
            refunds.approve_refund(acting(desk.head), refund)
        else:
            refunds.confirm_refunded(acting(desk.maker), refund, f"TK{next(_number):08d}", clock.today())


def behind_the_fences(statement: str, **values: object) -> None:
    """Run SQL as somebody who holds the database itself: no trigger, no CHECK on SQLite. The next test's database is whole."""
    db.session.rollback()
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA ignore_check_constraints = 1")
            connection.exec_driver_sql("PRAGMA foreign_keys = 0")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            for name in (
                connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
            ):
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(statement), values)
        connection.commit()
    db.engine.dispose()
