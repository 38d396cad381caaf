"""Who manages programmes and who may read them."""

from flask_babel import gettext as _

from market.permissions import ALLOWED, Actor, Permission, Verdict, refused

READERS = (Permission.PROGRAMME_MANAGE, Permission.CHALLENGE_APPROVE, Permission.AUDIT_READ)


def may_manage(actor: Actor) -> Verdict:
    """计划、规则、分类和日历 are the city division's to write."""
    if actor.districts_with(Permission.PROGRAMME_MANAGE) is None:
        return ALLOWED
    return refused(_("只有主管处室可以维护计划与规则"))
