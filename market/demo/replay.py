"""Load the demo: import the registry, then play the diary of 2021 to today through the operations."""

from copy import deepcopy
from datetime import date, datetime, time, timedelta
from typing import Any

import click
from flask import current_app
from sqlalchemy import select

from market import clock
from market.challenges.models import Challenge, ChallengeState, NoAwardReason
from market.clock import SHANGHAI
from market.database import db, transaction
from market.demo.awards import AwardStory
from market.demo.bureau import tell_bureau
from market.demo.cast import PASSPHRASE, PASSWORD, Cast, load_cast
from market.demo.diary import Diary
from market.demo.files import read
from market.demo.invitations import decline_just_now, tell_invitations
from market.demo.live import tell_live
from market.demo.meetings import tell_coming_event, tell_meetings
from market.demo.needs import tell_2021
from market.demo.newcomers import tell_newcomers
from market.demo.outcomes import OutcomeStory, tell_refund_under_way
from market.demo.progress import progress
from market.demo.solver_side import tell_solvers_of_challenges, write_vague_draft
from market.demo.solvers import register_experts, tell_solvers
from market.demo.values import day
from market.jobs.models import Outbox
from market.jobs.outbox import deliver_due
from market.money import format_wan, parse_wan
from market.payouts.models import PayoutKind
from market.payouts.operations import create_budget_line
from market.permissions import ROLE_LABELS, Role
from market.programmes.models import Cycle, Programme, ProgrammeRules
from market.programmes.operations import close_cycle, create_cycle, create_programme, open_cycle, publish_rules
from market.programmes.rules import Rules
from market.sealing.operations import create_officer_key
from market.search.index import rebuild

BEGIN = datetime(2021, 2, 22, 9, 0, tzinfo=SHANGHAI)
HOLDERS = ("city-officer-1", "city-officer-2", "division-head")
BUDGET_2021, BUDGET_LATER, BUDGET_LIVE = "1200.00", "2400.00", "800.00"


def load() -> None:
    """Fill an empty, migrated database; shows progress. Loading twice is refused by the command."""
    diary = Diary()
    with clock.at(BEGIN):
        cast = load_cast()
    today = clock.today()
    diary.note(BEGIN.date(), "10:00", _set_up, cast, diary)
    diary.note(date(2021, 5, 1), "00:10", _close, cast, diary)
    tell_solvers(cast, diary, today)
    tell_2021(cast, diary)
    _tell_awards_2021(cast, diary, today)
    tell_meetings(cast, diary)
    _tell_live_set_up(cast, diary, today)
    tell_live(cast, diary, today)
    tell_bureau(cast, diary, today)
    tell_coming_event(cast, diary, today)
    tell_newcomers(cast, diary, today)
    tell_invitations(cast, diary, today)
    diary.note(today - timedelta(days=1), "16:30", write_vague_draft, cast, diary)
    # The worker is not running yet; the outbox waits for it.
    current_app.extensions["wake_worker"] = lambda: None
    with progress("重放 2021 年度与进行中的批次", len(diary.pages)) as step:
        diary.play(step)
    _settle(cast)


def _set_up(cast: Cast, diary: Diary) -> None:
    officer = cast.actor("city-officer-1")
    programme = create_programme(
        officer,
        {
            "code": "ZBJB",
            "name": "揭榜挂帅·全球引才",
            "name_en": "Challenge and Lead",
            "description": "企业出题、全球揭榜、政府奖补",
        },
    )
    diary.keep("programme", "ZBJB", programme)
    rules = publish_rules(officer, programme, _rules(), "揭榜挂帅项目管理办法（演示）")
    for holder in HOLDERS:
        create_officer_key(cast.actor(holder), PASSPHRASE)
    register_experts(cast)
    cycle = create_cycle(
        officer, programme, _cycle_values(2021, "2021 年度批次", date(2021, 3, 1), date(2021, 4, 30), rules)
    )
    diary.keep("cycle", "2021", cycle)
    open_cycle(officer, cycle)
    _budget(cast, diary, "2021", "2021", BUDGET_2021)


def _rules() -> dict[str, Any]:
    return Rules(fiscal_base="contract", fiscal_share=60, fiscal_cap_fen=parse_wan("400")).model_dump(mode="json")


def _cycle_values(year: int, name: str, first: date, last: date, rules: ProgrammeRules) -> dict[str, Any]:
    return {
        "year": year,
        "name": name,
        "opens_at": datetime.combine(first, time(0, 0), SHANGHAI),
        "closes_at": datetime.combine(last, time(23, 59, 59), SHANGHAI),
        "rules": rules,
    }


def _close(cast: Cast, diary: Diary) -> None:
    close_cycle(cast.actor("city-officer-1"), diary.get(Cycle, "2021"))


def _budget(cast: Cast, diary: Diary, key: str, cycle: str, amount: str) -> None:
    line = create_budget_line(
        cast.actor("finance-checker"),
        diary.get(Cycle, cycle),
        f"RC-{key}",
        "揭榜挂帅人才奖励资金",
        PayoutKind.REWARD,
        f"财教指〔{key}〕18 号（演示）",
        parse_wan(amount),
    )
    diary.keep("budget_line", key, line)


