"""Pages of needs: bad input keeps what was typed with a message beside the field, lists cost the same for 1 and 20."""

import io
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from market.attachments.models import Attachment
from market.database import db, transaction
from market.needs.models import Need, NeedState
from market.needs.operations import edit_need
from tests.builders.chain import make_need
from tests.builders.counting import statements
from tests.builders.files import pdf, upload
from tests.builders.needs import make_firm, make_terms
from tests.builders.people import acting, client_of

LONG = "长" * 7000


def row(number: int, **values: str) -> dict[str, str]:
    cells = {"name": f"指标{number}", "operator": ">=", "value": "1", "value_high": "", "unit": "%", "method": "GB/T 1"}
    return {f"indicators-{number}-{key}": value for key, value in (cells | values).items()}


def test_a_firm_writes_a_need_section_by_section(app: Flask) -> None:
    make_terms()
    firm = make_firm()
    client = client_of(app, firm.author)
    answer = client.post(
        "/needs/new",
        data={"organisation_id": firm.organisation.id, "cycle_id": firm.cycle.id, "title": "陶瓷球", "kind": "research",
              "industry": "ceramics", "tech_field": "sintering"},
    )  # fmt: skip
    assert answer.status_code == 303
    need = db.session.scalars(select(Need)).one()
    answer = client.post(
        f"/needs/{need.id}/edit/money",
        data={"amount_kind": "fixed", "amount_fen": "１２０．５", "funding_total_fen": "2,000万元", "action": "next"},
    )
    assert answer.headers["Location"].endswith(f"/needs/{need.id}/edit/terms")
    db.session.expire_all()
    assert (need.amount_fen, need.funding_total_fen, need.state) == (120_500_000, 2_000_000_000, NeedState.DRAFT)
    answer = client.post(
        f"/needs/{need.id}/edit/indicators", data=row(0) | row(1, operator="between", value="1", value_high="2")
    )
    assert answer.status_code == 303
    db.session.expire_all()
    assert [i["operator"] for i in need.indicators] == [">=", "between"]
    assert need.indicators[1]["value_high"] == "2"


@pytest.mark.parametrize(
    ("section", "data", "typed", "message"),
    [
        ("basics", {"title": "题" * 201, "kind": "research"}, "题" * 201, "最多 200 个字"),
        ("basics", {"title": "有\x00空", "kind": "research"}, "", "控制字符"),
        ("basics", {"title": "标题在此", "kind": "magic"}, "标题在此", "选项"),
        ("basics", {"title": "标题在此", "industry": "nowhere"}, "标题在此", ""),
        ("problem", {"content": LONG}, LONG, "最多 6000 个字"),
        ("money", {"amount_fen": "-5"}, "-5", "不能为负数"),
        ("money", {"amount_fen": "十万"}, "十万", "请填写数字金额"),
        ("money", {"amount_fen": "1.00000001"}, "1.00000001", "精确到分"),
        ("money", {"amount_fen": "999999999999999"}, "999999999999999", "超出上限"),
        ("terms", {"term_months": "两年"}, "两年", "整数"),
        ("terms", {"term_months": "0"}, "0", "1 到 600"),
        ("terms", {"ownership": "nobody"}, "", "选项"),
        ("indicators", row(0, value="很高"), "很高", "数字"),
        ("indicators", row(0, value="NaN"), "NaN", "数字"),
        ("contact", {"contact_name": "a\nb"}, "", "一行"),
    ],
)
def test_bad_input_is_answered_beside_the_field_and_kept(
    app: Flask, section: str, data: dict[str, str], typed: str, message: str
) -> None:
    make_terms()
    firm = make_firm()
    need = firm.need()
    answer = client_of(app, firm.author).post(f"/needs/{need.id}/edit/{section}", data=data)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "还有内容需要修改" in page and message in page and typed in page
    lock = need.lock
    db.session.expire_all()
    assert db.session.get_one(Need, need.id).lock == lock


def test_two_colleagues_do_not_overwrite_each_other(app: Flask) -> None:
    make_terms()
    firm = make_firm()
    need = firm.need()
    seen = str(need.lock)
    with transaction():
        edit_need(acting(firm.signatory), db.session.merge(need), {"term_months": 12})
    answer = client_of(app, firm.author).post(
        f"/needs/{need.id}/edit/terms", data={"lock": seen, "solver_conditions": "我的条件", "term_months": "30"}
    )
    assert "刚被同事保存过" in answer.get_data(as_text=True) and "我的条件" in answer.get_data(as_text=True)
    db.session.expire_all()
    assert db.session.get_one(Need, need.id).term_months == 12


