"""Routes of contracts."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from market.access import actor, requires
from market.attachments.queries import attachments_of, attachments_of_many, for_list
from market.bids.content import requirement_text
from market.contracts import operations, outcome_routes, policies, queries  # noqa: F401  (outcome_routes adds its pages)
from market.contracts.blueprint import bp
from market.contracts.forms import (
    SCAN_LABELS,
    DraftForm,
    EndForm,
    RedraftForm,
    RegisterForm,
    ScanForm,
    SignForm,
    VerdictForm,
    report_form,
    terms_of,
    terms_suggested,
)
from market.contracts.models import Contract, ContractState, Milestone
from market.database import db, transaction
from market.errors import NotFound
from market.forms import attempt
from market.notices.queries import blocks_signing
from market.paging import page_number, paginate
from market.permissions import Permission as P
from market.programmes.queries import rules_of


def _show(contract: Contract, tab: str = "overview") -> Any:
    return redirect(url_for(f"contracts.{tab}", contract_id=contract.id), 303)


def _page(template: str, contract: Contract, **context: Any) -> str:
    """A page of one contract, with what every tab's header needs."""
    return render_template(
        f"contracts/{template}.html",
        contract=contract,
        manages=bool(policies.may_manage(actor(), contract)),
        may_confirm=bool(policies.may_confirm(actor(), contract)),
        may_attach=bool(policies.may_attach(actor(), contract)),
        **context,
    )


@bp.get("/")
@requires(P.CONTRACT_READ)
def index() -> str:
    state = next((s for s in ContractState if s.value == request.args.get("state")), None)
    q = request.args.get("q", "").strip()[:100]
    page = paginate(db.session(), queries.contracts_page(actor(), state, q), page_number(request.args.get("page")))
    awaiting = queries.awaiting_contract(actor())
    return render_template(
        "contracts/index.html",
        page=page,
        state=state,
        q=q,
        states=list(ContractState),
        milestones=queries.milestones_by_contract(page.items),
        awaiting=[(bid, queries.signing_due(bid)) for bid in awaiting],
    )


@bp.get("/draft/<int:bid_id>")
@requires(P.CONTRACT_MANAGE)
def draft(bid_id: int) -> Any:
    bid = queries.bid_to_contract(actor(), bid_id)
    existing = queries.contract_of_bid(bid)
    return _show(existing) if existing else _draft_page(bid, DraftForm(data=terms_suggested(bid)))


def _draft_page(bid: Any, form: DraftForm) -> str:
    limit, what = queries.amount_limit(bid)
    blocked = blocks_signing(bid.challenge)
    return render_template(
        "contracts/draft.html", form=form, bid=bid, contract=None, limit=limit, limit_of=what, blocked=blocked,
        may=policies.may_draft(actor(), bid), due=queries.signing_due(bid), indicators=queries.frozen_indicators(bid),
        requirement_text=requirement_text, given_up=queries.given_up_drafts(bid),
    )  # fmt: skip


@bp.post("/draft/<int:bid_id>")
@requires(P.CONTRACT_MANAGE)
def create(bid_id: int) -> Any:
    bid = queries.bid_to_contract(actor(), bid_id)
    form = DraftForm()
    if form.rows_were_changed(request.form) or not form.validate():
        return _draft_page(bid, form)

    def work() -> Contract:
        with transaction():
            return operations.draft_contract(actor(), bid, form.values())

    contract = attempt(form, work)
    if contract is None:
        return _draft_page(bid, form)
    flash(_("合同已拟定，双方会收到确认通知"), "success")
    return _show(contract)


@bp.get("/<int:contract_id>")
@requires(P.CONTRACT_READ)
def overview(contract_id: int) -> str:
    return _overview(queries.contract_for(actor(), contract_id), ScanForm())


def _overview(contract: Contract, scans: ScanForm) -> str:
    files = attachments_of(contract)
    items = [
        {**item, "kind": SCAN_LABELS.get(file.slot, "")} for item, file in zip(for_list(files), files, strict=True)
    ]
    return _page(
        "overview", contract, tab="overview", scans=scans, files=items, due=queries.signing_due(contract.bid),
        lines=queries.indicator_lines(contract), milestones=queries.milestones_of(contract),
        blocked=blocks_signing(contract.challenge), given_up=queries.given_up_drafts(contract),
        live=queries.contract_of_bid(contract.bid), may_draft=bool(policies.may_draft(actor(), contract.bid)),
    )  # fmt: skip


