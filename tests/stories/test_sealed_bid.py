"""A sealed bid is unreadable to whoever holds the disk, until two officers open it after the deadline.

The markers are looked for in every byte the installation wrote: database file, write-ahead log, attachments, index,
mail outbox. A control row in plain text must be found by the same search, else the search proves nothing.
"""

import io
import re
import subprocess
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from market import clock
from market.accounts.models import Organisation, OrganisationKind, User
from market.audit.journal import record
from market.audit.verify import verify
from market.bids.models import Bid, OpenedContent, SealedVersion
from market.bids.queries import content_of
from market.challenges.models import Challenge
from market.database import db, transaction
from market.jobs.outbox import deliver_due
from market.permissions import SYSTEM, Role
from market.sealing.envelope import CannotOpen, unseal
from market.sealing.fields import Unreadable, decrypt
from market.sealing.keys import combine, release_share, sealing_key_of
from market.sealing.models import KeyShare
from market.solvers.models import Solver
from tests.builders.bids import PASSPHRASE, close, make_holders, make_sealable_challenge, make_sealed
from tests.builders.chain import make_solver
from tests.builders.files import docx, pdf
from tests.builders.people import acting, client_of, make_user, save

TEXT, FILE, NAME = "鹧鸪天独家烧结曲线", "ZHEGUTIAN-SECRET-IN-FILE", "鹧鸪天机密方案"


def written_bytes(app: Flask) -> dict[str, bytes]:
    """Everything on disk: the instance folder, and the whole PostgreSQL database as its own tool dumps it."""
    found = {str(path): path.read_bytes() for path in Path(app.instance_path).rglob("*") if path.is_file()}
    if db.engine.dialect.name == "postgresql":
        url = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        dump = subprocess.run(["pg_dump", "--inserts", url], capture_output=True, check=True)
        found["pg_dump"] = dump.stdout
    return found


def hits(app: Flask, *markers: str) -> list[str]:
    """Files that hold a marker in the encodings in which text comes to lie on a disk."""
    forms = [
        form
        for marker in markers
        for form in (
            marker.encode(),
            marker.encode("utf-16-le"),
            marker.encode("unicode_escape"),
            marker.encode().hex().encode(),
        )
    ]
    return [name for name, data in written_bytes(app).items() if any(form in data for form in forms)]


def filled_form(**changes: str) -> dict[str, object]:
    values: dict[str, object] = {
        "route": TEXT,
        "foundation": "两台气压烧结炉",
        "innovation": "",
        "price_fen": "110",
        "ip": "共有",
        "risks": "粉体批次波动",
        "related_party": "none",
        "other_bids": "none",
        "promise": "y",
        "members-0-name": "陆知远",
        "members-0-months": "12",
        "milestones-0-content": "样件",
        "milestones-0-month": "6",
        "milestones-0-percent": "40",
        "milestones-1-content": "验收",
        "milestones-1-month": "24",
        "milestones-1-percent": "60",
        "budget-0-subject": "材料费",
        "budget-0-amount_fen": "60",
        "action": "review",
        **changes,
    }
    for number in range(3):
        values[f"answers-{number}-promise"] = f"{TEXT}{number}"
        values[f"answers-{number}-evidence"] = TEXT
    return values


