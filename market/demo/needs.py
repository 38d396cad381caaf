"""Needs and challenges of both cycles, from the firm's draft to the posting, written into the diary."""

from datetime import date, timedelta
from typing import Any

from market.accounts.models import Organisation
from market.attachments.queries import attachments_of
from market.challenges.models import Challenge
from market.challenges.operations import (
    approve_challenge,
    close_due_challenges,
    confirm_challenge,
    prepare_challenge,
    propose_challenge,
)
from market.database import db
from market.demo.cast import Cast
from market.demo.diary import Diary
from market.demo.files import read
from market.demo.scans import small_pdf
from market.demo.values import day, need_values
from market.needs.models import Need
from market.needs.operations import (
    COMMITMENT,
    attach_commitment,
    create_need,
    pass_formal_check,
    recommend_need,
    record_validation,
    refuse_need,
    return_need,
    submit_need,
    withdraw_need,
)
from market.programmes.models import Cycle

VISIT = "到企业现场走访，查看了产线与不合格品记录，与技术负责人核对了指标和投入，情况属实。"
PANEL = ("论证专家甲", "论证专家乙", "论证专家丙", "论证专家丁", "论证专家戊")


class NeedStory:
    """What happens to one need; every method is one person's act."""

    def __init__(self, cast: Cast, diary: Diary, entry: dict[str, Any], cycle: str) -> None:
        self.cast, self.diary, self.entry, self.cycle = cast, diary, entry, cycle
        self.key: str = entry["key"]
        self.author = f"author-{entry['poster']}"
        self.signatory = f"signatory-{entry['poster']}"
        self.district = _officer_of(entry["poster"])

    @property
    def need(self) -> Need:
        return self.diary.get(Need, self.key)

    @property
    def challenge(self) -> Challenge:
        return self.diary.get(Challenge, self.key)

    def write(self) -> None:
        organisation = db.session.get_one(Organisation, self.cast.organisations[self.entry["poster"]])
        values = need_values(self.entry)
        need = create_need(self.cast.actor(self.author), self.diary.get(Cycle, self.cycle), organisation, values)
        self.diary.keep("need", self.key, need)

    def submit(self) -> None:
        if not attachments_of(self.need, COMMITMENT):
            attach_commitment(self.cast.actor(self.author), self.need, small_pdf(f"commitment {self.key}"))
        submit_need(self.cast.actor(self.signatory), self.need)

    def recommend(self) -> None:
        recommend_need(self.cast.actor(self.district), self.need, VISIT)

    def pass_formal(self) -> None:
        pass_formal_check(self.cast.actor("city-officer-1"), self.need)

    def validate(self, accept: bool, reason: str = "") -> None:
        base = 82 if accept else 52
        scores = [
            {"expert": name, "score": base + offset} for name, offset in zip(PANEL, (-6, -2, 0, 3, 5), strict=True)
        ]
        record_validation(self.cast.actor("city-officer-1"), self.need, scores, accept, reason)

    def send_back(self, stage: str, reason: str, remarks: dict[str, str]) -> None:
        officer = self.district if stage == "district" else "city-officer-1"
        return_need(self.cast.actor(officer), self.need, remarks, reason)

    def refuse(self, stage: str, reason: str) -> None:
        officer = self.district if stage == "district" else "city-officer-1"
        refuse_need(self.cast.actor(officer), self.need, reason)

    def withdraw(self, reason: str) -> None:
        withdraw_need(self.cast.actor(self.signatory), self.need, reason)

    def prepare(self, days: int) -> None:
        challenge = prepare_challenge(self.cast.actor("city-officer-1"), self.need, days)
        self.diary.keep("challenge", self.key, challenge)

    def confirm(self) -> None:
        confirm_challenge(self.cast.actor(self.signatory), self.challenge)

    def propose(self) -> None:
        propose_challenge(self.cast.actor("city-officer-1"), self.challenge)

    def approve(self) -> None:
        approve_challenge(self.cast.actor("division-head"), self.challenge)

    def post_on(self, on: date, deadline: date) -> None:
        """The four acts of a posting, and the closing by the clock."""
        note = self.diary.note
        note(on, "09:00", self.prepare, (deadline - on).days)
        note(on, "09:40", self.confirm)
        note(on, "10:20", self.propose)
        note(on, "11:00", self.approve)
        self.diary.tick(deadline + timedelta(days=1), "00:00", close_due_challenges)


def _officer_of(organisation: str) -> str:
    district = next(o["district"] for o in read("organisations") if o["key"] == organisation)
    return next(p["key"] for p in read("people") if p["district"] == district)


def tell_2021(cast: Cast, diary: Diary) -> None:
    """The 97 needs of the first year with what became of each."""
    for entry in read("needs_2021"):
        story = NeedStory(cast, diary, entry, "2021")
        note = diary.note
        submitted = day(entry["submitted_on"])
        note(submitted, "09:30", story.write)
        note(submitted, "10:30", story.submit)
        stage = entry.get("outcome_stage")
        if entry["district_checked_on"] and stage != "district":
            note(day(entry["district_checked_on"]), "14:00", story.recommend)
        if entry["formal_checked_on"] and stage not in ("district", "formal"):
            note(day(entry["formal_checked_on"]), "15:00", story.pass_formal)
        if entry["validated_on"] and entry["outcome"] in ("posted", "shelved"):
            note(day(entry["validated_on"]), "16:00", story.validate, True)
        if entry["outcome"] == "posted":
            story.post_on(day(entry["posted_on"]), day(entry["bid_deadline"]))
        elif entry["outcome"] != "shelved":
            _end_early(story, entry, stage)


def _end_early(story: NeedStory, entry: dict[str, Any], stage: str | None) -> None:
    on, reason = day(entry["decided_on"]), entry["outcome_reason"]
    note = story.diary.note
    if entry["outcome"] == "withdrawn":
        note(on, "16:30", story.withdraw, reason)
    elif entry["outcome"] == "returned":
        note(on, "16:30", story.send_back, stage, reason, {})
    elif stage == "validation":
        note(on, "16:30", story.validate, False, reason)
    else:
        note(on, "16:30", story.refuse, stage, reason)
