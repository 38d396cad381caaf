"""What a bid says, what is missing before it may be sealed, and the package that is sealed. Pure."""

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from flask_babel import gettext as _
from pydantic import BaseModel, ConfigDict, Field

from market.errors import InvalidInput
from market.needs.content import AmountKind, ProblemContent
from market.programmes.rules import Rules

Short = Annotated[str, Field(max_length=300)]
Long = Annotated[str, Field(max_length=8000)]
Fen = Annotated[int, Field(ge=0, le=10**15)]
Statement = Literal["", "none", "has"]
FORMAT = 1
MANIFEST = "bid.json"
MANIFEST_MOST = 2 * 1024 * 1024
# What reading a hostile or torn zip or JSON may raise (ValidationError is a ValueError).
_BROKEN = (zipfile.BadZipFile, KeyError, TypeError, ValueError, RuntimeError, EOFError, OSError, AttributeError)


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Answer(_Part):
    """指标响应: name and requirement are copied from the challenge so that the answer can be read alone."""

    name: Short = ""
    requirement: Short = ""
    promise: Short = ""
    evidence: Long = ""


class MemberRow(_Part):
    name: Short = ""
    organisation: Short = ""
    role: Short = ""
    months: Annotated[str, Field(pattern=r"^(\d{1,6}(\.\d{1,6})?)?$")] = ""
    """Person-months, a decimal string."""


class MilestoneRow(_Part):
    content: Long = ""
    month: int | None = Field(None, ge=0, le=600)
    """Months after signing."""
    percent: int | None = Field(None, ge=0, le=100)


class BudgetRow(_Part):
    subject: Short = ""
    amount_fen: Fen | None = None
    source: Short = ""


class Statements(_Part):
    """声明: related party, other bids, and the promise that all is true."""

    related_party: Statement = ""
    related_party_note: Long = ""
    other_bids: Statement = ""
    other_bids_note: Long = ""
    promise: bool = False


class BidContent(_Part):
    """揭榜书. Everything may be empty in a draft."""

    answers: list[Answer] = Field(default_factory=list, max_length=60)
    route: Long = ""
    foundation: Long = ""
    innovation: Long = ""
    members: list[MemberRow] = Field(default_factory=list, max_length=60)
    milestones: list[MilestoneRow] = Field(default_factory=list, max_length=60)
    budget: list[BudgetRow] = Field(default_factory=list, max_length=60)
    price_fen: Fen | None = None
    ip: Long = ""
    risks: Long = ""
    statements: Statements = Field(default_factory=Statements)

    @property
    def is_empty(self) -> bool:
        return self == BidContent()


def requirement_text(indicator: dict[str, Any]) -> str:
    """``≥ 1520 HV10`` as bidders read it."""
    operator = {">=": "≥", "<=": "≤", "=": "=", "between": ""}.get(str(indicator.get("operator", "")), "")
    value = str(indicator.get("value") or "")
    if indicator.get("operator") == "between":
        value = f"{value}–{indicator.get('value_high') or ''}"
    return " ".join(part for part in (operator, value, str(indicator.get("unit") or "")) if part)


def aligned_answers(content: BidContent, indicators: list[Any]) -> list[Answer]:
    """One answer per indicator of the challenge, in its order; answers of indicators that are gone fall away."""
    known = {answer.name: answer for answer in content.answers}
    return [
        Answer(
            name=indicator["name"],
            requirement=requirement_text(indicator),
            promise=known[indicator["name"]].promise if indicator["name"] in known else "",
            evidence=known[indicator["name"]].evidence if indicator["name"] in known else "",
        )
        for indicator in indicators
    ]


def missing(content: BidContent, text: ProblemContent, rules: Rules) -> dict[str, str]:
    """{field: what is still wanted} before the bid may be sealed; empty when it is complete."""
    found: dict[str, str] = {}
    answers = aligned_answers(content, text.indicators)
    unanswered = [str(number) for number, answer in enumerate(answers, start=1) if not answer.promise]
    if unanswered:
        found["answers"] = _("第 %(numbers)s 项指标还没有填写承诺值", numbers=_("、").join(unanswered))
    for name in ("route", "foundation", "ip", "risks"):
        if not getattr(content, name):
            found[name] = _("请填写此项")
    if not any(row.name for row in content.members):
        found["members"] = _("请至少填写一名成员")
    found |= _milestone_problems(content, text, rules) | _money_problems(content, text) | _statement_problems(content)
    return found


