"""Writes of reviews: the bureau's pool, round, ranking and conclusion; the experts' pledge, recusal and scores."""

from collections.abc import Collection, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from market import clock
from market.accounts.models import Organisation, User
from market.audit.journal import record
from market.bids.models import Bid, BidState
from market.challenges.models import Challenge, ChallengeState
from market.database import db
from market.errors import Conflict, IllegalMove, InvalidInput, NotAllowed
from market.notifications.operations import notify
from market.permissions import Actor, Permission
from market.programmes.queries import rules_of
from market.reviews import pool, queries, scoring
from market.reviews.models import (
    Assignment,
    AssignmentState,
    Expert,
    Ranking,
    Round,
    RoundState,
    ScoreDraft,
    Sheet,
)
from market.reviews.panel import (
    PLEDGE,
    assign_expert,
    convene_round,
    declare_no_conflict,
    demand,
    demand_panel,
    draw_experts,
    recuse,
    release_expert,
)
from market.reviews.policies import (
    conclusion_problems,
    is_score,
    may_manage_round,
    may_score,
    missing_of,
)
from market.workflow import advance

# What the room offers to write; seating the panel is told in panel.py.
__all__ = [
    "PLEDGE",
    "assign_expert",
    "conclude_round",
    "convene_round",
    "declare_no_conflict",
    "draw_experts",
    "rank_round",
    "recuse",
    "register_expert",
    "release_expert",
    "save_score_draft",
    "start_round",
    "start_scoring",
    "submit_scores",
    "update_expert",
    "void_round",
]

# --- pool -----------------------------------------------------------------------------------------------------------


def register_expert(actor: Actor, user: User, values: Mapping[str, Any]) -> Expert:
    """Put a person with the role of expert into the pool.

    ``values``: organisation_id, title, fields (term codes), past_organisations (names), is_financial, is_retired.
    Raises InvalidInput for a person without the role, already in the pool, or with neither field nor finance.
    """
    _demand_pool_manager(actor)
    _check_registrable(user)
    expert = Expert(user_id=user.id)
    _fill(expert, values)
    db.session.add(expert)
    db.session.flush()  # The act names the row.
    record(actor, "expert:register", expert)
    return expert


def update_expert(actor: Actor, expert: Expert, values: Mapping[str, Any]) -> None:
    """Correct what the pool knows of an expert. Raises InvalidInput like :func:`register_expert`."""
    _demand_pool_manager(actor)
    _fill(expert, values)
    record(actor, "expert:update", expert)


def _demand_pool_manager(actor: Actor) -> None:
    if not actor.has(Permission.REVIEW_MANAGE):
        raise NotAllowed(_("只有主管处室经办可以维护专家库"))


def _check_registrable(user: User) -> None:
    if db.session.scalar(select(Expert.id).where(Expert.user_id == user.id)):
        raise InvalidInput({"user_id": _("这位专家已在库中")})
    if user not in pool.users_to_register():
        raise InvalidInput({"user_id": _("请先为这位用户授予“评审专家”角色")})


def _fill(expert: Expert, values: Mapping[str, Any]) -> None:
    organisation_id = values.get("organisation_id") or None
    problems = {}
    if organisation_id is not None and db.session.get(Organisation, organisation_id) is None:
        problems["organisation_id"] = _("没有这个单位，请重新选择")
    if not values.get("fields") and not values.get("is_financial"):
        problems["fields"] = _("请至少选择一个技术领域；财务专家可不选")
    if organisation_id is None and not values.get("is_retired"):
        problems.setdefault("organisation_id", _("请选择所在单位；已退休且无单位的请勾选“已退休”"))
    if problems:
        raise InvalidInput(problems)
    expert.organisation_id = organisation_id
    expert.title = values.get("title") or ""
    expert.fields = list(values.get("fields") or [])
    expert.past_organisations = list(values.get("past_organisations") or [])
    expert.is_financial = bool(values.get("is_financial"))
    expert.is_retired = bool(values.get("is_retired"))


# --- round and panel ------------------------------------------------------------------------------------------------


