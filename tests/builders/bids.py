"""Challenges that can be sealed, officers who hold shares, and bids written, sealed and opened by the operations."""

from datetime import timedelta
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from market import clock
from market.accounts.models import User
from market.audit.journal import record
from market.bids.content import Answer, BidContent, BudgetRow, MemberRow, MilestoneRow, Statements
from market.bids.models import Bid
from market.bids.opening import release_opening_share
from market.bids.operations import attach_file, begin_bid, save_draft, submit_bid
from market.bids.queries import sealing_subject
from market.challenges.models import Challenge, ChallengeState
from market.database import db, transaction
from market.permissions import SYSTEM, Role
from market.sealing.keys import create_sealing_key
from market.sealing.locks import lock
from market.sealing.models import OfficerKey, SealingKey
from market.solvers.models import Solver
from tests.builders.chain import make_challenge
from tests.builders.files import upload
from tests.builders.people import acting, make_user, save

PASSPHRASE = "梅花香自苦寒来 2026"


@cache
def _locked(number: int) -> tuple[bytes, bytes]:
    """(public key, locked private key) of the n-th officer: argon2id is slow on purpose, so once is enough."""
    private_key = X25519PrivateKey.from_private_bytes(bytes([number]) * 32)
    return private_key.public_key().public_bytes_raw(), lock(private_key, PASSPHRASE)


def give_key(officer: User, number: int) -> OfficerKey:
    """An opening key that ``PASSPHRASE`` opens."""
    public_key, locked = _locked(number)
    key = OfficerKey(user_id=officer.id, public_key=public_key, locked_private_key=locked)
    save(key)
    return key


def make_holders(count: int = 3) -> list[User]:
    """Officers with opening keys: the head first, then city officers."""
    holders = []
    for number in range(1, count + 1):
        holder = make_user(Role.DIVISION_HEAD if number == 1 else Role.CITY_OFFICER)
        give_key(holder, number)
        holders.append(holder)
    return holders


def make_key(challenge: Challenge, holders: list[User], quorum: int = 2) -> SealingKey:
    with transaction():
        key = create_sealing_key(sealing_subject(challenge), quorum, [holder.id for holder in holders])
        record(SYSTEM, "test:build", key)
    return key


def make_sealable_challenge(holders: list[User] | None = None, **values: Any) -> Challenge:
    challenge = make_challenge(**values)
    make_key(challenge, holders or make_holders())
    return challenge


def make_content(**values: Any) -> BidContent:
    """A complete bid for the challenge of tests.builders.chain."""
    answers = {"密度极差": "0.008", "维氏硬度": "1560", "斑点球比例": "0.2"}
    defaults: dict[str, Any] = {
        "answers": [Answer(name=name, promise=value, evidence="中试三炉数据") for name, value in answers.items()],
        "route": "分段保压气压烧结，氮气压力与升温速率联动控制。",
        "foundation": "建有 10 MPa 气压烧结炉两台，近三年完成同类项目两项。",
        "innovation": "以炉内分区测温修正烧结曲线。",
        "members": [MemberRow(name="陆知远", organisation="测试大学", role="首席", months="12")],
        "milestones": [
            MilestoneRow(content="中试样件", month=6, percent=30),
            MilestoneRow(content="批量验证", month=15, percent=40),
            MilestoneRow(content="验收", month=24, percent=30),
        ],
        "budget": [BudgetRow(subject="材料费", amount_fen=60_000_000, source="榜金")],
        "price_fen": 110_000_000,
        "ip": "共有，发榜方优先实施。",
        "risks": "粉体批次波动，备选两家粉体。",
        "statements": Statements(related_party="none", other_bids="none", promise=True),
    }
    return BidContent(**{**defaults, **values})


def make_draft(challenge: Challenge, solver: Solver, content: BidContent | None = None, **files: bytes) -> Bid:
    """A draft saved by the solver's lead, with ``files`` by name (``plan_pdf=…`` is plan.pdf)."""
    lead = acting(db.session.get_one(User, solver.lead_id))
    with transaction():
        bid = begin_bid(lead, challenge, solver)
        save_draft(lead, bid, content or make_content())
        for name, data in files.items():
            attach_file(lead, bid, upload(name.replace("_", "."), data))
    return bid


def make_sealed(challenge: Challenge, solver: Solver, content: BidContent | None = None, **files: bytes) -> Bid:
    bid = make_draft(challenge, solver, content, **files)
    with transaction():
        submit_bid(acting(db.session.get_one(User, solver.lead_id)), bid)
    return bid


def close(challenge: Challenge) -> None:
    """As the clock does; the deadline is put into the past."""
    with transaction():
        challenge.bid_deadline = clock.now() - timedelta(seconds=1)
        challenge.state, challenge.closed_at = ChallengeState.CLOSED, clock.now()
        record(SYSTEM, "test:build", challenge)


def open_all(challenge: Challenge, holders: list[User]) -> None:
    """The first two holders give their shares."""
    for holder in holders[:2]:
        with transaction():
            release_opening_share(acting(holder), challenge, PASSPHRASE)
