"""Payouts and refunds of team U's contracts with firm A, one a state; a milestone to pay; a bounty to confirm."""

from market import clock
from market.audit.journal import record
from market.contracts.models import ContractState
from market.database import db, transaction
from market.payouts import operations
from market.payouts.models import BountyPayment
from market.permissions import SYSTEM
from tests.builders.payouts import Desk, accepted, make_budget_line, make_payout, make_refund
from tests.builders.people import acting
from tests.site.cast import Cast
from tests.site.objects.contracts import contract_of


def objects(cast: Cast) -> dict[str, dict[str, object]]:
    desk = Desk(cast.people["maker"], cast.people["checker"], cast.people["head"])
    waiting = contract_of(cast, ContractState.SIGNED)
    milestone, line = accepted(waiting), make_budget_line(waiting, desk.checker)
    payment = BountyPayment(
        contract_id=waiting.id, milestone_id=milestone.id, amount_fen=100, paid_on=clock.today(), voucher_number="V-1",
        entered_by_id=cast.people["signatory_a"].id,
    )  # fmt: skip
    with transaction():
        db.session.add(payment)
        record(SYSTEM, "test:build")
    payouts = {
        f"payout_{state}": {"payout_id": make_payout(state, desk, contract_of(cast, ContractState.SIGNED)).id}
        for state in ("requested", "checked", "approved", "paid")
    }
    refunds = {
        f"refund_{state}": {
            "refund_id": make_refund(state, desk, make_payout("paid", desk, contract_of(cast, ContractState.SIGNED))).id
        }
        for state in ("requested", "checked", "recovering")
    }
    returned = make_payout("requested", desk, contract_of(cast, ContractState.SIGNED))
    with transaction():
        operations.send_back_payout(acting(desk.checker), returned, "开户行写错了")
    return {
        **payouts,
        **refunds,
        "payout_sent_back": {"payout_id": returned.id},
        "line": {"line_id": line.id},
        "milestone_accepted": {"milestone_id": milestone.id},
        "contract_signed": {"contract_id": waiting.id},
        "bounty": {"payment_id": payment.id},
    }
