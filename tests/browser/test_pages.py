"""What only a browser can tell: nothing overflows a phone, nothing breaks the content policy, no script is needed."""

from typing import Any

import pytest
from flask import Flask

from market.permissions import Role
from tests.builders.chain import make_challenge, make_contract, make_need, make_solver
from tests.builders.people import client_of, make_organisation, make_user

pytestmark = pytest.mark.browser

PUBLIC = (
    "/",
    "/challenges/",
    "/solvers/",
    "/notices/",
    "/events/",
    "/statistics/",
    "/search/?q=氮化硅",
    "/accounts/login",
    "/accounts/register",
)
STAFF = (
    "/workspace/",
    "/needs/",
    "/challenges/manage",
    "/contracts/",
    "/payouts/",
    "/reports/",
    "/inbox/",
    "/solvers/manage",
)


@pytest.mark.parametrize("width", [1280, 390])
def test_public_pages_fit_the_screen_and_the_policy(app: Flask, visit: Any, width: int) -> None:
    code = make_challenge().code
    make_solver()
    visitor = visit(width=width)
    for path in (*PUBLIC, f"/challenges/{code}"):
        visitor.go(path)
        assert not visitor.overflows(), path
    assert visitor.complaints == []


@pytest.mark.parametrize("width", [1280, 390])
def test_staff_pages_fit_the_screen_and_the_policy(app: Flask, visit: Any, width: int) -> None:
    make_contract()
    make_need()
    visitor = visit(width=width)
    visitor.become(client_of(app, make_user(Role.CITY_OFFICER)))
    for path in STAFF:
        visitor.go(path)
        assert not visitor.overflows(), path
    assert visitor.complaints == []


def test_a_need_is_drafted_without_script(app: Flask, visit: Any) -> None:
    from tests.builders.chain import make_cycle

    make_cycle()
    firm = make_organisation()
    visitor = visit(script=False)
    visitor.become(client_of(app, make_user(Role.FIRM_AUTHOR, organisation=firm)))
    page = visitor.go("/needs/")
    page.get_by_role("link", name="填写需求").first.click()
    page.locator("input[name=title]").fill("高速主轴陶瓷球批次一致性")
    page.get_by_role("button", name="保存").first.click()
    page.goto(visitor.site + "/needs/")
    assert page.get_by_text("高速主轴陶瓷球批次一致性").first.is_visible()


def test_the_keyboard_reaches_the_content_first(app: Flask, visit: Any) -> None:
    page = visit().go("/challenges/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") in ("#main", "#content")


def test_the_language_is_switched_and_kept(app: Flask, visit: Any) -> None:
    visitor = visit()
    page = visitor.go("/")
    page.get_by_role("button", name="English").first.click()
    page.goto(visitor.site + "/challenges/")
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("h1").inner_text() == "Challenges"
