"""Routes of payouts. Checking, approving and paying ask for a password given just now."""

import io
from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _

from market import clock
from market.access import actor, requires
from market.accounts.sessions import require_fresh
from market.attachments.queries import attachments_of_many, for_list
from market.contracts import policies as contract_policies
from market.contracts import queries as contract_queries
from market.contracts.models import Milestone
from market.database import db, transaction
from market.forms import attempt
from market.paging import page_number, paginate
from market.payouts import bounties, operations, policies, queries, refund_routes  # noqa: F401  (refund_routes adds its pages)
from market.payouts.blueprint import bp
from market.payouts.export import workbook_of
from market.payouts.forms import (
    BountyForm,
    BudgetLineForm,
    PaidForm,
    PayoutForm,
    ReasonForm,
    TopUpForm,
    new_request_key,
    request_as_it_was,
)
from market.payouts.models import Payout, PayoutKind, PayoutState
from market.payouts.payees import looks_mistyped, masked, payee_of
from market.permissions import Permission as P
from market.programmes.queries import rules_of

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _done(payout: Payout, message: str) -> Any:
    flash(message, "success")
    return redirect(url_for("payouts.show", payout_id=payout.id), 303)


def _wanted() -> tuple[PayoutState | None, str]:
    state = next((s for s in PayoutState if s.value == request.args.get("state")), None)
    return state, request.args.get("q", "").strip()[:100]


@bp.get("/")
@requires(P.PAYOUT_READ)
def index() -> str:
    state, q = _wanted()
    page = paginate(db.session(), queries.payouts_page(actor(), state, q), page_number(request.args.get("page")))
    return render_template(
        "payouts/index.html", page=page, state=state, q=q, states=list(PayoutState), local=clock.local,
        counts=queries.counts_by_state(actor()), mine={s for s, p in queries.QUEUES if actor().has(p)},
        refunds=queries.open_refunds(actor()), taken_back=queries.refunded_of(page.items),
    )  # fmt: skip


@bp.get("/payable")
@requires(P.PAYOUT_REQUEST)
def payable() -> str:
    page = paginate(db.session(), queries.payable_milestones(), page_number(request.args.get("page")))
    sums = queries.payables_of([m.contract for m in page.items])
    return render_template("payouts/payable.html", page=page, sums=sums)


@bp.get("/ledger.xlsx")
@requires(P.PAYOUT_READ)
def ledger() -> Any:
    state, q = _wanted()
    payouts = queries.all_payouts(actor(), state, q)
    book = workbook_of(payouts, queries.refunded_of(payouts), queries.received_up_to(payouts))
    name = f"资金台账-{clock.today().isoformat()}.xlsx"
    return send_file(io.BytesIO(book), mimetype=XLSX, as_attachment=True, download_name=name)


@bp.get("/budgets")
@requires(P.PAYOUT_READ)
def budgets() -> str:
    lines = queries.budget_lines()
    returned = queries.returned_to([line.account for line in lines])
    return render_template("payouts/budgets.html", lines=lines, returned=returned, manages=actor().has(P.BUDGET_MANAGE))


@bp.route("/budgets/new", methods=["GET", "POST"])
@requires(P.BUDGET_MANAGE)
def new_budget() -> Any:
    form = BudgetLineForm()

    def work() -> Any:
        with transaction():
            return operations.create_budget_line(
                actor(), form.cycles[form.cycle_id.data], form.code.data or "", form.name.data or "",
                PayoutKind(form.kind.data), form.basis.data or "", form.amount_fen.data,
            )  # fmt: skip

    if form.validate_on_submit() and attempt(form, work):
        flash(_("预算指标已下达"), "success")
        return redirect(url_for("payouts.budgets"), 303)
    return render_template("payouts/new_budget.html", form=form)


@bp.get("/budgets/<int:line_id>")
@requires(P.PAYOUT_READ)
def budget(line_id: int) -> str:
    return _budget_page(line_id, TopUpForm())


def _budget_page(line_id: int, form: TopUpForm) -> str:
    line = queries.budget_line_of(line_id)
    page = paginate(db.session(), queries.transfers_of(line.account), page_number(request.args.get("page")))
    return render_template(
        "payouts/budget.html", line=line, page=page, form=form, manages=actor().has(P.BUDGET_MANAGE),
        returned=queries.returned_to([line.account]).get(line.account_id, 0),
    )  # fmt: skip


