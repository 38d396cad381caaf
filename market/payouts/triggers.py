"""What the database itself holds of the ledger and of payouts, on SQLite and PostgreSQL alike.

Totals of an account move only by a transfer; a post or void resolves exactly its hold; no payout before its milestone
is accepted, above the entitlement, edited once decided, or deleted. ``create_all`` and the migration make the same
triggers: ``trigger_statements(dialect)``.

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
_IDENTITY = ("id", "created_at", "kind", "name", "owner", "seal", "no_overdraft")

_MATCHES_HOLD = """EXISTS (SELECT 1 FROM transfer h WHERE h.id = NEW.hold_id AND h.kind = 'hold'
    AND h.debit_account_id = NEW.debit_account_id AND h.credit_account_id = NEW.credit_account_id
    AND h.amount_fen = NEW.amount_fen)"""

_MOVE = """
UPDATE account SET
    debits_pending_fen = debits_pending_fen
        + CASE NEW.kind WHEN 'hold' THEN NEW.amount_fen WHEN 'direct' THEN 0 ELSE -NEW.amount_fen END,
    debits_posted_fen = debits_posted_fen + CASE WHEN NEW.kind IN ('direct', 'post') THEN NEW.amount_fen ELSE 0 END
WHERE id = NEW.debit_account_id;
UPDATE account SET
    credits_posted_fen = credits_posted_fen + CASE WHEN NEW.kind IN ('direct', 'post') THEN NEW.amount_fen ELSE 0 END
WHERE id = NEW.credit_account_id;
"""

_PENDING = """(SELECT coalesce(sum(CASE kind WHEN 'hold' THEN amount_fen WHEN 'direct' THEN 0 ELSE -amount_fen END), 0)
    FROM transfer WHERE debit_account_id = NEW.id)"""
_POSTED = """(SELECT coalesce(sum(amount_fen), 0) FROM transfer
    WHERE {side}_account_id = NEW.id AND kind IN ('direct', 'post'))"""


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


def _sqlite_trigger(name: str, when: str, broken: dict[str, str]) -> str:
    checks = "\n".join(f"SELECT RAISE(ABORT, '{rule}') WHERE {test};" for rule, test in broken.items())
    return f"CREATE TRIGGER {name} {when}\nBEGIN\n{checks}\nEND"


def _sqlite_ledger() -> list[str]:
    totals = (
        f"NEW.debits_pending_fen <> {_PENDING} OR NEW.debits_posted_fen <> {_POSTED.format(side='debit')}"
        f" OR NEW.credits_posted_fen <> {_POSTED.format(side='credit')}"
    )
    nothing = "NEW.debits_pending_fen <> 0 OR NEW.debits_posted_fen <> 0 OR NEW.credits_posted_fen <> 0"
    return [
        _sqlite_trigger(
            "transfer_before_insert",
            "BEFORE INSERT ON transfer WHEN NEW.kind IN ('post', 'void')",
            {"ck_transfer_matches_hold": f"NOT {_MATCHES_HOLD}"},
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
    matches = _refuse("ck_transfer_matches_hold", f"NEW.kind IN ('post', 'void') AND NOT {_MATCHES_HOLD}")
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


LEDGER = {"sqlite": _sqlite_ledger, "postgresql": _postgresql_ledger}
PAYOUTS = {"sqlite": _sqlite_payouts, "postgresql": _postgresql_payouts}


def trigger_statements(dialect: str) -> list[str]:
    """All DDL of this file for ``dialect``, in order; the tables must exist."""
    return [*LEDGER[dialect](), *PAYOUTS[dialect]()]


def guard_ledger(transfer: Any) -> None:
    """Make the ledger's triggers when the transfer table (the later of the two) is made."""
    _install(transfer, LEDGER)


def guard_payouts(payout: Any) -> None:
    _install(payout, PAYOUTS)


def _install(model: Any, statements: dict[str, Any]) -> None:
    for dialect, build in statements.items():
        for statement in build():
            ddl = DDL(statement.replace("%", "%%"))
            event.listen(model.__table__, "after_create", ddl.execute_if(dialect=dialect))
