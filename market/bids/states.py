"""The life of a bid (docs/domain.md B.4.3)."""

from statemachine.states import States

from market.bids.models import Bid, BidState
from market.permissions import N_, Permission
from market.workflow import Machine, governs


@governs(Bid)
class BidMachine(Machine):
    """草稿 → 已提交(密封) → 已开启 → 形式审查 → 推荐/备选/未入选 → 中榜 → 已签约; 已撤回, 放弃, 取消资格."""

    states = States.from_enum(
        BidState,
        initial=BidState.DRAFT,
        final=[
            BidState.WITHDRAWN,
            BidState.UNQUALIFIED,
            BidState.CONTRACTED,
            BidState.RENOUNCED,
            BidState.DISQUALIFIED,
        ],
        use_enum_instance=True,
    )
    s = states
    submit = s.DRAFT.to(s.SUBMITTED)
    replace = s.SUBMITTED.to.itself()
    withdraw = s.SUBMITTED.to(s.WITHDRAWN) | s.DRAFT.to(s.WITHDRAWN)
    open = s.SUBMITTED.to(s.OPENED)
    qualify = s.OPENED.to(s.QUALIFIED)
    fail_screening = s.OPENED.to(s.UNQUALIFIED)
    recommend = s.QUALIFIED.to(s.RECOMMENDED)
    move_up = s.RESERVE.to(s.RECOMMENDED)
    keep_in_reserve = s.QUALIFIED.to(s.RESERVE)
    reject = s.QUALIFIED.to(s.REJECTED) | s.RESERVE.to(s.REJECTED)
    take_back = s.RECOMMENDED.to(s.QUALIFIED) | s.RESERVE.to(s.QUALIFIED) | s.REJECTED.to(s.QUALIFIED)
    award = s.RECOMMENDED.to(s.AWARDED)
    contract = s.AWARDED.to(s.CONTRACTED)
    renounce = s.RECOMMENDED.to(s.RENOUNCED) | s.AWARDED.to(s.RENOUNCED)
    disqualify = (
        s.QUALIFIED.to(s.DISQUALIFIED)
        | s.RECOMMENDED.to(s.DISQUALIFIED)
        | s.RESERVE.to(s.DISQUALIFIED)
        | s.AWARDED.to(s.DISQUALIFIED)
    )
    del s

    moves = {
        "submit": (N_("密封提交"), Permission.BID_WRITE),
        "replace": (N_("替换"), Permission.BID_WRITE),
        "withdraw": (N_("撤回"), Permission.BID_WRITE),
        "open": (N_("开启"), Permission.BID_OPEN),
        "qualify": (N_("形式审查通过"), Permission.BID_SCREEN),
        "fail_screening": (N_("形式审查不通过"), Permission.BID_SCREEN),
        "recommend": (N_("推荐"), Permission.REVIEW_MANAGE),
        "move_up": (N_("备选递补"), Permission.NOTICE_APPROVE),
        "keep_in_reserve": (N_("列为备选"), Permission.REVIEW_MANAGE),
        "reject": (N_("不予推荐"), Permission.REVIEW_MANAGE),
        "take_back": (N_("退回评审"), Permission.NOTICE_APPROVE),
        "award": (N_("中榜"), Permission.NOTICE_APPROVE),
        "contract": (N_("登记签约"), Permission.CONTRACT_MANAGE),
        "renounce": (N_("放弃"), Permission.BID_WRITE),
        "disqualify": (N_("取消资格"), Permission.NOTICE_APPROVE),
    }
