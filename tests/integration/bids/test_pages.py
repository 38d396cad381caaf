"""The bidder's pages and the officers': bad input answered beside the field, nothing lost, nothing too much shown."""

import io
from typing import Any

import pytest
from flask import Flask

from market import clock
from market.accounts.models import UserSession
from market.bids.content import BidContent
from market.bids.models import Bid, BidState
from market.bids.queries import draft_of, receipt_of
from market.database import db
from market.permissions import Role
from tests.builders.bids import (
    PASSPHRASE,
    close,
    make_draft,
    make_holders,
    make_sealable_challenge,
    make_sealed,
    open_all,
)
from tests.builders.chain import make_bid, make_challenge, make_solver
from tests.builders.counting import statements
from tests.builders.files import pdf
from tests.builders.people import client_of, make_user


def text_of(answer: Any) -> str:
    return answer.get_data(as_text=True)


def drafted(app: Flask, content: BidContent | None = None) -> tuple[Bid, Any]:
    bid = make_draft(make_sealable_challenge(), make_solver(), content or BidContent())
    return bid, client_of(app, bid.lead)


def test_half_empty_draft_is_saved_and_shown_again(app: Flask) -> None:
    bid, client = drafted(app)
    answer = client.post(f"/bids/{bid.id}/edit", data={"route": "只写了一半", "answers-1-promise": "1550"})
    assert answer.status_code == 303
    page = text_of(client.get(f"/bids/{bid.id}/edit"))
    assert "只写了一半" in page and "1550" in page and "维氏硬度" in page


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"price_fen": "abc"}, "万元"),
        ({"price_fen": "-5"}, "万元"),
        ({"price_fen": "NaN"}, "万元"),
        ({"price_fen": "1e308"}, "万元"),
        ({"budget-0-subject": "材料", "budget-0-amount_fen": "一百"}, "万元"),
        ({"milestones-0-content": "样件", "milestones-0-month": "半年"}, "整数"),
        ({"milestones-0-content": "样件", "milestones-0-percent": "101"}, "0 到 100"),
        ({"members-0-name": "甲", "members-0-months": "-3"}, "人月"),
        ({"members-0-name": "甲", "members-0-months": "1.2345678"}, "人月"),
        ({"members-0-name": "甲" * 81}, "最多 80 个字"),
        ({"route": "长" * 6001}, "最多 6000 个字"),
        ({"route": "有\x00空字符"}, "控制字符"),
        ({"innovation": "反\u202e向"}, "控制字符"),
        ({"members-0-name": "一行\n两行"}, "一行"),
    ],
)
def test_bad_value_is_answered_and_the_rest_stays_typed(app: Flask, typed: dict[str, str], message: str) -> None:
    bid, client = drafted(app)
    answer = client.post(f"/bids/{bid.id}/edit", data={"foundation": "这一段必须还在", **typed})
    page = text_of(answer)
    assert answer.status_code == 422 and message in page and "这一段必须还在" in page
    assert draft_of(db.session.get_one(Bid, bid.id)).foundation == ""


def test_full_width_digits_are_read_as_digits(app: Flask) -> None:
    bid, client = drafted(app)
    assert client.post(f"/bids/{bid.id}/edit", data={"price_fen": "１２０．５"}).status_code == 303
    assert draft_of(db.session.get_one(Bid, bid.id)).price_fen == 120_500_000


def test_what_is_missing_is_said_before_the_seal(app: Flask) -> None:
    bid, client = drafted(app)
    answer = client.post(f"/bids/{bid.id}/edit", data={"action": "review", "route": "路线"})
    page = text_of(answer)
    assert answer.status_code == 422
    for message in ("第 1、2、3 项指标还没有填写承诺值", "请填写里程碑", "请填写经费预算", "请确认承诺", "请作出声明"):
        assert message in page
    page = text_of(client.get(f"/bids/{bid.id}/submit"))
    assert "还有内容没有填完" in page
    answer = client.post(f"/bids/{bid.id}/submit", data={"understood": "y"})
    assert answer.status_code == 422 and "请填写里程碑" in text_of(answer)
    assert db.session.get_one(Bid, bid.id).state is BidState.DRAFT


def test_seal_asks_for_a_copy_first(app: Flask) -> None:
    bid = make_draft(make_sealable_challenge(), make_solver())
    answer = client_of(app, bid.lead).post(f"/bids/{bid.id}/submit", data={})
    assert answer.status_code == 422 and "请先确认已留存副本" in text_of(answer)


