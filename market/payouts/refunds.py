"""Use cases of 资金追回: request, check, approve, register what came back; turn down, cancel.

The payout stays as it was paid. What came back is a transfer of its own in the other direction, posted on the day it
was registered, so that the figures of the year in which it was paid do not change.
"""

from datetime import date, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from market import clock
from market.accounts.queries import users_with
from market.audit.journal import record
from market.database import db
from market.errors import Conflict, InvalidInput, NotAllowed
from market.money import format_yuan
from market.notifications.operations import Text, notify
from market.payouts import ledger, policies
from market.payouts.models import Account, Payout, Refund, RefundReason, RefundState
from market.payouts.payees import require_intact, seal_of
from market.payouts.queries import refundable_fen
from market.permissions import Actor, Role, Verdict
from market.programmes.queries import rules_of
from market.workflow import advance


def _require(verdict: Verdict) -> None:
    if not verdict:
        raise NotAllowed(verdict.reason)


def _flush() -> None:
    """Let the database judge now, and say its refusal in words."""
    try:
        db.session.flush()
    except IntegrityError as problem:
        raise ledger.explained(problem) from problem


def _lock_payout(payout_id: int) -> Payout:
    """What may be taken back must still be true when the refund is written."""
    payout = db.session.scalars(
        select(Payout)
        .where(Payout.id == payout_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    require_intact(payout)
    return payout


def _lock(refund: Refund) -> Refund:
    """The row as it is in the database now, locked; raises Conflict when it is not what the last step left."""
    _lock_payout(refund.payout_id)
    fresh = db.session.scalars(
        select(Refund)
        .where(Refund.id == refund.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    require_intact(fresh)
    return fresh


def _seal(refund: Refund) -> None:
    """Sealed together with the move: a decided row is frozen by the database."""
    refund.digest = seal_of(refund)
    _flush()


def request_refund(actor: Actor, payout: Payout, values: dict[str, Any], request_key: str) -> Refund:
    """申请追回 of a paid payout. ``values``: amount_fen, reason, explanation, basis.

    The same key gives the same refund. Raises InvalidInput (more than is left of the payout), NotAllowed, Conflict.
    """
    _require(policies.may_request_refund(actor, payout))
    if not request_key:
        raise InvalidInput(_("表单不完整，请重新打开申请页"))
    payout = _lock_payout(payout.id)
    existing = db.session.scalar(select(Refund).where(Refund.request_key == request_key))
    if existing is not None:
        if (existing.payout_id, existing.maker_id) != (payout.id, actor.user_id):
            raise Conflict(_("这份申请已经提交过"))
        return existing
    problems = _problems(payout, values)
    if problems:
        raise InvalidInput(problems)
    refund = Refund(
        payout_id=payout.id, amount_fen=values["amount_fen"], reason=RefundReason(values["reason"]),
        explanation=values["explanation"].strip(), basis=values["basis"].strip(), state=RefundState.REQUESTED,
        state_changed_at=clock.now(), request_key=request_key[:80], maker_id=actor.user_id,
    )  # fmt: skip
    db.session.add(refund)
    _flush()
    record(actor, "refund:request", refund, refund.basis)
    _seal(refund)
    _tell(refund, users_with(Role.FINANCE_CHECKER), _l("追回待复核"))
    return refund


def _problems(payout: Payout, values: dict[str, Any]) -> dict[str, str]:
    problems = {}
    if not (values.get("basis") or "").strip():
        problems["basis"] = _("请填写依据文号")
    if len((values.get("explanation") or "").strip()) < 10:
        problems["explanation"] = _("请写明追回的事实和计算，至少 10 个字")
    if values.get("reason") not in {reason.value for reason in RefundReason}:
        problems["reason"] = _("请选择追回原因")
    amount, most = values.get("amount_fen"), refundable_fen(payout)
    if not amount:
        problems["amount_fen"] = _("请填写大于 0 的金额")
    elif amount > most:
        problems["amount_fen"] = _("超出这笔兑付尚可追回的 %(most)s 元", most=format_yuan(most))
    return problems


def check_refund(actor: Actor, refund: Refund) -> None:
    """复核通过 by another person than the maker."""
    refund = _lock(refund)
    _require(policies.may_check_refund(actor, refund))
    refund.checker_id, refund.checked_at = actor.user_id, clock.now()
    advance(refund, "check", actor)
    _seal(refund)
    _tell(refund, users_with(Role.DIVISION_HEAD), _l("追回待审批"))


def approve_refund(actor: Actor, refund: Refund) -> None:
    """同意追回 by a third person; the payee is told until when (rules.refund_days)."""
    refund = _lock(refund)
    _require(policies.may_approve_refund(actor, refund))
    refund.approver_id, refund.approved_at = actor.user_id, clock.now()
    refund.due_on = due = clock.today() + timedelta(days=rules_of(refund.payout.contract).refund_days)
    advance(refund, "approve", actor)
    _seal(refund)
    told = [refund.payout.contract.solver.lead_id, refund.maker_id]
    _tell(refund, told, _l("财政资金须在 %(day)s 前退回", day=due.isoformat()))


def turn_down_refund(actor: Actor, refund: Refund, reason: str) -> None:
    """复核不通过; the maker may ask anew."""
    refund = _lock(refund)
    _require(policies.may_check_refund(actor, refund))
    _end(actor, refund, "turn_down", reason)


def refuse_refund(actor: Actor, refund: Refund, reason: str) -> None:
    """不同意追回 by the approver."""
    refund = _lock(refund)
    _require(policies.may_approve_refund(actor, refund))
    _end(actor, refund, "refuse", reason)


def cancel_refund(actor: Actor, refund: Refund, reason: str) -> None:
    """取消 with a reason, before anything came back."""
    refund = _lock(refund)
    _require(policies.may_cancel_refund(actor, refund))
    _end(actor, refund, "cancel", reason)


def _end(actor: Actor, refund: Refund, event: str, reason: str) -> None:
    if len(reason.strip()) < 5:
        raise InvalidInput({"reason": _("请写明理由，至少 5 个字")})
    was_announced = refund.state is RefundState.RECOVERING
    with db.session.no_autoflush:
        refund.note = reason.strip()
        advance(refund, event, actor, refund.note)
        _seal(refund)
    told = [refund.maker_id, *([refund.payout.contract.solver.lead_id] if was_announced else [])]
    _tell(refund, told, _l("追回已终止：%(state)s", state=refund.state.label))


def confirm_refunded(actor: Actor, refund: Refund, bank_reference: str, refunded_on: date | None) -> None:
    """登记退回到账: the bank's reference and day; the reversing transfer is posted. Raises InvalidInput, Conflict."""
    refund = _lock(refund)
    _require(policies.may_confirm_refunded(actor, refund))
    reference = bank_reference.strip()
    problems = {} if reference else {"bank_reference": _("请填写银行回单号")}
    if reference and db.session.scalar(select(Refund.id).where(Refund.bank_reference == reference)):
        problems["bank_reference"] = _("这个银行回单号已用于另一笔退回")
    if refunded_on is None:
        problems["refunded_on"] = _("请填写退回日期")
    elif refunded_on > clock.today():
        problems["refunded_on"] = _("退回日期不能晚于今天")
    elif refund.approved_at and refunded_on < clock.local(refund.approved_at).date():
        problems["refunded_on"] = _("退回日期不能早于批准追回的日期")
    if problems:
        raise InvalidInput(problems)
    payout = refund.payout
    payee = db.session.get_one(Account, payout.payee_account_id)
    to_line = rules_of(payout.contract).refund_to == "budget_line"
    memo = _("追回兑付第 %(number)d 号（银行回单 %(reference)s）", number=payout.id, reference=reference)
    target = payout.budget_line.account if to_line else ledger.treasury()
    posted = ledger.refund(actor, payee, target, refund.amount_fen, memo)
    with db.session.no_autoflush:
        refund.bank_reference, refund.refunded_on, refund.transfer_id = reference, refunded_on, posted.id
        advance(refund, "confirm_refunded", actor, reference)
        _seal(refund)
    _tell(refund, [payout.contract.solver.lead_id, refund.checker_id], _l("追回资金已退回"))


def _tell(refund: Refund, user_ids: list[int | None] | list[int], subject: Text) -> None:
    """No amount and no account in a message: they are read where the right to see them is checked."""
    notify(
        user_ids,
        subject,
        _l("项目：%(title)s", title=refund.payout.contract.challenge.title),
        f"/payouts/refunds/{refund.id}",
        key=f"refund:{refund.id}:{refund.state.value}",
    )
