"""The life of a review round and of an expert's task in it (docs/domain.md B.6)."""

from statemachine.states import States

from market.permissions import N_, Permission
from market.reviews.models import Assignment, AssignmentState, Round, RoundState
from market.workflow import Machine, governs


@governs(Round)
class RoundMachine(Machine):
    """组建 → 回避申报 → 评分 → 汇总 → 推荐意见; 作废."""

    states = States.from_enum(
        RoundState,
        initial=RoundState.DRAFT,
        final=[RoundState.CONCLUDED, RoundState.VOIDED],
        use_enum_instance=True,
    )
    s = states
    convene = s.DRAFT.to(s.DECLARING)
    start_scoring = s.DECLARING.to(s.SCORING)
    rank = s.SCORING.to(s.RANKED)
    conclude = s.RANKED.to(s.CONCLUDED)
    void = s.DRAFT.to(s.VOIDED) | s.DECLARING.to(s.VOIDED) | s.SCORING.to(s.VOIDED) | s.RANKED.to(s.VOIDED)
    del s

    moves = {
        "convene": (N_("通知专家"), Permission.REVIEW_MANAGE),
        "start_scoring": (N_("开始评分"), Permission.REVIEW_MANAGE),
        "rank": (N_("汇总排序"), Permission.REVIEW_MANAGE),
        "conclude": (N_("形成推荐意见"), Permission.REVIEW_MANAGE),
        "void": (N_("作废本轮"), Permission.REVIEW_MANAGE),
    }


@governs(Assignment)
class AssignmentMachine(Machine):
    """待申报 → 已承诺 → 已交评分; 已回避."""

    states = States.from_enum(
        AssignmentState,
        initial=AssignmentState.INVITED,
        final=[AssignmentState.RECUSED, AssignmentState.SUBMITTED],
        use_enum_instance=True,
    )
    s = states
    declare = s.INVITED.to(s.DECLARED)
    recuse = s.INVITED.to(s.RECUSED) | s.DECLARED.to(s.RECUSED)
    release = s.INVITED.to(s.RECUSED) | s.DECLARED.to(s.RECUSED)
    submit = s.DECLARED.to(s.SUBMITTED)
    del s

    moves = {
        "declare": (N_("承诺无利害关系"), Permission.REVIEW_SCORE),
        "recuse": (N_("申请回避"), Permission.REVIEW_SCORE),
        "release": (N_("撤换专家"), Permission.REVIEW_MANAGE),
        "submit": (N_("提交评分"), Permission.REVIEW_SCORE),
    }
