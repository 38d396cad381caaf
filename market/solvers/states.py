"""The life of a solver's profile."""

from statemachine.states import States

from market.permissions import N_, Permission
from market.solvers.models import Solver, SolverState
from market.workflow import Machine, governs


@governs(Solver)
class SolverMachine(Machine):
    """草稿 → 已登记 → 已核验; 已隐藏 at the solver's wish and back. A changed identity is verified anew."""

    states = States.from_enum(SolverState, initial=SolverState.DRAFT, use_enum_instance=True)
    s = states
    list_publicly = s.DRAFT.to(s.LISTED) | s.HIDDEN.to(s.LISTED)
    verify = s.LISTED.to(s.VERIFIED)
    unverify = s.VERIFIED.to(s.LISTED)
    change_identity = s.VERIFIED.to(s.LISTED)
    hide = s.LISTED.to(s.HIDDEN) | s.VERIFIED.to(s.HIDDEN)
    del s

    moves = {
        "list_publicly": (N_("登记入库"), Permission.SOLVER_WRITE),
        "verify": (N_("核验通过"), Permission.SOLVER_VERIFY),
        "unverify": (N_("撤销核验"), Permission.SOLVER_VERIFY),
        "change_identity": (N_("更改名称或单位，待重新核验"), Permission.SOLVER_WRITE),
        "hide": (N_("隐藏"), Permission.SOLVER_WRITE),
    }
