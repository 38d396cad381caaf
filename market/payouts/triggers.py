"""What the database itself holds of the ledger and of payouts, on SQLite and PostgreSQL alike.

Totals of an account move only by a transfer. Money comes from the treasury into a budget line, is held there for a
payee, and goes back only on an approved refund; a post or void resolves exactly its hold. No payout before its
milestone is accepted, above the entitlement, edited once decided, or deleted; the refunds of a payout never exceed it;
the firm's own payments never exceed a milestone's share. ``create_all`` and the migrations make the same triggers:
``trigger_statements(dialect)``.

PostgreSQL locks both accounts in id order FOR NO KEY UPDATE before the insert: the foreign keys take FOR KEY SHARE, and
asking for FOR UPDATE after that ends in deadlocks (docs/reliability.md, lesson 1).
"""

from typing import Any

from sqlalchemy import DDL, event

# What a payout says to whom; changed only while it is sent back to its maker.
FIXED_ONCE_REQUESTED = (
    "contract_id",
    "milestone_id",
    "kind",
    "budget_line_id",
    "payee_account_id",
    "payee_name",
    "bank_name",
    "bank_account",
    "amount_fen",
    "basis",
    "request_key",
    "maker_id",
    "hold_id",
)
FIXED_REFUND = ("payout_id", "amount_fen", "reason", "explanation", "basis", "request_key", "maker_id", "created_at")
FIXED_BOUNTY = (
    "contract_id",
    "milestone_id",
    "amount_fen",
    "paid_on",
    "voucher_number",
    "entered_by_id",
    "created_at",
)
_IDENTITY = ("id", "created_at", "kind", "name", "owner", "seal", "no_overdraft")

_MATCHES_HOLD = """EXISTS (SELECT 1 FROM transfer h WHERE h.id = NEW.hold_id AND h.kind = 'hold'
    AND h.debit_account_id = NEW.debit_account_id AND h.credit_account_id = NEW.credit_account_id
    AND h.amount_fen = NEW.amount_fen)"""

_MOVE = """
UPDATE account SET
    debits_pending_fen = debits_pending_fen
        + CASE NEW.kind WHEN 'hold' THEN NEW.amount_fen WHEN 'post' THEN -NEW.amount_fen
            WHEN 'void' THEN -NEW.amount_fen ELSE 0 END,
    debits_posted_fen = debits_posted_fen
        + CASE WHEN NEW.kind IN ('direct', 'post', 'refund') THEN NEW.amount_fen ELSE 0 END
WHERE id = NEW.debit_account_id;
UPDATE account SET
    credits_posted_fen = credits_posted_fen
        + CASE WHEN NEW.kind IN ('direct', 'post', 'refund') THEN NEW.amount_fen ELSE 0 END
WHERE id = NEW.credit_account_id;
"""

_PENDING = """(SELECT coalesce(sum(CASE kind WHEN 'hold' THEN amount_fen WHEN 'post' THEN -amount_fen
        WHEN 'void' THEN -amount_fen ELSE 0 END), 0)
    FROM transfer WHERE debit_account_id = NEW.id)"""
_POSTED = """(SELECT coalesce(sum(amount_fen), 0) FROM transfer
    WHERE {side}_account_id = NEW.id AND kind IN ('direct', 'post', 'refund'))"""

# Which accounts a transfer may join; post and void repeat those of their hold.
_RIGHT_ACCOUNTS = """(NEW.kind IN ('post', 'void') OR EXISTS (SELECT 1 FROM account d, account c
    WHERE d.id = NEW.debit_account_id AND c.id = NEW.credit_account_id AND (
        (NEW.kind = 'direct' AND d.kind = 'treasury' AND c.kind = 'budget')
        OR (NEW.kind = 'hold' AND d.kind = 'budget' AND c.kind = 'payee')
        OR (NEW.kind = 'refund' AND d.kind = 'payee' AND c.kind IN ('treasury', 'budget')))))"""
