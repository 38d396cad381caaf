"""The two 揭榜 events of the first year and the contacts that came of them; a coming event of the live cycle."""

from datetime import date, datetime, time, timedelta
from typing import Any

from market import clock
from market.accounts.models import Organisation
from market.challenges.models import Challenge
from market.database import db
from market.demo.cast import Cast
from market.demo.diary import Diary
from market.demo.files import read
from market.demo.values import day
from market.events.models import Attendance, ContactResult, Event, EventKind
from market.events.operations import (
    create_event,
    hold_event,
    mark_attended,
    record_contact,
    register_attendance,
)
from market.permissions import Actor
from market.programmes.models import Cycle
from market.solvers.models import Solver

ORGANISER = "市科学技术局主管处室"


class EventStory:
    def __init__(self, cast: Cast, diary: Diary, entry: dict[str, Any], cycle: str) -> None:
        self.cast, self.diary, self.entry, self.cycle = cast, diary, entry, cycle

    @property
    def event(self) -> Event:
        return self.diary.get(Event, self.entry["key"])

    def announce(self) -> None:
        on = day(self.entry["held_on"])
        event = create_event(
            self.cast.actor("city-officer-1"),
            {
                "kind": EventKind.BIDDING,
                "title": self.entry["name"],
                "place": self.entry["place"],
                "description": self.entry["summary"],
                "starts_at": datetime.combine(on, time(9, 0), clock.SHANGHAI),
                "ends_at": datetime.combine(on, time(17, 0), clock.SHANGHAI),
                "organiser": ORGANISER,
                "cycle_id": self.diary.get(Cycle, self.cycle).id,
            },
        )
        self.diary.keep("event", self.entry["key"], event)

    def register(self) -> None:
        for key in self.entry["firms"]:
            firm = db.session.get_one(Organisation, self.cast.organisations[key])
            register_attendance(self.cast.of_firm("author", key), self.event, organisation=firm, people=2)
        leads = {entry["key"]: entry["lead"] for entry in read("solvers")}
        for key in self.entry["teams"]:
            solver = self.diary.get(Solver, key)
            register_attendance(self.cast.actor(leads[key]), self.event, solver=solver, people=2)

    def hold(self) -> None:
        officer = self.cast.actor("city-officer-1")
        hold_event(officer, self.event)
        rows = db.session.query(Attendance).filter(Attendance.event_id == self.event.id).order_by(Attendance.id)
        for attendance in rows.all():
            mark_attended(officer, attendance, True)


def tell_meetings(cast: Cast, diary: Diary) -> None:
    data = read("events_2021")
    for entry in data["events"]:
        story, on = EventStory(cast, diary, entry, "2021"), day(entry["held_on"])
        diary.note(on - timedelta(days=12), "10:00", story.announce)
        diary.note(on - timedelta(days=6), "10:00", story.register)
        diary.note(on, "17:10", story.hold)
    for entry in data["contacts"]:
        diary.note(day(entry["date"]), "17:40", _contact, cast, diary, entry)


def _contact(cast: Cast, diary: Diary, entry: dict[str, Any]) -> None:
    officer: Actor = cast.actor(entry["recorded_by"])
    record_contact(
        officer,
        day(entry["date"]),
        db.session.get_one(Organisation, cast.organisations[entry["poster"]]),
        diary.get(Solver, entry["team"]),
        entry["mode"],
        ContactResult(entry["result"]),
        entry["next_action"],
        event=diary.get(Event, entry["event"]) if entry["event"] else None,
        challenge=diary.get(Challenge, entry["need"]) if ("challenge", entry["need"]) in diary.ids else None,
    )


def tell_coming_event(cast: Cast, diary: Diary, today: date) -> None:
    """An event of the live cycle in two weeks, open for registration."""
    entry = {
        "key": "E-live",
        "name": "新材料与高端装备揭榜对接会",
        "held_on": (today + timedelta(days=16)).isoformat(),
        "place": "市科技会展中心二层报告厅（虚构）",
        "summary": "发榜企业逐题讲解指标与现场条件，揭榜团队分桌洽谈；可线上参加，会前一天发送会议号。",
    }
    diary.note(today - timedelta(days=5), "10:00", EventStory(cast, diary, entry, "live").announce)
