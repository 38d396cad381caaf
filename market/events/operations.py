"""Running events, coming to them, and keeping the ledger of contacts."""

from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from market import clock
from market.accounts.models import Organisation, OrganisationKind
from market.accounts.queries import users_with
from market.audit.journal import record
from market.challenges.models import Challenge
from market.database import db
from market.errors import Conflict, IllegalMove, InvalidInput, NotAllowed
from market.events.models import Attendance, Contact, ContactResult, Event, EventState
from market.events.policies import (
    may_attend,
    may_correct_contact,
    may_manage,
    may_record_contact,
    may_register,
    may_represent,
    may_withdraw,
)
from market.notifications.operations import notify
from market.permissions import Actor, Role
from market.solvers.models import Solver
from market.workflow import advance

EVENT_FIELDS = ("cycle_id", "kind", "title", "place", "description", "starts_at", "ends_at", "organiser")
PEOPLE_MOST = 50


def create_event(actor: Actor, values: dict[str, Any]) -> Event:
    """Publish an event. ``values`` are EVENT_FIELDS. Raises NotAllowed, InvalidInput."""
    _require_manager(actor)
    event = Event(managed_by_id=actor.user_id, state=EventState.PLANNED, **_checked(values))
    db.session.add(event)
    db.session.flush()  # The journal and the messages name the event by its number.
    record(actor, "event:create", event)
    return event


def edit_event(actor: Actor, event: Event, values: dict[str, Any]) -> None:
    """Change a planned event; whoever registered is told when time or place moved."""
    _require_manager(actor)
    if event.state is not EventState.PLANNED:
        raise IllegalMove(_("活动已举办或取消，不能再修改"))
    checked = _checked({name: getattr(event, name) for name in EVENT_FIELDS} | values)
    moved = any(checked[name] != getattr(event, name) for name in ("starts_at", "ends_at", "place"))
    record(actor, "event:edit", event)
    for name, value in checked.items():
        setattr(event, name, value)
    if moved:
        when = clock.local(event.starts_at).strftime("%Y-%m-%d %H:%M")
        body = _l("您报名的“%(title)s”改为 %(when)s 在%(place)s举行。", title=event.title, when=when, place=event.place)
        notify(_registered_users(event), _l("活动时间或地点有变化"), body, f"/events/{event.id}")


def hold_event(actor: Actor, event: Event) -> None:
    """Record that it took place. Raises IllegalMove before its day."""
    _require_manager(actor)
    if clock.today() < clock.local(event.starts_at).date():
        raise IllegalMove(_("活动尚未到举办日，不能登记为已举办"))
    advance(event, "hold", actor)


def cancel_event(actor: Actor, event: Event, reason: str) -> None:
    """Call it off; whoever registered is told why."""
    _require_manager(actor)
    reason = reason.strip()
    if not reason:
        raise InvalidInput({"reason": _("请填写取消原因，报名者会收到")})
    if len(reason) > 500:
        raise InvalidInput({"reason": _("最多 500 个字")})
    advance(event, "cancel", actor, reason)
    event.cancelled_reason = reason
    body = _l("您报名的“%(title)s”已取消。原因：%(reason)s", title=event.title, reason=reason)
    notify(_registered_users(event), _l("活动已取消"), body, f"/events/{event.id}")


def _require_manager(actor: Actor) -> None:
    if not (verdict := may_manage(actor)):
        raise NotAllowed(verdict.reason)


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    """The event's fields, complete. Raises InvalidInput naming each field that is not."""
    found = {name: values.get(name) for name in EVENT_FIELDS} | {"cycle_id": values.get("cycle_id") or None}
    found |= {name: (found[name] or "").strip() for name in ("title", "place", "description", "organiser")}
    errors = {name: _("请填写此项") for name in ("kind", "title", "place", "starts_at", "ends_at") if not found[name]}
    starts, ends = found["starts_at"], found["ends_at"]
    if starts and ends and ends <= starts:
        errors["ends_at"] = _("结束时间应晚于开始时间")
    if errors:
        raise InvalidInput(errors)
    return found


def _registered_users(event: Event) -> list[int]:
    rows = db.session.scalars(select(Attendance).where(Attendance.event_id == event.id)).all()
    leads = [row.solver.lead_id for row in rows if row.solver is not None]
    return [row.registered_by_id for row in rows] + leads


def register_attendance(
    actor: Actor,
    event: Event,
    organisation: Organisation | None = None,
    solver: Solver | None = None,
    people: int = 1,
) -> Attendance:
    """Register one firm or one solver; again changes the number of people.

    Raises NotAllowed, InvalidInput, and Conflict when a colleague was quicker.
    """
    if (organisation is None) == (solver is None):
        raise InvalidInput({"guest": _("请选择报名的企业或揭榜方")})
    for verdict in (
        may_represent(actor, organisation, solver),
        may_attend(organisation, solver),
        may_register(actor, event),
    ):
        if not verdict:
            raise NotAllowed(verdict.reason)
    if not 1 <= people <= PEOPLE_MOST:
        raise InvalidInput({"people": _("请填写 1 到 %(most)d 人", most=PEOPLE_MOST)})
    attendance = _attendance(event, organisation, solver)
    if attendance is None:
        attendance = Attendance(
            event_id=event.id,
            organisation_id=organisation.id if organisation else None,
            solver_id=solver.id if solver else None,
            registered_by_id=actor.user_id,
        )
        db.session.add(attendance)
    attendance.people = people
    try:
        db.session.flush()  # The database decides when two colleagues register the same firm at once.
    except IntegrityError as problem:
        raise Conflict(_("刚刚已有人为同一单位报名，请刷新后查看")) from problem
    record(actor, "attendance:register", attendance)
    return attendance


