"""The life of a contract and of a milestone (docs/domain.md B.4.4)."""

from statemachine.states import States

from market.contracts.models import Contract, ContractState, Milestone, MilestoneState
from market.permissions import Permission
from market.workflow import Machine, governs


@governs(Contract)
class ContractMachine(Machine):
    """拟定 → 双方确认 → 实施中 → 验收通过; 结题, 终止."""

    states = States.from_enum(
        ContractState,
        initial=ContractState.DRAFT,
        final=[ContractState.COMPLETED, ContractState.CLOSED, ContractState.TERMINATED],
        use_enum_instance=True,
    )
    s = states
    confirm = s.DRAFT.to.itself()
    agree = s.DRAFT.to(s.AGREED)
    redraft = s.AGREED.to(s.DRAFT) | s.DRAFT.to.itself()
    sign = s.AGREED.to(s.SIGNED)
    register = s.SIGNED.to.itself()
    complete = s.SIGNED.to(s.COMPLETED)
    close = s.SIGNED.to(s.CLOSED)
    terminate = s.SIGNED.to(s.TERMINATED) | s.DRAFT.to(s.TERMINATED) | s.AGREED.to(s.TERMINATED)
    del s

    moves = {
        "confirm": ("确认文本", Permission.CONTRACT_SIGN),
        "agree": ("双方确认完成", Permission.CONTRACT_SIGN),
        "redraft": ("修改文本", Permission.CONTRACT_MANAGE),
        "sign": ("登记签署", Permission.CONTRACT_MANAGE),
        "register": ("登记技术合同", Permission.CONTRACT_MANAGE),
        "complete": ("验收通过", Permission.CONTRACT_MANAGE),
        "close": ("结题", Permission.CONTRACT_MANAGE),
        "terminate": ("终止", Permission.CONTRACT_MANAGE),
    }


@governs(Milestone)
class MilestoneMachine(Machine):
    """进行中 → 待验收 → 已通过 | 退回整改 → 待验收."""

    states = States.from_enum(
        MilestoneState,
        initial=MilestoneState.PLANNED,
        final=[MilestoneState.ACCEPTED],
        use_enum_instance=True,
    )
    s = states
    report = s.PLANNED.to(s.REPORTED) | s.SENT_BACK.to(s.REPORTED)
    accept = s.REPORTED.to(s.ACCEPTED)
    send_back = s.REPORTED.to(s.SENT_BACK)
    del s

    moves = {
        "report": ("报送完成情况", Permission.MILESTONE_REPORT),
        "accept": ("验收通过", Permission.MILESTONE_ACCEPT),
        "send_back": ("退回整改", Permission.MILESTONE_ACCEPT),
    }
