"""What was really spent, what came of it, what was taken back, and months frozen; the database holds each sum.

A transfer may be a refund; money may only go from the treasury to a budget line, from there to a payee, and back on an
approved refund. The firm's own payments cannot exceed a milestone's share any more.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# ruff: noqa: E501
SINCE = {
    "sqlite": [
        """CREATE TRIGGER transfer_no_update BEFORE UPDATE ON transfer
BEGIN SELECT RAISE(ABORT, 'transfer is append-only'); END""",
        """CREATE TRIGGER transfer_no_delete BEFORE DELETE ON transfer
BEGIN SELECT RAISE(ABORT, 'transfer is append-only'); END""",
        """CREATE TRIGGER transfer_before_insert BEFORE INSERT ON transfer
BEGIN
SELECT RAISE(ABORT, 'ck_transfer_matches_hold') WHERE NEW.kind IN ('post', 'void') AND NOT EXISTS (SELECT 1 FROM transfer h WHERE h.id = NEW.hold_id AND h.kind = 'hold'
    AND h.debit_account_id = NEW.debit_account_id AND h.credit_account_id = NEW.credit_account_id
    AND h.amount_fen = NEW.amount_fen);
SELECT RAISE(ABORT, 'ck_transfer_right_accounts') WHERE NOT (NEW.kind IN ('post', 'void') OR EXISTS (SELECT 1 FROM account d, account c
    WHERE d.id = NEW.debit_account_id AND c.id = NEW.credit_account_id AND (
        (NEW.kind = 'direct' AND d.kind = 'treasury' AND c.kind = 'budget')
        OR (NEW.kind = 'hold' AND d.kind = 'budget' AND c.kind = 'payee')
        OR (NEW.kind = 'refund' AND d.kind = 'payee' AND c.kind IN ('treasury', 'budget')))));
SELECT RAISE(ABORT, 'ck_transfer_refund_approved') WHERE NEW.kind = 'refund' AND NOT (EXISTS (SELECT 1 FROM refund r JOIN payout p ON p.id = r.payout_id
    JOIN budget_line b ON b.id = p.budget_line_id JOIN account c ON c.id = NEW.credit_account_id
    WHERE r.state = 'recovering' AND r.amount_fen = NEW.amount_fen AND p.payee_account_id = NEW.debit_account_id
    AND (c.kind = 'treasury' OR c.id = b.account_id))
    AND NEW.amount_fen + (SELECT coalesce(sum(amount_fen), 0) FROM transfer
        WHERE kind = 'refund' AND debit_account_id = NEW.debit_account_id)
    <= (SELECT sum(r.amount_fen) FROM refund r JOIN payout p ON p.id = r.payout_id
        WHERE r.state IN ('recovering', 'refunded') AND p.payee_account_id = NEW.debit_account_id));
END""",
        """CREATE TRIGGER transfer_after_insert AFTER INSERT ON transfer
BEGIN
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
END""",
        """CREATE TRIGGER account_before_update BEFORE UPDATE ON account
BEGIN
SELECT RAISE(ABORT, 'ck_account_moves_by_transfer') WHERE (NEW.id IS NOT OLD.id OR NEW.created_at IS NOT OLD.created_at OR NEW.kind IS NOT OLD.kind OR NEW.name IS NOT OLD.name OR NEW.owner IS NOT OLD.owner OR NEW.seal IS NOT OLD.seal OR NEW.no_overdraft IS NOT OLD.no_overdraft) OR NEW.debits_pending_fen <> (SELECT coalesce(sum(CASE kind WHEN 'hold' THEN amount_fen WHEN 'post' THEN -amount_fen
        WHEN 'void' THEN -amount_fen ELSE 0 END), 0)
    FROM transfer WHERE debit_account_id = NEW.id) OR NEW.debits_posted_fen <> (SELECT coalesce(sum(amount_fen), 0) FROM transfer
    WHERE debit_account_id = NEW.id AND kind IN ('direct', 'post', 'refund')) OR NEW.credits_posted_fen <> (SELECT coalesce(sum(amount_fen), 0) FROM transfer
    WHERE credit_account_id = NEW.id AND kind IN ('direct', 'post', 'refund'));
END""",
        """CREATE TRIGGER refund_before_insert BEFORE INSERT ON refund
