"""What waits for firms, solvers and organisation managers."""

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import joinedload

from market import clock
from market.accounts.models import Membership, MembershipState, Organisation, OrganisationState
from market.bids.models import Bid, BidState
from market.challenges.models import Challenge, ChallengeState
from market.contracts.models import Contract, ContractState, MilestoneState, SpendReport, SpendState
from market.home.tasks import (
    Row,
    Waiting,
    address,
    among,
    bid_row,
    bids_in,
    challenge_row,
    challenges_in,
    contract_row,
    contracts_in,
    found,
    milestone_row,
    milestones_in,
    need_row,
    needs_in,
    public_page,
    solvers_led_by,
    task,
    within,
)
from market.matches.models import ChallengeInvitation, InvitationState
from market.needs.models import Need, NeedState
from market.payouts.models import BountyPayment
from market.permissions import Actor, Permission
from market.solvers.models import Solver, SolverState

P = Permission


# ---------- firms ----------


@task(P.NEED_WRITE)
def needs_to_finish(actor: Actor) -> Waiting:
    mine = among(Need.organisation_id, actor.organisations_with(P.NEED_WRITE))
    query = needs_in(NeedState.RETURNED, NeedState.DRAFT).where(mine)
    return found(_l("需求待完善或修改"), "pencil", address("needs.index"), query, need_row)


@task(P.CHALLENGE_CONFIRM)
def challenges_to_confirm(actor: Actor) -> Waiting:
    query = challenges_in(ChallengeState.DRAFT, ChallengeState.APPROVAL).where(
        Challenge.confirmed_at.is_(None),
        among(Challenge.organisation_id, actor.organisations_with(P.CHALLENGE_CONFIRM)),
    )
    return found(_l("榜单文本待确认"), "signature", address("challenges.manage"), query, challenge_row)


@task(P.MILESTONE_ACCEPT)
def milestones_to_accept(actor: Actor) -> Waiting:
    mine = among(Contract.organisation_id, actor.organisations_with(P.MILESTONE_ACCEPT))
    query = milestones_in(MilestoneState.REPORTED).where(mine)
    return found(_l("里程碑待验收"), "checklist", address("contracts.index"), query, milestone_row)


@task(P.MILESTONE_ACCEPT)
def spending_to_confirm(actor: Actor) -> Waiting:
    mine = among(Contract.organisation_id, actor.organisations_with(P.MILESTONE_ACCEPT))
    query = (
        select(SpendReport)
        .join(Contract, Contract.id == SpendReport.contract_id)
        .options(joinedload(SpendReport.contract).joinedload(Contract.challenge))
        .where(SpendReport.state == SpendState.REPORTED, mine)
        .order_by(SpendReport.id)
    )
    return found(_l("研发支出待确认"), "receipt", address("contracts.index"), query, _spending_row)


def _spending_row(report: SpendReport) -> Row:
    url = address("contracts.spending_verdict", report_id=report.id)
    return Row(report.contract.challenge.title, url, str(report.state.label))


# ---------- solvers ----------


@task(P.INVITATION_ANSWER)
def invitations_to_answer(actor: Actor) -> Waiting:
    query = (
        select(ChallengeInvitation)
        .join(Challenge, Challenge.id == ChallengeInvitation.challenge_id)
        .options(joinedload(ChallengeInvitation.challenge))
        .where(
            ChallengeInvitation.state == InvitationState.SENT,
            ChallengeInvitation.solver_id.in_(solvers_led_by(actor)),
            Challenge.state == ChallengeState.POSTED,
        )
        .order_by(Challenge.bid_deadline, ChallengeInvitation.id)
    )
    return found(_l("揭榜邀请待答复"), "mail", address("matches.for_me"), query, _invitation_row)


def _invitation_row(invitation: ChallengeInvitation) -> Row:
    challenge = invitation.challenge
    return Row(challenge.title, public_page(challenge), challenge.code or "", challenge.bid_deadline)


