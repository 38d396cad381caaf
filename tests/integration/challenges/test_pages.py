"""Public and management pages of challenges: what each reader sees, bad input, equal cost for 1 and 20."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from market import clock
from market.challenges.models import Challenge, ChallengeState
from market.database import db
from market.needs.content import CONTENT_FIELDS, AmountKind
from market.needs.models import NeedState
from market.permissions import Role
from market.solvers.models import SolverState
from market.spreadsheets import read
from tests.builders.bids import give_key
from tests.builders.chain import content, make_bid, make_challenge, make_cycle, make_solver
from tests.builders.counting import statements
from tests.builders.needs import Firm, make_firm, make_terms
from tests.builders.people import client_of, make_user

SECRET, PHONE = "保密牌号SN-9000", "0533-0000001"


def partly(firm: Firm, state: ChallengeState = ChallengeState.POSTED) -> Challenge:
    need = firm.need(
        NeedState.POSTED if state.is_public else NeedState.ACCEPTED, confidentiality="partly", confidential_text=SECRET
    )
    return make_challenge(need, state)


def text(client: FlaskClient, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, path
    return answer.get_data(as_text=True)


def test_visitors_read_the_challenge_without_secret_and_telephone(app: Flask) -> None:
    challenge = partly(make_firm())
    for path in ("", "/print", "/versions"):
        page = text(app.test_client(), f"/challenges/{challenge.code}{path}")
        assert SECRET not in page and PHONE not in page
    page = text(app.test_client(), f"/challenges/{challenge.code}")
    assert "053****0001" in page and challenge.title in page and "我要揭榜" in page


def test_secret_is_for_poster_and_bureau_telephone_also_for_verified_solvers(app: Flask) -> None:
    firm = make_firm()
    challenge = partly(firm)
    path = f"/challenges/{challenge.code}"
    for person in (firm.author, firm.signatory, firm.district, firm.city, firm.head, make_user(Role.SUPERVISOR)):
        page = text(client_of(app, person), path)
        assert SECRET in page and PHONE in page
    verified, listed = make_solver(), make_solver(state=SolverState.LISTED)
    seen = text(client_of(app, verified.lead), path)
    assert SECRET not in seen and PHONE in seen
    for person in (listed.lead, make_firm().author, make_user(Role.EXPERT), make_user(Role.FINANCE_MAKER)):
        page = text(client_of(app, person), path)
        assert SECRET not in page and PHONE not in page


def test_unposted_has_no_public_address(app: Flask) -> None:
    firm = make_firm()
    challenge = partly(firm, ChallengeState.APPROVAL)
    for path in (
        f"/challenges/{challenge.id}",
        "/challenges/None",
        "/challenges/'--",
        f"/challenges/manage/{challenge.id}",
    ):
        stranger = client_of(app, make_firm().author)
        assert stranger.get(path).status_code == 404, path
    assert challenge.title not in text(app.test_client(), "/challenges/")
    assert challenge.title in text(client_of(app, firm.city), f"/challenges/manage/{challenge.id}")


def test_filters_narrow_the_public_list(app: Flask) -> None:
    make_terms()
    firm = make_firm()
    ceramic = make_challenge(firm.need(NeedState.POSTED))
    software = make_challenge(
        firm.need(
            NeedState.POSTED, title="排产软件与设备联动优化", industry="software", amount_kind=AmountKind.NEGOTIABLE
        )
    )
    over = make_challenge(firm.need(NeedState.POSTED, title="已经截止的榜单名称"), deadline=clock.now())

    def codes(query: str) -> set[str]:
        return set(re.findall(r"/challenges/(ZBJB-\d+-\d+)", text(app.test_client(), f"/challenges/?{query}")))

    every = {ceramic.code, software.code, over.code}
    assert codes("") == every
    assert codes("industry=software") == {software.code}
    assert codes("amount_kind=negotiable") == {software.code}
    assert codes("q=排产") == {software.code} and codes(f"q={ceramic.code}") == {ceramic.code}
    assert codes("open=1") == {ceramic.code, software.code}
    assert codes("district=370304") == set()
    for sort in ("deadline", "amount", "nonsense"):
        assert codes(f"sort={sort}") == every
    assert codes("q=%25") == set() and codes("amount_kind=x&page=abc") == every


def cost(client: FlaskClient, path: str) -> int:
    db.session.expunge_all()
    with statements() as seen:
        assert client.get(path).status_code == 200
    return len(seen)


@pytest.mark.parametrize("path", ["/challenges/", "/challenges/?sort=amount&amount_kind=fixed", "/challenges/manage"])
def test_lists_cost_the_same_for_1_and_20(app: Flask, path: str) -> None:
    firm = make_firm()
    client = client_of(app, firm.city)
    make_challenge(firm.need(NeedState.POSTED))
    once = cost(client, path)
    for _number in range(19):
        firm.cycle, firm.organisation, firm.author = (
            db.session.merge(firm.cycle), db.session.merge(firm.organisation), db.session.merge(firm.author)
        )  # fmt: skip
        make_challenge(firm.need(NeedState.POSTED))
    assert cost(client, path) == once


def test_ledger_costs_the_same_hides_sealed_counts_and_is_scoped(app: Flask) -> None:
    make_terms()
    firm = make_firm()
    open_, opened = (
        make_challenge(firm.need(NeedState.POSTED)),
        make_challenge(firm.need(NeedState.POSTED), ChallengeState.REVIEW),
    )
    make_bid(open_, state="submitted")  # pyright: ignore[reportArgumentType]
    make_bid(opened, state="opened")  # pyright: ignore[reportArgumentType]
    rows = read(client_of(app, firm.city).get("/challenges/ledger.xlsx").data)
    lines = {row[1]: dict(zip(rows[0], row, strict=True)) for row in rows[1:]}
    assert rows[0][-1] == "备注" and len(rows[0]) == 21
    assert lines[open_.code]["揭榜数"] == "" and lines[opened.code]["揭榜数"] == 1
    assert lines[open_.code]["榜额(万元)"] == 120 and lines[open_.code]["产业"] == "先进陶瓷"
    assert len(read(client_of(app, make_firm(make_cycle()).author).get("/challenges/ledger.xlsx").data)) == 1


def form_of(**values: str) -> dict[str, str]:
    """What the browser sends for the builder's text."""
    data = {"posting_days": "30", "deliverables": "烧结工艺规程\n检测判据", "in_house_unsolvable": "y"}
    for name, value in content().items():
        if name == "indicators":
            for number, row in enumerate(value):
                data |= {f"indicators-{number}-{key}": cell for key, cell in row.items()}
        elif name.endswith("_fen"):
            data[name] = str(value / 1_000_000)
        elif name not in data:
            data[name] = str(getattr(value, "value", value))
    assert set(CONTENT_FIELDS) >= set(content())
    return data | values


