"""Pages of what came of a contract: actual R&D spending and self-declared results."""

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _

from market.access import actor, requires
from market.attachments.queries import attachments_of, attachments_of_many, for_list
from market.contracts import outcomes, policies, queries
from market.contracts.blueprint import bp
from market.contracts.forms import ResultForm, SpendForm, VerdictForm, WithdrawForm
from market.contracts.models import Contract, DeclaredResult, SpendReport
from market.database import transaction
from market.forms import attempt
from market.permissions import Permission as P


def _back(contract: Contract, message: str) -> Any:
    flash(message, "success")
    return redirect(url_for("contracts.outcomes", contract_id=contract.id), 303)


def _page(template: str, contract: Contract, **context: Any) -> str:
    return render_template(f"contracts/{template}.html", contract=contract, **context)


@bp.get("/<int:contract_id>/outcomes", endpoint="outcomes")
@requires(P.CONTRACT_READ)
def overview(contract_id: int) -> str:
    contract = queries.contract_for(actor(), contract_id)
    spending, results = queries.spending_of(contract), queries.results_of(contract)
    return _page(
        "outcomes", contract, tab="outcomes", spending=spending, results=results,
        counts=queries.confirmed_spending(contract),
        proofs={row_id: for_list(files) for row_id, files in attachments_of_many(spending).items()},
        evidence={row_id: for_list(files) for row_id, files in attachments_of_many(results).items()},
        may_report=policies.may_report_spending(actor(), contract), may_declare=policies.may_declare(actor(), contract),
        may_judge={report.id: bool(policies.may_judge_spending(actor(), report)) for report in spending},
        may_withdraw={result.id: bool(policies.may_withdraw(actor(), result)) for result in results},
    )  # fmt: skip


@bp.route("/<int:contract_id>/spending", methods=["GET", "POST"])
@requires(P.MILESTONE_REPORT)
def report_spending(contract_id: int) -> Any:
    contract, form = queries.contract_for(actor(), contract_id), SpendForm()

    def work() -> SpendReport:
        with transaction():
            return outcomes.report_spending(actor(), contract, form.values(), form.uploaded())

    if form.validate_on_submit() and attempt(form, work):
        return _back(contract, _("研发支出已报送，等待发榜方确认"))
    return _page(
        "spending", contract, form=form, may=policies.may_report_spending(actor(), contract),
        last=queries.confirmed_spending(contract),
    )  # fmt: skip


@bp.get("/spending/<int:report_id>/verdict")
@requires(P.MILESTONE_ACCEPT)
def spending_verdict(report_id: int) -> str:
    return _verdict_page(queries.spend_report_for(actor(), report_id), VerdictForm())


def _verdict_page(report: SpendReport, form: VerdictForm) -> str:
    return _page(
        "spending_verdict", report.contract, report=report, form=form, files=for_list(attachments_of(report)),
        may=policies.may_judge_spending(actor(), report),
    )  # fmt: skip


@bp.post("/spending/<int:report_id>/confirm")
@requires(P.MILESTONE_ACCEPT)
def confirm_spending(report_id: int) -> Any:
    return _judge(report_id, outcomes.confirm_spending, _("研发支出已确认，计入实际研发投入"))


@bp.post("/spending/<int:report_id>/send-back")
@requires(P.MILESTONE_ACCEPT)
def send_back_spending(report_id: int) -> Any:
    return _judge(report_id, outcomes.send_back_spending, _("研发支出已退回"))


def _judge(report_id: int, operation: Any, message: str) -> Any:
    report, form = queries.spend_report_for(actor(), report_id), VerdictForm()

    def work() -> bool:
        with transaction():
            operation(actor(), report, form.opinion.data or "")
        return True

    if form.validate() and attempt(form, work):
        return _back(report.contract, message)
    return _verdict_page(report, form)


@bp.route("/<int:contract_id>/results", methods=["GET", "POST"])
@requires(P.MILESTONE_ACCEPT)
def declare_result(contract_id: int) -> Any:
    contract, form = queries.contract_for(actor(), contract_id), ResultForm()

    def work() -> DeclaredResult:
        with transaction():
            return outcomes.declare_result(actor(), contract, form.values(), form.uploaded())

    if form.validate_on_submit() and attempt(form, work):
        return _back(contract, _("成效已申报，统计中注明为企业自报"))
    return _page("result", contract, form=form, may=policies.may_declare(actor(), contract))


@bp.route("/results/<int:result_id>/withdraw", methods=["GET", "POST"])
@requires(P.MILESTONE_ACCEPT)
def withdraw_result(result_id: int) -> Any:
    result, form = queries.result_for(actor(), result_id), WithdrawForm()

    def work() -> bool:
        with transaction():
            outcomes.withdraw_result(actor(), result, form.reason.data or "")
        return True

    if form.validate_on_submit() and attempt(form, work):
        return _back(result.contract, _("成效已撤回，不再计入统计"))
    return _page(
        "withdraw_result", result.contract, result=result, form=form, may=policies.may_withdraw(actor(), result)
    )