def write_and_seal(app: Flask, challenge: Challenge, lead: User) -> Bid:
    """The bidder's way through the pages."""
    client = client_of(app, lead)
    assert client.get(f"/bids/new?challenge={challenge.code}").status_code == 200
    solver = db.session.query(Solver).filter_by(lead_id=lead.id).one()
    begun = client.post(f"/bids/new?challenge={challenge.code}", data={"solver": solver.id})
    assert begun.status_code == 303
    bid = db.session.query(Bid).one()
    files = [
        (io.BytesIO(pdf(FILE)), f"{NAME}.pdf"),
        (io.BytesIO(docx({"word/notes.xml": f"<x>{FILE}</x>"})), "附表.docx"),
    ]
    saved = client.post(
        f"/bids/{bid.id}/edit", data={**filled_form(), "files": files}, content_type="multipart/form-data"
    )
    assert saved.headers["Location"] == f"/bids/{bid.id}/submit", saved.get_data(as_text=True)[:3000]
    page = client.get(f"/bids/{bid.id}/submit").get_data(as_text=True)
    assert TEXT in page and NAME in page
    assert client.get(f"/bids/{bid.id}/copy").data.count(FILE.encode()) == 1  # The docx is deflated.
    sealed = client.post(f"/bids/{bid.id}/submit", data={"understood": "y"})
    assert sealed.headers["Location"] == f"/bids/{bid.id}/receipt"
    return bid


def test_sealed_bid_is_unreadable_until_two_officers_open_it(app: Flask) -> None:
    holders = make_holders()
    challenge, solver = make_sealable_challenge(holders), make_solver()
    bid = write_and_seal(app, challenge, solver.lead)
    assert hits(app, TEXT, FILE, NAME) == []
    deliver_due()
    db.session.rollback()
    assert hits(app, TEXT, FILE, NAME) == []
    assert not any((Path(app.instance_path) / "attachments").rglob("?" * 32)), "the draft's files are gone"
    save(Organisation(name=TEXT, kind=OrganisationKind.FIRM, country="DE"))  # The control: plain text is found.
    assert hits(app, TEXT) != []
    staff_before = {holder.id: client_of(app, holder) for holder in holders}
    for client in staff_before.values():
        assert client.get(f"/bids/{bid.id}").status_code == 404
    close(challenge)
    for holder in holders[:2]:
        answer = staff_before[holder.id].post(f"/bids/openings/{challenge.code}", data={"passphrase": PASSPHRASE})
        assert answer.status_code == 303
    content = content_of(db.session.get_one(Bid, bid.id))
    assert content is not None and content.route == TEXT and content.answers[2].promise == f"{TEXT}2"
    page = staff_before[holders[0].id].get(f"/bids/{bid.id}").get_data(as_text=True)
    assert TEXT in page and f"{NAME}.pdf" in page
    published = app.test_client().get(f"/challenges/{challenge.code}/opening").get_data(as_text=True)
    version = db.session.query(SealedVersion).one()
    assert version.sha256 in published and solver.name not in published and TEXT not in published
    assert verify(db.session())[1] is None


def test_opened_bid_is_encrypted_at_rest_still(app: Flask) -> None:
    holders = make_holders()
    challenge, solver = make_sealable_challenge(holders), make_solver()
    write_and_seal(app, challenge, solver.lead)
    close(challenge)
    for holder in holders[:2]:
        client_of(app, holder).post(f"/bids/openings/{challenge.code}", data={"passphrase": PASSPHRASE})
    deliver_due()
    db.session.rollback()
    assert db.session.query(OpenedContent).count() == 1
    assert hits(app, TEXT, FILE, NAME) == []


def test_database_and_secret_together_do_not_open_a_sealed_bid(app: Flask) -> None:
    """A stolen backup with the installation's secret: the shares are under officers' passphrases."""
    challenge, solver = make_sealable_challenge(), make_solver()
    write_and_seal(app, challenge, solver.lead)
    key = sealing_key_of(f"challenge:{challenge.id}")
    assert combine(key) is None
    for share in db.session.query(KeyShare):
        assert share.released_share is None
        with pytest.raises(Unreadable):
            decrypt(share.sealed_share)