BEGIN
SELECT RAISE(ABORT, 'ck_refund_of_paid_payout') WHERE NOT EXISTS (SELECT 1 FROM payout p WHERE p.id = NEW.payout_id AND p.state = 'paid');
SELECT RAISE(ABORT, 'ck_refund_within_payout') WHERE NEW.amount_fen + (SELECT coalesce(sum(r.amount_fen), 0) FROM refund r
    WHERE r.payout_id = NEW.payout_id AND r.state NOT IN ('refused', 'cancelled') AND r.id IS NOT NEW.id) > (SELECT p.amount_fen FROM payout p WHERE p.id = NEW.payout_id);
END""",
        """CREATE TRIGGER refund_before_update BEFORE UPDATE ON refund
BEGIN
SELECT RAISE(ABORT, 'ck_refund_is_fixed') WHERE OLD.state IN ('refunded', 'refused', 'cancelled') OR (NEW.payout_id IS NOT OLD.payout_id OR NEW.amount_fen IS NOT OLD.amount_fen OR NEW.reason IS NOT OLD.reason OR NEW.explanation IS NOT OLD.explanation OR NEW.basis IS NOT OLD.basis OR NEW.request_key IS NOT OLD.request_key OR NEW.maker_id IS NOT OLD.maker_id OR NEW.created_at IS NOT OLD.created_at);
SELECT RAISE(ABORT, 'ck_refund_is_backed') WHERE NEW.state = 'refunded' AND NOT EXISTS (SELECT 1 FROM transfer t JOIN payout p ON p.id = NEW.payout_id
    WHERE t.id = NEW.transfer_id AND t.kind = 'refund' AND t.amount_fen = NEW.amount_fen
    AND t.debit_account_id = p.payee_account_id);
END""",
        """CREATE TRIGGER refund_before_delete BEFORE DELETE ON refund
BEGIN
SELECT RAISE(ABORT, 'ck_refund_stays') WHERE TRUE;
END""",
        """CREATE TRIGGER bounty_payment_before_insert BEFORE INSERT ON bounty_payment
BEGIN
SELECT RAISE(ABORT, 'ck_bounty_payment_milestone_accepted') WHERE NOT EXISTS (SELECT 1 FROM milestone m JOIN contract c ON c.id = m.contract_id
    WHERE m.id = NEW.milestone_id AND m.contract_id = NEW.contract_id AND m.state = 'accepted');
SELECT RAISE(ABORT, 'ck_bounty_payment_within_share') WHERE NEW.amount_fen + (SELECT coalesce(sum(b.amount_fen), 0) FROM bounty_payment b WHERE b.milestone_id = NEW.milestone_id) > (SELECT c.amount_fen * m.percent / 100 FROM milestone m JOIN contract c ON c.id = m.contract_id
    WHERE m.id = NEW.milestone_id);
END""",
        """CREATE TRIGGER bounty_payment_before_update BEFORE UPDATE ON bounty_payment
BEGIN
SELECT RAISE(ABORT, 'ck_bounty_payment_is_fixed') WHERE OLD.confirmed_at IS NOT NULL OR (NEW.contract_id IS NOT OLD.contract_id OR NEW.milestone_id IS NOT OLD.milestone_id OR NEW.amount_fen IS NOT OLD.amount_fen OR NEW.paid_on IS NOT OLD.paid_on OR NEW.voucher_number IS NOT OLD.voucher_number OR NEW.entered_by_id IS NOT OLD.entered_by_id OR NEW.created_at IS NOT OLD.created_at);
END""",
        """CREATE TRIGGER bounty_payment_before_delete BEFORE DELETE ON bounty_payment
BEGIN
SELECT RAISE(ABORT, 'ck_bounty_payment_stays') WHERE TRUE;
END""",
        """CREATE TRIGGER frozen_month_no_update BEFORE UPDATE ON frozen_month
BEGIN SELECT RAISE(ABORT, 'frozen_month is append-only'); END""",
        """CREATE TRIGGER frozen_month_no_delete BEFORE DELETE ON frozen_month
BEGIN SELECT RAISE(ABORT, 'frozen_month is append-only'); END""",
    ],
    "postgresql": [
        """CREATE OR REPLACE FUNCTION transfer_before_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
