"""Events, registrations and contacts, written directly."""

from datetime import date, timedelta
from typing import Any

from market import clock
from market.accounts.models import Organisation, User
from market.events.models import Attendance, Contact, ContactResult, Event, EventKind, EventState
from market.permissions import Role
from market.solvers.models import Solver
from tests.builders.people import make_user, save


def make_event(state: EventState = EventState.PLANNED, days: int = 7, by: User | None = None, **values: Any) -> Event:
    """A 揭榜活动 of three hours, ``days`` from now (negative: past)."""
    starts_at = values.pop("starts_at", clock.now() + timedelta(days=days))
    event = Event(
        **{
            "kind": EventKind.BIDDING,
            "state": state,
            "title": "新材料专场揭榜对接会",
            "place": "齐鲁创新会议中心二楼",
            "description": "企业逐项讲解指标，团队分桌洽谈。",
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(hours=3),
            "organiser": "市科学技术局",
            "managed_by_id": (by or make_user(Role.CITY_OFFICER)).id,
            **values,
        }
    )
    save(event)
    return event


def make_attendance(
    event: Event, organisation: Organisation | None = None, solver: Solver | None = None, attended: bool | None = None
) -> Attendance:
    attendance = Attendance(
        event_id=event.id,
        organisation_id=organisation.id if organisation else None,
        solver_id=solver.id if solver else None,
        registered_by_id=event.managed_by_id,
        attended=attended,
    )
    save(attendance)
    return attendance


def make_contact(
    organisation: Organisation,
    solver: Solver,
    on: date | None = None,
    result: ContactResult = ContactResult.CONTINUE,
    **values: Any,
) -> Contact:
    contact = Contact(
        **{
            "on": on or clock.today(),
            "organisation_id": organisation.id,
            "solver_id": solver.id,
            "district_code": organisation.district_code,
            "way": "现场走访",
            "result": result,
            "recorded_by_id": make_user(Role.CITY_OFFICER).id,
            **values,
        }
    )
    save(contact)
    return contact
