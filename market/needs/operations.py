"""Writes of needs: drafting and submitting by the firm, the checks of district and division, the panel's result."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import FileStorage

from market import clock
from market.accounts.models import Organisation, OrganisationKind, OrganisationState
from market.accounts.queries import users_with
from market.attachments.models import Attachment
from market.attachments.operations import remove_attachment, store_upload
from market.attachments.queries import attachments_of
from market.audit.journal import record
from market.database import db
from market.errors import InvalidInput, NotAllowed
from market.integrity.queries import active_record_of
from market.needs import policies
from market.needs.checks import clean_values, differs, only_chosen_amounts, problems_of
from market.needs.models import Need, NeedFollowUp, NeedState
from market.needs.queries import firms_by_uscc
from market.needs.sections import FIELD_LABELS
from market.notifications.operations import Text, notify
from market.permissions import Actor, Permission, Role, Verdict
from market.programmes.models import Cycle
from market.programmes.queries import rules_of, takes_needs
from market.workflow import advance

COMMITMENT = "commitment"


def _require(verdict: Verdict) -> None:
    if not verdict:
        raise NotAllowed(verdict.reason)


def _text(value: str | None, field: str, message: str, most: int = 2000) -> str:
    text = (value or "").strip()
    if not text:
        raise InvalidInput({field: message})
    if len(text) > most:
        raise InvalidInput({field: _("最多 %(max)d 个字", max=most)})
    return text


def create_need(actor: Actor, cycle: Cycle, organisation: Organisation, values: Mapping[str, Any]) -> Need:
    """A draft of the firm in an open cycle. Raises InvalidInput for values that fit no column."""
    if organisation.id not in actor.organisations_with(Permission.NEED_WRITE):
        raise NotAllowed(_("只有本企业的撰榜人和签约人可以填写"))
    return _add_draft(actor, cycle, organisation, values)


def import_need(actor: Actor, cycle: Cycle, organisation: Organisation, values: Mapping[str, Any]) -> Need:
    """A draft from a ledger: by the firm itself, or by its district's officer on the firm's behalf."""
    if not (
        organisation.id in actor.organisations_with(Permission.NEED_WRITE)
        or actor.covers(Permission.NEED_CHECK_DISTRICT, district_code=organisation.district_code)
    ):
        raise NotAllowed(_("只能导入本企业或本区县企业的需求"))
    need = _add_draft(actor, cycle, organisation, values)
    if organisation.id not in actor.organisation_ids:
        _tell_firm(need, _l("科技局已代为录入需求草稿"), _l("请核对补充后由签约人提交；提交前科技局看不到草稿。"))
    return need


def import_ledger(actor: Actor, cycle: Cycle, rows: Sequence[tuple[int, str, Mapping[str, Any]]]) -> int:
    """Drafts from [(row in the sheet, USCC, values)]: all of them, or none and InvalidInput naming every bad row."""
    firms = firms_by_uscc([uscc for _row, uscc, _values in rows])
    errors: dict[str, str] = {}
    for number, uscc, values in rows:
        try:
            firm = firms.get(uscc)
            if firm is None:
                raise InvalidInput(_("没有统一社会信用代码为“%(uscc)s”的企业，请先登记单位", uscc=uscc[:30]))
            import_need(actor, cycle, firm, values)
        except (InvalidInput, NotAllowed) as problem:
            errors[f"row-{number}"] = _("第 %(row)d 行：%(message)s", row=number, message=problem.message)
    if errors:
        raise InvalidInput(errors)
    return len(rows)


def _add_draft(actor: Actor, cycle: Cycle, organisation: Organisation, values: Mapping[str, Any]) -> Need:
    if organisation.kind is not OrganisationKind.FIRM:
        raise InvalidInput({"organisation_id": _("需求由企业提出")})
    if not takes_needs(cycle):
        raise InvalidInput({"cycle_id": _("这个批次不在征集时间内")})
    need = Need(
        cycle_id=cycle.id,
        organisation_id=organisation.id,
        district_code=organisation.district_code,
        author_id=actor.user_id,
        **only_chosen_amounts(clean_values(values)),
    )
    db.session.add(need)
    record(actor, "need:create", need)
    db.session.flush()  # Pages and attachments are named by its number.
    return need


def edit_need(actor: Actor, need: Need, values: Mapping[str, Any]) -> None:
    """Save any part of a draft or a returned need; it may stay half-empty. The remark on a changed field is settled."""
    _require(policies.may_edit(actor, need))
    cleaned = only_chosen_amounts(clean_values(values))
    record(actor, "need:edit", need)
    changed = {name for name, value in cleaned.items() if differs(name, getattr(need, name), value)}
    for name in changed:
        setattr(need, name, cleaned[name])
    if changed & set(need.remarks):
        need.remarks = {name: text for name, text in need.remarks.items() if name not in changed}


def attach_commitment(actor: Actor, need: Need, file: FileStorage) -> Attachment:
    """出资承诺函, or another document that backs the need."""
    _require(policies.may_edit(actor, need))
    limit = rules_of(need).attachment_mb_most
    return store_upload(actor, need, COMMITMENT, file, limit_mb=limit, confidential=True, field="file")


def detach(actor: Actor, need: Need, attachment: Attachment) -> None:
    _require(policies.may_edit(actor, need))
    remove_attachment(actor, attachment)


def ask_to_submit(actor: Actor, need: Need) -> None:
    """The author asks the firm's signatories to look and submit. Raises InvalidInput while anything is missing."""
    _require(policies.may_edit(actor, need))
    if problems := submission_problems(need):
        raise InvalidInput(_("还有 %(count)s 处需要补充，补齐后才能请签约人提交", count=len(problems)))
    signatories = users_with(Role.FIRM_SIGNATORY, organisation_id=need.organisation_id)
    if not signatories:
        raise InvalidInput(_("本企业还没有签约人，请先由单位管理员邀请"))
    record(actor, "need:ask_to_submit", need)
    notify(
        signatories,
        _l("请提交需求：%(title)s", title=need.title or _l("（未命名）")),
        _l("%(name)s 已填好这条需求，请核对后提交。", name=actor.name),
        f"/needs/{need.id}/submit",
    )