def test_good_file_is_kept_though_a_field_is_wrong_and_a_bad_one_is_named(app: Flask) -> None:
    bid, client = drafted(app)
    files = [(io.BytesIO(pdf()), "好.pdf"), (io.BytesIO(b"MZ" + bytes(99)), "坏.pdf")]
    data = {"price_fen": "abc", "files": files}
    page = text_of(client.post(f"/bids/{bid.id}/edit", data=data, content_type="multipart/form-data"))
    assert "坏.pdf：文件内容与扩展名不符" in page and "好.pdf" in page
    saved = text_of(client.get(f"/bids/{bid.id}/edit"))
    assert "好.pdf" in saved and "坏.pdf" not in saved
    token = saved.split('name="remove_file" value="')[1][:32]
    assert client.post(f"/bids/{bid.id}/edit", data={"remove_file": token}).status_code == 303
    assert "好.pdf" not in text_of(client.get(f"/bids/{bid.id}/edit"))


def test_too_many_files_are_refused(app: Flask) -> None:
    bid, client = drafted(app)
    data = {"files": [(io.BytesIO(pdf()), f"{n}.pdf") for n in range(11)]}
    page = text_of(client.post(f"/bids/{bid.id}/edit", data=data, content_type="multipart/form-data"))
    assert "附件最多 10 个" in page


def test_rows_come_and_go_without_script(app: Flask) -> None:
    bid, client = drafted(app)
    data = {"members-0-name": "甲", "add-members": "1", "route": "还在"}
    page = text_of(client.post(f"/bids/{bid.id}/edit", data=data))
    assert 'name="members-1-name"' in page and "还在" in page


@pytest.mark.parametrize("solver", ["", "abc", "999999", "-1"])
def test_begin_wants_a_solver_of_ones_own(app: Flask, solver: str) -> None:
    challenge, lead = make_sealable_challenge(), make_solver().lead
    answer = client_of(app, lead).post(f"/bids/new?challenge={challenge.code}", data={"solver": solver})
    assert answer.status_code == 422 and "请选择您的揭榜方" in text_of(answer)


def test_rivals_solver_cannot_be_used(app: Flask) -> None:
    challenge, lead, rival = make_sealable_challenge(), make_solver().lead, make_solver()
    answer = client_of(app, lead).post(f"/bids/new?challenge={challenge.code}", data={"solver": rival.id})
    assert answer.status_code == 422 and db.session.query(Bid).count() == 0


def test_begin_of_an_unknown_or_unposted_challenge_is_not_found(app: Flask) -> None:
    client = client_of(app, make_solver().lead)
    for code in ("", "ZBJB-1999-001", "%00", "x" * 3000):
        assert client.get(f"/bids/new?challenge={code}").status_code == 404


def test_person_without_a_solver_is_shown_the_way(app: Flask) -> None:
    challenge = make_sealable_challenge()
    page = text_of(client_of(app, make_user(Role.SOLVER)).get(f"/bids/new?challenge={challenge.code}"))
    assert "先登记揭榜方资料" in page


def test_beginning_twice_leads_to_the_one_bid(app: Flask) -> None:
    bid, client = drafted(app)
    answer = client.get(f"/bids/new?challenge={bid.challenge.code}")
    assert answer.headers["Location"] == f"/bids/{bid.id}"


def test_sealed_bid_shows_its_own_team_no_content_and_the_receipt(app: Flask) -> None:
    bid = make_sealed(make_sealable_challenge(), make_solver())
    client, receipt = client_of(app, bid.lead), receipt_of(bid)
    page = text_of(client.get(f"/bids/{bid.id}"))
    assert "分段保压" not in page and receipt.number in page
    page = text_of(client.get(f"/bids/{bid.id}/receipt"))
    assert receipt.sha256 in page and receipt.signature in page and receipt.moment_text in page
    assert client.get(f"/bids/{bid.id}/copy").status_code == 403
    assert client.get(f"/bids/{bid.id}/print").status_code == 403


def test_copy_leads_back_into_the_form(app: Flask) -> None:
    bid = make_draft(make_sealable_challenge(), make_solver(), plan_pdf=pdf())
    client = client_of(app, bid.lead)
    copy = client.get(f"/bids/{bid.id}/copy").data
    client.post(f"/bids/{bid.id}/submit", data={"understood": "y"})
    wrong = {"copy": (io.BytesIO(b"PK nonsense"), "bid.zip")}
    answer = client.post(f"/bids/{bid.id}/replace", data=wrong, content_type="multipart/form-data")
    assert answer.status_code == 422 and "副本" in text_of(answer)
    data = {"copy": (io.BytesIO(copy), "bid.zip")}
    answer = client.post(f"/bids/{bid.id}/replace", data=data, content_type="multipart/form-data")
    assert answer.headers["Location"] == f"/bids/{bid.id}/edit"
    page = text_of(client.get(f"/bids/{bid.id}/edit"))
    assert "分段保压" in page and "plan.pdf" in page
    assert client.post(f"/bids/{bid.id}/replace").status_code == 409, "one replacement at a time"
    assert client.post(f"/bids/{bid.id}/discard").status_code == 303
    assert client.post(f"/bids/{bid.id}/discard").status_code == 409


