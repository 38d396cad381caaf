"""Reads of events, attendance and contacts. Events are public; attendance and contacts are scoped."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _
from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import contains_eager, joinedload

from market import clock
from market.accounts.models import District, Organisation, OrganisationKind
from market.challenges.models import PUBLIC_STATES, Challenge
from market.database import db
from market.errors import NotFound
from market.events.models import Attendance, Contact, ContactResult, Event, EventState
from market.events.policies import contact_districts, may_manage, may_represent
from market.paging import Page, paginate
from market.permissions import Actor, Permission
from market.solvers.models import PUBLIC_SOLVER_STATES, Solver

SUGGESTIONS_MOST = 200


def event_of(event_id: int) -> Event:
    """Raises NotFound. Every event is public."""
    found = db.session.get(Event, event_id)
    if found is None:
        raise NotFound(_("没有这个活动"))
    return found


def upcoming_events(number: int) -> Page[Event]:
    """Not over yet, the nearest first; cancelled ones stay, marked."""
    ahead = select(Event).where(Event.ends_at >= clock.now(), Event.state != EventState.HELD)
    return paginate(db.session(), ahead.order_by(Event.starts_at, Event.id), number)


def past_events(number: int) -> Page[Event]:
    over = select(Event).where(or_(Event.ends_at < clock.now(), Event.state == EventState.HELD))
    return paginate(db.session(), over.order_by(Event.starts_at.desc(), Event.id.desc()), number)


def managed_events(number: int, state: str = "") -> Page[Event]:
    query = select(Event).order_by(Event.starts_at.desc(), Event.id.desc())
    if state in set(EventState):
        query = query.where(Event.state == EventState(state))
    return paginate(db.session(), query, number)


@dataclass(frozen=True, slots=True)
class Turnout:
    """How many registered and how many came; ``people`` are heads."""

    firms: int = 0
    solvers: int = 0
    people: int = 0
    firms_came: int = 0
    solvers_came: int = 0


def turnouts(events: Sequence[Event]) -> dict[int, Turnout]:
    """By event (one statement)."""
    came = Attendance.attended.is_(True)
    query = (
        select(
            Attendance.event_id,
            func.count(Attendance.organisation_id),
            func.count(Attendance.solver_id),
            func.sum(Attendance.people),
            func.count(Attendance.organisation_id).filter(came),
            func.count(Attendance.solver_id).filter(came),
        )
        .where(Attendance.event_id.in_([event.id for event in events]))
        .group_by(Attendance.event_id)
    )
    found = {row[0]: Turnout(*(int(number) for number in row[1:])) for row in db.session.execute(query)}
    return {event.id: found.get(event.id, Turnout()) for event in events}


def attendance_of(event: Event) -> Sequence[Attendance]:
    """Firms first, then solvers, each by name (one statement)."""
    return db.session.scalars(
        select(Attendance)
        .where(Attendance.event_id == event.id)
        .outerjoin(Attendance.organisation)
        .outerjoin(Attendance.solver)
        .options(
            contains_eager(Attendance.organisation).joinedload(Organisation.district),
            contains_eager(Attendance.solver).options(joinedload(Solver.lead), joinedload(Solver.organisation)),
        )
        .order_by(Attendance.solver_id.is_not(None), Organisation.name, Solver.name, Attendance.id)
    ).all()


def attendance_seen_by(actor: Actor, event: Event, attendance_id: int) -> Attendance:
    """One registration of the event. Raises NotFound for whoever neither made it nor runs events."""
    found = db.session.get(Attendance, attendance_id)
    if found is None or found.event_id != event.id or not may_represent(actor, found.organisation, found.solver):
        raise NotFound(_("没有这条报名"))
    return found


@dataclass(frozen=True, slots=True)
class Guest:
    """A firm or solver the actor may register, and its registration if there is one."""

    organisation: Organisation | None
    solver: Solver | None
    attendance: Attendance | None

    @property
    def name(self) -> str:
        return (self.organisation or self.solver).name  # pyright: ignore[reportOptionalMemberAccess]

    @property
    def key(self) -> str:
        return f"firm-{self.organisation.id}" if self.organisation else f"solver-{self.solver.id}"  # pyright: ignore


def guests_of(actor: Actor, event: Event) -> list[Guest]:
    """Those for whom the actor may answer (three statements at most)."""
    if not actor.has(Permission.EVENT_ATTEND):
        return []
    firms = db.session.scalars(
        select(Organisation)
        .where(
            Organisation.id.in_(actor.organisations_with(Permission.EVENT_ATTEND)),
            Organisation.kind == OrganisationKind.FIRM,
        )
        .order_by(Organisation.name)
    ).all()
    solvers = db.session.scalars(select(Solver).where(Solver.lead_id == actor.user_id).order_by(Solver.id)).all()
    registered = db.session.scalars(
        select(Attendance).where(
            Attendance.event_id == event.id,
            or_(
                Attendance.organisation_id.in_([firm.id for firm in firms]),
                Attendance.solver_id.in_([solver.id for solver in solvers]),
            ),
        )
    ).all()
    by_firm = {row.organisation_id: row for row in registered if row.organisation_id}
    by_solver = {row.solver_id: row for row in registered if row.solver_id}
    return [Guest(firm, None, by_firm.get(firm.id)) for firm in firms] + [
        Guest(None, solver, by_solver.get(solver.id)) for solver in solvers
    ]


def guest_named(actor: Actor, key: str) -> tuple[Organisation | None, Solver | None]:
    """``firm-3`` or ``solver-7`` of those the actor may answer for. Raises NotFound for any other."""
    kind, _dash, number = key.partition("-")
    model = {"firm": Organisation, "solver": Solver}.get(kind)
    known = model is not None and number.isascii() and number.isdigit() and len(number) < 10
    found = db.session.get(model, int(number)) if known and model is not None else None
    organisation = found if isinstance(found, Organisation) else None
    solver = found if isinstance(found, Solver) else None
    if found is None or not may_represent(actor, organisation, solver):
        raise NotFound(_("没有找到要报名的企业或揭榜方"))
    return organisation, solver


@dataclass(frozen=True, slots=True)
class ContactFilter:
    """What the ledger shows; empty means all."""

    q: str = ""
    year: int | None = None
    result: ContactResult | None = None
    district: str = ""
    event_id: int | None = None


def _contacts(actor: Actor, wanted: ContactFilter) -> Select[Contact]:
    query = (
        select(Contact)
        .join(Contact.organisation)
        .join(Contact.solver)
        .options(
            contains_eager(Contact.organisation).joinedload(Organisation.district),
            contains_eager(Contact.solver).joinedload(Solver.organisation),
            joinedload(Contact.challenge),
            joinedload(Contact.event),
            joinedload(Contact.recorded_by),
        )
    )
    districts = contact_districts(actor)
    if districts is not None:
        query = query.where(Contact.district_code.in_(sorted(districts)))
    if wanted.q:
        query = query.where(
            or_(Organisation.name.contains(wanted.q, autoescape=True), Solver.name.contains(wanted.q, autoescape=True))
        )
    if wanted.year is not None:
        query = query.where(Contact.on.between(date(wanted.year, 1, 1), date(wanted.year, 12, 31)))
    if wanted.result is not None:
        query = query.where(Contact.result == wanted.result)
    if wanted.district:
        query = query.where(Contact.district_code == wanted.district)
    if wanted.event_id is not None:
        query = query.where(Contact.event_id == wanted.event_id)
    return query


def contacts_page(actor: Actor, wanted: ContactFilter, number: int) -> Page[Contact]:
    query = _contacts(actor, wanted).order_by(Contact.on.desc(), Contact.id.desc())
    return paginate(db.session(), query, number)


def contacts_ledger(actor: Actor, wanted: ContactFilter) -> Sequence[Contact]:
    """对接台账: every contact the filter leaves, in order of time."""
    return db.session.scalars(_contacts(actor, wanted).order_by(Contact.on, Contact.id)).unique().all()


@dataclass(frozen=True, slots=True)
class ContactTotals:
    """Contacts, distinct teams, and intent agreements apart from contracts (J07, J08, never added)."""

    contacts: int
    teams: int
    intents: int
    contracts: int


def contact_totals(actor: Actor, wanted: ContactFilter) -> ContactTotals:
    found = _contacts(actor, wanted).with_only_columns(Contact.solver_id, Contact.result).subquery()
    row = db.session.execute(
        select(
            func.count(),
            func.count(found.c.solver_id.distinct()),
            func.count().filter(found.c.result == ContactResult.INTENT),
            func.count().filter(found.c.result == ContactResult.CONTRACT),
        ).select_from(found)
    ).one()
    return ContactTotals(*row)


def contact_of(actor: Actor, contact_id: int) -> Contact:
    """Raises NotFound outside the actor's districts."""
    found = db.session.scalar(_contacts(actor, ContactFilter()).where(Contact.id == contact_id))
    if found is None:
        raise NotFound(_("没有这条对接记录"))
    return found


