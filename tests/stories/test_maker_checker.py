"""Public money passes three persons: nobody, with any roles, in the browser or in the database, does two of the steps."""

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from market import clock
from market.audit.verify import verify as verify_audit
from market.database import db
from market.payouts.models import Payout, PayoutState
from market.payouts.verification import verify
from market.permissions import Role
from tests.builders.chain import make_contract
from tests.builders.payouts import accepted, good_card, make_budget_line, make_desk
from tests.builders.people import client_of, make_user


def test_maker_cannot_check_or_approve_and_three_persons_pay(app: Flask) -> None:
    desk, contract = make_desk(), make_contract()
    milestone_id, line_id = accepted(contract).id, make_budget_line(contract, desk.checker).id
    everything = client_of(app, make_user(Role.FINANCE_MAKER, Role.FINANCE_CHECKER, Role.DIVISION_HEAD))
    form = {"request_key": "story", "kind": "reward", "budget_line_id": line_id, "bank_name": "测试银行", "bank_account": good_card(),
            "amount_fen": "1000", "basis": "会议纪要〔2026〕3号"}  # fmt: skip
    answer = everything.post(f"/payouts/request/{milestone_id}", data=form)
    assert answer.status_code == 303
    address = answer.location
    payout_id = int(address.rsplit("/", 1)[1])

    # Who made it may neither check nor approve it, though the roles are held.
    assert everything.post(f"{address}/check").status_code == 403
    assert everything.post(f"{address}/approve").status_code == 403
    for change in ("checker_id = maker_id, state = 'checked'", "approver_id = maker_id"):
        db.session.rollback()
        with pytest.raises(IntegrityError), db.engine.begin() as connection:
            connection.execute(text(f"UPDATE payout SET {change} WHERE id = :id"), {"id": payout_id})

    # The checker, given the head's role too, may not approve what they checked.
    checker = client_of(app, make_user(Role.FINANCE_CHECKER, Role.DIVISION_HEAD))
    assert checker.post(f"{address}/check").status_code == 303
    assert checker.post(f"{address}/approve").status_code == 403
    assert everything.post(f"{address}/approve").status_code == 403
    paid = {"bank_reference": "HD-1", "paid_on": clock.today().isoformat()}
    assert everything.post(f"{address}/paid", data=paid).status_code == 403

    assert client_of(app, desk.head).post(f"{address}/approve").status_code == 303
    assert checker.post(f"{address}/paid", data=paid).status_code == 403
    assert everything.post(f"{address}/paid", data=paid).status_code == 303
    assert everything.post(f"{address}/paid", data=paid).status_code == 403  # not twice

    payout = db.session.get_one(Payout, payout_id)
    assert payout.state is PayoutState.PAID
    assert len({payout.maker_id, payout.checker_id, payout.approver_id}) == 3
    assert verify(db.session())[1] is None and verify_audit(db.session())[1] is None
