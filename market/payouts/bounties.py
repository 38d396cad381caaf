"""榜金: the poster firm records what it paid the solver for an accepted milestone; the solver confirms receipt."""

from datetime import date

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import IntegrityError
from werkzeug.datastructures import FileStorage

from market import clock
from market.accounts.queries import users_with
from market.attachments.operations import store_upload
from market.audit.journal import record
from market.contracts.models import Contract, Milestone
from market.database import db
from market.errors import InvalidInput, NotAllowed
from market.money import format_yuan
from market.notifications.operations import notify
from market.payouts import policies
from market.payouts.ledger import explained
from market.payouts.models import BountyPayment
from market.payouts.queries import paid_bounty_fen
from market.permissions import Actor, Role
from market.programmes.queries import rules_of


def bounty_due_fen(milestone: Milestone) -> int:
    """What the poster still owes for the milestone: its share of the amount less what was recorded."""
    share = milestone.contract.amount_fen * milestone.percent // 100
    left = milestone.contract.amount_fen - paid_bounty_fen(milestone.contract)
    return max(0, min(share - paid_bounty_fen(milestone.contract, milestone), left))


def record_bounty(
    actor: Actor,
    milestone: Milestone,
    amount_fen: int | None,
    paid_on: date | None,
    voucher_number: str,
    voucher: FileStorage | None,
) -> BountyPayment:
    """登记榜金支付 with its voucher. Raises InvalidInput, NotAllowed."""
    verdict = policies.may_record_bounty(actor, milestone)
    if not verdict:
        raise NotAllowed(verdict.reason)
    # The sum must still be true when the payment is written.
    db.session.refresh(milestone.contract, with_for_update={"of": Contract})
    problems = {} if voucher_number.strip() else {"voucher_number": _("请填写支付凭证号")}
    due = bounty_due_fen(milestone)
    if not amount_fen:
        problems["amount_fen"] = _("请填写大于 0 的金额")
    elif amount_fen > due:
        problems["amount_fen"] = _("超出本期尚应支付的 %(most)s 元", most=format_yuan(due))
    if paid_on is None:
        problems["paid_on"] = _("请填写支付日期")
    elif paid_on > clock.today():
        problems["paid_on"] = _("支付日期不能晚于今天")
    if voucher is None or not voucher.filename:
        problems["voucher"] = _("请上传支付凭证")
    if problems or voucher is None:
        raise InvalidInput(problems)
    payment = BountyPayment(
        contract_id=milestone.contract_id, milestone_id=milestone.id, amount_fen=amount_fen, paid_on=paid_on,
        voucher_number=voucher_number.strip(), entered_by_id=actor.user_id,
    )  # fmt: skip
    db.session.add(payment)
    try:
        db.session.flush()  # The voucher names the payment, and the database judges the sum.
    except IntegrityError as problem:
        raise explained(problem) from problem
    record(actor, "bounty_payment:record", payment, payment.voucher_number)
    limit_mb = rules_of(milestone).attachment_mb_most
    store_upload(actor, payment, "voucher", voucher, limit_mb=limit_mb, field="voucher")
    lead = milestone.contract.solver.lead_id
    notify(
        [lead],
        _l("榜金已支付，请确认到账"),
        milestone.content,
        f"/payouts/contracts/{milestone.contract_id}",
        key=f"bounty:{payment.id}",
    )
    return payment


def confirm_bounty(actor: Actor, payment: BountyPayment) -> None:
    """The solver's lead confirms receipt."""
    verdict = policies.may_confirm_bounty(actor, payment)
    if not verdict:
        raise NotAllowed(verdict.reason)
    payment.confirmed_at, payment.confirmed_by_id = clock.now(), actor.user_id
    record(actor, "bounty_payment:confirm", payment)
    told = users_with(Role.FIRM_SIGNATORY, payment.contract.organisation_id)
    notify(
        told,
        _l("揭榜方已确认榜金到账"),
        payment.milestone.content,
        f"/payouts/contracts/{payment.contract_id}",
        key=f"bounty:{payment.id}:confirmed",
    )