def _tell_live_set_up(cast: Cast, diary: Diary, today: date) -> None:
    diary.note(date(2022, 3, 1), "10:00", _budget, cast, diary, "2022", "2021", BUDGET_LATER)
    opened = today - timedelta(days=270)
    diary.note(opened, "09:00", _open_live, cast, diary, today)


def _open_live(cast: Cast, diary: Diary, today: date) -> None:
    officer = cast.actor("city-officer-1")
    programme = diary.get(Programme, "ZBJB")
    rules = (
        db.session.query(ProgrammeRules).filter_by(programme_id=programme.id).order_by(ProgrammeRules.version.desc())
    )
    newest = rules.first()
    assert newest is not None
    first, last = today - timedelta(days=272), today + timedelta(days=60)
    cycle = create_cycle(officer, programme, _cycle_values(today.year, f"{today.year} 年度批次", first, last, newest))
    diary.keep("cycle", "live", cycle)
    open_cycle(officer, cycle)
    _budget(cast, diary, "live", "live", BUDGET_LIVE)


def _tell_awards_2021(cast: Cast, diary: Diary, today: date) -> None:
    """Every post of 2021 is opened; eleven are signed, three fail in the review, the others had no bid."""
    contracts = {entry["need"]: _paid_to_the_end(entry) for entry in read("contracts_2021")}
    bids = read("bids_2021")
    for entry in read("needs_2021"):
        if entry["outcome"] != "posted":
            continue
        contract = contracts.get(entry["key"])
        story = AwardStory(cast, diary, entry["key"], bids, contract)
        deadline = day(entry["bid_deadline"])
        opened = day(contract["opened_on"]) if contract else deadline + timedelta(days=4)
        story.bids_come(day(contract["signed_on"]) if contract else deadline)
        story.open_on(opened)
        if contract:
            signed, poster = day(contract["signed_on"]), entry["poster"]
            story.review_on(day(contract["reviewed_on"]))
            story.notice_on(day(contract["notice_from"]), signed - timedelta(days=1))
            story.contract_signed(poster)
            story.milestones_pass(poster)
            story.money_flows("2021")
            last = contract["milestones"][-1]
            diary.note(day(last["accepted_on"]) + timedelta(days=20), "10:00", story.complete)
            OutcomeStory(story, poster).tell(today)
            tell_refund_under_way(story, today)
        elif story.bids:
            story.review_on(opened + timedelta(days=7))
            diary.note(opened + timedelta(days=10), "10:00", story.no_award, NoAwardReason.NONE_QUALIFIED)
        else:
            diary.note(opened + timedelta(days=3), "10:00", story.no_award, NoAwardReason.NO_BID)


def _paid_to_the_end(contract: dict[str, Any]) -> dict[str, Any]:
    """The data name what happened in 2021; the later milestones were met on their days and paid three weeks after."""
    contract = deepcopy(contract)
    for milestone in contract["milestones"]:
        if milestone["reported_on"]:
            continue
        due = day(milestone["due"])
        milestone["reported_on"] = due.isoformat()
        milestone["accepted_on"] = (due + timedelta(days=8)).isoformat()
        # One is left for the finance maker to request.
        if (contract["key"], milestone["seq"]) != ("K21-11", 3):
            contract["payouts"].append(_later_payout(contract, milestone, due))
    return contract


def _later_payout(contract: dict[str, Any], milestone: dict[str, Any], due: date) -> dict[str, Any]:
    number = len(contract["payouts"]) + 1
    entitlement = parse_wan(contract["talent_reward"]["entitlement"])
    steps = {"requested_on": 14, "finance_checked_on": 16, "approved_on": 19, "confirmed_on": 22}
    return {
        "seq": number,
        "milestone_seq": milestone["seq"],
        "amount": format_wan(entitlement * milestone["percent"] // 100),
        "bank_reference": f"ZBCZ{due.year}{contract['key'][-2:]}{number:02d}",
        "line": "2022",
        **{name: (due + timedelta(days=days)).isoformat() for name, days in steps.items()},
    }


def _settle(cast: Cast) -> None:
    """Mails of the past were read long ago; index and matcher are brought up to date by the worker's own means."""
    still_open = set(db.session.scalars(select(Challenge.id).where(Challenge.state == ChallengeState.POSTED)))
    with transaction() as session:
        for row in session.scalars(select(Outbox).where(Outbox.done_at.is_(None))):
            if row.topic != "matches.rank" or row.payload["challenge_id"] not in still_open:
                row.done_at = clock.now()
    click.echo("建立检索索引与匹配…")
    rebuild()
    deliver_due()
    tell_solvers_of_challenges(cast)
    decline_just_now(cast)


def print_logins() -> None:
    """One login per role, with the shared password."""
    click.echo(f"\n演示账号（密码均为 {PASSWORD}；开启口令 {PASSPHRASE}）：")
    shown = [person for person in read("people") if person["demo"]]
    for person in shown:
        roles = "、".join(ROLE_LABELS[Role(role)] for role in person["roles"])
        click.echo(f"  {person['email']:<36} {person['name']}（{roles}）")
