"""The life of a contract and of a milestone (docs/domain.md B.4.4)."""

from statemachine.states import States

from market.contracts.models import Contract, ContractState, Milestone, MilestoneState, SpendReport, SpendState
from market.permissions import N_, Permission
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
        "confirm": (N_("确认文本"), Permission.CONTRACT_SIGN),
        "agree": (N_("双方确认完成"), Permission.CONTRACT_SIGN),
        "redraft": (N_("修改文本"), Permission.CONTRACT_MANAGE),
        "sign": (N_("登记签署"), Permission.CONTRACT_MANAGE),
        "register": (N_("登记技术合同"), Permission.CONTRACT_MANAGE),
        "complete": (N_("验收通过"), Permission.CONTRACT_MANAGE),
        "close": (N_("结题"), Permission.CONTRACT_MANAGE),
        "terminate": (N_("终止"), Permission.CONTRACT_MANAGE),
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
        "report": (N_("报送完成情况"), Permission.MILESTONE_REPORT),
        "accept": (N_("验收通过"), Permission.MILESTONE_ACCEPT),
        "send_back": (N_("退回整改"), Permission.MILESTONE_ACCEPT),
    }


@governs(SpendReport)
class SpendMachine(Machine):
    """待确认 → 已确认 | 退回; a new report follows one that was sent back."""

    states = States.from_enum(
        SpendState,
        initial=SpendState.REPORTED,
        final=[SpendState.CONFIRMED, SpendState.SENT_BACK],
        use_enum_instance=True,
    )
    s = states
    confirm = s.REPORTED.to(s.CONFIRMED)
    send_back = s.REPORTED.to(s.SENT_BACK)
    del s

    moves = {
        "confirm": (N_("确认研发支出"), Permission.MILESTONE_ACCEPT),
        "send_back": (N_("退回研发支出"), Permission.MILESTONE_ACCEPT),
    }