def submission_problems(need: Need) -> dict[str, str]:
    """Everything that keeps the need from being submitted; ``""`` is about the firm or the call, not a field."""
    rules = rules_of(need)
    problems = problems_of(need, rules)
    if rules.commitment_letter_required and not attachments_of(need, COMMITMENT):
        problems[COMMITMENT] = _("请上传盖章的出资承诺函，上传后才能提交")
    whole = firm_problem(need.organisation, rules.poster_age_years_least)
    if need.first_submitted_at is None and not takes_needs(need.cycle):
        whole = _("本批次不在征集时间内，不能提交")
    return problems | ({"": whole} if whole else {})


def firm_problem(organisation: Organisation, years: int) -> str:
    """What keeps the firm from posting anything now, or an empty text."""
    if organisation.state is not OrganisationState.VERIFIED:
        return _("企业尚未通过单位核验，核验后才能提交")
    barred = active_record_of(organisation_id=organisation.id)
    if barred:
        return _("企业在失信惩戒期内（至 %(end)s），不能发榜", end=barred.ends_on)
    if organisation.registered_on is None:
        return _("单位登记中没有成立日期，请联系核验单位的科技局经办补充")
    today = clock.today()
    if (today.year - years, today.month, today.day) < _triple(organisation):
        return _("企业成立应满 %(years)d 年", years=years)
    return ""


def _triple(organisation: Organisation) -> tuple[int, int, int]:
    day = organisation.registered_on or clock.today()
    return day.year, day.month, day.day


