"""A researcher registers: half-empty drafts, steps, publishing, verification, and what must not happen."""

import io

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from market.accounts.models import Grant, Membership, MembershipState, OrganisationKind
from market.audit.models import Entry
from market.audit.verify import verify
from market.database import db, transaction
from market.errors import NotAllowed
from market.jobs.models import Outbox
from market.permissions import Role
from market.solvers import operations
from market.solvers.models import Achievement, Solver, SolverKind, SolverMember, SolverState
from market.solvers.queries import completeness_of
from tests.builders.chain import make_solver
from tests.builders.counting import statements
from tests.builders.people import acting, client_of, make_organisation, make_user, save

PROFILE = "长期研究氮化硅陶瓷致密化，建有气压烧结炉，曾为机床主轴厂提供滚动体毛坯。"


def actions() -> list[str]:
    return list(db.session.scalars(select(Entry.action).order_by(Entry.seq)))


def solver_named(name: str) -> Solver:
    db.session.rollback()
    return db.session.scalars(select(Solver).where(Solver.name == name)).one()


def follow(client: FlaskClient, address: str, data: dict[str, object]) -> str:
    answer = client.post(address, data=data, follow_redirects=True)
    assert answer.status_code == 200, answer.text[:500]
    return answer.text


def test_newcomer_registers_a_team_in_steps_and_publishes_it(app: Flask) -> None:
    university = make_organisation("测试大学甲", OrganisationKind.UNIVERSITY, None)
    person = make_user(name="顾衍成")
    save(Membership(user_id=person.id, organisation_id=university.id, state=MembershipState.ACTIVE))
    client = client_of(app, person)

    page = follow(
        client,
        "/solvers/new",
        {"kind": "team", "name": "顾衍成团队", "organisation_id": university.id, "country": "CN"},
    )
    assert "方向与关键词" in page
    solver = solver_named("顾衍成团队")
    assert solver.state is SolverState.DRAFT
    roles = set(db.session.scalars(select(Grant.role).where(Grant.user_id == person.id)))
    assert roles == {Role.SOLVER, Role.TEAM_LEAD}
    base = f"/solvers/{solver.id}"
    follow(client, f"{base}/directions", {"directions": "氮化物陶瓷气压烧结；晶界相设计", "keywords": "Si3N4\n轴承球"})
    follow(client, f"{base}/profile", {"profile_zh": PROFILE})
    page = follow(
        client, f"{base}/achievements/read", {"text": "1. 一种球坯，ZL201819993304.8，2019\n色斑成因诊断规程"}
    )
    assert "读出 2 项" in page and db.session.scalar(select(Achievement.id)) is None
    follow(
        client,
        f"{base}/achievements",
        {"works-0-kind": "patent", "works-0-title": "一种球坯", "works-0-year": "２０１９"},
    )
    follow(client, f"{base}/members", {"members-0-name": "李某", "members-0-role": "博士生"})
    refused = client.post(f"{base}/publish", data={})
    assert refused.status_code == 422 and "公开前请勾选承诺" in refused.text
    follow(client, f"{base}/publish", {"pledge": "y"})
    assert solver_named("顾衍成团队").state is SolverState.LISTED

    visitor = app.test_client()
    shown = visitor.get(base).text
    assert PROFILE in shown and "一种球坯" in shown and "李某" in shown
    assert person.email not in shown
    assert "顾衍成团队" in visitor.get("/solvers/").text
    assert verify(db.session())[1] is None
    assert {
        "solver:create",
        "grant:give",
        "solver:edit",
        "solver:add_achievements",
        "solver:set_members",
        "solver:list_publicly",
    } <= set(actions())


def test_a_person_without_organisation_registers_in_english_only(app: Flask) -> None:
    person = make_user(name="Ada Scholar", locale="en")
    client = client_of(app, person)
    follow(
        client,
        "/solvers/new",
        {"kind": "individual", "name_en": "Ada Scholar Lab", "organisation_id": "0", "country": "DE"},
    )
    solver = solver_named("Ada Scholar Lab")
    follow(client, f"/solvers/{solver.id}/directions", {"directions": "silicon nitride"})
    follow(client, f"/solvers/{solver.id}/profile", {"profile_en": "Gas pressure sintering of silicon nitride balls."})
    follow(client, f"/solvers/{solver.id}/publish", {"pledge": "y"})
    assert solver_named("Ada Scholar Lab").state is SolverState.LISTED


def test_draft_saves_half_empty_and_publishing_names_what_is_missing(app: Flask) -> None:
    client = client_of(app, make_user())
    follow(client, "/solvers/new", {"kind": "team", "organisation_id": "0", "country": "CN"})
    solver = db.session.scalars(select(Solver)).one()
    answer = client.post(f"/solvers/{solver.id}/publish", data={"pledge": "y"})
    for message in ("公开前请填写名称", "公开前请至少填写一个研究方向", "公开前请写中文或英文简介"):
        assert message in answer.text
    assert app.test_client().get(f"/solvers/{solver.id}").status_code == 404