def start_round(actor: Actor, challenge: Challenge) -> Round:
    """Begin a review once the bids are opened and screened; criteria are frozen from the challenge's rules.

    Raises NotAllowed, IllegalMove (not under review, a bid still unscreened, none qualified), Conflict (a round is on).
    """
    if not actor.has(Permission.REVIEW_MANAGE):
        raise NotAllowed(_("只有主管处室经办可以组织评审"))
    if challenge.state is not ChallengeState.REVIEW:
        raise IllegalMove(_("榜单当前为“%(state)s”，投递开启后才能组织评审", state=challenge.state.label))
    counts = _bid_counts(challenge)
    if counts.get(BidState.OPENED):
        raise IllegalMove(_("还有 %(count)d 份揭榜材料未完成形式审查", count=counts[BidState.OPENED]))
    earlier = queries.rounds_of(challenge)
    if any(round_.state not in (RoundState.CONCLUDED, RoundState.VOIDED) for round_ in earlier):
        raise Conflict(_("本榜单已有进行中的评审轮次"))
    if counts.get(BidState.RECOMMENDED):
        raise Conflict(_("本榜单已形成推荐意见，请转入公示；如需重新评审，先撤销公示"))
    if not counts.get(BidState.QUALIFIED):
        raise IllegalMove(_("没有形式审查通过的揭榜，不能组织评审"))
    round_ = Round(
        challenge_id=challenge.id,
        number=(earlier[0].number if earlier else 0) + 1,
        criteria=[criterion.model_dump() for criterion in rules_of(challenge).criteria],
        managed_by_id=actor.user_id,
    )
    db.session.add(round_)
    db.session.flush()  # The act names the row.
    record(actor, "review_round:start", round_, challenge.code or "")
    return round_


def _bid_counts(challenge: Challenge) -> dict[BidState, int]:
    rows = db.session.execute(
        select(Bid.state, func.count()).where(Bid.challenge_id == challenge.id).group_by(Bid.state)
    )
    return dict(rows.all())


# --- scoring --------------------------------------------------------------------------------------------------------


def start_scoring(actor: Actor, round_: Round) -> None:
    """Open the bids to the declared panel. Raises IllegalMove while somebody has not declared or the panel is short."""
    demand(may_manage_round(actor, round_))
    waiting = [a.expert.user.name for a in demand_panel(round_) if a.state is AssignmentState.INVITED]
    if waiting:
        raise IllegalMove(_("还有专家未完成回避申报：%(names)s", names="、".join(waiting)))
    advance(round_, "start_scoring", actor)
    notify(
        [assignment.expert.user_id for assignment in queries.seated(round_)],
        _l("可以评分：%(code)s", code=round_.challenge.code or ""),
        _l("揭榜材料已对您开放。评分可随时保存，提交后不能修改。"),
        "/reviews/mine",
    )


def save_score_draft(actor: Actor, assignment: Assignment, bid: Bid, values: Mapping[str, Any]) -> ScoreDraft:
    """Keep what was entered, complete or not. ``values``: scores {key: 0–100}, reasons {key: text}, comment.

    Raises InvalidInput naming ``score_<key>`` for what is no whole number from 0 to 100.
    """
    demand(may_score(actor, assignment))
    queries.task_bid(assignment, bid.id)
    keys = [criterion["key"] for criterion in assignment.round.criteria]
    scores = {key: values["scores"].get(key) for key in keys if values["scores"].get(key) is not None}
    wrong = {f"score_{key}": _("请填写 0 到 100 的整数") for key, score in scores.items() if not is_score(score)}
    if wrong:
        raise InvalidInput(wrong)
    draft = queries.drafts_of(assignment).get(bid.id) or ScoreDraft(assignment_id=assignment.id, bid_id=bid.id)
    draft.scores = scores
    draft.reasons = {key: values["reasons"].get(key) or "" for key in keys}
    draft.comment = values.get("comment") or ""
    db.session.add(draft)
    return draft


def submit_scores(actor: Actor, assignment: Assignment) -> list[Sheet]:
    """Hand in all sheets at once, finally. Raises InvalidInput naming the bids that are incomplete."""
    demand(may_score(actor, assignment))
    drafts, bids = queries.drafts_of(assignment), queries.bids_of(assignment.round)
    incomplete = {
        f"bid_{bid.id}": f"{bid.solver.name}：" + "，".join(missing)
        for bid in bids
        if (missing := missing_of(assignment.round.criteria, drafts.get(bid.id)))
    }
    if incomplete:
        raise InvalidInput(incomplete)
    advance(assignment, "submit", actor)
    assignment.submitted_at = clock.now()
    sheets = []
    for bid in bids:
        draft = drafts[bid.id]
        sheets.append(
            Sheet(
                assignment_id=assignment.id,
                bid_id=bid.id,
                scores=dict(draft.scores),
                reasons=dict(draft.reasons),
                comment=draft.comment,
                total_hundredths=scoring.weighted_total(draft.scores, assignment.round.criteria),
            )
        )
    db.session.add_all(sheets)
    for draft in drafts.values():
        db.session.delete(draft)
    return sheets