def test_from_need_to_posting_in_the_browser(app: Flask) -> None:
    make_terms()
    firm = make_firm()
    give_key(firm.head, 1)
    give_key(firm.city, 2)
    need = firm.need(NeedState.ACCEPTED, tech_field="sintering")
    city, head, signatory = (client_of(app, person) for person in (firm.city, firm.head, firm.signatory))
    one = city.post(f"/challenges/prepare/{need.id}").headers["Location"]
    assert city.post(f"/challenges/prepare/{need.id}").status_code == 409
    edited = city.post(f"{one}/edit", data=form_of(title="高速主轴用氮化硅陶瓷球色斑控制"))
    assert edited.status_code == 303, edited.get_data(as_text=True)[:2000]
    assert city.post(f"{one}/propose").status_code == 403
    assert signatory.post(f"{one}/confirm").status_code == 303
    assert city.post(f"{one}/propose").status_code == 303
    assert city.post(f"{one}/approve").status_code == 403
    assert "批准发榜" in text(head, one)
    assert head.post(f"{one}/approve").status_code == 303
    assert head.post(f"{one}/approve").status_code == 403
    page = text(app.test_client(), "/challenges/")
    assert "高速主轴用氮化硅陶瓷球色斑控制" in page
    changed = form_of(title="高速主轴用氮化硅陶瓷球色斑控制", reason="放宽", agreed="y", term_months="30")
    assert city.post(f"{one}/change", data=changed).status_code == 303
    code = re.findall(r"/challenges/([A-Z0-9]+-\d+-\d+)", page)[0]
    assert "24" in (diff := text(app.test_client(), f"/challenges/{code}/versions")) and "放宽" in diff


