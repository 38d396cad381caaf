"""Seating the panel: drawn by lot or named, called together, pledged, and replaced from the reserves."""

import secrets
from collections.abc import Collection, Mapping

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from market import clock
from market.audit.journal import record
from market.database import db
from market.errors import Conflict, IllegalMove, InvalidInput, NotAllowed
from market.notifications.operations import notify
from market.permissions import SYSTEM, Actor, Verdict
from market.programmes.queries import rules_of
from market.reviews import drawing, pool, queries
from market.reviews.models import (
    Assignment,
    Draw,
    Expert,
    Round,
    RoundState,
)
from market.reviews.policies import (
    conflict_of,
    exclusion_of,
    is_own_task,
    may_convene,
    may_manage_round,
    over_yearly_cap,
    unit_is_full,
)
from market.workflow import advance

PLEDGE = (
    "本人承诺：客观、公正、独立评审；与发榜方、揭榜方及其人员无近亲属、师生、三年内同单位或合作项目、论文、专利、持股、诉讼等利害关系；"
    "不复制、不外传揭榜材料，不与揭榜方接触。"
)


def demand(verdict: Verdict) -> None:
    if not verdict:
        raise NotAllowed(verdict.reason)


def draw_experts(actor: Actor, round_: Round, count: int, seed: str | None = None) -> Draw:
    """Draw ``count`` experts at random; the seed, the order, the reserves and every exclusion are written down.

    Raises InvalidInput when ``count`` is even or below the rules, or the pool is too small; Conflict when drawn.
    """
    demand(may_manage_round(actor, round_))
    if round_.state is not RoundState.DRAFT or queries.panel_of(round_):
        raise Conflict(_("本轮已有评审组；要重新抽取，请作废本轮后另起一轮"))
    rules = rules_of(round_.challenge)
    if count < rules.panel_least or count % 2 == 0:
        raise InvalidInput({"count": _("评审组应为单数，且不少于 %(least)d 人", least=rules.panel_least)})
    everybody = pool.pool_for(round_)
    seed = seed or secrets.token_hex(16)
    drawn = drawing.draw(
        [_candidate(expert) for expert, reason in everybody if not reason],
        count,
        seed,
        same_unit_most=rules.panel_same_unit_most,
        financial_least=rules.panel_financial_least,
    )
    if len(drawn.panel) < count:
        raise InvalidInput(
            {"count": _("可抽取的专家只够 %(found)d 人，请先补充专家库或减少人数", found=len(drawn.panel))}
        )
    return _write_draw(actor, round_, seed, count, drawn, {expert.id: reason for expert, reason in everybody if reason})


def _candidate(expert: Expert) -> drawing.Candidate:
    return drawing.Candidate(expert.id, expert.organisation_id or 0, expert.is_financial)


def _write_draw(
    actor: Actor, round_: Round, seed: str, size: int, drawn: drawing.Drawn, excluded: Mapping[int, str]
) -> Draw:
    full = _("与已抽中的专家同单位，仅作候补")
    outcome = [{"expert_id": number, "result": "drawn", "reason": ""} for number in drawn.panel]
    outcome += [
        {"expert_id": number, "result": "reserve", "reason": full if number in drawn.unit_full else ""}
        for number in drawn.reserves
    ]
    outcome += [{"expert_id": number, "result": "excluded", "reason": reason} for number, reason in excluded.items()]
    draw = Draw(round_id=round_.id, seed=seed, size=size, outcome=outcome, drawn_by_id=actor.user_id)
    round_.seed, round_.drawn_by_id = seed, actor.user_id
    db.session.add(draw)
    db.session.add_all(Assignment(round_id=round_.id, expert_id=number) for number in drawn.panel)
    record(actor, "review_round:draw", round_, f"seed {seed}")
    return draw


def assign_expert(actor: Actor, round_: Round, expert: Expert) -> Assignment:
    """Name an expert by hand, where a field is rare. Conflicts, the yearly cap and the unit's share refuse here too."""
    demand(may_manage_round(actor, round_))
    if round_.state not in (RoundState.DRAFT, RoundState.DECLARING, RoundState.SCORING):
        raise IllegalMove(_("评分已汇总，不能再增加专家"))
    panel = queries.panel_of(round_)
    if any(assignment.expert_id == expert.id for assignment in panel):
        raise Conflict(_("这位专家已在本轮名单中"))
    facts = pool.panel_facts(round_)
    reason = conflict_of(expert, facts) or over_yearly_cap(expert, facts)
    if not reason and unit_is_full(expert, panel, facts.rules.panel_same_unit_most):
        reason = _("同一单位的专家已达上限 %(most)d 人", most=facts.rules.panel_same_unit_most)
    if reason:
        raise InvalidInput({"expert_id": _("不能指定 %(name)s：%(reason)s", name=expert.user.name, reason=reason)})
    assignment = Assignment(round_id=round_.id, expert_id=expert.id, by_hand=True)
    if round_.drawn_by_id is None:
        round_.drawn_by_id = actor.user_id
    db.session.add(assignment)
    db.session.flush()  # The act names the row.
    record(actor, "review_assignment:assign", assignment, expert.user.name)
    if round_.state is not RoundState.DRAFT:
        _invite(round_, [expert.user_id])
    return assignment


