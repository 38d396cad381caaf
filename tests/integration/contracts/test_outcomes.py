"""Actual R&D spending, reported and confirmed; results that the poster firm declares itself."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from market import clock
from market.contracts import outcomes
from market.contracts.models import ContractState, SpendReport, SpendState
from market.contracts.queries import confirmed_spending, history_of, results_of
from market.database import db, transaction
from market.errors import IllegalMove, InvalidInput, NotAllowed
from market.permissions import Role
from tests.builders.chain import make_contract
from tests.builders.contracts import make_result, make_spending, pdf, result, spending
from tests.builders.milestones import intact
from tests.builders.payouts import accepted
from tests.builders.people import acting, make_user


class Case:
    """A contract signed at the beginning of the year, with its lead and the poster's signatory."""

    def __init__(self, state: ContractState = ContractState.SIGNED) -> None:
        self.contract = make_contract(None, state)
        self.lead = self.contract.solver.lead
        self.signatory = make_user(Role.FIRM_SIGNATORY, organisation=self.contract.organisation)

    def confirm(self, report: SpendReport) -> None:
        with transaction():
            outcomes.confirm_spending(acting(self.signatory), report, "与账目相符")


def test_spending_counts_once_the_poster_confirmed_it(app: Flask) -> None:
    case = Case()
    report = make_spending(case.contract, case.lead)
    assert confirmed_spending(case.contract) is None
    case.confirm(report)
    found = confirmed_spending(case.contract)
    assert found is not None and (found.total_fen, found.fiscal_fen) == (120_000_000, 20_000_000)
    assert {"报送研发支出", "确认研发支出"} <= {entry["title"] for entry in history_of(case.contract)}
    assert intact()


def test_spending_is_reported_by_the_lead_and_confirmed_by_the_poster_only(app: Flask) -> None:
    case, other = Case(), Case()
    officer = make_user(Role.CITY_OFFICER)
    for person in (other.lead, case.signatory, officer):
        with pytest.raises(NotAllowed):
            make_spending(case.contract, person)
    report = make_spending(case.contract, case.lead)
    for person in (case.lead, other.signatory, officer):
        with pytest.raises(NotAllowed), transaction():
            outcomes.confirm_spending(acting(person), report)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"total_fen": None}, "total_fen"),
        ({"total_fen": 0}, "total_fen"),
        ({"fiscal_fen": None}, "fiscal_fen"),
        ({"fiscal_fen": 120_000_001}, "fiscal_fen"),
        ({"until": None}, "until"),
        ({"until": clock.today() + timedelta(days=1)}, "until"),
        ({"until": clock.today().replace(year=2025)}, "until"),
        ({"note": "账目"}, "note"),
    ],
)
def test_bad_spending_is_refused_beside_the_field(app: Flask, values: dict, field: str) -> None:
    case = Case()
    with pytest.raises(InvalidInput) as refusal:
        make_spending(case.contract, case.lead, **values)
    assert set(refusal.value.errors) == {field}


def test_spending_without_evidence_is_refused(app: Flask) -> None:
    case = Case()
    with pytest.raises(InvalidInput) as refusal, transaction():
        outcomes.report_spending(acting(case.lead), case.contract, spending(), [])
    assert set(refusal.value.errors) == {"files"}


def test_spending_of_an_unsigned_contract_is_refused(app: Flask) -> None:
    case = Case(ContractState.DRAFT)
    with pytest.raises(NotAllowed, match="签署后"):
        make_spending(case.contract, case.lead)


def test_sums_never_fall_unless_the_same_day_is_corrected(app: Flask) -> None:
    case = Case()
    week_ago = clock.today() - timedelta(days=7)
    case.confirm(make_spending(case.contract, case.lead, until=week_ago))
    with pytest.raises(InvalidInput) as refusal:
        make_spending(case.contract, case.lead, total_fen=119_999_999)
    assert set(refusal.value.errors) == {"total_fen"}
    with pytest.raises(InvalidInput) as refusal:
        make_spending(case.contract, case.lead, until=week_ago - timedelta(days=1))
    assert set(refusal.value.errors) == {"until"}
    case.confirm(make_spending(case.contract, case.lead, until=week_ago, total_fen=90_000_000))
    found = confirmed_spending(case.contract)
    assert found is not None and found.total_fen == 90_000_000


