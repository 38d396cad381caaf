"""Words for people: the Chinese name of a table and of an act. Machines add theirs when they are declared."""

import re
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from market.database import Base

ACTIONS: dict[str, Any] = {
    "user:register": _l("注册账号"),
    "user:sign_in": _l("登录"),
    "user:update": _l("修改资料"),
    "user:confirm_password": _l("再次确认密码"),
    "user:change_password": _l("修改密码"),
    "user:reset_password": _l("找回密码"),
    "user:end_session": _l("结束会话"),
    "user:deactivate": _l("停用账号"),
    "user:reactivate": _l("启用账号"),
    "organisation:register": _l("登记单位"),
    "organisation:verify": _l("核验单位通过"),
    "organisation:refuse": _l("核验单位不通过"),
    "membership:request": _l("申请加入单位"),
    "membership:accept": _l("同意加入"),
    "membership:refuse": _l("谢绝加入"),
    "membership:end": _l("移出单位"),
    "grant:give": _l("授予角色"),
    "grant:revoke": _l("收回角色"),
    "invitation:send": _l("发出邀请"),
    "invitation:mail": _l("寄送邀请邮件"),
    "invitation:cancel": _l("取消邀请"),
    "invitation:accept": _l("接受邀请"),
    "integrity:add": _l("登记失信记录"),
    "integrity:lift": _l("解除失信记录"),
    "audit:verify": _l("核对审计链"),
    "audit:export": _l("导出审计记录"),
    "user:create_administrator": _l("设立系统管理员"),
    "user:import": _l("导入账号"),
    "organisation:import": _l("导入单位"),
    "installation:load": _l("装载初始数据"),
    "district:load": _l("装载区县"),
    "attachment:store": _l("上传附件"),
    "attachment:remove": _l("移除附件"),
    "attachment:erase": _l("清除附件内容"),
    "officer_key:create": _l("建立开启密钥"),
    "officer_key:change_passphrase": _l("更改开启密钥口令"),
    "officer_key:retire": _l("停用开启密钥"),
    "programme:create": _l("建立专项"),
    "programme_rules:publish": _l("发布规则"),
    "cycle:create": _l("建立批次"),
    "cycle:edit": _l("修改批次"),
    "cycle:open": _l("开始征集"),
    "cycle:close": _l("结束征集"),
    "term:add": _l("添加分类词"),
    "term:edit": _l("修改分类词"),
    "calendar:enter": _l("登记工作日历"),
    "calendar:remove": _l("移除工作日历"),
    "solver:create": _l("登记揭榜方"),
    "solver:edit": _l("修改揭榜方资料"),
    "solver:set_members": _l("更改团队成员"),
    "solver:add_achievements": _l("添加成果"),
    "solver:choose_achievements": _l("选择代表成果"),
    "achievement:edit": _l("修改成果"),
    "achievement:remove": _l("移除成果"),
    "achievement:set_aside": _l("成果不再用于匹配"),
    "achievement:count": _l("成果恢复用于匹配"),
    "suggestion_choice:choose": _l("选择榜单告知方式"),
    "need:create": _l("建立需求草稿"),
    "need:edit": _l("修改需求"),
    "need:ask_to_submit": _l("请签约人提交"),
    "need:follow_up": _l("跟进需求"),
    "challenge:prepare": _l("拟制榜单"),
    "challenge:edit": _l("修改榜单"),
    "challenge:confirm": _l("发榜方确认榜单"),
    "challenge:relist": _l("重新发榜"),
    "challenge:rank": _l("匹配揭榜方"),
    "judgement:approved": _l("同意邀请候选"),
    "judgement:refused": _l("不邀请候选"),
    "judgement:pending": _l("候选恢复待判断"),
    "challenge_invitation:send": _l("邀请揭榜"),
    "challenge_invitation:annotate": _l("补充邀请答复"),
    "challenge_invitation:remind": _l("提醒受邀揭榜方"),
    "bid:begin": _l("开始编制揭榜书"),
    "bid:save": _l("保存揭榜书草稿"),
    "bid:begin_replacement": _l("开始编制替换件"),
    "bid:discard_replacement": _l("放弃替换件"),
    "opening:release_share": _l("提交开启份额"),
    "opening:complete": _l("完成投递开启"),
    "expert:register": _l("登记专家"),
    "expert:update": _l("修改专家资料"),
    "review_round:start": _l("建立评审轮次"),
    "review_round:draw": _l("抽取专家"),
    "review_assignment:assign": _l("指派专家"),
    "review_assignment:replace": _l("递补专家"),
    "notice:prepare": _l("拟制公示"),
    "notice:update": _l("修改公示"),
    "notice:period_ended": _l("公示期满"),
    "objection:submit": _l("提出异议"),
    "objection:find": _l("填写异议核查情况"),
    "contract:draft": _l("拟制合同"),
    "spend_report:report": _l("报送研发支出"),
    "declared_result:declare": _l("申报成效"),
    "declared_result:withdraw": _l("撤回成效"),
    "budget_line:create": _l("登记预算指标"),
    "budget_line:top_up": _l("追加预算指标"),
    "payout:request": _l("申请兑付"),
    "bounty_payment:record": _l("登记榜金支付"),
    "bounty_payment:confirm": _l("确认榜金到账"),
    "transfer:direct": _l("指标直接划转"),
    "transfer:hold": _l("占用指标额度"),
    "transfer:post": _l("指标额度支出"),
    "transfer:void": _l("释放指标额度"),
    "transfer:refund": _l("追回资金退回"),
    "refund:request": _l("申请追回"),
    "frozen_month:freeze": _l("封存月度统计"),
    "frozen_month:correct": _l("更正封存统计"),
    "event:create": _l("建立活动"),
    "event:edit": _l("修改活动"),
    "attendance:register": _l("报名活动"),
    "attendance:withdraw": _l("取消报名"),
    "attendance:mark": _l("登记到会"),
    "contact:record": _l("登记对接"),
    "contact:correct": _l("更正对接记录"),
}

_CHINESE_NAME = re.compile(r"[\u4e00-\u9fff·]{2,}")


def action_label(action: str) -> str:
    """What was done, in words; the bare action when nobody named it."""
    return _(str(ACTIONS.get(action, action)))


def actions_alike(action: str) -> list[str]:
    """Every action that reads the same as this one: the moves of several tables share their words."""
    label = action_label(action)
    return [action, *(code for code in ACTIONS if code != action and action_label(code) == label)]


def choices(chosen: str = "") -> list[tuple[str, str]]:
    """(action, label) by label, each label once; the chosen action stands for its own label."""
    found: dict[str, str] = {}
    for code in ACTIONS:
        label = action_label(code)
        if code == chosen or label not in found:
            found[label] = code
    return [(code, label) for label, code in sorted(found.items())]


def kinds() -> dict[str, str]:
    """Audited tables and the 中文 term that stands in each class's docstring."""
    found = {}
    for mapper in Base.registry.mappers:
        model = mapper.class_
        if model.audited:
            name = _CHINESE_NAME.search(model.__doc__ or "")
            found[model.__tablename__] = name.group() if name else model.__tablename__
    return dict(sorted(found.items()))
