"""Solver profiles, registered by their leads on the days the data files name."""

from datetime import date, timedelta
from typing import Any

from market.accounts.models import Organisation, User
from market.database import db
from market.demo.cast import Cast
from market.demo.diary import Diary
from market.demo.files import read
from market.demo.values import day, solver_works
from market.reviews.operations import register_expert
from market.solvers.models import Solver, SolverKind
from market.solvers.operations import add_achievements, create_solver, list_solver, set_members, verify_solver


class SolverStory:
    def __init__(self, cast: Cast, diary: Diary, entry: dict[str, Any]) -> None:
        self.cast, self.diary, self.entry = cast, diary, entry

    def register(self) -> None:
        entry = self.entry
        organisation = db.session.get_one(Organisation, self.cast.organisations[entry["organisation"]])
        solver = create_solver(
            self.cast.actor(entry["lead"]),
            {
                "kind": SolverKind(entry["kind"]),
                "name": entry["name"],
                "name_en": entry["name_en"],
                "organisation_id": organisation.id,
                "country": organisation.country,
                **{
                    k: entry[k]
                    for k in ("title", "directions", "keywords", "profile_zh", "profile_en", "cooperation_modes")
                },
            },
        )
        self.diary.keep("solver", entry["key"], solver)
        # Registering a team may have made its lead a 团队负责人.
        self.cast.actors.pop(entry["lead"], None)

    def complete(self) -> None:
        actor, solver = self.cast.actor(self.entry["lead"]), self.diary.get(Solver, self.entry["key"])
        add_achievements(actor, solver, solver_works(self.entry))
        if self.entry["partners"]:
            names = [
                db.session.get_one(Organisation, self.cast.organisations[key]).name for key in self.entry["partners"]
            ]
            set_members(
                actor,
                solver,
                [{"name": f"{name}课题组", "organisation_name": name, "role": "参加单位"} for name in names],
            )
        list_solver(actor, solver)

    def verify(self) -> None:
        verify_solver(self.cast.actor("city-officer-2"), self.diary.get(Solver, self.entry["key"]))


def tell_solvers(cast: Cast, diary: Diary, latest: date) -> None:
    for entry in read("solvers"):
        story, on = SolverStory(cast, diary, entry), min(day(entry["registered_on"]), latest - timedelta(days=10))
        diary.note(on, "09:00", story.register)
        diary.note(on, "09:20", story.complete)
        diary.note(on + timedelta(days=2), "14:00", story.verify)


def register_experts(cast: Cast) -> None:
    for person in read("people"):
        if "expert" not in person["roles"]:
            continue
        fields = [code for code in person["expert_fields"] if code != "finance"]
        register_expert(
            cast.actor("city-officer-1"),
            db.session.get_one(User, cast.people[person["key"]]),
            {
                "organisation_id": cast.organisations[person["organisation"]],
                "title": person["title"],
                "fields": fields,
                "is_financial": "finance" in person["expert_fields"],
            },
        )