def contact_years() -> list[int]:
    """Years the ledger has rows of, and the present one; newest first."""
    first = db.session.scalar(select(func.min(Contact.on)))
    this = clock.today().year
    return list(range(this, (first.year if first else this) - 1, -1))


def district_choices(actor: Actor) -> Sequence[District]:
    districts = contact_districts(actor)
    query = select(District).order_by(District.position, District.code)
    return db.session.scalars(query if districts is None else query.where(District.code.in_(sorted(districts)))).all()


def solver_label(solver: Solver) -> str:
    """A team's name with its unit: names alone are not unique."""
    return f"{solver.name}（{solver.organisation.name}）" if solver.organisation else solver.name


def _firms(actor: Actor) -> Select[Organisation]:
    query = select(Organisation).where(Organisation.kind == OrganisationKind.FIRM).order_by(Organisation.name)
    districts = actor.districts_with(Permission.CONTACT_RECORD)
    return query if districts is None else query.where(Organisation.district_code.in_(sorted(districts)))


def _solvers() -> Select[Solver]:
    public = select(Solver).where(Solver.state.in_(PUBLIC_SOLVER_STATES))
    return public.options(joinedload(Solver.organisation)).order_by(Solver.name, Solver.id)


def suggested_firms(actor: Actor, event: Event | None) -> list[str]:
    """Names to pick from: the event's firms, else the actor's."""
    query = _firms(actor)
    if event is not None:
        query = query.join(Attendance, Attendance.organisation_id == Organisation.id)
        query = query.where(Attendance.event_id == event.id, Attendance.attended.is_not(False))
    return [firm.name for firm in db.session.scalars(query.limit(SUGGESTIONS_MOST))]


