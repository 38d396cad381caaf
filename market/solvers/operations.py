"""Registering what one can do: create, edit, add works, list publicly, hide, verify."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from market import clock
from market.accounts.grants import give_role, grant_role
from market.accounts.models import Membership, MembershipState, User
from market.accounts.policies import scope_problem
from market.accounts.queries import organisation_of, user_of
from market.audit.journal import record
from market.database import db
from market.errors import InvalidInput, NotAllowed
from market.jobs import enqueue
from market.notifications.operations import Text, notify
from market.permissions import SYSTEM, Actor, Permission, Role, Verdict
from market.search.documents import update_search
from market.solvers.models import (
    PUBLIC_SOLVER_STATES,
    Achievement,
    AchievementKind,
    Solver,
    SolverKind,
    SolverMember,
    SolverState,
)
from market.solvers.policies import (
    ACHIEVEMENTS_MOST,
    DIRECTIONS_MOST,
    KEYWORDS_MOST,
    may_create,
    may_edit,
    may_verify,
)
from market.solvers.references import same_title
from market.workflow import advance

TEXTS = {"name": 120, "name_en": 160, "title": 80, "profile_zh": 5000, "profile_en": 8000}
LISTS = {"directions": (DIRECTIONS_MOST, 60), "keywords": (KEYWORDS_MOST, 80), "cooperation_modes": (10, 40)}
OTHERS = ("kind", "organisation_id", "country", "accepts_matching")
WORK_TEXTS = {"title": 400, "abstract": 4000, "number": 80, "status": 40}
MEMBERS_MOST = 50


def create_solver(actor: Actor, values: Mapping[str, Any]) -> Solver:
    """A draft profile led by the actor, who becomes 团队负责人 when they hold no solver role yet.

    ``values``: columns of Solver; all may be missing. Raises NotAllowed, InvalidInput.
    """
    _require(may_create(actor))
    checked = _checked(actor, values)
    solver = Solver(lead_id=actor.user_id, refreshed_at=clock.now(), **{"kind": SolverKind.TEAM, **checked})
    db.session.add(solver)
    db.session.flush()  # The entry names the row.
    record(actor, "solver:create", solver)
    _grant_solver_roles(actor, solver.organisation_id)
    return solver


def _grant_solver_roles(actor: Actor, organisation_id: int | None) -> None:
    """Whoever registers a profile may write, bid and sign for it: in the organisation, or in person without one."""
    user = user_of(actor.user_id or 0)
    for role in (Role.SOLVER, Role.TEAM_LEAD):
        if (role, organisation_id) in {(held.role, held.organisation_id) for held in actor.held}:
            continue
        organisation = organisation_of(organisation_id) if organisation_id is not None else None
        if scope_problem(role, organisation, None) is None:
            grant_role(SYSTEM, user, role, organisation_id=organisation_id)
        elif not actor.has(Permission.SOLVER_WRITE):
            give_role(SYSTEM, user, role, None, None)


def edit_solver(actor: Actor, solver: Solver, values: Mapping[str, Any]) -> None:
    """Change the given columns. A verified profile with another name or organisation must be verified anew."""
    _require(may_edit(actor, solver))
    checked = _checked(actor, values, solver)
    changed = {name: value for name, value in checked.items() if getattr(solver, name) != value}
    if solver.state in PUBLIC_SOLVER_STATES:
        _refuse_gaps({**_public_values(solver), **checked})
    if solver.state is SolverState.VERIFIED and changed.keys() & {"name", "organisation_id"}:
        advance(solver, "change_identity", actor)
    else:
        record(actor, "solver:edit", solver)
    for name, value in changed.items():
        setattr(solver, name, value)
    if "organisation_id" in changed:
        _grant_solver_roles(actor, solver.organisation_id)
    _public_text_changed(solver)


def set_members(actor: Actor, solver: Solver, members: Sequence[Mapping[str, Any]]) -> None:
    """Replace the members: {name, organisation_name, role, email}. A colleague's e-mail links their account."""
    _require(may_edit(actor, solver))
    rows = [row for row in members if (row.get("name") or "").strip()]
    names = [row["name"].strip() for row in rows]
    if len(rows) > MEMBERS_MOST:
        raise InvalidInput({"members": _("成员最多 %(most)d 人", most=MEMBERS_MOST)})
    if len(set(names)) < len(names):
        raise InvalidInput({"members": _("成员姓名重复；同名者请加注单位，例如“张伟（材料学院）”")})
    before = {m.name: m for m in db.session.scalars(select(SolverMember).where(SolverMember.solver_id == solver.id))}
    record(actor, "solver:set_members", solver)
    for name, member in before.items():
        if name not in names:
            db.session.delete(member)
    for row in rows:
        name = row["name"].strip()
        member = before.get(name) or SolverMember(solver_id=solver.id, name=_clean_line("members", name, 80))
        member.organisation_name = _clean_line("members", row.get("organisation_name") or "", 200)
        member.role = _clean_line("members", row.get("role") or "", 80)
        member.user_id = _colleague(solver, row.get("email") or "") or member.user_id
        db.session.add(member)
    _public_text_changed(solver)


