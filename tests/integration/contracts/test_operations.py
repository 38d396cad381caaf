"""Drafting, confirming, signing, registering, milestones, ending."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from market import clock
from market.audit.models import Entry
from market.audit.verify import verify as verify_audit
from market.bids.models import BidState, OpenedContent
from market.challenges.models import ChallengeState
from market.contracts import operations
from market.contracts.models import Contract, ContractState, Milestone, MilestoneState
from market.contracts.queries import contract_for, is_met, milestones_of
from market.database import db, transaction
from market.errors import Conflict, IllegalMove, InvalidInput, NotAllowed, NotFound
from market.needs.content import AmountKind
from market.permissions import Role
from tests.builders.chain import make_contract
from tests.builders.contracts import agreed, drafted, make_parties, pdf, signed, terms
from tests.builders.people import acting, make_district, make_user, save

MEASURED = {"密度极差": "0.009", "维氏硬度": "1530", "斑点球比例": "0.2"}
REPORT = "已完成本阶段全部任务，检测报告见附件。"


def intact() -> bool:
    return verify_audit(db.session())[1] is None


def draft_with(parties, **values):
    with transaction():
        return operations.draft_contract(acting(parties.officer), parties.bid, terms(**values))


def test_draft_freezes_the_indicators_with_what_was_promised(app: Flask) -> None:
    parties = make_parties()
    from market.bids.models import SealedVersion

    save(
        SealedVersion(
            bid_id=parties.bid.id,
            number=1,
            ciphertext=b"x",
            sha256="0" * 64,
            sealed_at=clock.now(),
            submitted_by_id=parties.lead.id,
        )
    )
    sealed = db.session.scalars(select(SealedVersion)).one()
    save(
        OpenedContent(
            bid_id=parties.bid.id,
            sealed_version_id=sealed.id,
            body={"answers": [{"name": "维氏硬度", "promise": "1550"}]},
        )
    )
    contract = drafted(parties)
    promised = {row["name"]: row["promised"] for row in contract.indicators}
    assert promised["维氏硬度"] == "1550" and promised["密度极差"] == "0.01"
    assert contract.challenge_version == parties.bid.challenge_version
    assert [m.percent for m in milestones_of(contract)] == [30, 40, 30]
    assert intact()


def test_draft_for_a_bid_that_was_not_awarded_is_refused(app: Flask) -> None:
    parties = make_parties()
    with transaction():
        from market.audit.journal import record
        from market.permissions import SYSTEM

        parties.bid.state = BidState.RECOMMENDED
        record(SYSTEM, "test:build", parties.bid)
    with pytest.raises(NotAllowed, match="已中榜"):
        drafted(parties)


def test_draft_by_others_than_the_bureau_is_refused(app: Flask) -> None:
    parties = make_parties()
    for person in (parties.signatory, parties.lead, make_user(Role.SUPERVISOR), make_user(Role.DIVISION_HEAD)):
        with pytest.raises(NotAllowed), transaction():
            operations.draft_contract(acting(person), parties.bid, terms())
    assert db.session.scalar(select(Contract.id)) is None


def test_second_draft_for_the_same_bid_is_refused(app: Flask) -> None:
    parties = make_parties()
    drafted(parties)
    with pytest.raises(Conflict):
        drafted(parties)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"amount_fen": None}, "amount_fen"),
        ({"amount_fen": 0}, "amount_fen"),
        ({"amount_fen": 120_000_001}, "amount_fen"),
        ({"rd_total_fen": None}, "rd_total_fen"),
        ({"rd_total_fen": 99_999_999}, "rd_total_fen"),
        ({"ends_on": None}, "ends_on"),
        ({"ends_on": clock.today()}, "ends_on"),
        ({"milestones": []}, "milestones"),
        ({"milestones": [{"content": "x", "due_on": clock.today(), "percent": 99}]}, "milestones"),
        ({"milestones": [{"content": "", "due_on": clock.today(), "percent": 100}]}, "milestones"),
        (
            {"milestones": [{"content": "x", "due_on": clock.today() + timedelta(days=9999), "percent": 100}]},
            "milestones",
        ),
        (
            {
                "milestones": [
                    {"content": "x", "due_on": clock.today() + timedelta(days=9 - n), "percent": 50} for n in (0, 1)
                ]
            },
            "milestones",
        ),
    ],
)
def test_bad_terms_are_refused_beside_the_field(app: Flask, values: dict, field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        draft_with(make_parties(), **values)
    assert field in refusal.value.errors


def test_amount_may_not_exceed_the_published_award(app: Flask) -> None:
    with pytest.raises(InvalidInput, match="公示的中榜金额"):
        draft_with(make_parties(amount_fen=90_000_000))


@pytest.mark.parametrize("kind", [AmountKind.UNLIMITED, AmountKind.NEGOTIABLE])
def test_unlimited_and_negotiable_need_an_agreed_amount(app: Flask, kind: AmountKind) -> None:
    parties = make_parties(amount_kind=kind, amount_fen=None)
    with pytest.raises(InvalidInput) as refusal:
        draft_with(parties, amount_fen=None)
    assert "amount_fen" in refusal.value.errors
    assert draft_with(parties, amount_fen=500_000_000, rd_total_fen=500_000_000).amount_fen == 500_000_000


def test_both_sides_confirm_each_once(app: Flask) -> None:
    parties = make_parties()
    contract = drafted(parties)
    with transaction():
        operations.confirm_contract(acting(parties.signatory), contract)
    assert contract.state is ContractState.DRAFT and contract.solver_confirmed_at is None
    with pytest.raises(NotAllowed, match="已经确认"), transaction():
        operations.confirm_contract(acting(parties.signatory), contract)
    with transaction():
        operations.confirm_contract(acting(parties.lead), contract)
    assert contract.state is ContractState.AGREED
    assert intact()


def test_strangers_and_the_bureau_cannot_confirm_for_a_side(app: Flask) -> None:
    parties = make_parties()
    contract, other = drafted(parties), make_parties()
    for person in (other.signatory, other.lead, parties.officer):
        with pytest.raises(NotAllowed), transaction():
            operations.confirm_contract(acting(person), contract)


def test_a_changed_text_clears_both_confirmations(app: Flask) -> None:
    parties = make_parties()
    contract = agreed(parties)
    with transaction():
        operations.redraft_contract(
            acting(parties.officer), contract, terms(amount_fen=90_000_000), "双方商定降为 90 万元"
        )
    assert contract.state is ContractState.DRAFT
    assert contract.poster_confirmed_at is contract.solver_confirmed_at is contract.poster_confirmed_by_id is None
    assert contract.amount_fen == 90_000_000 and len(milestones_of(contract)) == 3
    assert intact()


def test_change_without_a_reason_is_refused(app: Flask) -> None:
    parties = make_parties()
    contract = agreed(parties)
    with pytest.raises(InvalidInput) as refusal, transaction():
        operations.redraft_contract(acting(parties.officer), contract, terms(), " ")
    assert "reason" in refusal.value.errors


def test_signed_text_cannot_be_changed(app: Flask) -> None:
    parties = make_parties()
    contract = signed(parties)
    with pytest.raises(IllegalMove), transaction():
        operations.redraft_contract(acting(parties.officer), contract, terms(), "再改一次金额")


def test_signing_moves_challenge_and_bid(app: Flask) -> None:
    parties = make_parties()
    contract = signed(parties)
    assert contract.state is ContractState.SIGNED and contract.signed_on == clock.today()
    assert contract.challenge.state is ChallengeState.RUNNING and contract.bid.state is BidState.CONTRACTED
    assert db.session.scalar(select(Entry.seq).where(Entry.action == "contract:sign"))
    assert intact()


def test_signing_before_both_agreed_or_without_a_scan_is_refused(app: Flask) -> None:
    parties = make_parties()
    contract = drafted(parties)
    with pytest.raises(IllegalMove), transaction():
        operations.sign_contract(acting(parties.officer), contract, "HT-1", clock.today())
    other = make_parties()
    unscanned = agreed(other)
    with pytest.raises(InvalidInput, match="扫描件"), transaction():
        operations.sign_contract(acting(other.officer), unscanned, "HT-2", clock.today())


@pytest.mark.parametrize(("days", "why"), [(1, "今天"), (-1, "中榜")])
def test_signing_day_lies_between_award_and_today(app: Flask, days: int, why: str) -> None:
    parties = make_parties()
    contract = agreed(parties)
    with pytest.raises(InvalidInput, match=why), transaction():
        operations.sign_contract(acting(parties.officer), contract, "HT-1", clock.today() + timedelta(days=days))


def test_contract_number_is_used_once(app: Flask) -> None:
    signed(make_parties(), "HT-7")
    with pytest.raises(InvalidInput, match="已被使用"):
        signed(make_parties(), "HT-7")


def test_hostile_scan_is_refused_beside_the_field(app: Flask) -> None:
    from io import BytesIO

    from werkzeug.datastructures import FileStorage

    parties = make_parties()
    contract = drafted(parties)
    with pytest.raises(InvalidInput) as refusal, transaction():
        operations.attach_scan(
            acting(parties.officer), contract, "signed_scan", FileStorage(BytesIO(b"MZ\x90"), filename="a.pdf")
        )
    assert "file" in refusal.value.errors


def test_scan_is_evidence_once_signed(app: Flask) -> None:
    from market.attachments.queries import attachments_of

    parties = make_parties()
    contract = signed(parties)
    with pytest.raises(Conflict), transaction():
        operations.remove_scan(acting(parties.officer), contract, attachments_of(contract)[0])


REGISTRATION = {"office": "市技术市场", "number": "2026370300001", "turnover_fen": 100, "technology_fen": 90}


def test_registration_keeps_both_amounts(app: Flask) -> None:
    parties = make_parties()
    contract = signed(parties)
    with transaction():
        operations.register_contract(
            acting(parties.officer), contract, {**REGISTRATION, "registered_on": clock.today()}
        )
    assert (contract.turnover_fen, contract.technology_fen) == (100, 90)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"technology_fen": 101}, "technology_fen"),
        ({"registered_on": None}, "registered_on"),
        ({"registered_on": clock.today() + timedelta(days=1)}, "registered_on"),
        ({"registered_on": clock.today() - timedelta(days=1)}, "registered_on"),
        ({"number": ""}, "number"),
    ],
)
def test_bad_registration_is_refused_beside_the_field(app: Flask, values: dict, field: str) -> None:
    parties = make_parties()
    contract = signed(parties)
    with pytest.raises(InvalidInput) as refusal, transaction():
        operations.register_contract(
            acting(parties.officer), contract, {**REGISTRATION, "registered_on": clock.today(), **values}
        )
    assert field in refusal.value.errors


def milestone(contract: Contract, seq: int) -> Milestone:
    return milestones_of(contract)[seq - 1]


def report(parties, contract: Contract, seq: int, **values) -> Milestone:
    row = milestone(contract, seq)
    with transaction():
        operations.report_milestone(
            acting(parties.lead), row, values.get("text", REPORT), values.get("measured", MEASURED), [pdf()]
        )
    return row


def accept(parties, row: Milestone, opinion: str = "达到要求，同意通过") -> None:
    with transaction():
        operations.accept_milestone(acting(parties.signatory), row, opinion)


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


def test_contract_completes_only_when_every_milestone_was_accepted(app: Flask) -> None:
    parties = make_parties()
    contract = signed(parties)
    with pytest.raises(Conflict, match="没有通过验收"), transaction():
        operations.complete_contract(acting(parties.officer), contract)
    for seq in (1, 2, 3):
        accept(parties, report(parties, contract, seq))
    with transaction():
        operations.complete_contract(acting(parties.officer), contract)
    assert contract.state is ContractState.COMPLETED
    assert contract.challenge.state is ChallengeState.COMPLETED
    assert intact()


@pytest.mark.parametrize("operation", [operations.close_contract, operations.terminate_contract])
def test_ending_otherwise_needs_a_reason(app: Flask, operation) -> None:
    parties = make_parties()
    contract = signed(parties)
    with pytest.raises(InvalidInput) as refusal, transaction():
        operation(acting(parties.officer), contract, "无")
    assert "reason" in refusal.value.errors
    with transaction():
        operation(acting(parties.officer), contract, "关键设备停产，技术路线不可行")
    assert contract.ended_reason and contract.challenge.state is ChallengeState.COMPLETED


def test_challenge_stays_open_while_another_contract_runs(app: Flask) -> None:
    parties = make_parties()
    contract = signed(parties)
    from market.bids.models import BidState
    from tests.builders.chain import make_bid

    make_contract(make_bid(contract.challenge, state=BidState.CONTRACTED))
    with transaction():
        operations.close_contract(acting(parties.officer), contract, "尽责实施，未达指标")
    assert contract.challenge.state is ChallengeState.RUNNING


def test_contract_is_hidden_from_those_it_does_not_concern(app: Flask) -> None:
    parties, other = make_parties(), make_parties()
    contract = drafted(parties)
    make_district("370304", "博山区")
    for person in (
        other.signatory,
        other.lead,
        make_user(Role.DISTRICT_OFFICER, district="370304"),
        make_user(Role.ADMINISTRATOR),
    ):
        with pytest.raises(NotFound):
            contract_for(acting(person), contract.id)
    for person in (
        parties.signatory,
        parties.lead,
        make_user(Role.DISTRICT_OFFICER, district="370303"),
        make_user(Role.SUPERVISOR),
    ):
        assert contract_for(acting(person), contract.id).id == contract.id


@pytest.mark.parametrize(
    ("operator", "value", "high", "measured", "met"),
    [(">=", "10", None, "10", True), (">=", "10", None, "9.9", False), ("<=", "0.3", None, "0.31", False),
     ("=", "5", None, "5.0", True), ("between", "1", "2", "2", True), ("between", "1", "2", "2.1", False), (">=", "10", None, "优", None)],
)  # fmt: skip
def test_measured_value_is_compared_exactly(operator, value, high, measured, met) -> None:
    assert is_met({"operator": operator, "value": value, "value_high": high}, measured) is met
