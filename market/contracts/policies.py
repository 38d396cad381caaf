"""Who sees a contract and who may act on it (docs/domain.md B.2)."""

from flask_babel import gettext as _
from sqlalchemy import select

from market.attachments.policies import owner
from market.bids.models import Bid, BidState
from market.contracts.models import (
    Contract,
    ContractState,
    DeclaredResult,
    Milestone,
    MilestoneState,
    SpendReport,
    SpendState,
)
from market.database import db
from market.permissions import ALLOWED, Actor, Permission, Verdict, refused
from market.solvers.models import Solver, SolverMember


def is_lead(actor: Actor, contract: Contract) -> bool:
    return actor.user_id is not None and contract.solver.lead_id == actor.user_id


def is_on_team(actor: Actor, solver: Solver) -> bool:
    """The lead, or a named member with an account."""
    if actor.user_id is None:
        return False
    if solver.lead_id == actor.user_id:
        return True
    member = select(SolverMember.id).where(SolverMember.solver_id == solver.id, SolverMember.user_id == actor.user_id)
    return db.session.scalar(member) is not None


@owner(Contract)
def may_see(actor: Actor, contract: Contract) -> Verdict:
    """The poster firm, the solver's lead and members, the district's officer, city-wide staff."""
    if actor.covers(
        Permission.CONTRACT_READ, organisation_id=contract.organisation_id, district_code=contract.district_code
    ):
        return ALLOWED
    if actor.has(Permission.CONTRACT_READ) and is_on_team(actor, contract.solver):
        return ALLOWED
    return refused(_("这份合同不对您开放"))


@owner(Milestone)
def may_see_milestone(actor: Actor, milestone: Milestone) -> Verdict:
    return may_see(actor, milestone.contract)


def may_manage(actor: Actor, contract: Contract) -> Verdict:
    if actor.covers(Permission.CONTRACT_MANAGE, district_code=contract.district_code):
        return ALLOWED
    return refused(_("只有主管处室经办可以办理合同"))


def may_draft(actor: Actor, bid: Bid) -> Verdict:
    if not actor.covers(Permission.CONTRACT_MANAGE, district_code=bid.challenge.district_code):
        return refused(_("只有主管处室经办可以拟定合同"))
    if bid.state is not BidState.AWARDED:
        return refused(_("只有公示生效、已中榜的揭榜可以拟定合同"))
    return ALLOWED


def side_of(actor: Actor, contract: Contract) -> str | None:
    """``poster`` for the firm's signatory, ``solver`` for the team's lead, None for everybody else."""
    if is_lead(actor, contract) and actor.has(Permission.CONTRACT_SIGN):
        return "solver"
    if contract.organisation_id in actor.organisations_with(Permission.MILESTONE_ACCEPT):
        return "poster"
    return None


def may_confirm(actor: Actor, contract: Contract) -> Verdict:
    side = side_of(actor, contract)
    if side is None:
        return refused(_("合同文本由发榜方签约人和揭榜方负责人确认"))
    if contract.state is not ContractState.DRAFT:
        return refused(_("合同文本已经双方确认"))
    done = contract.poster_confirmed_at if side == "poster" else contract.solver_confirmed_at
    if done is not None:
        return refused(_("您已经确认过这份文本"))
    return ALLOWED


def may_attach(actor: Actor, contract: Contract) -> Verdict:
    """Scans may come from either party or from staff until the contract has ended."""
    if contract.state in (ContractState.COMPLETED, ContractState.CLOSED, ContractState.TERMINATED):
        return refused(_("合同已结束，不能再上传附件"))
    if may_manage(actor, contract) or side_of(actor, contract):
        return ALLOWED
    return refused(_("附件由主管处室经办、发榜方签约人或揭榜方负责人上传"))


def may_report(actor: Actor, milestone: Milestone) -> Verdict:
    contract = milestone.contract
    if not (is_lead(actor, contract) and actor.has(Permission.MILESTONE_REPORT)):
        return refused(_("完成情况由揭榜方负责人报送"))
    if contract.state is not ContractState.SIGNED:
        return refused(_("合同不在实施中"))
    if milestone.state not in (MilestoneState.PLANNED, MilestoneState.SENT_BACK):
        return refused(_("这个里程碑已经报送"))
    return ALLOWED


def may_judge(actor: Actor, milestone: Milestone) -> Verdict:
    contract = milestone.contract
    if contract.organisation_id not in actor.organisations_with(Permission.MILESTONE_ACCEPT):
        return refused(_("里程碑由发榜方签约人验收"))
    if contract.state is not ContractState.SIGNED:
        return refused(_("合同不在实施中"))
    if milestone.state is not MilestoneState.REPORTED:
        return refused(_("这个里程碑还没有报送完成情况，或已经验收"))
    return ALLOWED


@owner(SpendReport)
def may_see_spending(actor: Actor, report: SpendReport) -> Verdict:
    return may_see(actor, report.contract)


@owner(DeclaredResult)
def may_see_result(actor: Actor, result: DeclaredResult) -> Verdict:
    return may_see(actor, result.contract)


def may_report_spending(actor: Actor, contract: Contract) -> Verdict:
    if not (is_lead(actor, contract) and actor.has(Permission.MILESTONE_REPORT)):
        return refused(_("研发支出由揭榜方负责人报送"))
    if contract.signed_on is None:
        return refused(_("合同签署后才能报送研发支出"))
    return ALLOWED


def may_judge_spending(actor: Actor, report: SpendReport) -> Verdict:
    if report.contract.organisation_id not in actor.organisations_with(Permission.MILESTONE_ACCEPT):
        return refused(_("研发支出由发榜方签约人确认"))
    if report.state is not SpendState.REPORTED:
        return refused(_("这份研发支出已经处理"))
    if report.reported_by_id == actor.user_id:
        return refused(_("报送人不能确认自己的研发支出"))
    return ALLOWED


def may_declare(actor: Actor, contract: Contract) -> Verdict:
    """After acceptance: of the whole, or of a milestone whose result is in use already."""
    if contract.organisation_id not in actor.organisations_with(Permission.MILESTONE_ACCEPT):
        return refused(_("成效由发榜方签约人申报"))
    if contract.state not in (ContractState.SIGNED, ContractState.COMPLETED, ContractState.CLOSED):
        return refused(_("合同不在实施中，也没有验收或结题，不能申报成效"))
    passed = select(Milestone.id).where(
        Milestone.contract_id == contract.id, Milestone.state == MilestoneState.ACCEPTED
    )
    if db.session.scalar(passed.limit(1)) is None:
        return refused(_("至少一个里程碑通过验收后才能申报成效"))
    return ALLOWED


def may_withdraw(actor: Actor, result: DeclaredResult) -> Verdict:
    if result.contract.organisation_id not in actor.organisations_with(Permission.MILESTONE_ACCEPT):
        return refused(_("成效由发榜方签约人申报和撤回"))
    if result.withdrawn_at is not None:
        return refused(_("这条成效已经撤回"))
    return ALLOWED
