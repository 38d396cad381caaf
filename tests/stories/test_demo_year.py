"""The demo replays a year through the operations: the published figures must come out of the rows."""

from flask import Flask

from market.accounts.models import User
from market.audit.verify import verify
from market.database import db
from market.demo.files import read
from market.demo.replay import load
from market.payouts.verification import verify as verify_ledger
from market.reports.queries import annual_sentence
from tests.builders.people import client_of

PUBLISHED = (
    "征集写榜需求97个，发榜55个，其中45个榜额明确为3785万元，10个不限定榜额；揭榜活动2场，对接学者团队27个；"
    "签订揭榜合同11项；兑付人才奖励资金912万元；带动项目研发投入16607万元。"
)
NOTHING_WAITS = "都办完了"


def test_the_year_comes_out_as_published_and_everybody_has_work(app: Flask) -> None:
    load()
    assert annual_sentence(2021) == PUBLISHED
    assert verify(db.session())[1] is None
    assert verify_ledger(db.session())[1] is None
    idle, seen = [], set()
    for person in read("people"):
        # The first login of each role is the one the README names.
        if not person["demo"] or seen >= set(person["roles"]):
            continue
        seen |= set(person["roles"])
        user = db.session.query(User).filter_by(email=person["email"]).one()
        page = client_of(app, user).get("/workspace/").get_data(as_text=True)
        if NOTHING_WAITS in page:
            idle.append(person["email"])
    assert idle == [], "demo logins with nothing waiting for them"
