"""What each number counts: one select a number, so that the value and the rows behind it cannot differ.

Source: docs/domain.md B.7. A period counts by the day of the event, not of its entry. Every select gives the same columns:
``day``, ``code``, ``title``, ``party``, ``fen``, ``kind``, ``row_id``, ``key`` (what is counted once).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, null, select
from sqlalchemy.orm import aliased

from market import clock
from market.accounts.models import Organisation, User
from market.bids.models import Bid, BidState
from market.challenges.models import Challenge, ChallengeState, ChallengeVersion
from market.contracts.models import Contract, ContractState, Milestone, MilestoneState
from market.events.models import Contact, ContactResult, Event, EventKind, EventState
from market.needs.content import AmountKind, ProblemKind
from market.needs.models import Need, NeedState
from market.payouts.models import Payout, PayoutKind, PayoutState
from market.solvers.models import Solver


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days in Asia/Shanghai, both ends included."""

    first: date
    last: date

    @classmethod
    def year(cls, year: int) -> "Period":
        return cls(date(year, 1, 1), date(year, 12, 31))

    @property
    def begins(self) -> datetime:
        return clock.start_of(self.first)

    @property
    def ends(self) -> datetime:
        return clock.end_of(self.last)


Districts = frozenset[str] | None
"""Districts the asker may count; None is the whole city."""
Rows = Callable[[Period, Districts], Select[Any]]


@dataclass(frozen=True, slots=True)
class Indicator:
    """One number: how its rows are found and what is made of them."""

    code: str
    name: Any
    unit: Any
    rows: Rows
    measure: Literal["count", "distinct", "sum"] = "count"
    note: Any = ""


def _within(column: Any, period: Period) -> ColumnElement[bool]:
    return column.between(period.begins, period.ends)


def _on(column: Any, period: Period) -> ColumnElement[bool]:
    return column.between(period.first, period.last)


def _scoped(query: Select[Any], column: Any, districts: Districts) -> Select[Any]:
    return query if districts is None else query.where(column.in_(sorted(districts)))


def _columns(day: Any, code: Any, title: Any, party: Any, fen: Any, kind: str, row_id: Any, key: Any = None) -> list[Any]:
    return [
        day.label("day"),
        code.label("code"),
        title.label("title"),
        party.label("party"),
        fen.label("fen"),
        literal(kind).label("kind"),
        row_id.label("row_id"),
        (row_id if key is None else key).label("key"),
    ]


def needs(period: Period, districts: Districts) -> Select[Any]:
    """J01: needs first submitted in the period; drafts and merged duplicates do not count."""
    columns = _columns(Need.first_submitted_at, literal(""), Need.title, Organisation.name, null(), "need", Need.id)
    query = (
        select(*columns)
        .join(Organisation, Organisation.id == Need.organisation_id)
        .where(_within(Need.first_submitted_at, period), Need.state.not_in([NeedState.DRAFT, NeedState.MERGED]))
    )
    return _scoped(query, Need.district_code, districts)


def _version_at(period: Period) -> Any:
    """The number of the version in force at the end of the period."""
    version = aliased(ChallengeVersion)
    return (
        select(func.max(version.number))
        .where(version.challenge_id == Challenge.id, version.locked_at <= period.ends)
        .scalar_subquery()
    )


def posts(relisted: bool = False, *kinds: AmountKind, where: Any = None) -> Rows:
    """J02, J02r, J03, J04: challenges first posted in the period, by how their amount is stated at its end."""

    def rows(period: Period, districts: Districts) -> Select[Any]:
        amount = case(
            (ChallengeVersion.amount_kind == AmountKind.FIXED, ChallengeVersion.amount_fen),
            (ChallengeVersion.amount_kind == AmountKind.RANGE, ChallengeVersion.amount_low_fen),
        )
        query = (
            select(
                *_columns(
                    Challenge.posted_at, Challenge.code, Challenge.title, Organisation.name, amount, "challenge", Challenge.id
                )
            )
            .join(Organisation, Organisation.id == Challenge.organisation_id)
            .join(
                ChallengeVersion,
                and_(ChallengeVersion.challenge_id == Challenge.id, ChallengeVersion.number == _version_at(period)),
            )
            .where(_within(Challenge.posted_at, period))
            .where(Challenge.relist_of_id.is_not(None) if relisted else Challenge.relist_of_id.is_(None))
        )
        if kinds:
            query = query.where(ChallengeVersion.amount_kind.in_(kinds))
        if where is not None:
            query = query.where(where())
        return _scoped(query, Challenge.district_code, districts)

    return rows


