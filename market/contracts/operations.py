"""Use cases of contracts and milestones: draft, confirm, sign, register, report, accept, end."""

from datetime import date, timedelta
from typing import Any

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from market import clock
from market.accounts.queries import users_with
from market.attachments.models import Attachment
from market.attachments.operations import remove_attachment, store_upload
from market.attachments.queries import attachments_of
from market.audit.journal import record
from market.bids.models import Bid
from market.challenges.models import ChallengeState
from market.contracts import policies
from market.contracts.models import Contract, ContractKind, ContractState, Milestone, MilestoneState
from market.contracts.queries import (
    amount_limit,
    awarded_on,
    contract_of_bid,
    frozen_indicators,
    is_met,
    live_contracts_of,
    milestones_of,
    next_milestone,
    unsigned_awards_of,
)
from market.database import db
from market.errors import Conflict, InvalidInput, NotAllowed
from market.jobs import enqueue
from market.needs.content import Ownership
from market.notices.queries import blocks_signing
from market.notifications.operations import Text, notify
from market.permissions import Actor, Role, Verdict
from market.programmes.queries import rules_of
from market.workflow import advance

SCAN_SLOTS = ("signed_scan", "pledge")


def _require(verdict: Verdict) -> None:
    if not verdict:
        raise NotAllowed(verdict.reason)


def _require_open_to_signing(bid: Bid) -> None:
    """Raises Conflict while an objection or the notice still stands in the way."""
    verdict = blocks_signing(bid.challenge)
    if not verdict:
        raise Conflict(verdict.reason)


def draft_contract(actor: Actor, bid: Bid, values: dict[str, Any]) -> Contract:
    """拟定 for an awarded bid. ``values``: kind, amount_fen, rd_total_fen, ownership, starts_on, ends_on, milestones.

    Indicators are frozen from the version that was bid for. A draft that was terminated before signing does not stand
    in the way of another. Raises InvalidInput, NotAllowed, Conflict.
    """
    _require(policies.may_draft(actor, bid))
    _require_open_to_signing(bid)
    # Two at once: the second must see the first one's draft.
    db.session.refresh(bid, with_for_update={"key_share": True, "of": Bid})
    if contract_of_bid(bid) is not None:
        raise Conflict(_("这项揭榜已经拟定过合同"))
    _check_terms(bid, values)
    contract = Contract(
        challenge_id=bid.challenge_id,
        challenge_version=bid.challenge_version,
        bid_id=bid.id,
        organisation_id=bid.challenge.organisation_id,
        solver_id=bid.solver_id,
        district_code=bid.challenge.district_code,
        indicators=frozen_indicators(bid),
        drafted_by_id=actor.user_id,
        **_terms(values),
    )
    db.session.add(contract)
    db.session.flush()  # Milestones and the audit entry name the contract.
    _write_milestones(contract, values["milestones"])
    record(actor, "contract:draft", contract)
    _tell_parties(contract, _l("合同文本待确认"), _l("主管处室已拟定揭榜合同，请核对金额、指标和里程碑后确认。"))
    return contract


def redraft_contract(actor: Actor, contract: Contract, values: dict[str, Any], reason: str) -> Contract:
    """Change the text before signing. Both confirmations are cleared: both sides read the new text."""
    _require(policies.may_manage(actor, contract))
    problems = {} if reason.strip() else {"reason": _("请写明修改了什么、为什么")}
    _check_terms(contract.bid, values, problems)
    advance(contract, "redraft", actor, reason)
    for name, value in _terms(values).items():
        setattr(contract, name, value)
    contract.poster_confirmed_at = contract.poster_confirmed_by_id = None
    contract.solver_confirmed_at = contract.solver_confirmed_by_id = None
    for milestone in milestones_of(contract):
        db.session.delete(milestone)
    db.session.flush()  # The numbers of the old milestones must be free.
    _write_milestones(contract, values["milestones"])
    _tell_parties(contract, _l("合同文本已修改，请重新确认"), reason)
    return contract


def _terms(values: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": ContractKind(values.get("kind") or ContractKind.COMMISSIONED),
        "ownership": Ownership(values.get("ownership") or Ownership.BY_CONTRACT),
        **{name: values[name] for name in ("amount_fen", "rd_total_fen", "starts_on", "ends_on")},
    }


def _write_milestones(contract: Contract, rows: list[dict[str, Any]]) -> None:
    for seq, row in enumerate(rows, start=1):
        db.session.add(
            Milestone(contract_id=contract.id, seq=seq, **{n: row[n] for n in ("content", "due_on", "percent")})
        )


