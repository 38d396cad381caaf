"""``flask ledger verify`` names the row that was touched behind the application's back."""

import pytest
from click.testing import Result
from flask import Flask

from market.database import db
from market.payouts.commands import ledger_group
from market.payouts.verification import verify
from tests.builders.payouts import behind_the_fences, make_payout

TAMPERINGS = [
    ("transfer", 1, "amount_fen = amount_fen + 1"),
    ("transfer", 2, "memo = 'x' || memo"),
    ("transfer", 2, "kind = 'direct'"),
    ("transfer", 1, "credit_account_id = 3"),
    ("transfer", 3, "entered_by_id = entered_by_id + 1"),
    ("transfer", 2, "hash = CASE WHEN hash LIKE '0%' THEN '1' ELSE '0' END || substr(hash, 2, 63)"),
    ("account", 1, "credits_posted_fen = credits_posted_fen + 1"),
    ("account", 2, "debits_posted_fen = debits_posted_fen + 1"),
    ("account", 1, "name = 'x' || name"),
    ("account", 1, "no_overdraft = NOT no_overdraft"),
    ("payout", 1, "amount_fen = amount_fen + 1"),
    ("payout", 1, "bank_reference = 'x' || bank_reference"),
    ("payout", 1, "payee_name = 'x' || payee_name"),
    ("payout", 1, "state = 'approved'"),
    ("payout", 1, "paid_on = '2020-01-01'"),
    ("payout", 1, "approver_id = approver_id + 1000"),
    ("payout", 1, "note = 'x'"),
]


def run_verify(app: Flask) -> Result:
    return app.test_cli_runner().invoke(ledger_group, ["verify"])


@pytest.mark.parametrize(
    ("table", "row", "change"), TAMPERINGS, ids=[f"{t}-{c.split(' ')[0]}" for t, _, c in TAMPERINGS]
)
def test_tampering_is_named(app: Flask, table: str, row: int, change: str) -> None:
    make_payout("paid")
    assert verify(db.session()) == (3, None)
    behind_the_fences(f"UPDATE {table} SET {change} WHERE id = :id", id=row)
    finding = verify(db.session())[1]
    assert finding is not None and finding.where.startswith(f"{table} 第 {row} 行"), finding


def test_tampered_cipher_of_the_bank_account_is_named(app: Flask) -> None:
    make_payout()
    behind_the_fences("UPDATE payout SET bank_account = :bytes WHERE id = 1", bytes=b"\x01" * 40)
    finding = verify(db.session())[1]
    assert finding is not None and finding.where == "payout 第 1 行"


@pytest.mark.parametrize("row", [1, 2, 3])
def test_deleted_transfer_is_found(app: Flask, row: int) -> None:
    make_payout("paid")
    behind_the_fences("DELETE FROM transfer WHERE id = :id", id=row)
    assert verify(db.session())[1] is not None


def test_milestone_unaccepted_after_payment_is_found(app: Flask) -> None:
    make_payout("paid")
    behind_the_fences("UPDATE milestone SET state = 'reported' WHERE seq = 1")
    finding = verify(db.session())[1]
    assert finding is not None and "没有通过验收" in finding.what


def test_lowered_entitlement_is_found(app: Flask) -> None:
    make_payout("paid", amount_fen=27_000_000)
    behind_the_fences("UPDATE contract SET rd_total_fen = rd_total_fen - 1000000")
    finding = verify(db.session())[1]
    assert finding is not None and finding.where.startswith("contract 第")


def test_command_says_yes_and_counts(app: Flask) -> None:
    make_payout("paid")
    result = run_verify(app)
    assert result.exit_code == 0 and "3 条划转" in result.output


def test_command_names_the_row_and_fails(app: Flask) -> None:
    make_payout("paid")
    behind_the_fences("UPDATE transfer SET amount_fen = amount_fen + 1 WHERE id = 2")
    result = run_verify(app)
    assert result.exit_code != 0 and "transfer 第 2 行" in result.output
