"""How the rows behind each number are found: one select a number, so that the value and its rows cannot differ.

Source: docs/domain.md B.7. A period counts by the day of the event in Shanghai, not of its entry. Every select gives
the same columns (``select_rows``): the page lists them, the value counts or sums them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, and_, case, exists, func, literal, null, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import aliased
from sqlalchemy.sql.functions import FunctionElement

from market import clock
from market.accounts.models import Organisation, User
from market.bids.models import Bid, BidState
from market.challenges.models import Challenge, ChallengeState, ChallengeVersion
from market.contracts.models import Contract, ContractState, Milestone, MilestoneState
from market.events.models import Attendance, Contact, ContactResult, Event, EventKind, EventState
from market.needs.content import AmountKind, ProblemKind
from market.needs.models import Need, NeedState
from market.solvers.models import Solver


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days in Asia/Shanghai, both ends included."""

    first: date
    last: date

    @classmethod
    def year(cls, year: int) -> "Period":
        return cls(date(year, 1, 1), date(year, 12, 31))


Districts = frozenset[str] | None
"""Districts the asker may count; None is the whole city."""
Rows = Callable[[Period, Districts], Any]
"""Gives a select, or several of them put together."""

SEALED_STATES = (ChallengeState.POSTED, ChallengeState.CLOSED)
UNSIGNED_STATES = (ContractState.DRAFT, ContractState.AGREED)


class shanghai_day(FunctionElement[date]):
    """The day in Shanghai of a stored moment. Both databases keep UTC: their own ``date()`` is a day off at night."""

    type = Date()
    inherit_cache = True


@compiles(shanghai_day, "postgresql")
def _on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"CAST(timezone('Asia/Shanghai', {compiler.process(element.clauses, **options)}) AS DATE)"


@compiles(shanghai_day, "sqlite")
def _on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    # China has kept UTC+8 without daylight saving since 1992.
    return f"date({compiler.process(element.clauses, **options)}, '+8 hours')"


def within(column: Any, period: Period) -> ColumnElement[bool]:
    """A moment in the period; half open, so that the last second's fractions belong to it."""
    return and_(column >= clock.start_of(period.first), column < clock.start_of(period.last + timedelta(days=1)))


def on_days(column: Any, period: Period) -> ColumnElement[bool]:
    """A day in the period."""
    return column.between(period.first, period.last)


def scoped(query: Select[Any], column: Any, districts: Districts) -> Select[Any]:
    return query if districts is None else query.where(column.in_(sorted(districts)))


def select_rows(
    kind: str,
    row_id: Any,
    day: Any,
    title: Any,
    party: Any,
    *,
    code: Any = None,
    fen: Any = None,
    quantity: Any = None,
    since: Any = None,
    key: Any = None,
    reference: Any = None,
    district: Any = None,
) -> Select[Any]:
    """A select with the columns that every list of rows has.

    ``quantity`` is a number of things (else the row is one), ``key`` what is counted once, ``since`` the day a
    duration began, ``reference`` what the row's page is found by.
    """
    columns: list[Any] = [
        literal(kind).label("kind"),
        row_id.label("row_id"),
        day.label("day"),
        (literal("") if code is None else func.coalesce(code, "")).label("code"),
        title.label("title"),
        party.label("party"),
        (null() if fen is None else fen).label("fen"),
        (literal(1) if quantity is None else quantity).label("quantity"),
        (null() if since is None else since).label("since"),
        (row_id if key is None else key).label("key"),
        (row_id if reference is None else reference).label("reference"),
        (null() if district is None else district).label("district"),
    ]
    query: Any = select(*columns)
    return query


def needs(period: Period, districts: Districts) -> Select[Any]:
    """J01: needs first submitted in the period; drafts and merged duplicates do not count."""
    day = shanghai_day(Need.first_submitted_at)
    query = (
        select_rows("need", Need.id, day, Need.title, Organisation.name, district=Need.district_code)
        .join(Organisation, Organisation.id == Need.organisation_id)
        .where(within(Need.first_submitted_at, period), Need.state.not_in([NeedState.DRAFT, NeedState.MERGED]))
    )
    return scoped(query, Need.district_code, districts)


