"""What public money a contract may receive, in fen (docs/domain.md B.5). Pure; triggers.py says the same in SQL."""

from dataclasses import dataclass

from market.contracts.models import Contract
from market.programmes.rules import Rules

FEN_PER_YUAN = 100


@dataclass(frozen=True, slots=True)
class Payable:
    """The computation behind what may be requested now, step by step, as the request form shows it."""

    base: str
    """What the share is taken of: ``contract`` or ``rd_total``."""
    base_fen: int
    share_percent: int
    cap_fen: int
    accepted_percent: int
    requested_fen: int
    """Σ of live payouts of the contract, all kinds: requested, checked, approved and paid."""

    @property
    def entitlement_fen(self) -> int:
        """min(share of the base, cap)."""
        return min(self.base_fen * self.share_percent // 100, self.cap_fen)

    @property
    def earned_fen(self) -> int:
        """Entitlement × accepted share, floored to whole yuan."""
        earned = self.entitlement_fen * self.accepted_percent // 100
        return earned - earned % FEN_PER_YUAN

    @property
    def now_fen(self) -> int:
        """What may still be requested; never negative."""
        return max(0, self.earned_fen - self.requested_fen)


def payable(rules: Rules, contract: Contract, accepted_percent: int, requested_fen: int) -> Payable:
    base = contract.amount_fen if rules.fiscal_base == "contract" else contract.rd_total_fen
    return Payable(rules.fiscal_base, base, rules.fiscal_share, rules.fiscal_cap_fen, accepted_percent, requested_fen)


def entitlement_fen(rules: Rules, contract: Contract) -> int:
    """The most that the contract may receive in all."""
    return payable(rules, contract, 0, 0).entitlement_fen