def _colleague(solver: Solver, email: str) -> int | None:
    """An account of the same organisation; of another one nobody learns here whether it exists."""
    if not email or solver.organisation_id is None:
        return None
    query = select(User.id).join(Membership, Membership.user_id == User.id)
    return db.session.scalar(
        query.where(
            User.email == email.strip().lower(),
            User.is_active,
            Membership.organisation_id == solver.organisation_id,
            Membership.state == MembershipState.ACTIVE,
        )
    )


def add_achievements(actor: Actor, solver: Solver, works: Sequence[Mapping[str, Any]]) -> list[Achievement]:
    """Add works: {kind, title, abstract, keywords, year, number, status, counts_for_matching}; returns the new rows."""
    _require(may_edit(actor, solver))
    kept = db.session.scalar(select(func.count()).where(Achievement.solver_id == solver.id)) or 0
    if kept + len(works) > ACHIEVEMENTS_MOST:
        raise InvalidInput({"works": _("每份资料最多登记 %(most)d 项", most=ACHIEVEMENTS_MOST)})
    rows = [Achievement(solver_id=solver.id, **_checked_work(work)) for work in works]
    _remember_set_aside(solver, rows)
    if not rows:
        raise InvalidInput({"works": _("请至少填写一项")})
    record(actor, "solver:add_achievements", solver, _("%(n)d 项", n=len(rows)))
    db.session.add_all(rows)
    _public_text_changed(solver)
    return rows


def _remember_set_aside(solver: Solver, rows: Sequence[Achievement]) -> None:
    """A work set aside once stays set aside when it comes again with another list."""
    query = select(Achievement.title).where(
        Achievement.solver_id == solver.id, Achievement.counts_for_matching.is_(False)
    )
    aside = {same_title(title) for title in db.session.scalars(query)}
    for row in rows:
        if same_title(row.title) in aside:
            row.counts_for_matching = False


def edit_achievement(actor: Actor, solver: Solver, work: Achievement, values: Mapping[str, Any]) -> None:
    _require(may_edit(actor, solver))
    for name, value in _checked_work(values).items():
        setattr(work, name, value)
    record(actor, "achievement:edit", work)
    _public_text_changed(solver)


def remove_achievement(actor: Actor, solver: Solver, work: Achievement) -> None:
    _require(may_edit(actor, solver))
    record(actor, "achievement:remove", work, work.title)
    db.session.delete(work)
    _public_text_changed(solver)


def choose_achievements(actor: Actor, solver: Solver, counted: set[int]) -> None:
    """Only the works with these ids speak for the solver in the matching; the others stay on the page."""
    _require(may_edit(actor, solver))
    record(actor, "solver:choose_achievements", solver)
    for work in db.session.scalars(select(Achievement).where(Achievement.solver_id == solver.id)):
        if work.counts_for_matching != (work.id in counted):
            work.counts_for_matching = work.id in counted
    _public_text_changed(solver)


def count_achievement(actor: Actor, solver: Solver, work: Achievement, counts: bool) -> None:
    """Let one work speak for the solver in the matching, or no longer; it stays on the page."""
    _require(may_edit(actor, solver))
    if work.counts_for_matching == counts:
        return
    record(actor, "achievement:count" if counts else "achievement:set_aside", work, work.title)
    work.counts_for_matching = counts
    _public_text_changed(solver)


def list_solver(actor: Actor, solver: Solver) -> None:
    """Publish. Raises InvalidInput naming what is missing."""
    _require(may_edit(actor, solver))
    _refuse_gaps(_public_values(solver))
    advance(solver, "list_publicly", actor)
    _public_text_changed(solver)


def hide_solver(actor: Actor, solver: Solver) -> None:
    """Take the profile off the list, out of the search and the matching at once."""
    _require(may_edit(actor, solver))
    advance(solver, "hide", actor)
    _public_text_changed(solver)


def verify_solver(actor: Actor, solver: Solver) -> None:
    _require(may_verify(actor, solver))
    advance(solver, "verify", actor)
    _tell(solver, _l("您的揭榜方资料已核验"), _l("“%(name)s”已通过科技管理部门核验。", name=solver.name))
    update_search("solver", solver.id)


def unverify_solver(actor: Actor, solver: Solver, reason: str) -> None:
    """Take the verification back; ``reason`` is told to the lead."""
    _require(may_verify(actor, solver))
    reason = _clean_line("reason", reason, 300)
    if not reason:
        raise InvalidInput({"reason": _("请填写撤销核验的理由")})
    advance(solver, "unverify", actor, reason)
    _tell(
        solver, _l("您的揭榜方资料需要更新"), _l("“%(name)s”的核验已撤销：%(reason)s", name=solver.name, reason=reason)
    )
    update_search("solver", solver.id)