def test_rows_come_and_go_without_script(app: Flask) -> None:
    firm = make_firm()
    need = firm.need()
    client = client_of(app, firm.author)
    page = client.post(f"/needs/{need.id}/edit/indicators", data=row(0, name="半行") | {"add-indicators": "1"})
    assert page.status_code == 200 and "半行" in page.get_data(as_text=True)
    assert 'name="indicators-1-name"' in page.get_data(as_text=True)


def test_unknown_section_and_unknown_need_are_404(app: Flask) -> None:
    firm = make_firm()
    need = firm.need()
    client = client_of(app, firm.author)
    assert client.get(f"/needs/{need.id}/edit/nothing").status_code == 404
    assert client.get("/needs/999999").status_code == 404


def test_second_look_names_every_gap_and_posting_it_anyway_changes_nothing(app: Flask) -> None:
    firm = make_firm()
    need = firm.need(background="短", indicators=[])
    client = client_of(app, firm.signatory)
    for answer in (client.get(f"/needs/{need.id}/submit"), client.post(f"/needs/{need.id}/submit")):
        page = answer.get_data(as_text=True)
        assert answer.status_code == 200 and "还有 2 处需要补充" in page
    db.session.expire_all()
    assert db.session.get_one(Need, need.id).state is NeedState.DRAFT


def test_second_look_hints_at_vague_words(app: Flask) -> None:
    firm = make_firm()
    need = firm.need(content="达到国际先进水平")
    page = client_of(app, firm.signatory).get(f"/needs/{need.id}/submit").get_data(as_text=True)
    assert "国际先进" in page and "可以提交" in page


def test_district_returns_with_remarks_shown_beside_the_firms_field(app: Flask) -> None:
    firm = make_firm()
    need = firm.need(NeedState.DISTRICT_CHECK)
    district = client_of(app, firm.district)
    page = district.post(f"/needs/{need.id}/check", data={"decision": "return", "remark_background": "请补充损失"})
    assert "请写明退回的理由" in page.get_data(as_text=True) and "请补充损失" in page.get_data(as_text=True)
    answer = district.post(
        f"/needs/{need.id}/check", data={"decision": "return", "remark_background": "请补充损失", "reason": "背景不清"}
    )
    assert answer.status_code == 303
    page = client_of(app, firm.author).get(f"/needs/{need.id}/edit/problem").get_data(as_text=True)
    assert "请补充损失" in page and "背景不清" in page


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "请选择处理结果"),
        ({"decision": "approve-all"}, "请选择处理结果"),
        ({"decision": "recommend", "visit_note": ""}, "怎样核实"),
        ({"decision": "refuse"}, "请写明不采用的理由"),
        ({"decision": "refuse", "reason": "长" * 2001}, "最多 2000 个字"),
        ({"decision": "merge", "reason": "重复", "into": "999999"}, "没有编号为 999999"),
        ({"decision": "merge", "reason": "重复", "into": "abc"}, "整数"),
    ],
)
def test_bad_decisions_are_answered_on_the_page(app: Flask, data: dict[str, str], message: str) -> None:
    firm = make_firm()
    state = NeedState.FORMAL_CHECK if data.get("decision") == "merge" else NeedState.DISTRICT_CHECK
    need = firm.need(state)
    person = firm.city if state is NeedState.FORMAL_CHECK else firm.district
    answer = client_of(app, person).post(f"/needs/{need.id}/check", data=data)
    assert answer.status_code == 200 and message in answer.get_data(as_text=True)
    db.session.expire_all()
    assert db.session.get_one(Need, need.id).state is state


def test_panel_form_accepts_and_refuses(app: Flask) -> None:
    firm = make_firm()
    need = firm.need(NeedState.VALIDATION)
    client = client_of(app, firm.city)
    bad = {f"scores-{n}-{key}": value for n in range(5) for key, value in (("expert", f"专家{n}"), ("score", "１０1"))}
    page = client.post(f"/needs/{need.id}/validation", data=bad)
    assert page.status_code == 200 and "0 到 100" in page.get_data(as_text=True)
    good = {name: "８0" if name.endswith("score") else value for name, value in bad.items()}
    assert client.post(f"/needs/{need.id}/validation", data=good).status_code == 303
    db.session.expire_all()
    assert db.session.get_one(Need, need.id).state is NeedState.ACCEPTED
    firm_page = client_of(app, firm.author).get(f"/needs/{need.id}").get_data(as_text=True)
    assert "均分 80.0" in firm_page and "专家0" not in firm_page