def suggested_solvers(event: Event | None) -> list[str]:
    query = _solvers()
    if event is not None:
        query = query.join(Attendance, Attendance.solver_id == Solver.id)
        query = query.where(Attendance.event_id == event.id, Attendance.attended.is_not(False))
    return [solver_label(solver) for solver in db.session.scalars(query.limit(SUGGESTIONS_MOST))]


def firms_named(actor: Actor, text: str) -> Sequence[Organisation]:
    """The firm of that name, else those whose name contains the text (a few)."""
    exact = db.session.scalars(_firms(actor).where(Organisation.name == text)).all()
    if exact:
        return exact
    return db.session.scalars(_firms(actor).where(Organisation.name.contains(text, autoescape=True)).limit(6)).all()


def solvers_named(text: str) -> Sequence[Solver]:
    """Public solvers of that name (with or without the unit in brackets), else those whose name contains the text."""
    name, bracket, unit = text.rstrip("）").rpartition("（")
    if bracket:
        query = _solvers().join(Solver.organisation).where(Solver.name == name, Organisation.name == unit)
        if found := db.session.scalars(query).unique().all():
            return found
    exact = db.session.scalars(_solvers().where(Solver.name == text)).unique().all()
    if exact:
        return exact
    return db.session.scalars(_solvers().where(Solver.name.contains(text, autoescape=True)).limit(6)).unique().all()


def challenge_coded(code: str, organisation: Organisation) -> Challenge | None:
    """A posted challenge of the firm."""
    return db.session.scalar(
        select(Challenge).where(
            Challenge.code == code, Challenge.organisation_id == organisation.id, Challenge.state.in_(PUBLIC_STATES)
        )
    )


def is_staff_reader(actor: Actor) -> bool:
    """Sees who registered: whoever runs events, and the supervisor."""
    return bool(may_manage(actor)) or actor.has(Permission.AUDIT_READ)
