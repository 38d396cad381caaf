"""The candidates of a challenge as staff, the poster and others see them: filters, two side by side."""

import re
from datetime import timedelta

from flask import Flask

from market import clock
from market.accounts.models import OrganisationKind, User
from market.bids.models import BidState
from market.challenges.models import Challenge, ChallengeState
from market.database import db, transaction
from market.matches import invitations, operations
from market.matches.models import (
    Candidate,
    CandidateVerdict,
    Judgement,
    RefusalReason,
)
from market.permissions import Role
from market.solvers.models import Solver, SolverKind
from tests.builders.chain import make_bid, make_challenge, make_contract, make_solver
from tests.builders.counting import statements
from tests.builders.matches import (
    approve,
    invited_case,
    list_candidates,
)
from tests.builders.people import acting, client_of, make_organisation, make_user, save


def test_poster_sees_numbers_and_no_names(app: Flask) -> None:
    challenge, solver, officer, _invitation = invited_case()
    author = make_user(Role.FIRM_AUTHOR, organisation=challenge.organisation)
    address = f"/challenges/{challenge.code}/candidates"
    page = client_of(app, author).get(address).text
    assert "已发出邀请" in page and solver.name not in page and solver.lead.name not in page
    rival = make_user(Role.FIRM_AUTHOR, organisation=make_organisation())
    assert client_of(app, rival).get(address).status_code == 403
    assert client_of(app, author).post(f"{address}/invite").status_code == 403
    draft = make_challenge(state=ChallengeState.APPROVAL)
    assert client_of(app, officer).get(f"/challenges/{draft.code}/candidates").status_code == 404


def test_pages_ask_the_database_as_often_for_twenty_candidates_as_for_one(app: Flask) -> None:
    challenge = make_challenge()
    university = make_organisation("大学", OrganisationKind.UNIVERSITY, None)
    lead = make_user(Role.TEAM_LEAD, organisation=university)

    def add(count: int) -> None:
        for number in range(count):
            solver = make_solver(lead if number == 0 else None)
            save(
                Candidate(
                    challenge_id=challenge.id,
                    solver_id=solver.id,
                    rank=1,
                    score=0.5,
                    coverage=0.3,
                    reasons=[
                        {"term": "烧结", "weight": 1.0, "document": "", "field": "bio", "snippet": "烧结", "via": ""}
                    ],
                )
            )

    officer = client_of(app, make_user(Role.CITY_OFFICER))
    mine = client_of(app, lead)
    add(1)
    counts: list[list[int]] = []
    for _round in range(2):
        counts.append([])
        for client, address in ((officer, f"/challenges/{challenge.code}/candidates"), (mine, "/matches/for-me")):
            client.get(address)
            db.session.remove()
            with statements() as seen:
                assert client.get(address).status_code == 200
            counts[-1].append(len(seen))
        db.session.remove()
        challenge = db.session.get_one(Challenge, 1)
        add(19)
    assert counts[0] == counts[1]


def names_on(page: str) -> set[str]:
    return set(re.findall(r"<h2>.*?>([甲乙丙丁]队)</a>", page, re.S))


def filtered_case() -> tuple[Challenge, User, dict[str, Solver]]:
    """甲 is at home, 乙 abroad and English only, 丙 an individual whose lead belongs to the poster, 丁 refused."""
    challenge, officer = make_challenge(), make_user(Role.CITY_OFFICER)
    solvers = {
        "甲": make_solver(name="甲队"),
        "乙": make_solver(name="乙队", country="SE", profile_zh="", profile_en="Sintering."),
        "丙": make_solver(name="丙队", kind=SolverKind.INDIVIDUAL, organisation=challenge.organisation),
        "丁": make_solver(name="丁队"),
    }
    candidates = list_candidates(challenge, *solvers.values(), score=0.43)
    approve(officer, candidates[0])
    with transaction():
        invitations.invite_candidates(acting(officer), challenge, candidates[:1])
        operations.judge_candidate(acting(officer), candidates[3], CandidateVerdict.REFUSED, RefusalReason.OFF_TOPIC)
    return challenge, officer, solvers


def test_filters_narrow_the_list_and_stay_in_the_address(app: Flask) -> None:
    challenge, officer, solvers = filtered_case()
    client, base = client_of(app, officer), f"/challenges/{challenge.code}/candidates"
    expected = {
        "": "甲乙丙丁",
        "region=abroad": "乙",
        "region=home": "甲丙丁",
        "lang=en": "乙",
        "lang=zh": "甲丙丁",
        "kind=individual": "丙",
        "fit=met": "甲乙丁",
        "fit=all": "甲丁",
        "score=40": "甲乙丙",
        "score=70": "",
        "stage=pending": "乙丙",
        "stage=waiting": "甲",
        "stage=refused": "丁",
        "stage=alternate": "",
        "region=home&fit=met&stage=refused": "丁",
        "region=nowhere&score=x&stage=": "甲乙丙丁",
    }
    found = {query: names_on(client.get(f"{base}?{query}").text) for query in expected}
    assert found == {query: {f"{letter}队" for letter in letters} for query, letters in expected.items()}
    assert "没有符合这些条件的候选" in client.get(f"{base}?score=70").text
    page = client.get(f"{base}?region=abroad").text
    assert f"{base}/{solvers['乙'].id}/invite?region=abroad" in page
    answer = client.post(f"{base}/{solvers['乙'].id}/approve?region=abroad")
    assert "region=abroad" in answer.headers["Location"]


def test_a_refusal_without_its_reason_comes_back_with_what_was_typed(app: Flask) -> None:
    challenge, officer, solvers = filtered_case()
    address = f"/challenges/{challenge.code}/candidates/{solvers['乙'].id}/refuse"
    answer = client_of(app, officer).post(address, data={"reason": "", "note": "离得太远"})
    assert answer.status_code == 422 and "不邀请时请选择理由" in answer.text and "离得太远" in answer.text
    db.session.rollback()
    assert db.session.query(Judgement).filter_by(solver_id=solvers["乙"].id).count() == 0


def test_two_candidates_side_by_side(app: Flask) -> None:
    challenge, officer, solvers = filtered_case()
    done = make_bid(make_challenge(state=ChallengeState.RUNNING), solvers["甲"], BidState.CONTRACTED)
    make_contract(done, ends_on=clock.today() + timedelta(days=900))
    client, base = client_of(app, officer), f"/challenges/{challenge.code}/candidates/compare"
    page = client.get(f"{base}?a={solvers['甲'].id}&b={solvers['乙'].id}").text
    shared, only = page.split("双方都有的词")[1].split("只有一方有的词")
    assert "烧结" in shared and "专长1" not in shared
    assert "专长1" in only and "专长2" in only
    assert "与本榜实施期重叠" in page and "瑞典" in page and done.challenge.title in page and "100.00" in page
    assert client.get(f"{base}?a=999999").status_code == 404
    assert client.get(base).status_code == 200
    author = make_user(Role.FIRM_AUTHOR, organisation=challenge.organisation)
    assert client_of(app, author).get(base).status_code == 403
    lonely = make_challenge()
    assert "至少要有两个候选" in client.get(f"/challenges/{lonely.code}/candidates/compare").text
