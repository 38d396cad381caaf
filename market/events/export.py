"""对接台账 as xlsx (docs/domain.md B.7)."""

from collections.abc import Sequence

from flask_babel import gettext as _

from market.events.models import Contact
from market.spreadsheets import workbook


def contacts_workbook(contacts: Sequence[Contact]) -> bytes:
    headings = ["日期", "企业", "需求", "专家/团队", "单位", "方式", "结果", "下次动作", "经办"]
    rows = [
        [
            contact.on,
            contact.organisation.name,
            f"{contact.challenge.code} {contact.challenge.title}" if contact.challenge else "",
            contact.solver.name,
            contact.solver.organisation.name if contact.solver.organisation else "",
            contact.way,
            str(contact.result.label),
            contact.next_step,
            contact.recorded_by.name,
        ]
        for contact in contacts
    ]
    return workbook(_("对接台账"), headings, rows)