def demand_panel(round_: Round) -> list[Assignment]:
    """The seated panel; raises IllegalMove when it is even or smaller than the rules ask."""
    panel, least = queries.seated(round_), rules_of(round_.challenge).panel_least
    if len(panel) < least or len(panel) % 2 == 0:
        raise IllegalMove(
            _("评审组现有 %(count)d 人，应为单数且不少于 %(least)d 人，请补充专家", count=len(panel), least=least)
        )
    return panel


def convene_round(actor: Actor, round_: Round) -> None:
    """Call the panel together: each expert is told. Raises NotAllowed for whoever drew the panel."""
    demand(may_convene(actor, round_))
    panel = demand_panel(round_)
    advance(round_, "convene", actor)
    round_.convened_by_id = actor.user_id
    _invite(round_, [assignment.expert.user_id for assignment in panel])


def _invite(round_: Round, user_ids: Collection[int]) -> None:
    notify(
        user_ids,
        _l("请您评审：%(code)s", code=round_.challenge.code or ""),
        _l("您被抽取为评审专家。请先阅读承诺并申报有无利害关系，申报后开放揭榜材料。"),
        "/reviews/mine",
        key=f"review:{round_.id}",
    )


def _demand_own(actor: Actor, assignment: Assignment) -> None:
    if not is_own_task(actor, assignment):
        raise NotAllowed(_("不是您的评审任务"))
    if assignment.round.state not in (RoundState.DECLARING, RoundState.SCORING):
        raise IllegalMove(_("本轮评审当前为“%(state)s”", state=assignment.round.state.label))


def declare_no_conflict(actor: Actor, assignment: Assignment) -> None:
    """Sign the pledge for every bid of the round. Raises NotAllowed when the system knows of a conflict."""
    _demand_own(actor, assignment)
    if reason := conflict_of(assignment.expert, pool.panel_facts(assignment.round)):
        raise NotAllowed(_("系统检出回避情形：%(reason)s。请选择申请回避", reason=reason))
    advance(assignment, "declare", actor)
    receipts = "、".join(bid.receipt_number or str(bid.id) for bid in queries.bids_of(assignment.round))
    assignment.declaration = f"{PLEDGE}（{receipts}）"
    assignment.declared_at = clock.now()


def recuse(actor: Actor, assignment: Assignment, reason: str) -> Assignment | None:
    """Step back with a reason; the next fitting reserve takes the seat. Returns the replacement, if there is one."""
    _demand_own(actor, assignment)
    if len((reason or "").strip()) < 2:
        raise InvalidInput({"reason": _("请写明回避原因")})
    advance(assignment, "recuse", actor, reason)
    return _leave(assignment, reason)


def release_expert(actor: Actor, assignment: Assignment, reason: str) -> Assignment | None:
    """Replace an expert who cannot be reached. A submitted sheet cannot be removed this way."""
    demand(may_manage_round(actor, assignment.round))
    if len((reason or "").strip()) < 2:
        raise InvalidInput({"reason": _("请写明撤换原因")})
    advance(assignment, "release", actor, reason)
    return _leave(assignment, reason)


def _leave(assignment: Assignment, reason: str) -> Assignment | None:
    assignment.recusal_reason = reason.strip()
    for draft in queries.drafts_of(assignment).values():
        db.session.delete(draft)
    db.session.flush()  # Who left must not count when the reserve is looked for.
    round_ = assignment.round
    replacement = _next_reserve(round_)
    if replacement is None:
        notify(
            [round_.managed_by_id],
            _l("评审组缺员：%(code)s", code=round_.challenge.code or ""),
            _l("有专家回避且无可用候补，请在评审页面指定补充专家。"),
            f"/challenges/{round_.challenge.code}/review",
        )
        return None
    seat = Assignment(round_id=round_.id, expert_id=replacement.id)
    db.session.add(seat)
    db.session.flush()  # The act names the row.
    record(SYSTEM, "review_assignment:replace", seat, f"#{assignment.id}")
    if round_.state is not RoundState.DRAFT:
        _invite(round_, [replacement.user_id])
    return seat


def _next_reserve(round_: Round) -> Expert | None:
    """The first reserve in the order of the draw who still qualifies today."""
    panel = queries.panel_of(round_)
    known = {assignment.expert_id for assignment in panel}
    facts = pool.panel_facts(round_)
    for draw in queries.draws_of(round_):
        for entry in draw.outcome:
            if entry["result"] != "reserve" or entry["expert_id"] in known:
                continue
            expert = db.session.get(Expert, entry["expert_id"])
            if expert is None or exclusion_of(expert, facts):
                continue
            if not unit_is_full(expert, panel, facts.rules.panel_same_unit_most):
                return expert
    return None