@bp.post("/budgets/<int:line_id>/top-up")
@requires(P.BUDGET_MANAGE)
def top_up(line_id: int) -> Any:
    line, form = queries.budget_line_of(line_id), TopUpForm()

    def work() -> bool:
        with transaction():
            operations.top_up(actor(), line, form.amount_fen.data, form.basis.data or "")
        return True

    if form.validate() and attempt(form, work):
        flash(_("预算指标已追加"), "success")
        return redirect(url_for("payouts.budget", line_id=line_id), 303)
    return _budget_page(line_id, form)


def _request_page(milestone: Milestone, form: PayoutForm, payout: Payout | None = None) -> str:
    contract = milestone.contract
    payee = payee_of(contract, rules_of(contract))
    return render_template(
        "payouts/request.html", form=form, milestone=milestone, contract=contract, payout=payout, payee=payee,
        sums=queries.payable_of(contract, payout), may=policies.may_request(actor(), milestone),
    )  # fmt: skip


@bp.route("/request/<int:milestone_id>", methods=["GET", "POST"])
@requires(P.PAYOUT_REQUEST)
def ask(milestone_id: int) -> Any:
    milestone = queries.milestone_to_pay(milestone_id)
    sums = queries.payable_of(milestone.contract)
    form = PayoutForm(data={"request_key": new_request_key(), "amount_fen": sums.now_fen or None})

    def work() -> Payout:
        with transaction():
            return operations.request_payout(
                actor(), milestone, **form.values(), request_key=form.request_key.data or ""
            )

    if form.validate_on_submit() and (payout := attempt(form, work)):
        return _done(payout, _("兑付已申请，等待复核"))
    return _request_page(milestone, form)


@bp.route("/<int:payout_id>/again", methods=["GET", "POST"])
@requires(P.PAYOUT_REQUEST)
def again(payout_id: int) -> Any:
    payout = queries.payout_for(actor(), payout_id)
    form = PayoutForm(data=request_as_it_was(payout))

    def work() -> Payout:
        with transaction():
            return operations.request_again(actor(), payout, form.values())

    if form.validate_on_submit() and attempt(form, work):
        return _done(payout, _("兑付已重新提交，等待复核"))
    return _request_page(payout.milestone, form, payout)


@bp.get("/<int:payout_id>")
@requires(P.PAYOUT_READ, P.MILESTONE_REPORT)
def show(payout_id: int) -> str:
    return _show(queries.payout_for(actor(), payout_id))


# Cancelling is always open to the maker and leads nowhere on.
_MOVES_ON = ("check", "approve", "confirm_paid", "request_again")


def _show(payout: Payout, reason: ReasonForm | None = None, paid: PaidForm | None = None) -> str:
    full = policies.may_see_full_account(actor())
    payee = payee_of(payout.contract, rules_of(payout.contract))
    may = {
        name: getattr(policies, f"may_{name}")(actor(), payout)
        for name in ("check", "approve", "confirm_paid", "cancel", "request_again")
    }
    return render_template(
        "payouts/show.html", payout=payout, reason=reason or ReasonForm(), paid=paid or PaidForm(),
        bank_account=payout.bank_account if full else masked(payout.bank_account),
        mistyped=full and looks_mistyped(payout.bank_account, payee),
        refunds=queries.refunds_of(payout), refundable=queries.refundable_fen(payout),
        may_refund=policies.may_request_refund(actor(), payout), may=may,
        waits_for="" if any(may[name] for name in _MOVES_ON) else policies.next_step(actor(), payout),
    )  # fmt: skip


def _act(payout_id: int, operation: Callable[..., Any], message: str, form: ReasonForm | PaidForm | None = None) -> Any:
    """One step of one payout; a step with a form shows it again with its errors."""
    payout = queries.payout_for(actor(), payout_id)

    def work() -> bool:
        with transaction():
            operation(actor(), payout, *(form.values() if form else ()))
        return True

    if form is None:
        work()
        return _done(payout, message)
    if form.validate() and attempt(form, work):
        return _done(payout, message)
    if isinstance(form, PaidForm):
        return _show(payout, paid=form)
    return _show(payout, reason=form)


@bp.post("/<int:payout_id>/check")
@requires(P.PAYOUT_CHECK)
def check(payout_id: int) -> Any:
    require_fresh(actor())
    return _act(payout_id, operations.check_payout, _("复核通过，等待审批"))


