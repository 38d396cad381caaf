"""Writes of challenges: from the accepted need to the approved posting, no award, relisting."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from market import clock
from market.accounts.models import Grant
from market.accounts.queries import users_with
from market.audit.journal import record
from market.challenges import policies
from market.challenges.models import Challenge, ChallengeState, ChallengeVersion, NoAwardReason
from market.challenges.numbering import next_code
from market.challenges.queries import (
    changed_fields,
    current_version,
    live_challenge_of_need,
    live_successor,
    relists_before,
)
from market.database import db, transaction
from market.errors import Conflict, InvalidInput, NotAllowed
from market.jobs import enqueue, scheduled
from market.needs.checks import clean_values, differs, only_chosen_amounts, problems_of
from market.needs.content import CONTENT_FIELDS
from market.needs.models import Need, NeedState
from market.needs.operations import firm_problem
from market.notifications.operations import Text, notify
from market.permissions import SYSTEM, Actor, Role, Verdict
from market.programmes.models import ProgrammeRules
from market.programmes.queries import rules_of
from market.sealing.keys import create_sealing_key
from market.sealing.models import OfficerKey
from market.workflow import advance

REASON_MOST = 500


def require(verdict: Verdict) -> None:
    if not verdict:
        raise NotAllowed(verdict.reason)


def reason_of(text: str | None, message: str) -> str:
    """A reason that others will read. Raises InvalidInput when it is empty or too long."""
    clean = (text or "").strip()
    if not clean:
        raise InvalidInput({"reason": message})
    if len(clean) > REASON_MOST:
        raise InvalidInput({"reason": _("最多 %(max)d 个字", max=REASON_MOST)})
    return clean


def prepare_challenge(actor: Actor, need: Need, posting_days: int | None = None) -> Challenge:
    """A draft from an accepted need, under the rules of its cycle. Raises Conflict when there is one already."""
    require(policies.may_prepare(actor, need))
    if live_challenge_of_need(need.id):
        raise Conflict(_("这条需求已经在拟榜，不能重复"))
    values = {name: getattr(need, name) for name in CONTENT_FIELDS}
    challenge = _draft(actor, need, need.cycle.rules, values, posting_days)
    record(actor, "challenge:prepare", challenge)
    tell_firm(challenge, _l("拟榜文本请确认"), _l("主管处室已根据贵单位需求拟榜，请签约人核对文本并确认出资承诺。"))
    return challenge


def _draft(
    actor: Actor, need: Need, rules: ProgrammeRules, values: Mapping[str, Any], posting_days: int | None
) -> Challenge:
    challenge = Challenge(
        need_id=need.id,
        cycle_id=need.cycle_id,
        rules_id=rules.id,
        organisation_id=need.organisation_id,
        district_code=need.district_code,
        prepared_by_id=actor.user_id,
        posting_days=0,
        title=values["title"],
        industry=values["industry"],
        tech_field=values["tech_field"],
        rules=rules,
    )
    challenge.posting_days = _posting_days(challenge, posting_days)
    db.session.add(challenge)
    db.session.flush()  # The version names it.
    db.session.add(ChallengeVersion(challenge_id=challenge.id, number=1, **values))
    db.session.flush()
    return challenge


def _posting_days(challenge: Challenge, days: int | None) -> int:
    rules = rules_of(challenge)
    days = rules.posting_days_default if days is None else days
    if not rules.posting_days_least <= days <= 400:
        raise InvalidInput({"posting_days": _("张榜天数不能少于 %(least)d 天", least=rules.posting_days_least)})
    return days


def edit_challenge(
    actor: Actor, challenge: Challenge, values: Mapping[str, Any], posting_days: int | None = None
) -> None:
    """The division edits the draft; a change of the text asks the firm to confirm again."""
    require(policies.may_edit(actor, challenge))
    version = current_version(challenge)
    cleaned = only_chosen_amounts(clean_values(values))
    record(actor, "challenge:edit", challenge)
    if posting_days is not None:
        challenge.posting_days = _posting_days(challenge, posting_days)
    changed = [name for name, value in cleaned.items() if differs(name, getattr(version, name), value)]
    for name in changed:
        setattr(version, name, cleaned[name])
    copy_head(challenge, version)
    if changed and challenge.confirmed_at is not None:
        challenge.confirmed_at = challenge.confirmed_by_id = None
        tell_firm(challenge, _l("拟榜文本有修改，请重新确认"), _l("主管处室修改了拟榜文本，请签约人再次核对并确认。"))


def copy_head(challenge: Challenge, version: ChallengeVersion) -> None:
    challenge.title, challenge.industry, challenge.tech_field = version.title, version.industry, version.tech_field


def confirm_challenge(actor: Actor, challenge: Challenge) -> None:
    """The firm's signatory agrees to the text and undertakes the amount (出资承诺)."""
    require(policies.may_confirm(actor, challenge))
    record(actor, "challenge:confirm", challenge)
    challenge.confirmed_at, challenge.confirmed_by_id = clock.now(), actor.user_id
    notify(
        [challenge.prepared_by_id],
        _l("企业已确认拟榜文本：%(title)s", title=challenge.title),
        _l("可以送审。"),
        manage_url(challenge),
    )