@bp.route("/<int:contract_id>/edit", methods=["GET", "POST"])
@requires(P.CONTRACT_MANAGE)
def edit(contract_id: int) -> Any:
    contract = queries.contract_for(actor(), contract_id)
    form = RedraftForm(data=terms_of(contract, queries.milestones_of(contract)))
    if request.method == "POST" and not form.rows_were_changed(request.form) and form.validate():

        def work() -> bool:
            with transaction():
                operations.redraft_contract(actor(), contract, form.values(), form.reason.data or "")
            return True

        if attempt(form, work):
            flash(_("文本已修改，双方需要重新确认"), "success")
            return _show(contract)
    limit, what = queries.amount_limit(contract.bid)
    return _page("edit", contract, form=form, limit=limit, limit_of=what)


@bp.post("/<int:contract_id>/confirm")
@requires(P.CONTRACT_SIGN)
def confirm(contract_id: int) -> Any:
    contract = queries.contract_for(actor(), contract_id)
    with transaction():
        operations.confirm_contract(actor(), contract)
    flash(_("您已确认合同文本"), "success")
    return _show(contract)


@bp.post("/<int:contract_id>/scans")
@requires(P.CONTRACT_MANAGE, P.CONTRACT_SIGN)
def attach(contract_id: int) -> Any:
    contract, form = queries.contract_for(actor(), contract_id), ScanForm()

    def work() -> Any:
        with transaction():
            return operations.attach_scan(actor(), contract, form.slot.data, form.file.data)

    if form.validate() and attempt(form, work):
        flash(_("文件已上传"), "success")
        return _show(contract)
    return _overview(contract, form)


@bp.post("/<int:contract_id>/scans/<token>/remove")
@requires(P.CONTRACT_MANAGE, P.CONTRACT_SIGN)
def detach(contract_id: int, token: str) -> Any:
    contract = queries.contract_for(actor(), contract_id)
    attachment = next((a for a in attachments_of(contract) if a.token == token), None)
    if attachment is None:
        raise NotFound
    with transaction():
        operations.remove_scan(actor(), contract, attachment)
    flash(_("文件已移除"), "success")
    return _show(contract)


@bp.route("/<int:contract_id>/sign", methods=["GET", "POST"])
@requires(P.CONTRACT_MANAGE)
def sign(contract_id: int) -> Any:
    contract, form = queries.contract_for(actor(), contract_id), SignForm()

    def work() -> bool:
        with transaction():
            operations.sign_contract(actor(), contract, form.number.data or "", form.signed_on.data)
        return True

    if form.validate_on_submit() and attempt(form, work):
        flash(_("已登记签署，合同进入实施"), "success")
        return _show(contract)
    return _page(
        "sign", contract, form=form, due=queries.signing_due(contract.bid), blocked=blocks_signing(contract.challenge),
        award_day=queries.awarded_on(contract.bid), has_scan=bool(attachments_of(contract, "signed_scan")),
    )  # fmt: skip


@bp.route("/<int:contract_id>/register", methods=["GET", "POST"])
@requires(P.CONTRACT_MANAGE)
def register(contract_id: int) -> Any:
    contract = queries.contract_for(actor(), contract_id)
    form = RegisterForm(
        data={
            "office": contract.registration_office,
            "number": contract.registration_number,
            "registered_on": contract.registered_on,
            "turnover_fen": contract.turnover_fen or contract.amount_fen,
            "technology_fen": contract.technology_fen,
        }
    )

    def work() -> bool:
        with transaction():
            operations.register_contract(actor(), contract, form.values())
        return True

    if form.validate_on_submit() and attempt(form, work):
        flash(_("技术合同登记已记录"), "success")
        return _show(contract)
    return _page("register", contract, form=form)


@bp.route("/<int:contract_id>/end", methods=["GET", "POST"])
@requires(P.CONTRACT_MANAGE)
def end(contract_id: int) -> Any:
    contract, form = queries.contract_for(actor(), contract_id), EndForm()
    operation = {
        "complete": operations.complete_contract,
        "close": operations.close_contract,
        "terminate": operations.terminate_contract,
    }

    def work() -> bool:
        with transaction():
            operation[form.outcome.data](actor(), contract, form.reason.data or "")
        return True

    if form.validate_on_submit() and attempt(form, work):
        flash(_("合同状态已变更为“%(state)s”", state=contract.state.label), "success")
        return _show(contract)
    return _page("end", contract, form=form, milestones=queries.milestones_of(contract))


