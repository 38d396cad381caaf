"""Writes of notices: prepared by the officer, approved by the head, standing for the working days, then effective."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from market import clock
from market.accounts.queries import users_with
from market.audit.journal import record
from market.bids.models import Bid, BidState
from market.bids.operations import tell_team
from market.challenges.models import Challenge, ChallengeState
from market.database import db
from market.errors import Conflict, IllegalMove, InvalidInput, NotAllowed
from market.notices import queries
from market.notices.models import AwardItem, Notice, NoticeState
from market.notices.policies import (
    may_approve_notice,
    may_edit_notice,
    may_prepare,
    may_take_effect,
)
from market.notifications.operations import notify
from market.permissions import Actor, Role, Verdict
from market.programmes.queries import kept_days, rules_of
from market.reviews.pool import dishonest
from market.reviews.queries import JUDGED
from market.search.documents import update_search
from market.workflow import advance


def demand(verdict: Verdict) -> None:
    """Raises NotAllowed with the policy's reason."""
    if not verdict:
        raise NotAllowed(verdict.reason)


def written(text: str, field: str, message: str) -> str:
    if len((text or "").strip()) < 10:
        raise InvalidInput({field: message})
    return text.strip()


def _checked_text(values: Mapping[str, Any]) -> tuple[str, str]:
    title, body = (values.get("title") or "").strip(), (values.get("body") or "").strip()
    problems = {}
    if not 5 <= len(title) <= 200:
        problems["title"] = _("标题应为 5 到 200 个字")
    if len(body) < 20:
        problems["body"] = _("请写明公示的依据和事项，至少 20 个字")
    if problems:
        raise InvalidInput(problems)
    return title, body


def prepare_notice(actor: Actor, challenge: Challenge, values: Mapping[str, Any]) -> Notice:
    """Draft the notice of a concluded review; its items are the recommended bids. ``values``: title, body.

    Raises NotAllowed, IllegalMove (not under review, no recommendation), Conflict (one is under way), InvalidInput.
    """
    demand(may_prepare(actor))
    if challenge.state is not ChallengeState.REVIEW:
        raise IllegalMove(_("榜单当前为“%(state)s”，不能拟定公示", state=challenge.state.label))
    live = queries.live_notice(challenge)
    if live is not None:
        raise Conflict(_("本榜单已有公示：%(state)s", state=live.state.label))
    ranks = queries.ranks_of(challenge)
    winners = [bid for bid in _bids(challenge) if bid.state is BidState.RECOMMENDED]
    if not winners or not ranks:
        raise IllegalMove(_("评审尚未形成推荐意见，不能拟定公示"))
    title, body = _checked_text(values)
    notice = Notice(challenge_id=challenge.id, title=title, body=body, prepared_by_id=actor.user_id)
    db.session.add(notice)
    db.session.flush()  # Items name the notice.
    record(actor, "notice:prepare", notice, challenge.code or "")
    show_scores = rules_of(challenge).scores_published
    db.session.add_all(_item(notice, bid, ranks[bid.id], show_scores) for bid in winners)
    return notice


def _bids(challenge: Challenge) -> list[Bid]:
    return list(
        db.session.scalars(select(Bid).where(Bid.challenge_id == challenge.id, Bid.state.in_(JUDGED)).order_by(Bid.id))
    )


def _item(notice: Notice, bid: Bid, standing: tuple[int, int], show_scores: bool) -> AwardItem:
    rank, score = standing
    return AwardItem(
        notice_id=notice.id,
        bid_id=bid.id,
        rank=rank,
        winner_name=bid.solver.name,
        organisation_name=bid.organisation.name if bid.organisation else "",
        lead_name=bid.lead.name,
        amount_fen=queries.award_amount(bid),
        score_hundredths=score if show_scores else None,
    )


def update_notice(actor: Actor, notice: Notice, values: Mapping[str, Any]) -> None:
    """Correct a draft. Raises NotAllowed once it was proposed, InvalidInput."""
    demand(may_edit_notice(actor, notice))
    notice.title, notice.body = _checked_text(values)
    record(actor, "notice:update", notice)


def propose_notice(actor: Actor, notice: Notice) -> None:
    """Hand the draft to the head of division."""
    demand(may_prepare(actor))
    advance(notice, "propose", actor)
    notify(
        users_with(Role.DIVISION_HEAD),
        _l("待批准公示：%(title)s", title=notice.title),
        _l("经办已送审拟中榜公示，请核对推荐名单与党组会议纪要后批准。"),
        f"/notices/{notice.id}/approve",
    )


def send_back_notice(actor: Actor, notice: Notice, reason: str) -> None:
    """Return the draft with a reason. Raises InvalidInput without one."""
    demand(may_approve_notice(actor, notice))
    reason = written(reason, "reason", _("请写明退回原因，至少 10 个字"))
    advance(notice, "send_back", actor, reason)
    notify(
        [notice.prepared_by_id], _l("公示被退回：%(title)s", title=notice.title), reason, f"/notices/{notice.id}/edit"
    )


