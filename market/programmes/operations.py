"""Writes of programmes: programmes, rule versions, cycles, taxonomy, calendar. The city division's alone."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from pydantic import ValidationError
from sqlalchemy import func, select

from market import clock
from market.audit.journal import record
from market.database import db, transaction
from market.errors import IllegalMove, InvalidInput, NotAllowed
from market.jobs import scheduled
from market.permissions import SYSTEM, Actor
from market.programmes.labels import LABELS
from market.programmes.models import CalendarDay, Cycle, CycleState, Programme, ProgrammeRules, Term, TermKind
from market.programmes.policies import may_manage
from market.programmes.rules import Rules

_CODE = re.compile(r"[A-Z]{2,12}")
_TERM_CODE = re.compile(r"[a-z][a-z0-9-]{1,19}")
LONGEST_RANGE_DAYS = 31


def _require(actor: Actor) -> None:
    verdict = may_manage(actor)
    if not verdict:
        raise NotAllowed(verdict.reason)


def create_programme(actor: Actor, values: Mapping[str, Any]) -> Programme:
    """A new programme with the default rules as version 1. Raises InvalidInput for a used or odd code."""
    _require(actor)
    code = values.get("code", "")
    errors = {}
    if not _CODE.fullmatch(code):
        errors["code"] = _("代码为 2–12 个大写字母，用作榜单编号前缀")
    elif db.session.scalar(select(Programme.id).where(Programme.code == code)):
        errors["code"] = _("这个代码已被使用")
    if not values.get("name"):
        errors["name"] = _("请填写计划名称")
    if errors:
        raise InvalidInput(errors)
    programme = Programme(**{key: values[key] for key in ("code", "name", "name_en", "description") if key in values})
    db.session.add(programme)
    db.session.flush()  # The rules and the journal name its number.
    record(actor, "programme:create", programme)
    _add_version(actor, programme, 1, Rules(), _("系统默认值，启用前请按本市文件核对"))
    return programme


def publish_rules(actor: Actor, programme: Programme, content: Mapping[str, Any], basis: str) -> ProgrammeRules:
    """A new version of the rules; earlier cycles keep theirs. Raises InvalidInput naming each rule that is wrong."""
    _require(actor)
    errors = {} if basis.strip() else {"basis": _("请写明依据的文件")}
    try:
        rules = Rules.model_validate(dict(content))
    except ValidationError as problem:
        raise InvalidInput(errors | rule_errors(problem)) from problem
    if errors:
        raise InvalidInput(errors)
    last = db.session.scalar(
        select(ProgrammeRules)
        .where(ProgrammeRules.programme_id == programme.id)
        .order_by(ProgrammeRules.version.desc())
        .limit(1)
    )
    if last is not None and Rules(**last.content) == rules:
        raise InvalidInput(_("与现行版本没有差别，不需要发布新版本"))
    return _add_version(actor, programme, last.version + 1 if last else 1, rules, basis.strip())


def _add_version(actor: Actor, programme: Programme, version: int, rules: Rules, basis: str) -> ProgrammeRules:
    row = ProgrammeRules(
        programme_id=programme.id,
        version=version,
        content=rules.model_dump(mode="json"),
        basis=basis,
        entered_by_id=actor.user_id,
    )
    db.session.add(row)
    db.session.flush()  # The journal and the cycle name its number.
    record(actor, "programme_rules:publish", row, basis)
    return row


def rule_errors(problem: ValidationError) -> dict[str, str]:
    """pydantic's findings as Chinese messages by rule."""
    errors: dict[str, str] = {}
    for found in problem.errors():
        if found["type"] == "inconsistent":
            errors |= found.get("ctx", {}).get("fields", {})
            continue
        name = str(found["loc"][0]) if found["loc"] else ""
        errors[name if name in LABELS else ""] = _rule_message(found["type"], found.get("ctx", {}), name)
    return errors


def _rule_message(kind: str, context: Mapping[str, Any], name: str) -> str:
    match kind:
        case "greater_than_equal":
            return _("不能小于 %(limit)s", limit=context["ge"])
        case "less_than_equal":
            return _("不能大于 %(limit)s", limit=context["le"])
        case "missing" | "string_too_short":
            return _("请填写此项")
        case "extra_forbidden":
            return _("没有名为“%(name)s”的规则", name=name)
        case _:
            return _("格式不对，请检查")


def create_cycle(actor: Actor, programme: Programme, values: Mapping[str, Any]) -> Cycle:
    """A cycle in preparation, under ``rules`` (a ProgrammeRules) or the newest version."""
    _require(actor)
    _check_cycle(values)
    rules = values.get("rules") or db.session.scalar(
        select(ProgrammeRules)
        .where(ProgrammeRules.programme_id == programme.id)
        .order_by(ProgrammeRules.version.desc())
        .limit(1)
    )
    if rules is None or rules.programme_id != programme.id:
        raise InvalidInput({"rules_id": _("请选择本计划的一个规则版本")})
    cycle = Cycle(programme_id=programme.id, rules_id=rules.id, **_cycle_columns(values))
    db.session.add(cycle)
    db.session.flush()  # The journal names its number.
    record(actor, "cycle:create", cycle)
    return cycle


