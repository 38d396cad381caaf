"""资金台账 as xlsx (columns: docs/domain.md B.7)."""

from collections.abc import Iterator, Sequence
from typing import Any

from flask_babel import gettext as _

from market.payouts.entitlement import entitlement_fen
from market.payouts.models import Payout, PayoutState
from market.programmes.queries import rules_of
from market.spreadsheets import wan, workbook


def _rows(payouts: Sequence[Payout], refunded: dict[int, int], received: dict[int, int]) -> Iterator[Sequence[Any]]:
    """累计 is what the contract received so far, net of what came back; 余额 what its entitlement leaves."""
    for number, payout in enumerate(payouts, start=1):
        paid = payout.amount_fen if payout.state is PayoutState.PAID else 0
        back = refunded.get(payout.id, 0)
        rules = rules_of(payout.contract)
        most = entitlement_fen(rules, payout.contract)
        yield (
            number,
            payout.contract.number,
            payout.payee_name,
            str(payout.kind.label),
            payout.basis,
            f"{payout.budget_line.code} {payout.budget_line.name}",
            wan(payout.amount_fen),
            wan(paid),
            payout.paid_on,
            payout.bank_reference,
            wan(received[payout.id]),
            wan(most - received[payout.id]),
            wan(back) if back else None,
            str(payout.state.label),
        )


def workbook_of(payouts: Sequence[Payout], refunded: dict[int, int], received: dict[int, int]) -> bytes:
    """Payouts in order of entry; money in 万元. ``received``: see queries.received_up_to."""
    headings = (
        _("序号"), _("合同编号"), _("收款人"), _("类别"), _("依据文号"), _("预算指标"), _("应付（万元）"),
        _("已付（万元）"), _("付款日期"), _("凭证号"), _("累计（万元）"), _("余额（万元）"),
        _("已退回（万元）"), _("状态"),
    )  # fmt: skip
    return workbook(_("资金台账"), headings, _rows(payouts, refunded, received))