PERFORM 1 FROM account WHERE id IN (NEW.debit_account_id, NEW.credit_account_id) ORDER BY id FOR NO KEY UPDATE;
IF NEW.kind IN ('post', 'void') AND NOT EXISTS (SELECT 1 FROM transfer h WHERE h.id = NEW.hold_id AND h.kind = 'hold'
    AND h.debit_account_id = NEW.debit_account_id AND h.credit_account_id = NEW.credit_account_id
    AND h.amount_fen = NEW.amount_fen) THEN RAISE EXCEPTION 'ck_transfer_matches_hold' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_transfer_matches_hold'; END IF;
IF NOT (NEW.kind IN ('post', 'void') OR EXISTS (SELECT 1 FROM account d, account c
    WHERE d.id = NEW.debit_account_id AND c.id = NEW.credit_account_id AND (
        (NEW.kind = 'direct' AND d.kind = 'treasury' AND c.kind = 'budget')
        OR (NEW.kind = 'hold' AND d.kind = 'budget' AND c.kind = 'payee')
        OR (NEW.kind = 'refund' AND d.kind = 'payee' AND c.kind IN ('treasury', 'budget'))))) THEN RAISE EXCEPTION 'ck_transfer_right_accounts' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_transfer_right_accounts'; END IF;
IF NEW.kind = 'refund' AND NOT (EXISTS (SELECT 1 FROM refund r JOIN payout p ON p.id = r.payout_id
    JOIN budget_line b ON b.id = p.budget_line_id JOIN account c ON c.id = NEW.credit_account_id
    WHERE r.state = 'recovering' AND r.amount_fen = NEW.amount_fen AND p.payee_account_id = NEW.debit_account_id
    AND (c.kind = 'treasury' OR c.id = b.account_id))
    AND NEW.amount_fen + (SELECT coalesce(sum(amount_fen), 0) FROM transfer
        WHERE kind = 'refund' AND debit_account_id = NEW.debit_account_id)
    <= (SELECT sum(r.amount_fen) FROM refund r JOIN payout p ON p.id = r.payout_id
        WHERE r.state IN ('recovering', 'refunded') AND p.payee_account_id = NEW.debit_account_id)) THEN RAISE EXCEPTION 'ck_transfer_refund_approved' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_transfer_refund_approved'; END IF;
RETURN NEW;
END $$""",
        """CREATE OR REPLACE FUNCTION transfer_after_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN

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
RETURN NULL;
END $$""",
        """CREATE OR REPLACE FUNCTION account_before_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
IF pg_trigger_depth() < 2 OR (NEW.id IS DISTINCT FROM OLD.id OR NEW.created_at IS DISTINCT FROM OLD.created_at OR NEW.kind IS DISTINCT FROM OLD.kind OR NEW.name IS DISTINCT FROM OLD.name OR NEW.owner IS DISTINCT FROM OLD.owner OR NEW.seal IS DISTINCT FROM OLD.seal OR NEW.no_overdraft IS DISTINCT FROM OLD.no_overdraft) THEN RAISE EXCEPTION 'ck_account_moves_by_transfer' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_account_moves_by_transfer'; END IF;
RETURN NEW;
END $$""",
        """CREATE OR REPLACE FUNCTION refund_before_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
PERFORM 1 FROM payout WHERE id = NEW.payout_id FOR NO KEY UPDATE;
IF NOT EXISTS (SELECT 1 FROM payout p WHERE p.id = NEW.payout_id AND p.state = 'paid') THEN RAISE EXCEPTION 'ck_refund_of_paid_payout' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_refund_of_paid_payout'; END IF;
IF NEW.amount_fen + (SELECT coalesce(sum(r.amount_fen), 0) FROM refund r
    WHERE r.payout_id = NEW.payout_id AND r.state NOT IN ('refused', 'cancelled') AND r.id IS DISTINCT FROM NEW.id) > (SELECT p.amount_fen FROM payout p WHERE p.id = NEW.payout_id) THEN RAISE EXCEPTION 'ck_refund_within_payout' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_refund_within_payout'; END IF;
RETURN NEW;
END $$""",
        """CREATE TRIGGER refund_before_insert BEFORE INSERT ON refund FOR EACH ROW EXECUTE FUNCTION refund_before_insert()""",
        """CREATE OR REPLACE FUNCTION refund_before_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
