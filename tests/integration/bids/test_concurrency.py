"""Two tabs, two members, a double click: one live bid, one sealed version, and nobody gets an error page."""

import threading
from collections.abc import Callable

from flask import Flask

from market.audit.verify import verify
from market.bids.models import Bid, BidState, SealedVersion
from market.database import db
from tests.builders.bids import make_draft, make_sealable_challenge
from tests.builders.chain import make_solver
from tests.builders.people import client_of


def together(work: list[Callable[[], int]]) -> list[int]:
    """Run all at the same moment in threads of their own; the statuses in order."""
    gate, found = threading.Barrier(len(work)), [0] * len(work)

    def run(number: int) -> None:
        gate.wait()
        found[number] = work[number]()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_two_simultaneous_beginnings_give_one_bid(app: Flask) -> None:
    challenge, solver = make_sealable_challenge(), make_solver()
    clients = [client_of(app, solver.lead) for _ in range(4)]
    path, data = f"/bids/new?challenge={challenge.code}", {"solver": solver.id}
    db.session.remove()
    statuses = together([lambda client=client: client.post(path, data=data).status_code for client in clients])
    assert db.session.query(Bid).count() == 1
    assert set(statuses) <= {303, 409} and statuses.count(303) >= 1


def test_two_simultaneous_submissions_give_one_sealed_version(app: Flask) -> None:
    bid = make_draft(make_sealable_challenge(), make_solver())
    bid_id, clients = bid.id, [client_of(app, bid.lead) for _ in range(4)]
    db.session.remove()
    statuses = together(
        [
            lambda client=client: client.post(f"/bids/{bid_id}/submit", data={"understood": "y"}).status_code
            for client in clients
        ]
    )
    assert db.session.query(SealedVersion).count() == 1
    assert db.session.get_one(Bid, bid_id).state is BidState.SUBMITTED
    assert set(statuses) <= {303, 403, 409}
    assert verify(db.session())[1] is None
