"""Contracts that end: accepted, closed, terminated; and drafts given up, after which another may be drafted."""

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from market.bids.models import BidState
from market.challenges.models import ChallengeState
from market.contracts import operations
from market.contracts.models import Contract, ContractState
from market.contracts.queries import awaiting_contract, given_up_drafts
from market.database import db, transaction
from market.errors import Conflict, IllegalMove, InvalidInput, NotAllowed
from tests.builders.chain import make_contract
from tests.builders.contracts import Parties, agreed, drafted, make_parties, signed
from tests.builders.milestones import accept, intact, report
from tests.builders.people import acting


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
    from tests.builders.chain import make_bid

    make_contract(make_bid(contract.challenge, state=BidState.CONTRACTED))
    with transaction():
        operations.close_contract(acting(parties.officer), contract, "尽责实施，未达指标")
    assert contract.challenge.state is ChallengeState.RUNNING


def give_up(parties: Parties, contract: Contract) -> None:
    with transaction():
        operations.terminate_contract(acting(parties.officer), contract, "双方对知识产权没有谈拢，重新拟定")


def test_a_draft_given_up_leaves_room_for_another_and_stays(app: Flask) -> None:
    parties = make_parties()
    first = agreed(parties)
    give_up(parties, first)
    assert first.state is ContractState.TERMINATED and first.signed_on is None
    assert [bid.id for bid in awaiting_contract(acting(parties.officer))] == [parties.bid.id]
    second = signed(parties, "HT-AGAIN")
    assert second.id != first.id and second.state is ContractState.SIGNED
    assert db.session.get_one(Contract, first.id).ended_reason.startswith("双方对知识产权")
    assert [c.id for c in given_up_drafts(second)] == [first.id]
    assert awaiting_contract(acting(parties.officer)) == []
    assert intact()


def test_one_draft_at_a_time_however_many_were_given_up(app: Flask) -> None:
    parties = make_parties()
    for _ in range(2):
        give_up(parties, drafted(parties))
    drafted(parties)
    with pytest.raises(Conflict, match="已经拟定过"):
        drafted(parties)


def test_a_contract_terminated_after_signing_is_the_bids_only_one(app: Flask) -> None:
    parties = make_parties()
    contract = signed(parties)
    give_up(parties, contract)
    with pytest.raises(NotAllowed):
        drafted(parties)


def test_the_database_itself_refuses_two_live_contracts_of_a_bid(app: Flask) -> None:
    parties = make_parties()
    first = drafted(parties)
    with pytest.raises(IntegrityError):
        make_contract(parties.bid, ContractState.DRAFT)
    db.session.rollback()
    give_up(parties, first)
    make_contract(parties.bid, ContractState.DRAFT)


def test_what_was_never_signed_cannot_end_as_a_success(app: Flask) -> None:
    parties = make_parties()
    contract = drafted(parties)
    for operation in (operations.complete_contract, operations.close_contract):
        with pytest.raises((Conflict, IllegalMove)), transaction():
            operation(acting(parties.officer), contract, "没有签署也想结题")