def _milestone_problems(content: BidContent, text: ProblemContent, rules: Rules) -> dict[str, str]:
    rows = content.milestones
    if not rows or any(not row.content or row.month is None or row.percent is None for row in rows):
        return {"milestones": _("请填写里程碑，每行都要有内容、月份和付款比例")}
    if len(rows) > rules.milestones_most:
        return {"milestones": _("里程碑最多 %(most)d 个", most=rules.milestones_most)}
    if (total := sum(row.percent or 0 for row in rows)) != 100:
        return {"milestones": _("付款比例合计应为 100%%，现在是 %(total)d%%", total=total)}
    months = [row.month or 0 for row in rows]
    if months != sorted(months):
        return {"milestones": _("里程碑请按月份先后排列")}
    if text.term_months and months[-1] > text.term_months:
        return {"milestones": _("最后一个里程碑不能晚于榜单期限 %(months)d 个月", months=text.term_months)}
    return {}


def _money_problems(content: BidContent, text: ProblemContent) -> dict[str, str]:
    found: dict[str, str] = {}
    if not content.budget or any(not row.subject or row.amount_fen is None for row in content.budget):
        found["budget"] = _("请填写经费预算，每行都要有科目和金额")
    if text.amount_kind is AmountKind.FIXED:
        if content.price_fen is not None and text.amount_fen is not None and content.price_fen > text.amount_fen:
            found["price_fen"] = _("报价不能高于榜额")
    elif not content.price_fen:
        found["price_fen"] = _("这个榜单没有固定榜额，请填写报价")
    return found


def _statement_problems(content: BidContent) -> dict[str, str]:
    statements, found = content.statements, {}
    for name in ("related_party", "other_bids"):
        answer = getattr(statements, name)
        if not answer:
            found[name] = _("请作出声明")
        elif answer == "has" and not getattr(statements, f"{name}_note"):
            found[f"{name}_note"] = _("请说明具体情况")
    if not statements.promise:
        found["promise"] = _("请确认承诺后再提交")
    return found


@dataclass(frozen=True, slots=True)
class PackedFile:
    name: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Package:
    """What is sealed, and what the bidder keeps as a copy."""

    challenge_code: str
    challenge_version: int
    solver: str
    content: BidContent
    files: tuple[PackedFile, ...] = ()


def pack(package: Package) -> bytes:
    """A zip of ``bid.json`` and the files, uncompressed, the same bytes for the same bid."""
    manifest = {
        "format": FORMAT,
        "challenge": package.challenge_code,
        "challenge_version": package.challenge_version,
        "solver": package.solver,
        "content": package.content.model_dump(mode="json"),
        "files": [
            {
                "entry": f"files/{number}",
                "name": file.name,
                "content_type": file.content_type,
                "sha256": hashlib.sha256(file.data).hexdigest(),
            }
            for number, file in enumerate(package.files, start=1)
        ],
    }
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(MANIFEST), json.dumps(manifest, ensure_ascii=False, sort_keys=True, indent=1))
        for number, file in enumerate(package.files, start=1):
            archive.writestr(zipfile.ZipInfo(f"files/{number}"), file.data)
    return output.getvalue()


def unpack(data: bytes) -> Package:
    """Raises InvalidInput for anything but a package of ours: it may be a file somebody uploads."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = {entry.filename: entry for entry in archive.infolist()}
            # Ours are stored, so nothing inflates; whatever claims otherwise is not ours.
            if any(e.compress_type != zipfile.ZIP_STORED or e.file_size > len(data) for e in entries.values()):
                raise InvalidInput(_wrong_copy())
            if len(entries) > 100 or entries[MANIFEST].file_size > MANIFEST_MOST:
                raise InvalidInput(_wrong_copy())
            manifest = json.loads(archive.read(MANIFEST))
            files = tuple(_packed_file(archive, listed) for listed in manifest["files"])
            return Package(
                str(manifest["challenge"]),
                int(manifest["challenge_version"]),
                str(manifest["solver"]),
                BidContent(**manifest["content"]),
                files,
            )
    except _BROKEN as problem:
        raise InvalidInput(_wrong_copy()) from problem


def _packed_file(archive: zipfile.ZipFile, listed: dict[str, Any]) -> PackedFile:
    data = archive.read(listed["entry"])
    if hashlib.sha256(data).hexdigest() != listed["sha256"]:
        raise InvalidInput(_wrong_copy())
    return PackedFile(str(listed["name"]), str(listed["content_type"]), data)


def _wrong_copy() -> str:
    return _("这不是本系统生成的揭榜书副本，或副本已被改动")