IF OLD.state IN ('refunded', 'refused', 'cancelled') OR (NEW.payout_id IS DISTINCT FROM OLD.payout_id OR NEW.amount_fen IS DISTINCT FROM OLD.amount_fen OR NEW.reason IS DISTINCT FROM OLD.reason OR NEW.explanation IS DISTINCT FROM OLD.explanation OR NEW.basis IS DISTINCT FROM OLD.basis OR NEW.request_key IS DISTINCT FROM OLD.request_key OR NEW.maker_id IS DISTINCT FROM OLD.maker_id OR NEW.created_at IS DISTINCT FROM OLD.created_at) THEN RAISE EXCEPTION 'ck_refund_is_fixed' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_refund_is_fixed'; END IF;
IF NEW.state = 'refunded' AND NOT EXISTS (SELECT 1 FROM transfer t JOIN payout p ON p.id = NEW.payout_id
    WHERE t.id = NEW.transfer_id AND t.kind = 'refund' AND t.amount_fen = NEW.amount_fen
    AND t.debit_account_id = p.payee_account_id) THEN RAISE EXCEPTION 'ck_refund_is_backed' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_refund_is_backed'; END IF;
RETURN NEW;
END $$""",
        """CREATE TRIGGER refund_before_update BEFORE UPDATE ON refund FOR EACH ROW EXECUTE FUNCTION refund_before_update()""",
        """CREATE OR REPLACE FUNCTION refund_before_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
IF TRUE THEN RAISE EXCEPTION 'ck_refund_stays' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_refund_stays'; END IF;
RETURN OLD;
END $$""",
        """CREATE TRIGGER refund_before_delete BEFORE DELETE ON refund FOR EACH ROW EXECUTE FUNCTION refund_before_delete()""",
        """CREATE OR REPLACE FUNCTION bounty_payment_before_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
PERFORM 1 FROM contract WHERE id = NEW.contract_id FOR NO KEY UPDATE;
IF NOT EXISTS (SELECT 1 FROM milestone m JOIN contract c ON c.id = m.contract_id
    WHERE m.id = NEW.milestone_id AND m.contract_id = NEW.contract_id AND m.state = 'accepted') THEN RAISE EXCEPTION 'ck_bounty_payment_milestone_accepted' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_bounty_payment_milestone_accepted'; END IF;
IF NEW.amount_fen + (SELECT coalesce(sum(b.amount_fen), 0) FROM bounty_payment b WHERE b.milestone_id = NEW.milestone_id) > (SELECT c.amount_fen * m.percent / 100 FROM milestone m JOIN contract c ON c.id = m.contract_id
    WHERE m.id = NEW.milestone_id) THEN RAISE EXCEPTION 'ck_bounty_payment_within_share' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_bounty_payment_within_share'; END IF;
RETURN NEW;
END $$""",
        """CREATE TRIGGER bounty_payment_before_insert BEFORE INSERT ON bounty_payment FOR EACH ROW EXECUTE FUNCTION bounty_payment_before_insert()""",
        """CREATE OR REPLACE FUNCTION bounty_payment_before_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
IF OLD.confirmed_at IS NOT NULL OR (NEW.contract_id IS DISTINCT FROM OLD.contract_id OR NEW.milestone_id IS DISTINCT FROM OLD.milestone_id OR NEW.amount_fen IS DISTINCT FROM OLD.amount_fen OR NEW.paid_on IS DISTINCT FROM OLD.paid_on OR NEW.voucher_number IS DISTINCT FROM OLD.voucher_number OR NEW.entered_by_id IS DISTINCT FROM OLD.entered_by_id OR NEW.created_at IS DISTINCT FROM OLD.created_at) THEN RAISE EXCEPTION 'ck_bounty_payment_is_fixed' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_bounty_payment_is_fixed'; END IF;
RETURN NEW;
END $$""",
        """CREATE TRIGGER bounty_payment_before_update BEFORE UPDATE ON bounty_payment FOR EACH ROW EXECUTE FUNCTION bounty_payment_before_update()""",
        """CREATE OR REPLACE FUNCTION bounty_payment_before_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
IF TRUE THEN RAISE EXCEPTION 'ck_bounty_payment_stays' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_bounty_payment_stays'; END IF;
RETURN OLD;
END $$""",
        """CREATE TRIGGER bounty_payment_before_delete BEFORE DELETE ON bounty_payment FOR EACH ROW EXECUTE FUNCTION bounty_payment_before_delete()""",
        """CREATE TRIGGER frozen_month_no_update BEFORE UPDATE ON frozen_month FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
        """CREATE TRIGGER frozen_month_no_delete BEFORE DELETE ON frozen_month FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
        """CREATE TRIGGER frozen_month_no_truncate BEFORE TRUNCATE ON frozen_month FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    ],
}

