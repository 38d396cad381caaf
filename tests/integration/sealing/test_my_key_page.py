"""/sealing/key: an officer sets, changes and replaces the opening passphrase."""

from flask import Flask

from market.audit.models import Entry
from market.database import db
from market.permissions import Role
from market.sealing.models import OfficerKey
from tests.builders.bids import PASSPHRASE, make_holders, make_key
from tests.builders.chain import make_challenge
from tests.builders.people import client_of, make_user

NEW = {"action": "create", "passphrase": PASSPHRASE, "again": PASSPHRASE}


def test_officer_sets_a_passphrase_and_it_is_journalled(app: Flask) -> None:
    officer = make_user(Role.CITY_OFFICER)
    client = client_of(app, officer)
    page = client.get("/sealing/key").get_data(as_text=True)
    assert "没有人能找回这个口令" in page and "密钥持有人不足" in page
    assert client.post("/sealing/key", data=NEW).status_code == 303
    assert db.session.query(OfficerKey).filter_by(user_id=officer.id).count() == 1
    assert db.session.query(Entry).filter_by(action="officer_key:create", actor_id=officer.id).count() == 1


def test_passphrase_is_nowhere_in_the_answer_or_the_journal(app: Flask) -> None:
    client = client_of(app, make_user(Role.CITY_OFFICER))
    answer = client.post("/sealing/key", data={**NEW, "again": "something else entirely"})
    assert answer.status_code == 422
    assert "两次输入的口令不一致" in answer.get_data(as_text=True)
    assert PASSPHRASE not in answer.get_data(as_text=True)


def test_bad_input_is_answered_beside_the_field(app: Flask) -> None:
    client = client_of(app, make_user(Role.CITY_OFFICER))
    for data, message in (
        ({}, "请填写此项"),
        ({"action": "create", "passphrase": "短", "again": "短"}, "口令至少 12 个字符"),
        ({"action": "nonsense"}, "请填写此项"),
        ({**NEW, "passphrase": "\0" * 13, "again": "\0" * 13}, "太简单"),
    ):
        answer = client.post("/sealing/key", data=data)
        assert answer.status_code == 422 and message in answer.get_data(as_text=True), data


def test_officer_changes_and_replaces(app: Flask) -> None:
    holders = make_holders()
    make_key(make_challenge(), holders)
    client = client_of(app, holders[0])
    assert "有 1 个榜单的份额将作废" in client.get("/sealing/key").get_data(as_text=True)
    assert "请填写此项" in client.post("/sealing/key", data={"action": "change"}).get_data(as_text=True)
    new = {"change-passphrase": "another long passphrase", "change-again": "another long passphrase"}
    wrong = {"action": "change", "change-current": "wrong", **new}
    assert "当前口令不对" in client.post("/sealing/key", data=wrong).get_data(as_text=True)
    assert client.post("/sealing/key", data={**wrong, "change-current": PASSPHRASE}).status_code == 303
    replace = {"action": "replace", "replace-passphrase": PASSPHRASE, "replace-again": PASSPHRASE}
    assert "请先确认" in client.post("/sealing/key", data=replace).get_data(as_text=True)
    assert client.post("/sealing/key", data={**replace, "replace-understood": "y"}).status_code == 303
    assert db.session.query(OfficerKey).filter_by(user_id=holders[0].id).count() == 2