def _version_at_end(period: Period) -> Any:
    """Number of the version in force when the period ended; the first one for whatever was posted that day."""
    version = aliased(ChallengeVersion)
    newest = select(func.max(version.number)).where(
        version.challenge_id == Challenge.id, version.locked_at < clock.start_of(period.last + timedelta(days=1))
    )
    return func.coalesce(newest.scalar_subquery(), 1)


def _stated_amount(range_at: Any) -> Any:
    """Fixed amounts, and ranges at one of their ends; unlimited and negotiable ones are null, not 0."""
    return case(
        (ChallengeVersion.amount_kind == AmountKind.FIXED, ChallengeVersion.amount_fen),
        (ChallengeVersion.amount_kind == AmountKind.RANGE, range_at),
    )


def posts(
    kinds: Sequence[AmountKind] = (),
    *,
    relisted: bool = False,
    where: Callable[[], ColumnElement[bool]] | None = None,
    range_at: Any = ChallengeVersion.amount_low_fen,
) -> Rows:
    """J02–J04: challenges first posted in the period, by how their amount is stated at its end."""

    def rows(period: Period, districts: Districts) -> Select[Any]:
        found = select_rows(
            "challenge",
            Challenge.id,
            shanghai_day(Challenge.posted_at),
            ChallengeVersion.title,
            Organisation.name,
            code=Challenge.code,
            fen=_stated_amount(range_at),
            reference=Challenge.code,
            district=Challenge.district_code,
        )
        in_force = and_(
            ChallengeVersion.challenge_id == Challenge.id, ChallengeVersion.number == _version_at_end(period)
        )
        query = (
            found.join(Organisation, Organisation.id == Challenge.organisation_id)
            .join(ChallengeVersion, in_force)
            .where(within(Challenge.posted_at, period), first_posting(not relisted))
        )
        if kinds:
            query = query.where(ChallengeVersion.amount_kind.in_(kinds))
        if where is not None:
            query = query.where(where())
        return scoped(query, Challenge.district_code, districts)

    return rows


def first_posting(wanted: bool = True) -> ColumnElement[bool]:
    return Challenge.relist_of_id.is_(None) if wanted else Challenge.relist_of_id.is_not(None)


def _is_opened() -> ColumnElement[bool]:
    """Neither the bid nor its challenge is sealed: until then nobody may learn even how many bids there are."""
    sealed = (BidState.DRAFT, BidState.SUBMITTED, BidState.WITHDRAWN)
    return and_(Challenge.state.not_in(SEALED_STATES), Bid.state.not_in(sealed))


def has_valid_bid() -> ColumnElement[bool]:
    valid = Bid.state.not_in([BidState.UNQUALIFIED, BidState.DISQUALIFIED])
    return exists().where(Bid.challenge_id == Challenge.id, _is_opened(), valid).correlate(Challenge)


def has_contract() -> ColumnElement[bool]:
    return exists().where(Contract.challenge_id == Challenge.id, is_signed()).correlate(Challenge)


def has_no_award() -> ColumnElement[bool]:
    return Challenge.state == ChallengeState.NO_AWARD


def bids(period: Period, districts: Districts) -> Select[Any]:
    """J05: bids submitted and not withdrawn, once opened; counted again by team."""
    found = select_rows(
        "bid",
        Bid.id,
        shanghai_day(Bid.submitted_at),
        Challenge.title,
        Solver.name,
        code=Challenge.code,
        key=Bid.solver_id,
        district=Challenge.district_code,
    )
    query = (
        found.join(Challenge, Challenge.id == Bid.challenge_id)
        .join(Solver, Solver.id == Bid.solver_id)
        .where(within(Bid.submitted_at, period), _is_opened())
    )
    return scoped(query, Challenge.district_code, districts)


def events(period: Period, districts: Districts) -> Select[Any]:
    """J06: 揭榜 events that were held; a district counts those which a firm of its own attended."""
    held = select_rows("event", Event.id, shanghai_day(Event.starts_at), Event.title, Event.place)
    query = held.where(Event.kind == EventKind.BIDDING, Event.state == EventState.HELD, within(Event.starts_at, period))
    if districts is None:
        return query
    own_firm = exists().where(
        Attendance.event_id == Event.id,
        Attendance.attended.is_(True),
        Organisation.id == Attendance.organisation_id,
        Organisation.district_code.in_(sorted(districts)),
    )
    return query.where(own_firm.correlate(Event))


