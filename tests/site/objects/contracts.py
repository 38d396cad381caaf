"""Firm A's contracts with team U: a draft with a scan, one in progress, and a bid that waits for its contract."""

from market.attachments.queries import attachments_of
from market.audit.journal import record
from market.bids.models import BidState
from market.challenges.models import ChallengeState
from market.contracts import operations
from market.contracts.models import Contract, ContractState, MilestoneState
from market.contracts.queries import milestones_of
from market.database import transaction
from market.needs.models import NeedState
from market.permissions import SYSTEM
from tests.builders.chain import accept_milestone, make_bid, make_challenge, make_contract, make_need
from tests.builders.contracts import make_result, make_spending, pdf
from tests.builders.people import acting
from tests.site.cast import Cast


def bid_of(cast: Cast, state: BidState, challenge_state: ChallengeState):
    need = make_need(organisation=cast.organisations["firm_a"], author=cast.people["author_a"], state=NeedState.POSTED)
    return make_bid(make_challenge(need, state=challenge_state), cast.solvers["solver_u"], state)


def contract_of(cast: Cast, state: ContractState) -> Contract:
    return make_contract(bid_of(cast, BidState.CONTRACTED, ChallengeState.RUNNING), state)


def objects(cast: Cast) -> dict[str, dict[str, object]]:
    draft, signed = contract_of(cast, ContractState.DRAFT), contract_of(cast, ContractState.SIGNED)
    planned = contract_of(cast, ContractState.SIGNED)
    with transaction():
        operations.attach_scan(acting(cast.people["city"]), draft, "signed_scan", pdf())
    reported = milestones_of(signed)[0]
    with transaction():
        reported.state = MilestoneState.REPORTED
        record(SYSTEM, "test:build", reported)
    in_use = contract_of(cast, ContractState.SIGNED)
    accept_milestone(milestones_of(in_use)[0], cast.people["signatory_a"])
    return {
        "contract_accepted": {"contract_id": in_use.id},
        "spending_reported": {"report_id": make_spending(in_use, cast.people["lead_u"]).id},
        "result": {"result_id": make_result(in_use, cast.people["signatory_a"]).id},
        "bid_awarded": {"bid_id": bid_of(cast, BidState.AWARDED, ChallengeState.AWARDED).id},
        "contract_draft": {"contract_id": draft.id},
        "contract_signed": {"contract_id": signed.id},
        "scan": {"contract_id": draft.id, "token": attachments_of(draft)[0].token},
        "milestone_planned": {"milestone_id": milestones_of(planned)[0].id},
        "milestone_reported": {"milestone_id": reported.id},
    }
