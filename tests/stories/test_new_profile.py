"""Somebody registers while the challenge is open: found without a restart, also in another language."""

import pytest
from flask import Flask

from market.accounts.models import OrganisationKind
from market.challenges.models import Challenge
from market.database import db
from market.jobs.outbox import deliver_due
from market.needs.models import NeedState
from market.permissions import Role
from market.solvers.models import Solver
from tests.builders.chain import make_challenge, make_need
from tests.builders.matches import ask_ranking, unrelated
from tests.builders.people import make_organisation, make_user
from tests.stories.browser import Browser

CHINESE = {
    "name": "新登记团队",
    "country": "CN",
    "directions": "氮化硅陶瓷球气压烧结",
    "keywords": "氮化硅；陶瓷球；批次一致性",
    "profile_zh": "从事氮化硅陶瓷球批次一致性控制与气压烧结，建有密度和维氏硬度检测条件。",
}
ENGLISH = {
    "name": "Lindqvist Group",
    "country": "SE",
    "directions": "Gas pressure sintering of silicon nitride",
    "keywords": "silicon nitride; bearing balls; Vickers hardness",
    "profile_en": "Gas pressure sintering of silicon nitride ceramics; batch consistency of bearing balls.",
}


def register(app: Flask, said: dict[str, str]) -> Solver:
    """A researcher fills in the pages and publishes the profile."""
    university = make_organisation("北境大学", OrganisationKind.UNIVERSITY, None)
    person = make_user(Role.SOLVER, organisation=university)
    browser = Browser(app, person)
    basics = {"kind": "team", "organisation_id": str(university.id), "name": said["name"], "country": said["country"]}
    browser.fill("/solvers/new", basics)
    solver = db.session.query(Solver).filter_by(lead_id=person.id).one()
    path = f"/solvers/{solver.id}"
    words = {name: said[name] for name in ("directions", "keywords")}
    browser.fill(f"{path}/directions", words, press="action=next")
    profile = {name: said[name] for name in ("profile_zh", "profile_en") if name in said}
    browser.fill(f"{path}/profile", profile, press="action=next")
    browser.fill(f"{path}/preview", {"pledge": "y"}, to=f"{path}/publish")
    return solver


def open_challenge() -> Challenge:
    unrelated()
    challenge = make_challenge(make_need(state=NeedState.POSTED))
    ask_ranking(challenge)
    return challenge


@pytest.mark.parametrize("said", [CHINESE, ENGLISH], ids=["chinese", "english"])
def test_new_profile_appears_among_the_candidates_without_a_restart(app: Flask, said: dict[str, str]) -> None:
    challenge, city = open_challenge(), Browser(app, make_user(Role.CITY_OFFICER))
    path = f"/challenges/{challenge.code}/candidates"
    assert said["name"] not in city.read(path)
    solver = register(app, said)
    assert said["name"] not in city.read(path), "the worker has not been yet"
    deliver_due()
    page = city.read(path)
    assert said["name"] in page
    assert challenge.title in Browser(app, solver.lead).read("/matches/for-me")


def test_english_only_scholar_is_found_for_a_chinese_challenge_with_the_translation_in_the_reasons(app: Flask) -> None:
    challenge = open_challenge()
    solver = register(app, ENGLISH)
    deliver_due()
    city = Browser(app, make_user(Role.CITY_OFFICER))
    path = f"/challenges/{challenge.code}/candidates"
    only_english = city.read(f"{path}?lang=en")
    card = only_english.split(f'id="solver-{solver.id}"')[1].split("</section>")[0]
    assert "氮化硅" in card and "silicon nitride" in card and "对应原文" in card
    reasons = Browser(app, solver.lead).read("/matches/for-me")
    assert "silicon nitride" in reasons and "氮化硅" in reasons, "the scholar is told the same reasons"
