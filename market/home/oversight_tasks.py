"""What the supervisor keeps an eye on, and what waits for the administrator."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from market import clock
from market.accounts.models import Invitation
from market.home.bureau_tasks import notice_row, open_objections
from market.home.tasks import Row, Waiting, address, found, task
from market.notices.models import Notice, NoticeState
from market.permissions import Actor, Permission

P = Permission


@task(P.AUDIT_READ)
def notices_standing(_actor: Actor) -> Waiting:
    query = (
        select(Notice)
        .where(Notice.state == NoticeState.PUBLISHED)
        .options(joinedload(Notice.challenge))
        .order_by(Notice.ends_on, Notice.id)
    )
    return found(_l("公示中的结果"), "speakerphone", "/notices/", query, notice_row)


@task(P.AUDIT_READ)
def objections_open(_actor: Actor) -> Waiting:
    return open_objections(_l("办理中的异议"))


@task(P.ACCOUNT_ADMINISTER)
def invitations_open(_actor: Actor) -> Waiting:
    query = (
        select(Invitation)
        .where(
            Invitation.accepted_at.is_(None), Invitation.cancelled_at.is_(None), Invitation.organisation_id.is_(None)
        )
        .order_by(Invitation.expires_at, Invitation.id)
    )
    return found(_l("邀请尚未接受"), "mail", address("accounts.users"), query, _invitation_row)


def _invitation_row(invitation: Invitation) -> Row:
    note = _l("已过期") if invitation.expires_at <= clock.now() else invitation.role.label
    return Row(invitation.email, address("accounts.users"), str(note), invitation.expires_at)
