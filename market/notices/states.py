"""The life of a public notice and of an objection to it (docs/domain.md B.4.2)."""

from statemachine.states import States

from market.notices.models import Notice, NoticeState, Objection, ObjectionState
from market.permissions import N_, Permission
from market.workflow import Machine, governs


@governs(Notice)
class NoticeMachine(Machine):
    """拟稿 → 待审批 → 公示中 → 生效; 已撤销."""

    states = States.from_enum(
        NoticeState,
        initial=NoticeState.DRAFT,
        final=[NoticeState.EFFECTIVE, NoticeState.CANCELLED],
        use_enum_instance=True,
    )
    s = states
    propose = s.DRAFT.to(s.APPROVAL)
    send_back = s.APPROVAL.to(s.DRAFT)
    publish = s.APPROVAL.to(s.PUBLISHED)
    take_effect = s.PUBLISHED.to(s.EFFECTIVE)
    cancel = s.PUBLISHED.to(s.CANCELLED) | s.DRAFT.to(s.CANCELLED) | s.APPROVAL.to(s.CANCELLED)
    del s

    moves = {
        "propose": (N_("送审"), Permission.NOTICE_PREPARE),
        "send_back": (N_("退回修改"), Permission.NOTICE_APPROVE),
        "publish": (N_("批准公示"), Permission.NOTICE_APPROVE),
        "take_effect": (N_("公示期满确认中榜"), Permission.NOTICE_APPROVE),
        "cancel": (N_("撤销公示"), Permission.NOTICE_APPROVE),
    }


@governs(Objection)
class ObjectionMachine(Machine):
    """已收到 → 受理中 → 成立 | 部分成立 | 不成立; 不予受理."""

    states = States.from_enum(
        ObjectionState,
        initial=ObjectionState.RECEIVED,
        final=[
            ObjectionState.NOT_ACCEPTED,
            ObjectionState.UPHELD,
            ObjectionState.PARTLY_UPHELD,
            ObjectionState.DISMISSED,
        ],
        use_enum_instance=True,
    )
    s = states
    accept = s.RECEIVED.to(s.ACCEPTED)
    refuse = s.RECEIVED.to(s.NOT_ACCEPTED)
    uphold = s.ACCEPTED.to(s.UPHELD)
    uphold_partly = s.ACCEPTED.to(s.PARTLY_UPHELD)
    dismiss = s.ACCEPTED.to(s.DISMISSED)
    del s

    moves = {
        "accept": (N_("受理"), Permission.OBJECTION_ANSWER),
        "refuse": (N_("不予受理"), Permission.OBJECTION_ANSWER),
        "uphold": (N_("认定成立"), Permission.NOTICE_APPROVE),
        "uphold_partly": (N_("认定部分成立"), Permission.NOTICE_APPROVE),
        "dismiss": (N_("认定不成立"), Permission.NOTICE_APPROVE),
    }
