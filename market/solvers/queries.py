"""Reads of solvers: the public list and profile, one's own profiles, what helps the matching, search documents."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from babel import Locale
from flask import url_for
from flask_babel import get_locale, lazy_pgettext
from flask_babel import gettext as _
from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from market import clock
from market.accounts.models import Membership, MembershipState, Organisation, User
from market.database import db
from market.errors import NotAllowed, NotFound
from market.permissions import Actor
from market.search.documents import Document, register
from market.solvers.models import PUBLIC_SOLVER_STATES, Achievement, Solver, SolverMember, SolverState
from market.solvers.policies import belongs_to, may_edit, visible_to

STALE_AFTER = timedelta(days=365)
FEW_WORDS = 80
FEW_DOCUMENTS = 3
# What the dictionary of territories leaves out or words otherwise than the State Council's forms do.
TERRITORIES_ZH = {"HK": "中国香港", "MO": "中国澳门", "TW": "中国台湾"}


def country_name(code: str) -> str:
    locale = get_locale() or Locale("zh")
    if locale.language == "zh" and code in TERRITORIES_ZH:
        return TERRITORIES_ZH[code]
    return locale.territories.get(code, code)


def country_choices() -> list[tuple[str, str]]:
    """Countries and regions, China first."""
    codes = [code for code in map(str, Locale("en").territories) if len(code) == 2 and code.isalpha()]
    return sorted(
        ((code, country_name(code)) for code in codes if code not in _NO_COUNTRY),
        key=lambda pair: (pair[0] != "CN", pair[1]),
    )


_NO_COUNTRY = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})


def _like(word: str) -> str:
    escaped = word.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def public_solvers(q: str = "", direction: str = "", country: str = "") -> Select[Any]:
    """The public list, verified first, newest first."""
    query = (
        select(Solver)
        .where(Solver.state.in_(PUBLIC_SOLVER_STATES))
        .options(joinedload(Solver.organisation))
        .order_by(Solver.state.desc(), Solver.refreshed_at.desc().nulls_last(), Solver.id.desc())
    )
    for word in [*q.split()[:8], *([direction] if direction else [])]:
        query = query.where(Solver.filter_text.like(_like(word), escape="\\"))
    return query.where(Solver.country == country) if country else query


def countries_listed() -> list[tuple[str, str]]:
    codes = db.session.scalars(
        select(Solver.country).where(Solver.state.in_(PUBLIC_SOLVER_STATES)).distinct().order_by(Solver.country)
    )
    return [(code, country_name(code)) for code in codes]


def solver_seen_by(actor: Actor, solver_id: int) -> Solver:
    """Raises NotFound when there is none or the actor may not know of it."""
    solver = db.session.scalar(
        select(Solver)
        .where(Solver.id == solver_id, visible_to(actor))
        .options(joinedload(Solver.organisation), joinedload(Solver.lead))
    )
    if solver is None:
        raise NotFound(_("没有这个揭榜方，或资料未公开"))
    return solver


def solver_edited_by(actor: Actor, solver_id: int) -> Solver:
    """Raises NotFound or NotAllowed."""
    solver = solver_seen_by(actor, solver_id)
    if not (verdict := may_edit(actor, solver)):
        raise NotAllowed(verdict.reason)
    return solver


def own_solvers(actor: Actor) -> Sequence[Solver]:
    query = select(Solver).where(belongs_to(actor)).options(joinedload(Solver.organisation)).order_by(Solver.id)
    return db.session.scalars(query).all()


def achievements_of(solver: Solver) -> Sequence[Achievement]:
    query = select(Achievement).where(Achievement.solver_id == solver.id)
    return db.session.scalars(query.order_by(Achievement.year.desc().nulls_last(), Achievement.id)).all()


def achievements_by_solver(solver_ids: Iterable[int]) -> dict[int, list[Achievement]]:
    """Documents that count for the matching, one statement for all."""
    found: dict[int, list[Achievement]] = defaultdict(list)
    query = select(Achievement).where(Achievement.solver_id.in_(list(solver_ids)), Achievement.counts_for_matching)
    for row in db.session.scalars(query.order_by(Achievement.id)):
        found[row.solver_id].append(row)
    return found


def works_to_choose(solver_ids: Sequence[int], titles: Iterable[str]) -> Sequence[Achievement]:
    """Of these profiles the works with one of the titles, and those set aside; oldest first."""
    query = select(Achievement).where(
        Achievement.solver_id.in_(solver_ids),
        Achievement.title.in_(list(titles)) | Achievement.counts_for_matching.is_(False),
    )
    return db.session.scalars(query.order_by(Achievement.year, Achievement.id)).all()


def achievement_of(solver: Solver, achievement_id: int) -> Achievement:
    found = db.session.get(Achievement, achievement_id)
    if found is None or found.solver_id != solver.id:
        raise NotFound(_("没有这项成果"))
    return found


def members_of(solver: Solver) -> Sequence[SolverMember]:
    query = select(SolverMember).where(SolverMember.solver_id == solver.id)
    return db.session.scalars(query.order_by(SolverMember.id)).all()


def people_of(solver_ids: Iterable[int]) -> dict[int, list[User]]:
    """Lead and members with accounts of each solver: whom to tell."""
    ids = list(solver_ids)
    found: dict[int, list[User]] = defaultdict(list)
    leads = select(Solver.id, User).join(User, User.id == Solver.lead_id).where(Solver.id.in_(ids))
    members = select(SolverMember.solver_id, User).join(User, User.id == SolverMember.user_id)
    for query in (leads, members.where(SolverMember.solver_id.in_(ids))):
        for solver_id, user in db.session.execute(query.order_by(User.id)):
            if user.is_active and user not in found[solver_id]:
                found[solver_id].append(user)
    return found


def organisations_of(actor: Actor) -> Sequence[Organisation]:
    """Where the person may register for: organisations they belong to or hold a role in."""
    member_of = select(Membership.organisation_id).where(
        Membership.user_id == actor.user_id, Membership.state == MembershipState.ACTIVE
    )
    query = select(Organisation).where(
        Organisation.id.in_(member_of) | Organisation.id.in_(sorted(actor.organisation_ids))
    )
    return db.session.scalars(query.order_by(Organisation.name)).all()


def solvers_to_manage(show: str = "", q: str = "") -> Select[Any]:
    """Staff's list. ``show``: pending, verified, stale (a year untouched), empty (nothing to match by), hidden."""
    documents = select(func.count()).where(Achievement.solver_id == Solver.id).correlate(Solver).scalar_subquery()
    words = func.length(Solver.profile_zh) + func.length(Solver.profile_en)
    query = (
        select(Solver)
        .where(Solver.state != SolverState.DRAFT)
        .options(joinedload(Solver.organisation), joinedload(Solver.lead))
    )
    stale = func.coalesce(Solver.refreshed_at, Solver.created_at) < clock.now() - STALE_AFTER
    conditions = {
        "pending": Solver.state == SolverState.LISTED,
        "verified": Solver.state == SolverState.VERIFIED,
        "hidden": Solver.state == SolverState.HIDDEN,
        "stale": stale,
        "empty": (documents == 0) & (words < FEW_WORDS),
    }
    if show in conditions:
        query = query.where(conditions[show])
    for word in q.split()[:8]:
        query = query.where(Solver.filter_text.like(_like(word), escape="\\"))
    return query.order_by(Solver.state, Solver.state_changed_at, Solver.id)