BEFORE = {
    "sqlite": [
        """CREATE TRIGGER transfer_no_update BEFORE UPDATE ON transfer
BEGIN SELECT RAISE(ABORT, 'transfer is append-only'); END""",
        """CREATE TRIGGER transfer_no_delete BEFORE DELETE ON transfer
BEGIN SELECT RAISE(ABORT, 'transfer is append-only'); END""",
        """CREATE TRIGGER transfer_before_insert BEFORE INSERT ON transfer WHEN NEW.kind IN ('post', 'void')
BEGIN
SELECT RAISE(ABORT, 'ck_transfer_matches_hold') WHERE NOT EXISTS (SELECT 1 FROM transfer h WHERE h.id = NEW.hold_id AND h.kind = 'hold'
    AND h.debit_account_id = NEW.debit_account_id AND h.credit_account_id = NEW.credit_account_id
    AND h.amount_fen = NEW.amount_fen);
END""",
        """CREATE TRIGGER transfer_after_insert AFTER INSERT ON transfer
BEGIN
UPDATE account SET
    debits_pending_fen = debits_pending_fen
        + CASE NEW.kind WHEN 'hold' THEN NEW.amount_fen WHEN 'direct' THEN 0 ELSE -NEW.amount_fen END,
    debits_posted_fen = debits_posted_fen + CASE WHEN NEW.kind IN ('direct', 'post') THEN NEW.amount_fen ELSE 0 END
WHERE id = NEW.debit_account_id;
UPDATE account SET
    credits_posted_fen = credits_posted_fen + CASE WHEN NEW.kind IN ('direct', 'post') THEN NEW.amount_fen ELSE 0 END
WHERE id = NEW.credit_account_id;
END""",
        """CREATE TRIGGER account_before_update BEFORE UPDATE ON account
BEGIN
SELECT RAISE(ABORT, 'ck_account_moves_by_transfer') WHERE (NEW.id IS NOT OLD.id OR NEW.created_at IS NOT OLD.created_at OR NEW.kind IS NOT OLD.kind OR NEW.name IS NOT OLD.name OR NEW.owner IS NOT OLD.owner OR NEW.seal IS NOT OLD.seal OR NEW.no_overdraft IS NOT OLD.no_overdraft) OR NEW.debits_pending_fen <> (SELECT coalesce(sum(CASE kind WHEN 'hold' THEN amount_fen WHEN 'direct' THEN 0 ELSE -amount_fen END), 0)
    FROM transfer WHERE debit_account_id = NEW.id) OR NEW.debits_posted_fen <> (SELECT coalesce(sum(amount_fen), 0) FROM transfer
    WHERE debit_account_id = NEW.id AND kind IN ('direct', 'post')) OR NEW.credits_posted_fen <> (SELECT coalesce(sum(amount_fen), 0) FROM transfer
    WHERE credit_account_id = NEW.id AND kind IN ('direct', 'post'));
END""",
    ],
    "postgresql": [
        """CREATE OR REPLACE FUNCTION transfer_before_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
PERFORM 1 FROM account WHERE id IN (NEW.debit_account_id, NEW.credit_account_id) ORDER BY id FOR NO KEY UPDATE;
IF NEW.kind IN ('post', 'void') AND NOT EXISTS (SELECT 1 FROM transfer h WHERE h.id = NEW.hold_id AND h.kind = 'hold'
    AND h.debit_account_id = NEW.debit_account_id AND h.credit_account_id = NEW.credit_account_id
    AND h.amount_fen = NEW.amount_fen) THEN RAISE EXCEPTION 'ck_transfer_matches_hold' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_transfer_matches_hold'; END IF;
RETURN NEW;
END $$""",
        """CREATE OR REPLACE FUNCTION transfer_after_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN

UPDATE account SET
    debits_pending_fen = debits_pending_fen
        + CASE NEW.kind WHEN 'hold' THEN NEW.amount_fen WHEN 'direct' THEN 0 ELSE -NEW.amount_fen END,
    debits_posted_fen = debits_posted_fen + CASE WHEN NEW.kind IN ('direct', 'post') THEN NEW.amount_fen ELSE 0 END
WHERE id = NEW.debit_account_id;
UPDATE account SET
    credits_posted_fen = credits_posted_fen + CASE WHEN NEW.kind IN ('direct', 'post') THEN NEW.amount_fen ELSE 0 END
WHERE id = NEW.credit_account_id;
RETURN NULL;
END $$""",
        """CREATE OR REPLACE FUNCTION account_before_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
IF pg_trigger_depth() < 2 OR (NEW.id IS DISTINCT FROM OLD.id OR NEW.created_at IS DISTINCT FROM OLD.created_at OR NEW.kind IS DISTINCT FROM OLD.kind OR NEW.name IS DISTINCT FROM OLD.name OR NEW.owner IS DISTINCT FROM OLD.owner OR NEW.seal IS DISTINCT FROM OLD.seal OR NEW.no_overdraft IS DISTINCT FROM OLD.no_overdraft) THEN RAISE EXCEPTION 'ck_account_moves_by_transfer' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_account_moves_by_transfer'; END IF;
RETURN NEW;
END $$""",
    ],
}

