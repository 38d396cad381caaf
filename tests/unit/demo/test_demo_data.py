"""The demo's data files keep the published totals of the first year and refer to each other without gaps."""

import json
import re
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from stdnum.cn import uscc

import market

DATA = Path(market.__path__[0]) / "demo" / "data"
TODAY = date(2026, 11, 22)
LIVE_STATES = {
    'draft', 'district_check', 'formal_check', 'returned', 'validating', 'validated', 'posted', 'closed',
    'opened', 'panel_drawn', 'declaring', 'under_review', 'ranked', 'in_notice', 'objected', 're_review', 'next_in_rank',
    'awarded', 'contract_draft', 'contract_agreed', 'contract_running', 'milestone_reported', 'payout_requested',
    'payout_checked',
}  # fmt: skip
VAGUE = re.compile("国际先进|国内领先|显著|大幅|明显")


def load(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


def by_key(name: str) -> dict[str, Any]:
    return {row["key"]: row for row in load(name)}


def total(values: Any) -> Decimal:
    return sum((Decimal(value) for value in values), Decimal())


ORGANISATIONS = by_key("organisations")
PEOPLE = by_key("people")
SOLVERS = by_key("solvers")
NEEDS = by_key("needs_2021")
LIVE = by_key("needs_2026")
DISTRICTS = {row["code"] for row in load("districts")}
INDUSTRIES = {row["code"] for row in load("taxonomy")["industries"]}
FIELDS = {row["code"]: row["industry"] for row in load("taxonomy")["tech_fields"]}
POSTED = [need for need in NEEDS.values() if need["outcome"] == "posted"]
CONTRACTS = {"2021": load("contracts_2021"), "2026": load("contracts_2026")}
BIDS = {"2021": load("bids_2021"), "2026": load("bids_2026")}
ALL_NEEDS = list(NEEDS.values()) + list(LIVE.values())


def test_first_year_has_the_published_counts_of_needs_and_posts() -> None:
    assert len(NEEDS) == 97
    assert Counter(need["amount"]["kind"] for need in POSTED) == {"fixed": 45, "unlimited": 10}
    assert total(n["amount"]["value"] for n in POSTED if n["amount"]["kind"] == "fixed") == 3785
    assert all("2021-03-01" <= need["submitted_on"] <= "2021-04-30" for need in NEEDS.values())


def test_needs_not_posted_say_where_and_why() -> None:
    others = [need for need in NEEDS.values() if need["outcome"] != "posted"]
    assert {need["outcome"] for need in others} == {"returned", "refused", "withdrawn", "shelved"}
    for need in others:
        assert need["outcome_stage"] in {"district", "formal", "validation"}
        assert len(need["outcome_reason"]) >= 10
        assert need["decided_on"] >= need["submitted_on"]


def test_first_year_contracts_have_the_published_sums() -> None:
    contracts = CONTRACTS["2021"]
    assert len(contracts) == 11
    assert total(contract["rd_input"] for contract in contracts) == 16607
    payouts = [payout for contract in contracts for payout in contract["payouts"]]
    assert total(p["amount"] for p in payouts if "2021-01-01" <= p["confirmed_on"] <= "2021-12-31") == 912
    assert len({payout["bank_reference"] for payout in payouts}) == len(payouts)
    assert {c["need"] for c in contracts} == {n["key"] for n in POSTED if n["result"] == "signed"}


@pytest.mark.parametrize("year", ["2021", "2026"])
def test_contracts_follow_their_bid_and_pay_only_accepted_milestones(year: str) -> None:
    needs = NEEDS if year == "2021" else LIVE
    bids = {bid["key"]: bid for bid in BIDS[year]}
    for contract in CONTRACTS[year]:
        bid, need = bids[contract["bid"]], needs[contract["need"]]
        assert (bid["need"], bid["team"], bid["outcome"]) == (contract["need"], contract["team"], "won")
        assert bid["price"] == contract["amount"]
        if need["amount"]["kind"] == "fixed":
            assert Decimal(contract["amount"]) <= Decimal(need["amount"]["value"])
        assert Decimal(contract["rd_input"]) >= Decimal(contract["amount"])
        assert sum(m["percent"] for m in contract["milestones"]) == 100
        assert [m["seq"] for m in contract["milestones"]] == list(range(1, len(contract["milestones"]) + 1))
        assert [m["due"] for m in contract["milestones"]] == sorted(m["due"] for m in contract["milestones"])
        milestones = {m["seq"]: m for m in contract["milestones"]}
        entitlement = Decimal(contract["talent_reward"]["entitlement"])
        for payout in contract["payouts"]:
            milestone = milestones[payout["milestone_seq"]]
            assert payout["payee"] == SOLVERS[contract["team"]]["lead"]
            assert contract["signed_on"] <= milestone["reported_on"] <= milestone["accepted_on"]
            assert milestone["accepted_on"] < payout["requested_on"]
            assert Decimal(payout["amount"]) == entitlement * milestone["percent"] / 100
        assert total(p["amount"] for p in contract["payouts"]) <= entitlement
        if contract["signed_on"]:
            steps = [need["bid_deadline"]]
            steps += [contract[f] for f in ("opened_on", "reviewed_on", "notice_from", "notice_until", "signed_on")]
            assert steps == sorted(set(steps))
            assert (date.fromisoformat(contract["signed_on"]) - date.fromisoformat(contract["notice_until"])).days <= 30
        if contract["registration"]:
            assert Decimal(contract["registration"]["transaction_amount"]) <= Decimal(contract["amount"])
            assert contract["registration"]["registered_on"] >= contract["signed_on"] >= need["bid_deadline"]


def test_first_year_contracts_are_signed_and_paid_within_2021() -> None:
    for contract in CONTRACTS["2021"]:
        assert contract["payouts"], contract["key"]
        days = [contract["signed_on"], contract["registration"]["registered_on"]]
        for payout in contract["payouts"]:
            steps = [payout[f] for f in ("requested_on", "finance_checked_on", "approved_on", "confirmed_on")]
            assert steps == sorted(steps)
            days += steps
        assert all(day.startswith("2021-") and date.fromisoformat(day).weekday() < 5 for day in days), days


def test_winning_challenges_have_one_to_four_bids_of_different_teams() -> None:
    for year in ("2021", "2026"):
        for contract in CONTRACTS[year]:
            teams = [bid["team"] for bid in BIDS[year] if bid["need"] == contract["need"]]
            assert 1 <= len(teams) <= 4
            assert len(set(teams)) == len(teams)


@pytest.mark.parametrize("year", ["2021", "2026"])
def test_bids_answer_every_indicator_and_balance(year: str) -> None:
    needs = NEEDS if year == "2021" else LIVE
    for bid in BIDS[year]:
        need, team = needs[bid["need"]], SOLVERS[bid["team"]]
        assert bid["lead"] == team["lead"]
        assert team["organisation"] != need["poster"]
        assert [a["indicator"] for a in bid["answers"]] == [i["name"] for i in need["indicators"]]
        assert all(answer["evidence"] for answer in bid["answers"])
        assert total(line["amount"] for line in bid["budget"]) == Decimal(bid["price"])
        assert sum(m["percent"] for m in bid["milestones"]) == 100
        assert len(bid["route"]) >= 40
        assert all(member["organisation"] in ORGANISATIONS for member in bid["members"])
        if bid["submitted_on"]:
            assert need["posted_on"] <= bid["submitted_on"] <= need["bid_deadline"]
            assert team["registered_on"] < bid["submitted_on"]
        if need["amount"]["kind"] == "fixed":
            assert Decimal(bid["price"]) <= Decimal(need["amount"]["value"])


def test_winning_bids_promise_what_the_indicators_ask() -> None:
    for year, needs in (("2021", NEEDS), ("2026", LIVE)):
        for bid in (bid for bid in BIDS[year] if bid["outcome"] == "won"):
            for indicator, answer in zip(needs[bid["need"]]["indicators"], bid["answers"], strict=True):
                if indicator["op"] == ">=":
                    assert Decimal(answer["value"]) >= Decimal(indicator["value"])
                elif indicator["op"] == "<=":
                    assert Decimal(answer["value"]) <= Decimal(indicator["value"])


def test_two_events_and_twenty_seven_teams_in_contact() -> None:
    data = load("events_2021")
    events = {event["key"]: event for event in data["events"]}
    assert len(events) == 2
    assert all(e["kind"] == "揭榜" and e["held_on"].startswith("2021-") for e in events.values())
    assert len({contact["team"] for contact in data["contacts"]}) == 27
    for contact in data["contacts"]:
        assert contact["date"].startswith("2021-")
        need = NEEDS[contact["need"]]
        assert need["poster"] == contact["poster"] and contact["team"] in SOLVERS
        assert need["posted_on"] <= contact["date"] <= need["bid_deadline"]
        assert contact["recorded_by"] in PEOPLE
        if contact["event"]:
            event = events[contact["event"]]
            assert contact["date"] == event["held_on"]
            assert contact["poster"] in event["firms"] and contact["team"] in event["teams"]


def test_no_lead_holds_more_than_two_projects() -> None:
    leads = Counter(SOLVERS[c["team"]]["lead"] for year in CONTRACTS for c in CONTRACTS[year])
    assert max(leads.values()) <= 2


@pytest.mark.parametrize("need", ALL_NEEDS, ids=lambda need: need["key"])
def test_need_is_complete_enough_to_be_submitted(need: dict[str, Any]) -> None:
    poster = ORGANISATIONS[need["poster"]]
    assert poster["kind"] == "firm" and poster["district"] in DISTRICTS
    assert 8 <= len(need["title"]) <= 50
    assert need["kind"] in {"技术攻关", "成果转化", "引才"}
    assert need["industry"] in INDUSTRIES and need["tech_field"] in FIELDS
    assert 100 <= len(need["background"]) <= 1500
    assert need["in_house_reason"] and need["content"] and need["deliverables"] and need["solver_conditions"]
    assert need["ip"]["kind"] in {"poster", "solver", "shared", "exclusive_license", "negotiated"}
    assert 6 <= need["term_months"] <= 36
    assert need["contact"]["email"].endswith("@example.invalid")
    if need["submitted_on"]:
        assert poster["registered_on"] < f"{int(need['submitted_on'][:4]) - 1}{need['submitted_on'][4:]}"


@pytest.mark.parametrize("need", ALL_NEEDS, ids=lambda need: need["key"])
def test_need_indicators_can_be_measured(need: dict[str, Any]) -> None:
    assert 3 <= len(need["indicators"]) <= 12
    assert len({indicator["name"] for indicator in need["indicators"]}) == len(need["indicators"])
    for indicator in need["indicators"]:
        assert indicator["op"] in {">=", "<=", "=", "between"}
        value = Decimal(indicator["value"])
        if indicator["op"] == "between":
            assert value < Decimal(indicator["value_max"])
        assert indicator["unit"] and indicator["method"]
        assert not VAGUE.search(indicator["name"])


@pytest.mark.parametrize("need", ALL_NEEDS, ids=lambda need: need["key"])
def test_need_money_adds_up(need: dict[str, Any]) -> None:
    amount, funding = need["amount"], need["funding"]
    money = re.compile(r"\d+\.\d\d")
    assert all(money.fullmatch(value) for value in funding.values())
    assert Decimal(funding["total"]) == total(funding[part] for part in ("poster", "other", "fiscal"))
    assert Decimal(funding["poster"]) * 2 >= Decimal(funding["total"])
    fields = {"fixed": {"value"}, "range": {"min", "max"}, "unlimited": set(), "negotiable": set()}[amount["kind"]]
    assert set(amount) == {"kind"} | fields
    assert all(money.fullmatch(amount[field]) and Decimal(amount[field]) > 0 for field in fields)
    if amount["kind"] == "range":
        assert Decimal(amount["min"]) < Decimal(amount["max"])


def test_needs_do_not_repeat_titles_or_texts() -> None:
    for field in ("title", "background", "content"):
        assert len({need[field] for need in ALL_NEEDS}) == len(ALL_NEEDS), field


def test_first_year_steps_happen_in_order() -> None:
    for need in NEEDS.values():
        stages = ("submitted_on", "district_checked_on", "formal_checked_on", "validated_on", "posted_on")
        days = [need[stage] for stage in (*stages, "bid_deadline") if need[stage]]
        assert days == sorted(days) and len(set(days)) == len(days)
        assert all(date.fromisoformat(day).weekday() < 5 for day in days)
    for need in POSTED:
        assert (date.fromisoformat(need["bid_deadline"]) - date.fromisoformat(need["posted_on"])).days >= 20


def test_live_cycle_leaves_work_in_every_state() -> None:
    assert len(LIVE) >= 25
    assert {need["state"] for need in LIVE.values()} == LIVE_STATES
    for need in LIVE.values():
        deadline = need["bid_deadline"]
        if need["state"] == "posted":
            assert date.fromisoformat(need["posted_on"]) <= TODAY < date.fromisoformat(deadline)
        elif deadline:
            assert date.fromisoformat(deadline) < TODAY
        if deadline:
            assert (date.fromisoformat(deadline) - date.fromisoformat(need["posted_on"])).days >= 20
        if need["state"] == "in_notice":
            assert date.fromisoformat(need["notice_from"]) <= TODAY <= date.fromisoformat(need["notice_until"])
        if need["objection"]:
            steps = [need["objection"][step] for step in ("raised_on", "accepted_on", "found_on", "decided_on")]
            taken = [step for step in steps if step]
            assert steps[: len(taken)] == taken == sorted(taken) and taken[-1] <= TODAY.isoformat()
            assert need["notice_from"] < taken[0] <= need["notice_until"]
            assert bool(need["objection"]["answer"]) == bool(steps[-1])
        if need["state"] in {"objected", "re_review", "next_in_rank"}:
            assert need["objection"]
        assert bool(need["return_reason"]) == (need["state"] == "returned")


def test_organisations_have_valid_unique_codes_in_every_district() -> None:
    assert len(DISTRICTS) == 11 and all(re.fullmatch(r"3703\d\d", code) for code in DISTRICTS)
    codes = [row["uscc"] for row in ORGANISATIONS.values() if row["country"] == "CN"]
    assert all(uscc.is_valid(code) for code in codes)
    assert len(set(codes)) == len(codes)
    firms = [row for row in ORGANISATIONS.values() if row["kind"] == "firm"]
    assert len(firms) >= 60 and {row["district"] for row in firms} >= DISTRICTS
    assert all(row["uscc"].startswith("91") for row in firms)
    assert all(row["uscc"] is None for row in ORGANISATIONS.values() if row["country"] != "CN")
    assert len({row["name"] for row in ORGANISATIONS.values()}) == len(ORGANISATIONS)


def test_people_are_unique_fictional_and_cover_every_role() -> None:
    emails = [person["email"] for person in PEOPLE.values()]
    assert len(set(emails)) == len(emails) and all(email.endswith("@example.invalid") for email in emails)
    assert len({person["name"] for person in PEOPLE.values()}) == len(PEOPLE)
    roles = Counter(role for person in PEOPLE.values() for role in person["roles"])
    assert set(roles) == {
        'firm_author', 'firm_signatory', 'solver', 'team_lead', 'organisation_manager', 'district_officer',
        'city_officer', 'division_head', 'finance_maker', 'finance_checker', 'supervisor', 'expert', 'administrator',
    }  # fmt: skip
    assert roles["city_officer"] >= 2 and roles["expert"] >= 7
    assert {p["district"] for p in PEOPLE.values() if "district_officer" in p["roles"]} == DISTRICTS
    assert {role for person in PEOPLE.values() if person["demo"] for role in person["roles"]} == set(roles)
    assert all(p["organisation"] is None or p["organisation"] in ORGANISATIONS for p in PEOPLE.values())


def test_every_posting_firm_has_an_author_and_a_signatory() -> None:
    for poster in {need["poster"] for need in ALL_NEEDS}:
        roles = [p["roles"] for p in PEOPLE.values() if p["organisation"] == poster]
        assert any("firm_author" in r for r in roles) and any("firm_signatory" in r for r in roles)


def test_experts_belong_to_no_poster_and_no_solver() -> None:
    involved = {need["poster"] for need in ALL_NEEDS} | {solver["organisation"] for solver in SOLVERS.values()}
    experts = [p for p in PEOPLE.values() if "expert" in p["roles"]]
    assert all(p["organisation"] not in involved and p["expert_fields"] for p in experts)


def test_solver_profiles_are_complete() -> None:
    assert len(SOLVERS) >= 60
    assert len({solver["lead"] for solver in SOLVERS.values()}) == len(SOLVERS)
    for solver in SOLVERS.values():
        assert solver["kind"] in {"individual", "team", "unit", "consortium"}
        assert PEOPLE[solver["lead"]]["organisation"] == solver["organisation"]
        assert 1 <= len(solver["directions"]) <= 5 and solver["keywords"] and solver["cooperation_modes"]
        assert solver["profile_zh"] or solver["profile_en"]
        numbers = [patent["no"] for patent in solver["patents"] if patent["no"]]
        assert all(re.fullmatch(r"ZL\d{12}\.[\dX]", number) for number in numbers)
        assert bool(solver["partners"]) == (solver["kind"] == "consortium")
    english_only = {key for key, solver in SOLVERS.items() if not solver["profile_zh"]}
    assert {"S03", "S11", "S15", "S28", "S31"} <= english_only


def test_taxonomy_fields_belong_to_a_known_industry() -> None:
    assert set(FIELDS.values()) <= INDUSTRIES
