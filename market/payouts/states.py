"""The life of a payout (docs/domain.md B.4.7): never deleted; what was held is posted or voided."""

from statemachine.states import States

from market.payouts.models import Payout, PayoutState
from market.permissions import Permission
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
        "check": ("复核通过", Permission.PAYOUT_CHECK),
        "send_back": ("退回经办", Permission.PAYOUT_CHECK),
        "refuse": ("不同意，退回经办", Permission.PAYOUT_APPROVE),
        "request_again": ("重新提交", Permission.PAYOUT_REQUEST),
        "approve": ("审批通过", Permission.PAYOUT_APPROVE),
        "confirm_paid": ("登记到账", Permission.PAYOUT_REQUEST),
        "cancel": ("取消", Permission.PAYOUT_REQUEST),
    }
