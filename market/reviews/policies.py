"""Who may sit on a panel and why not, who reads a round, and whose task it is (docs/domain.md B.2, B.6)."""

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from market.bids.models import Bid, BidState
from market.bids.policies import bid_readers
from market.database import db
from market.permissions import ALLOWED, Actor, Permission, Verdict, refused
from market.programmes.rules import Rules
from market.reviews.models import (
    Assignment,
    AssignmentState,
    Expert,
    Ranking,
    Round,
    RoundState,
    ScoreDraft,
)
from market.reviews.scoring import HUNDREDTHS


def plain_name(name: str) -> str:
    """A unit's name as compared: full-width letters, spaces and brackets made alike."""
    return "".join(unicodedata.normalize("NFKC", name).split()).lower()


@dataclass(frozen=True, slots=True)
class PanelFacts:
    """All that decides who may judge one challenge, read once for the whole pool."""

    rules: Rules
    tech_field: str
    poster_id: int
    poster_names: frozenset[str]
    bidder_ids: frozenset[int]
    bidder_names: frozenset[str]
    person_ids: frozenset[int]
    """Leads and members of the bidding solvers."""
    active_users: frozenset[int]
    """Hold the role of expert with a live account."""
    units: Mapping[int, frozenset[int]] = field(default_factory=dict)
    """Organisations of each user: memberships and scoped roles."""
    served: Mapping[int, int] = field(default_factory=dict)
    """Tasks of each expert this year."""
    dishonest_users: frozenset[int] = frozenset()
    dishonest_units: frozenset[int] = frozenset()
    recused: frozenset[int] = frozenset()
    """Experts who stepped back from this challenge before."""


def conflict_of(expert: Expert, facts: PanelFacts) -> str:
    """Why this expert must not judge these bids, or the empty text. Nobody can overrule it."""
    units = facts.units.get(expert.user_id, frozenset()) | (
        {expert.organisation_id} if expert.organisation_id else set()
    )
    past = {plain_name(name) for name in expert.past_organisations}
    if expert.user_id not in facts.active_users:
        return _("账号已停用或不再具有评审专家角色")
    if expert.user_id in facts.person_ids:
        return _("是揭榜团队的负责人或成员")
    if facts.poster_id in units:
        return _("与发榜方同单位")
    if units & facts.bidder_ids or (expert.organisation and plain_name(expert.organisation.name) in facts.bidder_names):
        return _("与揭榜方同单位")
    if past & facts.poster_names:
        return _("%(years)d 年内曾在发榜方任职", years=facts.rules.recusal_years)
    if past & facts.bidder_names:
        return _("%(years)d 年内曾在揭榜方单位任职", years=facts.rules.recusal_years)
    if expert.id in facts.recused:
        return _("此前已就本榜单回避")
    if expert.user_id in facts.dishonest_users or units & facts.dishonest_units:
        return _("本人或所在单位有生效中的科研失信记录")
    return ""


def over_yearly_cap(expert: Expert, facts: PanelFacts) -> str:
    served = facts.served.get(expert.id, 0)
    if served < facts.rules.expert_yearly_most:
        return ""
    return _("本年度已参加 %(served)d 次，达到上限 %(most)d 次", served=served, most=facts.rules.expert_yearly_most)


def exclusion_of(expert: Expert, facts: PanelFacts) -> str:
    """Why the expert does not stand in the draw, or the empty text."""
    if reason := conflict_of(expert, facts) or over_yearly_cap(expert, facts):
        return reason
    if not expert.is_financial and facts.tech_field not in expert.fields:
        return _("研究领域与榜单不符")
    return ""


def may_manage_round(actor: Actor, round_: Round) -> Verdict:
    if not actor.has(Permission.REVIEW_MANAGE):
        return refused(_("只有主管处室经办可以组织评审"))
    if round_.state in (RoundState.CONCLUDED, RoundState.VOIDED):
        return refused(_("本轮评审已结束"))
    return ALLOWED


def may_convene(actor: Actor, round_: Round) -> Verdict:
    """抽取与通知分离: whoever drew or named the experts does not notify them."""
    if round_.drawn_by_id == actor.user_id:
        return refused(_("抽取专家的人不能再通知专家，请由另一位经办通知"))
    return may_manage_round(actor, round_)


def may_see_sheets(round_: Round) -> Verdict:
    """Sheets stay closed to the bureau until all are in: nobody can lean on the experts still scoring."""
    if round_.state in (RoundState.RANKED, RoundState.CONCLUDED):
        return ALLOWED
    return refused(_("全部专家交齐并汇总后才显示评分"))


