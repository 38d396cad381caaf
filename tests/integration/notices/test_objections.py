"""异议: real name and phone, only in the period; handled by one, decided by another; blocks everything while open."""

import io
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from market import clock
from market.accounts.models import Grant
from market.attachments.models import Attachment
from market.attachments.queries import attachments_of
from market.audit.verify import verify
from market.bids.models import Bid
from market.database import Base, db, transaction
from market.errors import Conflict, InvalidInput, NotAllowed, NotFound
from market.jobs.outbox import deliver_due
from market.notices import objections, operations, queries
from market.notices.models import Notice, NoticeState, Objection, ObjectionState, Remedy
from market.notices.policies import period_ends
from market.notifications.models import Mail, Message
from market.notifications.operations import mark_of
from market.permissions import ANONYMOUS, Role
from tests.builders.files import pdf, upload
from tests.builders.mail import letters
from tests.builders.people import acting, client_of, make_user, save
from tests.builders.reviews import OBJECTION, Case, make_case, prepared, published

ANSWER = "经核实，设备为该单位租赁使用，合同真实有效。"


def object_to(notice: Notice, **changes: Any) -> Objection:
    with transaction():
        return objections.submit_objection(ANONYMOUS, notice, {**OBJECTION, **changes})


def found_by(case: Case, objection: Objection) -> None:
    with transaction():
        objections.accept_objection(acting(case.city), objection)
    with transaction():
        objections.record_finding(acting(case.city), objection, "已调取设备登记和租赁合同，建议认定如下。")


def decide(
    case: Case,
    objection: Objection,
    outcome: ObjectionState,
    remedy: Remedy | None = None,
    fallen: Sequence[Bid] = (),
) -> None:
    with transaction():
        objections.decide_objection(acting(case.head), objection, outcome, ANSWER, remedy, [bid.id for bid in fallen])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""), ("name", "匿名"), ("name", "某群众"), ("name", "李"), ("name", "13800000000"),
        ("phone", ""), ("phone", "不告诉你"), ("phone", "123"), ("email", "not-an-address"),
        ("grounds", "我不同意"),
    ],
)  # fmt: skip
def test_anonymous_unreachable_or_groundless_objection_is_refused_with_the_rule(
    app: Flask, field: str, value: str
) -> None:
    notice = published(make_case())
    with pytest.raises(InvalidInput) as problem:
        object_to(notice, **{field: value})
    assert list(problem.value.errors) == [field]
    if field in ("name", "phone"):
        assert "匿名或无法联系的不予受理" in problem.value.errors[field]


def test_objection_is_received_to_the_last_second_of_the_period_and_not_after(app: Flask) -> None:
    notice = published(make_case())
    ends = period_ends(notice)
    assert ends is not None
    with clock.at(ends - timedelta(seconds=1)):
        assert object_to(notice).state is ObjectionState.RECEIVED
    with clock.at(ends), pytest.raises(NotAllowed, match="公示期已于"):
        object_to(notice)


def test_unpublished_notice_takes_no_objection(app: Flask) -> None:
    notice = prepared(make_case())
    with pytest.raises(NotAllowed):
        object_to(notice)


@pytest.mark.parametrize("outcome", [ObjectionState.DISMISSED, ObjectionState.PARTLY_UPHELD])
def test_open_objection_blocks_the_award_and_an_answered_one_does_not(app: Flask, outcome: ObjectionState) -> None:
    case = make_case()
    notice = published(case)
    objection = object_to(notice)
    ends = period_ends(notice)
    assert ends is not None
    with clock.at(ends):
        for step in ("received", "accepted"):
            with pytest.raises(NotAllowed, match="异议未答复"), transaction():
                operations.take_effect(acting(case.head), notice)
            assert not queries.blocks_signing(case.challenge)
            if step == "received":
                found_by(case, objection)
        decide(case, objection, outcome)
        with transaction():
            operations.take_effect(acting(case.head), notice)
    assert notice.state is NoticeState.EFFECTIVE
    assert queries.blocks_signing(case.challenge)
    assert verify(db.session())[1] is None


def test_refused_objection_needs_a_reason_and_blocks_no_longer(app: Flask) -> None:
    case = make_case()
    notice = published(case)
    objection = object_to(notice)
    with pytest.raises(InvalidInput), transaction():
        objections.refuse_objection(acting(case.city), objection, "不予")
    with transaction():
        objections.refuse_objection(acting(case.city), objection, "所述事项与本次拟中榜结果无关。")
    assert objection.state is ObjectionState.NOT_ACCEPTED
    assert queries.open_objections(case.challenge) == []


def test_second_open_objection_still_blocks_after_the_first_is_dismissed(app: Flask) -> None:
    case = make_case()
    notice = published(case)
    first, _second = object_to(notice), object_to(notice, name="周其安")
    found_by(case, first)
    decide(case, first, ObjectionState.DISMISSED)
    ends = period_ends(notice)
    assert ends is not None
    with clock.at(ends), pytest.raises(NotAllowed, match="还有 1 件"), transaction():
        operations.take_effect(acting(case.head), notice)


