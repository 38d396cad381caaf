"""Before posting: what is vague, whom it would reach, what resembles it; nobody's secret is told, nothing is kept."""

import logging
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from market.challenges.models import ChallengeState
from market.database import Base, db, transaction
from market.jobs import enqueue
from market.jobs.outbox import deliver_due
from market.matches import engine, outlook
from market.matches.wording import Remark, remarks_on
from market.needs.content import CONTENT_FIELDS, Confidentiality
from market.needs.models import Need, NeedState
from market.permissions import Role
from market.programmes.models import Cycle
from market.programmes.rules import Rules
from market.solvers import operations as solver_operations
from market.solvers.models import SolverState
from tests.builders.chain import make_challenge, make_cycle, make_need, make_solver
from tests.builders.counting import statements
from tests.builders.needs import Firm, make_firm
from tests.builders.people import acting, client_of, make_organisation, make_user

SECRET = "绝密配方甲乙丙丁"


def synchronise() -> None:
    with transaction():
        enqueue("matches.profile", {"solver_id": 0})
    deliver_due()
    db.session.rollback()


def draft(firm: Firm, **values: object) -> Need:
    """A need as people begin it: everything empty but what is given."""
    texts = ("title", "industry", "tech_field", "background", "in_house_reason", "content")
    empty: dict[str, object] = dict.fromkeys(texts, "")
    empty |= {"deliverables": [], "indicators": [], "solver_conditions": "", "contact_name": "", "contact_phone": None}
    empty |= {name: None for name in CONTENT_FIELDS if name.endswith(("_fen", "_kind", "_months", "ownership"))}
    return firm.need(**{**empty, **values})


def about(need: Need, field: str) -> list[Remark]:
    return [remark for remark in remarks_on(need, Rules()) if remark.field == field]


def row(name: str, value: str = "", unit: str = "", method: str = "") -> dict[str, str]:
    return {"name": name, "operator": ">=", "value": value, "value_high": "", "unit": unit, "method": method}


def test_a_complete_need_gets_no_remark(app: Flask) -> None:
    need = make_need(content="查明同一炉次内斑点球的成因，给出可复现的烧结曲线和检测判据，不含磨削工序")
    assert remarks_on(need, Rules()) == []


def test_an_empty_draft_says_what_to_begin_with_and_breaks_nowhere(app: Flask) -> None:
    firm = make_firm()
    need = draft(firm)
    found = outlook.outlook_of(need)
    assert {remark.field for remark in found.remarks} == {"background", "content", "indicators"}
    assert all(remark.hint for remark in found.remarks)
    assert found.similar == [] and found.reached.fitting == 0
    page = client_of(app, firm.author).get(f"/needs/{need.id}/outlook")
    assert page.status_code == 200 and "还没有揭榜方参与匹配" in page.text


@pytest.mark.parametrize(
    ("indicator", "problem"),
    [
        (row("抗弯强度", "", "MPa", "GB/T 6569"), "没有数值"),
        (row("抗弯强度", "较高", "MPa", "GB/T 6569"), "数值不是数字"),
        (row("抗弯强度", "800", "", "GB/T 6569"), "没有单位"),
        (row("抗弯强度", "800", "MPa", ""), "没有检测方法"),
        (row("抗弯强度", "800", "MPa", "双方约定"), "没有检测方法"),
        (row("产品性能提升", "20", "", "GB/T 6569"), "“提升”没有说明和什么比"),
    ],
)
def test_an_indicator_without_value_unit_or_method_is_named(
    app: Flask, indicator: dict[str, str], problem: str
) -> None:
    need = make_need(indicators=[row("密度", "3.2", "g/cm³", "GB/T 25995"), indicator, row("硬度", "1", "GPa", "压痕")])
    assert [(remark.quote, remark.problem) for remark in about(need, "indicators")] == [(indicator["name"], problem)]


def test_a_share_or_ratio_needs_no_unit(app: Flask) -> None:
    need = make_need(indicators=[row(name, "0.9", "", "GB/T 1") for name in ("合格率", "长径比", "相关系数")])
    assert about(need, "indicators") == []


@pytest.mark.parametrize(
    ("sentence", "word"),
    [
        ("采用先进工艺", "先进"),
        ("得到高性能的材料", "高性能"),
        ("提升批次一致性", "提升"),
        ("达到国际先进水平，良率 99%", "国际先进"),
    ],
)
def test_a_soft_word_without_a_number_is_quoted(app: Flask, sentence: str, word: str) -> None:
    need = make_need(content=f"查明斑点成因并给出烧结曲线，不含磨削工序，给出判据。{sentence}。")
    [remark] = about(need, "content")
    assert remark.quote == sentence and word in remark.problem and remark.hint