@pytest.mark.parametrize("part", ["challenge", "bid", "solver", "version"])
def test_sealed_bytes_open_under_their_own_context_only(app: Flask, part: str) -> None:
    holders = make_holders()
    challenge, solver = make_sealable_challenge(holders), make_solver()
    bid = write_and_seal(app, challenge, solver.lead)
    close(challenge)
    key = sealing_key_of(f"challenge:{challenge.id}")
    for holder in holders[:2]:
        officer = acting(holder)
        with transaction():
            release_share(officer, key, PASSPHRASE)
            record(SYSTEM, "test:release", key)
    private_key, sealed = combine(key), db.session.query(SealedVersion).one()
    assert private_key is not None
    context = {"challenge": challenge.id, "bid": bid.id, "solver": solver.id, "version": 1}
    info = "bid|" + "|".join(f"{name}:{value}" for name, value in context.items())
    assert unseal(sealed.ciphertext, private_key, info.encode())
    wrong = "bid|" + "|".join(f"{name}:{value + (name == part)}" for name, value in context.items())
    with pytest.raises(CannotOpen):
        unseal(sealed.ciphertext, private_key, wrong.encode())


def seen(client: FlaskClient, path: str) -> tuple[int, bytes]:
    """Status and body, the forgery token aside: it is new with every page."""
    answer = client.get(path)
    return answer.status_code, re.sub(rb'(csrf_token" value=|X-CSRFToken": )"[^"]*"', b"", answer.data)


def test_bureau_sees_the_same_bytes_with_no_bid_and_with_twenty(app: Flask) -> None:
    """Counts and names leak through nothing: pages are compared byte for byte. The journal alone shows its supervisor
    that something happened, because it shows every number: when, but neither who nor where.
    """
    challenge = make_sealable_challenge()
    poster = make_user(Role.FIRM_SIGNATORY, organisation=challenge.organisation)
    supervisor = make_user(Role.SUPERVISOR)
    watchers = [
        *(make_user(role) for role in (Role.CITY_OFFICER, Role.DIVISION_HEAD, Role.EXPERT)),
        supervisor,
        poster,
        make_solver().lead,
    ]
    solvers = [make_solver() for _ in range(20)]
    clients = [app.test_client(), *(client_of(app, person) for person in watchers)]
    paths = [
        f"/challenges/{challenge.code}/bids",
        f"/challenges/{challenge.code}/opening",
        f"/challenges/{challenge.code}",
        "/bids/openings",
        f"/bids/openings/{challenge.code}",
        "/bids/mine",
        "/bids/1",
        "/workspace/",
        "/inbox/",
        "/challenges/",
        "/challenges/manage",
        "/reports/",
        "/audit/",
        "/audit/?kind=bid",
        "/reviews/",
        "/notices/manage",
        "/search/?q=测试团队",
    ]
    with clock.at(clock.now()):
        before = [seen(client, path) for client in clients for path in paths]
        for solver in solvers:
            make_sealed(challenge, solver)
        deliver_due()
        after = [seen(client, path) for client in clients for path in paths]
    places = [(client, path) for client in range(len(clients)) for path in paths]
    journal = (watchers.index(supervisor) + 1, "/audit/")
    changed = [place for place, one, other in zip(places, before, after, strict=True) if one != other]
    assert changed == [journal]
    told = after[places.index(journal)][1].decode()
    assert "密封期内的记录" in told
    assert not [solver for solver in solvers if solver.name in told or solver.lead.name in told]
    assert any(status == 200 for status, _ in before)


def test_journal_shows_the_sealed_acts_once_the_bids_are_opened(app: Flask) -> None:
    holders = make_holders()
    challenge = make_sealable_challenge(holders)
    bid = make_sealed(challenge, make_solver())
    client = client_of(app, make_user(Role.SUPERVISOR))
    assert client.get(f"/audit/bid/{bid.id}").status_code == 404
    close(challenge)
    assert client.get(f"/audit/bid/{bid.id}").status_code == 404
    for holder in holders[:2]:
        client_of(app, holder).post(f"/bids/openings/{challenge.code}", data={"passphrase": PASSPHRASE})
    page = client.get(f"/audit/bid/{bid.id}")
    assert page.status_code == 200 and bid.lead.name in page.get_data(as_text=True)
