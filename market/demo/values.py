"""From the data files' words to the values that operations take."""

from datetime import date
from typing import Any

from market.bids.content import Answer, BidContent, BudgetRow, MemberRow, MilestoneRow, Statements
from market.contracts.models import ContractKind
from market.demo.files import read
from market.money import parse_wan
from market.needs.content import AmountKind, Confidentiality, Ownership, ProblemKind
from market.solvers.models import AchievementKind

KINDS = {"技术攻关": ProblemKind.RESEARCH, "成果转化": ProblemKind.TRANSFER, "引才": ProblemKind.TALENT}
OWNERSHIP = {
    "poster": Ownership.POSTER,
    "solver": Ownership.SOLVER,
    "shared": Ownership.SHARED,
    "exclusive_license": Ownership.EXCLUSIVE,
    "negotiated": Ownership.BY_CONTRACT,
}
CONTRACT_KINDS = {
    "技术开发(委托)": ContractKind.COMMISSIONED,
    "技术开发(合作)": ContractKind.COOPERATIVE,
    "技术转让": ContractKind.TRANSFER,
    "技术许可": ContractKind.LICENCE,
    "技术咨询": ContractKind.CONSULTING,
    "技术服务": ContractKind.SERVICE,
}


def day(text: str) -> date:
    return date.fromisoformat(text)


def need_values(entry: dict[str, Any]) -> dict[str, Any]:
    amount, funding = entry["amount"], entry["funding"]
    return {
        "title": entry["title"],
        "kind": KINDS[entry["kind"]],
        "industry": entry["industry"],
        "tech_field": entry["tech_field"],
        "background": entry["background"],
        "in_house_unsolvable": bool(entry["in_house_reason"]),
        "in_house_reason": entry["in_house_reason"],
        "content": entry["content"],
        "deliverables": entry["deliverables"],
        "indicators": [
            {
                "name": row["name"],
                "operator": row["op"],
                "value": str(row["value"]),
                "value_high": str(row.get("value_max") or ""),
                "unit": row["unit"],
                "method": row["method"],
            }
            for row in entry["indicators"]
        ],
        "amount_kind": AmountKind(amount["kind"]),
        "amount_fen": _wan(amount.get("value")),
        "amount_low_fen": _wan(amount.get("min")),
        "amount_high_fen": _wan(amount.get("max")),
        "funding_total_fen": _wan(funding["total"]),
        "funding_poster_fen": _wan(funding["poster"]),
        "funding_other_fen": _wan(funding["other"]),
        "funding_fiscal_fen": _wan(funding["fiscal"]),
        "ownership": OWNERSHIP[entry["ip"]["kind"]],
        "solver_conditions": entry["solver_conditions"],
        "term_months": entry["term_months"],
        "confidentiality": Confidentiality.PARTLY if entry["confidential_part"] else Confidentiality.OPEN,
        "confidential_text": entry["confidential_part"],
        "contact_name": entry["contact"]["name"],
        "contact_phone": entry["contact"]["phone"],
    }


def _wan(text: str | None) -> int | None:
    return parse_wan(text) if text else None


def solver_works(entry: dict[str, Any]) -> list[dict[str, Any]]:
    works: list[dict[str, Any]] = [
        {"kind": AchievementKind.ACHIEVEMENT, "title": row["title"], "year": row["year"]}
        for row in entry["achievements"]
    ]
    works += [
        {
            "kind": AchievementKind.PATENT,
            "title": row["title"],
            "number": row["no"] or "",
            "status": {"granted": "授权", "pending": "审查中"}.get(row["status"], row["status"]),
        }
        for row in entry["patents"]
    ]
    return works + [
        {
            "kind": AchievementKind.PAPER,
            "title": row["title"],
            "year": row["year"],
            "abstract": row["venue"] or "",
            "keywords": row["keywords"],
        }
        for row in entry["papers"]
    ]


def bid_content(entry: dict[str, Any], signed: date, term_months: int) -> BidContent:
    """A complete 揭榜书; due days become months after ``signed``, within the term."""
    people = {person["key"]: person["name"] for person in read("people")}
    names = {organisation["key"]: organisation["name"] for organisation in read("organisations")}
    lead = MemberRow(name=people[entry["lead"]], role="项目负责人", months="6")
    members = [
        MemberRow(
            name=row["name"],
            organisation=names.get(row["organisation"], row["organisation"]),
            role=row["role"],
            months=str(row["months_per_year"]),
        )
        for row in entry["members"]
    ]
    return BidContent(
        answers=[
            Answer(name=row["indicator"], promise=f"{row['value']} {row['unit']}".strip(), evidence=row["evidence"])
            for row in entry["answers"]
        ],
        route=entry["route"],
        foundation=entry["foundation"],
        members=[lead, *members],
        milestones=[
            MilestoneRow(
                content=row["content"], month=min(_months(signed, day(row["due"])), term_months), percent=row["percent"]
            )
            for row in entry["milestones"]
        ],
        budget=[
            BudgetRow(subject=row["item"], amount_fen=parse_wan(row["amount"]), source=row["source"])
            for row in entry["budget"]
        ],
        price_fen=parse_wan(entry["price"]),
        ip=entry["ip_proposal"]["note"] or OWNERSHIP[entry["ip_proposal"]["kind"]].label,
        risks=entry["risk"],
        statements=Statements(related_party="none", other_bids="none", promise=True),
    )


def _months(start: date, end: date) -> int:
    return max(0, (end.year - start.year) * 12 + end.month - start.month)
