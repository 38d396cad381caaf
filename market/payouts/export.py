"""资金台账 as xlsx (columns: docs/domain.md B.7)."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from flask_babel import gettext as _

from market.payouts.entitlement import entitlement_fen
from market.payouts.models import Payout, PayoutState
from market.programmes.queries import rules_of
from market.spreadsheets import wan, workbook


def _rows(payouts: Sequence[Payout]) -> Iterator[Sequence[Any]]:
    """累计 is what the contract received so far, 余额 what its entitlement leaves."""
    received: dict[int, int] = defaultdict(int)
    for number, payout in enumerate(payouts, start=1):
        paid = payout.amount_fen if payout.state is PayoutState.PAID else 0
        received[payout.contract_id] += paid
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
            wan(received[payout.contract_id]),
            wan(most - received[payout.contract_id]),
        )


def workbook_of(payouts: Sequence[Payout]) -> bytes:
    """All payouts in order of entry; money in 万元."""
    headings = (
        _("序号"), _("合同编号"), _("收款人"), _("类别"), _("依据文号"), _("预算指标"), _("应付（万元）"),
        _("已付（万元）"), _("付款日期"), _("凭证号"), _("累计（万元）"), _("余额（万元）"),
    )  # fmt: skip
    return workbook(_("资金台账"), headings, _rows(payouts))