def edit_cycle(actor: Actor, cycle: Cycle, values: Mapping[str, Any]) -> None:
    """Name, year and window while it is not closed; the rules only before it opens."""
    _require(actor)
    if cycle.state is CycleState.CLOSED:
        raise IllegalMove(_("征集已结束，不能再修改"))
    _check_cycle(values)
    rules = values.get("rules")
    if rules is not None and rules.id != cycle.rules_id:
        if cycle.state is not CycleState.DRAFT:
            raise InvalidInput({"rules_id": _("征集开始后不能更换规则版本")})
        if rules.programme_id != cycle.programme_id:
            raise InvalidInput({"rules_id": _("请选择本计划的一个规则版本")})
        cycle.rules_id = rules.id
    record(actor, "cycle:edit", cycle)
    for name, value in _cycle_columns(values).items():
        setattr(cycle, name, value)


def _cycle_columns(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in ("year", "name", "opens_at", "closes_at")}


def _check_cycle(values: Mapping[str, Any]) -> None:
    errors = {name: _("请填写此项") for name in ("year", "name", "opens_at", "closes_at") if not values.get(name)}
    opens, closes = values.get("opens_at"), values.get("closes_at")
    if isinstance(opens, datetime) and isinstance(closes, datetime) and closes <= opens:
        errors["closes_at"] = _("截止时间应晚于开始时间")
    if errors:
        raise InvalidInput(errors)


def open_cycle(actor: Actor, cycle: Cycle) -> None:
    """Begin to take needs (within its window)."""
    _require(actor)
    if cycle.state is not CycleState.DRAFT:
        raise IllegalMove(_("只有筹备中的批次可以开始征集"))
    if cycle.closes_at <= clock.now():
        raise InvalidInput({"closes_at": _("截止时间已过，请先修改征集时间")})
    record(actor, "cycle:open", cycle)
    cycle.state = CycleState.OPEN


def close_cycle(actor: Actor, cycle: Cycle) -> None:
    if actor is not SYSTEM:
        _require(actor)
    if cycle.state is not CycleState.OPEN:
        raise IllegalMove(_("这个批次不在征集中"))
    record(actor, "cycle:close", cycle)
    cycle.state = CycleState.CLOSED


@scheduled
def close_ended_cycles() -> None:
    """By the clock: a cycle whose window has passed takes no more needs."""
    with transaction() as session:
        for cycle in session.scalars(
            select(Cycle).where(Cycle.state == CycleState.OPEN, Cycle.closes_at < clock.now()).order_by(Cycle.id)
        ):
            close_cycle(SYSTEM, cycle)


def add_term(actor: Actor, kind: TermKind, code: str, name: str, name_en: str = "") -> Term:
    """A new word of the taxonomy; its code never changes."""
    _require(actor)
    errors = {}
    if not _TERM_CODE.fullmatch(code):
        errors["code"] = _("代码为 2–20 个小写字母、数字或连字符，以字母开头")
    elif db.session.scalar(select(func.count()).select_from(Term).where(Term.kind == kind, Term.code == code)):
        errors["code"] = _("这个代码已被使用")
    if not name:
        errors["name"] = _("请填写名称")
    if errors:
        raise InvalidInput(errors)
    term = Term(kind=kind, code=code, name=name, name_en=name_en)
    db.session.add(term)
    db.session.flush()  # The journal names its number.
    record(actor, "term:add", term)
    return term


def edit_term(actor: Actor, term: Term, name: str, name_en: str, retired: bool) -> None:
    """Rename, or retire: a retired word stays readable where it was used and is offered no more."""
    _require(actor)
    if not name:
        raise InvalidInput({"name": _("请填写名称")})
    record(actor, "term:edit", term)
    term.name, term.name_en, term.retired = name, name_en, retired


def enter_calendar_days(actor: Actor, first: date, last: date | None, is_working: bool, note: str = "") -> int:
    """Enter the days from ``first`` to ``last`` of 放假安排 as worked or free; later entries replace earlier ones."""
    _require(actor)
    last = last or first
    if last < first:
        raise InvalidInput({"last": _("结束日期不能早于开始日期")})
    if (last - first).days >= LONGEST_RANGE_DAYS:
        raise InvalidInput({"last": _("一次最多登记 %(days)d 天", days=LONGEST_RANGE_DAYS)})
    span = (last - first).days + 1
    for offset in range(span):
        day = first + timedelta(days=offset)
        row = db.session.get(CalendarDay, day) or CalendarDay(day=day)
        row.is_working, row.note = is_working, note
        db.session.add(row)
    db.session.flush()
    record(actor, "calendar:enter", None, f"{first}—{last} {_('上班') if is_working else _('休息')} {note}".strip())
    return span


def remove_calendar_day(actor: Actor, row: CalendarDay) -> None:
    _require(actor)
    record(actor, "calendar:remove", row)
    db.session.delete(row)