def _attendance(event: Event, organisation: Organisation | None, solver: Solver | None) -> Attendance | None:
    mine = (
        Attendance.organisation_id == organisation.id
        if organisation
        else Attendance.solver_id == (solver and solver.id)
    )
    return db.session.scalar(select(Attendance).where(Attendance.event_id == event.id, mine))


def withdraw_attendance(actor: Actor, attendance: Attendance) -> None:
    """Take a registration back before the event is over."""
    if not (verdict := may_withdraw(actor, attendance)):
        raise NotAllowed(verdict.reason)
    record(actor, "attendance:withdraw", attendance)
    db.session.delete(attendance)


def mark_attended(actor: Actor, attendance: Attendance, attended: bool) -> None:
    """Tick who came, on the day or afterwards."""
    _require_manager(actor)
    event = attendance.event
    if event.state is EventState.CANCELLED:
        raise IllegalMove(_("活动已取消，没有到会记录"))
    if clock.today() < clock.local(event.starts_at).date():
        raise IllegalMove(_("活动尚未到举办日，不能登记到会"))
    if attendance.attended is not attended:
        record(actor, "attendance:mark", attendance)
        attendance.attended = attended


def record_contact(
    actor: Actor,
    on: date,
    organisation: Organisation,
    solver: Solver,
    way: str,
    result: ContactResult,
    next_step: str,
    event: Event | None = None,
    challenge: Challenge | None = None,
) -> Contact:
    """Enter a contact of a firm with a solver. Raises NotAllowed outside the actor's district, InvalidInput."""
    if not (verdict := may_record_contact(actor, organisation.district_code)):
        raise NotAllowed(verdict.reason)
    values = {"on": on, "organisation": organisation, "solver": solver, "way": way, "result": result}
    values |= {"next_step": next_step, "event": event, "challenge": challenge}
    contact = Contact(recorded_by_id=actor.user_id)
    _fill_contact(contact, values)
    _refuse_twin(contact)
    db.session.add(contact)
    db.session.flush()  # The journal names the contact by its number.
    record(actor, "contact:record", contact)
    _tell_division(actor, contact)
    return contact


def require_correction(actor: Actor, contact: Contact) -> None:
    """Raises NotAllowed for readers who may not correct it."""
    if not (verdict := may_correct_contact(actor, contact)):
        raise NotAllowed(verdict.reason)


def correct_contact(actor: Actor, contact: Contact, values: dict[str, Any]) -> None:
    """Put a wrong entry right; the journal keeps what stood before. ``values`` as of record_contact."""
    require_correction(actor, contact)
    if not (verdict := may_record_contact(actor, values["organisation"].district_code)):
        raise NotAllowed(verdict.reason)
    record(actor, "contact:correct", contact)
    _fill_contact(contact, values)


def _fill_contact(contact: Contact, values: dict[str, Any]) -> None:
    """Raises InvalidInput naming each field that contradicts the others."""
    organisation, challenge, event = values["organisation"], values["challenge"], values["event"]
    way, next_step = values["way"].strip(), values["next_step"].strip()
    errors = {}
    if values["on"] > clock.today():
        errors["on"] = _("对接日期不能晚于今天")
    if organisation.kind is not OrganisationKind.FIRM:
        errors["organisation"] = _("发榜方应是企业")
    if not way or len(way) > 60:
        errors["way"] = _("请填写对接方式，最多 60 个字")
    if len(next_step) > 500:
        errors["next_step"] = _("最多 500 个字")
    if challenge is not None and challenge.organisation_id != organisation.id:
        errors["challenge"] = _("这个榜单不是该企业发布的")
    if event is not None and event.state is EventState.CANCELLED:
        errors["event"] = _("活动已取消，不能登记为活动对接")
    if errors:
        raise InvalidInput(errors)
    contact.on, contact.way, contact.result, contact.next_step = values["on"], way, values["result"], next_step
    contact.organisation_id, contact.district_code = organisation.id, organisation.district_code
    contact.solver_id = values["solver"].id
    contact.challenge_id = challenge.id if challenge else None
    contact.event_id = event.id if event else None


def _refuse_twin(contact: Contact) -> None:
    """A form sent twice must not make two intents."""
    same = ("on", "organisation_id", "solver_id", "challenge_id", "event_id", "way", "result")
    twin = select(Contact.id).where(
        *(getattr(Contact, name).is_not_distinct_from(getattr(contact, name)) for name in same)
    )
    if db.session.scalar(twin.limit(1)) is not None:
        raise Conflict(_("同样的对接已经登记过，没有重复登记"))


def _tell_division(actor: Actor, contact: Contact) -> None:
    """An intent reported from a district is news for the officers who follow it up."""
    if contact.result is not ContactResult.INTENT or actor.is_city_wide:
        return
    subject = _l("区县登记了一项意向协议")
    notify(users_with(Role.CITY_OFFICER), subject, "", f"/events/contacts/{contact.id}", mail=False)