# Nothing is taken back but what three persons approved, and no fen of it twice.
_REFUND_APPROVED = """(EXISTS (SELECT 1 FROM refund r JOIN payout p ON p.id = r.payout_id
    JOIN budget_line b ON b.id = p.budget_line_id JOIN account c ON c.id = NEW.credit_account_id
    WHERE r.state = 'recovering' AND r.amount_fen = NEW.amount_fen AND p.payee_account_id = NEW.debit_account_id
    AND (c.kind = 'treasury' OR c.id = b.account_id))
    AND NEW.amount_fen + (SELECT coalesce(sum(amount_fen), 0) FROM transfer
        WHERE kind = 'refund' AND debit_account_id = NEW.debit_account_id)
    <= (SELECT sum(r.amount_fen) FROM refund r JOIN payout p ON p.id = r.payout_id
        WHERE r.state IN ('recovering', 'refunded') AND p.payee_account_id = NEW.debit_account_id))"""


def _differ(columns: tuple[str, ...], sqlite: bool) -> str:
    test = "NEW.{0} IS NOT OLD.{0}" if sqlite else "NEW.{0} IS DISTINCT FROM OLD.{0}"
    return "(" + " OR ".join(test.format(column) for column in columns) + ")"


def _rule(name: str, sqlite: bool) -> str:
    # A rule that is not there entitles to nothing.
    read = f"json_extract(r.content, '$.{name}')" if sqlite else f"(r.content->>'{name}')::bigint"
    return f"coalesce({read}, 0)"


def _earned(sqlite: bool) -> str:
    """SQL of what the contract's accepted milestones entitle to, in fen (entitlement.py says the same in Python)."""
    share, cap = (_rule("fiscal_share", sqlite), _rule("fiscal_cap_fen", sqlite))
    least = "min" if sqlite else "least"
    base = "json_extract(r.content, '$.fiscal_base')" if sqlite else "r.content->>'fiscal_base'"
    amount = f"CASE {base} WHEN 'contract' THEN c.amount_fen ELSE c.rd_total_fen END"
    return f"""(SELECT {least}({amount} * {share} / 100, {cap}) * coalesce((SELECT sum(m.percent) FROM milestone m
        WHERE m.contract_id = c.id AND m.state = 'accepted'), 0) / 100
    FROM contract c JOIN challenge h ON h.id = c.challenge_id JOIN programme_rules r ON r.id = h.rules_id
    WHERE c.id = NEW.contract_id)"""  # noqa: S608  (constants of this file only)


_OTHERS = """(SELECT coalesce(sum(p.amount_fen), 0) FROM payout p
    WHERE p.contract_id = NEW.contract_id AND p.state <> 'cancelled' AND p.id IS DISTINCT FROM NEW.id)"""
_ACCEPTED = """EXISTS (SELECT 1 FROM milestone m JOIN contract c ON c.id = m.contract_id
    WHERE m.id = NEW.milestone_id AND m.contract_id = NEW.contract_id AND m.state = 'accepted')"""


def _payout_rules(sqlite: bool) -> dict[str, str]:
    """Name of the rule → when it is broken, for an INSERT or UPDATE of a live payout."""
    others = _OTHERS.replace("IS DISTINCT FROM", "IS NOT") if sqlite else _OTHERS
    return {
        "ck_payout_milestone_accepted": f"NOT {_ACCEPTED}",
        "ck_payout_within_entitlement": f"NEW.amount_fen + {others} > {_earned(sqlite)}",
    }


_OTHER_REFUNDS = """(SELECT coalesce(sum(r.amount_fen), 0) FROM refund r
    WHERE r.payout_id = NEW.payout_id AND r.state NOT IN ('refused', 'cancelled') AND r.id IS DISTINCT FROM NEW.id)"""
_PAYOUT_PAID = "EXISTS (SELECT 1 FROM payout p WHERE p.id = NEW.payout_id AND p.state = 'paid')"
_REFUND_POSTED = """EXISTS (SELECT 1 FROM transfer t JOIN payout p ON p.id = NEW.payout_id
    WHERE t.id = NEW.transfer_id AND t.kind = 'refund' AND t.amount_fen = NEW.amount_fen
    AND t.debit_account_id = p.payee_account_id)"""
_PAYOUT_AMOUNT = "(SELECT p.amount_fen FROM payout p WHERE p.id = NEW.payout_id)"


