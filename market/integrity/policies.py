"""Who reads and writes integrity records."""

from flask_babel import gettext as _

from market.permissions import ALLOWED, Actor, Permission, Verdict, refused


def may_manage(actor: Actor) -> Verdict:
    """Records are the city's: a district has no say in them."""
    if actor.has(Permission.INTEGRITY_MANAGE):
        return ALLOWED
    return refused(_("只有主管处室经办可以登记或解除失信记录"))
