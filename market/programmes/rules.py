"""The typed content of a ProgrammeRules version. Defaults and their sources: docs/domain.md B.3–B.6."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from market.money import LARGEST_FEN

Count = Annotated[int, Field(ge=0, le=10_000)]
Fen = Annotated[int, Field(ge=0, le=LARGEST_FEN)]
Percent = Annotated[int, Field(ge=0, le=100)]
LONGEST_DAYS = 400
Days = Annotated[int, Field(ge=0, le=LONGEST_DAYS)]


class Criterion(BaseModel):
    """评审指标: its weight in percent and what a high score means."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    name: str
    name_en: str
    weight: Percent
    anchor: str


DEFAULT_CRITERIA = (
    Criterion(
        key="fit",
        name="指标响应度",
        name_en="Match to indicators",
        weight=30,
        anchor="逐条响应且有数据支撑，承诺值不低于榜单要求",
    ),
    Criterion(
        key="route",
        name="技术路线",
        name_en="Technical route",
        weight=25,
        anchor="路线可行、有创新，关键风险有备选方案",
    ),
    Criterion(
        key="team", name="团队与基础", name_en="Team and foundation", weight=20, anchor="有同类成果，条件与人员投入到位"
    ),
    Criterion(
        key="plan", name="进度安排", name_en="Plan and milestones", weight=10, anchor="里程碑可检查，与付款节点相配"
    ),
    Criterion(key="budget", name="经费合理性", name_en="Budget", weight=10, anchor="测算有依据，与工作量相称"),
    Criterion(
        key="transfer", name="知识产权与转化", name_en="IP and transfer", weight=5, anchor="归属清楚，有利于发榜方实施"
    ),
)


class Rules(BaseModel):
    """Every limit, ratio, clock and weight of one programme version. Money in fen, shares in percent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # 需求
    title_least: Count = 8
    title_most: Count = 50
    background_least: Count = 100
    background_most: Count = 1500
    content_enough: Count = 30
    indicators_least: Count = 3
    indicators_most: Count = 12
    term_months_least: Count = 6
    term_months_most: Count = 36
    amount_least_fen: Fen = 0
    poster_share_least: Percent = 0
    poster_age_years_least: Count = 1
    commitment_letter_required: bool = True
    soft_words: tuple[str, ...] = (
        "先进", "高性能", "高品质", "高效", "一流", "提升", "提高", "改善", "优化", "增强", "降低", "减少", "良好",
        "优异", "较好", "较高", "稳定可靠", "有效", "明显", "显著", "大幅",
    )  # fmt: skip
    vague_words: tuple[str, ...] = ("国际先进", "国际领先", "国内领先", "显著提高", "大幅提升", "行业一流", "明显改善")
    district_check_working_days: Days = 5
    formal_check_working_days: Days = 5
    need_returns_most: Count = 2
    need_panel_least: Count = 5
    need_pass_score: Percent = 60
    # 榜单
    posting_days_least: Days = 20
    posting_days_default: Days = 30
    change_days_left_least: Days = 15
    extensions_most: Count = 1
    extension_days_most: Days = 30
    relists_most: Count = 2
    # 匹配与邀请
    match_limit: Count = 20
    match_threshold: Percent = 15
    duplicate_threshold: Percent = 60
    similar_threshold: Percent = 20
    reach_few: Count = 3
    reach_many: Count = 10
    suggestion_threshold: Percent = 25
    suggestion_default: Literal["at_once", "weekly", "never"] = "weekly"
    digest_weekday: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] = "mon"
    match_cover_least: Count = 5
    amount_stretch_most: Count = 3
    invitations_standing_most: Count = 5
    invitation_reminder_days: Days = 3
    invitation_reminders_most: Count = 2
    invitation_lapse_days: Days = 10
    alternates: Literal["propose", "invite"] = "propose"
    # 揭榜
    live_projects_per_lead_most: Count = 2
    attachment_mb_most: Count = 20
    attachments_most: Count = 10
    milestones_most: Count = 12
    # 开启
    opening_quorum: Count = 2
    opening_holders: Count = 3
    # 评审
    panel_least: Count = 5
    panel_same_unit_most: Count = 1
    panel_financial_least: Count = 1
    expert_yearly_most: Count = 12
    recusal_years: Count = 3
    criteria: tuple[Criterion, ...] = DEFAULT_CRITERIA
    pass_line: Percent = 60
    trim_from: Count = 7
    spread_limit: Count = 15
    outlier_limit: Count = 20
    scores_published: bool = False
    # 公示与异议
    notice_working_days: Days = 5
    objection_working_days: Days = 15
    # 合同
    signing_days: Days = 30
    instalments: tuple[Percent, ...] = (30, 40, 30)
    rectification_months: Count = 3
    # 资金
    fiscal_base: Literal["contract", "rd_total"] = "rd_total"
    fiscal_share: Percent = 30
    fiscal_cap_fen: Fen = 500 * 1_000_000
    reward_payee: Literal["solver", "poster"] = "solver"
    refund_days: Days = 30
    refund_to: Literal["treasury", "budget_line"] = "treasury"
    # 提醒
    draft_reminder_hours: Count = 48
    expert_reminder_working_days: Days = 2
    objection_reminder_working_days: Days = 3
    milestone_reminder_days: Days = 14
    # 公开
    notice_archive_years: Count = 3

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = inconsistencies(self)
        if problems:
            raise PydanticCustomError(
                "inconsistent", "{text}", {"text": "；".join(problems.values()), "fields": problems}
            )
        return self


# (smaller, larger, what to say beside the smaller one)
_ORDERED = (
    ("title_least", "title_most", "标题最少字数不能大于最多字数"),
    ("background_least", "background_most", "背景最少字数不能大于最多字数"),
    ("indicators_least", "indicators_most", "指标最少条数不能大于最多条数"),
    ("term_months_least", "term_months_most", "最短期限不能大于最长期限"),
    ("posting_days_least", "posting_days_default", "最短张榜天数不能大于默认张榜天数"),
    ("opening_quorum", "opening_holders", "开启所需人数不能大于持有密钥人数"),
    ("reach_few", "reach_many", "“较少”的个数不能大于“较多”的个数"),
)


def inconsistencies(rules: Rules) -> dict[str, str]:
    """Values that contradict each other: field → what is wrong."""
    problems = {low: text for low, high, text in _ORDERED if getattr(rules, low) > getattr(rules, high)}
    if sum(criterion.weight for criterion in rules.criteria) != 100:
        problems["criteria"] = "评审指标权重之和应为 100"
    elif len({criterion.key for criterion in rules.criteria}) != len(rules.criteria):
        problems["criteria"] = "评审指标代码不能重复"
    if sum(rules.instalments) != 100:
        problems["instalments"] = "付款比例之和应为 100"
    if rules.opening_quorum < 2:
        problems["opening_quorum"] = "开启至少需要 2 人"
    for name in ("panel_least", "need_panel_least"):
        if getattr(rules, name) % 2 == 0:
            problems[name] = "评审组人数应为单数"
    return problems
