"""Who sees and handles public money: maker, checker and approver are three persons (docs/domain.md B.2)."""

from flask_babel import gettext as _

from market.attachments.policies import owner
from market.contracts.models import Contract, Milestone, MilestoneState
from market.contracts.policies import is_lead, may_see
from market.payouts.models import BountyPayment, Payout, PayoutState, Refund, RefundState
from market.permissions import ALLOWED, Actor, Permission, Verdict, refused


def may_see_payouts(actor: Actor, contract: Contract) -> Verdict:
    """Public money of a contract: the bureau's readers, and the team's lead for its own."""
    if actor.covers(Permission.PAYOUT_READ, district_code=contract.district_code) or is_lead(actor, contract):
        return ALLOWED
    return refused(_("财政资金只对经办、复核、审批、监督和揭榜方负责人开放"))


def may_see_payout(actor: Actor, payout: Payout) -> Verdict:
    return may_see_payouts(actor, payout.contract)


@owner(BountyPayment)
def may_see_bounty(actor: Actor, payment: BountyPayment) -> Verdict:
    return may_see(actor, payment.contract)


def may_see_full_account(actor: Actor) -> bool:
    """Those who compare the number with the bank's form: maker, checker and approver."""
    return any(actor.has(p) for p in (Permission.PAYOUT_REQUEST, Permission.PAYOUT_CHECK, Permission.PAYOUT_APPROVE))


def may_request(actor: Actor, milestone: Milestone) -> Verdict:
    if not actor.has(Permission.PAYOUT_REQUEST):
        return refused(_("兑付由财务经办申请"))
    if milestone.state is not MilestoneState.ACCEPTED:
        return refused(_("里程碑尚未通过验收，不能申请兑付"))
    return ALLOWED


def may_check(actor: Actor, payout: Payout) -> Verdict:
    if not actor.has(Permission.PAYOUT_CHECK):
        return refused(_("兑付由财务复核人复核"))
    if payout.state is not PayoutState.REQUESTED:
        return refused(_("这笔兑付不在待复核状态"))
    if actor.user_id == payout.maker_id:
        return refused(_("经办人不能复核自己申请的兑付"))
    return ALLOWED


def may_approve(actor: Actor, payout: Payout) -> Verdict:
    if not actor.has(Permission.PAYOUT_APPROVE):
        return refused(_("兑付由处室负责人审批"))
    if payout.state is not PayoutState.CHECKED:
        return refused(_("这笔兑付不在待审批状态"))
    if actor.user_id in (payout.maker_id, payout.checker_id):
        return refused(_("经办、复核、审批必须是三个不同的人"))
    return ALLOWED


def may_confirm_paid(actor: Actor, payout: Payout) -> Verdict:
    if not actor.has(Permission.PAYOUT_REQUEST):
        return refused(_("到账由财务经办登记"))
    if payout.state is not PayoutState.APPROVED:
        return refused(_("只有审批通过的兑付可以登记到账"))
    if actor.user_id in (payout.checker_id, payout.approver_id):
        return refused(_("复核人和审批人不能登记到账"))
    return ALLOWED


def may_cancel(actor: Actor, payout: Payout) -> Verdict:
    if not actor.has(Permission.PAYOUT_REQUEST):
        return refused(_("兑付由财务经办取消"))
    if payout.state not in (PayoutState.REQUESTED, PayoutState.SENT_BACK, PayoutState.APPROVED):
        return refused(_("这笔兑付现在不能取消"))
    return ALLOWED


def may_request_again(actor: Actor, payout: Payout) -> Verdict:
    if not actor.has(Permission.PAYOUT_REQUEST):
        return refused(_("兑付由财务经办申请"))
    if payout.state is not PayoutState.SENT_BACK:
        return refused(_("只有退回的申请可以修改后重新提交"))
    return ALLOWED


