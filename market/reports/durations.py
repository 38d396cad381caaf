"""J19: the rows whose median days are reported; each begins on ``since`` and ends on ``day``."""

from typing import Any

from sqlalchemy import Select, func, select

from market.accounts.models import Organisation
from market.challenges.models import Challenge
from market.contracts.models import Contract
from market.needs.models import Need
from market.notices.models import AwardItem, Notice, NoticeState
from market.payouts.models import Payout, PayoutState
from market.reports.indicators import (
    Districts,
    Period,
    first_posting,
    is_signed,
    scoped,
    select_rows,
    shanghai_day,
    within,
)


def _cohort(query: Select[Any], period: Period, districts: Districts) -> Select[Any]:
    """Challenges first posted in the period, as J02 counts them."""
    query = query.join(Organisation, Organisation.id == Challenge.organisation_id)
    query = query.where(within(Challenge.posted_at, period), first_posting())
    return scoped(query, Challenge.district_code, districts)


def _of_challenge(since: Any, day: Any) -> Select[Any]:
    return select_rows(
        "challenge",
        Challenge.id,
        day,
        Challenge.title,
        Organisation.name,
        code=Challenge.code,
        since=since,
        reference=Challenge.code,
        district=Challenge.district_code,
    )


def _of_contract(since: Any, day: Any) -> Select[Any]:
    return select_rows(
        "contract",
        Contract.id,
        day,
        Challenge.title,
        Organisation.name,
        code=Contract.number,
        since=since,
        district=Contract.district_code,
    )


def need_to_post(period: Period, districts: Districts) -> Select[Any]:
    found = _of_challenge(shanghai_day(Need.first_submitted_at), shanghai_day(Challenge.posted_at))
    query = found.select_from(Challenge).join(Need, Need.id == Challenge.need_id)
    return _cohort(query.where(Need.first_submitted_at.is_not(None)), period, districts)


def post_to_award(period: Period, districts: Districts) -> Select[Any]:
    """Until the first notice of the challenge that stood its time."""
    awarded = (
        select(Notice.challenge_id, func.min(Notice.effective_at).label("at"))
        .where(Notice.state == NoticeState.EFFECTIVE, Notice.effective_at.is_not(None))
        .group_by(Notice.challenge_id)
        .subquery()
    )
    found = _of_challenge(shanghai_day(Challenge.posted_at), shanghai_day(awarded.c.at))
    query = found.select_from(Challenge).join(awarded, awarded.c.challenge_id == Challenge.id)
    return _cohort(query, period, districts)


def award_to_sign(period: Period, districts: Districts) -> Select[Any]:
    """From the notice that named the very bid: a reserve's days begin with its own notice."""
    awarded = (
        select(AwardItem.bid_id, func.min(Notice.effective_at).label("at"))
        .join(Notice, Notice.id == AwardItem.notice_id)
        .where(Notice.state == NoticeState.EFFECTIVE, Notice.effective_at.is_not(None))
        .group_by(AwardItem.bid_id)
        .subquery()
    )
    query = (
        _of_contract(shanghai_day(awarded.c.at), Contract.signed_on)
        .select_from(Contract)
        .join(Challenge, Challenge.id == Contract.challenge_id)
        .join(awarded, awarded.c.bid_id == Contract.bid_id)
        .where(is_signed())
    )
    return _cohort(query, period, districts)


def sign_to_money(period: Period, districts: Districts) -> Select[Any]:
    first = (
        select(Payout.contract_id, func.min(Payout.paid_on).label("on"))
        .where(Payout.state == PayoutState.PAID)
        .group_by(Payout.contract_id)
        .subquery()
    )
    query = (
        _of_contract(Contract.signed_on, first.c.on)
        .select_from(Contract)
        .join(Challenge, Challenge.id == Contract.challenge_id)
        .join(first, first.c.contract_id == Contract.id)
        .where(is_signed())
    )
    return _cohort(query, period, districts)
