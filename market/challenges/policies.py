"""Who sees a challenge, its confidential part and its telephone; who may do what with it."""

from collections.abc import Callable, Mapping

from flask_babel import gettext as _

from market.attachments.policies import owner
from market.challenges.models import Challenge, ChallengeState
from market.needs.models import Need, NeedState
from market.needs.policies import CONFIDENTIAL_STAFF
from market.permissions import ALLOWED, Actor, Permission, Verdict, refused

P, S = Permission, ChallengeState
Reader = Callable[[Actor, Challenge], bool]

confidential_readers: list[Reader] = []
"""Rooms above add whom a challenge's confidential part is meant for: an invited solver who is interested, a bidder."""


def is_own(actor: Actor, challenge: Challenge) -> bool:
    """The poster's own people."""
    return challenge.organisation_id in actor.organisations_with(P.NEED_READ)


def is_insider(actor: Actor, challenge: Challenge) -> bool:
    """The poster, and the bureau that looks after it: they know of it before it is posted."""
    return actor.covers(P.NEED_READ, organisation_id=challenge.organisation_id, district_code=challenge.district_code)


@owner(Challenge)
def may_see(actor: Actor, challenge: Challenge) -> Verdict:
    if challenge.is_public or is_insider(actor, challenge):
        return ALLOWED
    return refused(_("这个榜单尚未发布"))


def may_read_confidential(actor: Actor, challenge: Challenge) -> Verdict:
    """保密部分: the poster, its bureau, and whom the rooms above name."""
    if is_own(actor, challenge):
        return ALLOWED
    if any(h.role in CONFIDENTIAL_STAFF and h.district_code in (None, challenge.district_code) for h in actor.held):
        return ALLOWED
    if challenge.is_public and any(reader(actor, challenge) for reader in confidential_readers):
        return ALLOWED
    return refused(_("保密部分只向发榜方、主管部门和获准的揭榜方开放"))


def _prepares(actor: Actor, challenge: Challenge, *states: ChallengeState) -> Verdict:
    if not actor.covers(P.CHALLENGE_PREPARE, district_code=challenge.district_code):
        return refused(_("由市主管处室经办办理"))
    return _in_state(challenge, *states)


def _approves(actor: Actor, challenge: Challenge, *states: ChallengeState) -> Verdict:
    if not actor.covers(P.CHALLENGE_APPROVE, district_code=challenge.district_code):
        return refused(_("由处室负责人批准"))
    return _in_state(challenge, *states)


def _in_state(challenge: Challenge, *states: ChallengeState) -> Verdict:
    if challenge.state in states:
        return ALLOWED
    return refused(_("当前状态为“%(state)s”，不能这样做", state=challenge.state.label))


def may_prepare(actor: Actor, need: Need) -> Verdict:
    if not actor.covers(P.CHALLENGE_PREPARE, district_code=need.district_code):
        return refused(_("由市主管处室经办拟榜"))
    if need.state is not NeedState.ACCEPTED:
        return refused(_("只有已入库的需求可以拟榜"))
    return ALLOWED


def may_edit(actor: Actor, challenge: Challenge) -> Verdict:
    return _prepares(actor, challenge, S.DRAFT)


def may_confirm(actor: Actor, challenge: Challenge) -> Verdict:
    if challenge.organisation_id not in actor.organisations_with(P.CHALLENGE_CONFIRM):
        return refused(_("由发榜企业的签约人确认"))
    if challenge.confirmed_at is not None:
        return refused(_("已经确认过"))
    return _in_state(challenge, S.DRAFT)


def may_propose(actor: Actor, challenge: Challenge) -> Verdict:
    verdict = _prepares(actor, challenge, S.DRAFT)
    if verdict and challenge.confirmed_at is None:
        return refused(_("发榜企业还没有确认文本和出资承诺"))
    return verdict


def may_approve(actor: Actor, challenge: Challenge) -> Verdict:
    verdict = _approves(actor, challenge, S.APPROVAL)
    if verdict and actor.user_id == challenge.prepared_by_id:
        return refused(_("拟榜人不能批准自己拟的榜"))
    return verdict


def may_send_back(actor: Actor, challenge: Challenge) -> Verdict:
    return _approves(actor, challenge, S.APPROVAL)


def may_revoke(actor: Actor, challenge: Challenge) -> Verdict:
    return _approves(actor, challenge, S.DRAFT, S.APPROVAL, S.POSTED)


def may_change(actor: Actor, challenge: Challenge) -> Verdict:
    return _while_open(_prepares(actor, challenge, S.POSTED), challenge)


def may_extend(actor: Actor, challenge: Challenge) -> Verdict:
    return _while_open(_prepares(actor, challenge, S.POSTED), challenge)


def _while_open(verdict: Verdict, challenge: Challenge) -> Verdict:
    if verdict and not challenge.takes_bids:
        return refused(_("揭榜已截止"))
    return verdict


def may_declare_no_award(actor: Actor, challenge: Challenge) -> Verdict:
    return _approves(actor, challenge, S.CLOSED, S.REVIEW, S.NOTICE, S.AWARDED)


def may_relist(actor: Actor, challenge: Challenge) -> Verdict:
    return _prepares(actor, challenge, S.NO_AWARD)


def verdicts(actor: Actor, challenge: Challenge) -> Mapping[str, Verdict]:
    """What the management page offers this actor."""
    return {
        "edit": may_edit(actor, challenge),
        "confirm": may_confirm(actor, challenge),
        "propose": may_propose(actor, challenge),
        "approve": may_approve(actor, challenge),
        "send_back": may_send_back(actor, challenge),
        "revoke": may_revoke(actor, challenge),
        "change": may_change(actor, challenge),
        "extend": may_extend(actor, challenge),
        "declare_no_award": may_declare_no_award(actor, challenge),
        "relist": may_relist(actor, challenge),
    }