def has_valid_bid() -> ColumnElement[bool]:
    valid = [state for state in BidState if state not in (BidState.DRAFT, BidState.WITHDRAWN, BidState.UNQUALIFIED)]
    # What is sealed stays unknown: only challenges whose bids were opened can say.
    opened = Challenge.state.not_in([ChallengeState.POSTED, ChallengeState.CLOSED])
    return and_(opened, exists().where(Bid.challenge_id == Challenge.id, Bid.state.in_(valid)))


def has_contract() -> ColumnElement[bool]:
    return exists().where(Contract.challenge_id == Challenge.id, Contract.signed_on.is_not(None))


def has_no_award() -> ColumnElement[bool]:
    return Challenge.state == ChallengeState.NO_AWARD


def bids(period: Period, districts: Districts) -> Select[Any]:
    """J05: bids submitted and not withdrawn; those still sealed are not counted for anybody."""
    sealed = [ChallengeState.POSTED, ChallengeState.CLOSED]
    query = (
        select(
            *_columns(
                Bid.submitted_at, Bid.receipt_number, Challenge.title, Solver.name, null(), "bid", Bid.id, Bid.solver_id
            )
        )
        .join(Challenge, Challenge.id == Bid.challenge_id)
        .join(Solver, Solver.id == Bid.solver_id)
        .where(_within(Bid.submitted_at, period), Bid.state.not_in([BidState.DRAFT, BidState.WITHDRAWN]))
        .where(Challenge.state.not_in(sealed))
    )
    return _scoped(query, Challenge.district_code, districts)


def events(period: Period, _districts: Districts) -> Select[Any]:
    """J06: 揭榜 events that were held."""
    return select(
        *_columns(Event.starts_at, literal(""), Event.title, Event.place, null(), "event", Event.id)
    ).where(Event.kind == EventKind.BIDDING, Event.state == EventState.HELD, _within(Event.starts_at, period))


def contacts(*results: ContactResult) -> Rows:
    """J07, J08: recorded contacts of a solver team with a poster; J07 counts the teams."""

    def rows(period: Period, districts: Districts) -> Select[Any]:
        query = (
            select(
                *_columns(
                    Contact.on, Contact.way, Solver.name, Organisation.name, null(), "contact", Contact.id, Contact.solver_id
                )
            )
            .join(Solver, Solver.id == Contact.solver_id)
            .join(Organisation, Organisation.id == Contact.organisation_id)
            .where(_on(Contact.on, period))
        )
        if results:
            query = query.where(Contact.result.in_(results))
        return _scoped(query, Contact.district_code, districts)

    return rows


def contracts(fen: Any, day: Any = Contract.signed_on, key: Any = None, where: Any = None) -> Rows:
    """J09–J11, J14: contracts by the day they were signed, registered or ended."""

    def rows(period: Period, districts: Districts) -> Select[Any]:
        query = (
            select(*_columns(day, Contract.number, Challenge.title, Organisation.name, fen, "contract", Contract.id, key))
            .join(Challenge, Challenge.id == Contract.challenge_id)
            .join(Organisation, Organisation.id == Contract.organisation_id)
            .where(_on(day, period))
        )
        if where is not None:
            query = query.where(where)
        return _scoped(query, Contract.district_code, districts)

    return rows


def payouts(*kinds: PayoutKind) -> Rows:
    """J12, J13: payouts confirmed by the bank in the period; allocated but unpaid money does not count."""

    def rows(period: Period, districts: Districts) -> Select[Any]:
        query = (
            select(
                *_columns(
                    Payout.paid_on, Contract.number, Payout.payee_name, Organisation.name, Payout.amount_fen, "payout", Payout.id
                )
            )
            .join(Contract, Contract.id == Payout.contract_id)
            .join(Organisation, Organisation.id == Contract.organisation_id)
            .where(Payout.state == PayoutState.PAID, _on(Payout.paid_on, period), Payout.kind.in_(kinds))
        )
        return _scoped(query, Contract.district_code, districts)

    return rows


def milestones(on_time: bool = False, state: MilestoneState | None = None) -> Rows:
    """J15: milestones due in the period, and those accepted by their day."""

    def rows(period: Period, districts: Districts) -> Select[Any]:
        query = (
            select(
                *_columns(
                    Milestone.due_on, Contract.number, Milestone.content, Organisation.name, null(), "contract", Contract.id, Milestone.id
                )
            )
            .join(Contract, Contract.id == Milestone.contract_id)
            .join(Organisation, Organisation.id == Contract.organisation_id)
            .where(_on(Milestone.due_on, period), Contract.signed_on.is_not(None))
        )
        if state is not None:
            query = query.where(Milestone.state == state)
        if on_time:
            query = query.where(func.date(Milestone.reported_at) <= Milestone.due_on)
        return _scoped(query, Contract.district_code, districts)

    return rows