def manage_url(challenge: Challenge) -> str:
    return f"/challenges/manage/{challenge.id}"


def posting_problems(challenge: Challenge) -> dict[str, str]:
    """What keeps the text from being proposed or posted; ``""`` is about the firm."""
    rules = rules_of(challenge)
    problems = problems_of(current_version(challenge), rules)
    whole = firm_problem(challenge.organisation, rules.poster_age_years_least)
    return problems | ({"": whole} if whole else {})


def _check_text(challenge: Challenge) -> None:
    problems = posting_problems(challenge)
    if problems:
        raise InvalidInput(problems)


def propose_challenge(actor: Actor, challenge: Challenge) -> None:
    """拟稿 → 待审批, once the firm has confirmed."""
    require(policies.may_propose(actor, challenge))
    _check_text(challenge)
    advance(challenge, "propose", actor)
    heads = users_with(Role.DIVISION_HEAD)
    notify(heads, _l("榜单待审批：%(title)s", title=challenge.title), _l("请核对后批准发榜。"), manage_url(challenge))


def send_back(actor: Actor, challenge: Challenge, reason: str) -> None:
    """待审批 → 拟稿, with the head's reason."""
    require(policies.may_send_back(actor, challenge))
    text = reason_of(reason, _("请写明退回的理由"))
    advance(challenge, "send_back", actor, text)
    notify(
        [challenge.prepared_by_id], _l("榜单退回修改：%(title)s", title=challenge.title), text, manage_url(challenge)
    )


def approve_challenge(actor: Actor, challenge: Challenge) -> None:
    """待审批 → 揭榜中: code, locked version, deadline and sealing key, all or nothing.

    Raises NotAllowed for the one who prepared it, InvalidInput when the text does not meet the rules or fewer officers
    than the quorum hold an opening key, IllegalMove when the need was withdrawn meanwhile.
    """
    require(policies.may_approve(actor, challenge))
    _check_text(challenge)
    if challenge.confirmed_at is None:
        raise InvalidInput(_("发榜企业还没有确认文本和出资承诺"))
    now = clock.now()
    advance(challenge, "post", actor)
    if challenge.need.state is not NeedState.POSTED or challenge.relist_of_id is None:
        advance(challenge.need, "post", actor)
    current_version(challenge).locked_at = now
    _make_sealing_key(challenge)
    # Last, so that others who post wait no longer than they must; together, as the database demands.
    code = next_code(challenge.cycle.programme.code, clock.local(now).year)
    challenge.code, challenge.approved_by_id, challenge.posted_at = code, actor.user_id, now
    challenge.bid_deadline = clock.end_of(clock.local(now).date() + timedelta(days=challenge.posting_days))
    tell_world(challenge)
    enqueue("matches.rank", {"challenge_id": challenge.id})
    tell_firm(challenge, _l("榜单已发布（%(code)s）", code=challenge.code), _l("榜单已公开，截止前投递内容保持密封。"))


def _make_sealing_key(challenge: Challenge) -> None:
    quorum = rules_of(challenge).opening_quorum
    holders = db.session.scalars(
        select(Grant.user_id)
        .join(OfficerKey, OfficerKey.user_id == Grant.user_id)
        .where(
            Grant.role.in_((Role.DIVISION_HEAD, Role.CITY_OFFICER)),
            Grant.district_code.is_(None),
            Grant.revoked_at.is_(None),
            OfficerKey.retired_at.is_(None),
        )
        .distinct()
        .order_by(Grant.user_id)
    ).all()
    if len(holders) < quorum:
        raise InvalidInput(
            _(
                "设置了开启密钥的处室人员只有 %(have)d 名，少于规则要求的 %(need)d 名；请先在“开启密钥”中设置",
                have=len(holders),
                need=quorum,
            )
        )
    create_sealing_key(f"challenge:{challenge.id}", quorum, holders)