def _check_terms(bid: Bid, values: dict[str, Any], problems: dict[str, str] | None = None) -> None:
    problems = {} if problems is None else problems
    amount, total = values.get("amount_fen"), values.get("rd_total_fen")
    limit, what = amount_limit(bid)
    if not amount:
        problems["amount_fen"] = _("请填写合同金额；不限定榜额和面议的榜单填双方商定的金额")
    elif limit is not None and amount > limit:
        problems["amount_fen"] = _(
            "合同金额不能超过%(what)s %(most)s 万元", what=what, most=f"{limit / 1_000_000:,.2f}"
        )
    if not total:
        problems["rd_total_fen"] = _("请填写项目研发总投入")
    elif amount and total < amount:
        problems["rd_total_fen"] = _("研发总投入不能少于合同金额")
    starts, ends = values.get("starts_on"), values.get("ends_on")
    if not starts:
        problems["starts_on"] = _("请填写开始日期")
    if not ends:
        problems["ends_on"] = _("请填写结束日期")
    elif starts and ends <= starts:
        problems["ends_on"] = _("结束日期应晚于开始日期")
    _check_milestones(bid, values, problems)
    if problems:
        raise InvalidInput(problems)


def _check_milestones(bid: Bid, values: dict[str, Any], problems: dict[str, str]) -> None:
    rows = values.get("milestones") or []
    most = rules_of(bid).milestones_most
    days = [row.get("due_on") for row in rows]
    if not rows:
        problems["milestones"] = _("请至少填写一个里程碑")
    elif len(rows) > most:
        problems["milestones"] = _("里程碑最多 %(most)d 个", most=most)
    elif any(not row.get("content") or not row.get("due_on") or row.get("percent") is None for row in rows):
        problems["milestones"] = _("每个里程碑都要有内容、日期和付款比例")
    elif sum(row["percent"] for row in rows) != 100:
        problems["milestones"] = _("付款比例之和应为 100%%，现在是 %(sum)d%%", sum=sum(row["percent"] for row in rows))
    elif days != sorted(days):  # pyright: ignore[reportArgumentType]
        problems["milestones"] = _("里程碑日期应按先后排列")
    elif not (values.get("starts_on") or days[0]) <= days[0] <= days[-1] <= (values.get("ends_on") or days[-1]):
        problems["milestones"] = _("里程碑日期应在合同起止日期之内")


def confirm_contract(actor: Actor, contract: Contract) -> None:
    """The poster's signatory or the team's lead agrees to the text; the second of them makes it 双方已确认."""
    _require(policies.may_confirm(actor, contract))
    if policies.side_of(actor, contract) == "poster":
        contract.poster_confirmed_at, contract.poster_confirmed_by_id = clock.now(), actor.user_id
    else:
        contract.solver_confirmed_at, contract.solver_confirmed_by_id = clock.now(), actor.user_id
    both = contract.poster_confirmed_at and contract.solver_confirmed_at
    advance(contract, "agree" if both else "confirm", actor)
    if both:
        message = _l("双方已确认合同文本，请上传签署扫描件并登记签署。")
        notify(
            users_with(Role.CITY_OFFICER),
            _l("合同待登记签署"),
            message,
            _url(contract),
            key=f"contract:{contract.id}:agreed:{contract.lock}",
        )


def attach_scan(actor: Actor, contract: Contract, slot: str, file: FileStorage) -> Attachment:
    """合同签署扫描件 (``signed_scan``) or 军令状 (``pledge``). Raises InvalidInput under ``file``."""
    _require(policies.may_attach(actor, contract))
    if slot not in SCAN_SLOTS:
        raise InvalidInput({"slot": _("请选择附件类型")})
    return store_upload(actor, contract, slot, file, limit_mb=rules_of(contract).attachment_mb_most, field="file")


def remove_scan(actor: Actor, contract: Contract, attachment: Attachment) -> None:
    """Before signing only; afterwards the scans are evidence."""
    _require(policies.may_attach(actor, contract))
    if contract.state not in (ContractState.DRAFT, ContractState.AGREED):
        raise Conflict(_("合同已登记签署，扫描件不能再移除"))
    remove_attachment(actor, attachment)


