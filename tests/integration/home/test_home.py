"""The front page and the workspace."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from market import clock
from market.bids.models import BidState
from market.challenges.models import ChallengeState
from market.needs.models import NeedState
from market.permissions import Role
from tests.builders.chain import make_bid, make_challenge, make_need, make_solver
from tests.builders.counting import statements
from tests.builders.people import client_of, make_organisation, make_user
from tests.builders.reviews import make_case, published


def test_front_page_of_an_empty_site_says_what_to_do(client: FlaskClient) -> None:
    page = client.get("/").get_data(as_text=True)
    assert "新一批榜单正在准备" in page and "眼下没有正在揭榜的榜单" in page
    assert page.count("<h1") == 1


def test_front_page_shows_open_challenges_and_hides_drafts_and_closed(client: FlaskClient) -> None:
    shown = make_challenge()
    late = make_challenge(deadline=clock.now() - timedelta(seconds=1))
    draft = make_challenge(state=ChallengeState.DRAFT)
    page = client.get("/").get_data(as_text=True)
    assert shown.code in page
    assert late.code not in page
    assert draft.title and page.count("jb-listing-item") == 1


def test_front_page_calls_for_objections_until_the_notice_has_run_and_no_longer(client: FlaskClient) -> None:
    notice = published(make_case())
    address, end = f"/notices/{notice.id}", notice.ends_on
    assert end is not None
    with clock.at(clock.end_of(end)):
        assert address in client.get("/").get_data(as_text=True)
    with clock.at(clock.end_of(end) + timedelta(minutes=1)):
        assert address not in client.get("/").get_data(as_text=True)


def test_front_page_costs_the_same_for_one_and_many_challenges(client: FlaskClient) -> None:
    make_challenge()
    with statements() as few:
        client.get("/")
    for _ in range(8):
        make_challenge()
    with statements() as many:
        client.get("/")
    assert len(few) == len(many)


def test_health_answers_without_signing_in(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})


def test_workspace_asks_a_visitor_to_sign_in(client: FlaskClient) -> None:
    answer = client.get("/workspace/")
    assert answer.status_code == 302 and answer.headers["Location"].startswith("/accounts/login?next=/workspace/")


def test_newcomer_is_led_to_an_organisation(app: Flask) -> None:
    page = client_of(app, make_user()).get("/workspace/").get_data(as_text=True)
    assert "第一步：加入或登记您的单位" in page and "/accounts/organisation" in page


def test_district_officer_sees_needs_of_own_district_only(app: Flask) -> None:
    here, there = make_organisation(district="370303"), make_organisation(district="370304")
    make_need(organisation=here, state=NeedState.DISTRICT_CHECK, title="本区的高温合金焊接难题")
    make_need(organisation=there, state=NeedState.DISTRICT_CHECK, title="外区的高温合金焊接难题")
    page = client_of(app, make_user(Role.DISTRICT_OFFICER, district="370303")).get("/workspace/").get_data(as_text=True)
    assert "本区的高温合金焊接难题" in page and "外区的高温合金焊接难题" not in page


def test_bidder_sees_own_draft_only(app: Flask) -> None:
    solver, rival = make_solver(), make_solver()
    challenge = make_challenge()
    make_bid(challenge, solver, BidState.DRAFT)
    page = client_of(app, solver.lead).get("/workspace/").get_data(as_text=True)
    assert "揭榜书草稿待提交" in page
    assert "揭榜书草稿待提交" not in client_of(app, rival.lead).get("/workspace/").get_data(as_text=True)


def test_every_role_gets_a_workspace(app: Flask) -> None:
    firm = make_organisation()
    make_bid(make_challenge(state=ChallengeState.CLOSED), state=BidState.SUBMITTED)
    for role in Role:
        district = "370303" if role is Role.DISTRICT_OFFICER else None
        answer = client_of(app, make_user(role, organisation=firm, district=district)).get("/workspace/")
        assert answer.status_code == 200, role
        assert answer.get_data(as_text=True).count("<h1") == 1


def test_workspace_costs_the_same_for_one_and_twenty_needs(app: Flask) -> None:
    officer = client_of(app, make_user(Role.CITY_OFFICER))
    make_need(state=NeedState.FORMAL_CHECK)
    officer.get("/workspace/")
    with statements() as few:
        officer.get("/workspace/")
    for _ in range(19):
        make_need(state=NeedState.FORMAL_CHECK)
    with statements() as many:
        page = officer.get("/workspace/").get_data(as_text=True)
    assert len(few) == len(many)
    assert "20" in page


def test_menu_marks_the_room_one_is_in_and_offers_only_what_is_allowed(app: Flask) -> None:
    supervisor = client_of(app, make_user(Role.SUPERVISOR))
    page = supervisor.get("/audit/undelivered").get_data(as_text=True)
    assert '<a href="/audit/" aria-current="page">' in page
    assert page.count('aria-current="page"') == 2  # The menu stands twice: beside the page and, on a phone, above it.
    assert 'href="/accounts/users"' not in page


@pytest.mark.parametrize("role", [*Role, None])
def test_public_pages_lead_nobody_who_is_signed_in_to_a_refusal(app: Flask, role: Role | None) -> None:
    challenge = make_challenge()
    organisation = make_organisation()
    client = client_of(app, make_user(role, organisation=organisation) if role else make_user())
    for path in ("/", f"/challenges/{challenge.code}", "/solvers/"):
        page = client.get(path).get_data(as_text=True)
        for link in sorted(set(re.findall(r'href="(/[^"#]*)"', page))):
            if not link.startswith("/static/"):
                assert client.get(link).status_code in (200, 302, 303), (path, link)


def test_page_that_is_not_there_asks_only_visitors_to_sign_in(app: Flask) -> None:
    assert "请先登录" in app.test_client().get("/nowhere").get_data(as_text=True)
    page = client_of(app, make_user(Role.SOLVER)).get("/nowhere").get_data(as_text=True)
    assert "请先登录" not in page and "/accounts/login" not in page


def test_english_reader_gets_english_numbers_and_error_titles(app: Flask, client: FlaskClient) -> None:
    english = {"Accept-Language": "en"}
    page = client.get("/", headers=english).get_data(as_text=True)
    numbers = page.split("front-numbers")[-1].split("</dl>")[0]
    shown = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", numbers)
    assert len(shown) == 6 and not re.search(r"[\u4e00-\u9fff]", str(shown))
    page = client.get("/statistics/", headers=english).get_data(as_text=True)
    assert not re.search(r"[\u4e00-\u9fff]", page.split('class="jb-stats')[1].split("</section>")[0])
    refused = client_of(app, make_user(Role.SOLVER)).get("/audit/", headers=english).get_data(as_text=True)
    assert "<h1>No permission</h1>" in refused
