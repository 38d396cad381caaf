"""Objections of the live cycle: received, looked into near the limit of the answer, upheld and followed up."""

from typing import Any

from market.demo.awards import CLERK, HEAD, AwardStory
from market.demo.values import day
from market.notices.models import Objection, ObjectionState, Remedy
from market.notices.objections import accept_objection, decide_objection, record_finding, submit_objection
from market.permissions import ANONYMOUS


class ObjectionStory:
    """One objection; ``entry`` names the day of each step that was taken."""

    def __init__(self, story: AwardStory, entry: dict[str, Any]) -> None:
        self.story, self.cast, self.diary, self.entry = story, story.cast, story.diary, entry

    @property
    def objection(self) -> Objection:
        return self.diary.get(Objection, self.story.key)

    def tell(self) -> None:
        steps = (
            ("raised_on", "11:00", self.raise_it),
            ("accepted_on", "09:20", self.accept),
            ("found_on", "16:20", self.find),
            ("decided_on", "10:50", self.decide),
        )
        for when, at, work in steps:
            if self.entry[when]:
                self.diary.note(day(self.entry[when]), at, work)

    def raise_it(self) -> None:
        entry = self.entry
        words = {"name": entry["name"], "phone": entry["phone"], "email": entry["email"], "grounds": entry["text"]}
        self.diary.keep("objection", self.story.key, submit_objection(ANONYMOUS, self.story.notice, words))

    def accept(self) -> None:
        accept_objection(self.cast.actor(CLERK), self.objection)

    def find(self) -> None:
        record_finding(self.cast.actor(CLERK), self.objection, self.entry["finding"])

    def decide(self) -> None:
        """Who was to win falls when the next in rank takes the place; a new review needs nobody to fall."""
        remedy = Remedy(self.entry["remedy"])
        fallen = [self.story.winning_bid.id] if remedy is Remedy.NEXT_IN_RANK else []
        outcome = ObjectionState(self.entry["outcome"])
        decide_objection(self.cast.actor(HEAD), self.objection, outcome, self.entry["answer"], remedy, fallen)
