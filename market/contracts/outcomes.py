"""Use cases of what came of a contract: 研发支出 reported and confirmed, 自报成效 declared and withdrawn."""

from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from market import clock
from market.accounts.queries import users_with
from market.attachments.operations import store_upload
from market.audit.journal import record
from market.contracts import policies
from market.contracts.models import Contract, DeclaredResult, ResultKind, SpendReport, SpendState
from market.contracts.queries import confirmed_spending
from market.database import db
from market.errors import InvalidInput, NotAllowed
from market.money import format_wan
from market.notifications.operations import Text, notify
from market.permissions import Actor, Role, Verdict
from market.programmes.queries import rules_of
from market.workflow import advance


def _require(verdict: Verdict) -> None:
    if not verdict:
        raise NotAllowed(verdict.reason)


def _lock(contract: Contract) -> None:
    """What was compared with the earlier rows must still be true when the new one is written."""
    db.session.refresh(contract, with_for_update={"key_share": True, "of": Contract})


def report_spending(
    actor: Actor, contract: Contract, values: dict[str, Any], files: list[FileStorage] | None = None
) -> SpendReport:
    """报送研发支出 up to a day, with evidence. ``values``: until, total_fen, fiscal_fen, note. Raises InvalidInput."""
    _require(policies.may_report_spending(actor, contract))
    _lock(contract)
    problems = _spending_problems(contract, values)
    if not files:
        problems["files"] = _("请上传支出明细账、审计报告或银行回单等证明材料")
    if problems:
        raise InvalidInput(problems)
    report = SpendReport(
        contract_id=contract.id, until=values["until"], total_fen=values["total_fen"], fiscal_fen=values["fiscal_fen"],
        note=values["note"].strip(), state=SpendState.REPORTED, state_changed_at=clock.now(),
        reported_by_id=actor.user_id,
    )  # fmt: skip
    db.session.add(report)
    db.session.flush()  # The evidence names the report.
    record(actor, "spend_report:report", report, _("截至 %(day)s", day=report.until.isoformat()))
    limit_mb = rules_of(contract).attachment_mb_most
    for file in files or []:
        store_upload(actor, report, "evidence", file, limit_mb=limit_mb, field="files")
    told = users_with(Role.FIRM_SIGNATORY, contract.organisation_id)
    _tell(told, contract, _l("研发支出待确认"), f"spending:{report.id}")
    return report


def _spending_problems(contract: Contract, values: dict[str, Any]) -> dict[str, str]:
    problems: dict[str, str] = {}
    until, total, fiscal = values.get("until"), values.get("total_fen"), values.get("fiscal_fen")
    if len((values.get("note") or "").strip()) < 10:
        problems["note"] = _("请说明支出构成和依据，至少 10 个字")
    if fiscal is None:
        problems["fiscal_fen"] = _("请填写其中财政资金支出，没有的填 0")
    elif total and fiscal > total:
        problems["fiscal_fen"] = _("财政资金支出不能大于支出总额")
    if not total:
        problems["total_fen"] = _("请填写大于 0 的支出总额")
    if until is None:
        problems["until"] = _("请填写截止日期")
    elif until > clock.today():
        problems["until"] = _("截止日期不能晚于今天")
    elif contract.signed_on and until < contract.signed_on:
        problems["until"] = _("截止日期不能早于合同签署日期")
    waiting = select(SpendReport.id).where(
        SpendReport.contract_id == contract.id, SpendReport.state == SpendState.REPORTED
    )
    if db.session.scalar(waiting):
        problems[""] = _("上一份研发支出还没有确认，确认或退回后再报")
    last = confirmed_spending(contract)
    if last and until and until < last.until:
        problems.setdefault("until", _("已有截至 %(day)s 的确认数，不能再报更早的", day=last.until.isoformat()))
    elif last and until and until > last.until and total and total < last.total_fen:
        problems["total_fen"] = _(
            "累计支出不能少于上次确认的 %(least)s 万元；上次多报的，请报送同一截止日期的更正数",
            least=format_wan(last.total_fen),
        )
    return problems


def confirm_spending(actor: Actor, report: SpendReport, note: str = "") -> None:
    """确认 by the poster: from now on it counts as actual R&D spending (J14a)."""
    _decide(actor, report, "confirm", note)


def send_back_spending(actor: Actor, report: SpendReport, note: str) -> None:
    """退回 with a reason; the lead reports anew. Raises InvalidInput."""
    if len(note.strip()) < 5:
        raise InvalidInput({"opinion": _("请写明退回理由，至少 5 个字")})
    _decide(actor, report, "send_back", note)