def sign_contract(actor: Actor, contract: Contract, number: str, signed_on: date | None) -> None:
    """登记签署: number and day of the signature that the scan shows; challenge and bid follow. Raises InvalidInput."""
    _require(policies.may_manage(actor, contract))
    problems = {}
    number = number.strip()
    if not number:
        problems["number"] = _("请填写合同编号")
    elif db.session.scalar(select(Contract.id).where(Contract.number == number, Contract.id != contract.id)):
        problems["number"] = _("这个合同编号已被使用")
    award_day = awarded_on(contract.bid)
    if signed_on is None:
        problems["signed_on"] = _("请填写签署日期")
    elif signed_on > clock.today():
        problems["signed_on"] = _("签署日期不能晚于今天")
    elif award_day and signed_on < award_day:
        problems["signed_on"] = _("签署日期不能早于中榜确定日 %(day)s", day=award_day.isoformat())
    if contract.state is ContractState.AGREED and not attachments_of(contract, "signed_scan"):
        problems[""] = _("请先上传双方签署的合同扫描件")
    if problems:
        raise InvalidInput(problems)
    _require_open_to_signing(contract.bid)
    contract.number, contract.signed_on = number, signed_on
    advance(contract, "sign", actor, _("合同编号 %(number)s", number=number))
    advance(contract.bid, "contract", actor)
    advance(contract.challenge, "sign", actor)
    enqueue("search.update", {"kind": "challenge", "id": contract.challenge_id})
    _tell_parties(contract, _l("合同已登记签署"), _l("合同编号 %(number)s，请按里程碑实施。", number=number))


def register_contract(actor: Actor, contract: Contract, values: dict[str, Any]) -> None:
    """技术合同登记. ``values``: office, number, registered_on, turnover_fen ≥ technology_fen. Raises InvalidInput."""
    _require(policies.may_manage(actor, contract))
    problems = _registration_problems(contract, values)
    if problems:
        raise InvalidInput(problems)
    contract.registration_office = values["office"]
    contract.registration_number = values["number"]
    contract.registered_on = values["registered_on"]
    contract.turnover_fen, contract.technology_fen = values["turnover_fen"], values["technology_fen"]
    advance(contract, "register", actor, values["number"])


def _registration_problems(contract: Contract, values: dict[str, Any]) -> dict[str, str]:
    problems = {
        name: _("请填写此项")
        for name in ("office", "number", "registered_on", "turnover_fen", "technology_fen")
        if values.get(name) in (None, "")
    }
    on = values.get("registered_on")
    if on and on > clock.today():
        problems["registered_on"] = _("登记日期不能晚于今天")
    elif on and contract.signed_on and on < contract.signed_on:
        problems["registered_on"] = _("登记日期不能早于签署日期")
    turnover, technology = values.get("turnover_fen"), values.get("technology_fen")
    if turnover is not None and technology is not None and turnover < technology:
        problems["technology_fen"] = _("技术交易额不能大于成交额")
    taken = select(Contract.id).where(Contract.registration_number == values.get("number"), Contract.id != contract.id)
    if values.get("number") and db.session.scalar(taken):
        problems["number"] = _("这个登记编号已用于另一份合同")
    return problems


def report_milestone(
    actor: Actor, milestone: Milestone, report: str, measured: dict[str, str], files: list[FileStorage] | None = None
) -> None:
    """The lead reports what was done. ``measured``: indicator name → value as measured; may be empty."""
    _require(policies.may_report(actor, milestone))
    following = next_milestone(milestone.contract)
    if following is None or following.id != milestone.id:
        raise Conflict(_("请先完成前一个里程碑"))
    problems = {} if len(report.strip()) >= 10 else {"report": _("请写明完成情况，至少 10 个字")}
    indicators = {indicator["name"]: indicator for indicator in milestone.contract.indicators}
    is_last = milestone.seq == max(m.seq for m in milestones_of(milestone.contract))
    for index, name in enumerate(indicators):
        value = measured.get(name, "").strip()
        if is_last and not value:
            problems[f"measured_{index}"] = _("最后一个里程碑要填写每项指标的实测值")
        elif len(value) > 60:
            problems[f"measured_{index}"] = _("最多 60 个字")
    if problems:
        raise InvalidInput(problems)
    milestone.report = report.strip()
    milestone.measured = [
        {"name": name, "measured": value.strip(), "met": is_met(indicators[name], value.strip())}
        for name, value in measured.items()
        if name in indicators and value.strip()
    ]
    milestone.reported_at, milestone.reported_by_id = clock.now(), actor.user_id
    limit_mb = rules_of(milestone).attachment_mb_most
    for file in files or []:
        store_upload(actor, milestone, "evidence", file, limit_mb=limit_mb, field="files")
    advance(milestone, "report", actor)
    contract = milestone.contract
    signatories = users_with(Role.FIRM_SIGNATORY, contract.organisation_id)
    notify(
        signatories,
        _l("里程碑待验收"),
        milestone.content,
        _url(contract, "/milestones"),
        key=f"milestone:{milestone.id}:reported:{milestone.lock}",
    )