@dataclass(frozen=True, slots=True)
class Completeness:
    """How much the matching has to read. ``advice``: (what would help, the step it is in), most useful first."""

    percent: int
    advice: list[tuple[str, str]]


def completeness_of(solver: Solver, documents: Sequence[Achievement]) -> Completeness:
    """Weights: what the ranking gains most from weighs most (documents, then words of one's own)."""
    counted = [document for document in documents if document.counts_for_matching]
    text = max(len(solver.profile_zh), len(solver.profile_en) // 3)
    checks = [
        (20, bool(counted), _("至少登记一项成果、专利或论文：匹配主要依据这些文献"), "achievements"),
        (15, bool(solver.directions), _("填写研究方向"), "directions"),
        (
            15,
            text >= FEW_WORDS,
            _("把简介写到 %(n)d 字以上：做过什么、有什么装备、解决过什么问题", n=FEW_WORDS),
            "profile",
        ),
        (10, bool(solver.name), _("填写名称"), "basics"),
        (
            10,
            len(counted) >= FEW_DOCUMENTS,
            _("登记 %(n)d 项以上成果，可整段粘贴清单", n=FEW_DOCUMENTS),
            "achievements",
        ),
        (10, len(solver.keywords) >= 3, _("补充三个以上关键词：材料牌号、设备、方法，中英文都可以"), "directions"),
        (10, any(d.abstract for d in counted), _("给一两项代表性成果补上摘要，能让匹配理由更具体"), "achievements"),
        (5, bool(solver.profile_zh and solver.profile_en), _("中英文简介都写，跨语言匹配更准"), "profile"),
        (5, bool(solver.organisation_id), _("选择所在单位，便于核验和签约"), "basics"),
    ]
    return Completeness(
        sum(weight for weight, done, _text, _step in checks if done),
        [(text, step) for _weight, done, text, step in checks if not done],
    )


def shown_name(solver: Solver) -> str:
    """The name in the reader's language where there is one."""
    english = str(get_locale() or "zh").startswith("en")
    return (solver.name_en if english else solver.name) or solver.name or solver.name_en or _("（未填写名称）")


def organisation_name(organisation: Organisation | None) -> str:
    if organisation is None:
        return ""
    english = str(get_locale() or "zh").startswith("en")
    return (organisation.name_en if english else "") or organisation.name


def _documents(ids: Sequence[int] | None) -> Iterator[Document]:
    """Public profiles as the search reads them."""
    query = select(Solver).where(Solver.state.in_(PUBLIC_SOLVER_STATES)).options(joinedload(Solver.organisation))
    if ids is not None:
        query = query.where(Solver.id.in_(ids))
    for batch in db.session.scalars(query.order_by(Solver.id).execution_options(yield_per=500)).partitions():
        works: dict[int, list[str]] = defaultdict(list)
        rows = select(Achievement.solver_id, Achievement.title, Achievement.abstract)
        for owner, title, abstract in db.session.execute(
            rows.where(Achievement.solver_id.in_([solver.id for solver in batch])).order_by(Achievement.id)
        ):
            works[owner] += [title, abstract]
        yield from (_document(solver, works[solver.id]) for solver in batch)


def _document(solver: Solver, works: list[str]) -> Document:
    names = [solver.name, solver.name_en, solver.organisation.name if solver.organisation else ""]
    return Document(
        id=solver.id,
        title=shown_name(solver),
        body="\n".join(text for text in [solver.profile_zh, solver.profile_en, *works, *names] if text),
        tags=(*solver.directions, *solver.keywords),
        district=(solver.organisation.district_code or "") if solver.organisation else "",
        posted_at=solver.refreshed_at or solver.created_at,
        state=solver.state,
    )


register(
    "solver",
    _documents,
    lambda document: url_for("solvers.show", solver_id=document.id),
    lazy_pgettext("list", "揭榜方"),
    position=20,
)
