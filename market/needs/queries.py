"""Reads of needs: scoped lists, one need, similar ones, its history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, false, func, or_, select
from sqlalchemy.orm import defer, joinedload

from market import clock
from market.accounts.models import District, Organisation
from market.audit.models import Entry
from market.database import db
from market.errors import NotFound
from market.needs.checks import likeness
from market.needs.models import Need, NeedFollowUp, NeedState
from market.needs.policies import is_own, may_see
from market.needs.sections import FIELD_LABELS
from market.needs.states import NeedMachine
from market.paging import Page, paginate
from market.permissions import N_, Actor, Permission
from market.programmes.queries import kept_days, rules_of

YEARS_COMPARED = 3
MOST_COMPARED = 2000
MOST_EXPORTED = 5000


@dataclass(frozen=True, slots=True)
class NeedFilter:
    """What a list is narrowed to; unknown values narrow nothing."""

    state: str = ""
    district: str = ""
    q: str = ""


def visible_needs(actor: Actor) -> Select[Need]:
    """The same rule as policies.may_see, in SQL."""
    own = Need.organisation_id.in_(actor.organisations_with(Permission.NEED_READ))
    districts = actor.districts_with(Permission.NEED_READ)
    submitted = Need.first_submitted_at.is_not(None)
    if districts is None:
        return select(Need).where(or_(own, submitted))
    return select(Need).where(or_(own, submitted & Need.district_code.in_(districts) if districts else false()))


def need_of(actor: Actor, need_id: int) -> Need:
    """Raises NotFound also when the actor may not know that it exists."""
    found = db.session.scalar(
        select(Need)
        .where(Need.id == need_id)
        .options(
            joinedload(Need.cycle),
            joinedload(Need.organisation).joinedload(Organisation.district),
            joinedload(Need.author),
        )
    )
    if found is None or not may_see(actor, found):
        raise NotFound(_("没有找到这条需求，可能不对您开放"))
    return found


def _filtered(actor: Actor, wanted: NeedFilter) -> Select[Need]:
    query = visible_needs(actor).options(
        joinedload(Need.organisation).joinedload(Organisation.district),
        joinedload(Need.cycle),
        defer(Need.confidential_text),
        defer(Need.contact_phone),
    )
    if wanted.state in {state.value for state in NeedState}:
        query = query.where(Need.state == NeedState(wanted.state))
    if wanted.district:
        query = query.where(Need.district_code == wanted.district)
    if wanted.q:
        like = f"%{_escaped(wanted.q)}%"
        query = query.join(Organisation, Organisation.id == Need.organisation_id).where(
            or_(Need.title.ilike(like, escape="\\"), Organisation.name.ilike(like, escape="\\"))
        )
    return query.order_by(func.coalesce(Need.state_changed_at, Need.created_at).desc(), Need.id.desc())


def _escaped(text: str) -> str:
    return text.strip()[:100].replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def needs_page(actor: Actor, wanted: NeedFilter, number: int = 1) -> Page[Need]:
    return paginate(db.session(), _filtered(actor, wanted), number)


def needs_for_ledger(actor: Actor, wanted: NeedFilter) -> Sequence[Need]:
    return db.session.scalars(_filtered(actor, wanted).limit(MOST_EXPORTED)).unique().all()


def counts_by_state(actor: Actor) -> dict[NeedState, int]:
    visible = visible_needs(actor).with_only_columns(Need.state, func.count()).group_by(Need.state)
    return {row[0]: row[1] for row in db.session.execute(visible)}


def districts() -> Sequence[District]:
    return db.session.scalars(select(District).order_by(District.position, District.code)).all()


def due_day(need: Need, kept: Mapping[Any, bool] | None = None) -> clock.Due | None:
    """By when the present check should be done: working days after the state changed."""
    rules = rules_of(need)
    days = {
        NeedState.DISTRICT_CHECK: rules.district_check_working_days,
        NeedState.FORMAL_CHECK: rules.formal_check_working_days,
    }.get(need.state)
    if days is None or need.state_changed_at is None:
        return None
    return clock.add_working_days(
        clock.local(need.state_changed_at).date(), days, kept_days() if kept is None else kept
    )


def due_days(needs: Sequence[Need]) -> dict[int, clock.Due]:
    kept = kept_days()
    return {need.id: due for need in needs if (due := due_day(need, kept))}


def mean_score(need: Need) -> float | None:
    """The panel's mean; the names of experts are not for the firm."""
    return sum(row["score"] for row in need.panel_scores) / len(need.panel_scores) if need.panel_scores else None


def writable_firms(actor: Actor) -> Sequence[Organisation]:
    return db.session.scalars(
        select(Organisation)
        .where(Organisation.id.in_(actor.organisations_with(Permission.NEED_WRITE)))
        .order_by(Organisation.id)
    ).all()


