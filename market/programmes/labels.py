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
            Label("content_enough", _l("攻关内容少于多少字时提示"), unit=_l("字")),
            Label("indicators_least", _l("考核指标最少条数"), unit=_l("条")),
            Label("indicators_most", _l("考核指标最多条数"), unit=_l("条")),
            Label("term_months_least", _l("最短期限"), unit=_l("个月")),
            Label("term_months_most", _l("最长期限"), unit=_l("个月")),
            Label("amount_least_fen", _l("最低榜额"), "wan", _l("万元")),
            Label("poster_share_least", _l("发榜方出资最低比例"), "percent", "%"),
            Label("poster_age_years_least", _l("发榜方最短成立年限"), unit=_l("年")),
            Label("commitment_letter_required", _l("提交需求须上传出资承诺函"), "flag"),
            Label("vague_words", _l("提示修改的空泛用语（每行一个）"), "words"),
            Label("soft_words", _l("同句没有数字时提示的用语（每行一个）"), "words"),
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
            Label("similar_threshold", _l("列为相近的相似度"), "percent", "%"),
            Label("reach_few", _l("可能的揭榜方不足多少个算较少"), unit=_l("个")),
            Label("reach_many", _l("可能的揭榜方达到多少个算较多"), unit=_l("个")),
            Label("suggestion_threshold", _l("主动告知揭榜方的最低匹配度"), "percent", _l("分")),
            Label("suggestion_default", _l("揭榜方没有选择时的告知方式"), "choice"),
            Label("digest_weekday", _l("每周汇总在哪一天寄出"), "choice"),
            Label("match_cover_least", _l("候选达到多少个算匹配充分"), unit=_l("个")),
            Label("amount_stretch_most", _l("榜额超过揭榜方最大合同多少倍时提示"), unit=_l("倍")),
            Label("invitations_standing_most", _l("每榜同时有效的邀请上限（其余为备选，0 为不限）"), unit=_l("个")),
            Label("invitation_reminder_days", _l("邀请后多少天未答复自动提醒（0 为不提醒）"), "days", _l("天")),
            Label("invitation_reminders_most", _l("每份邀请最多提醒次数"), unit=_l("次")),
            Label("invitation_lapse_days", _l("邀请后多少天未答复视为放弃（0 为不设期限）"), "days", _l("天")),
            Label("alternates", _l("受邀方谢绝或逾期时的递补方式"), "choice"),
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
            Label("refund_days", _l("追回资金的退回期限"), "days", _l("天")),
            Label("refund_to", _l("退回资金的去向"), "choice"),
        ),
    ),
    (
        _l("自动提醒"),
        (
            Label("draft_reminder_hours", _l("揭榜截止前多少小时提醒未提交的草稿"), unit=_l("小时")),
            Label("expert_reminder_working_days", _l("通知专家后几个工作日未申报即提醒"), "days", _l("个工作日")),
            Label("objection_reminder_working_days", _l("异议答复期限前几个工作日提醒"), "days", _l("个工作日")),
            Label("milestone_reminder_days", _l("里程碑到期前几天提醒"), "days", _l("天")),
        ),
    ),
)
LABELS: dict[str, Label] = {label.name: label for _title, labels in GROUPS for label in labels}
CHOICES: dict[str, dict[str, Any]] = {
    "alternates": {"propose": _l("提示工作人员邀请备选"), "invite": _l("自动邀请下一位备选")},
    "refund_to": {"treasury": _l("上缴财政"), "budget_line": _l("恢复原预算指标")},
    "reward_payee": {"solver": _l("揭榜方"), "poster": _l("发榜方")},
    "suggestion_default": {
        "at_once": _l("有合适的榜单立即告知"),
        "weekly": _l("每周汇总一次"),
        "never": _l("不发邮件"),
    },
    "digest_weekday": {
        "mon": _l("星期一"),
        "tue": _l("星期二"),
        "wed": _l("星期三"),
        "thu": _l("星期四"),
        "fri": _l("星期五"),
        "sat": _l("星期六"),
        "sun": _l("星期日"),
    },
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
