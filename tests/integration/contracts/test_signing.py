"""Signing, scans and the registration of the technology contract."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from market import clock
from market.audit.models import Entry
from market.bids.models import BidState
from market.challenges.models import ChallengeState
from market.contracts import operations
from market.contracts.models import ContractState
from market.database import db, transaction
from market.errors import Conflict, IllegalMove, InvalidInput
from tests.builders.contracts import agreed, drafted, make_parties, signed
from tests.builders.milestones import intact
from tests.builders.people import acting


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