def test_public_profile_cannot_be_emptied(app: Flask) -> None:
    solver = make_solver()
    client = client_of(app, solver.lead)
    answer = client.post(f"/solvers/{solver.id}/directions", data={"directions": "", "keywords": "a"})
    assert "公开前请至少填写一个研究方向" in answer.text
    db.session.rollback()
    assert db.session.get_one(Solver, solver.id).directions


@pytest.mark.parametrize(
    ("step", "data", "message"),
    [
        ("basics", {"kind": "team", "name": "名" * 121, "organisation_id": "0", "country": "CN"}, "最多 120 个字"),
        ("basics", {"kind": "nonsense", "name": "甲", "organisation_id": "0", "country": "CN"}, "甲"),
        ("basics", {"kind": "team", "name": "甲\0乙", "organisation_id": "0", "country": "CN"}, "不可见的控制字符"),
        ("basics", {"kind": "team", "name": "甲", "organisation_id": "abc", "country": "CN"}, "甲"),
        ("basics", {"kind": "team", "name": "甲", "organisation_id": "99999", "country": "ZZ"}, "甲"),
        ("directions", {"directions": "\n".join("一二三四五六")}, "最多 5 项"),
        ("directions", {"directions": "向" * 61}, "最多 60 个字"),
        ("directions", {"directions": "甲", "keywords": "a\0b"}, "不可见的控制字符"),
        ("profile", {"profile_zh": "文" * 5001}, "最多 5000 个字"),
        ("profile", {"profile_zh": "含\0空"}, "不可见的控制字符"),
        ("achievements", {"works-0-kind": "paper", "works-0-title": "甲", "works-0-year": "1850"}, "1900 到 2100"),
        ("achievements", {"works-0-kind": "paper", "works-0-title": "甲", "works-0-year": "2099"}, "年份应在"),
        ("achievements", {"works-0-kind": "paper", "works-0-year": "2020"}, "请填写题名"),
        ("achievements", {"works-0-kind": "bad", "works-0-title": "我写的题名"}, "我写的题名"),
        ("achievements", {"works-0-kind": "paper", "works-0-title": " "}, "请至少填写一项"),
        ("members", {"members-0-name": "张伟", "members-1-name": "张伟"}, "成员姓名重复"),
        ("members", {"members-0-name": "名" * 81}, "最多 80 个字"),
    ],
)
def test_bad_input_is_explained_and_kept(app: Flask, step: str, data: dict[str, str], message: str) -> None:
    solver = make_solver()
    answer = client_of(app, solver.lead).post(f"/solvers/{solver.id}/{step}", data=data)
    assert answer.status_code == 200
    assert message in answer.text
    db.session.rollback()
    assert db.session.scalars(select(Achievement)).one() and not db.session.scalars(select(SolverMember)).all()


def test_hostile_files_get_a_message_never_an_error(app: Flask) -> None:
    solver = make_solver()
    client = client_of(app, solver.lead)
    for name, content in (("x.xlsx", b"PK\x03\x04rubbish"), ("x.exe", b"MZ"), ("x.csv", b"")):
        answer = client.post(
            f"/solvers/{solver.id}/achievements/read",
            data={"file": (io.BytesIO(content), name)},
            content_type="multipart/form-data",
        )
        assert answer.status_code == 200 and "jb-field-error" in answer.text


def test_only_the_lead_edits_and_strangers_learn_nothing_of_drafts(app: Flask) -> None:
    draft, public = make_solver(state=SolverState.DRAFT), make_solver()
    stranger = make_user(Role.TEAM_LEAD, organisation=public.organisation)
    client = client_of(app, stranger)
    assert client.get(f"/solvers/{draft.id}").status_code == 404
    assert client.get(f"/solvers/{draft.id}/basics").status_code == 404
    assert client.get(f"/solvers/{public.id}/basics").status_code == 403
    assert client.post(f"/solvers/{public.id}/hide").status_code == 403
    with pytest.raises(NotAllowed), transaction():
        operations.edit_solver(acting(stranger), public, {"name": "改名"})


def test_staff_may_not_register_as_solvers(app: Flask) -> None:
    for role in (Role.CITY_OFFICER, Role.SUPERVISOR, Role.ADMINISTRATOR):
        client = client_of(app, make_user(role))
        assert client.get("/solvers/new").status_code == 403
        assert (
            client.post("/solvers/new", data={"kind": "team", "organisation_id": "0", "country": "CN"}).status_code
            == 403
        )
    assert db.session.scalars(select(Solver)).all() == []


def test_nobody_registers_for_an_organisation_they_do_not_belong_to(app: Flask) -> None:
    foreign = make_organisation("别人的大学", OrganisationKind.UNIVERSITY, None)
    person = make_user()
    with pytest.raises(Exception) as caught, transaction():
        operations.create_solver(acting(person), {"kind": SolverKind.TEAM, "organisation_id": foreign.id})
    assert "organisation_id" in getattr(caught.value, "errors", {})