def talents(period: Period, districts: Districts) -> Select[Any]:
    """J16: leads of contracts that answer a 引才 challenge."""
    query = (
        select(
            *_columns(Contract.signed_on, Contract.number, User.name, Organisation.name, null(), "contract", Contract.id, User.id)
        )
        .join(Bid, Bid.id == Contract.bid_id)
        .join(User, User.id == Bid.lead_id)
        .join(Organisation, Organisation.id == Contract.organisation_id)
        .join(
            ChallengeVersion,
            and_(
                ChallengeVersion.challenge_id == Contract.challenge_id,
                ChallengeVersion.number == Contract.challenge_version,
            ),
        )
        .where(_on(Contract.signed_on, period), ChallengeVersion.kind == ProblemKind.TALENT)
    )
    return _scoped(query, Contract.district_code, districts)


COUNT, AMOUNT = _l("个"), _l("万元")
ENDED = (ContractState.COMPLETED, ContractState.CLOSED, ContractState.TERMINATED)

INDICATORS: tuple[Indicator, ...] = (
    Indicator("J01", _l("征集写榜需求"), COUNT, needs, note=_l("本期首次提交区县，不含草稿与已合并的重复需求")),
    Indicator("J02", _l("发榜"), COUNT, posts(), note=_l("本期首次发榜，重新发榜另计")),
    Indicator("J02r", _l("重新发榜"), COUNT, posts(True)),
    Indicator("J03a", _l("其中：定额"), COUNT, posts(False, AmountKind.FIXED)),
    Indicator("J03b", _l("其中：区间"), COUNT, posts(False, AmountKind.RANGE)),
    Indicator("J03c", _l("其中：不限定或面议"), COUNT, posts(False, AmountKind.UNLIMITED, AmountKind.NEGOTIABLE)),
    Indicator(
        "J04", _l("明确榜额"), AMOUNT, posts(False, AmountKind.FIXED, AmountKind.RANGE), "sum", _l("区间按下限计；不限定与面议不计入")
    ),
    Indicator("J05", _l("揭榜申请"), COUNT, bids, note=_l("已提交未撤回；密封期内不计")),
    Indicator("J05t", _l("揭榜团队"), COUNT, bids, "distinct"),
    Indicator("J06", _l("揭榜活动"), _l("场"), events),
    Indicator("J07", _l("对接学者团队"), COUNT, contacts(), "distinct", _l("按团队去重，不按次数")),
    Indicator("J08", _l("意向协议"), COUNT, contacts(ContactResult.INTENT), note=_l("从不计入签约")),
    Indicator("J09", _l("签订揭榜合同"), _l("项"), contracts(Contract.amount_fen)),
    Indicator("J09c", _l("已签约榜单"), COUNT, contracts(Contract.amount_fen, key=Contract.challenge_id), "distinct"),
    Indicator("J10", _l("合同金额"), AMOUNT, contracts(Contract.amount_fen), "sum"),
    Indicator("J11", _l("技术合同登记"), _l("项"), contracts(Contract.turnover_fen, Contract.registered_on)),
    Indicator("J11a", _l("技术合同成交额"), AMOUNT, contracts(Contract.turnover_fen, Contract.registered_on), "sum"),
    Indicator("J11b", _l("技术交易额"), AMOUNT, contracts(Contract.technology_fen, Contract.registered_on), "sum"),
    Indicator("J12", _l("兑付人才奖励资金"), AMOUNT, payouts(PayoutKind.REWARD), "sum", _l("以银行到账为准，下达未到账不计")),
    Indicator("J13", _l("兑付财政补助"), AMOUNT, payouts(PayoutKind.SUBSIDY), "sum"),
    Indicator("J14", _l("带动项目研发投入"), AMOUNT, contracts(Contract.rd_total_fen), "sum", _l("本期签约项目的计划研发总投入")),
    Indicator("J16", _l("引进人才"), _l("人"), talents, "distinct"),
    Indicator(
        "J18",
        _l("验收通过项目"),
        _l("项"),
        contracts(Contract.amount_fen, Contract.ended_on, where=Contract.state == ContractState.COMPLETED),
    ),
)

# (code, name, numerator, denominator): both within the cohort of the period (J15).
RATES: tuple[tuple[str, Any, Rows, Rows], ...] = (
    ("J15a", _l("发榜率"), posts(), needs),
    ("J15b", _l("揭榜率"), posts(where=has_valid_bid), posts()),
    ("J15c", _l("签约率"), posts(where=has_contract), posts()),
    ("J15d", _l("流榜率"), posts(where=has_no_award), posts()),
    ("J15e", _l("里程碑按期率"), milestones(on_time=True, state=MilestoneState.ACCEPTED), milestones()),
    (
        "J15f",
        _l("验收通过率"),
        contracts(Contract.amount_fen, Contract.ended_on, where=Contract.state == ContractState.COMPLETED),
        contracts(Contract.amount_fen, Contract.ended_on, where=Contract.state.in_(ENDED)),
    ),
)