def firms_by_uscc(codes: Sequence[str]) -> dict[str, Organisation]:
    rows = db.session.scalars(select(Organisation).where(Organisation.uscc.in_(codes)).order_by(Organisation.id))
    return {row.uscc or "": row for row in rows}


def last_follow_ups(needs: Sequence[Need]) -> dict[int, str]:
    """Need id → its latest follow-up."""
    rows = db.session.execute(
        select(NeedFollowUp.need_id, NeedFollowUp.text)
        .where(NeedFollowUp.need_id.in_([need.id for need in needs]))
        .order_by(NeedFollowUp.id)
    ).all()
    return {row.need_id: row.text for row in rows}


def similar_needs(need: Need, threshold: int | None = None) -> list[tuple[int, Need]]:
    """[(likeness in percent, need)] of submitted needs of the last years with alike titles, most alike first.

    For bureau eyes: a firm must not learn of another's need this way.
    """
    since = clock.now() - timedelta(days=366 * YEARS_COMPARED)
    rows = db.session.execute(
        select(Need.id, Need.title)
        .where(Need.id != need.id, Need.first_submitted_at >= since, Need.state != NeedState.MERGED)
        .order_by(Need.id.desc())
        .limit(MOST_COMPARED)
    ).all()
    least = rules_of(need).duplicate_threshold if threshold is None else threshold
    scored = sorted(((likeness(need.title, row.title), row.id) for row in rows), reverse=True)[:5]
    wanted = {row_id: score for score, row_id in scored if score >= least}
    found = db.session.scalars(select(Need).where(Need.id.in_(wanted)).options(joinedload(Need.organisation))).all()
    return sorted(((wanted[row.id], row) for row in found), key=lambda pair: -pair[0])


def own_similar_needs(actor: Actor, need: Need) -> list[tuple[int, Need]]:
    """Alike needs that the actor may see anyway."""
    return [(score, row) for score, row in similar_needs(need) if may_see(actor, row)]


def follow_ups_of(need: Need) -> Sequence[NeedFollowUp]:
    return db.session.scalars(
        select(NeedFollowUp)
        .where(NeedFollowUp.need_id == need.id)
        .options(joinedload(NeedFollowUp.author))
        .order_by(NeedFollowUp.created_at, NeedFollowUp.id)
    ).all()


_ACTS = {
    "need:create": N_("建立草稿"),
    "need:edit": N_("修改"),
    "need:ask_to_submit": N_("请签约人提交"),
    "need:follow_up": N_("跟进"),
    "attachment:store": N_("上传附件"),
    "attachment:remove": N_("移除附件"),
}
_TONES = {
    "accept": "good",
    "post": "good",
    "refuse": "bad",
    "refuse_by_district": "bad",
    "return_by_district": "attention",
}


def timeline_of(actor: Actor, need: Need) -> list[dict[str, Any]]:
    """What happened, newest first, for timeline.html. The firm reads offices, not the officers' names."""
    entries = db.session.scalars(
        select(Entry)
        .where(Entry.subject_kind == "need", Entry.subject_id == str(need.id))
        .order_by(Entry.seq.desc())
        .limit(100)
    ).all()
    inside = not is_own(actor, need)
    found: list[dict[str, Any]] = []
    for entry in entries:
        verb = entry.action.partition(":")[2]
        title = _ACTS.get(entry.action) or NeedMachine.moves.get(verb, ("",))[0]
        # One line is enough for an afternoon of saving section after section.
        if not title or (entry.action == "need:edit" and found and found[-1]["action"] == "need:edit"):
            continue
        found.append(
            {
                "at": entry.at,
                "title": _(title),
                "action": entry.action,
                "actor": entry.actor_name if inside or verb in _FIRM_ACTS else _("科技主管部门"),
                "text": entry.note,
                "tone": _TONES.get(verb, "neutral"),
            }
        )
    return found


_FIRM_ACTS = {"create", "edit", "submit", "withdraw", "mark_solved", "ask_to_submit", "store", "remove"}


def changed_since_return(need: Need) -> list[str]:
    """Fields changed after it was last sent back, so that the checker sees what is new."""
    entries = db.session.scalars(
        select(Entry)
        .where(Entry.subject_kind == "need", Entry.subject_id == str(need.id))
        .order_by(Entry.seq.desc())
        .limit(200)
    ).all()
    changed: set[str] = set()
    for entry in entries:
        if entry.action in ("need:return_by_district", "need:return_by_division"):
            return [name for name in FIELD_LABELS if name in changed]
        for change in entry.changes:
            if change["table"] == "need":
                changed |= set(change["values"])
    return []
