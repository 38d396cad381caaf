"""Whom a payout goes to, the bank account it goes to, and the seal that holds the row together."""

import re
import unicodedata
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import inspect
from stdnum import luhn

from market.audit.chain import GENESIS, link
from market.contracts.models import Contract
from market.errors import Conflict, InvalidInput
from market.payouts.ledger import open_account
from market.payouts.models import Account, AccountKind, Payout, Refund
from market.programmes.rules import Rules

_CARD_LENGTHS = range(16, 20)


@dataclass(frozen=True, slots=True)
class Payee:
    owner: str
    name: str
    is_person: bool


def payee_of(contract: Contract, rules: Rules) -> Payee:
    """The lead scientist, or the poster firm, as the rules' ``reward_payee`` says."""
    if rules.reward_payee == "poster":
        return Payee(f"organisation:{contract.organisation_id}", contract.organisation.name, False)
    return Payee(f"user:{contract.solver.lead_id}", contract.solver.lead.name, True)


def account_of(payee: Payee) -> Account:
    return open_account(AccountKind.PAYEE, payee.owner, payee.name)


def normal_bank_account(text: str) -> str:
    """Digits only, however typed (full width, spaces, dashes). Raises InvalidInput."""
    clean = re.sub(r"[\s\-—·]", "", unicodedata.normalize("NFKC", text))
    if not re.fullmatch(r"[0-9]{8,30}", clean):
        raise InvalidInput({"bank_account": _("银行账号应为 8 到 30 位数字，可以有空格或短横")})
    return clean


def looks_mistyped(bank_account: str, payee: Payee) -> bool:
    """A person's card whose check digit is wrong. Firms' account numbers carry none."""
    return payee.is_person and len(bank_account) in _CARD_LENGTHS and not luhn.is_valid(bank_account)


def masked(bank_account: str) -> str:
    return f"**** **** {bank_account[-4:]}"


def seal_of(row: Payout | Refund) -> str:
    """HMAC over every column of the row but the seal itself and the optimistic lock."""
    columns = [a.key for a in inspect(type(row)).column_attrs if a.key not in ("digest", "lock")]
    return link(GENESIS, {key: getattr(row, key) for key in columns}, row.__tablename__)


def require_intact(row: Payout | Refund) -> None:
    """Raises Conflict when payee, account, amount or anything else changed since the last step."""
    if seal_of(row) != row.digest:
        raise Conflict(_("收款人、账号或金额与上一步核定的不一致，已停止办理。请报告监督人员核查"))
