"""Words for people: the Chinese name of a table and of an act. Machines add theirs when they are declared."""

import re
from typing import Any

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
}

_CHINESE_NAME = re.compile(r"[\u4e00-\u9fff·]{2,}")


def action_label(action: str) -> str:
    """What was done, in words; the bare action when nobody named it."""
    return str(ACTIONS.get(action, action))


def kinds() -> dict[str, str]:
    """Audited tables and the 中文 term that stands in each class's docstring."""
    found = {}
    for mapper in Base.registry.mappers:
        model = mapper.class_
        if model.audited:
            name = _CHINESE_NAME.search(model.__doc__ or "")
            found[model.__tablename__] = name.group() if name else model.__tablename__
    return dict(sorted(found.items()))
