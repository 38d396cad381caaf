"""The typed content of a ProgrammeRules version. Defaults and their sources: docs/domain.md B.3–B.6."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Percent = Annotated[int, Field(ge=0, le=100)]
Days = Annotated[int, Field(ge=0, le=400)]


class Criterion(BaseModel):
    """评审指标: its weight in percent and what a high score means."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    name: str
    name_en: str
    weight: Percent
    anchor: str


DEFAULT_CRITERIA = (
    Criterion(key="fit", name="指标响应度", name_en="Match to indicators", weight=30, anchor="逐条响应且有数据支撑，承诺值不低于榜单要求"),
    Criterion(key="route", name="技术路线", name_en="Technical route", weight=25, anchor="路线可行、有创新，关键风险有备选方案"),
    Criterion(key="team", name="团队与基础", name_en="Team and foundation", weight=20, anchor="有同类成果，条件与人员投入到位"),
    Criterion(key="plan", name="进度安排", name_en="Plan and milestones", weight=10, anchor="里程碑可检查，与付款节点相配"),
    Criterion(key="budget", name="经费合理性", name_en="Budget", weight=10, anchor="测算有依据，与工作量相称"),
    Criterion(key="transfer", name="知识产权与转化", name_en="IP and transfer", weight=5, anchor="归属清楚，有利于发榜方实施"),
)


class Rules(BaseModel):
    """Every limit, ratio, clock and weight of one programme version. Money in fen, shares in percent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # 需求
    title_least: int = 8
    title_most: int = 50
    background_least: int = 100
    background_most: int = 1500
    indicators_least: int = 3
    indicators_most: int = 12
    term_months_least: int = 6
    term_months_most: int = 36
    amount_least_fen: int = 0
    poster_share_least: Percent = 0
    poster_age_years_least: int = 1
    vague_words: tuple[str, ...] = ("国际先进", "国际领先", "国内领先", "显著提高", "大幅提升", "行业一流", "明显改善")
    district_check_working_days: Days = 5
    formal_check_working_days: Days = 5
    need_returns_most: int = 2
    need_panel_least: int = 5
    need_pass_score: Percent = 60
    # 榜单
    posting_days_least: Days = 20
    posting_days_default: Days = 30
    change_days_left_least: Days = 15
    extensions_most: int = 1
    extension_days_most: Days = 30
    relists_most: int = 2
    # 匹配与邀请
    match_limit: int = 20
    match_threshold: Percent = 15
    duplicate_threshold: Percent = 60
    # 揭榜
    live_projects_per_lead_most: int = 2
    attachment_mb_most: int = 20
    attachments_most: int = 10
    milestones_most: int = 12
    # 开启
    opening_quorum: int = 2
    opening_holders: int = 3
    # 评审
    panel_least: int = 5
    panel_same_unit_most: int = 1
    expert_yearly_most: int = 12
    recusal_years: int = 3
    criteria: tuple[Criterion, ...] = DEFAULT_CRITERIA
    pass_line: Percent = 60
    trim_from: int = 7
    spread_limit: int = 15
    outlier_limit: int = 20
    scores_published: bool = False
    # 公示与异议
    notice_working_days: Days = 5
    objection_working_days: Days = 15
    # 合同
    signing_days: Days = 30
    instalments: tuple[Percent, ...] = (30, 40, 30)
    rectification_months: int = 3
    # 资金
    fiscal_share: Percent = 30
    fiscal_cap_fen: int = 500 * 1_000_000
    reward_payee: Literal["solver", "poster"] = "solver"
    # 公开
    notice_archive_years: int = 3

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = []
        if sum(criterion.weight for criterion in self.criteria) != 100:
            problems.append("评审指标权重之和应为 100")
        if len({criterion.key for criterion in self.criteria}) != len(self.criteria):
            problems.append("评审指标代码不能重复")
        if sum(self.instalments) != 100:
            problems.append("付款比例之和应为 100")
        if not 2 <= self.opening_quorum <= self.opening_holders:
            problems.append("开启人数至少 2 人，且不超过持有人数")
        if self.panel_least % 2 == 0 or self.need_panel_least % 2 == 0:
            problems.append("评审组人数应为单数")
        for low, high in (
            ("title_least", "title_most"),
            ("background_least", "background_most"),
            ("indicators_least", "indicators_most"),
            ("term_months_least", "term_months_most"),
            ("posting_days_least", "posting_days_default"),
        ):
            if getattr(self, low) > getattr(self, high):
                problems.append(f"{low} 不能大于 {high}")
        if problems:
            raise ValueError("；".join(problems))
        return self
