"""需求台账: out with typed cells, in again all or nothing."""

import io
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from market.database import db
from market.needs.ledger import CONTENT
from market.needs.models import Need, NeedState
from market.spreadsheets import read, workbook
from tests.builders.needs import Firm, make_firm, make_terms
from tests.builders.people import client_of, make_organisation

INDICATORS = "密度极差|≤|0.01|g/cm³|GB/T 25995\n硬度|区间|1500~1600|HV|GB/T 16534\n斑点|<=|0.3|%|抽检"


def filled(firm: Firm, **values: Any) -> list[Any]:
    row = {
        "uscc": firm.organisation.uscc, "title": "=高速主轴用氮化硅陶瓷球", "kind": "技术攻关", "industry": "先进陶瓷",
        "tech_field": "sintering", "background": "现状", "in_house_reason": "缺设备", "content": "攻关",
        "deliverables": "规程\n样品", "indicators": INDICATORS, "amount_kind": "定额", "amount_fen": 84.5,
        "funding_total_fen": "200", "term_months": 24, "contact_phone": "0533-0000001", **values,
    }  # fmt: skip
    return [row.get(column, "") for column in CONTENT.values()]


def send(client: FlaskClient, firm: Firm, *rows: list[Any], headings: Any = tuple(CONTENT)) -> Any:
    book = workbook("需求台账", headings, rows)
    return client.post("/needs/import", data={"cycle_id": firm.cycle.id, "file": (io.BytesIO(book), "台账.xlsx")})


def kept() -> int:
    return db.session.scalar(select(func.count()).select_from(Need)) or 0


def test_district_imports_drafts_which_only_the_firm_then_sees(app: Flask) -> None:
    make_terms()
    firm = make_firm()
    client = client_of(app, firm.district)
    assert send(client, firm, filled(firm), filled(firm, title="第二条需求的名称")).status_code == 303
    needs = db.session.scalars(select(Need).order_by(Need.id)).all()
    assert [need.state for need in needs] == [NeedState.DRAFT] * 2
    assert (needs[0].amount_fen, needs[0].industry, needs[0].term_months) == (84_500_000, "ceramics", 24)
    assert needs[0].indicators[1]["value_high"] == "1600" and needs[0].deliverables == ["规程", "样品"]
    assert client.get(f"/needs/{needs[0].id}").status_code == 404
    assert client_of(app, firm.author).get(f"/needs/{needs[0].id}").status_code == 200


def test_one_bad_row_keeps_the_whole_table_out_and_every_cell_is_named(app: Flask) -> None:
    make_terms()
    firm = make_firm()
    other = make_organisation(district="370304")
    client = client_of(app, firm.district)
    answer = send(client, firm, filled(firm), filled(firm, amount_fen="很多", industry="炼金", term_months="两年"))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    for text in ("第 3 行“榜额（万元）”", "第 3 行“产业”", "炼金", "第 3 行“完成期限（月）”"):
        assert text in page
    page = send(client, firm, filled(firm), filled(firm, uscc=other.uscc), filled(firm, uscc="91")).get_data(
        as_text=True
    )
    assert "第 3 行：只能导入" in page and "第 4 行：没有" in page
    assert kept() == 0


def test_wrong_tables_are_refused_in_words(app: Flask) -> None:
    make_terms()
    firm = make_firm()
    client = client_of(app, firm.author)
    headings = ["单位", *list(CONTENT)[1:]]
    assert "没有名为“单位”的列" in send(client, firm, filled(firm), headings=headings).get_data(as_text=True)
    assert "没有内容" in send(client, firm).get_data(as_text=True)
    for name, content in (("台账.xlsx", b"PK\x03\x04 broken"), ("台账.xlsx", b""), ("台账.exe", b"MZ")):
        data = {"cycle_id": firm.cycle.id, "file": (io.BytesIO(content), name)}
        answer = client.post("/needs/import", data=data)
        assert answer.status_code == 200 and "没有导入任何一行" in answer.get_data(as_text=True)
    assert client.post("/needs/import", data={"cycle_id": firm.cycle.id}).status_code == 200
    assert kept() == 0


def test_export_is_scoped_typed_and_reads_back(app: Flask) -> None:
    make_terms()
    firm = make_firm()
    firm.need(NeedState.DISTRICT_CHECK, title="=cmd|' /C calc'!A0")
    firm.need(title="草稿不出企业")
    book = client_of(app, firm.district).get("/needs/ledger.xlsx").data
    rows = read(book)
    assert len(rows) == 2 and rows[0][:4] == ["序号", "企业名称", "区县", "状态"]
    line = dict(zip(rows[0], rows[1], strict=True))
    assert line["需求名称"].endswith("calc'!A0") and line["榜额（万元）"] == 120 and line["联系电话"] == ""
    answer = client_of(app, firm.author).post(
        "/needs/import", data={"cycle_id": firm.cycle.id, "file": (io.BytesIO(book), "台账.xlsx")}
    )
    assert answer.status_code == 303
    copy = db.session.scalars(select(Need).order_by(Need.id.desc())).first()
    assert copy is not None and copy.indicators[0]["value"] == "0.01" and copy.amount_fen == 120_000_000