def is_own_task(actor: Actor, assignment: Assignment) -> bool:
    """Also the only one who may know of it, besides the bureau on the round's page."""
    return actor.user_id is not None and assignment.expert.user_id == actor.user_id


def may_read_task_bids(actor: Actor, assignment: Assignment) -> Verdict:
    """The content opens with the signed pledge, and closes with the round."""
    if not is_own_task(actor, assignment) or not actor.has(Permission.REVIEW_SCORE):
        return refused(_("不是您的评审任务"))
    if assignment.state not in (AssignmentState.DECLARED, AssignmentState.SUBMITTED):
        return refused(_("签署承诺并申报无利害关系后才能阅读揭榜材料"))
    if assignment.round.state is not RoundState.SCORING and assignment.round.state is not RoundState.RANKED:
        return refused(_("评分尚未开始或已经结束"))
    return ALLOWED


def may_score(actor: Actor, assignment: Assignment) -> Verdict:
    if not (verdict := may_read_task_bids(actor, assignment)):
        return verdict
    if assignment.state is AssignmentState.SUBMITTED:
        return refused(_("评分已提交，不能再改"))
    if assignment.round.state is not RoundState.SCORING:
        return refused(_("评分尚未开始或已经结束"))
    return ALLOWED


def reads_as_expert(actor: Actor, bid: Bid) -> bool:
    """Declared experts read the bids they judge, files included, while the round is scored."""
    if actor.user_id is None or not actor.has(Permission.REVIEW_SCORE):
        return False
    task = (
        select(Assignment.id)
        .join(Expert, Assignment.expert_id == Expert.id)
        .join(Round, Assignment.round_id == Round.id)
        .where(
            Expert.user_id == actor.user_id,
            Round.challenge_id == bid.challenge_id,
            Round.state.in_((RoundState.SCORING, RoundState.RANKED)),
            Assignment.state.in_((AssignmentState.DECLARED, AssignmentState.SUBMITTED)),
        )
    )
    return bid.state is BidState.QUALIFIED and db.session.scalar(task) is not None


bid_readers.append(reads_as_expert)


def unit_is_full(expert: Expert, panel: Collection[Assignment], most: int) -> bool:
    """Whether the expert's unit already has its share of the seated panel."""
    sitting = [assignment for assignment in panel if assignment.state is not AssignmentState.RECUSED]
    return bool(expert.organisation_id) and (
        sum(assignment.expert.organisation_id == expert.organisation_id for assignment in sitting) >= most
    )


def is_score(value: object) -> bool:
    """A whole number from 0 to 100. True is an int to Python, and a float may be NaN: neither is a score."""
    return type(value) is int and 0 <= value <= 100


def missing_of(criteria: Sequence[Mapping[str, Any]], draft: ScoreDraft | None) -> list[str]:
    """What a draft still lacks before it may be handed in, in words."""
    if draft is None:
        return [_("尚未评分")]
    missing = []
    for criterion in criteria:
        if not is_score(draft.scores.get(criterion["key"])):
            missing.append(_("“%(name)s”未打分", name=criterion["name"]))
        elif not draft.reasons.get(criterion["key"], "").strip():
            missing.append(_("“%(name)s”未写理由", name=criterion["name"]))
    if not draft.comment.strip():
        missing.append(_("未写综合意见"))
    return missing


def conclusion_problems(
    rankings: Mapping[int, Ranking],
    line: int,
    opinion: str,
    recommended: AbstractSet[int],
    reserves: AbstractSet[int],
    explanation: str,
) -> dict[str, str]:
    """What keeps an opinion from standing, by field. ``line`` is the pass line in points; ids are bids'."""
    problems = {}
    if len((opinion or "").strip()) < 10:
        problems["opinion"] = _("请写明评审组意见，至少 10 个字")
    for name, chosen in (("recommended", recommended), ("reserves", reserves)):
        if chosen - rankings.keys():
            problems[name] = _("所选揭榜不在本轮排序中")
        elif any(rankings[bid_id].mean_hundredths < line * HUNDREDTHS for bid_id in chosen):
            problems[name] = _("低于合格线 %(line)d 分的揭榜不能推荐或备选", line=line)
        elif any(rankings[bid_id].bid.state is not BidState.QUALIFIED for bid_id in chosen):
            problems[name] = _("所选揭榜已被取消资格")
    if recommended & reserves:
        problems["reserves"] = _("同一揭榜不能既推荐又备选")
    doubtful = any(ranking.needs_explanation for ranking in rankings.values())
    if doubtful and len((explanation or "").strip()) < 10:
        problems["explanation"] = _("有评分差异超过规定，请说明复核情况，至少 10 个字")
    return problems