def approve_notice(actor: Actor, notice: Notice, decision_number: str) -> None:
    """Publish: the period runs from today for the rules' working days, and bidders learn their result.

    Raises NotAllowed for whoever prepared it, InvalidInput without the number of the 党组会 minutes, Conflict when a
    recommended bid fell out since.
    """
    demand(may_approve_notice(actor, notice))
    number = (decision_number or "").strip()
    if not number or len(number) > 100:
        raise InvalidInput({"decision_number": _("请填写局党组会议纪要号，最多 100 个字")})
    items, challenge = queries.items_of(notice), notice.challenge
    fallen = [item.winner_name for item in items if item.bid.state is not BidState.RECOMMENDED]
    if fallen:
        raise Conflict(_("拟中榜方状态已变化：%(names)s，请撤销后重新拟定", names="、".join(fallen)))
    advance(notice, "publish", actor, number)
    due = clock.add_working_days(clock.today(), rules_of(challenge).notice_working_days, kept_days())
    notice.decision_number, notice.approved_by_id, notice.published_at = number, actor.user_id, clock.now()
    notice.ends_on, notice.end_is_provisional = due.on, due.provisional
    advance(challenge, "start_notice", actor)
    for bid in _bids(challenge):
        _tell_result(notice, bid)
    _tell_public(notice)


def _tell_public(notice: Notice) -> None:
    update_search("notice", notice.id)
    update_search("challenge", notice.challenge_id)


def _tell_result(notice: Notice, bid: Bid) -> None:
    said = {
        BidState.RECOMMENDED: _l("您的揭榜拟中榜，现予公示至 %(day)s。公示期满生效前不能签约。", day=notice.ends_on),
        BidState.RESERVE: _l("您的揭榜列为备选。得分与专家意见见链接。"),
        BidState.REJECTED: _l("您的揭榜未入选。得分与专家意见见链接，感谢参与。"),
    }.get(bid.state)
    if said:
        subject = _l("评审结果：%(title)s", title=notice.challenge.title)
        tell_team(bid, subject, said, f"/reviews/results/{bid.id}", key=f"notice:{notice.id}:{bid.id}")


def take_effect(actor: Actor, notice: Notice) -> None:
    """Confirm the award once the whole period has passed and every objection is answered.

    Raises NotAllowed one second too early or with an open objection, Conflict when a winner has fallen into 失信.
    """
    db.session.refresh(notice, with_for_update=True)
    challenge = notice.challenge
    demand(may_take_effect(actor, notice, len(queries.open_objections(challenge))))
    winners = [item.bid for item in queries.items_of(notice) if item.bid.state is BidState.RECOMMENDED]
    if not winners:
        raise Conflict(_("拟中榜方均已放弃或被取消资格，请撤销公示后重新评审"))
    _demand_honest(winners)
    advance(notice, "take_effect", actor)
    notice.effective_at = clock.now()
    advance(challenge, "award", actor)
    days = rules_of(challenge).signing_days
    for bid in winners:
        advance(bid, "award", actor)
        subject = _l("确定中榜：%(title)s", title=challenge.title)
        body = _l("公示期满，确定您为中榜方，请在 %(days)d 日内与发榜方签订合同。", days=days)
        tell_team(bid, subject, body, f"/bids/{bid.id}", key=f"award:{notice.id}:{bid.id}")
    for bid in _bids(challenge):
        if bid.state in (BidState.RESERVE, BidState.REJECTED):
            subject = _l("评审结果生效：%(title)s", title=challenge.title)
            body = _l("公示期满，中榜结果已生效。得分与专家意见见链接。")
            tell_team(bid, subject, body, f"/reviews/results/{bid.id}", key=f"award:{notice.id}:{bid.id}")
    notify(
        users_with(Role.FIRM_SIGNATORY, organisation_id=challenge.organisation_id),
        _l("榜单已确定中榜方：%(title)s", title=challenge.title),
        _l("公示期满无异议或异议已答复，请在 %(days)d 日内与中榜方签订合同。", days=days),
        f"/challenges/{challenge.code}",
        key=f"award:{notice.id}",
    )
    _tell_public(notice)


def _demand_honest(winners: list[Bid]) -> None:
    people, units = dishonest()
    for bid in winners:
        if bid.lead_id in people or bid.organisation_id in units:
            raise Conflict(_("%(name)s 有生效中的科研失信记录，不能确认中榜", name=bid.solver.name))


def cancel_notice(actor: Actor, notice: Notice, reason: str) -> None:
    """Withdraw a notice with a reason that stays on the public page; every judged bid goes back to the review.

    Raises InvalidInput without a reason, IllegalMove once it is effective.
    """
    demand(may_approve_notice(actor, notice))
    reason = written(reason, "reason", _("请写明撤销原因，至少 10 个字"))
    withdraw_notice(actor, notice, reason)
    return_bids(actor, notice, reason)


def withdraw_notice(actor: Actor, notice: Notice, reason: str) -> None:
    """The move behind a cancellation and an upheld objection; who may is decided by the caller."""
    was_published = notice.state is NoticeState.PUBLISHED
    advance(notice, "cancel", actor, reason)
    notice.cancelled_reason = reason
    if was_published:
        advance(notice.challenge, "reopen_review", actor, reason)
        _tell_public(notice)


def return_bids(actor: Actor, notice: Notice, reason: str) -> None:
    """Every bid that the review judged, the rejected ones too, stands again as it stood before it."""
    for bid in _bids(notice.challenge):
        if bid.state in (BidState.RECOMMENDED, BidState.RESERVE, BidState.REJECTED):
            advance(bid, "take_back", actor, reason)
            tell_withdrawn(notice, bid, reason)


def tell_withdrawn(notice: Notice, bid: Bid, reason: str) -> None:
    """Whoever was told of the result is told that it stands no longer."""
    if notice.published_at is None:
        return
    subject = _l("公示已撤销：%(title)s", title=notice.challenge.title)
    body = _l("拟中榜公示已撤销，榜单退回评审：%(reason)s", reason=reason)
    tell_team(bid, subject, body, f"/bids/{bid.id}", key=f"cancel:{notice.id}:{bid.id}")