def contacts(*results: ContactResult) -> Rows:
    """J07, J08: recorded contacts of a solver team with a poster; J07 counts the teams."""

    def rows(period: Period, districts: Districts) -> Select[Any]:
        found = select_rows(
            "contact",
            Contact.id,
            Contact.on,
            Solver.name,
            Organisation.name,
            code=Contact.way,
            key=Contact.solver_id,
            district=Contact.district_code,
        )
        query = (
            found.join(Solver, Solver.id == Contact.solver_id)
            .join(Organisation, Organisation.id == Contact.organisation_id)
            .where(on_days(Contact.on, period))
        )
        if results:
            query = query.where(Contact.result.in_(results))
        return scoped(query, Contact.district_code, districts)

    return rows


def is_signed() -> ColumnElement[bool]:
    return and_(Contract.signed_on.is_not(None), Contract.state.not_in(UNSIGNED_STATES))


def contracts(
    fen: Any = Contract.amount_fen,
    *,
    day: Any = Contract.signed_on,
    key: Any = None,
    states: Sequence[ContractState] = (),
) -> Rows:
    """J09–J11, J14, J18: contracts by the day they were signed, registered or ended."""

    def rows(period: Period, districts: Districts) -> Select[Any]:
        found = select_rows(
            "contract",
            Contract.id,
            day,
            Challenge.title,
            Organisation.name,
            code=Contract.number,
            fen=fen,
            key=key,
            district=Contract.district_code,
        )
        query = (
            found.join(Challenge, Challenge.id == Contract.challenge_id)
            .join(Organisation, Organisation.id == Contract.organisation_id)
            .where(on_days(day, period), is_signed())
        )
        if states:
            query = query.where(Contract.state.in_(states))
        return scoped(query, Contract.district_code, districts)

    return rows


def milestones(*, on_time: bool = False) -> Rows:
    """J15: milestones that fell due in the period, and those reported by their day and accepted."""

    def rows(period: Period, districts: Districts) -> Select[Any]:
        found = select_rows(
            "contract",
            Milestone.id,
            Milestone.due_on,
            Milestone.content,
            Organisation.name,
            code=Contract.number,
            reference=Contract.id,
            district=Contract.district_code,
        )
        query = (
            found.join(Contract, Contract.id == Milestone.contract_id)
            .join(Organisation, Organisation.id == Contract.organisation_id)
            # What is not due yet cannot be late, nor can what a contract's end has made void.
            .where(on_days(Milestone.due_on, period), Milestone.due_on <= clock.today(), is_signed())
            .where(or_(Contract.ended_on.is_(None), Milestone.due_on <= Contract.ended_on))
        )
        if on_time:
            reported = shanghai_day(Milestone.reported_at)
            query = query.where(Milestone.state == MilestoneState.ACCEPTED, reported <= Milestone.due_on)
        return scoped(query, Contract.district_code, districts)

    return rows


def talents(period: Period, districts: Districts) -> Select[Any]:
    """J16: leads of contracts that answer a 引才 challenge, each person once."""
    found = select_rows(
        "contract",
        Contract.id,
        Contract.signed_on,
        User.name,
        Organisation.name,
        code=Contract.number,
        key=User.id,
        district=Contract.district_code,
    )
    version = and_(
        ChallengeVersion.challenge_id == Contract.challenge_id, ChallengeVersion.number == Contract.challenge_version
    )
    query = (
        found.join(Bid, Bid.id == Contract.bid_id)
        .join(User, User.id == Bid.lead_id)
        .join(Organisation, Organisation.id == Contract.organisation_id)
        .join(ChallengeVersion, version)
        .where(on_days(Contract.signed_on, period), is_signed(), ChallengeVersion.kind == ProblemKind.TALENT)
    )
    return scoped(query, Contract.district_code, districts)
