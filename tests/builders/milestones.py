"""Reporting and accepting milestones through the operations."""

from market.audit.verify import verify as verify_audit
from market.contracts import operations
from market.contracts.models import Contract, Milestone
from market.contracts.queries import milestones_of
from market.database import db, transaction
from tests.builders.contracts import pdf
from tests.builders.people import acting

MEASURED = {"密度极差": "0.009", "维氏硬度": "1530", "斑点球比例": "0.2"}
REPORT = "已完成本阶段全部任务，检测报告见附件。"


def intact() -> bool:
    return verify_audit(db.session())[1] is None


def milestone(contract: Contract, seq: int) -> Milestone:
    return milestones_of(contract)[seq - 1]


def report(parties, contract: Contract, seq: int, **values) -> Milestone:
    row = milestone(contract, seq)
    with transaction():
        operations.report_milestone(
            acting(parties.lead), row, values.get("text", REPORT), values.get("measured", MEASURED), [pdf()]
        )
    return row


def accept(parties, row: Milestone, opinion: str = "达到要求，同意通过") -> None:
    with transaction():
        operations.accept_milestone(acting(parties.signatory), row, opinion)