def submit_need(actor: Actor, need: Need) -> None:
    """草稿/退回 → 待区县审核. Raises InvalidInput naming everything the rules still ask for."""
    _require(policies.may_submit(actor, need))
    problems = submission_problems(need)
    if problems:
        raise InvalidInput(problems)
    advance(need, "submit", actor)
    need.district_code = need.organisation.district_code
    need.first_submitted_at = need.first_submitted_at or clock.now()
    need.submitted_by_id = actor.user_id
    need.remarks, need.decision_reason = {}, ""
    officers = users_with(Role.DISTRICT_OFFICER, district_code=need.district_code) if need.district_code else []
    _tell(need, officers or users_with(Role.CITY_OFFICER), _l("新需求待审核：%(title)s", title=need.title), "")


def _tell(need: Need, people: Sequence[int], subject: Text, body: Text) -> None:
    notify(people, subject, body or _l("请在平台查看。"), f"/needs/{need.id}")


def _tell_firm(need: Need, subject: Text, body: Text) -> None:
    signatories = users_with(Role.FIRM_SIGNATORY, organisation_id=need.organisation_id)
    _tell(need, [need.author_id, *signatories], _l("%(subject)s：%(title)s", subject=subject, title=need.title), body)


def recommend_need(actor: Actor, need: Need, visit_note: str) -> None:
    """待区县审核 → 待形式审查, with how the district made sure the need is real."""
    _require(policies.may_check_district(actor, need))
    note = _text(visit_note, "visit_note", _("请写明怎样核实的，例如走访时间、见到的人和情况"))
    advance(need, "recommend", actor)
    need.visit_note = note
    _tell(need, users_with(Role.CITY_OFFICER), _l("需求待形式审查：%(title)s", title=need.title), "")


def return_need(actor: Actor, need: Need, remarks: Mapping[str, str], reason: str) -> None:
    """Back to the firm with remarks beside the fields; the rules limit how often."""
    _require(policies.may_check(actor, need))
    kept = {name: text.strip() for name, text in remarks.items() if text and text.strip()}
    unknown = [name for name in kept if name not in FIELD_LABELS]
    if unknown:
        raise InvalidInput(_("没有名为“%(name)s”的栏目", name=unknown[0]))
    too_long = {f"remark_{name}": _("最多 %(max)d 个字", max=500) for name, text in kept.items() if len(text) > 500}
    if too_long:
        raise InvalidInput(too_long)
    text = _text(reason, "reason", _("请写明退回的理由，企业会看到"))
    most = rules_of(need).need_returns_most
    if need.returns >= most:
        raise InvalidInput({"reason": _("已退回 %(times)d 次，达到规则上限，只能通过或不采用", times=need.returns)})
    event = "return_by_district" if need.state is NeedState.DISTRICT_CHECK else "return_by_division"
    advance(need, event, actor, text)
    need.returns += 1
    need.remarks, need.decision_reason = kept, text
    _tell_firm(need, _l("需求退回修改"), text)


def refuse_need(actor: Actor, need: Need, reason: str) -> None:
    """不采用 (by the district: 不予推荐). The reason is always sent."""
    verdict = policies.may_record_validation(actor, need) if need.state is NeedState.VALIDATION else None
    _require(policies.may_check(actor, need) if verdict is None else verdict)
    text = _text(reason, "reason", _("请写明不采用的理由，企业会看到"))
    advance(need, "refuse_by_district" if need.state is NeedState.DISTRICT_CHECK else "refuse", actor, text)
    need.decision_reason = text
    _tell_firm(need, _l("需求未被采用"), text)


def pass_formal_check(actor: Actor, need: Need) -> None:
    """待形式审查 → 论证中."""
    _require(policies.may_check_formal(actor, need))
    advance(need, "pass_formal", actor)
    _tell_firm(need, _l("需求通过形式审查，进入论证"), _l("论证结果将另行通知。"))


