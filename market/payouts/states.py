"""The life of a payout and of a refund (docs/domain.md B.4.7): never deleted, never edited once paid."""

from statemachine.states import States

from market.payouts.models import Payout, PayoutState, Refund, RefundState
from market.permissions import N_, Permission
from market.workflow import Machine, governs


@governs(Payout)
class PayoutMachine(Machine):
    """待复核 → 待审批 → 待支付 → 已到账; 退回经办, 已取消."""

    states = States.from_enum(
        PayoutState,
        initial=PayoutState.REQUESTED,
        final=[PayoutState.PAID, PayoutState.CANCELLED],
        use_enum_instance=True,
    )
    s = states
    check = s.REQUESTED.to(s.CHECKED)
    send_back = s.REQUESTED.to(s.SENT_BACK)
    refuse = s.CHECKED.to(s.SENT_BACK)
    request_again = s.SENT_BACK.to(s.REQUESTED)
    approve = s.CHECKED.to(s.APPROVED)
    confirm_paid = s.APPROVED.to(s.PAID)
    cancel = s.REQUESTED.to(s.CANCELLED) | s.SENT_BACK.to(s.CANCELLED) | s.APPROVED.to(s.CANCELLED)
    del s

    moves = {
        "check": (N_("复核通过"), Permission.PAYOUT_CHECK),
        "send_back": (N_("退回经办"), Permission.PAYOUT_CHECK),
        "refuse": (N_("不同意，退回经办"), Permission.PAYOUT_APPROVE),
        "request_again": (N_("重新提交"), Permission.PAYOUT_REQUEST),
        "approve": (N_("审批通过"), Permission.PAYOUT_APPROVE),
        "confirm_paid": (N_("登记到账"), Permission.PAYOUT_REQUEST),
        "cancel": (N_("取消"), Permission.PAYOUT_REQUEST),
    }


@governs(Refund)
class RefundMachine(Machine):
    """待复核 → 待审批 → 追回中 → 已退回; 不予追回, 已取消."""

    states = States.from_enum(
        RefundState,
        initial=RefundState.REQUESTED,
        final=[RefundState.REFUNDED, RefundState.REFUSED, RefundState.CANCELLED],
        use_enum_instance=True,
    )
    s = states
    check = s.REQUESTED.to(s.CHECKED)
    turn_down = s.REQUESTED.to(s.REFUSED)
    approve = s.CHECKED.to(s.RECOVERING)
    refuse = s.CHECKED.to(s.REFUSED)
    confirm_refunded = s.RECOVERING.to(s.REFUNDED)
    cancel = s.REQUESTED.to(s.CANCELLED) | s.RECOVERING.to(s.CANCELLED)
    del s

    moves = {
        "check": (N_("追回复核通过"), Permission.PAYOUT_CHECK),
        "turn_down": (N_("追回复核不通过"), Permission.PAYOUT_CHECK),
        "approve": (N_("同意追回"), Permission.PAYOUT_APPROVE),
        "refuse": (N_("不同意追回"), Permission.PAYOUT_APPROVE),
        "confirm_refunded": (N_("登记退回到账"), Permission.PAYOUT_REQUEST),
        "cancel": (N_("取消追回"), Permission.PAYOUT_REQUEST),
    }
