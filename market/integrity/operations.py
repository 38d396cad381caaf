"""Entering and lifting integrity records. A record is never edited: a wrong one is lifted with its reason."""

from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from market import clock
from market.accounts.models import Organisation, User
from market.accounts.policies import require
from market.accounts.queries import users_with
from market.audit.journal import record
from market.database import db
from market.errors import Conflict, InvalidInput
from market.integrity.models import IntegrityRecord
from market.integrity.policies import may_manage
from market.notifications.operations import notify
from market.permissions import Actor, Role


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided: conduct, legal basis, decider, first and last day."""

    conduct: str
    basis: str
    decided_by: str
    starts_on: date
    ends_on: date


def add_record(actor: Actor, subject: Organisation | User, decision: Decision) -> IntegrityRecord:
    """Enter a decided breach; the organisation's managers or the person are told. Raises NotAllowed, InvalidInput."""
    require(may_manage(actor))
    if decision.ends_on <= decision.starts_on:
        raise InvalidInput({"ends_on": _("结束日期应晚于生效日期")})
    if decision.ends_on < clock.today():
        raise InvalidInput({"ends_on": _("结束日期已过，不会再产生限制，请核对")})
    is_organisation = isinstance(subject, Organisation)
    entered = IntegrityRecord(
        organisation_id=subject.id if is_organisation else None,
        user_id=None if is_organisation else subject.id,
        conduct=decision.conduct,
        basis=decision.basis,
        decided_by=decision.decided_by,
        starts_on=decision.starts_on,
        ends_on=decision.ends_on,
        entered_by_id=actor.user_id or 0,
    )
    db.session.add(entered)
    db.session.flush()  # The act names the record.
    record(actor, "integrity:add", entered, decision.basis)
    text = _l(
        "%(name)s：%(conduct)s，限制至 %(day)s。", name=subject.name, conduct=decision.conduct, day=decision.ends_on
    )
    notify(_concerned(entered), _l("科研诚信记录已登记"), text)
    return entered


def lift_record(actor: Actor, entered: IntegrityRecord, reason: str) -> None:
    """End a record before its time. Raises NotAllowed, Conflict, InvalidInput without a reason."""
    require(may_manage(actor))
    if entered.lifted_on is not None or entered.ends_on < clock.today():
        raise Conflict(_("这条记录已经解除或到期"))
    if not reason.strip():
        raise InvalidInput({"reason": _("请写明解除的依据和原因")})
    entered.lifted_on, entered.lifted_reason = clock.today(), reason.strip()
    record(actor, "integrity:lift", entered, reason.strip())
    notify(_concerned(entered), _l("科研诚信记录已解除"), reason.strip())


def _concerned(entered: IntegrityRecord) -> list[int]:
    if entered.user_id is not None:
        return [entered.user_id]
    return users_with(Role.ORGANISATION_MANAGER, organisation_id=entered.organisation_id)
