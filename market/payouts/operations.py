"""Use cases of public money: budget lines; request, check, approve, pay; send back, request again, cancel.

Each step locks the contract and the payout, compares the row's seal with the last step's, and seals it anew.
"""

from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from market import clock
from market.accounts.queries import users_with
from market.audit.journal import record
from market.contracts.models import Contract, Milestone
from market.database import db
from market.errors import Conflict, InvalidInput, NotAllowed
from market.money import format_yuan
from market.notifications.operations import Text, notify
from market.payouts import ledger, policies
from market.payouts.models import AccountKind, BudgetLine, Payout, PayoutKind, PayoutState
from market.payouts.payees import account_of, looks_mistyped, normal_bank_account, payee_of, require_intact, seal_of
from market.payouts.queries import payable_of
from market.permissions import Actor, Permission, Role, Verdict
from market.programmes.models import Cycle
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


def create_budget_line(
    actor: Actor, cycle: Cycle, code: str, name: str, kind: PayoutKind, basis: str, amount_fen: int | None
) -> BudgetLine:
    """下达预算指标: an account funded from the treasury on a document. Raises InvalidInput."""
    if not actor.has(Permission.BUDGET_MANAGE):
        raise NotAllowed(_("预算指标由财务复核人登记"))
    code = code.strip()
    fields = {"code": code, "name": name.strip(), "basis": basis.strip(), "amount_fen": amount_fen}
    problems = {field: _("请填写此项") for field, value in fields.items() if not value}
    taken = select(BudgetLine.id).where(BudgetLine.cycle_id == cycle.id, BudgetLine.code == code)
    if code and db.session.scalar(taken):
        problems["code"] = _("本批次已有这个指标编号")
    if problems or not amount_fen:
        raise InvalidInput(problems)
    account = ledger.open_account(AccountKind.BUDGET, f"line:{cycle.id}/{code}", f"{code} {name.strip()}")
    line = BudgetLine(
        cycle_id=cycle.id, code=code, name=name.strip(), kind=kind, basis=basis.strip(), account_id=account.id
    )
    db.session.add(line)
    _flush()
    record(actor, "budget_line:create", line, basis.strip())
    ledger.direct(
        actor,
        ledger.treasury(),
        account,
        amount_fen,
        _("下达预算指标 %(code)s（%(basis)s）", code=code, basis=basis.strip()),
    )
    return line


def top_up(actor: Actor, line: BudgetLine, amount_fen: int | None, basis: str) -> None:
    """追加 to a budget line on a further document. Raises InvalidInput."""
    if not actor.has(Permission.BUDGET_MANAGE):
        raise NotAllowed(_("预算指标由财务复核人登记"))
    problems = {} if basis.strip() else {"basis": _("请填写依据文号")}
    if not amount_fen:
        problems["amount_fen"] = _("请填写大于 0 的金额")
    if problems or not amount_fen:
        raise InvalidInput(problems)
    record(actor, "budget_line:top_up", line, basis.strip())
    memo = _("追加预算指标 %(code)s（%(basis)s）", code=line.code, basis=basis.strip())
    ledger.direct(actor, ledger.treasury(), line.account, amount_fen, memo)