def test_changing_the_name_of_a_verified_profile_asks_for_verification_anew(app: Flask) -> None:
    solver = make_solver()
    client = client_of(app, solver.lead)
    follow(client, f"/solvers/{solver.id}/profile", {"profile_zh": PROFILE})
    assert solver_named(solver.name).state is SolverState.VERIFIED
    follow(
        client,
        f"/solvers/{solver.id}/basics",
        {"kind": "team", "name": "新名团队", "organisation_id": str(solver.organisation_id), "country": "CN"},
    )
    assert solver_named("新名团队").state is SolverState.LISTED
    assert "solver:change_identity" in actions()


def test_staff_verify_and_withdraw_with_a_reason(app: Flask) -> None:
    solver = make_solver(state=SolverState.LISTED)
    client = client_of(app, make_user(Role.CITY_OFFICER))
    assert solver.name in client.get("/solvers/manage").text
    follow(client, f"/solvers/{solver.id}/verify", {})
    assert solver_named(solver.name).state is SolverState.VERIFIED
    page = follow(client, f"/solvers/{solver.id}/unverify", {"reason": ""})
    assert "请填写撤销核验的理由" in page and solver_named(solver.name).state is SolverState.VERIFIED
    follow(client, f"/solvers/{solver.id}/unverify", {"reason": "单位证明过期"})
    assert solver_named(solver.name).state is SolverState.LISTED
    assert client_of(app, solver.lead).post(f"/solvers/{solver.id}/verify").status_code == 403


def test_every_change_of_public_text_reaches_index_and_matcher(app: Flask) -> None:
    solver = make_solver()
    actor = acting(solver.lead)
    work = db.session.scalars(select(Achievement)).one()
    changes = [
        lambda: operations.edit_solver(actor, solver, {"profile_zh": PROFILE}),
        lambda: operations.edit_solver(actor, solver, {"accepts_matching": False}),
        lambda: operations.add_achievements(actor, solver, [{"title": "新成果"}]),
        lambda: operations.choose_achievements(actor, solver, set()),
        lambda: operations.edit_achievement(actor, solver, work, {"title": "改后的题名"}),
        lambda: operations.remove_achievement(actor, solver, work),
        lambda: operations.set_members(actor, solver, [{"name": "李某"}]),
        lambda: operations.hide_solver(actor, solver),
        lambda: operations.list_solver(actor, solver),
    ]
    for number, change in enumerate(changes, start=1):
        with transaction():
            change()
        topics = list(db.session.scalars(select(Outbox.topic)))
        assert (topics.count("search.update"), topics.count("matches.profile")) == (number, number)


def test_choice_of_what_counts_is_kept_and_shown(app: Flask) -> None:
    solver = make_solver()
    client = client_of(app, solver.lead)
    work = db.session.scalars(select(Achievement)).one()
    follow(client, f"/solvers/{solver.id}/achievements/choose", {"counted": "999999999999"})
    db.session.rollback()
    assert db.session.get_one(Achievement, work.id).counts_for_matching is False
    assert work.title in app.test_client().get(f"/solvers/{solver.id}").text


def test_meter_says_what_helps_most_first(app: Flask) -> None:
    bare = Solver(kind=SolverKind.TEAM, name="", profile_zh="", profile_en="", directions=[], keywords=[])
    meter = completeness_of(bare, [])
    assert meter.percent == 0 and meter.advice[0][1] == "achievements"
    solver = make_solver()
    assert 0 < completeness_of(solver, db.session.scalars(select(Achievement)).all()).percent < 100


def test_filters_find_by_direction_country_and_word(app: Flask) -> None:
    make_solver(name="甲队", directions=["流延成型"], country="CN")
    make_solver(name="Team B", directions=["Tape casting"], country="DE")
    make_solver(name="藏队", directions=["流延成型"], state=SolverState.HIDDEN)
    visitor = app.test_client()
    page = visitor.get("/solvers/?direction=流延成型").text
    assert "甲队" in page and "Team B" not in page and "藏队" not in page
    assert "Team B" in visitor.get("/solvers/?country=DE").text
    assert "Team B" in visitor.get("/solvers/?q=TAPE").text
    for odd in ("q=%25", "q=_", "q=%00", "country=%00", "page=999999", "direction=" + "x" * 5000):
        assert visitor.get(f"/solvers/?{odd}").status_code == 200
    assert "甲队" not in visitor.get("/solvers/?q=%25").text
    assert visitor.get("/solvers/99999999999999999999").status_code == 404


@pytest.mark.parametrize("address", ["/solvers/", "/solvers/manage?show=all"])
def test_lists_ask_the_database_as_often_for_twenty_as_for_one(app: Flask, address: str) -> None:
    client = client_of(app, make_user(Role.CITY_OFFICER))
    make_solver()
    client.get(address)
    db.session.remove()
    with statements() as one:
        assert client.get(address).status_code == 200
    for _n in range(19):
        make_solver()
    db.session.remove()
    with statements() as twenty:
        assert client.get(address).status_code == 200
    assert len(one) == len(twenty)
