"""Single experts' scores whose mean is the one in the data files."""

from typing import Any

REASONS = {
    "fit": "逐条对照榜单指标，承诺值与测试方法写得清楚，个别指标的波动范围还可再交代。",
    "route": "路线分步合理，关键参数有依据，替代方案考虑到主要风险。",
    "team": "团队有同类工作基础，人员投入与设备条件能够支撑任务。",
    "plan": "里程碑可以检查，与付款节点对应。",
    "budget": "预算科目与工作量相称，测算依据基本充分。",
    "transfer": "知识产权归属清楚，便于发榜方实施。",
}
OFFSETS = (-3, 2, 0, 4, -3)


def spread_scores(criteria: list[dict[str, Any]], mean: float, expert: int) -> dict[str, Any]:
    """Whole scores per criterion for the ``expert``-th of five; over the five the total comes to about ``mean``."""
    offset = OFFSETS[expert % len(OFFSETS)]
    whole = int(mean)
    # The fraction is carried by as much weight as it is worth.
    carried, scores = 0, {}
    for criterion in sorted(criteria, key=lambda c: -c["weight"]):
        lifted = carried + criterion["weight"] <= round((mean - whole) * 100)
        carried += criterion["weight"] if lifted else 0
        scores[criterion["key"]] = min(100, max(0, whole + offset + lifted))
    return {
        "scores": scores,
        "reasons": {c["key"]: REASONS.get(c["key"], "材料充分，符合要求。") for c in criteria},
        "comment": "综合考虑后给出以上评分。",
    }