# --- ranking and conclusion -----------------------------------------------------------------------------------------


def rank_round(actor: Actor, round_: Round) -> list[Ranking]:
    """Sum up when all sheets are in: (trimmed) mean, spread, rank. Raises IllegalMove while a sheet is missing."""
    demand(may_manage_round(actor, round_))
    waiting = [a.expert.user.name for a in demand_panel(round_) if a.state is not AssignmentState.SUBMITTED]
    if waiting:
        raise IllegalMove(_("还有专家未提交评分：%(names)s", names="、".join(waiting)))
    bids = queries.bids_of(round_)
    first = round_.criteria[0]["key"]
    sheets: dict[int, list[scoring.Marks]] = {bid.id: [] for bid in bids}
    advance(round_, "rank", actor)
    for sheet in queries.sheets_of(round_):
        # A bid disqualified since keeps its sheets, but takes no place.
        if sheet.bid_id in sheets:
            sheets[sheet.bid_id].append(scoring.Marks(sheet.total_hundredths, sheet.scores[first]))
    rules = rules_of(round_.challenge)
    standings = scoring.rank_bids(
        {bid_id: marks for bid_id, marks in sheets.items() if marks},
        trim_from=rules.trim_from,
        spread_limit=rules.spread_limit,
        outlier_limit=rules.outlier_limit,
    )
    rankings = [
        Ranking(
            round_id=round_.id,
            bid_id=standing.bid_id,
            rank=standing.rank,
            mean_hundredths=standing.mean_hundredths,
            spread_hundredths=standing.spread_hundredths,
            sheets=standing.sheets,
            is_trimmed=standing.is_trimmed,
            needs_explanation=standing.needs_explanation,
        )
        for standing in standings
    ]
    db.session.add_all(rankings)
    return rankings


def conclude_round(
    actor: Actor,
    round_: Round,
    opinion: str,
    recommended: Collection[int],
    reserves: Collection[int] = (),
    explanation: str = "",
) -> None:
    """Write the panel's opinion; bids become recommended, reserve or rejected. Ids are bids'.

    Nothing below the pass line is recommended or kept; an empty recommendation leads to 流榜.
    Raises InvalidInput under opinion, recommended, reserves or explanation.
    """
    demand(may_manage_round(actor, round_))
    rankings = {ranking.bid_id: ranking for ranking in queries.rankings_of(round_)}
    line = rules_of(round_.challenge).pass_line
    wrong = conclusion_problems(rankings, line, opinion, set(recommended), set(reserves), explanation)
    if wrong:
        raise InvalidInput(wrong)
    advance(round_, "conclude", actor)
    round_.opinion, round_.explanation, round_.concluded_at = opinion.strip(), explanation.strip(), clock.now()
    for bid_id, ranking in rankings.items():
        # Disqualified after the ranking: out already.
        if ranking.bid.state is not BidState.QUALIFIED:
            continue
        event = "recommend" if bid_id in recommended else "keep_in_reserve" if bid_id in reserves else "reject"
        advance(ranking.bid, event, actor)


def void_round(actor: Actor, round_: Round, reason: str) -> None:
    """Declare the round void (a violated recusal, a broken panel): its sheets stay, they count no more."""
    demand(may_manage_round(actor, round_))
    if len((reason or "").strip()) < 5:
        raise InvalidInput({"reason": _("请写明作废原因，至少 5 个字")})
    advance(round_, "void", actor, reason)
    round_.void_reason = reason.strip()
    told = [a.expert.user_id for a in queries.panel_of(round_) if round_.convened_by_id is not None]
    notify(
        told,
        _l("评审已作废：%(code)s", code=round_.challenge.code or ""),
        _l("本轮评审已作废，您无需再评分。"),
        "/reviews/mine",
    )