def _refund_rules(sqlite: bool) -> dict[str, str]:
    others = _OTHER_REFUNDS.replace("IS DISTINCT FROM", "IS NOT") if sqlite else _OTHER_REFUNDS
    return {
        "ck_refund_of_paid_payout": f"NOT {_PAYOUT_PAID}",
        "ck_refund_within_payout": f"NEW.amount_fen + {others} > {_PAYOUT_AMOUNT}",
    }


def _refund_is_fixed(sqlite: bool) -> str:
    return f"OLD.state IN ('refunded', 'refused', 'cancelled') OR {_differ(FIXED_REFUND, sqlite)}"


_REFUND_IS_BACKED = f"NEW.state = 'refunded' AND NOT {_REFUND_POSTED}"

_BOUNTY_SHARE = """(SELECT c.amount_fen * m.percent / 100 FROM milestone m JOIN contract c ON c.id = m.contract_id
    WHERE m.id = NEW.milestone_id)"""
_BOUNTIES_PAID = "(SELECT coalesce(sum(b.amount_fen), 0) FROM bounty_payment b WHERE b.milestone_id = NEW.milestone_id)"
_BOUNTY_RULES = {
    "ck_bounty_payment_milestone_accepted": f"NOT {_ACCEPTED}",
    "ck_bounty_payment_within_share": f"NEW.amount_fen + {_BOUNTIES_PAID} > {_BOUNTY_SHARE}",
}


def _bounty_is_fixed(sqlite: bool) -> str:
    return f"OLD.confirmed_at IS NOT NULL OR {_differ(FIXED_BOUNTY, sqlite)}"


def _sqlite_trigger(name: str, when: str, broken: dict[str, str]) -> str:
    checks = "\n".join(f"SELECT RAISE(ABORT, '{rule}') WHERE {test};" for rule, test in broken.items())
    return f"CREATE TRIGGER {name} {when}\nBEGIN\n{checks}\nEND"


def _transfer_rules() -> dict[str, str]:
    return {
        "ck_transfer_matches_hold": f"NEW.kind IN ('post', 'void') AND NOT {_MATCHES_HOLD}",
        "ck_transfer_right_accounts": f"NOT {_RIGHT_ACCOUNTS}",
        "ck_transfer_refund_approved": f"NEW.kind = 'refund' AND NOT {_REFUND_APPROVED}",
    }


def _sqlite_ledger() -> list[str]:
    totals = (
        f"NEW.debits_pending_fen <> {_PENDING} OR NEW.debits_posted_fen <> {_POSTED.format(side='debit')}"
        f" OR NEW.credits_posted_fen <> {_POSTED.format(side='credit')}"
    )
    nothing = "NEW.debits_pending_fen <> 0 OR NEW.debits_posted_fen <> 0 OR NEW.credits_posted_fen <> 0"
    return [
        _sqlite_trigger(
            "transfer_before_insert",
            "BEFORE INSERT ON transfer",
            _transfer_rules(),
        ),
        f"CREATE TRIGGER transfer_after_insert AFTER INSERT ON transfer\nBEGIN{_MOVE}END",
        _sqlite_trigger(
            "account_before_update",
            "BEFORE UPDATE ON account",
            {"ck_account_moves_by_transfer": f"{_differ(_IDENTITY, True)} OR {totals}"},
        ),
        _sqlite_trigger("account_before_insert", "BEFORE INSERT ON account", {"ck_account_opens_empty": nothing}),
        _sqlite_trigger("account_before_delete", "BEFORE DELETE ON account", {"ck_account_stays": "TRUE"}),
    ]


def _sqlite_payouts() -> list[str]:
    rules = _payout_rules(True)
    decided = (
        f"OLD.state IN ('paid', 'cancelled') OR (OLD.state <> 'sent_back' AND {_differ(FIXED_ONCE_REQUESTED, True)})"
    )
    return [
        _sqlite_trigger("payout_before_insert", "BEFORE INSERT ON payout", rules),
        _sqlite_trigger(
            "payout_before_update",
            "BEFORE UPDATE ON payout WHEN NEW.state <> 'cancelled' AND OLD.state = 'sent_back'",
            rules,
        ),
        _sqlite_trigger("payout_is_fixed", "BEFORE UPDATE ON payout", {"ck_payout_is_fixed": decided}),
        _sqlite_trigger("payout_before_delete", "BEFORE DELETE ON payout", {"ck_payout_stays": "TRUE"}),
    ]


