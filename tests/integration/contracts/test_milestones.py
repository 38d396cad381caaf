"""Milestones: reported in order by the lead, accepted or sent back by the poster."""

import pytest
from flask import Flask

from market import clock
from market.contracts import operations
from market.contracts.models import MilestoneState
from market.contracts.queries import is_met
from market.database import transaction
from market.errors import Conflict, InvalidInput, NotAllowed
from tests.builders.contracts import make_parties, signed
from tests.builders.milestones import REPORT, accept, intact, milestone, report
from tests.builders.people import acting


def test_milestones_are_reported_in_order(app: Flask) -> None:
    parties = make_parties()
    contract = signed(parties)
    with pytest.raises(Conflict, match="前一个"):
        report(parties, contract, 2)
    row = report(parties, contract, 1)
    assert row.state is MilestoneState.REPORTED
    assert {m["name"]: m["met"] for m in row.measured} == {"密度极差": True, "维氏硬度": True, "斑点球比例": True}
    with pytest.raises(Conflict, match="前一个"):
        report(parties, contract, 2)
    accept(parties, row)
    report(parties, contract, 2)
    assert intact()


def test_last_milestone_needs_every_measured_value(app: Flask) -> None:
    parties = make_parties()
    contract = signed(parties)
    for seq in (1, 2):
        accept(parties, report(parties, contract, seq, measured={}))
    with pytest.raises(InvalidInput) as refusal:
        report(parties, contract, 3, measured={"维氏硬度": "1530"})
    assert set(refusal.value.errors) == {"measured_0", "measured_2"}


def test_only_the_lead_reports_and_only_the_poster_accepts(app: Flask) -> None:
    parties, other = make_parties(), make_parties()
    contract = signed(parties)
    for person in (other.lead, parties.signatory, parties.officer):
        with pytest.raises(NotAllowed), transaction():
            operations.report_milestone(acting(person), milestone(contract, 1), REPORT, {})
    row = report(parties, contract, 1)
    for person in (other.signatory, parties.lead, parties.officer):
        with pytest.raises(NotAllowed), transaction():
            operations.accept_milestone(acting(person), row, "同意通过验收")


def test_acceptance_needs_the_users_opinion(app: Flask) -> None:
    parties = make_parties()
    row = report(parties, signed(parties), 1)
    with pytest.raises(InvalidInput) as refusal:
        accept(parties, row, "好")
    assert "opinion" in refusal.value.errors


def test_sent_back_milestone_is_counted_and_may_be_reported_again(app: Flask) -> None:
    parties = make_parties()
    contract = signed(parties)
    row = report(parties, contract, 1)
    with transaction():
        operations.send_back_milestone(acting(parties.signatory), row, "缺第三方检测报告，请补")
    assert (row.state, row.sent_back) == (MilestoneState.SENT_BACK, 1)
    due = operations.rectification_due(row)
    assert due is not None and 88 <= (due - clock.today()).days <= 92
    report(parties, contract, 1)
    accept(parties, row)
    assert intact()


def test_accepted_milestone_cannot_be_accepted_or_sent_back_again(app: Flask) -> None:
    parties = make_parties()
    row = report(parties, signed(parties), 1)
    accept(parties, row)
    with pytest.raises(NotAllowed):
        accept(parties, row)
    with pytest.raises(NotAllowed), transaction():
        operations.send_back_milestone(acting(parties.signatory), row, "反悔了，请重做")


@pytest.mark.parametrize(
    ("operator", "value", "high", "measured", "met"),
    [(">=", "10", None, "10", True), (">=", "10", None, "9.9", False), ("<=", "0.3", None, "0.31", False),
     ("=", "5", None, "5.0", True), ("between", "1", "2", "2", True), ("between", "1", "2", "2.1", False), (">=", "10", None, "优", None)],
)  # fmt: skip
def test_measured_value_is_compared_exactly(operator, value, high, measured, met) -> None:
    assert is_met({"operator": operator, "value": value, "value_high": high}, measured) is met