def _tell(solver: Solver, subject: Text, body: Text) -> None:
    notify([solver.lead_id], subject, body, f"/solvers/{solver.id}")


def _require(verdict: Verdict) -> None:
    if not verdict:
        raise NotAllowed(verdict.reason)


def _public_text_changed(solver: Solver) -> None:
    """Index and matcher follow after the commit; ``refreshed_at`` moves the profile's version."""
    solver.refreshed_at = clock.now()
    db.session.flush()  # A new profile has its number only now.
    if solver.state is not SolverState.DRAFT:
        update_search("solver", solver.id)
        enqueue("matches.profile", {"solver_id": solver.id})


def _public_values(solver: Solver) -> dict[str, Any]:
    return {name: getattr(solver, name) for name in ("name", "directions", "profile_zh", "profile_en")}


def _refuse_gaps(values: Mapping[str, Any]) -> None:
    missing = {
        "name": None if values["name"] else _("公开前请填写名称"),
        "directions": None if values["directions"] else _("公开前请至少填写一个研究方向"),
        "profile_zh": None if values["profile_zh"] or values["profile_en"] else _("公开前请写中文或英文简介"),
    }
    if any(missing.values()):
        raise InvalidInput({name: message for name, message in missing.items() if message})


def _checked(actor: Actor, values: Mapping[str, Any], solver: Solver | None = None) -> dict[str, Any]:
    checked: dict[str, Any] = {}
    for name, value in values.items():
        if name in TEXTS:
            clean = _clean_text if name.startswith("profile") else _clean_line
            checked[name] = clean(name, value or "", TEXTS[name])
        elif name in LISTS:
            checked[name] = _clean_list(name, value or [])
        elif name in OTHERS:
            checked[name] = value
        else:
            raise InvalidInput({name: _("没有这一项")})
    # Abroad a profile may have an English name only.
    if not checked.get("name", solver.name if solver else "") and checked.get("name_en"):
        checked["name"] = checked["name_en"][:120]
    if "kind" in checked:
        checked["kind"] = SolverKind(checked["kind"])
    country = checked.get("country", "CN")
    if not (isinstance(country, str) and len(country) == 2 and country.isascii() and country.isupper()):
        raise InvalidInput({"country": _("请选择国家或地区")})
    _check_organisation(actor, checked, solver)
    return checked


def _check_organisation(actor: Actor, checked: dict[str, Any], solver: Solver | None) -> None:
    organisation_id = checked.get("organisation_id")
    if organisation_id is None or (solver and organisation_id == solver.organisation_id):
        return
    if organisation_id in actor.organisation_ids:
        return
    member = select(Membership.id).where(
        Membership.user_id == actor.user_id,
        Membership.organisation_id == organisation_id,
        Membership.state == MembershipState.ACTIVE,
    )
    if db.session.scalar(member) is None:
        raise InvalidInput({"organisation_id": _("您还不是该单位成员，请先申请加入单位")})


def _checked_work(work: Mapping[str, Any]) -> dict[str, Any]:
    checked: dict[str, Any] = {
        name: (_clean_text if name == "abstract" else _clean_line)(name, work.get(name) or "", most)
        for name, most in WORK_TEXTS.items()
    }
    if not checked["title"]:
        raise InvalidInput({"title": _("请填写题名")})
    year = work.get("year")
    if year is not None and not 1900 <= int(year) <= clock.today().year + 1:
        raise InvalidInput({"year": _("年份应在 1900 到 %(last)d 之间", last=clock.today().year + 1)})
    checked["year"] = None if year is None else int(year)
    checked["kind"] = AchievementKind(work.get("kind") or AchievementKind.ACHIEVEMENT)
    checked["keywords"] = [_clean_line("keywords", word, 80) for word in (work.get("keywords") or [])][:20]
    checked["counts_for_matching"] = bool(work.get("counts_for_matching", True))
    return checked


def _clean_text(name: str, value: str, most: int) -> str:
    value = value.strip().replace("\r\n", "\n")
    if len(value) > most:
        raise InvalidInput({name: _("最多 %(max)d 个字", max=most)})
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" for c in value):
        raise InvalidInput({name: _("含有不可见的控制字符，请删除后重新输入")})
    return value


def _clean_line(name: str, value: str, most: int) -> str:
    value = _clean_text(name, value, most)
    if "\n" in value:
        raise InvalidInput({name: _("这里只能填写一行")})
    return value


def _clean_list(name: str, values: Sequence[str]) -> list[str]:
    most, longest = LISTS[name]
    cleaned = list(dict.fromkeys(word for word in (_clean_line(name, v, longest) for v in values) if word))
    if len(cleaned) > most:
        raise InvalidInput({name: _("最多 %(most)d 项", most=most)})
    return cleaned