@bp.post("/<int:payout_id>/send-back")
@requires(P.PAYOUT_CHECK)
def send_back(payout_id: int) -> Any:
    return _act(payout_id, operations.send_back_payout, _("已退回经办，占用的额度已释放"), ReasonForm())


@bp.post("/<int:payout_id>/approve")
@requires(P.PAYOUT_APPROVE)
def approve(payout_id: int) -> Any:
    require_fresh(actor())
    return _act(payout_id, operations.approve_payout, _("审批通过，等待支付"))


@bp.post("/<int:payout_id>/refuse")
@requires(P.PAYOUT_APPROVE)
def refuse(payout_id: int) -> Any:
    return _act(payout_id, operations.refuse_payout, _("已退回经办，占用的额度已释放"), ReasonForm())


@bp.post("/<int:payout_id>/paid")
@requires(P.PAYOUT_REQUEST)
def confirm_paid(payout_id: int) -> Any:
    require_fresh(actor())
    return _act(payout_id, operations.confirm_paid, _("到账已登记"), PaidForm())


@bp.post("/<int:payout_id>/cancel")
@requires(P.PAYOUT_REQUEST)
def cancel(payout_id: int) -> Any:
    return _act(payout_id, operations.cancel_payout, _("兑付已取消，占用的额度已释放"), ReasonForm())


@bp.get("/<int:payout_id>/slip")
@requires(P.PAYOUT_READ)
def slip(payout_id: int) -> str:
    payout = queries.payout_for(actor(), payout_id)
    full = policies.may_see_full_account(actor())
    account = payout.bank_account if full else masked(payout.bank_account)
    return render_template("payouts/slip.html", payout=payout, bank_account=account)


@bp.get("/contracts/<int:contract_id>")
@requires(P.CONTRACT_READ)
def of_contract(contract_id: int) -> str:
    contract = contract_queries.contract_for(actor(), contract_id)
    sees_public = bool(policies.may_see_payouts(actor(), contract))
    payments = queries.bounties_of(contract)
    vouchers = attachments_of_many(payments)
    rows = contract_queries.milestones_of(contract)
    payouts = queries.payouts_of(contract) if sees_public else None
    asked = {payout.milestone_id for payout in payouts or () if payout.state is not PayoutState.CANCELLED}
    return render_template(
        "payouts/of_contract.html", contract=contract, tab="payouts", milestones=rows, payments=payments,
        payouts=payouts, masked=masked,
        sums=queries.payable_of(contract) if sees_public else None,
        vouchers={p.id: for_list(vouchers.get(p.id, [])) for p in payments},
        may_record={m.id: bool(policies.may_record_bounty(actor(), m)) for m in rows},
        may_confirm={p.id: bool(policies.may_confirm_bounty(actor(), p)) for p in payments},
        due={m.id: bounties.bounty_due_fen(m) for m in rows},
        may_request={m.id: m.id not in asked and bool(policies.may_request(actor(), m)) for m in rows},
        manages=bool(contract_policies.may_manage(actor(), contract)),
    )  # fmt: skip


@bp.route("/bounties/<int:milestone_id>", methods=["GET", "POST"])
@requires(P.MILESTONE_ACCEPT)
def bounty(milestone_id: int) -> Any:
    milestone = contract_queries.milestone_for(actor(), milestone_id)
    due = bounties.bounty_due_fen(milestone)
    form = BountyForm(data={"amount_fen": due or None, "paid_on": clock.today()})

    def work() -> Any:
        with transaction():
            return bounties.record_bounty(
                actor(),
                milestone,
                form.amount_fen.data,
                form.paid_on.data,
                form.voucher_number.data or "",
                form.voucher.data,
            )

    if form.validate_on_submit() and attempt(form, work):
        flash(_("榜金支付已登记，等待揭榜方确认到账"), "success")
        return redirect(url_for("payouts.of_contract", contract_id=milestone.contract_id), 303)
    return render_template("payouts/bounty.html", form=form, milestone=milestone, contract=milestone.contract, due=due,
                           may=policies.may_record_bounty(actor(), milestone))  # fmt: skip


@bp.post("/bounties/<int:payment_id>/confirm")
@requires(P.MILESTONE_REPORT)
def confirm_bounty(payment_id: int) -> Any:
    payment = queries.bounty_for(actor(), payment_id)
    with transaction():
        bounties.confirm_bounty(actor(), payment)
    flash(_("您已确认榜金到账"), "success")
    return redirect(url_for("payouts.of_contract", contract_id=payment.contract_id), 303)
