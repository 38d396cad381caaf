"""An awarded bid with its notice, and a contract walked by the operations."""

from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any

from werkzeug.datastructures import FileStorage

from market import clock
from market.accounts.models import Organisation, User
from market.bids.models import Bid, BidState
from market.challenges.models import ChallengeState
from market.contracts import operations, outcomes
from market.contracts.models import Contract, DeclaredResult, SpendReport
from market.database import transaction
from market.needs.models import NeedState
from market.notices.models import AwardItem, Notice, NoticeState
from market.permissions import Role
from tests.builders.chain import make_bid, make_challenge, make_need, make_solver
from tests.builders.people import acting, make_organisation, make_user, save

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Count 0/Kids[]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


@dataclass
class Parties:
    """Who meets over one contract."""

    firm: Organisation
    signatory: User
    lead: User
    officer: User
    bid: Bid


def pdf(name: str = "合同.pdf") -> FileStorage:
    return FileStorage(BytesIO(PDF), filename=name, content_type="application/pdf")


def make_parties(amount_fen: int | None = None, **text: Any) -> Parties:
    """An awarded bid whose notice took effect today. ``text`` changes the problem."""
    firm = make_organisation()
    university = make_organisation(kind="university", district=None)  # pyright: ignore
    lead = make_user(Role.SOLVER, Role.TEAM_LEAD, organisation=university)
    need = make_need(organisation=firm, state=NeedState.POSTED, **text)
    challenge = make_challenge(need, state=ChallengeState.AWARDED)
    bid = make_bid(challenge, make_solver(lead, organisation=university), BidState.AWARDED)
    officer, head = make_user(Role.CITY_OFFICER), make_user(Role.DIVISION_HEAD)
    notice = Notice(
        challenge_id=challenge.id, state=NoticeState.EFFECTIVE, title="拟中榜公示", prepared_by_id=officer.id,
        approved_by_id=head.id, published_at=clock.now() - timedelta(days=8), ends_on=clock.today(), effective_at=clock.now(),
    )  # fmt: skip
    save(notice)
    save(
        AwardItem(
            notice_id=notice.id, bid_id=bid.id, rank=1, winner_name="团队", lead_name=lead.name, amount_fen=amount_fen
        )
    )
    return Parties(firm, make_user(Role.FIRM_SIGNATORY, organisation=firm), lead, officer, bid)


def terms(**values: Any) -> dict[str, Any]:
    """Complete terms of a contract of 100 万元 in three milestones."""
    today = clock.today()
    return {
        "kind": "commissioned",
        "ownership": "shared",
        "amount_fen": 100_000_000,
        "rd_total_fen": 300_000_000,
        "starts_on": today,
        "ends_on": today + timedelta(days=700),
        "milestones": [
            {"content": f"第{n}阶段", "due_on": today + timedelta(days=200 * n), "percent": percent}
            for n, percent in enumerate((30, 40, 30), start=1)
        ],
        **values,
    }


def drafted(parties: Parties) -> Contract:
    with transaction():
        return operations.draft_contract(acting(parties.officer), parties.bid, terms())


def agreed(parties: Parties) -> Contract:
    contract = drafted(parties)
    for person in (parties.signatory, parties.lead):
        with transaction():
            operations.confirm_contract(acting(person), contract)
    return contract


def signed(parties: Parties, number: str = "HT-2026-001") -> Contract:
    contract = agreed(parties)
    with transaction():
        operations.attach_scan(acting(parties.officer), contract, "signed_scan", pdf())
    with transaction():
        operations.sign_contract(acting(parties.officer), contract, number, clock.today())
    return contract


def spending(**values: Any) -> dict[str, Any]:
    return {
        "until": clock.today(),
        "total_fen": 120_000_000,
        "fiscal_fen": 20_000_000,
        "note": "设备 80 万元，材料 25 万元，人员 15 万元，见明细账",
        **values,
    }


def make_spending(contract: Contract, lead: User, **values: Any) -> SpendReport:
    with transaction():
        return outcomes.report_spending(acting(lead), contract, spending(**values), [pdf("明细账.pdf")])


def result(**values: Any) -> dict[str, Any]:
    return {
        "kind": "sales",
        "first_day": clock.today() - timedelta(days=30),
        "last_day": clock.today(),
        "amount_fen": 55_000_000,
        "quantity": None,
        "explanation": "新产品对外销售 1100 套，单价 500 元",
        **values,
    }


def make_result(contract: Contract, signatory: User, **values: Any) -> DeclaredResult:
    with transaction():
        return outcomes.declare_result(acting(signatory), contract, result(**values), [])
