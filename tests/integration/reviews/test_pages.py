"""The pages of the bureau, the experts and the bidders, through the client."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from market.accounts.models import User
from market.audit.verify import verify
from market.database import db
from market.permissions import Role
from market.reviews import queries
from market.reviews.models import AssignmentState, Expert, RoundState, ScoreDraft
from tests.builders.counting import statements
from tests.builders.people import client_of, make_organisation, make_user
from tests.builders.reviews import (
    GOOD_REASON,
    concluded,
    convened,
    drawn,
    make_case,
    make_expert,
    make_tech_field,
    published,
    scoring,
    started,
    submitted,
)

HOSTILE = ["－1", "101", "NaN", "abc", "1.5", "9" * 40, "\x00", "１０１"]


def page(client: FlaskClient, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, f"{url}: {answer.status_code}"
    text = answer.get_data(as_text=True)
    assert text.count("<h1") == 1
    return text


def test_whole_review_in_the_browser(app: Flask) -> None:
    case = make_case()
    make_tech_field()
    code = case.challenge.code
    city, city2 = client_of(app, case.city), client_of(app, case.city2)
    assert case.challenge.title in page(city, "/reviews/")
    assert city.post(f"/challenges/{code}/review/start").status_code == 303
    (round_,) = queries.rounds_of(case.challenge)
    number = round_.id
    assert "可抽取 7 人" in page(city, f"/reviews/rounds/{number}/panel")
    assert city.post(f"/reviews/rounds/{number}/panel", data={"count": "５"}).status_code == 303
    assert city.post(f"/reviews/rounds/{number}/convene").status_code == 403
    assert city2.post(f"/reviews/rounds/{number}/convene").status_code == 303
    keys = [criterion["key"] for criterion in round_.criteria]
    for task in queries.seated(round_):
        expert = client_of(app, task.expert.user)
        assert case.challenge.title in page(expert, "/reviews/mine")
        page(expert, f"/reviews/tasks/{task.id}/declare")
        answers = {f"bid_{bid.id}": "no" for bid in case.bids}
        assert expert.post(f"/reviews/tasks/{task.id}/declare", data={**answers, "pledge": "y"}).status_code == 303
    assert city.post(f"/reviews/rounds/{number}/start-scoring").status_code == 303
    for task in queries.seated(round_):
        expert = client_of(app, task.expert.user)
        assert "0.008" in page(expert, f"/reviews/tasks/{task.id}")
        for bid, score in zip(case.bids, (90, 75), strict=True):
            assert "分段保压气压烧结" in page(expert, f"/reviews/tasks/{task.id}/bids/{bid.id}")
            data = {f"score_{key}": str(score) for key in keys} | {f"reason_{key}": GOOD_REASON for key in keys}
            sent = expert.post(f"/reviews/tasks/{task.id}/bids/{bid.id}", data={**data, "comment": "建议支持该方案。"})
            assert sent.status_code == 303
        assert expert.post(f"/reviews/tasks/{task.id}/submit").status_code == 303
    assert city.post(f"/reviews/rounds/{number}/rank").status_code == 303
    page(city, f"/reviews/rounds/{number}/conclude")
    verdicts = {f"verdict_{case.bids[0].id}": "recommend", f"verdict_{case.bids[1].id}": "reserve"}
    done = city.post(f"/reviews/rounds/{number}/conclude", data={**verdicts, "opinion": "评审组一致推荐第一名。"})
    assert done.status_code == 303
    assert "90.00" in page(client_of(app, case.head), f"/challenges/{code}/review")
    db.session.rollback()
    assert [bid.state.value for bid in case.bids] == ["recommended", "reserve"]
    assert verify(db.session())[1] is None


@pytest.mark.parametrize("typed", HOSTILE)
def test_bad_score_is_said_beside_the_field_and_stays(app: Flask, typed: str) -> None:
    case = make_case()
    round_ = scoring(case)
    task = queries.seated(round_)[0]
    expert = client_of(app, task.expert.user)
    url = f"/reviews/tasks/{task.id}/bids/{case.bids[0].id}"
    answer = expert.post(url, data={"score_fit": typed, "comment": "已写的意见"})
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "已写的意见" in text
    assert 'id="score_fit-error"' in text
    assert db.session.query(ScoreDraft).count() == 0


def test_half_filled_scores_are_kept_and_cannot_be_handed_in(app: Flask) -> None:
    case = make_case()
    task = queries.seated(scoring(case))[0]
    expert = client_of(app, task.expert.user)
    url = f"/reviews/tasks/{task.id}/bids/{case.bids[0].id}"
    assert expert.post(url, data={"score_fit": "88"}).status_code == 303
    assert 'value="88"' in page(expert, url)
    refused = expert.post(f"/reviews/tasks/{task.id}/submit", follow_redirects=True).get_data(as_text=True)
    assert "未写理由" in refused
    assert "尚未评分" in refused
    db.session.rollback()
    assert task.state is AssignmentState.DECLARED


def test_expert_sees_neither_other_experts_nor_their_scores(app: Flask) -> None:
    case = make_case()
    round_ = scoring(case)
    first, second, *_others = queries.seated(round_)
    names = {task.expert.user.name for task in queries.seated(round_)} - {second.expert.user.name}
    from tests.builders.reviews import fill

    fill(first, [97, 13])
    expert = client_of(app, second.expert.user)
    for url in ("/reviews/mine", f"/reviews/tasks/{second.id}", f"/reviews/tasks/{second.id}/bids/{case.bids[0].id}"):
        text = page(expert, url)
        assert not any(name in text for name in names)
        assert "97" not in text.split("<main")[1]
    assert expert.get(f"/reviews/tasks/{first.id}").status_code == 404
    assert expert.get(f"/challenges/{case.challenge.code}/review").status_code == 403


def test_sheets_stay_closed_to_the_bureau_until_all_are_in(app: Flask) -> None:
    case = make_case()
    round_ = scoring(case)
    task = queries.seated(round_)[0]
    from market.database import transaction
    from market.reviews import operations
    from tests.builders.reviews import expert_actor, fill

    fill(task, [97, 93])
    with transaction():
        operations.submit_scores(expert_actor(task), task)
    for user in (case.city, case.head, make_user(Role.SUPERVISOR)):
        text = page(client_of(app, user), f"/challenges/{case.challenge.code}/review")
        assert "97" not in text.split("<main")[1]
        assert "已交评分" in text


def test_bid_of_another_challenge_is_hidden_from_the_expert(app: Flask) -> None:
    case, other = make_case(), make_case(experts=0)
    task = queries.seated(scoring(case))[0]
    expert = client_of(app, task.expert.user)
    assert expert.get(f"/reviews/tasks/{task.id}/bids/{other.bids[0].id}").status_code == 404
    assert expert.get(f"/reviews/tasks/{task.id}/bids/{10**30}").status_code == 404


def test_material_is_closed_before_the_pledge_and_before_scoring(app: Flask) -> None:
    case = make_case()
    round_ = convened(case, drawn(case))
    task = queries.seated(round_)[0]
    expert = client_of(app, task.expert.user)
    assert expert.get(f"/reviews/tasks/{task.id}/bids/{case.bids[0].id}").status_code == 403
    assert "0.008" not in page(expert, f"/reviews/tasks/{task.id}")
    assert expert.get(f"/bids/{case.bids[0].id}").status_code in (403, 404)


def test_declaration_without_answers_or_pledge_is_refused_beside_the_field(app: Flask) -> None:
    case = make_case()
    task = queries.seated(convened(case, drawn(case)))[0]
    expert = client_of(app, task.expert.user)
    url = f"/reviews/tasks/{task.id}/declare"
    assert "请逐项选择" in expert.post(url, data={"pledge": "y"}).get_data(as_text=True)
    answers = {f"bid_{bid.id}": "no" for bid in case.bids}
    assert "请签署承诺" in expert.post(url, data=answers).get_data(as_text=True)
    answers[f"bid_{case.bids[0].id}"] = "yes"
    assert "请写明回避原因" in expert.post(url, data=answers).get_data(as_text=True)
    assert expert.post(url, data={**answers, "reason": "师生关系"}).status_code == 303
    db.session.rollback()
    assert task.state is AssignmentState.RECUSED


def test_recommending_below_the_pass_line_is_refused(app: Flask) -> None:
    case = make_case()
    round_ = submitted(case, scoring(case), [(59, 80)] * 5)
    city = client_of(app, case.city)
    assert city.post(f"/reviews/rounds/{round_.id}/rank").status_code == 303
    data = {f"verdict_{case.bids[0].id}": "recommend", "opinion": "推荐低于合格线的揭榜方。"}
    answer = city.post(f"/reviews/rounds/{round_.id}/conclude", data=data)
    assert answer.status_code == 200
    assert "低于合格线" in answer.get_data(as_text=True)
    assert "推荐低于合格线的揭榜方。" in answer.get_data(as_text=True)
    db.session.rollback()
    assert round_.state is RoundState.RANKED


def test_scores_far_apart_ask_for_an_explanation(app: Flask) -> None:
    case = make_case()
    round_ = submitted(case, scoring(case), [(95, 80), (40, 80), (90, 80), (92, 80), (91, 80)])
    city = client_of(app, case.city)
    city.post(f"/reviews/rounds/{round_.id}/rank")
    data = {f"verdict_{case.bids[0].id}": "recommend", "opinion": "评审组推荐第一名揭榜方。"}
    url = f"/reviews/rounds/{round_.id}/conclude"
    assert "请说明复核情况" in city.post(url, data=data).get_data(as_text=True)
    assert city.post(url, data={**data, "explanation": "已复核，低分系对设备权属理解不同。"}).status_code == 303


def test_bidder_sees_own_result_only_after_the_notice_is_published(app: Flask) -> None:
    case = make_case()
    concluded(case)
    winner, loser = (client_of(app, bid.lead) for bid in case.bids)
    url = f"/reviews/results/{case.bids[0].id}"
    assert winner.get(url).status_code == 404
    second = make_case()
    published(second)
    winner, loser = (client_of(app, bid.lead) for bid in second.bids)
    url = f"/reviews/results/{second.bids[0].id}"
    text = page(winner, url)
    assert "85.00" in text
    assert "路线可行" in text
    assert not any(expert.user.name in text for expert in second.experts)
    assert loser.get(url).status_code == 404
    assert client_of(app, make_user()).get(url).status_code == 404


def test_pool_form_keeps_what_was_typed(app: Flask) -> None:
    make_tech_field()
    city, user = make_user(Role.CITY_OFFICER), make_user(Role.EXPERT)
    client = client_of(app, city)
    page(client, "/reviews/experts/new")
    data = {"user_id": str(user.id), "organisation_id": "", "title": "研究员", "past_organisations": "某研究院"}
    answer = client.post("/reviews/experts/new", data=data)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "请至少选择一个技术领域" in text
    assert "研究员" in text
    for bad in ({"user_id": "abc"}, {"user_id": "999999"}, {"title": "长" * 81}, {"title": "\x00"}, {"fields": "nope"}):
        assert client.post("/reviews/experts/new", data={**data, **bad}).status_code == 200
    organisation = make_organisation()
    good = {**data, "organisation_id": str(organisation.id), "fields": "sintering"}
    assert client.post("/reviews/experts/new", data=good).status_code == 303
    expert = db.session.query(Expert).one()
    assert expert.past_organisations == ["某研究院"]
    page(client, f"/reviews/experts/{expert.id}/edit")
    assert client.post(f"/reviews/experts/{expert.id}/edit", data={**good, "title": "教授"}).status_code == 303
    db.session.rollback()
    assert expert.title == "教授"


def _count(client: FlaskClient, url: str) -> int:
    with statements() as seen:
        page(client, url)
    return len(seen)


def test_lists_ask_the_same_number_of_questions_for_one_and_many_rows(app: Flask) -> None:
    case = make_case(experts=1)
    city = client_of(app, case.city)
    urls = ("/reviews/", "/reviews/experts")
    few = [_count(city, url) for url in urls]
    for _place in range(5):
        started(make_case(bids=1, experts=3))
    assert [_count(city, url) for url in urls] == few


def test_pool_of_a_round_asks_the_same_number_of_questions_for_any_size(app: Flask) -> None:
    case = make_case(experts=1)
    round_ = started(case)
    city = client_of(app, case.city)
    few = _count(city, f"/reviews/rounds/{round_.id}/panel")
    for _place in range(8):
        make_expert()
    assert _count(city, f"/reviews/rounds/{round_.id}/panel") == few


def test_tasks_of_an_expert_ask_the_same_number_of_questions_for_one_and_many(app: Flask) -> None:
    user = make_user(Role.EXPERT)

    def task_for(user: User) -> None:
        from tests.builders.reviews import seat

        case = make_case(bids=1, experts=4)
        expert = db.session.query(Expert).filter_by(user_id=user.id).one_or_none() or make_expert(user)
        round_ = started(case)
        seat(case, round_, [expert, *case.experts])
        convened(case, round_)

    task_for(user)
    client = client_of(app, user)
    few = _count(client, "/reviews/mine")
    for _place in range(3):
        task_for(user)
    assert _count(client, "/reviews/mine") == few


def test_recommendation_is_unsaid_to_bidders_and_poster_until_the_notice(app: Flask) -> None:
    case = make_case()
    concluded(case)
    author = make_user(Role.FIRM_AUTHOR, organisation=case.challenge.organisation)
    for user in (*(bid.lead for bid in case.bids), author):
        client = client_of(app, user)
        for url in ("/bids/mine", f"/bids/{case.bids[0].id}", f"/bids/{case.bids[1].id}"):
            text = client.get(url).get_data(as_text=True).partition("<main")[2]
            assert not any(label in text for label in ("推荐（拟中榜）", ">备选<", "未入选"))
    assert "推荐（拟中榜）" in page(client_of(app, case.city), f"/bids/{case.bids[0].id}")