TABLES = ("refund", "spend_report", "declared_result", "frozen_month")
FUNCTIONS = tuple(
    f"{table}_before_{act}" for table in ("refund", "bounty_payment") for act in ("insert", "update", "delete")
)
KINDS = "kind IN ('direct', 'hold', 'post', 'void'{more})"


def _run(statements: dict[str, list[str]]) -> None:
    dialect = op.get_bind().dialect.name
    for statement in statements[dialect]:
        # exec_driver_sql: the statements hold colons and percent signs of their own.
        op.get_bind().exec_driver_sql(statement.replace("%", "%%") if dialect == "postgresql" else statement)


def _change_kinds(more: str) -> None:
    """SQLite rebuilds the table, and with it go its triggers; those of other tables name it while it is away."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if is_sqlite:
        op.execute("PRAGMA legacy_alter_table=ON")
        op.execute("DROP TRIGGER account_before_update")
    with op.batch_alter_table("transfer") as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_transfer_transferkind"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_transfer_transferkind"), KINDS.format(more=more))
    if is_sqlite:
        op.execute("PRAGMA legacy_alter_table=OFF")


def upgrade() -> None:
    op.create_table(
        "frozen_month",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("frozen_by_id", sa.Integer(), nullable=False),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("version = 1 OR reason <> ''", name=op.f("ck_frozen_month_correction_says_why")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_frozen_month_version")),
        sa.ForeignKeyConstraint(["frozen_by_id"], ["user.id"], name=op.f("fk_frozen_month_frozen_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_frozen_month")),
        sa.UniqueConstraint("hash", name=op.f("uq_frozen_month_hash")),
        sa.UniqueConstraint("month", "version", name=op.f("uq_frozen_month_month_version")),
    )
    op.create_table(
        "declared_result",
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "sales",
                "saved",
                "tax",
                "patent",
                name="resultkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=True),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("has_evidence", sa.Boolean(), nullable=False),
        sa.Column("declared_by_id", sa.Integer(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_reason", sa.Text(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lock", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'patent') = (amount_fen IS NULL)", name=op.f("ck_declared_result_money_has_amount")
        ),
        sa.CheckConstraint(
            "(kind = 'patent') = (quantity IS NOT NULL)", name=op.f("ck_declared_result_patents_have_number")
        ),
        sa.CheckConstraint(
            "withdrawn_at IS NULL OR withdrawn_reason <> ''", name=op.f("ck_declared_result_withdrawn_says_why")
        ),
        sa.CheckConstraint(
            "coalesce(amount_fen, 0) + coalesce(quantity, 0) > 0", name=op.f("ck_declared_result_not_nothing")
        ),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_declared_result_days_in_order")),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_declared_result_contract_id")),
        sa.ForeignKeyConstraint(["declared_by_id"], ["user.id"], name=op.f("fk_declared_result_declared_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_declared_result")),
    )
    with op.batch_alter_table("declared_result", schema=None) as batch_op:
        batch_op.create_index("ix_declared_result_contract", ["contract_id", "last_day"], unique=False)
        batch_op.create_index(batch_op.f("ix_declared_result_last_day"), ["last_day"], unique=False)

    op.create_table(
        "spend_report",
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("fiscal_fen", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "reported",
                "confirmed",
                "sent_back",
                name="spendstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("state_changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reported_by_id", sa.Integer(), nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("verdict_note", sa.Text(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lock", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state = 'reported' OR (decided_by_id IS NOT NULL AND decided_by_id <> reported_by_id)",
            name=op.f("ck_spend_report_decided_by_another"),
        ),
        sa.CheckConstraint(
            "fiscal_fen >= 0 AND fiscal_fen <= total_fen", name=op.f("ck_spend_report_fiscal_within_total")
        ),
        sa.CheckConstraint("total_fen > 0", name=op.f("ck_spend_report_total_positive")),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_spend_report_contract_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["user.id"], name=op.f("fk_spend_report_decided_by_id")),
        sa.ForeignKeyConstraint(["reported_by_id"], ["user.id"], name=op.f("fk_spend_report_reported_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spend_report")),
    )
    with op.batch_alter_table("spend_report", schema=None) as batch_op:
        batch_op.create_index("ix_spend_report_contract", ["contract_id", "until"], unique=False)
        batch_op.create_index(
            "uq_spend_report_waiting",
            ["contract_id"],
            unique=True,
            sqlite_where=sa.text("state = 'reported'"),
            postgresql_where=sa.text("state = 'reported'"),
        )

    op.create_table(
        "refund",
        sa.Column("payout_id", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "surplus",
                "unmet",
                "fault",
                "mistake",
                name="refundreason",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("basis", sa.String(length=300), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "requested",
                "checked",
                "recovering",
                "refunded",
                "refused",
                "cancelled",
                name="refundstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("state_changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("request_key", sa.String(length=80), nullable=False),
        sa.Column("maker_id", sa.Integer(), nullable=False),
        sa.Column("checker_id", sa.Integer(), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approver_id", sa.Integer(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("transfer_id", sa.Integer(), nullable=True),
        sa.Column("bank_reference", sa.String(length=80), nullable=True),
        sa.Column("refunded_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lock", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state <> 'refunded' OR (transfer_id IS NOT NULL AND bank_reference IS NOT NULL AND refunded_on IS NOT NULL)",
            name=op.f("ck_refund_refunded_has_reference"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('checked','recovering','refunded') OR checker_id IS NOT NULL",
            name=op.f("ck_refund_checked_by_someone"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('recovering','refunded') OR (approver_id IS NOT NULL AND due_on IS NOT NULL)",
            name=op.f("ck_refund_approved_by_someone"),
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_refund_amount_positive")),
        sa.CheckConstraint(
            "approver_id IS NULL OR (checker_id IS NOT NULL AND approver_id <> maker_id AND approver_id <> checker_id)",
            name=op.f("ck_refund_approver_is_a_third"),
        ),
        sa.CheckConstraint("checker_id IS NULL OR checker_id <> maker_id", name=op.f("ck_refund_checker_is_another")),
        sa.ForeignKeyConstraint(["approver_id"], ["user.id"], name=op.f("fk_refund_approver_id")),
        sa.ForeignKeyConstraint(["checker_id"], ["user.id"], name=op.f("fk_refund_checker_id")),
        sa.ForeignKeyConstraint(["maker_id"], ["user.id"], name=op.f("fk_refund_maker_id")),
        sa.ForeignKeyConstraint(["payout_id"], ["payout.id"], name=op.f("fk_refund_payout_id")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_refund_transfer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund")),
        sa.UniqueConstraint("bank_reference", name=op.f("uq_refund_bank_reference")),
        sa.UniqueConstraint("request_key", name=op.f("uq_refund_request_key")),
        sa.UniqueConstraint("transfer_id", name=op.f("uq_refund_transfer_id")),
    )
    with op.batch_alter_table("refund", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_refund_payout_id"), ["payout_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_refund_refunded_on"), ["refunded_on"], unique=False)
        batch_op.create_index("ix_refund_state", ["state"], unique=False)

    _change_kinds(", 'refund'")
    _run(SINCE)


def downgrade() -> None:
    """Refused by the database while a refund stands in the ledger: it cannot be told without its kind."""
    if op.get_bind().dialect.name == "sqlite":
        for act in ("insert", "update", "delete"):
            op.execute(f"DROP TRIGGER bounty_payment_before_{act}")
    for table in TABLES:
        op.drop_table(table)
    _change_kinds("")
    _run(BEFORE)
    if op.get_bind().dialect.name == "postgresql":
        for function in FUNCTIONS:
            op.execute(f"DROP FUNCTION IF EXISTS {function}() CASCADE")