def test_anyone_verifies_a_receipt_and_learns_nothing_else(app: Flask) -> None:
    bid = make_sealed(make_sealable_challenge(), make_solver())
    receipt, client = receipt_of(bid), app.test_client()
    words = {"number": receipt.number, "sha256": receipt.sha256, "moment": receipt.moment_text}
    with statements() as asked:
        page = text_of(client.post("/bids/verify-receipt", data={**words, "signature": receipt.signature}))
    assert "回执属实" in page and bid.challenge.title not in page and bid.solver.name not in page
    assert asked == [], "no table is asked"
    for name in words:
        page = text_of(client.post("/bids/verify-receipt", data={**words, "signature": receipt.signature, name: "x"}))
        assert "核验未通过" in page
    assert client.post("/bids/verify-receipt", data={}).status_code == 422
    odd = {**words, "signature": "签名\u00e9"}
    assert "核验未通过" in text_of(client.post("/bids/verify-receipt", data=odd))


def test_officers_open_and_screen_on_the_pages(app: Flask) -> None:
    holders = make_holders()
    challenge = make_sealable_challenge(holders)
    bid = make_sealed(challenge, make_solver())
    close(challenge)
    first, second = (client_of(app, holder) for holder in holders[:2])
    address = f"/bids/openings/{challenge.code}"
    answer = first.post(address, data={"passphrase": "wrong passphrase"})
    assert answer.status_code == 422 and "开启口令不对" in text_of(answer)
    assert "请填写此项" in text_of(first.post(address, data={}))
    assert first.post(address, data={"passphrase": PASSPHRASE}).status_code == 303
    assert "您的份额已提交" in text_of(first.get(address))
    assert first.post(address, data={"passphrase": PASSPHRASE}).status_code == 409
    assert "等待另一名持有人" in text_of(second.get("/bids/openings"))
    assert second.post(address, data={"passphrase": PASSPHRASE}).status_code == 303
    assert bid.receipt_number is not None and bid.receipt_number in text_of(second.get(address))
    page = text_of(second.get(f"/challenges/{challenge.code}/bids"))
    assert bid.solver.name in page
    for data in ({}, {"verdict": "pass?"}, {"verdict": "fail", "note": ""}):
        assert second.post(f"/bids/{bid.id}/screen", data=data).status_code == 422
    assert second.post(f"/bids/{bid.id}/screen", data={"verdict": "pass"}).status_code == 303
    assert db.session.get_one(Bid, bid.id, populate_existing=True).state is BidState.QUALIFIED


def test_opening_asks_for_a_fresh_password(app: Flask) -> None:
    holders = make_holders()
    challenge = make_sealable_challenge(holders)
    close(challenge)
    client = client_of(app, holders[0])
    session = db.session.query(UserSession).one()
    session.confirmed_at = clock.now().replace(year=2020)
    db.session.commit()
    for answer in (
        client.get(f"/bids/openings/{challenge.code}"),
        client.post(f"/bids/openings/{challenge.code}", data={"passphrase": PASSPHRASE}),
    ):
        assert answer.status_code == 303 and "/accounts/" in answer.headers["Location"]
    assert db.session.query(Bid).filter_by(state=BidState.OPENED).count() == 0


def test_reasons_are_asked_for(app: Flask) -> None:
    awarded = make_bid(state=BidState.AWARDED)
    client = client_of(app, awarded.lead)
    answer = client.post(f"/bids/{awarded.id}/renounce", data={"reason": " "})
    assert answer.status_code == 422 and "请写明理由" in text_of(answer)
    assert client.post(f"/bids/{awarded.id}/renounce", data={"reason": "负责人调离"}).status_code == 303
    reserve = make_bid(state=BidState.RESERVE)
    head = client_of(app, make_user(Role.DIVISION_HEAD))
    assert head.post(f"/bids/{reserve.id}/disqualify", data={"reason": "长" * 2001}).status_code == 422
    assert head.post(f"/bids/{reserve.id}/disqualify", data={"reason": "专利不实"}).status_code == 303


def test_lists_take_as_many_statements_for_twenty_rows_as_for_one(app: Flask) -> None:
    holders, solver = make_holders(), make_solver()
    challenge = make_sealable_challenge(holders)
    make_sealed(challenge, make_solver())
    make_draft(make_challenge(), solver)
    closed = [make_challenge() for _ in range(18)]
    close(closed[0])
    lead, officer = client_of(app, solver.lead), client_of(app, holders[0])
    pages = [(lead, "/bids/mine"), (officer, "/bids/openings")]
    few = [_count(client, path) for client, path in pages]
    for other in closed[1:]:
        close(other)
        make_bid(other, solver)
    assert [_count(client, path) for client, path in pages] == few
    close(challenge)
    open_all(challenge, holders)
    one = _count(officer, f"/challenges/{challenge.code}/bids")
    for _ in range(15):
        make_bid(challenge, make_solver(), BidState.OPENED)
    assert _count(officer, f"/challenges/{challenge.code}/bids") == one


def _count(client: Any, path: str) -> int:
    client.get(path)
    with statements() as sent:
        assert client.get(path).status_code == 200
    return len(sent)
