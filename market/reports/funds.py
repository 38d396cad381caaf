"""J12–J14a, J17, J18: rows of what was paid, taken back, spent and earned. ``indicators`` says what a row is."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select, union_all
from sqlalchemy.orm import aliased

from market.accounts.models import Organisation
from market.challenges.models import Challenge
from market.contracts.models import Contract, DeclaredResult, ResultKind, SpendReport, SpendState
from market.payouts.models import Payout, PayoutKind, PayoutState, Refund, RefundState
from market.reports.indicators import Districts, Period, Rows, is_signed, on_days, scoped, select_rows


def payouts(*kinds: PayoutKind, of_contracts_signed: bool = False) -> Rows:
    """J12, J13, J17: payouts confirmed by the bank in the period, less what came back in it.

    What is approved but unpaid does not count; a refund is a row of its own with a negative amount.
    """

    def rows(period: Period, districts: Districts) -> Any:
        signed = [on_days(Contract.signed_on, period)] if of_contracts_signed else []
        paid = _of_payout("payout", Payout.id, Payout.paid_on, Payout.amount_fen)
        paid = paid.where(Payout.state == PayoutState.PAID, on_days(Payout.paid_on, period), Payout.kind.in_(kinds))
        back = _refunds(period, kinds, -Refund.amount_fen)
        return union_all(
            scoped(paid.where(*signed), Contract.district_code, districts),
            scoped(back.where(*signed), Contract.district_code, districts),
        )

    return rows


def refunds(*kinds: PayoutKind) -> Rows:
    """J12r, J13r: what came back in the period, whenever it had been paid."""

    def rows(period: Period, districts: Districts) -> Select[Any]:
        return scoped(_refunds(period, kinds, Refund.amount_fen), Contract.district_code, districts)

    return rows


def _refunds(period: Period, kinds: Sequence[PayoutKind], fen: Any) -> Select[Any]:
    query = _of_payout("refund", Refund.id, Refund.refunded_on, fen).join(Refund, Refund.payout_id == Payout.id)
    return query.where(
        Refund.state == RefundState.REFUNDED, on_days(Refund.refunded_on, period), Payout.kind.in_(kinds)
    )


def _of_payout(kind: str, row_id: Any, day: Any, fen: Any) -> Select[Any]:
    found = select_rows(
        kind,
        row_id,
        day,
        Payout.payee_name,
        Organisation.name,
        code=Contract.number,
        fen=fen,
        district=Contract.district_code,
    )
    return (
        found.select_from(Payout)
        .join(Contract, Contract.id == Payout.contract_id)
        .join(Organisation, Organisation.id == Contract.organisation_id)
    )


def spending(period: Period, districts: Districts) -> Select[Any]:
    """J14a: of each contract signed in the period, the latest confirmed spending up to its end.

    A report counts from the project's beginning: the latest stands for all before it.
    """
    later = aliased(SpendReport)
    newest = (
        select(later.id)
        .where(later.contract_id == Contract.id, later.state == SpendState.CONFIRMED, later.until <= period.last)
        .order_by(later.until.desc(), later.id.desc())
        .limit(1)
        .correlate(Contract)
        .scalar_subquery()
    )
    found = select_rows(
        "outcome",
        SpendReport.id,
        SpendReport.until,
        Challenge.title,
        Organisation.name,
        code=Contract.number,
        fen=SpendReport.total_fen,
        reference=Contract.id,
        district=Contract.district_code,
    )
    query = (
        found.join(Contract, Contract.id == SpendReport.contract_id)
        .join(Challenge, Challenge.id == Contract.challenge_id)
        .join(Organisation, Organisation.id == Contract.organisation_id)
        .where(on_days(Contract.signed_on, period), is_signed(), SpendReport.id == newest)
    )
    return scoped(query, Contract.district_code, districts)


def results(*kinds: ResultKind, with_evidence: bool = False) -> Rows:
    """J18: what poster firms declared for stretches that ended in the period, and did not withdraw."""

    def rows(period: Period, districts: Districts) -> Select[Any]:
        found = select_rows(
            "outcome",
            DeclaredResult.id,
            DeclaredResult.last_day,
            Challenge.title,
            Organisation.name,
            code=Contract.number,
            fen=DeclaredResult.amount_fen,
            quantity=DeclaredResult.quantity,
            reference=Contract.id,
            district=Contract.district_code,
        )
        query = (
            found.join(Contract, Contract.id == DeclaredResult.contract_id)
            .join(Challenge, Challenge.id == Contract.challenge_id)
            .join(Organisation, Organisation.id == Contract.organisation_id)
            .where(on_days(DeclaredResult.last_day, period), DeclaredResult.withdrawn_at.is_(None))
        )
        if kinds:
            query = query.where(DeclaredResult.kind.in_(kinds))
        if with_evidence:
            query = query.where(DeclaredResult.has_evidence.is_(True))
        return scoped(query, Contract.district_code, districts)

    return rows
