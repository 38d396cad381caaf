"""The life of a challenge (docs/domain.md B.4.2)."""

from statemachine.states import States

from market.challenges.models import Challenge, ChallengeState
from market.permissions import N_, Permission
from market.workflow import BY_CLOCK, Machine, governs


@governs(Challenge)
class ChallengeMachine(Machine):
    """拟稿 → 待审批 → 揭榜中 → 已截止 → 评审中 → 公示 → 已中榜 → 实施中 → 已结榜; 流榜, 撤榜."""

    states = States.from_enum(
        ChallengeState,
        initial=ChallengeState.DRAFT,
        final=[ChallengeState.COMPLETED, ChallengeState.NO_AWARD, ChallengeState.REVOKED],
        use_enum_instance=True,
    )
    s = states
    propose = s.DRAFT.to(s.APPROVAL)
    send_back = s.APPROVAL.to(s.DRAFT)
    post = s.APPROVAL.to(s.POSTED)
    change = s.POSTED.to.itself()
    extend = s.POSTED.to.itself()
    close = s.POSTED.to(s.CLOSED)
    open_bids = s.CLOSED.to(s.REVIEW)
    start_notice = s.REVIEW.to(s.NOTICE)
    reopen_review = s.NOTICE.to(s.REVIEW)
    award = s.NOTICE.to(s.AWARDED)
    sign = s.AWARDED.to(s.RUNNING) | s.RUNNING.to.itself()
    complete = s.RUNNING.to(s.COMPLETED)
    declare_no_award = (
        s.CLOSED.to(s.NO_AWARD) | s.REVIEW.to(s.NO_AWARD) | s.NOTICE.to(s.NO_AWARD) | s.AWARDED.to(s.NO_AWARD)
    )
    revoke = s.DRAFT.to(s.REVOKED) | s.APPROVAL.to(s.REVOKED) | s.POSTED.to(s.REVOKED)
    del s

    moves = {
        "propose": (N_("送审"), Permission.CHALLENGE_PREPARE),
        "send_back": (N_("退回修改"), Permission.CHALLENGE_APPROVE),
        "post": (N_("批准发榜"), Permission.CHALLENGE_APPROVE),
        "change": (N_("变更发布"), Permission.CHALLENGE_PREPARE),
        "extend": (N_("延长揭榜"), Permission.CHALLENGE_PREPARE),
        "close": (N_("截止"), BY_CLOCK),
        "open_bids": (N_("开启投递"), Permission.BID_OPEN),
        "start_notice": (N_("公示拟中榜结果"), Permission.NOTICE_APPROVE),
        "reopen_review": (N_("退回评审"), Permission.NOTICE_APPROVE),
        "award": (N_("确定中榜"), Permission.NOTICE_APPROVE),
        "sign": (N_("登记签约"), Permission.CONTRACT_MANAGE),
        "complete": (N_("结榜"), Permission.CONTRACT_MANAGE),
        "declare_no_award": (N_("宣布流榜"), Permission.CHALLENGE_APPROVE),
        "revoke": (N_("撤榜"), Permission.CHALLENGE_APPROVE),
    }
