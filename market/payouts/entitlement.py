"""What public money a contract may receive, in fen (docs/domain.md B.5). Pure; triggers.py says the same in SQL."""

from dataclasses import dataclass

from market.programmes.rules import Rules

FEN_PER_YUAN = 100


@dataclass(frozen=True, slots=True)
class Payable:
    """The computation behind what may be requested now, step by step, as the request form shows it."""

    rd_total_fen: int
    share_percent: int
    cap_fen: int
    accepted_percent: int
    requested_fen: int
    """Σ of live payouts of the contract, all kinds: requested, checked, approved and paid."""

    @property
    def entitlement_fen(self) -> int:
        return entitlement_fen(self.rd_total_fen, self.share_percent, self.cap_fen)

    @property
    def earned_fen(self) -> int:
        """Entitlement × accepted share, floored to whole yuan."""
        earned = self.entitlement_fen * self.accepted_percent // 100
        return earned - earned % FEN_PER_YUAN

    @property
    def now_fen(self) -> int:
        """What may still be requested; never negative."""
        return max(0, self.earned_fen - self.requested_fen)


def entitlement_fen(rd_total_fen: int, share_percent: int, cap_fen: int) -> int:
    """min(share of the R&D total, cap)."""
    return min(rd_total_fen * share_percent // 100, cap_fen)


def payable(rules: Rules, rd_total_fen: int, accepted_percent: int, requested_fen: int) -> Payable:
    return Payable(rd_total_fen, rules.fiscal_share, rules.fiscal_cap_fen, accepted_percent, requested_fen)