@bp.get("/<int:contract_id>/milestones")
@requires(P.CONTRACT_READ)
def milestones(contract_id: int) -> str:
    contract = queries.contract_for(actor(), contract_id)
    rows = queries.milestones_of(contract)
    evidence = attachments_of_many(rows)
    following = queries.next_milestone(contract)
    return _page(
        "milestones", contract, tab="milestones", milestones=rows, rules=rules_of(contract),
        files={m.id: for_list(evidence.get(m.id, [])) for m in rows},
        lines={m.id: queries.indicator_lines(contract, m) for m in rows if m.measured},
        may_report={m.id: bool(policies.may_report(actor(), m)) and m is following for m in rows},
        may_judge={m.id: bool(policies.may_judge(actor(), m)) for m in rows},
        rectify={m.id: operations.rectification_due(m) for m in rows},
    )  # fmt: skip


@bp.route("/milestones/<int:milestone_id>/report", methods=["GET", "POST"])
@requires(P.MILESTONE_REPORT)
def report(milestone_id: int) -> Any:
    milestone = queries.milestone_for(actor(), milestone_id)
    form = report_form(milestone)

    def work() -> bool:
        with transaction():
            measured = form.measured(milestone)
            operations.report_milestone(actor(), milestone, form.report.data or "", measured, form.uploaded())
        return True

    if form.validate_on_submit() and attempt(form, work):
        flash(_("完成情况已报送，等待发榜方验收"), "success")
        return _show(milestone.contract, "milestones")
    return _page(
        "report", milestone.contract, milestone=milestone, form=form, lines=queries.indicator_lines(milestone.contract)
    )


@bp.get("/milestones/<int:milestone_id>/verdict")
@requires(P.MILESTONE_ACCEPT)
def verdict(milestone_id: int) -> str:
    return _verdict_page(queries.milestone_for(actor(), milestone_id), VerdictForm())


def _verdict_page(milestone: Milestone, form: VerdictForm) -> str:
    contract = milestone.contract
    return _page(
        "verdict", contract, milestone=milestone, form=form, lines=queries.indicator_lines(contract, milestone),
        files=for_list(attachments_of(milestone)), rules=rules_of(contract), may=policies.may_judge(actor(), milestone),
    )  # fmt: skip


@bp.post("/milestones/<int:milestone_id>/accept")
@requires(P.MILESTONE_ACCEPT)
def accept(milestone_id: int) -> Any:
    return _judge(milestone_id, operations.accept_milestone, _("里程碑已通过验收"))


@bp.post("/milestones/<int:milestone_id>/send-back")
@requires(P.MILESTONE_ACCEPT)
def send_back(milestone_id: int) -> Any:
    return _judge(milestone_id, operations.send_back_milestone, _("里程碑已退回整改"))


def _judge(milestone_id: int, operation: Any, message: str) -> Any:
    milestone, form = queries.milestone_for(actor(), milestone_id), VerdictForm()

    def work() -> bool:
        with transaction():
            operation(actor(), milestone, form.opinion.data or "")
        return True

    if form.validate() and attempt(form, work):
        flash(message, "success")
        return _show(milestone.contract, "milestones")
    return _verdict_page(milestone, form)


@bp.get("/<int:contract_id>/history")
@requires(P.CONTRACT_READ)
def history(contract_id: int) -> str:
    contract = queries.contract_for(actor(), contract_id)
    return _page("history", contract, tab="history", entries=queries.history_of(contract))


@bp.get("/<int:contract_id>/print")
@requires(P.CONTRACT_READ)
def paper(contract_id: int) -> str:
    contract = queries.contract_for(actor(), contract_id)
    lines, rows = queries.indicator_lines(contract), queries.milestones_of(contract)
    return render_template("contracts/paper.html", contract=contract, lines=lines, milestones=rows)


@bp.get("/<int:contract_id>/pledge")
@requires(P.CONTRACT_READ)
def pledge(contract_id: int) -> str:
    contract = queries.contract_for(actor(), contract_id)
    lines, rows = queries.indicator_lines(contract), queries.milestones_of(contract)
    return render_template(
        "contracts/pledge.html", contract=contract, lines=lines, milestones=rows, rules=rules_of(contract)
    )
