"""The ledger against a plain Python model of it, on random sequences of operations."""

import itertools

import hypothesis.strategies as st
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from market.database import db, transaction
from market.errors import Conflict, InvalidInput
from market.payouts import ledger
from market.payouts.models import Account, AccountKind, Transfer
from market.payouts.verification import verify
from market.permissions import SYSTEM

_run = itertools.count(1)
AMOUNTS = st.integers(1, 500)


class LedgerMachine(RuleBasedStateMachine):
    """One budget account and one payee. The model: three numbers and a list of holds."""

    @initialize()
    def open(self) -> None:
        n = next(_run)
        with transaction():
            self.budget = ledger.open_account(AccountKind.BUDGET, f"line:model/{n}", "模型").id
            self.payee = ledger.open_account(AccountKind.PAYEE, f"user:model-{n}", "模型").id
            self.treasury = ledger.treasury().id
        self.funded = self.pending = self.paid = 0
        self.holds: dict[int, int] = {}
        self.resolved: list[int] = []

    def account(self, account_id: int) -> Account:
        return db.session.get_one(Account, account_id)

    def compare(self) -> None:
        account = self.account(self.budget)
        db.session.refresh(account)
        assert (account.credits_posted_fen, account.debits_pending_fen, account.debits_posted_fen) == (
            self.funded, self.pending, self.paid,
        )  # fmt: skip
        db.session.rollback()

    @rule(amount=AMOUNTS)
    def fund(self, amount: int) -> None:
        with transaction():
            ledger.direct(SYSTEM, self.account(self.treasury), self.account(self.budget), amount, "")
        self.funded += amount
        self.compare()

    @rule(amount=AMOUNTS)
    def hold(self, amount: int) -> None:
        fits = self.pending + self.paid + amount <= self.funded
        try:
            with transaction():
                held = ledger.hold(SYSTEM, self.account(self.budget), self.account(self.payee), amount, "").id
        except InvalidInput:
            assert not fits
        else:
            assert fits
            self.holds[held] = amount
            self.pending += amount
        self.compare()

    def resolve(self, data: st.DataObject, pays: bool) -> None:
        number = data.draw(st.sampled_from(sorted(self.holds)))
        amount = self.holds.pop(number)
        with transaction() as session:
            (ledger.post if pays else ledger.void)(SYSTEM, session.get_one(Transfer, number), "")
        self.resolved.append(number)
        self.pending -= amount
        self.paid += amount if pays else 0
        self.compare()

    @precondition(lambda self: self.holds)
    @rule(data=st.data())
    def post(self, data: st.DataObject) -> None:
        self.resolve(data, True)

    @precondition(lambda self: self.holds)
    @rule(data=st.data())
    def void(self, data: st.DataObject) -> None:
        self.resolve(data, False)

    @precondition(lambda self: self.resolved)
    @rule(data=st.data(), pays=st.booleans())
    def resolve_again(self, data: st.DataObject, pays: bool) -> None:
        number = data.draw(st.sampled_from(self.resolved))
        try:
            with transaction() as session:
                (ledger.post if pays else ledger.void)(SYSTEM, session.get_one(Transfer, number), "")
        except Conflict:
            self.compare()
        else:
            raise AssertionError("a hold was resolved twice")


def test_ledger_agrees_with_its_model(app: Flask) -> None:
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=8,
            stateful_step_count=15,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    finding = verify(db.session())[1]
    # Holds of the model belong to no payout, and its accounts to no budget line: nothing else may be found.
    assert (finding is not None and finding.what.startswith("直接划转只能由财政来源拨入预算指标")) or finding is None
