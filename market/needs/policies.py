"""Who sees a need, who may do what with it, and who reads its confidential part."""

from collections.abc import Mapping

from flask_babel import gettext as _

from market.attachments.policies import owner
from market.needs.models import Need, NeedState
from market.permissions import ALLOWED, Actor, Permission, Role, Verdict, refused

S = NeedState
EDITABLE = (S.DRAFT, S.RETURNED)
CONFIDENTIAL_STAFF = frozenset({Role.DISTRICT_OFFICER, Role.CITY_OFFICER, Role.DIVISION_HEAD, Role.SUPERVISOR})


def is_own(actor: Actor, need: Need) -> bool:
    return need.organisation_id in actor.organisations_with(Permission.NEED_READ)


@owner(Need)
def may_see(actor: Actor, need: Need) -> Verdict:
    """The firm always; the bureau (its district, or the city) from submission on."""
    if is_own(actor, need):
        return ALLOWED
    districts = actor.districts_with(Permission.NEED_READ)
    if need.first_submitted_at is not None and (districts is None or need.district_code in districts):
        return ALLOWED
    return refused(_("这条需求不对您开放"))


def may_read_confidential(actor: Actor, need: Need) -> Verdict:
    """保密部分 and 联系电话: the firm itself, its district's officer, the city's officers, head and supervisor."""
    if is_own(actor, need):
        return ALLOWED
    for held in actor.held:
        if (
            held.role in CONFIDENTIAL_STAFF
            and held.district_code in (None, need.district_code)
            and may_see(actor, need)
        ):
            return ALLOWED
    return refused(_("保密部分只有发榜企业、所属区县和市主管处室可以看到"))


def _firm(actor: Actor, need: Need, permission: Permission, states: tuple[NeedState, ...], refusal: str) -> Verdict:
    if need.organisation_id not in actor.organisations_with(permission):
        return refused(refusal)
    if need.state not in states:
        return refused(_("当前状态为“%(state)s”，不能这样做", state=need.state.label))
    return ALLOWED


def may_edit(actor: Actor, need: Need) -> Verdict:
    return _firm(actor, need, Permission.NEED_WRITE, EDITABLE, _("只有本企业的撰榜人和签约人可以填写"))


def may_submit(actor: Actor, need: Need) -> Verdict:
    return _firm(actor, need, Permission.NEED_SUBMIT, EDITABLE, _("需求由本企业的签约人提交，您可以请签约人提交"))


def may_withdraw(actor: Actor, need: Need) -> Verdict:
    states = (S.DRAFT, S.DISTRICT_CHECK, S.FORMAL_CHECK, S.RETURNED, S.VALIDATION, S.ACCEPTED)
    return _firm(actor, need, Permission.NEED_SUBMIT, states, _("需求由本企业的签约人撤回"))


def may_mark_solved(actor: Actor, need: Need) -> Verdict:
    return _firm(actor, need, Permission.NEED_SUBMIT, (S.VALIDATION, S.ACCEPTED), _("由本企业的签约人标记"))


def may_check_district(actor: Actor, need: Need) -> Verdict:
    if not actor.covers(Permission.NEED_CHECK_DISTRICT, district_code=need.district_code):
        return refused(_("由需求所在区县的科技局审核"))
    return _in_state(need, S.DISTRICT_CHECK)


def may_check_formal(actor: Actor, need: Need) -> Verdict:
    return _division(actor, need, S.FORMAL_CHECK)


def may_record_validation(actor: Actor, need: Need) -> Verdict:
    return _division(actor, need, S.VALIDATION)


def may_merge(actor: Actor, need: Need) -> Verdict:
    return _division(actor, need, S.FORMAL_CHECK, S.VALIDATION)


def _division(actor: Actor, need: Need, *states: NeedState) -> Verdict:
    if not actor.covers(Permission.NEED_CHECK_FORMAL, district_code=need.district_code):
        return refused(_("由市主管处室办理"))
    return _in_state(need, *states)


def _in_state(need: Need, *states: NeedState) -> Verdict:
    if need.state in states:
        return ALLOWED
    return refused(_("当前状态为“%(state)s”，不在这一步", state=need.state.label))


def may_check(actor: Actor, need: Need) -> Verdict:
    """Whoever's turn it is: the district first, then the division."""
    return may_check_district(actor, need) if need.state is S.DISTRICT_CHECK else may_check_formal(actor, need)


def may_follow_up(actor: Actor, need: Need) -> Verdict:
    permissions = (Permission.NEED_CHECK_DISTRICT, Permission.NEED_CHECK_FORMAL)
    if need.first_submitted_at and any(actor.covers(p, district_code=need.district_code) for p in permissions):
        return ALLOWED
    return refused(_("跟进记录由区县和市主管处室填写"))


def verdicts(actor: Actor, need: Need) -> Mapping[str, Verdict]:
    """What the need's page offers this actor."""
    return {
        "edit": may_edit(actor, need),
        "submit": may_submit(actor, need),
        "withdraw": may_withdraw(actor, need),
        "mark_solved": may_mark_solved(actor, need),
        "check": may_check(actor, need),
        "validation": may_record_validation(actor, need),
        "merge": may_merge(actor, need),
        "follow_up": may_follow_up(actor, need),
        "confidential": may_read_confidential(actor, need),
    }
