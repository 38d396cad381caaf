"""The inbox is one's own; mail goes out once and cannot be bent by what people typed."""

import re

import pytest
from flask import Flask
from flask_babel import lazy_gettext as _l
from flask_mailman import EmailMessage
from sqlalchemy import select

from market.database import db, transaction
from market.jobs.models import Outbox
from market.jobs.outbox import deliver_due
from market.notifications.models import Mail, Message
from market.notifications.operations import mark_of, notify, send_mail
from tests.builders.counting import statements
from tests.builders.mail import letters, text_of
from tests.builders.people import client_of, make_user, save


def test_message_is_unread_until_it_is_opened(app: Flask) -> None:
    person = make_user()
    with transaction():
        notify([person.id], "需求已退回", "请看意见", "/needs/")
    browser = client_of(app, person)
    message = db.session.scalars(select(Message)).one()
    assert "未读" in browser.get("/inbox/").get_data(as_text=True)
    page = browser.get(f"/inbox/{message.id}").get_data(as_text=True)
    assert "请看意见" in page and 'href="/needs/"' in page
    assert "未读" not in browser.get("/inbox/").get_data(as_text=True)


def test_everybody_is_told_in_their_own_language(app: Flask) -> None:
    reader, foreigner = make_user(), make_user(locale="en")
    # Whoever acts reads English: that must not decide what others are told.
    with app.test_request_context(headers={"Accept-Language": "en"}), transaction():
        notify([reader.id, foreigner.id], _l("投递已开启"), _l("评审结果：%(title)s", title="氮化硅"), "/bids/mine")
    told = {message.user_id: message for message in db.session.scalars(select(Message))}
    assert (told[reader.id].subject, told[reader.id].body) == ("投递已开启", "评审结果：氮化硅")
    assert not re.search("[\u4e00-\u9fff]", told[foreigner.id].subject + told[foreigner.id].body.replace("氮化硅", ""))
    letter = letters(app, foreigner.email)[-1]
    assert letter["Subject"] == told[foreigner.id].subject
    assert not re.search("[\u4e00-\u9fff]", text_of(letter).replace("氮化硅", ""))
    assert "投递已开启" in str(letters(app, reader.email)[-1]["Subject"])


def test_nobody_opens_or_marks_the_messages_of_another(app: Flask) -> None:
    person, stranger = make_user(), make_user()
    with transaction():
        notify([person.id], "需求已退回", "请看意见")
    message_id = db.session.scalars(select(Message.id)).one()
    browser = client_of(app, stranger)
    assert browser.get(f"/inbox/{message_id}").status_code == 404
    browser.post("/inbox/read-all")
    db.session.rollback()
    kept = db.session.get(Message, message_id)
    assert kept is not None and kept.read_at is None


def test_all_messages_are_marked_read_at_once(app: Flask) -> None:
    person = make_user()
    save(*(Message(user_id=person.id, subject=f"第 {n} 条", body="内容") for n in range(25)))
    browser = client_of(app, person)
    assert browser.post("/inbox/read-all").status_code == 303
    db.session.rollback()
    assert all(message.read_at for message in db.session.scalars(select(Message)))


def test_empty_inbox_says_what_comes_here(app: Flask) -> None:
    assert "还没有消息" in client_of(app, make_user()).get("/inbox/").get_data(as_text=True)


def test_message_text_is_shown_as_text(app: Flask) -> None:
    person = make_user()
    save(Message(user_id=person.id, subject="<script>alert(1)</script>", body="<img src=x onerror=alert(1)>"))
    page = client_of(app, person).get("/inbox/").get_data(as_text=True)
    assert "<script>alert(1)" not in page and "<img src=x" not in page


def test_notify_mails_each_person_once_with_the_link(app: Flask) -> None:
    person = make_user()
    for _ in range(2):
        with transaction():
            notify([person.id, person.id, None], "待审核", "请办理", "/needs/7", key="need:7:submitted")
    sent = letters(app, person.email)
    assert len(sent) == 1
    assert sent[0]["Subject"] == "待审核"
    assert "http://127.0.0.1:5000/needs/7" in text_of(sent[0])
    assert sent[0]["Message-ID"].startswith("<")


def test_deactivated_person_gets_no_mail(app: Flask) -> None:
    person = make_user(is_active=False)
    with transaction():
        notify([person.id], "待审核", "请办理")
    assert letters(app) == []


@pytest.mark.parametrize(
    "bad", ["主题\r\nBcc: all@example.invalid", "主题\nX: y", "主题\r\rBcc: a@b.invalid", "主题\u2028Bcc: a@b.invalid"]
)
def test_subject_cannot_begin_another_header(app: Flask, bad: str) -> None:
    person = make_user()
    with transaction():
        notify([person.id], bad, "内容")
    sent = letters(app)
    assert len(sent) == 1
    assert sent[0]["Bcc"] is None and sent[0]["X"] is None
    assert str(sent[0]["To"]) == person.email


def test_recipient_with_a_line_break_is_never_written_to(app: Flask) -> None:
    with transaction():
        send_mail("a@example.invalid\nBcc: all@example.invalid", "主题", "内容", key="bad")
    assert letters(app) == []
    row = db.session.scalars(select(Outbox)).one()
    assert row.done_at is None and row.error


def test_delivered_mail_is_not_sent_again(app: Flask) -> None:
    person = make_user()
    with transaction():
        notify([person.id], "待审核", "请办理", key="once")
    payload = db.session.scalars(select(Outbox.payload)).one()
    deliver_due()
    with transaction():
        row = db.session.scalars(select(Outbox)).one()
        # As a worker that died between the sending and its commit leaves it.
        row.payload, row.done_at = payload, None
        row.lease_until = row.lease_token = None
    assert len(letters(app, person.email)) == 1
    assert len(db.session.scalars(select(Mail)).all()) == 1


def test_inbox_costs_the_same_for_one_and_twenty_messages(app: Flask) -> None:
    person = make_user()
    browser, person_id = client_of(app, person), person.id
    save(Message(user_id=person_id, subject="一", body="内容"))
    db.session.remove()
    with statements() as few:
        browser.get("/inbox/")
    save(*(Message(user_id=person_id, subject=f"第 {n} 条", body="内容") for n in range(19)))
    db.session.remove()
    with statements() as many:
        browser.get("/inbox/")
    assert len(few) == len(many)


def test_sent_mail_keeps_neither_address_nor_text_and_the_letter_arrives_whole(app: Flask) -> None:
    with transaction():
        send_mail("lin@example.cn", "已收到", "查询编号 YY1", key="objection:1")
    waiting = str(db.session.scalars(select(Outbox.payload)).one())
    assert "lin@" not in waiting and "YY1" not in waiting
    (letter,) = letters(app, "lin@example.cn")
    assert "查询编号 YY1" in text_of(letter)
    db.session.rollback()
    assert db.session.scalars(select(Outbox.payload)).one() == {}
    mail = db.session.scalars(select(Mail)).one()
    assert mail.recipient_mark == mark_of(" LIN@example.cn ") and "lin" not in mail.recipient_mark


def test_refusal_of_a_mail_server_is_noted_without_the_address(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_message: object) -> None:
        raise OSError({"lin@example.cn": (550, b"<lin@example.cn>: no such user")})

    monkeypatch.setattr(EmailMessage, "send", refuse)
    with transaction():
        send_mail("lin@example.cn", "已收到", "查询编号 YY1", key="objection:1")
    assert deliver_due() == 0
    row = db.session.scalars(select(Outbox)).one()
    assert row.error and "no such user" in row.error and "lin@" not in row.error