def _decide(actor: Actor, report: SpendReport, event: str, note: str) -> None:
    _require(policies.may_judge_spending(actor, report))
    report.decided_by_id, report.verdict_note = actor.user_id, note.strip()
    advance(report, event, actor, note.strip())
    subject = _l("研发支出已确认") if event == "confirm" else _l("研发支出被退回")
    _tell([report.contract.solver.lead_id], report.contract, subject, f"spending:{report.id}:{event}")


def declare_result(
    actor: Actor, contract: Contract, values: dict[str, Any], files: list[FileStorage] | None = None
) -> DeclaredResult:
    """自报成效 of a stretch of days. ``values``: kind, first_day, last_day, amount_fen or quantity, explanation.

    Stretches of one kind must not overlap, so that nothing is counted twice. Raises InvalidInput.
    """
    _require(policies.may_declare(actor, contract))
    _lock(contract)
    problems = _result_problems(contract, values)
    if problems:
        raise InvalidInput(problems)
    kind = ResultKind(values["kind"])
    result = DeclaredResult(
        contract_id=contract.id, kind=kind, first_day=values["first_day"], last_day=values["last_day"],
        amount_fen=values["amount_fen"] if kind.is_money else None,
        quantity=None if kind.is_money else values["quantity"], explanation=values["explanation"].strip(),
        has_evidence=bool(files), declared_by_id=actor.user_id,
    )  # fmt: skip
    db.session.add(result)
    db.session.flush()  # The evidence names the result.
    record(actor, "declared_result:declare", result, str(kind.label))
    limit_mb = rules_of(contract).attachment_mb_most
    for file in files or []:
        store_upload(actor, result, "evidence", file, limit_mb=limit_mb, field="files")
    return result


def _result_problems(contract: Contract, values: dict[str, Any]) -> dict[str, str]:
    problems: dict[str, str] = {}
    if values.get("kind") not in {kind.value for kind in ResultKind}:
        return {"kind": _("请选择成效类别")}
    kind = ResultKind(values["kind"])
    if kind.is_money and not values.get("amount_fen"):
        problems["amount_fen"] = _("请填写大于 0 的金额")
    if not kind.is_money and not values.get("quantity"):
        problems["quantity"] = _("请填写大于 0 的件数")
    if len((values.get("explanation") or "").strip()) < 10:
        problems["explanation"] = _("请说明成效从何而来、如何计算，至少 10 个字")
    problems |= _day_problems(contract, kind, values.get("first_day"), values.get("last_day"))
    return problems


def _day_problems(contract: Contract, kind: ResultKind, first: date | None, last: date | None) -> dict[str, str]:
    problems = {name: _("请填写日期") for name, day in (("first_day", first), ("last_day", last)) if day is None}
    if first is None or last is None:
        return problems
    if contract.signed_on and first < contract.signed_on:
        problems["first_day"] = _("起始日期不能早于合同签署日期")
    if last > clock.today():
        problems["last_day"] = _("截止日期不能晚于今天")
    elif last < first:
        problems["last_day"] = _("截止日期不能早于起始日期")
    overlaps = select(DeclaredResult.first_day, DeclaredResult.last_day).where(
        DeclaredResult.contract_id == contract.id, DeclaredResult.kind == kind, DeclaredResult.withdrawn_at.is_(None),
        DeclaredResult.first_day <= last, DeclaredResult.last_day >= first,
    )  # fmt: skip
    other = db.session.execute(overlaps.limit(1)).first()
    if other and not problems:
        problems["first_day"] = _(
            "与已申报的 %(first)s 至 %(last)s 重叠，同一段时间不能重复计算",
            first=other.first_day.isoformat(), last=other.last_day.isoformat(),
        )  # fmt: skip
    return problems


def withdraw_result(actor: Actor, result: DeclaredResult, reason: str) -> None:
    """撤回 a wrong declaration; the row stays, and no longer counts. Raises InvalidInput."""
    _require(policies.may_withdraw(actor, result))
    if len(reason.strip()) < 5:
        raise InvalidInput({"reason": _("请写明理由，至少 5 个字")})
    result.withdrawn_at, result.withdrawn_reason = clock.now(), reason.strip()
    record(actor, "declared_result:withdraw", result, reason.strip())


def _tell(user_ids: list[int], contract: Contract, subject: Text, key: str) -> None:
    notify(
        user_ids,
        subject,
        _l("项目：%(title)s", title=contract.challenge.title),
        f"/contracts/{contract.id}/outcomes",
        key=f"contract:{contract.id}:{key}",
    )
