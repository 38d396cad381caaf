"""Files are kept under random names, shown to whoever sees the owner, and never served as a page."""

import os
import stat
from pathlib import Path

import pytest
from flask import Flask
from werkzeug import formparser

from market.attachments import storage
from market.attachments.models import Attachment
from market.attachments.operations import erase_attachment, remove_attachment, store_upload
from market.attachments.queries import attachments_of, attachments_of_many, for_list
from market.audit.models import Entry
from market.audit.verify import verify
from market.bids.models import Bid
from market.database import db, transaction
from market.errors import Conflict, InvalidInput
from market.jobs.outbox import deliver_due
from market.permissions import Role
from tests.builders.bids import make_draft, make_sealable_challenge
from tests.builders.chain import make_solver
from tests.builders.counting import statements
from tests.builders.files import docx, pdf, upload
from tests.builders.people import acting, client_of, make_user


def drafted(name: str = "方案 一.pdf", data: bytes | None = None) -> tuple[Bid, Attachment]:
    bid = make_draft(make_sealable_challenge(), make_solver())
    lead = acting(bid.lead)
    with transaction():
        attachment = store_upload(lead, bid, "draft", upload(name, data or pdf()), limit_mb=20, confidential=True)
    return bid, attachment


def test_file_lies_under_a_random_name_for_the_owner_of_the_process_only(app: Flask) -> None:
    bid, attachment = drafted()
    path = storage.path_of(attachment.token)
    assert len(attachment.token) == 32 and path.parent.name == attachment.token[:2]
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert pdf() not in path.read_bytes(), "confidential ones are encrypted"
    assert storage.read(attachment.token, encrypted=True) == pdf()
    assert db.session.query(Entry).filter_by(action="attachment:store", subject_id=str(bid.id)).count() == 1
    assert verify(db.session())[1] is None


@pytest.mark.parametrize("confidential", [True, False])
def test_a_file_altered_or_lost_on_the_disk_is_named_by_the_audit(app: Flask, confidential: bool) -> None:
    bid, _ = drafted()
    with transaction():
        attachment = store_upload(
            acting(bid.lead), bid, "scan", upload("b.pdf", pdf()), limit_mb=20, confidential=confidential
        )
    where, path = f"attachment 第 {attachment.id} 行", storage.path_of(attachment.token)
    assert verify(db.session())[1] is None
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    found = verify(db.session())[1]
    assert found is not None and found.where == where
    path.unlink()
    found = verify(db.session())[1]
    assert found is not None and found.where == where


def test_download_is_never_a_page(app: Flask) -> None:
    bid, attachment = drafted()
    answer = client_of(app, bid.lead).get(f"/attachments/{attachment.token}")
    assert answer.status_code == 200 and answer.data == pdf()
    headers = answer.headers
    assert headers["Content-Disposition"].startswith("attachment;")
    assert "filename*=UTF-8''%E6%96%B9%E6%A1%88%20%E4%B8%80.pdf" in headers["Content-Disposition"]
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Type"] == "application/pdf"


def test_nobody_but_the_owners_readers_may_download(app: Flask) -> None:
    bid, attachment = drafted()
    address = f"/attachments/{attachment.token}"
    others = [app.test_client(), *(client_of(app, make_user(role)) for role in Role)]
    assert {client.get(address).status_code for client in others} == {404}
    assert client_of(app, bid.lead).get(address).status_code == 200


def test_removed_file_is_gone_for_everybody_and_kept_as_evidence(app: Flask) -> None:
    bid, attachment = drafted()
    client, lead = client_of(app, bid.lead), acting(bid.lead)
    with transaction():
        remove_attachment(lead, attachment)
    assert client.get(f"/attachments/{attachment.token}").status_code == 404
    assert attachments_of(bid) == []
    assert storage.path_of(attachment.token).exists()
    with pytest.raises(Conflict), transaction():
        remove_attachment(lead, attachment)


def test_erased_file_leaves_no_name_and_no_bytes(app: Flask) -> None:
    bid, attachment = drafted()
    lead = acting(bid.lead)
    with transaction():
        erase_attachment(lead, attachment)
    assert storage.path_of(attachment.token).exists(), "not before the commit is delivered"
    deliver_due()
    assert not storage.path_of(attachment.token).exists()
    row = db.session.query(Attachment).one()
    assert (row.filename, row.sha256, row.size) == ("", "", 0)


def test_missing_and_altered_files_are_said_clearly(app: Flask) -> None:
    bid, attachment = drafted()
    client, path = client_of(app, bid.lead), storage.path_of(attachment.token)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    answer = client.get(f"/attachments/{attachment.token}")
    assert answer.status_code == 409 and "指纹不符" in answer.get_data(as_text=True)
    path.unlink()
    answer = client.get(f"/attachments/{attachment.token}")
    assert answer.status_code == 404 and "从备份恢复" in answer.get_data(as_text=True)


@pytest.mark.parametrize("token", ["x", "..%2f..%2fjiebang.sqlite", "%00", "0" * 32, "a" * 5000])
def test_odd_tokens_find_nothing(app: Flask, token: str) -> None:
    assert app.test_client().get(f"/attachments/{token}").status_code == 404


def test_refusal_names_the_field(app: Flask) -> None:
    bid = make_draft(make_sealable_challenge(), make_solver())
    lead = acting(bid.lead)
    with pytest.raises(InvalidInput) as problem, transaction():
        store_upload(lead, bid, "evidence", upload("a.exe", b"MZ"), limit_mb=20)
    assert list(problem.value.errors) == ["evidence"]
    with pytest.raises(InvalidInput, match="超过 1 MB"), transaction():
        store_upload(lead, bid, "evidence", upload("a.pdf", bytes(3 * 1024 * 1024)), limit_mb=1)
    assert list((Path(app.instance_path) / "attachments").rglob("*")) == []


def test_lists_of_files_take_one_statement(app: Flask) -> None:
    bids = [drafted()[0] for _ in range(3)]
    assert len({bid.id for bid in bids}) == 3  # Rows are loaded before statements are counted.
    with statements() as one:
        attachments_of_many(bids[:1])
    with statements() as three:
        found = attachments_of_many(bids)
    assert len(one) == len(three) and len(found) == 3
    with app.test_request_context():
        assert for_list(found[bids[0].id])[0]["name"] == "方案 一.pdf"


def test_upload_never_touches_the_disk_in_plain_text(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large uploads are spooled to a temporary file by default; ours are not."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a temporary file was opened")

    monkeypatch.setattr(formparser, "SpooledTemporaryFile", refuse)
    bid = make_draft(make_sealable_challenge(), make_solver())
    data = docx({"word/media/x.png": os.urandom(1_500_000)})
    head = '--b\r\nContent-Disposition: form-data; name="files"; filename="a.docx"\r\nContent-Type: x/y\r\n\r\n'
    body = head.encode() + data + b"\r\n--b--\r\n"
    assert _posted(Flask("plain"), body) is AssertionError, "the control: an ordinary application spools"
    client = client_of(app, bid.lead)
    answer = client.post(f"/bids/{bid.id}/edit", data=body, content_type="multipart/form-data; boundary=b")
    assert answer.status_code == 303
    assert [file.size for file in attachments_of(bid, "draft")] == [len(data)]


def _posted(plain: Flask, body: bytes) -> type[Exception] | None:
    """What an application with Flask's own request class does with such a body."""
    with plain.test_request_context(
        method="POST", data=body, content_type="multipart/form-data; boundary=b"
    ) as context:
        try:
            context.request.files  # noqa: B018
        except AssertionError as problem:
            return type(problem)
    return None