def next_step(actor: Actor, payout: Payout) -> str:
    """Who acts next, for a viewer who has no move; empty once it is paid or cancelled."""
    expected = {
        PayoutState.REQUESTED: _("须由财务复核人复核"),
        PayoutState.CHECKED: _("须由处室负责人审批"),
        PayoutState.APPROVED: _("须由财务经办支付并登记到账"),
        PayoutState.SENT_BACK: _("须由财务经办修改后重新提交，或取消"),
    }.get(payout.state)
    if expected is None:
        return ""
    if payout.state is PayoutState.SENT_BACK:
        return _("这笔兑付已退回，%(next)s。", next=expected)
    if actor.user_id == payout.approver_id:
        return _("您已审批，%(next)s。", next=expected)
    if actor.user_id == payout.checker_id:
        return _("您已复核，%(next)s。", next=expected)
    if actor.user_id == payout.maker_id:
        return _("您已申请，%(next)s。", next=expected)
    return _("下一步%(next)s。", next=expected)


def may_record_bounty(actor: Actor, milestone: Milestone) -> Verdict:
    if milestone.contract.organisation_id not in actor.organisations_with(Permission.MILESTONE_ACCEPT):
        return refused(_("榜金支付由发榜方签约人登记"))
    if milestone.state is not MilestoneState.ACCEPTED:
        return refused(_("里程碑通过验收后才能登记榜金支付"))
    return ALLOWED


def may_confirm_bounty(actor: Actor, payment: BountyPayment) -> Verdict:
    if not is_lead(actor, payment.contract):
        return refused(_("榜金到账由揭榜方负责人确认"))
    if payment.confirmed_at is not None:
        return refused(_("这笔榜金已经确认到账"))
    if payment.entered_by_id == actor.user_id:
        return refused(_("登记支付的人不能确认到账"))
    return ALLOWED


@owner(Refund)
def may_see_refund(actor: Actor, refund: Refund) -> Verdict:
    return may_see_payout(actor, refund.payout)


def may_request_refund(actor: Actor, payout: Payout) -> Verdict:
    if not actor.has(Permission.PAYOUT_REQUEST):
        return refused(_("追回由财务经办申请"))
    if payout.state is not PayoutState.PAID:
        return refused(_("只有已到账的兑付可以追回"))
    return ALLOWED


def may_check_refund(actor: Actor, refund: Refund) -> Verdict:
    if not actor.has(Permission.PAYOUT_CHECK):
        return refused(_("追回由财务复核人复核"))
    if refund.state is not RefundState.REQUESTED:
        return refused(_("这笔追回不在待复核状态"))
    if actor.user_id == refund.maker_id:
        return refused(_("经办人不能复核自己申请的追回"))
    return ALLOWED


def may_approve_refund(actor: Actor, refund: Refund) -> Verdict:
    if not actor.has(Permission.PAYOUT_APPROVE):
        return refused(_("追回由处室负责人审批"))
    if refund.state is not RefundState.CHECKED:
        return refused(_("这笔追回不在待审批状态"))
    if actor.user_id in (refund.maker_id, refund.checker_id):
        return refused(_("经办、复核、审批必须是三个不同的人"))
    return ALLOWED


def may_confirm_refunded(actor: Actor, refund: Refund) -> Verdict:
    if not actor.has(Permission.PAYOUT_REQUEST):
        return refused(_("退回由财务经办登记"))
    if refund.state is not RefundState.RECOVERING:
        return refused(_("只有批准追回的可以登记退回"))
    if actor.user_id in (refund.checker_id, refund.approver_id):
        return refused(_("复核人和审批人不能登记退回"))
    return ALLOWED


def may_cancel_refund(actor: Actor, refund: Refund) -> Verdict:
    if not actor.has(Permission.PAYOUT_REQUEST):
        return refused(_("追回由财务经办取消"))
    if refund.state not in (RefundState.REQUESTED, RefundState.RECOVERING):
        return refused(_("这笔追回现在不能取消"))
    return ALLOWED


def refund_waits_for(refund: Refund) -> str:
    """Who acts next; empty once it is decided to the end."""
    return {
        RefundState.REQUESTED: _("须由财务复核人复核"),
        RefundState.CHECKED: _("须由处室负责人审批"),
        RefundState.RECOVERING: _("收款人退回后，由财务经办登记"),
    }.get(refund.state, "")