@pytest.mark.parametrize(
    "sentence", ["把良率从 92% 提升到 97%", "能耗降低三分之一", "寿命提高两倍", "按 GB/T 6569 检测"]
)
def test_a_soft_word_with_a_quantity_is_left_alone(app: Flask, sentence: str) -> None:
    need = make_need(content=f"查明斑点成因并给出烧结曲线，不含磨削工序，给出判据。{sentence}。")
    assert about(need, "content") == []


def test_the_words_are_the_programme_s(app: Flask) -> None:
    need = make_need(content="查明斑点成因并给出烧结曲线，不含磨削工序，给出判据。做到一等品质。")
    assert remarks_on(need, Rules()) == []
    assert [remark.quote for remark in remarks_on(need, Rules(soft_words=("一等",)))] == ["做到一等品质"]


def test_a_posted_challenge_like_it_is_linked_with_its_likeness(app: Flask) -> None:
    firm = make_firm()
    alike = make_challenge(make_need(firm.cycle, state=NeedState.POSTED), ChallengeState.COMPLETED)
    make_challenge(
        make_need(
            firm.cycle, state=NeedState.POSTED, title="设施番茄病毒病田间快检", background="番茄" * 60,
            content="给出检测试剂", deliverables=["试剂盒"], indicators=[],
        )
    )  # fmt: skip
    need = draft(firm, title="高速主轴用氮化硅陶瓷球批次一致性控制")
    [similar] = outlook.outlook_of(need).similar
    assert (similar.challenge.id, similar.percent, similar.is_duplicate) == (alike.id, 100, True)
    page = client_of(app, firm.author).get(f"/needs/{need.id}/outlook").text
    assert f"/challenges/{alike.code}" in page and "可能重复" in page


def test_the_same_problem_under_another_title_is_found_and_its_own_challenge_is_not(app: Flask) -> None:
    firm = make_firm()
    other = make_challenge(make_need(firm.cycle, state=NeedState.POSTED))
    need = firm.need(title="轴承滚动体出现斑点怎么办")
    assert [similar.challenge.id for similar in outlook.outlook_of(need).similar] == [other.id]
    own = make_challenge(need, ChallengeState.POSTED)
    assert own.id not in [similar.challenge.id for similar in outlook.outlook_of(need).similar]


@pytest.mark.parametrize("state", [NeedState.DRAFT, NeedState.DISTRICT_CHECK, NeedState.ACCEPTED])
def test_a_firm_learns_nothing_of_another_s_need_that_is_not_posted(app: Flask, state: NeedState) -> None:
    firm, rival = make_firm(), make_firm()
    make_need(rival.cycle, rival.organisation, rival.author, state, title="高速主轴用氮化硅陶瓷球斑点控制（竞争者）")
    prepared = make_need(rival.cycle, rival.organisation, rival.author, NeedState.ACCEPTED)
    make_challenge(prepared, ChallengeState.APPROVAL)
    need = firm.need()
    assert outlook.outlook_of(need).similar == []
    page = client_of(app, firm.author).get(f"/needs/{need.id}/outlook").text
    assert "竞争者" not in page and rival.organisation.name not in page