def tell_world(challenge: Challenge) -> None:
    """The index follows every public change."""
    enqueue("search.update", {"kind": "challenge", "id": challenge.id})


def tell_bidders(challenge: Challenge) -> None:
    """Who drafted or submitted a bid hears of changes from the bids room."""
    enqueue("bids.challenge_changed", {"challenge_id": challenge.id})


def tell_firm(challenge: Challenge, subject: Text, body: Text) -> None:
    people = [challenge.need.author_id if challenge.need else None]
    people += users_with(Role.FIRM_SIGNATORY, organisation_id=challenge.organisation_id)
    notify(people, _l("%(subject)s：%(title)s", subject=subject, title=challenge.title), body, manage_url(challenge))


def revoke_challenge(actor: Actor, challenge: Challenge, reason: str) -> None:
    """撤榜: a draft, a proposal or a posted challenge. Once posted it stays public as revoked."""
    require(policies.may_revoke(actor, challenge))
    text = reason_of(reason, _("请写明撤榜的理由"))
    advance(challenge, "revoke", actor, text)
    challenge.ended_at = clock.now()
    tell_firm(challenge, _l("已撤榜"), text)
    if challenge.is_public:
        tell_world(challenge)
        tell_bidders(challenge)


@scheduled
def close_due_challenges() -> None:
    """By the clock. Whether a bid is in time never depends on when this runs: Challenge.takes_bids asks the clock."""
    with transaction() as session:
        due: Sequence[Challenge] = session.scalars(
            select(Challenge)
            .where(Challenge.state == ChallengeState.POSTED, Challenge.bid_deadline <= clock.now())
            .order_by(Challenge.id)
            .with_for_update(skip_locked=True)
        ).all()
        for challenge in due:
            advance(challenge, "close", SYSTEM)
            challenge.closed_at = challenge.bid_deadline
            tell_world(challenge)
            notify(
                [challenge.prepared_by_id, challenge.approved_by_id],
                _l("揭榜已截止：%(title)s", title=challenge.title),
                _l("请会同开启投递。"),
                manage_url(challenge),
                key=f"challenge-closed:{challenge.id}",
            )


def declare_no_award(actor: Actor, challenge: Challenge, reason: NoAwardReason | str) -> None:
    """流榜, with its coded reason."""
    require(policies.may_declare_no_award(actor, challenge))
    try:
        code = NoAwardReason(reason)
    except ValueError as problem:
        raise InvalidInput({"reason": _("请选择流榜原因")}) from problem
    advance(challenge, "declare_no_award", actor, str(code.label))
    challenge.no_award_reason, challenge.ended_at = code, clock.now()
    tell_world(challenge)
    tell_firm(challenge, _l("榜单流榜"), _l("原因：%(reason)s。可与主管处室商定修改后重新发榜。", reason=code.label))


def relist_challenge(
    actor: Actor, challenge: Challenge, values: Mapping[str, Any], posting_days: int | None = None
) -> Challenge:
    """A new draft in place of one without award; text or amount must differ, and the rules limit how often.

    It takes the way of every challenge (confirm, propose, approve) and gets a code of its own when posted.
    """
    require(policies.may_relist(actor, challenge))
    most = rules_of(challenge).relists_most
    if relists_before(challenge) >= most:
        raise InvalidInput(_("已重新发榜 %(most)d 次，达到规则上限", most=most))
    if live_successor(challenge):
        raise Conflict(_("已经在重新拟榜，不能重复"))
    old = current_version(challenge)
    cleaned = only_chosen_amounts(clean_values(values))
    text = {name: getattr(old, name) for name in CONTENT_FIELDS} | cleaned
    draft = _draft(actor, challenge.need, challenge.rules, text, posting_days)
    if not changed_fields(old, current_version(draft)):
        raise InvalidInput(_("重新发榜须修改文本或榜额，现与原榜完全相同"))
    draft.relist_of_id = challenge.id
    record(actor, "challenge:relist", draft, challenge.code or "")
    tell_firm(draft, _l("重新发榜文本请确认"), _l("主管处室拟重新发榜，请签约人核对文本并确认出资承诺。"))
    return draft
