"""Pages of refunds. Checking, approving and registering ask for a password given just now."""

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from market import clock
from market.access import actor, requires
from market.accounts.sessions import require_fresh
from market.contracts import queries as contract_queries
from market.database import db, transaction
from market.forms import attempt
from market.paging import page_number, paginate
from market.payouts import policies, queries, refunds
from market.payouts.blueprint import bp
from market.payouts.forms import ReasonForm, RefundedForm, RefundForm, new_request_key
from market.payouts.models import Refund, RefundState
from market.permissions import Permission as P


def _done(refund: Refund, message: str) -> Any:
    flash(message, "success")
    return redirect(url_for("payouts.show_refund", refund_id=refund.id), 303)


@bp.get("/refunds")
@requires(P.PAYOUT_READ)
def refund_list() -> str:
    state = next((s for s in RefundState if s.value == request.args.get("state")), None)
    page = paginate(db.session(), queries.refunds_page(actor(), state), page_number(request.args.get("page")))
    return render_template("payouts/refunds.html", page=page, state=state, states=list(RefundState))


@bp.route("/<int:payout_id>/refund", methods=["GET", "POST"])
@requires(P.PAYOUT_REQUEST)
def ask_refund(payout_id: int) -> Any:
    payout = queries.payout_for(actor(), payout_id)
    form = RefundForm(data={"request_key": new_request_key()})

    def work() -> Refund:
        with transaction():
            return refunds.request_refund(actor(), payout, form.values(), form.request_key.data or "")

    if form.validate_on_submit() and (refund := attempt(form, work)):
        return _done(refund, _("追回已申请，等待复核"))
    return render_template(
        "payouts/ask_refund.html", form=form, payout=payout, most=queries.refundable_fen(payout),
        may=policies.may_request_refund(actor(), payout), received=queries.net_received_fen(payout.contract),
        spent=contract_queries.confirmed_spending(payout.contract),
    )  # fmt: skip


@bp.get("/refunds/<int:refund_id>")
@requires(P.PAYOUT_READ, P.MILESTONE_REPORT)
def show_refund(refund_id: int) -> str:
    return _show(queries.refund_for(actor(), refund_id))


def _show(refund: Refund, reason: ReasonForm | None = None, done: RefundedForm | None = None) -> str:
    verdicts = {
        "check": policies.may_check_refund(actor(), refund),
        "approve": policies.may_approve_refund(actor(), refund),
        "confirm_refunded": policies.may_confirm_refunded(actor(), refund),
        "cancel": policies.may_cancel_refund(actor(), refund),
    }
    moves_on = any(verdicts[name] for name in ("check", "approve", "confirm_refunded"))
    return render_template(
        "payouts/refund.html", refund=refund, payout=refund.payout, may=verdicts, reason=reason or ReasonForm(),
        done=done or RefundedForm(), waits_for="" if moves_on else policies.refund_waits_for(refund),
        is_late=refund.state is RefundState.RECOVERING and refund.due_on and refund.due_on < clock.today(),
    )  # fmt: skip


def _act(
    refund_id: int, operation: Callable[..., Any], message: str, form: ReasonForm | RefundedForm | None = None
) -> Any:
    """One step of one refund; a step with a form shows it again with its errors."""
    refund = queries.refund_for(actor(), refund_id)

    def work() -> bool:
        with transaction():
            operation(actor(), refund, *(form.values() if form else ()))
        return True

    if form is None:
        work()
        return _done(refund, message)
    if form.validate() and attempt(form, work):
        return _done(refund, message)
    if isinstance(form, RefundedForm):
        return _show(refund, done=form)
    return _show(refund, reason=form)


@bp.post("/refunds/<int:refund_id>/check")
@requires(P.PAYOUT_CHECK)
def check_refund(refund_id: int) -> Any:
    require_fresh(actor())
    return _act(refund_id, refunds.check_refund, _("复核通过，等待审批"))


@bp.post("/refunds/<int:refund_id>/turn-down")
@requires(P.PAYOUT_CHECK)
def turn_down_refund(refund_id: int) -> Any:
    return _act(refund_id, refunds.turn_down_refund, _("复核不通过，追回终止"), ReasonForm())


@bp.post("/refunds/<int:refund_id>/approve")
@requires(P.PAYOUT_APPROVE)
def approve_refund(refund_id: int) -> Any:
    require_fresh(actor())
    return _act(refund_id, refunds.approve_refund, _("已同意追回，收款人会收到退回通知"))


@bp.post("/refunds/<int:refund_id>/refuse")
@requires(P.PAYOUT_APPROVE)
def refuse_refund(refund_id: int) -> Any:
    return _act(refund_id, refunds.refuse_refund, _("不同意追回，追回终止"), ReasonForm())


@bp.post("/refunds/<int:refund_id>/refunded")
@requires(P.PAYOUT_REQUEST)
def confirm_refunded(refund_id: int) -> Any:
    require_fresh(actor())
    return _act(refund_id, refunds.confirm_refunded, _("退回已登记，账簿已记入反向划转"), RefundedForm())


@bp.post("/refunds/<int:refund_id>/cancel")
@requires(P.PAYOUT_REQUEST)
def cancel_refund(refund_id: int) -> Any:
    return _act(refund_id, refunds.cancel_refund, _("追回已取消"), ReasonForm())
