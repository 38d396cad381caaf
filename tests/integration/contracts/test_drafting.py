"""Drafting, confirming and changing the text of a contract, and who may see it."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from market import clock
from market.bids.models import BidState, OpenedContent
from market.contracts import operations
from market.contracts.models import Contract, ContractState
from market.contracts.queries import contract_for, milestones_of
from market.database import db, transaction
from market.errors import Conflict, IllegalMove, InvalidInput, NotAllowed, NotFound
from market.needs.content import AmountKind
from market.permissions import Role
from tests.builders.contracts import agreed, drafted, make_parties, signed, terms
from tests.builders.milestones import intact
from tests.builders.people import acting, make_district, make_user, save


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
