"""Who prepares, approves and reads notices and objections, and when the clock allows it (docs/domain.md B.2, B.4.2)."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from flask_babel import gettext as _

from market import clock
from market.attachments.policies import owner
from market.notices.models import PUBLIC_NOTICE_STATES, Notice, NoticeState, Objection
from market.permissions import ALLOWED, Actor, Permission, Verdict, refused

GROUNDS_LEAST = 20
EVIDENCE_MOST = 5
_NAMELESS = ("匿名", "某群众", "不愿", "无名", "anonymous")
_PHONE = re.compile(r"\+?[0-9][0-9 \-]{5,18}[0-9]")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s.]{2,}")


def period_ends(notice: Notice) -> datetime | None:
    """The instant after the last second of the 公示期: before it anyone may object, from then on it may take effect."""
    return clock.start_of(notice.ends_on + timedelta(days=1)) if notice.ends_on else None


def is_in_period(notice: Notice) -> bool:
    ends = period_ends(notice)
    return notice.state is NoticeState.PUBLISHED and ends is not None and clock.now() < ends


def may_read_notice(actor: Actor, notice: Notice) -> bool:
    """Everybody once it is published; before that the bureau."""
    return notice.state in PUBLIC_NOTICE_STATES or may_read_drafts(actor)


def may_read_drafts(actor: Actor) -> bool:
    return any(
        actor.has(permission)
        for permission in (Permission.NOTICE_PREPARE, Permission.NOTICE_APPROVE, Permission.OBJECTION_READ)
    )


def may_prepare(actor: Actor) -> Verdict:
    if not actor.has(Permission.NOTICE_PREPARE):
        return refused(_("只有主管处室经办可以拟定公示"))
    return ALLOWED


def may_edit_notice(actor: Actor, notice: Notice) -> Verdict:
    if notice.state is not NoticeState.DRAFT:
        return refused(_("公示已送审，退回后才能修改"))
    return may_prepare(actor)


def may_approve_notice(actor: Actor, notice: Notice) -> Verdict:
    if not actor.has(Permission.NOTICE_APPROVE):
        return refused(_("只有处室负责人可以批准公示"))
    if notice.prepared_by_id == actor.user_id:
        return refused(_("拟定公示的人不能批准同一公示"))
    return ALLOWED


def may_take_effect(actor: Actor, notice: Notice, open_objections: int) -> Verdict:
    """Only when the whole period has passed, to the second, and every objection is answered."""
    if not actor.has(Permission.NOTICE_APPROVE):
        return refused(_("只有处室负责人可以确认中榜"))
    ends = period_ends(notice)
    if notice.state is not NoticeState.PUBLISHED or ends is None:
        return refused(_("公示当前为“%(state)s”，不能确认中榜", state=notice.state.label))
    if clock.now() < ends:
        return refused(_("公示期至 %(day)s 24 时，期满后才能确认中榜", day=notice.ends_on))
    if open_objections:
        return refused(_("还有 %(count)d 件异议未答复，答复前不能确认中榜", count=open_objections))
    return ALLOWED


def may_object(notice: Notice) -> Verdict:
    """Anyone, no account needed, while the notice stands."""
    if notice.state is not NoticeState.PUBLISHED:
        return refused(_("公示已结束，不再接收异议"))
    if not is_in_period(notice):
        return refused(_("公示期已于 %(day)s 24 时结束，不再接收异议", day=notice.ends_on))
    return ALLOWED


def may_read_objections(actor: Actor) -> bool:
    return actor.has(Permission.OBJECTION_READ)


def may_handle_objection(actor: Actor, objection: Objection) -> Verdict:
    if not actor.has(Permission.OBJECTION_ANSWER):
        return refused(_("只有主管处室经办可以办理异议"))
    if not objection.state.is_open:
        return refused(_("异议已办结"))
    return ALLOWED


def may_decide_objection(actor: Actor, objection: Objection) -> Verdict:
    if not actor.has(Permission.NOTICE_APPROVE):
        return refused(_("只有处室负责人可以对异议作出结论"))
    if objection.handled_by_id == actor.user_id:
        return refused(_("调查异议的人不能作出结论"))
    return ALLOWED


def may_see_objector(actor: Actor, objection: Objection) -> Verdict:
    """Name, telephone and mail: whoever handles it (any officer while nobody does), the head, the supervisor."""
    if not may_read_objections(actor):
        return refused(_("异议材料不对您开放"))
    if not actor.has(Permission.OBJECTION_ANSWER) or objection.handled_by_id in (None, actor.user_id):
        return ALLOWED
    return refused(_("异议人信息只对承办人、处室负责人和监督显示"))


@owner(Objection)
def may_see_evidence(actor: Actor, objection: Objection) -> bool:
    """Evidence may name the objector: it goes with the objector's data."""
    return bool(may_see_objector(actor, objection))


def objection_problems(values: Mapping[str, str], files: int) -> dict[str, str]:
    """What keeps an objection from being received, by field; ``files`` is the number of evidence files."""
    rule = _("异议须实名书面提出并留下联系电话，匿名或无法联系的不予受理")
    problems = {}
    name = values["name"]
    if not 2 <= len(name) <= 80 or any(word in name.lower() for word in _NAMELESS) or any(c.isdigit() for c in name):
        problems["name"] = _("请填写真实姓名。%(rule)s", rule=rule)
    if not _PHONE.fullmatch(values["phone"]):
        problems["phone"] = _("请填写能联系到您的电话。%(rule)s", rule=rule)
    if values["email"] and (len(values["email"]) > 254 or not _EMAIL.fullmatch(values["email"])):
        problems["email"] = _("邮箱格式不对，例如 name@example.cn；也可以不填")
    if len(values["grounds"]) < GROUNDS_LEAST:
        problems["grounds"] = _("请写明异议的事实和依据，至少 %(least)d 个字", least=GROUNDS_LEAST)
    if files > EVIDENCE_MOST:
        problems["evidence"] = _("证明材料最多 %(most)d 个文件", most=EVIDENCE_MOST)
    return problems
