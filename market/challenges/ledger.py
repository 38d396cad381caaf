"""榜单台账 (docs/domain.md B.7). Bids and contracts stand above this room: their tables are named, not imported."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, or_, select

from market import clock
from market.accounts.models import User
from market.challenges.models import Challenge, ChallengeState
from market.challenges.queries import briefs_of
from market.database import Base, db
from market.needs.content import AmountKind
from market.programmes.models import TermKind
from market.spreadsheets import wan, workbook

COLUMNS = (
    "序号", "榜单编号", "榜单名称", "发榜单位", "统一社会信用代码", "区县",
    "产业", "技术领域", "榜额类型", "榜额(万元)", "发榜日期", "揭榜截止",
    "揭榜数", "状态", "揭榜单位", "带头人", "合同额", "登记编号",
    "责任科室", "责任人", "备注",
)  # fmt: skip
# How many bid is as secret as what they bid, until the opening.
_SEALED = (ChallengeState.POSTED, ChallengeState.CLOSED)
_NOT_COUNTED = ("draft", "withdrawn")


def ledger_of(challenges: Sequence[Challenge], names: Mapping[TermKind, Mapping[str, str]]) -> bytes:
    """The xlsx of these posted challenges; a range counts at its lower end, an unlimited amount is empty."""
    ids = [challenge.id for challenge in challenges]
    briefs, bids, contracts, officers = briefs_of(challenges), _bid_counts(ids), _contracts(ids), _officers(challenges)
    rows = (
        _row(number, challenge, briefs[challenge.id], bids, contracts.get(challenge.id, []), officers, names)
        for number, challenge in enumerate(challenges, 1)
    )
    return workbook("榜单台账", COLUMNS, rows)


def _row(
    number: int,
    challenge: Challenge,
    brief: Any,
    bids: Mapping[int, int],
    contracts: Sequence[Any],
    officers: Mapping[int, str],
    names: Mapping[TermKind, Mapping[str, str]],
) -> list[Any]:
    amount = brief.amount_fen if brief.amount_kind is AmountKind.FIXED else brief.amount_low_fen
    signed = [row for row in contracts if row.signed_on]
    return [
        number,
        challenge.code,
        challenge.title,
        challenge.organisation.name,
        challenge.organisation.uscc or "",
        challenge.district.name if challenge.district else "",
        names[TermKind.INDUSTRY].get(challenge.industry, challenge.industry),
        names[TermKind.TECH_FIELD].get(challenge.tech_field, challenge.tech_field),
        str(brief.amount_kind.label) if brief.amount_kind else "",
        wan(amount),
        clock.local(challenge.posted_at).date() if challenge.posted_at else None,
        challenge.bid_deadline,
        None if challenge.state in _SEALED else bids.get(challenge.id, 0),
        str(challenge.state.label),
        "、".join(row.unit or "" for row in signed),
        "、".join(row.lead for row in signed),
        wan(sum(row.amount_fen for row in signed)) if signed else None,
        "、".join(row.registration_number for row in signed if row.registration_number),
        _("主管处室"),
        officers.get(challenge.prepared_by_id, ""),
        str(challenge.no_award_reason.label) if challenge.no_award_reason else "",
    ]


def _bid_counts(ids: Sequence[int]) -> dict[int, int]:
    bid = Base.metadata.tables["bid"]
    query = (
        select(bid.c.challenge_id, func.count())
        .where(bid.c.challenge_id.in_(ids), bid.c.state.not_in(_NOT_COUNTED))
        .group_by(bid.c.challenge_id)
    )
    return {row[0]: row[1] for row in db.session.execute(query)}


def _contracts(ids: Sequence[int]) -> dict[int, list[Any]]:
    contract, bid, user, unit = (Base.metadata.tables[name] for name in ("contract", "bid", "user", "organisation"))
    rows = db.session.execute(
        select(
            contract.c.challenge_id,
            contract.c.amount_fen,
            contract.c.signed_on,
            contract.c.registration_number,
            user.c.name.label("lead"),
            unit.c.name.label("unit"),
        )
        .join(bid, bid.c.id == contract.c.bid_id)
        .join(user, user.c.id == bid.c.lead_id)
        .outerjoin(unit, unit.c.id == bid.c.organisation_id)
        .where(contract.c.challenge_id.in_(ids))
        # A draft that was given up before it was signed is history, not a contract.
        .where(or_(contract.c.state != "terminated", contract.c.signed_on.is_not(None)))
        .order_by(contract.c.id)
    ).all()
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row.challenge_id, []).append(row)
    return found


def _officers(challenges: Sequence[Challenge]) -> dict[int, str]:
    wanted = {challenge.prepared_by_id for challenge in challenges}
    return {row.id: row.name for row in db.session.execute(select(User.id, User.name).where(User.id.in_(wanted))).all()}