def _lock_contract(contract_id: int) -> Contract:
    """What is payable must still be true when the payout is written."""
    return db.session.scalars(
        select(Contract)
        .where(Contract.id == contract_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()


def _lock(payout: Payout) -> Payout:
    """The row as it is in the database now, locked; raises Conflict when it is not what the last step left."""
    _lock_contract(payout.contract_id)
    fresh = db.session.scalars(
        select(Payout)
        .where(Payout.id == payout.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    require_intact(fresh)
    return fresh


def _seal(payout: Payout) -> None:
    _flush()
    payout.digest = seal_of(payout)
    _flush()


def request_payout(
    actor: Actor,
    milestone: Milestone,
    kind: PayoutKind,
    budget_line: BudgetLine,
    bank_name: str,
    bank_account: str,
    amount_fen: int | None,
    basis: str,
    request_key: str,
    card_confirmed: bool = False,
) -> Payout:
    """申请兑付 of an accepted milestone: holds the amount. The same ``request_key`` gives the same payout.

    Raises InvalidInput (too much, wrong line, bad account), NotAllowed, Conflict.
    """
    _require(policies.may_request(actor, milestone))
    if not request_key:
        raise InvalidInput(_("表单不完整，请重新打开申请页"))
    contract = _lock_contract(milestone.contract_id)
    existing = db.session.scalar(select(Payout).where(Payout.request_key == request_key))
    if existing is not None:
        if (existing.milestone_id, existing.maker_id) != (milestone.id, actor.user_id):
            raise Conflict(_("这份申请已经提交过"))
        return existing
    payout = Payout(
        contract_id=contract.id, milestone_id=milestone.id, kind=kind, request_key=request_key[:80],
        maker_id=actor.user_id, state=PayoutState.REQUESTED, state_changed_at=clock.now(),
    )  # fmt: skip
    values = {"kind": kind, "budget_line": budget_line, "bank_name": bank_name, "bank_account": bank_account,
              "amount_fen": amount_fen, "basis": basis, "card_confirmed": card_confirmed}  # fmt: skip
    _fill(actor, payout, contract, milestone, values)
    db.session.add(payout)
    _flush()
    record(actor, "payout:request", payout, payout.basis)
    _seal(payout)
    _tell(payout, users_with(Role.FINANCE_CHECKER), _l("兑付待复核"))
    return payout


def _fill(actor: Actor, payout: Payout, contract: Contract, milestone: Milestone, values: dict[str, Any]) -> None:
    """Check what was asked for, write it into the row and hold the money. Raises InvalidInput."""
    payee = payee_of(contract, rules_of(contract))
    line: BudgetLine | None = values["budget_line"]
    problems = _problems(payout, contract, milestone, values)
    number = ""
    try:
        number = normal_bank_account(values["bank_account"] or "")
    except InvalidInput as problem:
        problems |= problem.errors
    if number and looks_mistyped(number, payee) and not values.get("card_confirmed"):
        problems["bank_account"] = _("卡号校验位不符，可能输错；与收款人核对无误后勾选“已核对”再提交")
    if problems or line is None:
        raise InvalidInput(problems)
    payout.kind, payout.budget_line_id = values["kind"], line.id
    payout.payee_name, payout.bank_name, payout.bank_account = payee.name, values["bank_name"].strip(), number
    payout.amount_fen, payout.basis = values["amount_fen"], values["basis"].strip()
    with db.session.no_autoflush:
        account = account_of(payee)
        payout.payee_account_id = account.id
        memo = _("合同 %(number)s 第 %(seq)d 期", number=contract.number or "", seq=milestone.seq)
        payout.hold_id = ledger.hold(actor, line.account, account, payout.amount_fen, memo).id


def _problems(payout: Payout, contract: Contract, milestone: Milestone, values: dict[str, Any]) -> dict[str, str]:
    problems = {name: _("请填写此项") for name in ("bank_name", "basis") if not (values[name] or "").strip()}
    line, amount = values["budget_line"], values["amount_fen"]
    if line is None or line.kind is not values["kind"]:
        problems["budget_line_id"] = _("请选择与类别相同的预算指标")
    most = payable_of(contract, payout if payout.id else None).now_fen
    if not amount:
        problems["amount_fen"] = _("请填写大于 0 的金额")
    elif amount > most:
        problems["amount_fen"] = _("超出目前可兑付的 %(most)s 元", most=format_yuan(most))
    elif line is not None and amount > line.account.available_fen:
        problems["amount_fen"] = _("预算指标余额不足，可用 %(most)s 元", most=format_yuan(line.account.available_fen))
    twin = select(Payout.id).where(
        Payout.milestone_id == milestone.id, Payout.kind == values["kind"], Payout.state != PayoutState.CANCELLED,
        Payout.id != (payout.id or 0),
    )  # fmt: skip
    with db.session.no_autoflush:
        if db.session.scalar(twin):
            problems["kind"] = _("这个里程碑已有同类兑付申请，不能重复申请")
    return problems


def request_again(actor: Actor, payout: Payout, values: dict[str, Any]) -> Payout:
    """Change a request that was sent back and hold the money anew. ``values`` as in request_payout.

    Raises InvalidInput.
    """
    payout = _lock(payout)
    _require(policies.may_request_again(actor, payout))
    contract = payout.contract
    # The database lets these columns change only on the way out of 退回.
    with db.session.no_autoflush:
        payout.maker_id = actor.user_id  # pyright: ignore[reportAttributeAccessIssue]
        payout.checker_id = payout.checked_at = payout.approver_id = payout.approved_at = None
        _fill(actor, payout, contract, payout.milestone, values)
        advance(payout, "request_again", actor)
    _seal(payout)
    _tell(payout, users_with(Role.FINANCE_CHECKER), _l("兑付待复核"))
    return payout


def check_payout(actor: Actor, payout: Payout) -> None:
    """复核通过 by another person than the maker."""
    payout = _lock(payout)
    _require(policies.may_check(actor, payout))
    payout.checker_id, payout.checked_at = actor.user_id, clock.now()
    advance(payout, "check", actor)
    _seal(payout)
    _tell(payout, users_with(Role.DIVISION_HEAD), _l("兑付待审批"))


def approve_payout(actor: Actor, payout: Payout) -> None:
    """审批通过 by a third person."""
    payout = _lock(payout)
    _require(policies.may_approve(actor, payout))
    payout.approver_id, payout.approved_at = actor.user_id, clock.now()
    advance(payout, "approve", actor)
    _seal(payout)
    _tell(payout, [payout.maker_id], _l("兑付已审批，待支付"))


def send_back_payout(actor: Actor, payout: Payout, reason: str) -> None:
    """退回经办 by the checker; the money is free again."""
    payout = _lock(payout)
    _require(policies.may_check(actor, payout))
    _return_to_maker(actor, payout, "send_back", reason)


def refuse_payout(actor: Actor, payout: Payout, reason: str) -> None:
    """不同意 by the approver; the money is free again."""
    payout = _lock(payout)
    _require(policies.may_approve(actor, payout))
    _return_to_maker(actor, payout, "refuse", reason)


def _return_to_maker(actor: Actor, payout: Payout, event: str, reason: str) -> None:
    _require_reason(reason)
    payout.note = reason.strip()
    advance(payout, event, actor, reason.strip())
    ledger.void(actor, payout.hold, _("退回：%(reason)s", reason=reason.strip()))
    _seal(payout)
    _tell(payout, [payout.maker_id], _l("兑付申请被退回"))


def cancel_payout(actor: Actor, payout: Payout, reason: str) -> None:
    """取消 with a reason; what was held is released."""
    payout = _lock(payout)
    _require(policies.may_cancel(actor, payout))
    _require_reason(reason)
    was_held = payout.state is not PayoutState.SENT_BACK
    payout.note = reason.strip()
    advance(payout, "cancel", actor, reason.strip())
    # Sealed together with the move: a cancelled row is frozen by the database.
    payout.digest = seal_of(payout)
    _flush()
    if was_held:
        ledger.void(actor, payout.hold, _("取消：%(reason)s", reason=reason.strip()))


def confirm_paid(actor: Actor, payout: Payout, bank_reference: str, paid_on: date | None) -> None:
    """登记到账: the bank's reference and day; what was held is paid. Raises InvalidInput, Conflict."""
    payout = _lock(payout)
    _require(policies.may_confirm_paid(actor, payout))
    reference = bank_reference.strip()
    problems = {} if reference else {"bank_reference": _("请填写银行回单号")}
    taken = select(Payout.id).where(Payout.bank_reference == reference)
    if reference and db.session.scalar(taken):
        problems["bank_reference"] = _("这个银行回单号已用于另一笔兑付")
    if paid_on is None:
        problems["paid_on"] = _("请填写到账日期")
    elif paid_on > clock.today():
        problems["paid_on"] = _("到账日期不能晚于今天")
    elif payout.approved_at and paid_on < clock.local(payout.approved_at).date():
        problems["paid_on"] = _("到账日期不能早于审批日期")
    if problems:
        raise InvalidInput(problems)
    with db.session.no_autoflush:
        payout.bank_reference, payout.paid_on = reference, paid_on
        memo = _("银行回单 %(reference)s", reference=reference)
        posted = ledger.post(actor, payout.hold, memo)
        payout.post_id = posted.id
        advance(payout, "confirm_paid", actor, reference)
        # Sealed together with the move: a paid row is frozen by the database.
        payout.digest = seal_of(payout)
    _flush()
    _tell(payout, [payout.contract.solver.lead_id, payout.checker_id], _l("兑付已到账"))


def _require_reason(reason: str) -> None:
    if len(reason.strip()) < 5:
        raise InvalidInput({"reason": _("请写明理由，至少 5 个字")})


def _tell(payout: Payout, user_ids: list[int | None] | list[int], subject: Text) -> None:
    """No amount and no account in a message: they are read where the right to see them is checked."""
    title = payout.contract.challenge.title
    notify(
        user_ids,
        subject,
        _l("项目：%(title)s", title=title),
        f"/payouts/{payout.id}",
        key=f"payout:{payout.id}:{payout.state.value}:{payout.lock}",
    )