def merge_need(actor: Actor, need: Need, into: Need, reason: str) -> None:
    """A duplicate is put together with the need it repeats."""
    _require(policies.may_merge(actor, need))
    if into.id == need.id:
        raise InvalidInput({"into": _("不能与自身合并")})
    if into.first_submitted_at is None or into.state in (NeedState.MERGED, NeedState.REFUSED, NeedState.WITHDRAWN):
        raise InvalidInput({"into": _("目标需求的状态为“%(state)s”，不能合并进去", state=into.state.label)})
    text = _text(reason, "reason", _("请写明合并的理由"))
    advance(need, "merge", actor, text)
    need.merged_into_id, need.decision_reason = into.id, text
    _tell_firm(need, _l("需求已合并"), text)


def record_validation(
    actor: Actor, need: Need, scores: Sequence[Mapping[str, Any]], accept: bool | None = None, reason: str = ""
) -> bool:
    """The panel's scores [{expert, score}] and what follows: accepted when the mean reaches the line, else refused.

    ``accept=False`` refuses in spite of a sufficient mean (with a reason); a mean below the line never accepts.
    Returns whether it was accepted.
    """
    _require(policies.may_record_validation(actor, need))
    rules = rules_of(need)
    rows = _panel(scores, rules.need_panel_least)
    mean = sum(row["score"] for row in rows) / len(rows)
    passed = mean >= rules.need_pass_score
    if accept and not passed:
        raise InvalidInput(_("均分 %(mean).1f 低于 %(line)d 分，不能采用", mean=mean, line=rules.need_pass_score))
    accepted = passed if accept is None else accept
    if not accepted:
        reason = _text(reason, "reason", _("未采用须写明理由，企业会看到"))
    note = _l("%(count)d 位专家，均分 %(mean).1f", count=len(rows), mean=mean)
    advance(need, "accept" if accepted else "refuse", actor, "；".join(part for part in (str(note), reason) if part))
    need.panel_scores, need.decision_reason = rows, reason
    _tell_firm(need, _l("需求论证通过，已入库待发榜") if accepted else _l("需求未被采用"), reason or note)
    return accepted


def _panel(scores: Sequence[Mapping[str, Any]], least: int) -> list[dict[str, Any]]:
    rows = [{"expert": str(row.get("expert") or "").strip(), "score": row.get("score")} for row in scores]
    names = [row["expert"] for row in rows]
    if not all(names) or len(set(names)) != len(names):
        raise InvalidInput({"scores": _("请填写每位专家的姓名，不能重复")})
    if not all(isinstance(row["score"], int) and 0 <= row["score"] <= 100 for row in rows):
        raise InvalidInput({"scores": _("分数应为 0–100 的整数")})
    if len(rows) < least or len(rows) % 2 == 0:
        raise InvalidInput({"scores": _("论证专家应为单数且不少于 %(least)d 人", least=least)})
    return rows


def withdraw_need(actor: Actor, need: Need, reason: str) -> None:
    """The firm takes it back; a posted one cannot be."""
    _require(policies.may_withdraw(actor, need))
    text = _text(reason, "reason", _("请写明撤回的原因"))
    was_submitted = need.first_submitted_at is not None
    advance(need, "withdraw", actor, text)
    need.decision_reason = text
    if was_submitted:
        _tell(need, users_with(Role.CITY_OFFICER), _l("企业撤回需求：%(title)s", title=need.title), text)


def mark_solved(actor: Actor, need: Need, reason: str = "") -> None:
    """已自行解决 before it was posted."""
    _require(policies.may_mark_solved(actor, need))
    advance(need, "mark_solved", actor, reason)
    need.decision_reason = reason.strip()[:2000]


def add_follow_up(actor: Actor, need: Need, text: str) -> NeedFollowUp:
    """A line of the 台账: measure taken, progress."""
    _require(policies.may_follow_up(actor, need))
    row = NeedFollowUp(
        need_id=need.id, author_id=actor.user_id, text=_text(text, "text", _("请填写跟进情况"), most=1000)
    )
    db.session.add(row)
    record(actor, "need:follow_up", need, row.text)
    return row
