"""The life of a need (docs/domain.md B.4.1)."""

from statemachine.states import States

from market.needs.models import Need, NeedState
from market.permissions import N_, Permission
from market.workflow import Machine, governs


@governs(Need)
class NeedMachine(Machine):
    """草稿 → 待区县审核 → 待形式审查 → 论证中 → 已入库 → 已发榜; 退回修改, 不采用, 已撤回, 已自行解决, 已合并."""

    states = States.from_enum(
        NeedState,
        initial=NeedState.DRAFT,
        final=[NeedState.POSTED, NeedState.REFUSED, NeedState.WITHDRAWN, NeedState.SOLVED, NeedState.MERGED],
        use_enum_instance=True,
    )
    s = states
    submit = s.DRAFT.to(s.DISTRICT_CHECK) | s.RETURNED.to(s.DISTRICT_CHECK)
    recommend = s.DISTRICT_CHECK.to(s.FORMAL_CHECK)
    return_by_district = s.DISTRICT_CHECK.to(s.RETURNED)
    pass_formal = s.FORMAL_CHECK.to(s.VALIDATION)
    return_by_division = s.FORMAL_CHECK.to(s.RETURNED)
    accept = s.VALIDATION.to(s.ACCEPTED)
    refuse = s.FORMAL_CHECK.to(s.REFUSED) | s.VALIDATION.to(s.REFUSED)
    refuse_by_district = s.DISTRICT_CHECK.to(s.REFUSED)
    merge = s.FORMAL_CHECK.to(s.MERGED) | s.VALIDATION.to(s.MERGED)
    withdraw = (
        s.DISTRICT_CHECK.to(s.WITHDRAWN)
        | s.FORMAL_CHECK.to(s.WITHDRAWN)
        | s.RETURNED.to(s.WITHDRAWN)
        | s.DRAFT.to(s.WITHDRAWN)
        | s.VALIDATION.to(s.WITHDRAWN)
        | s.ACCEPTED.to(s.WITHDRAWN)
    )
    mark_solved = s.ACCEPTED.to(s.SOLVED) | s.VALIDATION.to(s.SOLVED)
    post = s.ACCEPTED.to(s.POSTED)
    del s

    moves = {
        "submit": (N_("提交"), Permission.NEED_SUBMIT),
        "recommend": (N_("推荐上报"), Permission.NEED_CHECK_DISTRICT),
        "return_by_district": (N_("退回修改"), Permission.NEED_CHECK_DISTRICT),
        "refuse_by_district": (N_("不予推荐"), Permission.NEED_CHECK_DISTRICT),
        "pass_formal": (N_("形式审查通过"), Permission.NEED_CHECK_FORMAL),
        "return_by_division": (N_("退回修改"), Permission.NEED_CHECK_FORMAL),
        "accept": (N_("论证通过入库"), Permission.NEED_CHECK_FORMAL),
        "refuse": (N_("不采用"), Permission.NEED_CHECK_FORMAL),
        "merge": (N_("合并"), Permission.NEED_CHECK_FORMAL),
        "withdraw": (N_("撤回"), Permission.NEED_SUBMIT),
        "mark_solved": (N_("标记已自行解决"), Permission.NEED_SUBMIT),
        "post": (N_("发榜"), Permission.CHALLENGE_APPROVE),
    }