def _sqlite_refunds() -> list[str]:
    return [
        _sqlite_trigger("refund_before_insert", "BEFORE INSERT ON refund", _refund_rules(True)),
        _sqlite_trigger(
            "refund_before_update",
            "BEFORE UPDATE ON refund",
            {"ck_refund_is_fixed": _refund_is_fixed(True), "ck_refund_is_backed": _REFUND_IS_BACKED},
        ),
        _sqlite_trigger("refund_before_delete", "BEFORE DELETE ON refund", {"ck_refund_stays": "TRUE"}),
    ]


def _sqlite_bounties() -> list[str]:
    return [
        _sqlite_trigger("bounty_payment_before_insert", "BEFORE INSERT ON bounty_payment", _BOUNTY_RULES),
        _sqlite_trigger(
            "bounty_payment_before_update",
            "BEFORE UPDATE ON bounty_payment",
            {"ck_bounty_payment_is_fixed": _bounty_is_fixed(True)},
        ),
        _sqlite_trigger(
            "bounty_payment_before_delete", "BEFORE DELETE ON bounty_payment", {"ck_bounty_payment_stays": "TRUE"}
        ),
    ]


def _function(name: str, body: str) -> str:
    return f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n{body}\nEND $$"


def _refuse(rule: str, test: str) -> str:
    return (
        f"IF {test} THEN RAISE EXCEPTION '{rule}' USING ERRCODE = 'integrity_constraint_violation',"
        f" CONSTRAINT = '{rule}'; END IF;"
    )


def _attach(name: str, when: str, table: str) -> str:
    return f"CREATE TRIGGER {name} {when} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"


def _postgresql_ledger() -> list[str]:
    lock = (
        "PERFORM 1 FROM account WHERE id IN (NEW.debit_account_id, NEW.credit_account_id)"
        " ORDER BY id FOR NO KEY UPDATE;\n"
    )
    nothing = "NEW.debits_pending_fen <> 0 OR NEW.debits_posted_fen <> 0 OR NEW.credits_posted_fen <> 0"
    # Depth 1 is an UPDATE somebody sent; the transfer's own trigger updates at depth 2.
    guard = f"pg_trigger_depth() < 2 OR {_differ(_IDENTITY, False)}"
    matches = "\n".join(_refuse(rule, test) for rule, test in _transfer_rules().items())
    return [
        _function("transfer_before_insert", f"{lock}{matches}\nRETURN NEW;"),
        _attach("transfer_before_insert", "BEFORE INSERT", "transfer"),
        _function("transfer_after_insert", f"{_MOVE}RETURN NULL;"),
        _attach("transfer_after_insert", "AFTER INSERT", "transfer"),
        _function("account_before_update", f"{_refuse('ck_account_moves_by_transfer', guard)}\nRETURN NEW;"),
        _attach("account_before_update", "BEFORE UPDATE", "account"),
        _function("account_before_insert", f"{_refuse('ck_account_opens_empty', nothing)}\nRETURN NEW;"),
        _attach("account_before_insert", "BEFORE INSERT", "account"),
        _function("account_before_delete", f"{_refuse('ck_account_stays', 'TRUE')}\nRETURN OLD;"),
        _attach("account_before_delete", "BEFORE DELETE", "account"),
    ]


