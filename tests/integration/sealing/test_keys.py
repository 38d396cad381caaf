"""A challenge's key exists in shares only: fewer than the quorum give nothing, a damaged one does not stop the rest."""

from itertools import combinations

import pytest
from flask import Flask

from market.audit.journal import record
from market.audit.verify import verify
from market.database import db, transaction
from market.errors import Conflict, InvalidInput, NotAllowed
from market.permissions import SYSTEM, Role
from market.sealing.envelope import seal, unseal
from market.sealing.keys import combine, create_sealing_key, forget_released, release_share
from market.sealing.models import KeyShare, SealingKey
from market.sealing.operations import change_passphrase, create_officer_key, replace_officer_key
from market.sealing.queries import key_holders, my_key, outstanding_shares
from tests.builders.bids import PASSPHRASE, give_key, make_holders
from tests.builders.people import acting, make_user


def make_key(holders: list, quorum: int = 2, subject: str = "challenge:1") -> SealingKey:
    with transaction():
        key = create_sealing_key(subject, quorum, [holder.id for holder in holders])
        record(SYSTEM, "test:build", key)
    return key


def release(holder, key: SealingKey) -> None:
    with transaction():
        release_share(acting(holder), key, PASSPHRASE)
        record(acting(holder), "test:release", key)


def test_every_quorum_of_holders_opens_and_nobody_fewer(app: Flask) -> None:
    holders = make_holders()
    for number, pair in enumerate(combinations(holders, 2), start=1):
        key = make_key(holders, subject=f"challenge:{number}")
        sealed = seal(b"bid", key.public_key, b"c")
        release(pair[0], key)
        assert combine(key) is None
        release(pair[1], key)
        private_key = combine(key)
        assert private_key is not None and unseal(sealed, private_key, b"c") == b"bid"


def test_one_share_under_a_lowered_quorum_gives_no_key(app: Flask) -> None:
    """Someone edits the quorum in the database: the wrong secret is refused by the public key."""
    holders = make_holders()
    key = make_key(holders, quorum=3)
    release(holders[0], key)
    release(holders[1], key)
    with transaction():
        key.quorum = 2
        record(SYSTEM, "test:sabotage", key)
    with pytest.raises(Conflict, match="不符"):
        combine(key)


def test_damaged_share_does_not_stop_the_others(app: Flask) -> None:
    holders = make_holders()
    key = make_key(holders)
    for holder in holders:
        release(holder, key)
    shares = db.session.query(KeyShare).order_by(KeyShare.id).all()
    with transaction():
        shares[0].released_share = shares[1].released_share
        record(SYSTEM, "test:sabotage", key)
    assert combine(key) is not None


def test_share_opens_with_the_holders_passphrase_only(app: Flask) -> None:
    holders = make_holders()
    key = make_key(holders)
    with pytest.raises(InvalidInput) as problem, transaction():
        release_share(acting(holders[0]), key, "not the passphrase")
    assert problem.value.errors == {"passphrase": "开启口令不对"}
    outsider = make_user(Role.CITY_OFFICER)
    give_key(outsider, 9)
    with pytest.raises(NotAllowed), transaction():
        release_share(acting(outsider), key, PASSPHRASE)


def test_share_is_given_once(app: Flask) -> None:
    holders = make_holders()
    key = make_key(holders)
    release(holders[0], key)
    with pytest.raises(Conflict, match="已经提交过"):
        release(holders[0], key)


def test_released_shares_are_forgotten_after_the_opening(app: Flask) -> None:
    holders = make_holders()
    key = make_key(holders)
    release(holders[0], key)
    with transaction():
        forget_released(key)
        record(SYSTEM, "test:forget", key)
    share = db.session.query(KeyShare).filter_by(number=1).one()
    assert share.released_share is None and share.released_at is not None


@pytest.mark.parametrize("quorum", [0, 1, 4])
def test_key_needs_at_least_two_and_no_more_than_there_are(app: Flask, quorum: int) -> None:
    holders = make_holders()
    if quorum < 2:
        with transaction(), pytest.raises(InvalidInput):
            create_sealing_key("challenge:1", quorum, [holders[0].id])
        return
    with transaction(), pytest.raises(InvalidInput):
        create_sealing_key("challenge:1", quorum, [holder.id for holder in holders])


def test_key_refuses_a_holder_twice_and_one_without_a_key(app: Flask) -> None:
    holders = make_holders(2)
    with transaction(), pytest.raises(InvalidInput, match="不足"):
        create_sealing_key("challenge:1", 2, [holders[0].id, holders[0].id])
    keyless = make_user(Role.CITY_OFFICER)
    with transaction(), pytest.raises(InvalidInput, match="尚未设置"):
        create_sealing_key("challenge:1", 2, [holders[0].id, keyless.id])


def test_subject_gets_one_key(app: Flask) -> None:
    holders = make_holders(2)
    make_key(holders)
    with pytest.raises(Conflict):
        make_key(holders)


def test_officer_keeps_the_shares_when_the_passphrase_changes(app: Flask) -> None:
    holders = make_holders()
    key = make_key(holders)
    with transaction():
        change_passphrase(acting(holders[0]), PASSPHRASE, "another long passphrase")
    with transaction():
        release_share(acting(holders[0]), key, "another long passphrase")
        record(acting(holders[0]), "test:release", key)
    assert verify(db.session())[1] is None


def test_replacing_the_key_loses_the_shares_and_asks_first(app: Flask) -> None:
    holders = make_holders()
    key, officer = make_key(holders), acting(holders[0])
    assert [share.others for share in outstanding_shares(officer)] == [2]
    with pytest.raises(InvalidInput) as problem, transaction():
        replace_officer_key(officer, "another long passphrase", understood=False)
    assert "understood" in problem.value.errors
    with transaction():
        replace_officer_key(officer, "another long passphrase", understood=True)
    assert outstanding_shares(officer) == []
    assert sorted(key_holders()) == sorted(holder.id for holder in holders)
    with pytest.raises(NotAllowed), transaction():
        release_share(officer, key, "another long passphrase")


def test_outstanding_share_is_critical_when_the_others_are_too_few(app: Flask) -> None:
    holders = make_holders(2)
    make_key(holders)
    assert outstanding_shares(acting(holders[0]))[0].is_critical


@pytest.mark.parametrize("passphrase", ["short", "", "aaaaaaaaaaaaaa", "x" * 201])
def test_weak_passphrase_is_refused(app: Flask, passphrase: str) -> None:
    officer = make_user(Role.CITY_OFFICER)
    with pytest.raises(InvalidInput) as problem, transaction():
        create_officer_key(acting(officer), passphrase)
    assert "passphrase" in problem.value.errors


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.FINANCE_MAKER, Role.TEAM_LEAD, Role.ADMINISTRATOR])
def test_only_opening_roles_have_a_key(app: Flask, role: Role) -> None:
    person = make_user(role)
    with pytest.raises(NotAllowed), transaction():
        create_officer_key(acting(person), "a long enough passphrase")
    assert my_key(acting(person)) is None
