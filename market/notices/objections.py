"""异议: received with a real name, investigated by the officer, decided by the head, answered in writing, and followed
up when it is upheld: by a new review, or by the next in rank.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import FileStorage

from market import clock
from market.attachments.operations import store_upload
from market.audit.journal import record
from market.bids.models import BidState
from market.bids.operations import disqualify_bid
from market.database import db
from market.errors import Conflict, InvalidInput
from market.notices import queries
from market.notices.models import Notice, NoticeState, Objection, ObjectionState, Remedy
from market.notices.operations import demand, return_bids, tell_withdrawn, withdraw_notice, written
from market.notices.policies import may_decide_objection, may_handle_objection, may_object, objection_problems
from market.notifications.operations import notify, send_mail
from market.permissions import Actor
from market.programmes.queries import kept_days, rules_of
from market.workflow import advance

# Without letters and digits that are read alike.
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
OUTCOMES = {
    ObjectionState.UPHELD: "uphold",
    ObjectionState.PARTLY_UPHELD: "uphold_partly",
    ObjectionState.DISMISSED: "dismiss",
}


def submit_objection(
    actor: Actor, notice: Notice, values: Mapping[str, Any], files: Sequence[FileStorage] = ()
) -> Objection:
    """Receive an objection, no account needed. ``values``: name, phone, email, organisation, grounds.

    Raises NotAllowed outside the period, InvalidInput for an anonymous one, without a phone or without grounds.
    """
    db.session.refresh(notice, with_for_update=True)
    demand(may_object(notice))
    clean = {key: (values.get(key) or "").strip() for key in ("name", "phone", "email", "organisation", "grounds")}
    if wrong := objection_problems(clean, len(files)):
        raise InvalidInput(wrong)
    rules = rules_of(notice.challenge)
    objection = Objection(
        number=f"YY{clock.today():%Y%m%d}-{''.join(secrets.choice(_ALPHABET) for _place in range(8))}",
        notice_id=notice.id,
        objector_name=clean["name"],
        objector_organisation=clean["organisation"],
        objector_phone=clean["phone"],
        objector_email=clean["email"] or None,
        grounds=clean["grounds"],
        due_on=clock.add_working_days(clock.today(), rules.objection_working_days, kept_days()).on,
    )
    db.session.add(objection)
    db.session.flush()  # Act and evidence name the row.
    record(actor, "objection:submit", objection, objection.number)
    for file in files:
        store_upload(
            actor, objection, "evidence", file, limit_mb=rules.attachment_mb_most, confidential=True, by_visitor=True
        )
    notify(
        queries.bureau_ids(),
        _l("收到异议：%(title)s", title=notice.title),
        _l(
            "编号 %(number)s，请于 %(day)s 前办结。办结前不能确认中榜、不能签约。",
            number=objection.number,
            day=objection.due_on,
        ),
        f"/notices/objections/{objection.id}",
        key=f"objection:{objection.id}",
    )
    _mail(
        objection,
        _("已收到您的异议"),
        _("查询编号 %(number)s，凭编号和电话后四位可在公示页查询办理情况。", number=objection.number),
    )
    return objection


def _mail(objection: Objection, subject: str, body: str) -> None:
    if objection.objector_email:
        key = f"objection:{objection.id}:{objection.state.value}"
        send_mail(objection.objector_email, f"{subject}（{objection.number}）", body, key=key)


def accept_objection(actor: Actor, objection: Objection) -> None:
    """受理: whoever accepts it investigates it."""
    demand(may_handle_objection(actor, objection))
    advance(objection, "accept", actor)
    objection.handled_by_id = actor.user_id
    _mail(objection, _("异议已受理"), _("我们正在调查核实，将于 %(day)s 前答复。", day=objection.due_on))


def refuse_objection(actor: Actor, objection: Objection, reason: str) -> None:
    """不予受理 with a written reason, which the objector reads. Raises InvalidInput without one."""
    demand(may_handle_objection(actor, objection))
    reason = written(reason, "reason", _("请写明不予受理的理由，至少 10 个字"))
    advance(objection, "refuse", actor, reason)
    objection.handled_by_id, objection.answer, objection.answered_at = actor.user_id, reason, clock.now()
    _mail(objection, _("异议不予受理"), reason)


def record_finding(actor: Actor, objection: Objection, finding: str) -> None:
    """调查情况, for the head to decide on. Raises Conflict before acceptance."""
    demand(may_handle_objection(actor, objection))
    if objection.state is not ObjectionState.ACCEPTED:
        raise Conflict(_("请先受理异议，再填写调查情况"))
    objection.finding = written(finding, "finding", _("请写明调查经过和结论建议，至少 10 个字"))
    objection.handled_by_id = actor.user_id
    record(actor, "objection:find", objection)


def decide_objection(
    actor: Actor,
    objection: Objection,
    outcome: ObjectionState,
    answer: str,
    remedy: Remedy | None = None,
    fallen: Collection[int] = (),
) -> None:
    """The head's decision with its written answer. An upheld one cancels the notice and says what follows: a new
    review of every judged bid, or that the bids ``fallen`` (ids) are disqualified and the next in rank takes the place.

    Raises NotAllowed for whoever investigated, Conflict without a finding, InvalidInput under outcome, answer, remedy
    or fallen.
    """
    demand(may_decide_objection(actor, objection))
    if outcome not in OUTCOMES:
        raise InvalidInput({"outcome": _("请选择结论")})
    answer = written(answer, "answer", _("请写明给异议人的书面答复，至少 10 个字"))
    if objection.state is ObjectionState.ACCEPTED and not objection.finding:
        raise Conflict(_("还没有调查情况，不能作出结论"))
    notice = objection.notice
    follows = outcome is ObjectionState.UPHELD and notice.state is NoticeState.PUBLISHED
    if follows and (wrong := remedy_problems(notice, remedy, fallen)):
        raise InvalidInput(wrong)
    advance(objection, OUTCOMES[outcome], actor, answer)
    objection.decided_by_id, objection.answer, objection.answered_at = actor.user_id, answer, clock.now()
    if follows and remedy is not None:
        objection.remedy = remedy
        _follow_up(actor, objection, remedy, fallen)
    told = answer if objection.remedy is None else f"{answer}\n\n{objection.remedy.explanation}"
    _mail(objection, _("异议办理结果：%(outcome)s", outcome=objection.state.label), told)


def remedy_problems(notice: Notice, remedy: Remedy | None, fallen: Collection[int]) -> dict[str, str]:
    """What keeps an upheld objection from being followed up so, by field."""
    if remedy is None:
        return {"remedy": _("异议成立的，请选择后续处理")}
    if remedy is Remedy.RE_REVIEW:
        return {}
    standing = {item.bid_id for item in queries.items_of(notice) if item.bid.state is BidState.RECOMMENDED}
    if not fallen or not set(fallen) <= standing:
        return {"fallen": _("请勾选被取消资格的拟中榜方")}
    if standing <= set(fallen) and not queries.reserves_in_rank(notice.challenge):
        return {"remedy": _("没有可以递补的备选，请选择重新评审；确无合格揭榜的，重新评审后宣布流榜")}
    return {}


def _follow_up(actor: Actor, objection: Objection, remedy: Remedy, fallen: Collection[int]) -> None:
    notice, challenge = objection.notice, objection.notice.challenge
    # The reason is public: the number, which opens the objector's answer, stays out of it.
    reason = _("异议成立：%(title)s", title=remedy.explanation)
    withdraw_notice(actor, notice, reason)
    if remedy is Remedy.RE_REVIEW:
        return_bids(actor, notice, reason)
        page, todo = f"/challenges/{challenge.code}/review", _l("请组织重新评审：全部参评揭榜恢复参评，另起一轮。")
    else:
        _replace_fallen(actor, objection, fallen, reason)
        page, todo = f"/challenges/{challenge.code}/notice/new", _l("请就递补后的名单重新拟定公示，公示期重新计算。")
    officers = [notice.prepared_by_id, objection.handled_by_id]
    notify(officers, _l("异议成立：%(title)s", title=challenge.title), todo, page, key=f"remedy:{objection.id}")


def _replace_fallen(actor: Actor, objection: Objection, fallen: Collection[int], reason: str) -> None:
    """As many reserves move up as fall, in the order of the review; who moves up hears of it from the new notice."""
    notice, moving_up = objection.notice, queries.reserves_in_rank(objection.notice.challenge)[: len(set(fallen))]
    for item in queries.items_of(notice):
        if item.bid_id in fallen:
            disqualify_bid(actor, item.bid, reason)
        elif item.bid.state is BidState.RECOMMENDED:
            tell_withdrawn(notice, item.bid, reason)
    for bid in moving_up:
        advance(bid, "move_up", actor, objection.number)
