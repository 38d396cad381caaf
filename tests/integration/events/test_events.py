"""Running an event: who may, what is refused, who is told."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from market import clock
from market.accounts.models import OrganisationState
from market.audit.models import Entry
from market.audit.verify import verify
from market.database import db, transaction
from market.errors import DomainError, IllegalMove, InvalidInput, NotAllowed
from market.events import operations
from market.events.models import Attendance, Event, EventKind, EventState
from market.notifications.models import Message
from market.permissions import Role
from market.solvers.models import SolverState
from tests.builders.chain import make_solver
from tests.builders.counting import statements
from tests.builders.events import make_attendance, make_event
from tests.builders.people import acting, client_of, make_organisation, make_user


def city() -> Any:
    return acting(make_user(Role.CITY_OFFICER))


def values(**changed: Any) -> dict[str, Any]:
    start = clock.now() + timedelta(days=7)
    kept = {
        "title": "先进陶瓷揭榜对接会",
        "place": "会展中心",
        "starts_at": start,
        "ends_at": start + timedelta(hours=2),
    }
    return {**kept, "kind": EventKind.BIDDING, "description": "", "organiser": "市科技局", "cycle_id": None, **changed}


def actions() -> list[str]:
    assert verify(db.session())[1] is None
    return [action for action in db.session.scalars(select(Entry.action).order_by(Entry.seq)) if action != "test:build"]


def test_an_event_is_created_changed_and_held_with_an_entry_each(app: Flask) -> None:
    actor = city()
    with transaction():
        event = operations.create_event(actor, values())
    with transaction():
        operations.edit_event(actor, event, {"place": "齐鲁创新会议中心"})
    with clock.at(event.starts_at), transaction():
        operations.hold_event(actor, event)
    assert (event.place, event.title, event.state) == ("齐鲁创新会议中心", "先进陶瓷揭榜对接会", EventState.HELD)
    assert actions() == ["event:create", "event:edit", "event:hold"]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.CITY_OFFICER])
def test_create_event_by_anybody_but_the_city_officer_is_refused(app: Flask, role: Role) -> None:
    district = "370303" if role is Role.DISTRICT_OFFICER else None
    actor = acting(make_user(role, organisation=make_organisation(), district=district))
    with pytest.raises(NotAllowed), transaction():
        operations.create_event(actor, values())
    assert db.session.scalars(select(Event)).all() == []


def test_an_event_that_ends_before_it_begins_is_refused(app: Flask) -> None:
    start, actor = clock.now(), city()
    with pytest.raises(InvalidInput) as problem, transaction():
        operations.create_event(actor, values(starts_at=start, ends_at=start))
    assert list(problem.value.errors) == ["ends_at"]


def test_an_event_cannot_be_held_before_its_day(app: Flask) -> None:
    event, actor = make_event(days=2), city()
    with pytest.raises(IllegalMove), transaction():
        operations.hold_event(actor, event)


@pytest.mark.parametrize("state", [EventState.HELD, EventState.CANCELLED])
def test_an_event_that_is_over_does_not_change_any_more(app: Flask, state: EventState) -> None:
    event, actor = make_event(state, days=-1), city()
    for attempt in (
        lambda: operations.edit_event(actor, event, values()),
        lambda: operations.hold_event(actor, event),
        lambda: operations.cancel_event(actor, event, "场地停电"),
    ):
        with pytest.raises(IllegalMove), transaction():
            attempt()


def test_cancelling_needs_a_reason_and_tells_everybody_who_registered(app: Flask) -> None:
    event, solver, actor = make_event(), make_solver(), city()
    make_attendance(event, solver=solver)
    with pytest.raises(InvalidInput), transaction():
        operations.cancel_event(actor, event, "  ")
    with transaction():
        operations.cancel_event(actor, event, "场地停电")
    told = db.session.scalars(select(Message).where(Message.user_id == solver.lead_id)).one()
    assert "场地停电" in told.body
    assert (event.state, event.cancelled_reason) == (EventState.CANCELLED, "场地停电")


def test_moving_an_event_tells_who_registered_but_a_typo_does_not(app: Flask) -> None:
    event, solver, actor = make_event(), make_solver(), city()
    make_attendance(event, solver=solver)
    with transaction():
        operations.edit_event(actor, event, {"title": "改一个字"})
    assert db.session.scalars(select(Message)).all() == []
    with transaction():
        operations.edit_event(actor, event, {"place": "另一处"})
    assert db.session.scalars(select(Message.user_id)).all() != []


def test_a_firm_registers_changes_its_number_and_withdraws(app: Flask) -> None:
    firm, event = make_organisation(), make_event()
    actor = acting(make_user(Role.FIRM_AUTHOR, organisation=firm))
    with transaction():
        first = operations.register_attendance(actor, event, organisation=firm, people=2)
    with transaction():
        again = operations.register_attendance(actor, event, organisation=firm, people=3)
    assert (first.id, again.people) == (again.id, 3)
    with transaction():
        operations.withdraw_attendance(actor, again)
    assert db.session.scalars(select(Attendance)).all() == []
    assert actions() == ["attendance:register", "attendance:register", "attendance:withdraw"]


def test_registering_for_others_is_refused(app: Flask) -> None:
    firm, event, solver = make_organisation(), make_event(), make_solver()
    stranger = acting(make_user(Role.FIRM_AUTHOR, organisation=make_organisation()))
    colleague = acting(make_user(Role.SOLVER, organisation=solver.organisation))
    university = acting(solver.lead)
    for actor, guest in (
        (stranger, {"organisation": firm}),
        (stranger, {"solver": solver}),
        (colleague, {"solver": solver}),
        (university, {"organisation": solver.organisation}),
        (acting(make_user(Role.DISTRICT_OFFICER, district="370303")), {"organisation": firm}),
    ):
        with pytest.raises(NotAllowed), transaction():
            operations.register_attendance(actor, event, **guest)


def test_unverified_firms_and_unpublished_solvers_cannot_come(app: Flask) -> None:
    firm, solver = make_organisation(state=OrganisationState.PENDING), make_solver(state=SolverState.DRAFT)
    actor, event = city(), make_event()
    with pytest.raises(NotAllowed), transaction():
        operations.register_attendance(actor, event, organisation=firm)
    with pytest.raises(NotAllowed), transaction():
        operations.register_attendance(acting(solver.lead), event, solver=solver)


@pytest.mark.parametrize(
    ("state", "days"), [(EventState.CANCELLED, 3), (EventState.HELD, -1), (EventState.PLANNED, -1)]
)
def test_registration_ends_with_the_event(app: Flask, state: EventState, days: int) -> None:
    solver, event = make_solver(), make_event(state, days=days)
    with pytest.raises(NotAllowed), transaction():
        operations.register_attendance(acting(solver.lead), event, solver=solver)


def test_the_officer_adds_who_walked_in_and_ticks_who_came(app: Flask) -> None:
    actor, event, solver = city(), make_event(days=0, state=EventState.HELD), make_solver()
    with transaction():
        attendance = operations.register_attendance(actor, event, solver=solver)
    with transaction():
        operations.mark_attended(actor, attendance, True)
    assert attendance.attended is True
    with pytest.raises(NotAllowed), transaction():
        operations.mark_attended(acting(solver.lead), attendance, False)
    with pytest.raises(DomainError), transaction():
        operations.withdraw_attendance(acting(solver.lead), attendance)


@pytest.mark.parametrize("people", [0, -1, 51])
def test_a_number_of_people_out_of_reason_is_refused(app: Flask, people: int) -> None:
    solver, event = make_solver(), make_event()
    with pytest.raises(InvalidInput), transaction():
        operations.register_attendance(acting(solver.lead), event, solver=solver, people=people)


def test_pages_of_events_run_the_same_statements_for_one_and_twenty(app: Flask) -> None:
    officer = make_user(Role.CITY_OFFICER)
    staff, visitor = client_of(app, officer), app.test_client()
    first = make_event(by=officer)
    make_attendance(first, solver=make_solver(), attended=True)
    make_attendance(first, organisation=make_organisation())
    number = first.id
    addresses = ("/events/", "/events/manage", f"/events/{number}/attendance", f"/events/{number}/sign-in-sheet")

    def counts() -> list[int]:
        found = []
        for address in addresses:
            db.session.remove()
            with statements() as seen:
                assert (staff if address != "/events/" else visitor).get(address).status_code == 200
            found.append(len(seen))
        return found

    counts()
    before = counts()
    first, officer = db.session.get_one(Event, number), make_user(Role.CITY_OFFICER)
    for _ in range(19):
        make_event(by=officer)
        make_attendance(first, solver=make_solver())
        make_attendance(first, organisation=make_organisation())
    assert counts() == before


def test_public_pages_tell_how_many_come_but_not_who(app: Flask) -> None:
    event, solver = make_event(), make_solver(name="只有名单上才有的团队")
    make_attendance(event, solver=solver)
    text = app.test_client().get(f"/events/{event.id}").text
    assert "1 个揭榜方" in text
    assert "只有名单上才有的团队" not in text


def test_forms_answer_bad_input_beside_the_field_and_keep_what_was_typed(app: Flask) -> None:
    staff = client_of(app, make_user(Role.CITY_OFFICER))
    good = {"kind": "bidding", "cycle_id": "", "title": "对接会", "place": "会展中心"}
    good |= {"starts_at": "2026-12-01T09:00", "ends_at": "2026-12-01T12:00"}
    for changed, message in (
        ({"title": ""}, "请填写此项"),
        ({"title": "长" * 121}, "最多 120 个字"),
        ({"title": "坏\0字"}, "控制字符"),
        ({"starts_at": "下周三"}, "请填写日期和时间"),
        ({"starts_at": "0001-01-01T00:00"}, "年份不合理"),
        ({"ends_at": "2026-12-01T08:00"}, "结束时间应晚于开始时间"),
        ({"kind": "party"}, 'id="kind-error"'),
        ({"cycle_id": "99999999999999999999"}, 'id="cycle_id-error"'),
    ):
        answer = staff.post("/events/new", data={**good, **changed})
        assert answer.status_code == 200, changed
        assert message in answer.text, changed
        assert "会展中心" in answer.text
    assert staff.post("/events/new", data=good | {"starts_at": "２０２６-12-01 ０9:00"}).status_code == 303


def test_unknown_and_absurd_numbers_are_not_found(app: Flask) -> None:
    staff = client_of(app, make_user(Role.CITY_OFFICER))
    for address in (
        "/events/99",
        "/events/99999999999999999999",
        "/events/99/attendance",
        "/events/contacts/99",
        "/events/0",
    ):
        assert staff.get(address).status_code == 404, address
    solver, event = make_solver(), make_event()
    lead = client_of(app, solver.lead)
    for guest in ("solver-99", "firm-1", "solver-", "solver-９", "x", "solver--1"):
        assert lead.post(f"/events/{event.id}/register", data={"guest": guest, "people": "1"}).status_code == 404, guest
    answer = lead.post(f"/events/{event.id}/register", data={"guest": f"solver-{solver.id}", "people": "三人"})
    assert answer.status_code == 200
    assert "三人" in answer.text


def test_a_solver_registers_and_withdraws_in_the_browser(app: Flask) -> None:
    solver, event = make_solver(), make_event()
    lead = client_of(app, solver.lead)
    lead.post(f"/events/{event.id}/register", data={"guest": f"solver-{solver.id}", "people": "2"})
    attendance = db.session.scalars(select(Attendance)).one()
    assert "已报名 2 人" in lead.get(f"/events/{event.id}").text
    lead.post(f"/events/{event.id}/withdraw/{attendance.id}")
    db.session.remove()
    assert db.session.scalars(select(Attendance)).all() == []


def test_ticks_are_saved_for_everybody_on_the_list_at_once(app: Flask) -> None:
    event = make_event(EventState.HELD, days=-1)
    came = make_attendance(event, solver=make_solver()).id
    stayed = make_attendance(event, solver=make_solver(), attended=True).id
    staff = client_of(app, make_user(Role.CITY_OFFICER))
    assert staff.post(f"/events/{event.id}/attendance", data={"came": [str(came)]}).status_code == 303
    db.session.remove()
    found = {row.id: row.attended for row in db.session.scalars(select(Attendance))}
    assert found == {came: True, stayed: False}