def test_confidential_text_is_neither_compared_shown_kept_nor_logged(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    firm, rival = make_firm(), make_firm()
    make_solver(profile_zh=f"熟悉{SECRET}与氮化硅烧结。")
    synchronise()
    secret = {"confidentiality": Confidentiality.PARTLY, "confidential_text": f"{SECRET}先进，显著提高。" * 20}
    make_challenge(
        make_need(rival.cycle, rival.organisation, rival.author, NeedState.POSTED, title="番茄", background="番茄" * 60,
                  content="番茄", deliverables=[], indicators=[], **secret)
    )  # fmt: skip
    need = draft(firm, title="某种零件", **secret)
    found = outlook.outlook_of(need)
    assert found.similar == [] and found.reached.fitting == 0
    assert not any(SECRET[:4] in f"{remark}" for remark in found.remarks) and found.reached.uncovered == []
    client = client_of(app, firm.author)
    before = {table.name: db.session.scalar(select(func.count()).select_from(table)) for table in tables()}
    db.session.rollback()
    with caplog.at_level(logging.DEBUG):
        page = client.get(f"/needs/{need.id}/outlook").text
    assert SECRET not in page and SECRET not in caplog.text
    db.session.rollback()
    after = {table.name: db.session.scalar(select(func.count()).select_from(table)) for table in tables()}
    assert after == before
    for path in (Path(app.instance_path) / "matcher").rglob("*"):
        assert not path.is_file() or "某种零件".encode() not in path.read_bytes()


def tables() -> list:
    return Base.metadata.sorted_tables


def test_reach_is_a_number_and_no_name(app: Flask) -> None:
    firm = make_firm(suggestion_threshold=15)
    fitting = [make_solver(name=f"烧结队{number}") for number in range(3)]
    make_solver(name="草稿队", state=SolverState.DRAFT)
    make_solver(name="自家队", organisation=firm.organisation)
    synchronise()
    need = firm.need(title="氮化硅陶瓷球气压烧结一致性")
    reached = outlook.outlook_of(need).reached
    assert (reached.fitting, reached.told, reached.band) == (3, 3, "some")
    page = client_of(app, firm.author).get(f"/needs/{need.id}/outlook").text
    assert "适中" in page
    for solver in fitting:
        assert solver.name not in page and solver.lead.name not in page and solver.organisation.name not in page


def test_who_opts_out_is_not_counted_from_that_moment(app: Flask) -> None:
    firm = make_firm()
    solver = make_solver(name="烧结队")
    synchronise()
    need = firm.need()
    assert outlook.outlook_of(need).reached.fitting == 1
    with transaction():
        solver_operations.edit_solver(acting(solver.lead), solver, {"accepts_matching": False})
    reached = outlook.outlook_of(need).reached
    assert (reached.fitting, reached.band) == (0, "none")


def test_words_nobody_covers_are_named_and_covered_ones_are_not(app: Flask) -> None:
    firm = make_firm()
    make_solver(name="烧结队")
    synchronise()
    need = firm.need(title="番茄褐色皱果病毒与氮化硅烧结")
    words = outlook.outlook_of(need).reached.uncovered
    assert "番茄" in words and not {"氮化", "烧结"} & set(words)


def test_a_missing_matcher_does_not_break_the_page(app: Flask) -> None:
    firm = make_firm()
    engine._loaded.clear()
    assert client_of(app, firm.author).get(f"/needs/{firm.need().id}/outlook").status_code == 200


def test_who_sees_it_and_when(app: Flask) -> None:
    firm = make_firm()
    rival = make_user(Role.FIRM_AUTHOR, organisation=make_organisation())
    need, waiting = firm.need(), firm.need(NeedState.FORMAL_CHECK)
    ended = firm.need(NeedState.WITHDRAWN)
    for person, subject, status in (
        (firm.author, need, 200),
        (firm.signatory, need, 200),
        (rival, need, 404),
        (firm.city, need, 404),
        (firm.city, waiting, 200),
        (firm.district, waiting, 200),
        (rival, waiting, 404),
        (firm.author, ended, 403),
    ):
        assert client_of(app, person).get(f"/needs/{subject.id}/outlook").status_code == status


def test_the_need_s_pages_ask_for_it_and_scripts_get_the_part_alone(app: Flask) -> None:
    firm = make_firm()
    need, waiting, ended = firm.need(), firm.need(NeedState.FORMAL_CHECK), firm.need(NeedState.WITHDRAWN)
    author, city = client_of(app, firm.author), client_of(app, firm.city)
    for client, page, there in (
        (author, f"/needs/{need.id}", f"/needs/{need.id}/outlook"),
        (author, f"/needs/{need.id}/edit/problem", f"/needs/{need.id}/outlook?section=problem"),
        (city, f"/needs/{waiting.id}/check", f"/needs/{waiting.id}/outlook"),
    ):
        assert f'hx-get="{there}"' in client.get(page).text
        part = client.get(there, headers={"HX-Request": "true"}).text
        assert "<html" not in part and 'id="outlook"' in part
    assert "/outlook" not in author.get(f"/needs/{ended.id}").text


def test_on_a_step_of_the_form_only_its_remarks_are_listed(app: Flask) -> None:
    firm = make_firm()
    need = draft(firm, title="陶瓷球", indicators=[row("强度")])
    client = client_of(app, firm.author)
    part = client.get(f"/needs/{need.id}/outlook?section=indicators", headers={"HX-Request": "true"}).text
    assert "没有数值" in part and "字，少于" not in part and "其他步骤还有" in part
    assert client.get(f"/needs/{need.id}/outlook?section=nonsense").status_code == 200


def test_saving_goes_on_however_vague_it_is(app: Flask) -> None:
    firm = make_firm()
    need = draft(firm, title="氮化硅陶瓷球批次一致性控制")
    client = client_of(app, firm.author)
    answer = client.post(
        f"/needs/{need.id}/edit/problem", data={"content": "显著提高，国际先进", "background": "好", "action": "save"}
    )
    assert answer.status_code == 303
    db.session.rollback()
    assert db.session.get_one(Need, need.id).content == "显著提高，国际先进"


def test_it_asks_the_database_as_often_for_twenty_challenges_as_for_one(app: Flask) -> None:
    cycle_id = make_cycle().id
    firm = make_firm(db.session.get_one(Cycle, cycle_id))
    need_id, client = firm.need().id, client_of(app, firm.author)
    make_solver()
    synchronise()
    counts = []
    for more in (1, 19):
        for _number in range(more):
            make_challenge(make_need(db.session.get_one(Cycle, cycle_id), state=NeedState.POSTED))
        client.get(f"/needs/{need_id}/outlook")
        db.session.remove()
        with statements() as seen:
            assert client.get(f"/needs/{need_id}/outlook").status_code == 200
        counts.append(len(seen))
        db.session.remove()
    assert counts[0] == counts[1]