def accept_milestone(actor: Actor, milestone: Milestone, opinion: str) -> None:
    """验收通过 with the poster's written opinion (用户意见): after it the instalment may be paid."""
    _require(policies.may_judge(actor, milestone))
    if len(opinion.strip()) < 5:
        raise InvalidInput({"opinion": _("请写明用户意见，至少 5 个字")})
    milestone.verdict_note = opinion.strip()
    milestone.accepted_at, milestone.accepted_by_id = clock.now(), actor.user_id
    advance(milestone, "accept", actor, milestone.verdict_note)
    contract = milestone.contract
    told = [contract.solver.lead_id, *users_with(Role.CITY_OFFICER), *users_with(Role.FINANCE_MAKER)]
    notify(
        told,
        _l("里程碑已通过验收"),
        milestone.content,
        _url(contract, "/milestones"),
        key=f"milestone:{milestone.id}:accepted",
    )


def send_back_milestone(actor: Actor, milestone: Milestone, reason: str) -> None:
    """退回整改 with a reason; counted."""
    _require(policies.may_judge(actor, milestone))
    if len(reason.strip()) < 5:
        raise InvalidInput({"opinion": _("请写明退回理由和整改要求，至少 5 个字")})
    milestone.verdict_note = reason.strip()
    milestone.sent_back += 1
    advance(milestone, "send_back", actor, milestone.verdict_note)
    contract = milestone.contract
    notify(
        [contract.solver.lead_id],
        _l("里程碑退回整改"),
        reason,
        _url(contract, "/milestones"),
        key=f"milestone:{milestone.id}:back:{milestone.sent_back}",
    )


def rectification_due(milestone: Milestone) -> date | None:
    """The day until which a milestone that was sent back is to be put right (rules.rectification_months)."""
    if milestone.state is not MilestoneState.SENT_BACK or milestone.state_changed_at is None:
        return None
    months = rules_of(milestone.contract).rectification_months
    on = clock.local(milestone.state_changed_at).date()
    year, month = divmod(on.year * 12 + on.month - 1 + months, 12)
    first = date(year, month + 1, 1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return min(first + timedelta(days=on.day - 1), last)


def complete_contract(actor: Actor, contract: Contract, reason: str = "") -> None:
    """验收通过: only when every milestone was accepted."""
    _require(policies.may_manage(actor, contract))
    if any(m.state is not MilestoneState.ACCEPTED for m in milestones_of(contract)):
        raise Conflict(_("还有里程碑没有通过验收，不能登记验收通过"))
    _end(actor, contract, "complete", reason)


def close_contract(actor: Actor, contract: Contract, reason: str) -> None:
    """结题: ended diligently without passing as a success."""
    _require(policies.may_manage(actor, contract))
    _require_reason(reason)
    _end(actor, contract, "close", reason)


def terminate_contract(actor: Actor, contract: Contract, reason: str) -> None:
    """终止, also of a draft."""
    _require(policies.may_manage(actor, contract))
    _require_reason(reason)
    _end(actor, contract, "terminate", reason)


def _require_reason(reason: str) -> None:
    if len(reason.strip()) < 5:
        raise InvalidInput({"reason": _("请写明理由，至少 5 个字")})


def _end(actor: Actor, contract: Contract, event: str, reason: str) -> None:
    contract.ended_reason, contract.ended_on = reason.strip(), clock.today()
    advance(contract, event, actor, reason.strip())
    _tell_parties(contract, _l("合同状态变更：%(state)s", state=LazyString(lambda: contract.state.label)), reason)
    challenge = contract.challenge
    db.session.flush()  # The queries below must see this contract as ended.
    finished = not live_contracts_of(challenge) and not unsigned_awards_of(challenge)
    if challenge.state is ChallengeState.RUNNING and finished:
        challenge.ended_at = clock.now()
        advance(challenge, "complete", actor)
        enqueue("search.update", {"kind": "challenge", "id": challenge.id})


def _url(contract: Contract, tab: str = "") -> str:
    return f"/contracts/{contract.id}{tab}"


def _tell_parties(contract: Contract, subject: Text, body: Text) -> None:
    told = [contract.solver.lead_id, *users_with(Role.FIRM_SIGNATORY, contract.organisation_id)]
    notify(told, subject, body, _url(contract))
