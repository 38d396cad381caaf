"""Reads of challenges: the public list and page, the bureau's list, versions and their differences."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, and_, case, false, func, or_, select
from sqlalchemy.orm import joinedload

from market import clock, money
from market.challenges.models import Challenge, ChallengeState, ChallengeVersion, DeadlineChange
from market.challenges.policies import is_insider, may_see
from market.database import db
from market.errors import NotFound
from market.needs.checks import differs
from market.needs.content import CONTENT_FIELDS, AmountKind
from market.needs.sections import FIELD_LABELS, SECRET_FIELDS
from market.paging import Page, paginate
from market.permissions import Actor, Permission
from market.solvers.models import Solver, SolverState
from market.solvers.policies import belongs_to

MOST_EXPORTED = 5000
SORTS = {"new": _l("最新发布"), "deadline": _l("截止最近"), "amount": _l("榜额最高")}


@dataclass(frozen=True, slots=True)
class ChallengeFilter:
    """What a list is narrowed to; unknown values narrow nothing."""

    q: str = ""
    industry: str = ""
    tech_field: str = ""
    district: str = ""
    amount_kind: str = ""
    open: str = ""
    sort: str = ""
    state: str = ""

    @property
    def is_narrowed(self) -> bool:
        return any((self.q, self.industry, self.tech_field, self.district, self.amount_kind, self.open, self.state))


def public_challenges() -> Select[Challenge]:
    """Everything that was ever posted."""
    return select(Challenge).where(Challenge.posted_at.is_not(None))


def visible_challenges(actor: Actor) -> Select[Challenge]:
    """What the poster and the bureau manage: own ones and those of their district, drafts included."""
    own = Challenge.organisation_id.in_(actor.organisations_with(Permission.NEED_READ))
    districts = actor.districts_with(Permission.NEED_READ)
    if districts is None:
        return select(Challenge)
    return select(Challenge).where(or_(own, Challenge.district_code.in_(districts) if districts else false()))


_CURRENT = and_(ChallengeVersion.challenge_id == Challenge.id, ChallengeVersion.number == Challenge.version)
_LARGEST = case(
    (ChallengeVersion.amount_kind == AmountKind.FIXED, ChallengeVersion.amount_fen),
    else_=func.coalesce(ChallengeVersion.amount_high_fen, 0),
)


def _narrowed(query: Select[Challenge], wanted: ChallengeFilter) -> Select[Challenge]:
    for column, value in (
        (Challenge.industry, wanted.industry),
        (Challenge.tech_field, wanted.tech_field),
        (Challenge.district_code, wanted.district),
    ):
        if value:
            query = query.where(column == value[:20])
    by_amount = wanted.amount_kind in {kind.value for kind in AmountKind}
    if by_amount or wanted.sort == "amount":
        query = query.join(ChallengeVersion, _CURRENT)
    if by_amount:
        query = query.where(ChallengeVersion.amount_kind == AmountKind(wanted.amount_kind))
    if wanted.open:
        query = query.where(Challenge.state == ChallengeState.POSTED, Challenge.bid_deadline > clock.now())
    if wanted.state in {state.value for state in ChallengeState}:
        query = query.where(Challenge.state == ChallengeState(wanted.state))
    if wanted.q.strip():
        text = wanted.q.strip()[:100].replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        like = f"%{text}%"
        query = query.where(or_(Challenge.title.ilike(like, escape="\\"), Challenge.code.ilike(like, escape="\\")))
    return query


def _sorted(query: Select[Challenge], sort: str) -> Select[Challenge]:
    match sort:
        case "deadline":
            over = case((Challenge.bid_deadline > clock.now(), 0), else_=1)
            return query.order_by(over, Challenge.bid_deadline, Challenge.id)
        case "amount":
            return query.order_by(_LARGEST.desc(), Challenge.posted_at.desc(), Challenge.id.desc())
        case _:
            return query.order_by(Challenge.posted_at.desc(), Challenge.id.desc())


_WITH_POSTER = (joinedload(Challenge.organisation), joinedload(Challenge.district))


def public_page(wanted: ChallengeFilter, number: int = 1) -> Page[Challenge]:
    query = _sorted(_narrowed(public_challenges(), wanted), wanted.sort).options(*_WITH_POSTER)
    return paginate(db.session(), query, number)


def managed_page(actor: Actor, wanted: ChallengeFilter, number: int = 1) -> Page[Challenge]:
    query = _narrowed(visible_challenges(actor), wanted).options(*_WITH_POSTER)
    moved = func.coalesce(Challenge.state_changed_at, Challenge.created_at)
    return paginate(db.session(), query.order_by(moved.desc(), Challenge.id.desc()), number)


def counts_by_state(actor: Actor) -> dict[ChallengeState, int]:
    query = visible_challenges(actor).with_only_columns(Challenge.state, func.count()).group_by(Challenge.state)
    return {row[0]: row[1] for row in db.session.execute(query)}


def briefs_of(challenges: Sequence[Challenge]) -> dict[int, Any]:
    """The few columns of the current versions that lists show, by challenge id; one statement, nothing confidential."""
    rows = db.session.execute(
        select(
            ChallengeVersion.challenge_id,
            ChallengeVersion.kind,
            ChallengeVersion.amount_kind,
            ChallengeVersion.amount_fen,
            ChallengeVersion.amount_low_fen,
            ChallengeVersion.amount_high_fen,
            ChallengeVersion.content,
            ChallengeVersion.term_months,
        )
        .join(Challenge, _CURRENT)
        .where(Challenge.id.in_([challenge.id for challenge in challenges]))
    ).all()
    return {row.challenge_id: row for row in rows}


def challenge_by_code(code: str) -> Challenge:
    """A posted challenge, for anybody. Raises NotFound: what was not posted has no address."""
    found = db.session.scalar(public_challenges().where(Challenge.code == code).options(*_WITH_POSTER))
    if found is None:
        raise NotFound(_("没有找到这个榜单"))
    return found


def reads_contact(actor: Actor, challenge: Challenge) -> bool:
    """The telephone: the poster, the bureau, and people of a verified solver. Others see it masked."""
    if is_insider(actor, challenge):
        return True
    verified = select(Solver.id).where(Solver.state == SolverState.VERIFIED, belongs_to(actor)).limit(1)
    return actor.is_signed_in and db.session.scalar(verified) is not None


def masked(phone: str | None) -> str:
    """``138****0001``: enough to recognise one's own, too little to call."""
    return f"{phone[:3]}****{phone[-4:]}" if phone and len(phone) >= 8 else "****"


