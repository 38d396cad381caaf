"""Pages of notices: what the public sees, what the bureau does there, and the same number of questions for any list."""

from flask import Flask
from flask.testing import FlaskClient

from market import clock
from market.database import db
from market.notices.models import Notice, NoticeState
from market.notices.policies import period_ends
from market.permissions import Role
from tests.builders.counting import statements
from tests.builders.people import client_of, make_user
from tests.builders.reviews import MINUTES, TEXT, concluded, make_case, prepared, proposed, published


def page(client: FlaskClient, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, f"{url}: {answer.status_code}"
    text = answer.get_data(as_text=True)
    assert text.count("<h1") == 1
    return text


def test_whole_notice_in_the_browser(app: Flask) -> None:
    case = make_case()
    concluded(case)
    city, head = client_of(app, case.city), client_of(app, case.head)
    code = case.challenge.code
    assert code and code in page(city, "/notices/manage")
    assert case.challenge.title in page(city, f"/challenges/{code}/notice/new")
    assert city.post(f"/challenges/{code}/notice/new", data=TEXT).status_code == 303
    notice = db.session.query(Notice).one()
    url = f"/notices/{notice.id}"
    assert "尚未发布" in page(city, url)
    page(city, f"{url}/edit")
    assert city.post(f"{url}/edit", data={**TEXT, "title": "关于拟中榜结果的公示（更正）"}).status_code == 303
    assert city.post(f"{url}/propose").status_code == 303
    assert city.post(f"{url}/approve", data={"decision_number": MINUTES}).status_code == 403
    page(head, f"{url}/approve")
    assert "请填写局党组会议纪要号" in head.post(f"{url}/approve", data={}).get_data(as_text=True)
    assert head.post(f"{url}/approve", data={"decision_number": MINUTES}).status_code == 303
    assert "提出异议" in page(app.test_client(), url)
    assert head.post(f"{url}/take-effect").status_code == 403
    db.session.rollback()
    ends = period_ends(notice)
    assert ends is not None
    with clock.at(ends):
        head = client_of(app, case.head)
        assert "确认中榜" in page(head, url)
        assert head.post(f"{url}/take-effect").status_code == 303
        assert "提出异议</a>" not in page(app.test_client(), url)
    db.session.rollback()
    assert notice.state is NoticeState.EFFECTIVE


def test_draft_is_hidden_from_the_public_and_the_bidders(app: Flask) -> None:
    case = make_case()
    notice = proposed(case)
    for client in (app.test_client(), client_of(app, case.bids[0].lead), client_of(app, make_user(Role.FIRM_AUTHOR))):
        for url in (f"/notices/{notice.id}", f"/notices/{notice.id}/print", f"/notices/{notice.id}/object"):
            assert client.get(url).status_code == 404
        assert notice.title not in page(client, "/notices/")
    assert notice.title in page(client_of(app, make_user(Role.SUPERVISOR)), f"/notices/{notice.id}")


def test_experts_and_scores_are_published_only_where_the_rules_say_so(app: Flask) -> None:
    visitor = app.test_client()
    silent, open_ = make_case(), make_case(experts=0, scores_published=True)
    names = [expert.user.name for expert in silent.experts]
    text = page(visitor, f"/notices/{published(silent).id}")
    assert "85.00" not in text
    assert not any(name in text for name in names)
    text = page(visitor, f"/notices/{published(open_).id}")
    assert "85.00" in text
    assert sum(name in text for name in names) == 5


def test_printed_notice_has_the_official_text(app: Flask) -> None:
    case = make_case()
    notice = published(case)
    text = page(app.test_client(), f"/notices/{notice.id}/print")
    named = (notice.title, case.challenge.code or "", case.bids[0].solver.name)
    for words in (*named, "110.00", "5 个工作日", "匿名或无法联系"):
        assert words in text


def test_bad_input_of_the_notice_form_stays_beside_its_field(app: Flask) -> None:
    case = make_case()
    notice = prepared(case)
    city = client_of(app, case.city)
    bad = [
        {},
        {"title": "短", "body": "短"},
        {"title": "长" * 201, "body": "\x00"},
        {"title": TEXT["title"], "body": " "},
    ]
    for data in bad:
        answer = city.post(f"/notices/{notice.id}/edit", data=data)
        assert answer.status_code == 200
        assert "has-error" in answer.get_data(as_text=True)
    assert city.get(f"/notices/{10**30}").status_code == 404
    assert city.post(f"/notices/{10**30}/propose").status_code == 404


def test_cancel_without_a_reason_is_said_and_nothing_happens(app: Flask) -> None:
    case = make_case()
    notice = published(case)
    head = client_of(app, case.head)
    text = head.post(f"/notices/{notice.id}/cancel", data={}, follow_redirects=True).get_data(as_text=True)
    assert "请填写此项" in text
    assert head.post(f"/notices/{notice.id}/cancel", data={"reason": "名单单位名称有误，重新核对"}).status_code == 303
    assert "名单单位名称有误" in page(app.test_client(), f"/notices/{notice.id}")


def test_lists_ask_the_same_number_of_questions_for_one_and_many_rows(app: Flask) -> None:
    case = make_case()
    published(case)
    city, visitor = client_of(app, case.city), app.test_client()

    def count(client: FlaskClient, url: str) -> int:
        with statements() as seen:
            page(client, url)
        return len(seen)

    asked = [(visitor, "/notices/"), (city, "/notices/manage"), (city, "/notices/objections")]
    few = [count(*one) for one in asked]
    for _place in range(4):
        published(make_case(experts=7))
    assert [count(*one) for one in asked] == few