def test_commitment_is_kept_encrypted_and_a_hostile_file_refused(app: Flask) -> None:
    firm = make_firm()
    need = firm.need(letter=False)
    client = client_of(app, firm.author)
    page = client.post(f"/needs/{need.id}/attachments", data={"file": upload("承诺.pdf", b"MZ\x90\x00 not a pdf")})
    assert page.status_code == 200 and db.session.scalars(select(Attachment)).all() == []
    assert client.post(f"/needs/{need.id}/attachments", data={"file": upload("承诺.pdf", pdf())}).status_code == 303
    kept = db.session.scalars(select(Attachment)).one()
    assert (kept.slot, kept.is_encrypted) == ("commitment", True)
    assert client_of(app, firm.city).get(f"/attachments/{kept.token}").status_code == 404, "a draft is the firm's alone"
    assert client.get(f"/attachments/{kept.token}").status_code == 200


@pytest.mark.parametrize("person", ["author", "district", "city"])
def test_list_costs_the_same_for_1_and_20_needs(app: Flask, person: str) -> None:
    firm = make_firm()
    user: Any = getattr(firm, person)
    client = client_of(app, user)

    def cost() -> int:
        db.session.expunge_all()
        with statements() as seen:
            assert client.get("/needs/").status_code == 200
        return len(seen)

    firm.need(NeedState.DISTRICT_CHECK)
    once = cost()
    for _number in range(19):
        cycle, organisation, author = (db.session.merge(row) for row in (firm.cycle, firm.organisation, firm.author))
        make_need(cycle, organisation, author, NeedState.DISTRICT_CHECK)
    assert cost() == once


def test_filters_narrow_and_odd_values_do_no_harm(app: Flask) -> None:
    firm = make_firm()
    firm.need(NeedState.DISTRICT_CHECK, title="氮化硅陶瓷球")
    firm.need(NeedState.VALIDATION, title="百分之百%回收")
    client = client_of(app, firm.city)
    page = client.get("/needs/?q=%25").get_data(as_text=True)
    assert "百分之百%回收" in page and "氮化硅陶瓷球" not in page
    assert "氮化硅陶瓷球" in client.get("/needs/?state=district_check").get_data(as_text=True)
    assert client.get("/needs/?state=%00x&district='--&page=-1").status_code == 200


def test_every_page_shows_one_heading(app: Flask) -> None:
    firm = make_firm()
    draft, checked = firm.need(), firm.need(NeedState.DISTRICT_CHECK)
    validated = firm.need(NeedState.VALIDATION)
    pages = [
        (firm.author, "/needs/new"),
        (firm.author, f"/needs/{draft.id}"),
        (firm.author, f"/needs/{draft.id}/edit/basics"),
        (firm.author, f"/needs/{draft.id}/edit/contact"),
        (firm.author, f"/needs/{draft.id}/submit"),
        (firm.author, f"/needs/{draft.id}/print"),
        (firm.author, "/needs/import"),
        (firm.district, f"/needs/{checked.id}/check"),
        (firm.city, f"/needs/{validated.id}/validation"),
    ]
    for person, path in pages:
        page = client_of(app, person).get(path)
        assert page.status_code == 200 and page.get_data(as_text=True).count("<h1") == 1, path


def test_missing_letter_is_told_beside_the_field_and_uploading_it_leads_back(app: Flask) -> None:
    firm = make_firm()
    need = firm.need(letter=False)
    client, path = client_of(app, firm.signatory), f"/needs/{need.id}/submit"
    page = client.post(path).get_data(as_text=True)
    assert 'id="file-error"' in page and "还有 1 处需要补充" in page
    letter = {"file": (io.BytesIO(pdf()), "承诺函.pdf"), "then": "submit"}
    assert client.post(f"/needs/{need.id}/attachments", data=letter).headers["Location"] == path
    page = client.get(path).get_data(as_text=True)
    assert 'id="file-error"' not in page and "可以提交" in page and "承诺函.pdf" in page
    assert client.post(path).status_code == 303


def test_counter_of_the_background_shows_the_rules_and_a_longer_draft_is_kept(app: Flask) -> None:
    firm = make_firm(background_least=50, background_most=700)
    need = firm.need()
    client, path = client_of(app, firm.author), f"/needs/{need.id}/edit/problem"
    page = client.get(path).get_data(as_text=True)
    assert 'data-counter-max="700"' in page and 'data-counter-min="50"' in page and "4000" not in page
    typed = {"background": "长" * 900, "in_house_reason": "缺设备", "content": "查明成因", "deliverables": "规程"}
    assert client.post(path, data={**typed, "action": "save"}).status_code == 303
    db.session.expire_all()
    assert len(db.session.get_one(Need, need.id).background) == 900
    assert "50–700 个字" in client.get(f"/needs/{need.id}/submit").get_data(as_text=True)