def test_decision_needs_acceptance_finding_and_another_person(app: Flask) -> None:
    case = make_case()
    objection = object_to(published(case))
    with pytest.raises(Conflict), transaction():
        objections.record_finding(acting(case.city), objection, "还没有受理就写调查情况。")
    with transaction():
        objections.accept_objection(acting(case.city), objection)
    with pytest.raises(Conflict, match="调查情况"):
        decide(case, objection, ObjectionState.DISMISSED)
    with pytest.raises(NotAllowed), transaction():
        objections.decide_objection(acting(case.city), objection, ObjectionState.DISMISSED, ANSWER)
    with transaction():
        objections.record_finding(acting(case.city), objection, "已调取设备登记和租赁合同。")
    save(Grant(user_id=case.city.id, role=Role.DIVISION_HEAD))
    with pytest.raises(NotAllowed, match="调查异议的人"), transaction():
        objections.decide_objection(acting(case.city), objection, ObjectionState.DISMISSED, ANSWER)
    with pytest.raises(InvalidInput, match="书面答复"), transaction():
        objections.decide_objection(acting(case.head), objection, ObjectionState.DISMISSED, "不成立")


def test_database_refuses_a_decider_who_investigated(app: Flask) -> None:
    case = make_case()
    objection = object_to(published(case))
    found_by(case, objection)
    number, handler = objection.id, case.city.id
    db.session.rollback()
    with pytest.raises(IntegrityError), db.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE objection SET decided_by_id = {handler} WHERE id = {number}")


def test_objector_is_mailed_at_each_step(app: Flask) -> None:
    case = make_case()
    objection = object_to(published(case))
    found_by(case, objection)
    decide(case, objection, ObjectionState.DISMISSED)
    deliver_due()
    subjects = [
        mail.subject
        for mail in db.session.query(Mail).filter_by(recipient_mark=mark_of("lin@example.cn")).order_by(Mail.id)
    ]
    heads = [subject.split("（")[0] for subject in subjects]
    assert heads == ["已收到您的异议", "异议已受理", "异议办理结果：异议不成立"]


def test_phone_name_and_mail_are_unreadable_in_the_database(app: Flask) -> None:
    object_to(published(make_case()))
    columns = "objector_name, objector_phone, objector_email, objector_organisation"
    row = db.session.connection().exec_driver_sql(f"SELECT {columns} FROM objection").one()
    for stored, clear in zip(row, ("林正言", "13805330001", "lin@example.cn", "某新材料"), strict=True):
        assert clear.encode() not in bytes(stored)


def test_objection_in_the_browser_without_an_account(app: Flask) -> None:
    case = make_case()
    notice = published(case)
    visitor = app.test_client()
    url = f"/notices/{notice.id}/object"
    assert visitor.get(url).status_code == 200
    refused = visitor.post(url, data={"name": "匿名", "phone": "", "grounds": OBJECTION["grounds"]})
    text = refused.get_data(as_text=True)
    assert refused.status_code == 200
    assert 'id="name-error"' in text
    assert 'id="phone-error"' in text
    assert OBJECTION["grounds"] in text
    sent = visitor.post(url, data={**OBJECTION, "evidence": (io.BytesIO(pdf()), "租赁合同.pdf")})
    found = re.search(r"YY\d{8}-[2-9A-Z]{8}", sent.get_data(as_text=True))
    assert found
    db.session.rollback()
    objection = db.session.query(Objection).one()
    (evidence,) = attachments_of(objection)
    assert (evidence.filename, evidence.is_encrypted, evidence.uploaded_by_id) == ("租赁合同.pdf", True, None)
    assert visitor.get(f"/attachments/{evidence.token}").status_code in (302, 303, 404)
    assert client_of(app, case.bids[0].lead).get(f"/attachments/{evidence.token}").status_code == 404
    assert client_of(app, case.city).get(f"/attachments/{evidence.token}").status_code == 200
    told = db.session.query(Message).filter(Message.subject.like("收到异议%"), Message.user_id == case.head.id)
    assert told.count() == 1


def test_hostile_evidence_is_refused_beside_the_field_and_nothing_is_kept(app: Flask) -> None:
    notice = published(make_case())
    files = [(io.BytesIO(b"MZ\x90\x00" * 50), "合同.pdf"), (io.BytesIO(b"#!/bin/sh"), "x.sh")]
    for file in files:
        answer = app.test_client().post(f"/notices/{notice.id}/object", data={**OBJECTION, "evidence": file})
        assert answer.status_code == 200
        assert 'id="evidence-error"' in answer.get_data(as_text=True)
    assert db.session.query(Objection).count() == 0
    assert db.session.query(Attachment).count() == 0


def test_bad_input_of_an_objection_is_never_a_500(app: Flask) -> None:
    notice = published(make_case())
    bad: list[dict[str, Any]] = [
        {}, {"name": "\x00"}, {"name": "长" * 500}, {"phone": "１３８０５３３０００１"}, {"grounds": "长" * 8001},
        {"email": "a\nb@c.cn"}, {"organisation": "\u202e公司"},
    ]  # fmt: skip
    for changes in bad[:1] + [{**OBJECTION, **change} for change in bad[1:]]:
        assert app.test_client().post(f"/notices/{notice.id}/object", data=changes).status_code in (200, 303)
    assert db.session.query(Objection).count() <= 1


