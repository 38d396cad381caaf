"""Events in each state, registrations of firm A and team U, a contact of firm A."""

from market.events.models import EventState
from tests.builders.events import make_attendance, make_contact, make_event
from tests.site.cast import Cast


def objects(cast: Cast) -> dict[str, dict[str, object]]:
    city = cast.people["city"]
    planned = make_event(by=city)
    held = make_event(EventState.HELD, days=-3, by=city)
    cancelled = make_event(EventState.CANCELLED, by=city)
    firm = make_attendance(planned, organisation=cast.organisations["firm_a"])
    team = make_attendance(planned, solver=cast.solvers["solver_u"])
    contact = make_contact(cast.organisations["firm_a"], cast.solvers["solver_u"])
    return {
        "event_planned": {"event_id": planned.id},
        "event_held": {"event_id": held.id},
        "event_cancelled": {"event_id": cancelled.id},
        "attendance_firm_a": {"event_id": planned.id, "attendance_id": firm.id},
        "attendance_solver_u": {"event_id": planned.id, "attendance_id": team.id},
        "contact_firm_a": {"contact_id": contact.id},
    }
