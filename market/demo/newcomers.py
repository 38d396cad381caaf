"""People at the door of the live cycle: firms and scholars to verify, a member to admit, an open invitation."""

from datetime import date, timedelta
from typing import Any

from stdnum.cn import uscc

from market.accounts.models import Organisation, OrganisationKind
from market.accounts.operations import NewOrganisation, NewPerson, invite, register_person
from market.accounts.queries import user_by_email
from market.accounts.sessions import actor_of
from market.database import db
from market.demo.cast import PASSWORD, Cast
from market.demo.diary import Diary
from market.demo.files import read
from market.permissions import ANONYMOUS, Actor, Role
from market.solvers.models import AchievementKind, Solver, SolverKind
from market.solvers.operations import add_achievements, create_solver, hide_solver, list_solver

# (name, e-mail, firm, district, number)
FIRMS = (
    ("袁知禾", "yuan@example.invalid", "淄博临清高分子材料有限公司（虚构）", "370305", "9137030500000X8T1"),
    ("闻思齐", "wen@example.invalid", "淄博齐芯传感技术有限公司（虚构）", "370371", "9137037100000X8T2"),
)


def _firm_comes(name: str, email: str, firm: str, district: str, number: str) -> None:
    details = NewOrganisation(
        kind=OrganisationKind.FIRM,
        name=firm,
        uscc=number + uscc.calc_check_digit(number),
        district_code=district,
        registered_on=date(2018, 4, 16),
        contact_name=name,
    )
    register_person(ANONYMOUS, NewPerson(name, email, PASSWORD), organisation=details)


def _colleague_asks(cast: Cast) -> None:
    institute = db.session.get_one(Organisation, cast.organisations["lzceram"])
    register_person(ANONYMOUS, NewPerson("程砚", "cheng@example.invalid", PASSWORD), join=institute)


def _expert_is_invited(cast: Cast) -> None:
    invite(cast.actor("administrator"), "expert.new@example.invalid", Role.EXPERT)


class ScholarStory:
    """Somebody who registered an account and a profile; nobody of the office has looked at it."""

    def __init__(self, diary: Diary, entry: dict[str, Any]) -> None:
        self.diary, self.entry = diary, entry

    @property
    def solver(self) -> Solver:
        return self.diary.get(Solver, self.entry["key"])

    def _actor(self) -> Actor:
        user = user_by_email(self.entry["email"])
        assert user is not None, self.entry["email"]
        return actor_of(user)

    def register(self) -> None:
        register_person(ANONYMOUS, NewPerson(self.entry["person"], self.entry["email"], PASSWORD))

    def begin(self) -> None:
        entry = self.entry
        texts = ("name", "name_en", "title", "directions", "keywords", "profile_zh", "cooperation_modes")
        values = {key: entry[key] for key in texts} | {"profile_en": entry.get("profile_en", "")}
        solver = create_solver(self._actor(), {"kind": SolverKind(entry["kind"]), **values})
        self.diary.keep("solver", entry["key"], solver)

    def publish(self) -> None:
        works = [{"kind": AchievementKind.ACHIEVEMENT, **work} for work in self.entry["achievements"]]
        add_achievements(self._actor(), self.solver, works)
        list_solver(self._actor(), self.solver)

    def hide(self) -> None:
        hide_solver(self._actor(), self.solver)

    def tell(self, today: date) -> None:
        """How far each came: a draft, a listed profile that waits for its verification, one hidden again."""
        self.diary.note(today - timedelta(days=3), "19:30", self.register)
        self.diary.note(today - timedelta(days=3), "19:50", self.begin)
        if self.entry["end"] != "draft":
            self.diary.note(today - timedelta(days=3), "20:20", self.publish)
        if self.entry["end"] == "hidden":
            self.diary.note(today - timedelta(days=1), "20:40", self.hide)


def tell_newcomers(cast: Cast, diary: Diary, today: date) -> None:
    for entry in FIRMS:
        diary.note(today - timedelta(days=2), "10:30", _firm_comes, *entry)
    for entry in read("newcomers_2026"):
        ScholarStory(diary, entry).tell(today)
    diary.note(today - timedelta(days=1), "11:30", _colleague_asks, cast)
    diary.note(today - timedelta(days=1), "14:30", _expert_is_invited, cast)
