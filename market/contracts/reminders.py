"""What the clock tells of contracts: milestones that are soon due, and those whose day has passed unreported."""

from datetime import date, timedelta
from functools import partial

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from market import clock
from market.accounts.queries import users_with
from market.challenges.models import Challenge
from market.contracts.models import Contract, ContractState, Milestone, MilestoneState
from market.contracts.operations import rectification_due
from market.database import db
from market.jobs import scheduled
from market.notifications.once import Due, remind
from market.permissions import Role
from market.programmes.queries import rules_of
from market.programmes.rules import LONGEST_DAYS


@scheduled
def remind_due_milestones() -> None:
    """Once some days before the day, to who reports; once when it has passed, to the firm and the officer as well."""
    today = clock.today()
    coming = db.session.scalars(
        select(Milestone)
        .join(Contract, Milestone.contract_id == Contract.id)
        .options(
            joinedload(Milestone.contract).joinedload(Contract.solver),
            joinedload(Milestone.contract).joinedload(Contract.challenge).joinedload(Challenge.rules),
        )
        .where(
            Contract.state == ContractState.SIGNED,
            Milestone.state.in_((MilestoneState.PLANNED, MilestoneState.SENT_BACK)),
            Milestone.due_on <= today + timedelta(days=LONGEST_DAYS),
        )
        .order_by(Milestone.id)
    ).all()
    remind(
        _due(milestone, due_on)
        for milestone in coming
        # One that was sent back is due again when its 整改 ends.
        if (due_on := rectification_due(milestone) or milestone.due_on) - today
        <= timedelta(days=rules_of(milestone.contract.challenge).milestone_reminder_days)
    )


def _due(milestone: Milestone, due_on: date) -> Due:
    contract = milestone.contract
    is_late = due_on < clock.today()
    if is_late:
        subject = _l("里程碑已逾期：%(number)s 第 %(seq)d 项", number=contract.number, seq=milestone.seq)
        body = _l("应于 %(day)s 完成，还没有报送完成情况。不能按期的请与发榜方和主管处室商定。", day=due_on)
    else:
        subject = _l("里程碑即将到期：%(number)s 第 %(seq)d 项", number=contract.number, seq=milestone.seq)
        body = _l("应于 %(day)s 完成，请及时报送完成情况。", day=due_on)
    kind = "milestone-overdue" if is_late else "milestone-due"
    return Due(
        kind, milestone.id, str(due_on), partial(_whom, contract, is_late), subject, body, f"/contracts/{contract.id}"
    )


def _whom(contract: Contract, is_late: bool) -> list[int]:
    if not is_late:
        return [contract.solver.lead_id]
    signatories = users_with(Role.FIRM_SIGNATORY, organisation_id=contract.organisation_id)
    return [contract.solver.lead_id, *signatories, contract.drafted_by_id]