def test_one_report_waits_at_a_time_and_what_was_decided_stays(app: Flask) -> None:
    case = Case()
    report = make_spending(case.contract, case.lead)
    with pytest.raises(InvalidInput, match="还没有确认"):
        make_spending(case.contract, case.lead)
    with pytest.raises(InvalidInput), transaction():
        outcomes.send_back_spending(acting(case.signatory), report, "不对")
    with transaction():
        outcomes.send_back_spending(acting(case.signatory), report, "人员费没有工资表，请补")
    assert report.state is SpendState.SENT_BACK and confirmed_spending(case.contract) is None
    with pytest.raises((NotAllowed, IllegalMove)):
        case.confirm(report)
    make_spending(case.contract, case.lead)


def test_results_are_declared_after_a_milestone_passed_by_the_poster_only(app: Flask) -> None:
    case, other = Case(), Case()
    with pytest.raises(NotAllowed, match="里程碑通过验收后"):
        make_result(case.contract, case.signatory)
    accepted(case.contract)
    for person in (case.lead, other.signatory, make_user(Role.CITY_OFFICER)):
        with pytest.raises(NotAllowed):
            make_result(case.contract, person)
    row = make_result(case.contract, case.signatory)
    assert (row.amount_fen, row.quantity, row.has_evidence) == (55_000_000, None, False)
    assert intact()


def test_evidence_is_flagged(app: Flask) -> None:
    case = Case()
    accepted(case.contract)
    with transaction():
        row = outcomes.declare_result(acting(case.signatory), case.contract, result(), [pdf("发票.pdf")])
    assert row.has_evidence


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"kind": "fame"}, "kind"),
        ({"amount_fen": None}, "amount_fen"),
        ({"kind": "patent", "quantity": None}, "quantity"),
        ({"first_day": None}, "first_day"),
        ({"last_day": None}, "last_day"),
        ({"last_day": clock.today() + timedelta(days=1)}, "last_day"),
        ({"first_day": clock.today(), "last_day": clock.today() - timedelta(days=1)}, "last_day"),
        ({"first_day": clock.today().replace(year=2025)}, "first_day"),
        ({"explanation": "卖了"}, "explanation"),
    ],
)
def test_bad_result_is_refused_beside_the_field(app: Flask, values: dict, field: str) -> None:
    case = Case()
    accepted(case.contract)
    with pytest.raises(InvalidInput) as refusal:
        make_result(case.contract, case.signatory, **values)
    assert set(refusal.value.errors) == {field}


def test_the_same_days_are_not_declared_twice_until_withdrawn(app: Flask) -> None:
    case = Case()
    accepted(case.contract)
    first = make_result(case.contract, case.signatory)
    with pytest.raises(InvalidInput, match="重叠"):
        make_result(case.contract, case.signatory, first_day=first.last_day, last_day=first.last_day)
    make_result(case.contract, case.signatory, kind="tax")
    with transaction():
        outcomes.withdraw_result(acting(case.signatory), first, "把含税价当成了不含税价")
    with pytest.raises(NotAllowed), transaction():
        outcomes.withdraw_result(acting(case.signatory), first, "再撤回一次也不行")
    make_result(case.contract, case.signatory, amount_fen=48_000_000)
    assert len(results_of(case.contract)) == 3
    assert intact()


def test_the_database_refuses_the_reporter_as_judge_and_results_of_nothing(app: Flask) -> None:
    case = Case()
    accepted(case.contract)
    report, row = make_spending(case.contract, case.lead), make_result(case.contract, case.signatory)
    for statement in (
        f"UPDATE spend_report SET state = 'confirmed', decided_by_id = reported_by_id WHERE id = {report.id}",
        f"UPDATE spend_report SET fiscal_fen = total_fen + 1 WHERE id = {report.id}",
        f"UPDATE declared_result SET amount_fen = 0 WHERE id = {row.id}",
        f"UPDATE declared_result SET kind = 'patent' WHERE id = {row.id}",
        f"UPDATE declared_result SET withdrawn_at = created_at WHERE id = {row.id}",
    ):
        db.session.rollback()
        with pytest.raises(IntegrityError), db.engine.begin() as connection:
            connection.exec_driver_sql(statement)