def _postgresql_payouts() -> list[str]:
    lock = "PERFORM 1 FROM contract WHERE id = NEW.contract_id FOR NO KEY UPDATE;\n"
    checks = "\n".join(_refuse(rule, test) for rule, test in _payout_rules(False).items())
    decided = (
        f"OLD.state IN ('paid', 'cancelled') OR (OLD.state <> 'sent_back' AND {_differ(FIXED_ONCE_REQUESTED, False)})"
    )
    again = f"IF NEW.state <> 'cancelled' AND OLD.state = 'sent_back' THEN\n{lock}{checks}\nEND IF;"
    return [
        _function("payout_before_insert", f"{lock}{checks}\nRETURN NEW;"),
        _attach("payout_before_insert", "BEFORE INSERT", "payout"),
        _function("payout_before_update", f"{_refuse('ck_payout_is_fixed', decided)}\n{again}\nRETURN NEW;"),
        _attach("payout_before_update", "BEFORE UPDATE", "payout"),
        _function("payout_before_delete", f"{_refuse('ck_payout_stays', 'TRUE')}\nRETURN OLD;"),
        _attach("payout_before_delete", "BEFORE DELETE", "payout"),
    ]


def _postgresql_refunds() -> list[str]:
    lock = "PERFORM 1 FROM payout WHERE id = NEW.payout_id FOR NO KEY UPDATE;\n"
    checks = "\n".join(_refuse(rule, test) for rule, test in _refund_rules(False).items())
    changes = "\n".join(
        (
            _refuse("ck_refund_is_fixed", _refund_is_fixed(False)),
            _refuse("ck_refund_is_backed", _REFUND_IS_BACKED),
        )
    )
    return [
        _function("refund_before_insert", f"{lock}{checks}\nRETURN NEW;"),
        _attach("refund_before_insert", "BEFORE INSERT", "refund"),
        _function("refund_before_update", f"{changes}\nRETURN NEW;"),
        _attach("refund_before_update", "BEFORE UPDATE", "refund"),
        _function("refund_before_delete", f"{_refuse('ck_refund_stays', 'TRUE')}\nRETURN OLD;"),
        _attach("refund_before_delete", "BEFORE DELETE", "refund"),
    ]


def _postgresql_bounties() -> list[str]:
    lock = "PERFORM 1 FROM contract WHERE id = NEW.contract_id FOR NO KEY UPDATE;\n"
    checks = "\n".join(_refuse(rule, test) for rule, test in _BOUNTY_RULES.items())
    fixed = _refuse("ck_bounty_payment_is_fixed", _bounty_is_fixed(False))
    return [
        _function("bounty_payment_before_insert", f"{lock}{checks}\nRETURN NEW;"),
        _attach("bounty_payment_before_insert", "BEFORE INSERT", "bounty_payment"),
        _function("bounty_payment_before_update", f"{fixed}\nRETURN NEW;"),
        _attach("bounty_payment_before_update", "BEFORE UPDATE", "bounty_payment"),
        _function("bounty_payment_before_delete", f"{_refuse('ck_bounty_payment_stays', 'TRUE')}\nRETURN OLD;"),
        _attach("bounty_payment_before_delete", "BEFORE DELETE", "bounty_payment"),
    ]


LEDGER = {"sqlite": _sqlite_ledger, "postgresql": _postgresql_ledger}
PAYOUTS = {"sqlite": _sqlite_payouts, "postgresql": _postgresql_payouts}
REFUNDS = {"sqlite": _sqlite_refunds, "postgresql": _postgresql_refunds}
BOUNTIES = {"sqlite": _sqlite_bounties, "postgresql": _postgresql_bounties}


def trigger_statements(dialect: str) -> list[str]:
    """All DDL of this file for ``dialect``, in order; the tables must exist."""
    return [statement for part in (LEDGER, PAYOUTS, REFUNDS, BOUNTIES) for statement in part[dialect]()]


def guard_ledger(transfer: Any) -> None:
    """Make the ledger's triggers when the transfer table (the later of the two) is made."""
    _install(transfer, LEDGER)


def guard_payouts(payout: Any) -> None:
    _install(payout, PAYOUTS)


def guard_refunds(refund: Any) -> None:
    _install(refund, REFUNDS)


def guard_bounties(payment: Any) -> None:
    _install(payment, BOUNTIES)


def _install(model: Any, statements: dict[str, Any]) -> None:
    for dialect, build in statements.items():
        for statement in build():
            ddl = DDL(statement.replace("%", "%%"))
            event.listen(model.__table__, "after_create", ddl.execute_if(dialect=dialect))