def test_status_is_told_with_number_and_last_digits_only(app: Flask) -> None:
    case = make_case()
    objection = object_to(published(case))
    number = objection.number
    visitor = app.test_client()
    url = "/notices/objection-status"
    for typed in ({"number": number, "last_digits": "0002"}, {"number": "YY20260101-AAAAAAAA", "last_digits": "0001"}):
        text = visitor.post(url, data=typed).get_data(as_text=True)
        assert "编号或电话后四位不正确" in text
        assert "办理期限" not in text
    found_by(case, objection)
    decide(case, objection, ObjectionState.DISMISSED)
    text = visitor.post(url, data={"number": number.lower(), "last_digits": "0001"}).get_data(as_text=True)
    assert "异议不成立" in text
    assert ANSWER in text
    assert "13805330001" not in text
    assert "林正言" not in text
    with pytest.raises(NotFound):
        queries.objection_for_objector(number, "")


def test_phone_of_the_objector_is_on_no_public_page(app: Flask) -> None:
    case = make_case()
    notice = published(case)
    objection = object_to(notice)
    visitor, bidder = app.test_client(), client_of(app, case.bids[0].lead)
    for url in ("/notices/", f"/notices/{notice.id}", f"/notices/{notice.id}/print", f"/notices/{notice.id}/object"):
        for client in (visitor, bidder):
            text = client.get(url).get_data(as_text=True)
            assert "13805330001" not in text
            assert "林正言" not in text
    page = f"/notices/objections/{objection.id}"
    assert bidder.get(page).status_code == 403
    assert "13805330001" in client_of(app, make_user(Role.SUPERVISOR)).get(page).get_data(as_text=True)


def test_staff_forms_keep_what_was_typed(app: Flask) -> None:
    case = make_case()
    objection = object_to(published(case))
    city, head = client_of(app, case.city), client_of(app, case.head)
    page = f"/notices/objections/{objection.id}"
    answer = city.post(f"{page}/refuse", data={"reason": "太短了"})
    assert answer.status_code == 200
    assert "太短了" in answer.get_data(as_text=True)
    assert city.post(f"{page}/accept").status_code == 303
    assert city.post(f"{page}/finding", data={"finding": "已核实设备登记和租赁合同。"}).status_code == 303
    for data in ({}, {"outcome": "nonsense", "answer": ANSWER}, {"outcome": "dismissed", "answer": "短"}):
        assert head.post(f"{page}/decide", data=data).status_code == 200
    assert head.post(f"{page}/decide", data={"outcome": "dismissed", "answer": ANSWER}).status_code == 303
    assert city.post(f"{page}/accept").status_code == 403


def kept_everywhere() -> str:
    """Every column of every table as the database stores it, outside the types that decrypt."""
    with db.engine.connect() as connection:
        tables = [connection.execute(text(f'SELECT * FROM "{name}"')).all() for name in Base.metadata.tables]
    return repr([[bytes(v) if isinstance(v, memoryview) else v for v in row] for rows in tables for row in rows])


@pytest.mark.parametrize("delivered", [False, True])
def test_personal_data_of_the_objector_stand_in_no_table_before_and_after_the_mail(app: Flask, delivered: bool) -> None:
    object_to(published(make_case()))
    if delivered:
        assert [letter["To"] for letter in letters(app, "lin@example.cn")]
    db.session.rollback()
    kept = kept_everywhere()
    assert "收到异议" in kept
    for clear in (OBJECTION["email"], OBJECTION["phone"], OBJECTION["name"], OBJECTION["organisation"]):
        assert clear not in kept


def test_officer_who_does_not_handle_it_reads_neither_objector_nor_evidence(app: Flask) -> None:
    case = make_case()
    notice = published(case)
    with transaction():
        file = upload("租赁合同.pdf", pdf())
        objection = objections.submit_objection(ANONYMOUS, notice, OBJECTION, [file])
    number, token = objection.id, attachments_of(objection)[0].token
    city, city2 = client_of(app, case.city), client_of(app, case.city2)
    page, evidence = f"/notices/objections/{number}", f"/attachments/{token}"
    assert OBJECTION["phone"] in city2.get(page).get_data(as_text=True)
    assert city.post(f"{page}/accept").status_code == 303
    hidden = city2.get(page).get_data(as_text=True)
    for clear in (OBJECTION["email"], OBJECTION["phone"], OBJECTION["name"]):
        assert clear not in hidden
    assert "只对承办人" in hidden and OBJECTION["grounds"] in hidden
    assert city2.get(evidence).status_code == 404
    for reader in (city, client_of(app, case.head), client_of(app, make_user(Role.SUPERVISOR))):
        assert OBJECTION["phone"] in reader.get(page).get_data(as_text=True)
        assert reader.get(evidence).status_code == 200