def challenge_of(actor: Actor, challenge_id: int) -> Challenge:
    """One that the actor manages, posted or not. Raises NotFound."""
    found = db.session.scalar(
        visible_challenges(actor)
        .where(Challenge.id == challenge_id)
        .options(*_WITH_POSTER, joinedload(Challenge.rules), joinedload(Challenge.need), joinedload(Challenge.cycle))
    )
    if found is None or not may_see(actor, found):
        raise NotFound(_("没有找到这个榜单"))
    return found


def current_version(challenge: Challenge) -> ChallengeVersion:
    return db.session.scalars(
        select(ChallengeVersion).where(
            ChallengeVersion.challenge_id == challenge.id, ChallengeVersion.number == challenge.version
        )
    ).one()


def versions_of(challenge: Challenge) -> Sequence[ChallengeVersion]:
    """Oldest first."""
    return db.session.scalars(
        select(ChallengeVersion).where(ChallengeVersion.challenge_id == challenge.id).order_by(ChallengeVersion.number)
    ).all()


def deadline_changes_of(challenge: Challenge) -> Sequence[DeadlineChange]:
    return db.session.scalars(
        select(DeadlineChange).where(DeadlineChange.challenge_id == challenge.id).order_by(DeadlineChange.id)
    ).all()


def changed_fields(old: Any, new: Any) -> list[str]:
    return [name for name in CONTENT_FIELDS if differs(name, getattr(old, name), getattr(new, name))]


def version_changes(versions: Sequence[ChallengeVersion]) -> list[tuple[ChallengeVersion, list[tuple[Any, str, str]]]]:
    """[(version, [(label, before, after)])] newest first; of confidential fields only that they changed."""
    found = []
    for old, new in pairwise(versions):
        lines = []
        for name in changed_fields(old, new):
            if name in SECRET_FIELDS:
                lines.append((FIELD_LABELS[name], _("（不公开）"), _("（已修改）")))
            else:
                lines.append((FIELD_LABELS[name], plain_text(name, old), plain_text(name, new)))
        found.append((new, lines))
    return found[::-1]


def plain_text(name: str, subject: Any) -> str:
    """One field of the text as people read it."""
    value = getattr(subject, name)
    if value is None or value == "":
        return "—"
    if name.endswith("_fen"):
        return _("%(amount)s 万元", amount=money.format_wan(value))
    if name == "indicators":
        return "\n".join(_indicator_text(row) for row in value)
    if isinstance(value, list):
        return "\n".join(value)
    if isinstance(value, bool):
        return _("是") if value else _("否")
    return str(getattr(value, "label", value))


def _indicator_text(row: dict[str, str]) -> str:
    sign = {">=": "≥", "<=": "≤", "between": ""}.get(row["operator"], "=")
    number = f"{row['value']}–{row['value_high']}" if row["operator"] == "between" else row["value"]
    bound = f"{row['name']} {sign} {number} {row.get('unit', '')}"
    return _("%(name)s（%(note)s）", name=bound, note=row.get("method", ""))


def relisted_as(challenge: Challenge) -> Challenge | None:
    """The posted challenge that takes its place."""
    return db.session.scalar(
        public_challenges()
        .where(Challenge.relist_of_id == challenge.id, Challenge.state != ChallengeState.REVOKED)
        .order_by(Challenge.id.desc())
        .limit(1)
    )


def predecessor_of(challenge: Challenge) -> Challenge | None:
    return db.session.get(Challenge, challenge.relist_of_id) if challenge.relist_of_id else None


def live_successor(challenge: Challenge) -> Challenge | None:
    """A relisting of it that was not revoked, drafts included."""
    return db.session.scalar(
        select(Challenge)
        .where(Challenge.relist_of_id == challenge.id, Challenge.state != ChallengeState.REVOKED)
        .order_by(Challenge.id.desc())
        .limit(1)
    )


def live_challenge_of_need(need_id: int) -> Challenge | None:
    return db.session.scalar(
        select(Challenge)
        .where(Challenge.need_id == need_id, Challenge.state != ChallengeState.REVOKED)
        .order_by(Challenge.id.desc())
        .limit(1)
    )


def relists_before(challenge: Challenge) -> int:
    """How often its problem was relisted already."""
    count = 0
    while challenge.relist_of_id is not None:
        count += 1
        challenge = db.session.get_one(Challenge, challenge.relist_of_id)
    return count


def challenges_for_ledger(actor: Actor, wanted: ChallengeFilter) -> Sequence[Challenge]:
    query = _narrowed(visible_challenges(actor).where(Challenge.posted_at.is_not(None)), wanted)
    return db.session.scalars(
        query.options(*_WITH_POSTER).order_by(Challenge.posted_at, Challenge.id).limit(MOST_EXPORTED)
    ).all()
