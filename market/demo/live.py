"""The live cycle: work waiting in every state for every demo login, moved so that it is always the present."""

from datetime import date, timedelta
from typing import Any

from market.demo.awards import AwardStory
from market.demo.cast import Cast
from market.demo.diary import Diary
from market.demo.files import read
from market.demo.needs import NeedStory
from market.demo.objections import ObjectionStory
from market.demo.outcomes import OutcomeStory, tell_frozen_months
from market.demo.panels import UNDER_REVIEW, tell_panel
from market.demo.values import day

WRITTEN_ON = date(2026, 11, 22)
# Long enough for five working days with the longest holiday between them.
NOTICE_DAYS = 17


class LiveCycle:
    def __init__(self, cast: Cast, diary: Diary, today: date) -> None:
        self.cast, self.diary, self.today = cast, diary, today
        self.offset = today - WRITTEN_ON
        self.bids = [self._moved(bid) for bid in read("bids_2026")]
        self.contracts = {entry["need"]: self._moved(entry) for entry in read("contracts_2026")}

    def _moved(self, value: Any) -> Any:
        """The same entry with every date moved by as many days as have passed since it was written."""
        if isinstance(value, dict):
            return {key: self._moved(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._moved(inner) for inner in value]
        if isinstance(value, str) and len(value) == 10 and value[4] == value[7] == "-" and value[:4].isdigit():
            return (day(value) + self.offset).isoformat()
        return value

    def tell(self) -> None:
        for raw in read("needs_2026"):
            entry = self._moved(raw)
            story = NeedStory(self.cast, self.diary, entry, "live")
            self._need(story, entry)
            if entry["posted_on"]:
                story.post_on(day(entry["posted_on"]), day(entry["bid_deadline"]))
                self._award(entry)

    def _need(self, story: NeedStory, entry: dict[str, Any]) -> None:
        note, state = self.diary.note, entry["state"]
        if not entry["submitted_on"]:
            note(self.today - timedelta(days=2), "15:00", story.write)
            return
        on = day(entry["submitted_on"])
        note(on, "09:30", story.write)
        note(on, "10:30", story.submit)
        if state == "district_check":
            return
        if state == "returned":
            remarks = {"indicators": entry["return_reason"]}
            note(on + timedelta(days=2), "14:00", story.send_back, "district", entry["return_reason"], remarks)
            return
        note(on + timedelta(days=3), "14:00", story.recommend)
        if state == "formal_check":
            return
        note(on + timedelta(days=6), "15:00", story.pass_formal)
        if state == "validating":
            return
        note(on + timedelta(days=12), "16:00", story.validate, True)
        if entry["key"].endswith("L3"):
            # One waits for its firm's confirmation, one for the head's approval.
            note(self.today - timedelta(days=3), "09:00", story.prepare, 30)
        if entry["key"].endswith("C20"):
            note(self.today - timedelta(days=3), "09:10", story.prepare, 30)
            note(self.today - timedelta(days=2), "09:10", story.confirm)
            note(self.today - timedelta(days=1), "09:10", story.propose)

    def _award(self, entry: dict[str, Any]) -> None:
        contract = self.contracts.get(entry["key"])
        story = AwardStory(self.cast, self.diary, entry["key"], self.bids, contract)
        signed = day((contract or {}).get("signed_on") or entry["bid_deadline"])
        for bid in story.bids:
            if bid["submitted_on"]:
                self.diary.note(day(bid["submitted_on"]), "14:00", story.draft, bid, signed)
                self.diary.note(day(bid["submitted_on"]), "15:30", story.submit, bid)
            else:
                self.diary.note(self.today - timedelta(days=1), "16:00", story.draft, bid, signed)
        if entry["state"] not in ("posted", "closed"):
            self._decide(story, entry, contract)

    def _decide(self, story: AwardStory, entry: dict[str, Any], contract: dict[str, Any] | None) -> None:
        deadline, state = day(entry["bid_deadline"]), entry["state"]
        story.open_on(deadline + timedelta(days=1), screened=state != "opened")
        if state == "opened":
            return
        if state in UNDER_REVIEW:
            tell_panel(story, state, self.today)
            return
        story.review_on(deadline + timedelta(days=8))
        effective = None
        if contract:
            signed = contract["signed_on"]
            effective = day(signed) if signed else day(entry["notice_from"]) + timedelta(days=NOTICE_DAYS)
            effective -= timedelta(days=1)
        if entry["key"].endswith("C23"):
            # This one waits for the head's approval.
            self.diary.note(self.today - timedelta(days=1), "15:00", story.prepare_notice)
        else:
            story.notice_on(day(entry["notice_from"]), effective)
        if entry["objection"]:
            ObjectionStory(story, entry["objection"]).tell()
        if state == "next_in_rank":
            self.diary.note(self.today - timedelta(days=2), "15:20", story.draft_notice)
        if contract:
            self._contract(story, entry["poster"], contract)

    def _contract(self, story: AwardStory, poster: str, contract: dict[str, Any]) -> None:
        if contract["signed_on"]:
            story.contract_signed(poster)
            story.milestones_pass(poster)
            story.money_flows("live")
            OutcomeStory(story, poster).tell(self.today)
            return
        if contract["drafted_on"]:
            self.diary.note(day(contract["drafted_on"]), "10:00", story.draft_contract)
        if contract["agreed_on"]:
            self.diary.note(day(contract["agreed_on"]), "15:00", story.confirm_both, poster)


def tell_live(cast: Cast, diary: Diary, today: date) -> None:
    LiveCycle(cast, diary, today).tell()
    tell_frozen_months(cast, diary, today)