@task(P.BID_WRITE)
def bids_to_submit(actor: Actor) -> Waiting:
    query = (
        bids_in(BidState.DRAFT)
        .join(Challenge, Challenge.id == Bid.challenge_id)
        .where(
            Bid.lead_id == actor.user_id, Challenge.state == ChallengeState.POSTED, Challenge.bid_deadline > clock.now()
        )
    )
    return found(_l("揭榜书草稿待提交"), "send", address("bids.mine"), query, bid_row)


@task(P.CONTRACT_SIGN)
def contracts_to_confirm(actor: Actor) -> Waiting:
    poster = and_(
        among(Contract.organisation_id, actor.organisations_with(P.CONTRACT_SIGN)),
        Contract.poster_confirmed_at.is_(None),
    )
    solver = and_(Contract.solver_id.in_(solvers_led_by(actor)), Contract.solver_confirmed_at.is_(None))
    query = contracts_in(ContractState.DRAFT).where(or_(poster, solver))
    return found(_l("合同文本待确认"), "file-certificate", address("contracts.index"), query, contract_row)


@task(P.MILESTONE_REPORT)
def milestones_to_report(actor: Actor) -> Waiting:
    query = milestones_in(MilestoneState.SENT_BACK, MilestoneState.PLANNED).where(
        Contract.solver_id.in_(solvers_led_by(actor)), Contract.state == ContractState.SIGNED
    )
    return found(_l("里程碑待报告"), "flag", address("contracts.index"), query, milestone_row)


@task(P.MILESTONE_REPORT)
def bounties_to_confirm(actor: Actor) -> Waiting:
    query = (
        select(BountyPayment)
        .join(Contract, Contract.id == BountyPayment.contract_id)
        .where(
            BountyPayment.confirmed_at.is_(None),
            BountyPayment.entered_by_id != actor.user_id,
            Contract.solver_id.in_(solvers_led_by(actor)),
        )
        .order_by(BountyPayment.id)
        .options(joinedload(BountyPayment.contract).joinedload(Contract.challenge))
    )
    return found(_l("榜金到账待确认"), "coin", address("contracts.index"), query, _bounty_row)


def _bounty_row(payment: BountyPayment) -> Row:
    url = address("payouts.of_contract", contract_id=payment.contract_id)
    return Row(payment.contract.challenge.title, url, payment.paid_on.isoformat())


# ---------- organisations ----------


@task(P.ORGANISATION_MANAGE)
def memberships_to_decide(actor: Actor) -> Waiting:
    query = (
        select(Membership)
        .options(joinedload(Membership.user), joinedload(Membership.organisation))
        .where(
            Membership.state == MembershipState.REQUESTED,
            among(Membership.organisation_id, actor.organisations_with(P.ORGANISATION_MANAGE)),
        )
        .order_by(Membership.id)
    )
    return found(_l("加入单位的申请"), "user-plus", address("accounts.my_organisation"), query, _membership_row)


def _membership_row(membership: Membership) -> Row:
    url = url_for("accounts.organisation", organisation_id=membership.organisation_id)
    return Row(membership.user.name, url, membership.organisation.name)


@task(P.ORGANISATION_VERIFY)
def organisations_to_verify(actor: Actor) -> Waiting:
    query = (
        select(Organisation)
        .where(
            Organisation.state == OrganisationState.PENDING,
            within(Organisation.district_code, actor.districts_with(P.ORGANISATION_VERIFY)),
        )
        .order_by(Organisation.id)
    )
    return found(_l("单位待核验"), "rubber-stamp", url_for("accounts.organisations"), query, _organisation_row)


def _organisation_row(organisation: Organisation) -> Row:
    url = url_for("accounts.organisation_check", organisation_id=organisation.id)
    return Row(organisation.name, url, str(organisation.kind.label))


@task(P.SOLVER_VERIFY)
def solvers_to_verify(_actor: Actor) -> Waiting:
    query = select(Solver).where(Solver.state == SolverState.LISTED).order_by(Solver.id)
    return found(_l("揭榜方待核验"), "user-check", address("solvers.manage"), query, _solver_row)


def _solver_row(solver: Solver) -> Row:
    return Row(solver.name or solver.name_en, address("solvers.show", solver_id=solver.id), str(solver.kind.label))
