"""What the journal shows of bids: while sealed, nothing but their place in the chain; of what nobody opened, ever."""

import csv
import io
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from market.audit.models import Entry
from market.bids.models import Bid, BidState
from market.bids.operations import withdraw_bid
from market.challenges.operations import revoke_challenge
from market.database import db, transaction
from market.permissions import Role
from tests.builders.bids import close, make_draft, make_holders, make_sealable_challenge, make_sealed, open_all
from tests.builders.chain import make_solver
from tests.builders.counting import statements
from tests.builders.files import pdf
from tests.builders.people import acting, client_of, make_user


def supervisor(app: Flask) -> FlaskClient:
    return client_of(app, make_user(Role.SUPERVISOR))


def entries_of(bid: Bid) -> list[Entry]:
    return list(db.session.scalars(select(Entry).where(Entry.subject_kind == "bid", Entry.subject_id == str(bid.id))))


def body_of(client: FlaskClient, url: str) -> str:
    """The page without its frame, which shows who is signed in."""
    return client.get(url).get_data(as_text=True).split("<main")[1]


def secrets_of(bid: Bid) -> list[str]:
    return [bid.lead.name, bid.solver.name, "bid:", "揭榜书", *([bid.receipt_number] if bid.receipt_number else [])]


def numbers(page: str) -> list[int]:
    return [int(found) for found in re.findall(r"/audit/entries/(\d+)", page)]


def test_no_number_is_missing_and_no_word_is_readable_while_bids_are_sealed(app: Flask) -> None:
    challenge = make_sealable_challenge()
    sealed, draft = make_sealed(challenge, make_solver(), plan_pdf=pdf()), make_draft(challenge, make_solver())
    withdrawn = make_sealed(challenge, make_solver())
    with transaction():
        withdraw_bid(acting(withdrawn.lead), withdrawn)
    browser = supervisor(app)
    shown = sorted({number for page in (1, 2, 3) for number in numbers(body_of(browser, f"/audit/?page={page}"))})
    assert shown == list(range(shown[0], shown[-1] + 1))
    for bid in (sealed, draft, withdrawn):
        for entry in entries_of(bid):
            page = body_of(browser, f"/audit/entries/{entry.seq}")
            assert "密封期内的记录" in page and entry.hash in page and entry.prev_hash in page
            assert not [secret for secret in secrets_of(bid) if secret in page]
            # A draft, a sealed and a withdrawn bid look alike.
            assert "撤回或未提交的揭榜，内容不公开" not in page


@pytest.mark.parametrize("query", ["who={lead}", "action=bid:submit", "kind=bid", "kind=attachment&who={lead}"])
def test_no_filter_finds_a_veiled_entry_by_what_is_hidden(app: Flask, query: str) -> None:
    bid = make_sealed(make_sealable_challenge(), make_solver(), plan_pdf=pdf())
    lead, hidden = bid.lead.name, {entry.seq for entry in entries_of(bid)}
    page = body_of(supervisor(app), f"/audit/?{query.format(lead=lead)}")
    assert not hidden & set(numbers(page))
    assert "密封期内的记录" not in page


def test_history_of_a_sealed_bid_is_no_page_and_no_hint(app: Flask) -> None:
    bid = make_sealed(make_sealable_challenge(), make_solver())
    browser = supervisor(app)
    assert browser.get(f"/audit/bid/{bid.id}").status_code == browser.get("/audit/bid/999999").status_code == 404


def test_export_holds_every_number_and_of_sealed_bids_nothing_but_it(app: Flask) -> None:
    bid = make_sealed(make_sealable_challenge(), make_solver(), plan_pdf=pdf())
    seqs, lead = {str(entry.seq) for entry in entries_of(bid)}, bid.lead.name
    text = supervisor(app).post("/audit/export.csv").get_data(as_text=True).removeprefix("\ufeff")
    rows = list(csv.reader(io.StringIO(text)))[1:]
    assert [int(row[0]) for row in rows] == list(range(1, len(rows) + 1))
    veiled = [row for row in rows if row[0] in seqs]
    assert len(veiled) == len(seqs)
    for row in veiled:
        assert row[2:9] == [""] * 7 and row[10] == "" and row[11] and lead not in "".join(row)


def test_after_the_opening_opened_bids_are_readable_and_the_others_never(app: Flask) -> None:
    holders = make_holders()
    challenge = make_sealable_challenge(holders)
    opened, draft = make_sealed(challenge, make_solver()), make_draft(challenge, make_solver(), plan_pdf=pdf())
    withdrawn = make_sealed(challenge, make_solver())
    with transaction():
        withdraw_bid(acting(withdrawn.lead), withdrawn)
    close(challenge)
    open_all(challenge, holders)
    assert opened.state is BidState.OPENED
    browser = supervisor(app)
    assert opened.lead.name in body_of(browser, f"/audit/bid/{opened.id}")
    for bid in (draft, withdrawn):
        assert browser.get(f"/audit/bid/{bid.id}").status_code == 404
        for entry in entries_of(bid):
            page = body_of(browser, f"/audit/entries/{entry.seq}")
            assert "撤回或未提交的揭榜，内容不公开" in page
            assert not [secret for secret in secrets_of(bid) if secret in page]
        assert not {entry.seq for entry in entries_of(bid)} & set(
            numbers(body_of(browser, f"/audit/?who={bid.lead.name}"))
        )


def test_bids_of_a_revoked_challenge_were_never_opened_and_stay_veiled(app: Flask) -> None:
    challenge = make_sealable_challenge()
    bid = make_sealed(challenge, make_solver())
    head = acting(make_user(Role.DIVISION_HEAD))
    with transaction():
        revoke_challenge(head, challenge, "企业撤回需求，不再组织揭榜")
    page = body_of(supervisor(app), f"/audit/entries/{entries_of(bid)[0].seq}")
    assert "内容不公开" in page and bid.lead.name not in page


def test_page_of_the_journal_costs_the_same_for_few_and_many_veiled_entries(app: Flask) -> None:
    challenge = make_sealable_challenge()
    make_sealed(challenge, make_solver())
    browser = supervisor(app)
    db.session.remove()
    with statements() as few:
        browser.get("/audit/")
    challenge = db.session.merge(challenge)
    for _number in range(4):
        make_sealed(challenge, make_solver())
    db.session.remove()
    with statements() as many:
        browser.get("/audit/")
    assert len(few) == len(many)
