"""What each rule is called, in the groups in which people read and edit them."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from market import money
from market.programmes.rules import Rules


@dataclass(frozen=True, slots=True)
class Label:
    """``kind``: count, percent, days, wan, words, percents, flag, choice, criteria; ``unit`` follows the value."""

    name: str
    text: Any
    kind: str = "count"
    unit: Any = ""


GROUPS: tuple[tuple[Any, tuple[Label, ...]], ...] = (
    (
        _l("需求填写"),
        (
            Label("title_least", _l("标题最少字数"), unit=_l("字")),
            Label("title_most", _l("标题最多字数"), unit=_l("字")),
            Label("background_least", _l("背景最少字数"), unit=_l("字")),
            Label("background_most", _l("背景最多字数"), unit=_l("字")),
            Label("indicators_least", _l("考核指标最少条数"), unit=_l("条")),
            Label("indicators_most", _l("考核指标最多条数"), unit=_l("条")),
            Label("term_months_least", _l("最短期限"), unit=_l("个月")),
            Label("term_months_most", _l("最长期限"), unit=_l("个月")),
            Label("amount_least_fen", _l("最低榜额"), "wan", _l("万元")),
            Label("poster_share_least", _l("发榜方出资最低比例"), "percent", "%"),
            Label("poster_age_years_least", _l("发榜方最短成立年限"), unit=_l("年")),
            Label("vague_words", _l("提示修改的空泛用语（每行一个）"), "words"),
        ),
    ),
    (
        _l("需求审核与论证"),
        (
            Label("district_check_working_days", _l("区县审核时限"), "days", _l("个工作日")),
            Label("formal_check_working_days", _l("形式审查时限"), "days", _l("个工作日")),
            Label("need_returns_most", _l("退回修改最多次数"), unit=_l("次")),
            Label("need_panel_least", _l("论证专家最少人数（单数）"), unit=_l("人")),
            Label("need_pass_score", _l("论证通过均分"), "percent", _l("分")),
        ),
    ),
    (
        _l("张榜"),
        (
            Label("posting_days_least", _l("最短张榜天数"), "days", _l("天")),
            Label("posting_days_default", _l("默认张榜天数"), "days", _l("天")),
            Label("change_days_left_least", _l("变更指标或榜额后至少剩余天数"), "days", _l("天")),
            Label("extensions_most", _l("延长揭榜最多次数"), unit=_l("次")),
            Label("extension_days_most", _l("每次最多延长天数"), "days", _l("天")),
            Label("relists_most", _l("重新发榜最多次数"), unit=_l("次")),
        ),
    ),
    (
        _l("匹配与邀请"),
        (
            Label("match_limit", _l("每榜推荐候选人数上限"), unit=_l("个")),
            Label("match_threshold", _l("推荐最低匹配度"), "percent", _l("分")),
            Label("duplicate_threshold", _l("提示重复的相似度"), "percent", "%"),
        ),
    ),
    (
        _l("揭榜与开启"),
        (
            Label("live_projects_per_lead_most", _l("每位负责人在研项目上限"), unit=_l("项")),
            Label("attachment_mb_most", _l("单个附件上限"), unit="MB"),
            Label("attachments_most", _l("附件个数上限"), unit=_l("个")),
            Label("milestones_most", _l("里程碑个数上限"), unit=_l("个")),
            Label("opening_quorum", _l("开启投递所需人数"), unit=_l("人")),
            Label("opening_holders", _l("持有开启密钥人数"), unit=_l("人")),
        ),
    ),
    (
        _l("评审"),
        (
            Label("panel_least", _l("评审专家最少人数（单数）"), unit=_l("人")),
            Label("panel_financial_least", _l("财务专家最少人数"), unit=_l("人")),
            Label("panel_same_unit_most", _l("同一单位专家上限"), unit=_l("人")),
            Label("expert_yearly_most", _l("专家每年参评上限"), unit=_l("次")),
            Label("recusal_years", _l("回避追溯年限"), unit=_l("年")),
            Label("criteria", _l("评审指标与权重"), "criteria"),
            Label("pass_line", _l("合格线"), "percent", _l("分")),
            Label("trim_from", _l("专家达到多少人时去掉最高分和最低分"), unit=_l("人")),
            Label("spread_limit", _l("标准差超过多少分时复议"), unit=_l("分")),
            Label("outlier_limit", _l("偏离中位数超过多少分时说明"), unit=_l("分")),
            Label("scores_published", _l("公示时公布评分"), "flag"),
        ),
    ),
    (
        _l("公示与异议"),
        (
            Label("notice_working_days", _l("公示期"), "days", _l("个工作日")),
            Label("objection_working_days", _l("异议处理时限"), "days", _l("个工作日")),
            Label("notice_archive_years", _l("公示存档年限"), unit=_l("年")),
        ),
    ),
    (
        _l("合同与资金"),
        (
            Label("signing_days", _l("签约时限"), "days", _l("天")),
            Label("instalments", _l("分期付款比例（用逗号隔开，合计 100）"), "percents", "%"),
            Label("rectification_months", _l("整改期限"), unit=_l("个月")),
            Label("fiscal_share", _l("财政支持比例"), "percent", "%"),
            Label("fiscal_base", _l("财政支持计算基数"), "choice"),
            Label("fiscal_cap_fen", _l("财政支持上限"), "wan", _l("万元")),
            Label("reward_payee", _l("人才奖励收款方"), "choice"),
        ),
    ),
)
LABELS: dict[str, Label] = {label.name: label for _title, labels in GROUPS for label in labels}
CHOICES: dict[str, dict[str, Any]] = {
    "reward_payee": {"solver": _l("揭榜方"), "poster": _l("发榜方")},
    "fiscal_base": {"contract": _l("合同金额"), "rd_total": _l("项目总投入")},
}


def readable(label: Label, rules: Rules) -> str:
    """The value of one rule as people read it."""
    value = getattr(rules, label.name)
    match label.kind:
        case "wan":
            text = money.format_wan(value)
        case "words":
            return "、".join(value)
        case "percents":
            return " / ".join(f"{part}%" for part in value)
        case "flag":
            return str(_l("是") if value else _l("否"))
        case "choice":
            return str(CHOICES[label.name][value])
        case "criteria":
            return "；".join(f"{criterion.name} {criterion.weight}%" for criterion in value)
        case _:
            text = str(value)
    return f"{text} {label.unit}".strip()