def test_without_keys_approval_says_so_on_the_page(app: Flask) -> None:
    firm = make_firm()
    challenge = make_challenge(
        firm.need(NeedState.ACCEPTED),
        ChallengeState.APPROVAL,
        confirmed_at=clock.now(),
        confirmed_by_id=firm.signatory.id,
    )
    answer = client_of(app, firm.head).post(f"/challenges/manage/{challenge.id}/approve")
    assert answer.status_code == 200 and "开启密钥" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("path", "data", "message"),
    [
        ("change", {}, "请填写此项"),
        ("change", {"reason": "理由"}, "须经发榜企业同意"),
        ("change", {"reason": "理由", "agreed": "y", "amount_fen": "-1"}, "不能为负数"),
        ("change", {"reason": "理由", "agreed": "y", "title": "短"}, "8–50 个字"),
        ("change", {"reason": "理由", "agreed": "y"}, "没有任何修改"),
        ("extend", {"days": "10"}, "请填写此项"),
        ("extend", {"days": "三", "reason": "理由"}, "整数"),
        ("extend", {"days": "３１", "reason": "理由"}, "1–30 天"),
        ("extend", {"days": "10", "reason": "长" * 501}, "最多 500 个字"),
    ],
)
def test_bad_input_is_answered_on_the_page(app: Flask, path: str, data: dict[str, str], message: str) -> None:
    make_terms()
    firm = make_firm()
    challenge = make_challenge(firm.need(NeedState.POSTED))
    sent = form_of(**data) if path == "change" else data
    answer = client_of(app, firm.city).post(f"/challenges/manage/{challenge.id}/{path}", data=sent)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200 and message in page
    assert all(value in page for value in data.values() if len(value) > 1 and len(value) < 400)
    db.session.expire_all()
    kept = db.session.get_one(Challenge, challenge.id)
    assert (kept.version, kept.extensions) == (1, 0)


def test_no_award_and_relisting_in_the_browser(app: Flask) -> None:
    make_terms()
    firm = make_firm()
    challenge = make_challenge(firm.need(NeedState.POSTED), ChallengeState.CLOSED)
    head, city = client_of(app, firm.head), client_of(app, firm.city)
    page = head.post(f"/challenges/manage/{challenge.id}/no-award", data={"reason": "bad luck"})
    assert page.status_code == 200
    assert head.post(f"/challenges/manage/{challenge.id}/no-award", data={"reason": "no_bid"}).status_code == 303
    assert "无人揭榜" in text(app.test_client(), f"/challenges/{challenge.code}")
    same = city.post(f"/challenges/manage/{challenge.id}/relist", data=form_of())
    assert same.status_code == 200 and "须修改文本或榜额" in same.get_data(as_text=True)
    answer = city.post(f"/challenges/manage/{challenge.id}/relist", data=form_of(amount_fen="150"))
    assert answer.status_code == 303 and answer.headers["Location"] != f"/challenges/manage/{challenge.id}"


def test_pages_are_english_for_english_readers(app: Flask) -> None:
    make_terms()
    challenge = make_challenge(make_firm().need(NeedState.POSTED))
    page = app.test_client().get(f"/challenges/{challenge.code}", headers={"Accept-Language": "en"})
    assert "Advanced ceramics" in page.get_data(as_text=True)


def test_every_management_page_has_one_heading(app: Flask) -> None:
    firm = make_firm()
    draft, posted = partly(firm, ChallengeState.DRAFT), partly(firm)
    client = client_of(app, firm.city)
    for path in (
        "/challenges/", f"/challenges/{posted.code}", f"/challenges/{posted.code}/print", "/challenges/manage",
        f"/challenges/manage/{draft.id}", f"/challenges/manage/{posted.id}", f"/challenges/manage/{draft.id}/edit",
        f"/challenges/manage/{posted.id}/change",
    ):  # fmt: skip
        assert text(client, path).count("<h1") == 1, path
