"""Every table, its constraints and its triggers."""

import sqlalchemy as sa
from alembic import op


revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


# What the database itself refuses or keeps: autogenerate does not see triggers, so they are written out here.
TRIGGERS = {
    "sqlite": [
        """CREATE TRIGGER audit_entry_no_update BEFORE UPDATE ON audit_entry
BEGIN SELECT RAISE(ABORT, 'audit_entry is append-only'); END""",
        """CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON audit_entry
BEGIN SELECT RAISE(ABORT, 'audit_entry is append-only'); END""",
        """CREATE TRIGGER programme_rules_no_update BEFORE UPDATE ON programme_rules
BEGIN SELECT RAISE(ABORT, 'programme_rules is append-only'); END""",
        """CREATE TRIGGER programme_rules_no_delete BEFORE DELETE ON programme_rules
BEGIN SELECT RAISE(ABORT, 'programme_rules is append-only'); END""",
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
        """CREATE TRIGGER account_before_insert BEFORE INSERT ON account
BEGIN
SELECT RAISE(ABORT, 'ck_account_opens_empty') WHERE NEW.debits_pending_fen <> 0 OR NEW.debits_posted_fen <> 0 OR NEW.credits_posted_fen <> 0;
END""",
        """CREATE TRIGGER account_before_delete BEFORE DELETE ON account
BEGIN
SELECT RAISE(ABORT, 'ck_account_stays') WHERE TRUE;
END""",
        """CREATE TRIGGER sealed_version_no_update BEFORE UPDATE ON sealed_version
BEGIN SELECT RAISE(ABORT, 'sealed_version is append-only'); END""",
        """CREATE TRIGGER sealed_version_no_delete BEFORE DELETE ON sealed_version
BEGIN SELECT RAISE(ABORT, 'sealed_version is append-only'); END""",
        """CREATE TRIGGER expert_draw_no_update BEFORE UPDATE ON expert_draw
BEGIN SELECT RAISE(ABORT, 'expert_draw is append-only'); END""",
        """CREATE TRIGGER expert_draw_no_delete BEFORE DELETE ON expert_draw
BEGIN SELECT RAISE(ABORT, 'expert_draw is append-only'); END""",
        """CREATE TRIGGER review_ranking_no_update BEFORE UPDATE ON review_ranking
BEGIN SELECT RAISE(ABORT, 'review_ranking is append-only'); END""",
        """CREATE TRIGGER review_ranking_no_delete BEFORE DELETE ON review_ranking
BEGIN SELECT RAISE(ABORT, 'review_ranking is append-only'); END""",
        """CREATE TRIGGER opened_content_no_update BEFORE UPDATE ON opened_content
BEGIN SELECT RAISE(ABORT, 'opened_content is append-only'); END""",
        """CREATE TRIGGER opened_content_no_delete BEFORE DELETE ON opened_content
BEGIN SELECT RAISE(ABORT, 'opened_content is append-only'); END""",
        """CREATE TRIGGER score_sheet_no_update BEFORE UPDATE ON score_sheet
BEGIN SELECT RAISE(ABORT, 'score_sheet is append-only'); END""",
        """CREATE TRIGGER score_sheet_no_delete BEFORE DELETE ON score_sheet
BEGIN SELECT RAISE(ABORT, 'score_sheet is append-only'); END""",
        """CREATE TRIGGER payout_before_insert BEFORE INSERT ON payout
BEGIN
SELECT RAISE(ABORT, 'ck_payout_milestone_accepted') WHERE NOT EXISTS (SELECT 1 FROM milestone m JOIN contract c ON c.id = m.contract_id
    WHERE m.id = NEW.milestone_id AND m.contract_id = NEW.contract_id AND m.state = 'accepted');
SELECT RAISE(ABORT, 'ck_payout_within_entitlement') WHERE NEW.amount_fen + (SELECT coalesce(sum(p.amount_fen), 0) FROM payout p
    WHERE p.contract_id = NEW.contract_id AND p.state <> 'cancelled' AND p.id IS NOT NEW.id) > (SELECT min(CASE json_extract(r.content, '$.fiscal_base') WHEN 'contract' THEN c.amount_fen ELSE c.rd_total_fen END * coalesce(json_extract(r.content, '$.fiscal_share'), 0) / 100, coalesce(json_extract(r.content, '$.fiscal_cap_fen'), 0)) * coalesce((SELECT sum(m.percent) FROM milestone m
        WHERE m.contract_id = c.id AND m.state = 'accepted'), 0) / 100
    FROM contract c JOIN challenge h ON h.id = c.challenge_id JOIN programme_rules r ON r.id = h.rules_id
    WHERE c.id = NEW.contract_id);
END""",
        """CREATE TRIGGER payout_before_update BEFORE UPDATE ON payout WHEN NEW.state <> 'cancelled' AND OLD.state = 'sent_back'
BEGIN
SELECT RAISE(ABORT, 'ck_payout_milestone_accepted') WHERE NOT EXISTS (SELECT 1 FROM milestone m JOIN contract c ON c.id = m.contract_id
    WHERE m.id = NEW.milestone_id AND m.contract_id = NEW.contract_id AND m.state = 'accepted');
SELECT RAISE(ABORT, 'ck_payout_within_entitlement') WHERE NEW.amount_fen + (SELECT coalesce(sum(p.amount_fen), 0) FROM payout p
    WHERE p.contract_id = NEW.contract_id AND p.state <> 'cancelled' AND p.id IS NOT NEW.id) > (SELECT min(CASE json_extract(r.content, '$.fiscal_base') WHEN 'contract' THEN c.amount_fen ELSE c.rd_total_fen END * coalesce(json_extract(r.content, '$.fiscal_share'), 0) / 100, coalesce(json_extract(r.content, '$.fiscal_cap_fen'), 0)) * coalesce((SELECT sum(m.percent) FROM milestone m
        WHERE m.contract_id = c.id AND m.state = 'accepted'), 0) / 100
    FROM contract c JOIN challenge h ON h.id = c.challenge_id JOIN programme_rules r ON r.id = h.rules_id
    WHERE c.id = NEW.contract_id);
END""",
        """CREATE TRIGGER payout_is_fixed BEFORE UPDATE ON payout
BEGIN
SELECT RAISE(ABORT, 'ck_payout_is_fixed') WHERE OLD.state IN ('paid', 'cancelled') OR (OLD.state <> 'sent_back' AND (NEW.contract_id IS NOT OLD.contract_id OR NEW.milestone_id IS NOT OLD.milestone_id OR NEW.kind IS NOT OLD.kind OR NEW.budget_line_id IS NOT OLD.budget_line_id OR NEW.payee_account_id IS NOT OLD.payee_account_id OR NEW.payee_name IS NOT OLD.payee_name OR NEW.bank_name IS NOT OLD.bank_name OR NEW.bank_account IS NOT OLD.bank_account OR NEW.amount_fen IS NOT OLD.amount_fen OR NEW.basis IS NOT OLD.basis OR NEW.request_key IS NOT OLD.request_key OR NEW.maker_id IS NOT OLD.maker_id OR NEW.hold_id IS NOT OLD.hold_id));
END""",
        """CREATE TRIGGER payout_before_delete BEFORE DELETE ON payout
BEGIN
SELECT RAISE(ABORT, 'ck_payout_stays') WHERE TRUE;
END""",
    ],
    "postgresql": [
        """CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$""",
        """CREATE TRIGGER audit_entry_no_update BEFORE UPDATE ON audit_entry FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
        """CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON audit_entry FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
        """CREATE TRIGGER audit_entry_no_truncate BEFORE TRUNCATE ON audit_entry FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
        """CREATE TRIGGER programme_rules_no_update BEFORE UPDATE ON programme_rules FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
        """CREATE TRIGGER programme_rules_no_delete BEFORE DELETE ON programme_rules FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
        """CREATE TRIGGER programme_rules_no_truncate BEFORE TRUNCATE ON programme_rules FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
        """CREATE TRIGGER transfer_no_update BEFORE UPDATE ON transfer FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
        """CREATE TRIGGER transfer_no_delete BEFORE DELETE ON transfer FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
        """CREATE TRIGGER transfer_no_truncate BEFORE TRUNCATE ON transfer FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
        """CREATE OR REPLACE FUNCTION transfer_before_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
PERFORM 1 FROM account WHERE id IN (NEW.debit_account_id, NEW.credit_account_id) ORDER BY id FOR NO KEY UPDATE;
IF NEW.kind IN ('post', 'void') AND NOT EXISTS (SELECT 1 FROM transfer h WHERE h.id = NEW.hold_id AND h.kind = 'hold'
    AND h.debit_account_id = NEW.debit_account_id AND h.credit_account_id = NEW.credit_account_id
    AND h.amount_fen = NEW.amount_fen) THEN RAISE EXCEPTION 'ck_transfer_matches_hold' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_transfer_matches_hold'; END IF;
RETURN NEW;
END $$""",
        """CREATE TRIGGER transfer_before_insert BEFORE INSERT ON transfer FOR EACH ROW EXECUTE FUNCTION transfer_before_insert()""",
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
        """CREATE TRIGGER transfer_after_insert AFTER INSERT ON transfer FOR EACH ROW EXECUTE FUNCTION transfer_after_insert()""",
        """CREATE OR REPLACE FUNCTION account_before_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
IF pg_trigger_depth() < 2 OR (NEW.id IS DISTINCT FROM OLD.id OR NEW.created_at IS DISTINCT FROM OLD.created_at OR NEW.kind IS DISTINCT FROM OLD.kind OR NEW.name IS DISTINCT FROM OLD.name OR NEW.owner IS DISTINCT FROM OLD.owner OR NEW.seal IS DISTINCT FROM OLD.seal OR NEW.no_overdraft IS DISTINCT FROM OLD.no_overdraft) THEN RAISE EXCEPTION 'ck_account_moves_by_transfer' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_account_moves_by_transfer'; END IF;
RETURN NEW;
END $$""",
        """CREATE TRIGGER account_before_update BEFORE UPDATE ON account FOR EACH ROW EXECUTE FUNCTION account_before_update()""",
        """CREATE OR REPLACE FUNCTION account_before_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
IF NEW.debits_pending_fen <> 0 OR NEW.debits_posted_fen <> 0 OR NEW.credits_posted_fen <> 0 THEN RAISE EXCEPTION 'ck_account_opens_empty' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_account_opens_empty'; END IF;
RETURN NEW;
END $$""",
        """CREATE TRIGGER account_before_insert BEFORE INSERT ON account FOR EACH ROW EXECUTE FUNCTION account_before_insert()""",
        """CREATE OR REPLACE FUNCTION account_before_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
IF TRUE THEN RAISE EXCEPTION 'ck_account_stays' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_account_stays'; END IF;
RETURN OLD;
END $$""",
        """CREATE TRIGGER account_before_delete BEFORE DELETE ON account FOR EACH ROW EXECUTE FUNCTION account_before_delete()""",
        """CREATE TRIGGER sealed_version_no_update BEFORE UPDATE ON sealed_version FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
        """CREATE TRIGGER sealed_version_no_delete BEFORE DELETE ON sealed_version FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
        """CREATE TRIGGER sealed_version_no_truncate BEFORE TRUNCATE ON sealed_version FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
        """CREATE TRIGGER expert_draw_no_update BEFORE UPDATE ON expert_draw FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
        """CREATE TRIGGER expert_draw_no_delete BEFORE DELETE ON expert_draw FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
        """CREATE TRIGGER expert_draw_no_truncate BEFORE TRUNCATE ON expert_draw FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
        """CREATE TRIGGER review_ranking_no_update BEFORE UPDATE ON review_ranking FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
        """CREATE TRIGGER review_ranking_no_delete BEFORE DELETE ON review_ranking FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
        """CREATE TRIGGER review_ranking_no_truncate BEFORE TRUNCATE ON review_ranking FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
        """CREATE TRIGGER opened_content_no_update BEFORE UPDATE ON opened_content FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
        """CREATE TRIGGER opened_content_no_delete BEFORE DELETE ON opened_content FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
        """CREATE TRIGGER opened_content_no_truncate BEFORE TRUNCATE ON opened_content FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
        """CREATE TRIGGER score_sheet_no_update BEFORE UPDATE ON score_sheet FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
        """CREATE TRIGGER score_sheet_no_delete BEFORE DELETE ON score_sheet FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
        """CREATE TRIGGER score_sheet_no_truncate BEFORE TRUNCATE ON score_sheet FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
        """CREATE OR REPLACE FUNCTION payout_before_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
PERFORM 1 FROM contract WHERE id = NEW.contract_id FOR NO KEY UPDATE;
IF NOT EXISTS (SELECT 1 FROM milestone m JOIN contract c ON c.id = m.contract_id
    WHERE m.id = NEW.milestone_id AND m.contract_id = NEW.contract_id AND m.state = 'accepted') THEN RAISE EXCEPTION 'ck_payout_milestone_accepted' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_payout_milestone_accepted'; END IF;
IF NEW.amount_fen + (SELECT coalesce(sum(p.amount_fen), 0) FROM payout p
    WHERE p.contract_id = NEW.contract_id AND p.state <> 'cancelled' AND p.id IS DISTINCT FROM NEW.id) > (SELECT least(CASE r.content->>'fiscal_base' WHEN 'contract' THEN c.amount_fen ELSE c.rd_total_fen END * coalesce((r.content->>'fiscal_share')::bigint, 0) / 100, coalesce((r.content->>'fiscal_cap_fen')::bigint, 0)) * coalesce((SELECT sum(m.percent) FROM milestone m
        WHERE m.contract_id = c.id AND m.state = 'accepted'), 0) / 100
    FROM contract c JOIN challenge h ON h.id = c.challenge_id JOIN programme_rules r ON r.id = h.rules_id
    WHERE c.id = NEW.contract_id) THEN RAISE EXCEPTION 'ck_payout_within_entitlement' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_payout_within_entitlement'; END IF;
RETURN NEW;
END $$""",
        """CREATE TRIGGER payout_before_insert BEFORE INSERT ON payout FOR EACH ROW EXECUTE FUNCTION payout_before_insert()""",
        """CREATE OR REPLACE FUNCTION payout_before_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
IF OLD.state IN ('paid', 'cancelled') OR (OLD.state <> 'sent_back' AND (NEW.contract_id IS DISTINCT FROM OLD.contract_id OR NEW.milestone_id IS DISTINCT FROM OLD.milestone_id OR NEW.kind IS DISTINCT FROM OLD.kind OR NEW.budget_line_id IS DISTINCT FROM OLD.budget_line_id OR NEW.payee_account_id IS DISTINCT FROM OLD.payee_account_id OR NEW.payee_name IS DISTINCT FROM OLD.payee_name OR NEW.bank_name IS DISTINCT FROM OLD.bank_name OR NEW.bank_account IS DISTINCT FROM OLD.bank_account OR NEW.amount_fen IS DISTINCT FROM OLD.amount_fen OR NEW.basis IS DISTINCT FROM OLD.basis OR NEW.request_key IS DISTINCT FROM OLD.request_key OR NEW.maker_id IS DISTINCT FROM OLD.maker_id OR NEW.hold_id IS DISTINCT FROM OLD.hold_id)) THEN RAISE EXCEPTION 'ck_payout_is_fixed' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_payout_is_fixed'; END IF;
IF NEW.state <> 'cancelled' AND OLD.state = 'sent_back' THEN
PERFORM 1 FROM contract WHERE id = NEW.contract_id FOR NO KEY UPDATE;
IF NOT EXISTS (SELECT 1 FROM milestone m JOIN contract c ON c.id = m.contract_id
    WHERE m.id = NEW.milestone_id AND m.contract_id = NEW.contract_id AND m.state = 'accepted') THEN RAISE EXCEPTION 'ck_payout_milestone_accepted' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_payout_milestone_accepted'; END IF;
IF NEW.amount_fen + (SELECT coalesce(sum(p.amount_fen), 0) FROM payout p
    WHERE p.contract_id = NEW.contract_id AND p.state <> 'cancelled' AND p.id IS DISTINCT FROM NEW.id) > (SELECT least(CASE r.content->>'fiscal_base' WHEN 'contract' THEN c.amount_fen ELSE c.rd_total_fen END * coalesce((r.content->>'fiscal_share')::bigint, 0) / 100, coalesce((r.content->>'fiscal_cap_fen')::bigint, 0)) * coalesce((SELECT sum(m.percent) FROM milestone m
        WHERE m.contract_id = c.id AND m.state = 'accepted'), 0) / 100
    FROM contract c JOIN challenge h ON h.id = c.challenge_id JOIN programme_rules r ON r.id = h.rules_id
    WHERE c.id = NEW.contract_id) THEN RAISE EXCEPTION 'ck_payout_within_entitlement' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_payout_within_entitlement'; END IF;
END IF;
RETURN NEW;
END $$""",
        """CREATE TRIGGER payout_before_update BEFORE UPDATE ON payout FOR EACH ROW EXECUTE FUNCTION payout_before_update()""",
        """CREATE OR REPLACE FUNCTION payout_before_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
IF TRUE THEN RAISE EXCEPTION 'ck_payout_stays' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ck_payout_stays'; END IF;
RETURN OLD;
END $$""",
        """CREATE TRIGGER payout_before_delete BEFORE DELETE ON payout FOR EACH ROW EXECUTE FUNCTION payout_before_delete()""",
    ],
}
FUNCTIONS = ("account_before_delete", "account_before_insert", "account_before_update", "payout_before_delete", "payout_before_insert", "payout_before_update", "refuse_change", "transfer_after_insert", "transfer_before_insert")


def upgrade():
    op.create_table('account',
    sa.Column('kind', sa.Enum('treasury', 'budget', 'payee', name='accountkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('owner', sa.String(length=80), nullable=False),
    sa.Column('seal', sa.String(length=64), nullable=False),
    sa.Column('no_overdraft', sa.Boolean(), nullable=False),
    sa.Column('debits_pending_fen', sa.BigInteger(), nullable=False),
    sa.Column('debits_posted_fen', sa.BigInteger(), nullable=False),
    sa.Column('credits_posted_fen', sa.BigInteger(), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('NOT no_overdraft OR debits_posted_fen + debits_pending_fen <= credits_posted_fen', name=op.f('ck_account_no_overdraft')),
    sa.CheckConstraint('debits_pending_fen >= 0', name=op.f('ck_account_pending_not_negative')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account')),
    sa.UniqueConstraint('owner', name=op.f('uq_account_owner'))
    )
    op.create_table('audit_entry',
    sa.Column('seq', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor_id', sa.Integer(), nullable=True),
    sa.Column('actor_name', sa.String(length=200), nullable=False),
    sa.Column('ip', sa.String(length=64), nullable=False),
    sa.Column('action', sa.String(length=80), nullable=False),
    sa.Column('subject_kind', sa.String(length=60), nullable=False),
    sa.Column('subject_id', sa.String(length=60), nullable=False),
    sa.Column('note', sa.String(length=4000), nullable=False),
    sa.Column('changes', sa.JSON(), nullable=False),
    sa.Column('prev_hash', sa.String(length=64), nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.CheckConstraint('seq > 0', name=op.f('ck_audit_entry_seq_positive')),
    sa.PrimaryKeyConstraint('seq', name=op.f('pk_audit_entry')),
    sa.UniqueConstraint('hash', name=op.f('uq_audit_entry_hash'))
    )
    with op.batch_alter_table('audit_entry', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_audit_entry_actor_id'), ['actor_id'], unique=False)
        batch_op.create_index('ix_audit_entry_subject', ['subject_kind', 'subject_id'], unique=False)

    op.create_table('audit_head',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_head'))
    )
    op.create_table('calendar_day',
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('is_working', sa.Boolean(), nullable=False),
    sa.Column('note', sa.String(length=100), nullable=False),
    sa.PrimaryKeyConstraint('day', name=op.f('pk_calendar_day'))
    )
    op.create_table('code_counter',
    sa.Column('prefix', sa.String(length=20), nullable=False),
    sa.Column('year', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('last', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('prefix', 'year', name=op.f('pk_code_counter'))
    )
    op.create_table('district',
    sa.Column('code', sa.String(length=6), nullable=False),
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('name_en', sa.String(length=60), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_district')),
    sa.UniqueConstraint('name', name=op.f('uq_district_name'))
    )
    op.create_table('mail',
    sa.Column('dedupe_key', sa.String(length=200), nullable=False),
    sa.Column('recipient', sa.String(length=254), nullable=False),
    sa.Column('subject', sa.String(length=200), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mail')),
    sa.UniqueConstraint('dedupe_key', name=op.f('uq_mail_dedupe_key'))
    )
    op.create_table('outbox',
    sa.Column('topic', sa.String(length=80), nullable=False),
    sa.Column('dedupe_key', sa.String(length=200), nullable=False),
    sa.Column('payload', sa.JSON(), nullable=False),
    sa.Column('available_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('lease_token', sa.String(length=40), nullable=True),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('dead_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox')),
    sa.UniqueConstraint('dedupe_key', name=op.f('uq_outbox_dedupe_key'))
    )
    with op.batch_alter_table('outbox', schema=None) as batch_op:
        batch_op.create_index('ix_outbox_due', ['done_at', 'dead_at', 'available_at'], unique=False)

    op.create_table('programme',
    sa.Column('code', sa.String(length=20), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('name_en', sa.String(length=160), nullable=False),
    sa.Column('description', sa.String(length=2000), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lock', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_programme')),
    sa.UniqueConstraint('code', name=op.f('uq_programme_code'))
    )
    op.create_table('progress',
    sa.Column('key', sa.String(length=120), nullable=False),
    sa.Column('done', sa.Integer(), nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('message', sa.String(length=400), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_progress')),
    sa.UniqueConstraint('key', name=op.f('uq_progress_key'))
    )
    op.create_table('sealing_key',
    sa.Column('subject', sa.String(length=80), nullable=False),
    sa.Column('suite', sa.String(length=40), nullable=False),
    sa.Column('public_key', sa.LargeBinary(), nullable=False),
    sa.Column('quorum', sa.Integer(), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sealing_key')),
    sa.UniqueConstraint('subject', name=op.f('uq_sealing_key_subject'))
    )
    op.create_table('sign_in_failure',
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('ip', sa.String(length=64), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sign_in_failure'))
    )
    with op.batch_alter_table('sign_in_failure', schema=None) as batch_op:
        batch_op.create_index('ix_sign_in_failure_email', ['email', 'created_at'], unique=False)
        batch_op.create_index('ix_sign_in_failure_ip', ['ip', 'created_at'], unique=False)

    op.create_table('term',
    sa.Column('kind', sa.Enum('industry', 'tech_field', name='termkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('code', sa.String(length=20), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('name_en', sa.String(length=100), nullable=False),
    sa.Column('retired', sa.Boolean(), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_term')),
    sa.UniqueConstraint('kind', 'code', name=op.f('uq_term_kind_code'))
    )
    op.create_table('user',
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('name_en', sa.String(length=120), nullable=False),
    sa.Column('title', sa.String(length=80), nullable=False),
    sa.Column('phone', sa.LargeBinary(), nullable=True),
    sa.Column('password_hash', sa.String(length=200), nullable=False),
    sa.Column('locale', sa.String(length=2), nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('authority_epoch', sa.Integer(), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lock', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_user')),
    sa.UniqueConstraint('email', name=op.f('uq_user_email'))
    )
    op.create_table('attachment',
    sa.Column('token', sa.String(length=40), nullable=False),
    sa.Column('owner_kind', sa.String(length=60), nullable=False),
    sa.Column('owner_id', sa.Integer(), nullable=False),
    sa.Column('slot', sa.String(length=40), nullable=False),
    sa.Column('filename', sa.LargeBinary(), nullable=False),
    sa.Column('content_type', sa.String(length=100), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('sha256', sa.LargeBinary(), nullable=False),
    sa.Column('is_encrypted', sa.Boolean(), nullable=False),
    sa.Column('uploaded_by_id', sa.Integer(), nullable=True),
    sa.Column('removed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['uploaded_by_id'], ['user.id'], name=op.f('fk_attachment_uploaded_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attachment')),
    sa.UniqueConstraint('token', name=op.f('uq_attachment_token'))
    )
    with op.batch_alter_table('attachment', schema=None) as batch_op:
        batch_op.create_index('ix_attachment_owner', ['owner_kind', 'owner_id', 'slot'], unique=False)

    op.create_table('message',
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('subject', sa.String(length=200), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('url', sa.String(length=400), nullable=False),
    sa.Column('read_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_message_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_message'))
    )
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.create_index('ix_message_inbox', ['user_id', 'read_at', 'created_at'], unique=False)

    op.create_table('officer_key',
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('public_key', sa.LargeBinary(), nullable=False),
    sa.Column('locked_private_key', sa.LargeBinary(), nullable=False),
    sa.Column('retired_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_officer_key_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_officer_key'))
    )
    with op.batch_alter_table('officer_key', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_officer_key_user_id'), ['user_id'], unique=False)
        batch_op.create_index('uq_officer_key_live', ['user_id'], unique=True, sqlite_where=sa.text('retired_at IS NULL'), postgresql_where=sa.text('retired_at IS NULL'))

    op.create_table('organisation',
    sa.Column('uscc', sa.String(length=18), nullable=True),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('name_en', sa.String(length=200), nullable=False),
    sa.Column('kind', sa.Enum('firm', 'university', 'institute', 'bureau', name='organisationkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('country', sa.String(length=2), nullable=False),
    sa.Column('district_code', sa.String(length=6), nullable=True),
    sa.Column('registered_on', sa.Date(), nullable=True),
    sa.Column('address', sa.String(length=300), nullable=False),
    sa.Column('contact_name', sa.String(length=80), nullable=False),
    sa.Column('contact_phone', sa.LargeBinary(), nullable=True),
    sa.Column('state', sa.Enum('pending', 'verified', 'refused', name='organisationstate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('decision_reason', sa.String(length=500), nullable=False),
    sa.Column('verified_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('verified_by_id', sa.Integer(), nullable=True),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lock', sa.Integer(), nullable=False),
    sa.CheckConstraint("uscc IS NOT NULL OR country <> 'CN'", name=op.f('ck_organisation_uscc_in_china')),
    sa.ForeignKeyConstraint(['district_code'], ['district.code'], name=op.f('fk_organisation_district_code')),
    sa.ForeignKeyConstraint(['verified_by_id'], ['user.id'], name=op.f('fk_organisation_verified_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_organisation')),
    sa.UniqueConstraint('uscc', name=op.f('uq_organisation_uscc'))
    )
    with op.batch_alter_table('organisation', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_organisation_district_code'), ['district_code'], unique=False)

    op.create_table('password_reset',
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_password_reset_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_password_reset')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_password_reset_token_hash'))
    )
    with op.batch_alter_table('password_reset', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_password_reset_user_id'), ['user_id'], unique=False)

    op.create_table('programme_rules',
    sa.Column('programme_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('content', sa.JSON(), nullable=False),
    sa.Column('basis', sa.String(length=300), nullable=False),
    sa.Column('entered_by_id', sa.Integer(), nullable=True),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['entered_by_id'], ['user.id'], name=op.f('fk_programme_rules_entered_by_id')),
    sa.ForeignKeyConstraint(['programme_id'], ['programme.id'], name=op.f('fk_programme_rules_programme_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_programme_rules')),
    sa.UniqueConstraint('programme_id', 'version', name=op.f('uq_programme_rules_programme_id_version'))
    )
    op.create_table('transfer',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('kind', sa.Enum('direct', 'hold', 'post', 'void', name='transferkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('debit_account_id', sa.Integer(), nullable=False),
    sa.Column('credit_account_id', sa.Integer(), nullable=False),
    sa.Column('amount_fen', sa.BigInteger(), nullable=False),
    sa.Column('hold_id', sa.Integer(), nullable=True),
    sa.Column('memo', sa.String(length=300), nullable=False),
    sa.Column('entered_by_id', sa.Integer(), nullable=True),
    sa.Column('prev_hash', sa.String(length=64), nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("(kind IN ('post','void')) = (hold_id IS NOT NULL)", name=op.f('ck_transfer_resolves_a_hold')),
    sa.CheckConstraint('amount_fen > 0 AND amount_fen <= 100000000000000', name=op.f('ck_transfer_amount')),
    sa.CheckConstraint('debit_account_id <> credit_account_id', name=op.f('ck_transfer_two_accounts')),
    sa.ForeignKeyConstraint(['credit_account_id'], ['account.id'], name=op.f('fk_transfer_credit_account_id')),
    sa.ForeignKeyConstraint(['debit_account_id'], ['account.id'], name=op.f('fk_transfer_debit_account_id')),
    sa.ForeignKeyConstraint(['entered_by_id'], ['user.id'], name=op.f('fk_transfer_entered_by_id')),
    sa.ForeignKeyConstraint(['hold_id'], ['transfer.id'], name=op.f('fk_transfer_hold_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_transfer')),
    sa.UniqueConstraint('hash', name=op.f('uq_transfer_hash')),
    sa.UniqueConstraint('hold_id', name=op.f('uq_transfer_hold_id')),
    sa.UniqueConstraint('prev_hash', name=op.f('uq_transfer_prev_hash'))
    )
    with op.batch_alter_table('transfer', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_transfer_credit_account_id'), ['credit_account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_transfer_debit_account_id'), ['debit_account_id'], unique=False)

    op.create_table('user_session',
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('authority_epoch', sa.Integer(), nullable=False),
    sa.Column('last_seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ip', sa.String(length=64), nullable=False),
    sa.Column('user_agent', sa.String(length=300), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_user_session_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_user_session')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_user_session_token_hash'))
    )
    with op.batch_alter_table('user_session', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_user_session_user_id'), ['user_id'], unique=False)

    op.create_table('cycle',
    sa.Column('programme_id', sa.Integer(), nullable=False),
    sa.Column('rules_id', sa.Integer(), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('opens_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('closes_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.Enum('draft', 'open', 'closed', name='cyclestate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lock', sa.Integer(), nullable=False),
    sa.CheckConstraint('closes_at > opens_at', name=op.f('ck_cycle_window')),
    sa.ForeignKeyConstraint(['programme_id'], ['programme.id'], name=op.f('fk_cycle_programme_id')),
    sa.ForeignKeyConstraint(['rules_id'], ['programme_rules.id'], name=op.f('fk_cycle_rules_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_cycle'))
    )
    with op.batch_alter_table('cycle', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_cycle_year'), ['year'], unique=False)

    op.create_table('expert',
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('organisation_id', sa.Integer(), nullable=True),
    sa.Column('title', sa.String(length=80), nullable=False),
    sa.Column('fields', sa.JSON(), nullable=False),
    sa.Column('past_organisations', sa.JSON(), nullable=False),
    sa.Column('is_financial', sa.Boolean(), nullable=False),
    sa.Column('is_retired', sa.Boolean(), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lock', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_expert_organisation_id')),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_expert_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_expert')),
    sa.UniqueConstraint('user_id', name=op.f('uq_expert_user_id'))
    )
    op.create_table('grant',
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('role', sa.Enum('firm_author', 'firm_signatory', 'solver', 'team_lead', 'organisation_manager', 'district_officer', 'city_officer', 'division_head', 'finance_maker', 'finance_checker', 'supervisor', 'expert', 'administrator', name='role', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('organisation_id', sa.Integer(), nullable=True),
    sa.Column('district_code', sa.String(length=6), nullable=True),
    sa.Column('scope', sa.String(length=20), nullable=False),
    sa.Column('granted_by_id', sa.Integer(), nullable=True),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revoked_by_id', sa.Integer(), nullable=True),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('granted_by_id IS NULL OR granted_by_id <> user_id', name=op.f('ck_grant_no_self_grant')),
    sa.ForeignKeyConstraint(['district_code'], ['district.code'], name=op.f('fk_grant_district_code')),
    sa.ForeignKeyConstraint(['granted_by_id'], ['user.id'], name=op.f('fk_grant_granted_by_id')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_grant_organisation_id')),
    sa.ForeignKeyConstraint(['revoked_by_id'], ['user.id'], name=op.f('fk_grant_revoked_by_id')),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_grant_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_grant'))
    )
    with op.batch_alter_table('grant', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_grant_organisation_id'), ['organisation_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_grant_user_id'), ['user_id'], unique=False)
        batch_op.create_index('uq_grant_live', ['user_id', 'role', 'scope'], unique=True, sqlite_where=sa.text('revoked_at IS NULL'), postgresql_where=sa.text('revoked_at IS NULL'))

    op.create_table('integrity_record',
    sa.Column('organisation_id', sa.Integer(), nullable=True),
    sa.Column('user_id', sa.Integer(), nullable=True),
    sa.Column('conduct', sa.String(length=500), nullable=False),
    sa.Column('basis', sa.String(length=300), nullable=False),
    sa.Column('decided_by', sa.String(length=200), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=False),
    sa.Column('lifted_on', sa.Date(), nullable=True),
    sa.Column('lifted_reason', sa.String(length=500), nullable=False),
    sa.Column('entered_by_id', sa.Integer(), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('(organisation_id IS NULL) <> (user_id IS NULL)', name=op.f('ck_integrity_record_one_subject')),
    sa.CheckConstraint('ends_on > starts_on', name=op.f('ck_integrity_record_period')),
    sa.ForeignKeyConstraint(['entered_by_id'], ['user.id'], name=op.f('fk_integrity_record_entered_by_id')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_integrity_record_organisation_id')),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_integrity_record_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_integrity_record'))
    )
    with op.batch_alter_table('integrity_record', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_integrity_record_organisation_id'), ['organisation_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_integrity_record_user_id'), ['user_id'], unique=False)

    op.create_table('invitation',
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('role', sa.Enum('firm_author', 'firm_signatory', 'solver', 'team_lead', 'organisation_manager', 'district_officer', 'city_officer', 'division_head', 'finance_maker', 'finance_checker', 'supervisor', 'expert', 'administrator', name='role', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('organisation_id', sa.Integer(), nullable=True),
    sa.Column('district_code', sa.String(length=6), nullable=True),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('invited_by_id', sa.Integer(), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('accepted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('accepted_by_id', sa.Integer(), nullable=True),
    sa.Column('cancelled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['accepted_by_id'], ['user.id'], name=op.f('fk_invitation_accepted_by_id')),
    sa.ForeignKeyConstraint(['district_code'], ['district.code'], name=op.f('fk_invitation_district_code')),
    sa.ForeignKeyConstraint(['invited_by_id'], ['user.id'], name=op.f('fk_invitation_invited_by_id')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_invitation_organisation_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_invitation')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_invitation_token_hash'))
    )
    with op.batch_alter_table('invitation', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_invitation_email'), ['email'], unique=False)

    op.create_table('key_share',
    sa.Column('sealing_key_id', sa.Integer(), nullable=False),
    sa.Column('officer_key_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('sealed_share', sa.LargeBinary(), nullable=False),
    sa.Column('released_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('released_share', sa.LargeBinary(), nullable=True),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['officer_key_id'], ['officer_key.id'], name=op.f('fk_key_share_officer_key_id')),
    sa.ForeignKeyConstraint(['sealing_key_id'], ['sealing_key.id'], name=op.f('fk_key_share_sealing_key_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_key_share')),
    sa.UniqueConstraint('sealing_key_id', 'officer_key_id', name=op.f('uq_key_share_sealing_key_id_officer_key_id'))
    )
    op.create_table('membership',
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('organisation_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.Enum('requested', 'active', 'refused', 'ended', name='membershipstate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('note', sa.String(length=300), nullable=False),
    sa.Column('decided_by_id', sa.Integer(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lock', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['decided_by_id'], ['user.id'], name=op.f('fk_membership_decided_by_id')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_membership_organisation_id')),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_membership_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_membership')),
    sa.UniqueConstraint('user_id', 'organisation_id', name=op.f('uq_membership_user_id_organisation_id'))
    )
    with op.batch_alter_table('membership', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_membership_organisation_id'), ['organisation_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_membership_user_id'), ['user_id'], unique=False)

    op.create_table('solver',
    sa.Column('kind', sa.Enum('individual', 'team', 'unit', 'consortium', name='solverkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('name_en', sa.String(length=160), nullable=False),
    sa.Column('lead_id', sa.Integer(), nullable=False),
    sa.Column('organisation_id', sa.Integer(), nullable=True),
    sa.Column('title', sa.String(length=80), nullable=False),
    sa.Column('directions', sa.JSON(), nullable=False),
    sa.Column('keywords', sa.JSON(), nullable=False),
    sa.Column('profile_zh', sa.Text(), nullable=False),
    sa.Column('profile_en', sa.Text(), nullable=False),
    sa.Column('cooperation_modes', sa.JSON(), nullable=False),
    sa.Column('country', sa.String(length=2), nullable=False),
    sa.Column('state', sa.Enum('draft', 'listed', 'verified', 'hidden', name='solverstate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('state_changed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('accepts_matching', sa.Boolean(), nullable=False),
    sa.Column('refreshed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('filter_text', sa.Text(), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lock', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['lead_id'], ['user.id'], name=op.f('fk_solver_lead_id')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_solver_organisation_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_solver'))
    )
    with op.batch_alter_table('solver', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_solver_lead_id'), ['lead_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_solver_organisation_id'), ['organisation_id'], unique=False)
        batch_op.create_index('ix_solver_state', ['state', 'name'], unique=False)

    op.create_table('achievement',
    sa.Column('solver_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('achievement', 'patent', 'paper', 'project', name='achievementkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('title', sa.String(length=400), nullable=False),
    sa.Column('abstract', sa.Text(), nullable=False),
    sa.Column('keywords', sa.JSON(), nullable=False),
    sa.Column('year', sa.Integer(), nullable=True),
    sa.Column('number', sa.String(length=80), nullable=False),
    sa.Column('status', sa.String(length=40), nullable=False),
    sa.Column('counts_for_matching', sa.Boolean(), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['solver_id'], ['solver.id'], name=op.f('fk_achievement_solver_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_achievement'))
    )
    with op.batch_alter_table('achievement', schema=None) as batch_op:
        batch_op.create_index('ix_achievement_solver', ['solver_id', 'kind'], unique=False)

    op.create_table('budget_line',
    sa.Column('cycle_id', sa.Integer(), nullable=False),
    sa.Column('code', sa.String(length=40), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('kind', sa.Enum('reward', 'subsidy', name='payoutkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('basis', sa.String(length=200), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lock', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_budget_line_account_id')),
    sa.ForeignKeyConstraint(['cycle_id'], ['cycle.id'], name=op.f('fk_budget_line_cycle_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_budget_line')),
    sa.UniqueConstraint('account_id', name=op.f('uq_budget_line_account_id')),
    sa.UniqueConstraint('cycle_id', 'code', name=op.f('uq_budget_line_cycle_id_code'))
    )
    with op.batch_alter_table('budget_line', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_budget_line_cycle_id'), ['cycle_id'], unique=False)

    op.create_table('event',
    sa.Column('cycle_id', sa.Integer(), nullable=True),
    sa.Column('kind', sa.Enum('bidding', 'matchmaking', 'roadshow', name='eventkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('state', sa.Enum('planned', 'held', 'cancelled', name='eventstate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('state_changed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('title', sa.String(length=120), nullable=False),
    sa.Column('place', sa.String(length=200), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('organiser', sa.String(length=200), nullable=False),
    sa.Column('managed_by_id', sa.Integer(), nullable=False),
    sa.Column('cancelled_reason', sa.String(length=500), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lock', sa.Integer(), nullable=False),
    sa.CheckConstraint('ends_at > starts_at', name=op.f('ck_event_window')),
    sa.ForeignKeyConstraint(['cycle_id'], ['cycle.id'], name=op.f('fk_event_cycle_id')),
    sa.ForeignKeyConstraint(['managed_by_id'], ['user.id'], name=op.f('fk_event_managed_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_event'))
    )
    with op.batch_alter_table('event', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_event_cycle_id'), ['cycle_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_event_starts_at'), ['starts_at'], unique=False)

    op.create_table('need',
    sa.Column('cycle_id', sa.Integer(), nullable=False),
    sa.Column('organisation_id', sa.Integer(), nullable=False),
    sa.Column('district_code', sa.String(length=6), nullable=True),
    sa.Column('author_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.Enum('draft', 'district_check', 'formal_check', 'validation', 'accepted', 'posted', 'returned', 'refused', 'withdrawn', 'solved', 'merged', name='needstate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('state_changed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('first_submitted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('submitted_by_id', sa.Integer(), nullable=True),
    sa.Column('returns', sa.Integer(), nullable=False),
    sa.Column('remarks', sa.JSON(), nullable=False),
    sa.Column('decision_reason', sa.Text(), nullable=False),
    sa.Column('visit_note', sa.Text(), nullable=False),
    sa.Column('panel_scores', sa.JSON(), nullable=False),
    sa.Column('merged_into_id', sa.Integer(), nullable=True),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lock', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('kind', sa.Enum('research', 'transfer', 'talent', name='problemkind', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('industry', sa.String(length=20), nullable=False),
    sa.Column('tech_field', sa.String(length=20), nullable=False),
    sa.Column('background', sa.Text(), nullable=False),
    sa.Column('in_house_unsolvable', sa.Boolean(), nullable=False),
    sa.Column('in_house_reason', sa.Text(), nullable=False),
    sa.Column('content', sa.Text(), nullable=False),
    sa.Column('deliverables', sa.JSON(), nullable=False),
    sa.Column('indicators', sa.JSON(), nullable=False),
    sa.Column('amount_kind', sa.Enum('fixed', 'range', 'unlimited', 'negotiable', name='amountkind', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('amount_fen', sa.BigInteger(), nullable=True),
    sa.Column('amount_low_fen', sa.BigInteger(), nullable=True),
    sa.Column('amount_high_fen', sa.BigInteger(), nullable=True),
    sa.Column('funding_total_fen', sa.BigInteger(), nullable=True),
    sa.Column('funding_poster_fen', sa.BigInteger(), nullable=True),
    sa.Column('funding_other_fen', sa.BigInteger(), nullable=True),
    sa.Column('funding_fiscal_fen', sa.BigInteger(), nullable=True),
    sa.Column('ownership', sa.Enum('poster', 'solver', 'shared', 'exclusive', 'by_contract', name='ownership', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('solver_conditions', sa.Text(), nullable=False),
    sa.Column('term_months', sa.Integer(), nullable=True),
    sa.Column('confidentiality', sa.Enum('open', 'partly', name='confidentiality', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('confidential_text', sa.LargeBinary(), nullable=True),
    sa.Column('contact_name', sa.String(length=80), nullable=False),
    sa.Column('contact_phone', sa.LargeBinary(), nullable=True),
    sa.ForeignKeyConstraint(['author_id'], ['user.id'], name=op.f('fk_need_author_id')),
    sa.ForeignKeyConstraint(['cycle_id'], ['cycle.id'], name=op.f('fk_need_cycle_id')),
    sa.ForeignKeyConstraint(['district_code'], ['district.code'], name=op.f('fk_need_district_code')),
    sa.ForeignKeyConstraint(['merged_into_id'], ['need.id'], name=op.f('fk_need_merged_into_id')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_need_organisation_id')),
    sa.ForeignKeyConstraint(['submitted_by_id'], ['user.id'], name=op.f('fk_need_submitted_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_need'))
    )
    with op.batch_alter_table('need', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_need_cycle_id'), ['cycle_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_need_first_submitted_at'), ['first_submitted_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_need_organisation_id'), ['organisation_id'], unique=False)
        batch_op.create_index('ix_need_state', ['state', 'district_code'], unique=False)

    op.create_table('solver_member',
    sa.Column('solver_id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=True),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('organisation_name', sa.String(length=200), nullable=False),
    sa.Column('role', sa.String(length=80), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['solver_id'], ['solver.id'], name=op.f('fk_solver_member_solver_id')),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_solver_member_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_solver_member')),
    sa.UniqueConstraint('solver_id', 'name', name=op.f('uq_solver_member_solver_id_name'))
    )
    with op.batch_alter_table('solver_member', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_solver_member_solver_id'), ['solver_id'], unique=False)

    op.create_table('attendance',
    sa.Column('event_id', sa.Integer(), nullable=False),
    sa.Column('organisation_id', sa.Integer(), nullable=True),
    sa.Column('solver_id', sa.Integer(), nullable=True),
    sa.Column('registered_by_id', sa.Integer(), nullable=False),
    sa.Column('people', sa.Integer(), nullable=False),
    sa.Column('attended', sa.Boolean(), nullable=True),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lock', sa.Integer(), nullable=False),
    sa.CheckConstraint('(organisation_id IS NULL) <> (solver_id IS NULL)', name=op.f('ck_attendance_firm_or_solver')),
    sa.ForeignKeyConstraint(['event_id'], ['event.id'], name=op.f('fk_attendance_event_id')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_attendance_organisation_id')),
    sa.ForeignKeyConstraint(['registered_by_id'], ['user.id'], name=op.f('fk_attendance_registered_by_id')),
    sa.ForeignKeyConstraint(['solver_id'], ['solver.id'], name=op.f('fk_attendance_solver_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attendance')),
    sa.UniqueConstraint('event_id', 'organisation_id', name=op.f('uq_attendance_event_id_organisation_id')),
    sa.UniqueConstraint('event_id', 'solver_id', name=op.f('uq_attendance_event_id_solver_id'))
    )
    op.create_table('challenge',
    sa.Column('code', sa.String(length=30), nullable=True),
    sa.Column('need_id', sa.Integer(), nullable=False),
    sa.Column('cycle_id', sa.Integer(), nullable=False),
    sa.Column('rules_id', sa.Integer(), nullable=False),
    sa.Column('organisation_id', sa.Integer(), nullable=False),
    sa.Column('district_code', sa.String(length=6), nullable=True),
    sa.Column('state', sa.Enum('draft', 'approval', 'posted', 'closed', 'review', 'notice', 'awarded', 'running', 'completed', 'no_award', 'revoked', name='challengestate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('state_changed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('prepared_by_id', sa.Integer(), nullable=False),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('confirmed_by_id', sa.Integer(), nullable=True),
    sa.Column('approved_by_id', sa.Integer(), nullable=True),
    sa.Column('posting_days', sa.Integer(), nullable=False),
    sa.Column('posted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('bid_deadline', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('extensions', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('industry', sa.String(length=20), nullable=False),
    sa.Column('tech_field', sa.String(length=20), nullable=False),
    sa.Column('relist_of_id', sa.Integer(), nullable=True),
    sa.Column('no_award_reason', sa.Enum('no_bid', 'none_qualified', 'winner_refused', 'not_signed', 'objection', name='noawardreason', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lock', sa.Integer(), nullable=False),
    sa.CheckConstraint('posted_at IS NULL OR (code IS NOT NULL AND bid_deadline IS NOT NULL)', name=op.f('ck_challenge_posted_has_code')),
    sa.ForeignKeyConstraint(['approved_by_id'], ['user.id'], name=op.f('fk_challenge_approved_by_id')),
    sa.ForeignKeyConstraint(['confirmed_by_id'], ['user.id'], name=op.f('fk_challenge_confirmed_by_id')),
    sa.ForeignKeyConstraint(['cycle_id'], ['cycle.id'], name=op.f('fk_challenge_cycle_id')),
    sa.ForeignKeyConstraint(['district_code'], ['district.code'], name=op.f('fk_challenge_district_code')),
    sa.ForeignKeyConstraint(['need_id'], ['need.id'], name=op.f('fk_challenge_need_id')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_challenge_organisation_id')),
    sa.ForeignKeyConstraint(['prepared_by_id'], ['user.id'], name=op.f('fk_challenge_prepared_by_id')),
    sa.ForeignKeyConstraint(['relist_of_id'], ['challenge.id'], name=op.f('fk_challenge_relist_of_id')),
    sa.ForeignKeyConstraint(['rules_id'], ['programme_rules.id'], name=op.f('fk_challenge_rules_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_challenge')),
    sa.UniqueConstraint('code', name=op.f('uq_challenge_code'))
    )
    with op.batch_alter_table('challenge', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_challenge_cycle_id'), ['cycle_id'], unique=False)
        batch_op.create_index('ix_challenge_deadline', ['state', 'bid_deadline'], unique=False)
        batch_op.create_index(batch_op.f('ix_challenge_district_code'), ['district_code'], unique=False)
        batch_op.create_index(batch_op.f('ix_challenge_industry'), ['industry'], unique=False)
        batch_op.create_index(batch_op.f('ix_challenge_need_id'), ['need_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_challenge_organisation_id'), ['organisation_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_challenge_posted_at'), ['posted_at'], unique=False)
        batch_op.create_index('ix_challenge_public', ['state', 'posted_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_challenge_relist_of_id'), ['relist_of_id'], unique=False)

    op.create_table('need_follow_up',
    sa.Column('need_id', sa.Integer(), nullable=False),
    sa.Column('author_id', sa.Integer(), nullable=False),
    sa.Column('text', sa.String(length=1000), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['author_id'], ['user.id'], name=op.f('fk_need_follow_up_author_id')),
    sa.ForeignKeyConstraint(['need_id'], ['need.id'], name=op.f('fk_need_follow_up_need_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_need_follow_up'))
    )
    with op.batch_alter_table('need_follow_up', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_need_follow_up_need_id'), ['need_id'], unique=False)

    op.create_table('bid',
    sa.Column('challenge_id', sa.Integer(), nullable=False),
    sa.Column('challenge_version', sa.Integer(), nullable=False),
    sa.Column('solver_id', sa.Integer(), nullable=False),
    sa.Column('organisation_id', sa.Integer(), nullable=True),
    sa.Column('lead_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.Enum('draft', 'submitted', 'withdrawn', 'opened', 'qualified', 'unqualified', 'recommended', 'reserve', 'rejected', 'awarded', 'contracted', 'renounced', 'disqualified', name='bidstate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('state_changed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('draft', sa.LargeBinary(), nullable=True),
    sa.Column('receipt_number', sa.String(length=40), nullable=True),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('versions', sa.Integer(), nullable=False),
    sa.Column('screening_note', sa.Text(), nullable=False),
    sa.Column('outcome_note', sa.Text(), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lock', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['challenge_id'], ['challenge.id'], name=op.f('fk_bid_challenge_id')),
    sa.ForeignKeyConstraint(['lead_id'], ['user.id'], name=op.f('fk_bid_lead_id')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_bid_organisation_id')),
    sa.ForeignKeyConstraint(['solver_id'], ['solver.id'], name=op.f('fk_bid_solver_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bid')),
    sa.UniqueConstraint('receipt_number', name=op.f('uq_bid_receipt_number'))
    )
    with op.batch_alter_table('bid', schema=None) as batch_op:
        batch_op.create_index('ix_bid_challenge', ['challenge_id', 'state'], unique=False)
        batch_op.create_index(batch_op.f('ix_bid_lead_id'), ['lead_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_bid_organisation_id'), ['organisation_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_bid_solver_id'), ['solver_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_bid_submitted_at'), ['submitted_at'], unique=False)
        batch_op.create_index('uq_bid_live', ['challenge_id', 'solver_id'], unique=True, sqlite_where=sa.text("state <> 'withdrawn'"), postgresql_where=sa.text("state <> 'withdrawn'"))

    op.create_table('candidate',
    sa.Column('challenge_id', sa.Integer(), nullable=False),
    sa.Column('solver_id', sa.Integer(), nullable=False),
    sa.Column('rank', sa.Integer(), nullable=False),
    sa.Column('score', sa.Double(), nullable=False),
    sa.Column('coverage', sa.Double(), nullable=False),
    sa.Column('reasons', sa.JSON(), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['challenge_id'], ['challenge.id'], name=op.f('fk_candidate_challenge_id')),
    sa.ForeignKeyConstraint(['solver_id'], ['solver.id'], name=op.f('fk_candidate_solver_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_candidate')),
    sa.UniqueConstraint('challenge_id', 'solver_id', name=op.f('uq_candidate_challenge_id_solver_id'))
    )
    with op.batch_alter_table('candidate', schema=None) as batch_op:
        batch_op.create_index('ix_candidate_rank', ['challenge_id', 'rank'], unique=False)
        batch_op.create_index(batch_op.f('ix_candidate_solver_id'), ['solver_id'], unique=False)

    op.create_table('challenge_invitation',
    sa.Column('challenge_id', sa.Integer(), nullable=False),
    sa.Column('solver_id', sa.Integer(), nullable=False),
    sa.Column('invited_by_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.Enum('sent', 'interested', 'not_now', 'declined', name='invitationstate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('state_changed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answer_note', sa.Text(), nullable=False),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answered_by_id', sa.Integer(), nullable=True),
    sa.Column('reminded_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lock', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['answered_by_id'], ['user.id'], name=op.f('fk_challenge_invitation_answered_by_id')),
    sa.ForeignKeyConstraint(['challenge_id'], ['challenge.id'], name=op.f('fk_challenge_invitation_challenge_id')),
    sa.ForeignKeyConstraint(['invited_by_id'], ['user.id'], name=op.f('fk_challenge_invitation_invited_by_id')),
    sa.ForeignKeyConstraint(['solver_id'], ['solver.id'], name=op.f('fk_challenge_invitation_solver_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_challenge_invitation')),
    sa.UniqueConstraint('challenge_id', 'solver_id', name=op.f('uq_challenge_invitation_challenge_id_solver_id'))
    )
    with op.batch_alter_table('challenge_invitation', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_challenge_invitation_solver_id'), ['solver_id'], unique=False)

    op.create_table('challenge_version',
    sa.Column('challenge_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('locked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('change_reason', sa.String(length=500), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('kind', sa.Enum('research', 'transfer', 'talent', name='problemkind', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('industry', sa.String(length=20), nullable=False),
    sa.Column('tech_field', sa.String(length=20), nullable=False),
    sa.Column('background', sa.Text(), nullable=False),
    sa.Column('in_house_unsolvable', sa.Boolean(), nullable=False),
    sa.Column('in_house_reason', sa.Text(), nullable=False),
    sa.Column('content', sa.Text(), nullable=False),
    sa.Column('deliverables', sa.JSON(), nullable=False),
    sa.Column('indicators', sa.JSON(), nullable=False),
    sa.Column('amount_kind', sa.Enum('fixed', 'range', 'unlimited', 'negotiable', name='amountkind', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('amount_fen', sa.BigInteger(), nullable=True),
    sa.Column('amount_low_fen', sa.BigInteger(), nullable=True),
    sa.Column('amount_high_fen', sa.BigInteger(), nullable=True),
    sa.Column('funding_total_fen', sa.BigInteger(), nullable=True),
    sa.Column('funding_poster_fen', sa.BigInteger(), nullable=True),
    sa.Column('funding_other_fen', sa.BigInteger(), nullable=True),
    sa.Column('funding_fiscal_fen', sa.BigInteger(), nullable=True),
    sa.Column('ownership', sa.Enum('poster', 'solver', 'shared', 'exclusive', 'by_contract', name='ownership', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('solver_conditions', sa.Text(), nullable=False),
    sa.Column('term_months', sa.Integer(), nullable=True),
    sa.Column('confidentiality', sa.Enum('open', 'partly', name='confidentiality', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('confidential_text', sa.LargeBinary(), nullable=True),
    sa.Column('contact_name', sa.String(length=80), nullable=False),
    sa.Column('contact_phone', sa.LargeBinary(), nullable=True),
    sa.ForeignKeyConstraint(['challenge_id'], ['challenge.id'], name=op.f('fk_challenge_version_challenge_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_challenge_version')),
    sa.UniqueConstraint('challenge_id', 'number', name=op.f('uq_challenge_version_challenge_id_number'))
    )
    op.create_table('contact',
    sa.Column('on', sa.Date(), nullable=False),
    sa.Column('event_id', sa.Integer(), nullable=True),
    sa.Column('organisation_id', sa.Integer(), nullable=False),
    sa.Column('solver_id', sa.Integer(), nullable=False),
    sa.Column('challenge_id', sa.Integer(), nullable=True),
    sa.Column('district_code', sa.String(length=6), nullable=True),
    sa.Column('way', sa.String(length=60), nullable=False),
    sa.Column('result', sa.Enum('no_interest', 'continue', 'intent', 'contract', name='contactresult', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('next_step', sa.String(length=500), nullable=False),
    sa.Column('recorded_by_id', sa.Integer(), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['challenge_id'], ['challenge.id'], name=op.f('fk_contact_challenge_id')),
    sa.ForeignKeyConstraint(['district_code'], ['district.code'], name=op.f('fk_contact_district_code')),
    sa.ForeignKeyConstraint(['event_id'], ['event.id'], name=op.f('fk_contact_event_id')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_contact_organisation_id')),
    sa.ForeignKeyConstraint(['recorded_by_id'], ['user.id'], name=op.f('fk_contact_recorded_by_id')),
    sa.ForeignKeyConstraint(['solver_id'], ['solver.id'], name=op.f('fk_contact_solver_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contact'))
    )
    with op.batch_alter_table('contact', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_contact_challenge_id'), ['challenge_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_contact_event_id'), ['event_id'], unique=False)
        batch_op.create_index('ix_contact_on', ['on', 'solver_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_contact_organisation_id'), ['organisation_id'], unique=False)

    op.create_table('deadline_change',
    sa.Column('challenge_id', sa.Integer(), nullable=False),
    sa.Column('old_deadline', sa.DateTime(timezone=True), nullable=False),
    sa.Column('new_deadline', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('decided_by_id', sa.Integer(), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['challenge_id'], ['challenge.id'], name=op.f('fk_deadline_change_challenge_id')),
    sa.ForeignKeyConstraint(['decided_by_id'], ['user.id'], name=op.f('fk_deadline_change_decided_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deadline_change'))
    )
    with op.batch_alter_table('deadline_change', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_deadline_change_challenge_id'), ['challenge_id'], unique=False)

    op.create_table('judgement',
    sa.Column('challenge_id', sa.Integer(), nullable=False),
    sa.Column('solver_id', sa.Integer(), nullable=False),
    sa.Column('verdict', sa.Enum('pending', 'approved', 'refused', name='candidateverdict', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('refusal_reason', sa.Enum('off_topic', 'no_capacity', 'conflict', 'region', 'outdated', 'other', name='refusalreason', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('note', sa.String(length=500), nullable=False),
    sa.Column('score', sa.Double(), nullable=False),
    sa.Column('judged_by_id', sa.Integer(), nullable=False),
    sa.Column('judged_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lock', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['challenge_id'], ['challenge.id'], name=op.f('fk_judgement_challenge_id')),
    sa.ForeignKeyConstraint(['judged_by_id'], ['user.id'], name=op.f('fk_judgement_judged_by_id')),
    sa.ForeignKeyConstraint(['solver_id'], ['solver.id'], name=op.f('fk_judgement_solver_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_judgement')),
    sa.UniqueConstraint('challenge_id', 'solver_id', name=op.f('uq_judgement_challenge_id_solver_id'))
    )
    with op.batch_alter_table('judgement', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_judgement_solver_id'), ['solver_id'], unique=False)

    op.create_table('match_run',
    sa.Column('challenge_id', sa.Integer(), nullable=False),
    sa.Column('challenge_version', sa.Integer(), nullable=False),
    sa.Column('considered', sa.Integer(), nullable=False),
    sa.Column('uncovered_terms', sa.JSON(), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['challenge_id'], ['challenge.id'], name=op.f('fk_match_run_challenge_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_match_run')),
    sa.UniqueConstraint('challenge_id', name=op.f('uq_match_run_challenge_id'))
    )
    op.create_table('notice',
    sa.Column('challenge_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.Enum('draft', 'approval', 'published', 'effective', 'cancelled', name='noticestate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('state_changed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('decision_number', sa.String(length=100), nullable=False),
    sa.Column('prepared_by_id', sa.Integer(), nullable=False),
    sa.Column('approved_by_id', sa.Integer(), nullable=True),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ends_on', sa.Date(), nullable=True),
    sa.Column('end_is_provisional', sa.Boolean(), nullable=False),
    sa.Column('effective_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('cancelled_reason', sa.Text(), nullable=False),
    sa.Column('reminded_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lock', sa.Integer(), nullable=False),
    sa.CheckConstraint('approved_by_id IS NULL OR approved_by_id <> prepared_by_id', name=op.f('ck_notice_approver_is_another')),
    sa.ForeignKeyConstraint(['approved_by_id'], ['user.id'], name=op.f('fk_notice_approved_by_id')),
    sa.ForeignKeyConstraint(['challenge_id'], ['challenge.id'], name=op.f('fk_notice_challenge_id')),
    sa.ForeignKeyConstraint(['prepared_by_id'], ['user.id'], name=op.f('fk_notice_prepared_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notice'))
    )
    with op.batch_alter_table('notice', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_notice_challenge_id'), ['challenge_id'], unique=False)
        batch_op.create_index('ix_notice_state', ['state', 'published_at'], unique=False)

    op.create_table('opening',
    sa.Column('challenge_id', sa.Integer(), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('minutes', sa.JSON(), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['challenge_id'], ['challenge.id'], name=op.f('fk_opening_challenge_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_opening')),
    sa.UniqueConstraint('challenge_id', name=op.f('uq_opening_challenge_id'))
    )
    op.create_table('review_round',
    sa.Column('challenge_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('state', sa.Enum('draft', 'declaring', 'scoring', 'ranked', 'concluded', 'voided', name='roundstate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('state_changed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('criteria', sa.JSON(), nullable=False),
    sa.Column('seed', sa.String(length=64), nullable=False),
    sa.Column('opinion', sa.Text(), nullable=False),
    sa.Column('explanation', sa.Text(), nullable=False),
    sa.Column('void_reason', sa.Text(), nullable=False),
    sa.Column('managed_by_id', sa.Integer(), nullable=False),
    sa.Column('drawn_by_id', sa.Integer(), nullable=True),
    sa.Column('convened_by_id', sa.Integer(), nullable=True),
    sa.Column('concluded_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lock', sa.Integer(), nullable=False),
    sa.CheckConstraint('convened_by_id IS NULL OR convened_by_id <> drawn_by_id', name=op.f('ck_review_round_drawer_does_not_convene')),
    sa.ForeignKeyConstraint(['challenge_id'], ['challenge.id'], name=op.f('fk_review_round_challenge_id')),
    sa.ForeignKeyConstraint(['convened_by_id'], ['user.id'], name=op.f('fk_review_round_convened_by_id')),
    sa.ForeignKeyConstraint(['drawn_by_id'], ['user.id'], name=op.f('fk_review_round_drawn_by_id')),
    sa.ForeignKeyConstraint(['managed_by_id'], ['user.id'], name=op.f('fk_review_round_managed_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_review_round')),
    sa.UniqueConstraint('challenge_id', 'number', name=op.f('uq_review_round_challenge_id_number'))
    )
    op.create_table('award_item',
    sa.Column('notice_id', sa.Integer(), nullable=False),
    sa.Column('bid_id', sa.Integer(), nullable=False),
    sa.Column('rank', sa.Integer(), nullable=False),
    sa.Column('winner_name', sa.String(length=200), nullable=False),
    sa.Column('organisation_name', sa.String(length=200), nullable=False),
    sa.Column('lead_name', sa.String(length=80), nullable=False),
    sa.Column('amount_fen', sa.BigInteger(), nullable=True),
    sa.Column('score_hundredths', sa.Integer(), nullable=True),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['bid_id'], ['bid.id'], name=op.f('fk_award_item_bid_id')),
    sa.ForeignKeyConstraint(['notice_id'], ['notice.id'], name=op.f('fk_award_item_notice_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_award_item')),
    sa.UniqueConstraint('notice_id', 'bid_id', name=op.f('uq_award_item_notice_id_bid_id'))
    )
    with op.batch_alter_table('award_item', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_award_item_bid_id'), ['bid_id'], unique=False)

    op.create_table('contract',
    sa.Column('number', sa.String(length=40), nullable=True),
    sa.Column('challenge_id', sa.Integer(), nullable=False),
    sa.Column('challenge_version', sa.Integer(), nullable=False),
    sa.Column('bid_id', sa.Integer(), nullable=False),
    sa.Column('organisation_id', sa.Integer(), nullable=False),
    sa.Column('solver_id', sa.Integer(), nullable=False),
    sa.Column('district_code', sa.String(length=6), nullable=True),
    sa.Column('kind', sa.Enum('commissioned', 'cooperative', 'transfer', 'licence', 'consulting', 'service', name='contractkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('state', sa.Enum('draft', 'agreed', 'signed', 'completed', 'closed', 'terminated', name='contractstate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('state_changed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('amount_fen', sa.BigInteger(), nullable=False),
    sa.Column('rd_total_fen', sa.BigInteger(), nullable=False),
    sa.Column('ownership', sa.Enum('poster', 'solver', 'shared', 'exclusive', 'by_contract', name='ownership', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('indicators', sa.JSON(), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=False),
    sa.Column('drafted_by_id', sa.Integer(), nullable=False),
    sa.Column('poster_confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('poster_confirmed_by_id', sa.Integer(), nullable=True),
    sa.Column('solver_confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('solver_confirmed_by_id', sa.Integer(), nullable=True),
    sa.Column('signed_on', sa.Date(), nullable=True),
    sa.Column('registration_office', sa.String(length=100), nullable=False),
    sa.Column('registration_number', sa.String(length=60), nullable=True),
    sa.Column('registered_on', sa.Date(), nullable=True),
    sa.Column('turnover_fen', sa.BigInteger(), nullable=True),
    sa.Column('technology_fen', sa.BigInteger(), nullable=True),
    sa.Column('ended_reason', sa.Text(), nullable=False),
    sa.Column('ended_on', sa.Date(), nullable=True),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lock', sa.Integer(), nullable=False),
    sa.CheckConstraint("state IN ('draft','agreed') OR (signed_on IS NOT NULL AND number IS NOT NULL)", name=op.f('ck_contract_signed_has_date')),
    sa.CheckConstraint('amount_fen > 0', name=op.f('ck_contract_amount_positive')),
    sa.CheckConstraint('rd_total_fen >= amount_fen', name=op.f('ck_contract_rd_covers_amount')),
    sa.ForeignKeyConstraint(['bid_id'], ['bid.id'], name=op.f('fk_contract_bid_id')),
    sa.ForeignKeyConstraint(['challenge_id'], ['challenge.id'], name=op.f('fk_contract_challenge_id')),
    sa.ForeignKeyConstraint(['district_code'], ['district.code'], name=op.f('fk_contract_district_code')),
    sa.ForeignKeyConstraint(['drafted_by_id'], ['user.id'], name=op.f('fk_contract_drafted_by_id')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_contract_organisation_id')),
    sa.ForeignKeyConstraint(['poster_confirmed_by_id'], ['user.id'], name=op.f('fk_contract_poster_confirmed_by_id')),
    sa.ForeignKeyConstraint(['solver_confirmed_by_id'], ['user.id'], name=op.f('fk_contract_solver_confirmed_by_id')),
    sa.ForeignKeyConstraint(['solver_id'], ['solver.id'], name=op.f('fk_contract_solver_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contract')),
    sa.UniqueConstraint('bid_id', name=op.f('uq_contract_bid_id')),
    sa.UniqueConstraint('number', name=op.f('uq_contract_number')),
    sa.UniqueConstraint('registration_number', name=op.f('uq_contract_registration_number'))
    )
    with op.batch_alter_table('contract', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_contract_challenge_id'), ['challenge_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_contract_organisation_id'), ['organisation_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_contract_signed_on'), ['signed_on'], unique=False)
        batch_op.create_index(batch_op.f('ix_contract_solver_id'), ['solver_id'], unique=False)

    op.create_table('expert_draw',
    sa.Column('round_id', sa.Integer(), nullable=False),
    sa.Column('seed', sa.String(length=64), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('outcome', sa.JSON(), nullable=False),
    sa.Column('drawn_by_id', sa.Integer(), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['drawn_by_id'], ['user.id'], name=op.f('fk_expert_draw_drawn_by_id')),
    sa.ForeignKeyConstraint(['round_id'], ['review_round.id'], name=op.f('fk_expert_draw_round_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_expert_draw'))
    )
    with op.batch_alter_table('expert_draw', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_expert_draw_round_id'), ['round_id'], unique=False)

    op.create_table('objection',
    sa.Column('number', sa.String(length=30), nullable=False),
    sa.Column('notice_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.Enum('received', 'accepted', 'not_accepted', 'upheld', 'partly_upheld', 'dismissed', name='objectionstate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('state_changed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('objector_name', sa.LargeBinary(), nullable=False),
    sa.Column('objector_organisation', sa.LargeBinary(), nullable=False),
    sa.Column('objector_phone', sa.LargeBinary(), nullable=False),
    sa.Column('objector_email', sa.LargeBinary(), nullable=True),
    sa.Column('grounds', sa.Text(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('handled_by_id', sa.Integer(), nullable=True),
    sa.Column('finding', sa.Text(), nullable=False),
    sa.Column('decided_by_id', sa.Integer(), nullable=True),
    sa.Column('answer', sa.Text(), nullable=False),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lock', sa.Integer(), nullable=False),
    sa.CheckConstraint('decided_by_id IS NULL OR decided_by_id <> handled_by_id', name=op.f('ck_objection_decider_is_another')),
    sa.ForeignKeyConstraint(['decided_by_id'], ['user.id'], name=op.f('fk_objection_decided_by_id')),
    sa.ForeignKeyConstraint(['handled_by_id'], ['user.id'], name=op.f('fk_objection_handled_by_id')),
    sa.ForeignKeyConstraint(['notice_id'], ['notice.id'], name=op.f('fk_objection_notice_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_objection')),
    sa.UniqueConstraint('number', name=op.f('uq_objection_number'))
    )
    with op.batch_alter_table('objection', schema=None) as batch_op:
        batch_op.create_index('ix_objection_notice', ['notice_id', 'state'], unique=False)

    op.create_table('review_assignment',
    sa.Column('round_id', sa.Integer(), nullable=False),
    sa.Column('expert_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.Enum('invited', 'declared', 'recused', 'submitted', name='assignmentstate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('state_changed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('declaration', sa.Text(), nullable=False),
    sa.Column('recusal_reason', sa.Text(), nullable=False),
    sa.Column('by_hand', sa.Boolean(), nullable=False),
    sa.Column('declared_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lock', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['expert_id'], ['expert.id'], name=op.f('fk_review_assignment_expert_id')),
    sa.ForeignKeyConstraint(['round_id'], ['review_round.id'], name=op.f('fk_review_assignment_round_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_review_assignment')),
    sa.UniqueConstraint('round_id', 'expert_id', name=op.f('uq_review_assignment_round_id_expert_id'))
    )
    with op.batch_alter_table('review_assignment', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_review_assignment_expert_id'), ['expert_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_review_assignment_round_id'), ['round_id'], unique=False)

    op.create_table('review_ranking',
    sa.Column('round_id', sa.Integer(), nullable=False),
    sa.Column('bid_id', sa.Integer(), nullable=False),
    sa.Column('rank', sa.Integer(), nullable=False),
    sa.Column('mean_hundredths', sa.Integer(), nullable=False),
    sa.Column('spread_hundredths', sa.Integer(), nullable=False),
    sa.Column('sheets', sa.Integer(), nullable=False),
    sa.Column('is_trimmed', sa.Boolean(), nullable=False),
    sa.Column('needs_explanation', sa.Boolean(), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['bid_id'], ['bid.id'], name=op.f('fk_review_ranking_bid_id')),
    sa.ForeignKeyConstraint(['round_id'], ['review_round.id'], name=op.f('fk_review_ranking_round_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_review_ranking')),
    sa.UniqueConstraint('round_id', 'bid_id', name=op.f('uq_review_ranking_round_id_bid_id'))
    )
    op.create_table('sealed_version',
    sa.Column('bid_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('ciphertext', sa.LargeBinary(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('sealed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('submitted_by_id', sa.Integer(), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['bid_id'], ['bid.id'], name=op.f('fk_sealed_version_bid_id')),
    sa.ForeignKeyConstraint(['submitted_by_id'], ['user.id'], name=op.f('fk_sealed_version_submitted_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sealed_version')),
    sa.UniqueConstraint('bid_id', 'number', name=op.f('uq_sealed_version_bid_id_number'))
    )
    with op.batch_alter_table('sealed_version', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sealed_version_bid_id'), ['bid_id'], unique=False)

    op.create_table('milestone',
    sa.Column('contract_id', sa.Integer(), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('content', sa.Text(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('percent', sa.Integer(), nullable=False),
    sa.Column('state', sa.Enum('planned', 'reported', 'sent_back', 'accepted', name='milestonestate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('state_changed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('report', sa.Text(), nullable=False),
    sa.Column('measured', sa.JSON(), nullable=False),
    sa.Column('reported_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reported_by_id', sa.Integer(), nullable=True),
    sa.Column('verdict_note', sa.Text(), nullable=False),
    sa.Column('accepted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('accepted_by_id', sa.Integer(), nullable=True),
    sa.Column('sent_back', sa.Integer(), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lock', sa.Integer(), nullable=False),
    sa.CheckConstraint('percent BETWEEN 0 AND 100', name=op.f('ck_milestone_percent')),
    sa.ForeignKeyConstraint(['accepted_by_id'], ['user.id'], name=op.f('fk_milestone_accepted_by_id')),
    sa.ForeignKeyConstraint(['contract_id'], ['contract.id'], name=op.f('fk_milestone_contract_id')),
    sa.ForeignKeyConstraint(['reported_by_id'], ['user.id'], name=op.f('fk_milestone_reported_by_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_milestone')),
    sa.UniqueConstraint('contract_id', 'seq', name=op.f('uq_milestone_contract_id_seq'))
    )
    with op.batch_alter_table('milestone', schema=None) as batch_op:
        batch_op.create_index('ix_milestone_state', ['state', 'due_on'], unique=False)

    op.create_table('opened_content',
    sa.Column('bid_id', sa.Integer(), nullable=False),
    sa.Column('sealed_version_id', sa.Integer(), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['bid_id'], ['bid.id'], name=op.f('fk_opened_content_bid_id')),
    sa.ForeignKeyConstraint(['sealed_version_id'], ['sealed_version.id'], name=op.f('fk_opened_content_sealed_version_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_opened_content')),
    sa.UniqueConstraint('bid_id', name=op.f('uq_opened_content_bid_id'))
    )
    op.create_table('score_draft',
    sa.Column('assignment_id', sa.Integer(), nullable=False),
    sa.Column('bid_id', sa.Integer(), nullable=False),
    sa.Column('scores', sa.LargeBinary(), nullable=False),
    sa.Column('reasons', sa.LargeBinary(), nullable=False),
    sa.Column('comment', sa.LargeBinary(), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lock', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['assignment_id'], ['review_assignment.id'], name=op.f('fk_score_draft_assignment_id')),
    sa.ForeignKeyConstraint(['bid_id'], ['bid.id'], name=op.f('fk_score_draft_bid_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_score_draft')),
    sa.UniqueConstraint('assignment_id', 'bid_id', name=op.f('uq_score_draft_assignment_id_bid_id'))
    )
    op.create_table('score_sheet',
    sa.Column('assignment_id', sa.Integer(), nullable=False),
    sa.Column('bid_id', sa.Integer(), nullable=False),
    sa.Column('scores', sa.JSON(), nullable=False),
    sa.Column('reasons', sa.JSON(), nullable=False),
    sa.Column('comment', sa.Text(), nullable=False),
    sa.Column('total_hundredths', sa.Integer(), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('total_hundredths BETWEEN 0 AND 10000', name=op.f('ck_score_sheet_total')),
    sa.ForeignKeyConstraint(['assignment_id'], ['review_assignment.id'], name=op.f('fk_score_sheet_assignment_id')),
    sa.ForeignKeyConstraint(['bid_id'], ['bid.id'], name=op.f('fk_score_sheet_bid_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_score_sheet')),
    sa.UniqueConstraint('assignment_id', 'bid_id', name=op.f('uq_score_sheet_assignment_id_bid_id'))
    )
    with op.batch_alter_table('score_sheet', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_score_sheet_bid_id'), ['bid_id'], unique=False)

    op.create_table('bounty_payment',
    sa.Column('contract_id', sa.Integer(), nullable=False),
    sa.Column('milestone_id', sa.Integer(), nullable=False),
    sa.Column('amount_fen', sa.BigInteger(), nullable=False),
    sa.Column('paid_on', sa.Date(), nullable=False),
    sa.Column('voucher_number', sa.String(length=80), nullable=False),
    sa.Column('entered_by_id', sa.Integer(), nullable=False),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('confirmed_by_id', sa.Integer(), nullable=True),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lock', sa.Integer(), nullable=False),
    sa.CheckConstraint('amount_fen > 0', name=op.f('ck_bounty_payment_amount_positive')),
    sa.CheckConstraint('confirmed_by_id IS NULL OR (confirmed_at IS NOT NULL AND confirmed_by_id <> entered_by_id)', name=op.f('ck_bounty_payment_receipt_by_another')),
    sa.ForeignKeyConstraint(['confirmed_by_id'], ['user.id'], name=op.f('fk_bounty_payment_confirmed_by_id')),
    sa.ForeignKeyConstraint(['contract_id'], ['contract.id'], name=op.f('fk_bounty_payment_contract_id')),
    sa.ForeignKeyConstraint(['entered_by_id'], ['user.id'], name=op.f('fk_bounty_payment_entered_by_id')),
    sa.ForeignKeyConstraint(['milestone_id'], ['milestone.id'], name=op.f('fk_bounty_payment_milestone_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bounty_payment'))
    )
    with op.batch_alter_table('bounty_payment', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_bounty_payment_contract_id'), ['contract_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_bounty_payment_milestone_id'), ['milestone_id'], unique=False)

    op.create_table('payout',
    sa.Column('contract_id', sa.Integer(), nullable=False),
    sa.Column('milestone_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('reward', 'subsidy', name='payoutkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('budget_line_id', sa.Integer(), nullable=False),
    sa.Column('payee_account_id', sa.Integer(), nullable=False),
    sa.Column('payee_name', sa.String(length=200), nullable=False),
    sa.Column('bank_name', sa.String(length=200), nullable=False),
    sa.Column('bank_account', sa.LargeBinary(), nullable=False),
    sa.Column('amount_fen', sa.BigInteger(), nullable=False),
    sa.Column('basis', sa.String(length=300), nullable=False),
    sa.Column('state', sa.Enum('requested', 'checked', 'approved', 'paid', 'sent_back', 'cancelled', name='payoutstate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('state_changed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('request_key', sa.String(length=80), nullable=False),
    sa.Column('maker_id', sa.Integer(), nullable=False),
    sa.Column('checker_id', sa.Integer(), nullable=True),
    sa.Column('checked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('approver_id', sa.Integer(), nullable=True),
    sa.Column('approved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('hold_id', sa.Integer(), nullable=False),
    sa.Column('post_id', sa.Integer(), nullable=True),
    sa.Column('bank_reference', sa.String(length=80), nullable=True),
    sa.Column('paid_on', sa.Date(), nullable=True),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lock', sa.Integer(), nullable=False),
    sa.CheckConstraint("state <> 'paid' OR (post_id IS NOT NULL AND bank_reference IS NOT NULL AND paid_on IS NOT NULL)", name=op.f('ck_payout_paid_has_reference')),
    sa.CheckConstraint("state NOT IN ('approved','paid') OR approver_id IS NOT NULL", name=op.f('ck_payout_approved_by_someone')),
    sa.CheckConstraint("state NOT IN ('checked','approved','paid') OR checker_id IS NOT NULL", name=op.f('ck_payout_checked_by_someone')),
    sa.CheckConstraint('amount_fen > 0', name=op.f('ck_payout_amount_positive')),
    sa.CheckConstraint('approver_id IS NULL OR (checker_id IS NOT NULL AND approver_id <> maker_id AND approver_id <> checker_id)', name=op.f('ck_payout_approver_is_a_third')),
    sa.CheckConstraint('checker_id IS NULL OR checker_id <> maker_id', name=op.f('ck_payout_checker_is_another')),
    sa.ForeignKeyConstraint(['approver_id'], ['user.id'], name=op.f('fk_payout_approver_id')),
    sa.ForeignKeyConstraint(['budget_line_id'], ['budget_line.id'], name=op.f('fk_payout_budget_line_id')),
    sa.ForeignKeyConstraint(['checker_id'], ['user.id'], name=op.f('fk_payout_checker_id')),
    sa.ForeignKeyConstraint(['contract_id'], ['contract.id'], name=op.f('fk_payout_contract_id')),
    sa.ForeignKeyConstraint(['hold_id'], ['transfer.id'], name=op.f('fk_payout_hold_id')),
    sa.ForeignKeyConstraint(['maker_id'], ['user.id'], name=op.f('fk_payout_maker_id')),
    sa.ForeignKeyConstraint(['milestone_id'], ['milestone.id'], name=op.f('fk_payout_milestone_id')),
    sa.ForeignKeyConstraint(['payee_account_id'], ['account.id'], name=op.f('fk_payout_payee_account_id')),
    sa.ForeignKeyConstraint(['post_id'], ['transfer.id'], name=op.f('fk_payout_post_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_payout')),
    sa.UniqueConstraint('bank_reference', name=op.f('uq_payout_bank_reference')),
    sa.UniqueConstraint('hold_id', name=op.f('uq_payout_hold_id')),
    sa.UniqueConstraint('post_id', name=op.f('uq_payout_post_id')),
    sa.UniqueConstraint('request_key', name=op.f('uq_payout_request_key'))
    )
    with op.batch_alter_table('payout', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_payout_budget_line_id'), ['budget_line_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_payout_contract_id'), ['contract_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_payout_paid_on'), ['paid_on'], unique=False)
        batch_op.create_index('ix_payout_state', ['state'], unique=False)
        batch_op.create_index('uq_payout_live', ['milestone_id', 'kind'], unique=True, sqlite_where=sa.text("state <> 'cancelled'"), postgresql_where=sa.text("state <> 'cancelled'"))


    for statement in TRIGGERS[op.get_bind().dialect.name]:
        # exec_driver_sql: the statements hold colons and percent signs of their own.
        op.get_bind().exec_driver_sql(statement.replace("%", "%%") if op.get_bind().dialect.name == "postgresql" else statement)


def downgrade():
    with op.batch_alter_table('payout', schema=None) as batch_op:
        batch_op.drop_index('uq_payout_live', sqlite_where=sa.text("state <> 'cancelled'"), postgresql_where=sa.text("state <> 'cancelled'"))
        batch_op.drop_index('ix_payout_state')
        batch_op.drop_index(batch_op.f('ix_payout_paid_on'))
        batch_op.drop_index(batch_op.f('ix_payout_contract_id'))
        batch_op.drop_index(batch_op.f('ix_payout_budget_line_id'))

    op.drop_table('payout')
    with op.batch_alter_table('bounty_payment', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_bounty_payment_milestone_id'))
        batch_op.drop_index(batch_op.f('ix_bounty_payment_contract_id'))

    op.drop_table('bounty_payment')
    with op.batch_alter_table('score_sheet', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_score_sheet_bid_id'))

    op.drop_table('score_sheet')
    op.drop_table('score_draft')
    op.drop_table('opened_content')
    with op.batch_alter_table('milestone', schema=None) as batch_op:
        batch_op.drop_index('ix_milestone_state')

    op.drop_table('milestone')
    with op.batch_alter_table('sealed_version', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sealed_version_bid_id'))

    op.drop_table('sealed_version')
    op.drop_table('review_ranking')
    with op.batch_alter_table('review_assignment', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_review_assignment_round_id'))
        batch_op.drop_index(batch_op.f('ix_review_assignment_expert_id'))

    op.drop_table('review_assignment')
    with op.batch_alter_table('objection', schema=None) as batch_op:
        batch_op.drop_index('ix_objection_notice')

    op.drop_table('objection')
    with op.batch_alter_table('expert_draw', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_expert_draw_round_id'))

    op.drop_table('expert_draw')
    with op.batch_alter_table('contract', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_contract_solver_id'))
        batch_op.drop_index(batch_op.f('ix_contract_signed_on'))
        batch_op.drop_index(batch_op.f('ix_contract_organisation_id'))
        batch_op.drop_index(batch_op.f('ix_contract_challenge_id'))

    op.drop_table('contract')
    with op.batch_alter_table('award_item', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_award_item_bid_id'))

    op.drop_table('award_item')
    op.drop_table('review_round')
    op.drop_table('opening')
    with op.batch_alter_table('notice', schema=None) as batch_op:
        batch_op.drop_index('ix_notice_state')
        batch_op.drop_index(batch_op.f('ix_notice_challenge_id'))

    op.drop_table('notice')
    op.drop_table('match_run')
    with op.batch_alter_table('judgement', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_judgement_solver_id'))

    op.drop_table('judgement')
    with op.batch_alter_table('deadline_change', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_deadline_change_challenge_id'))

    op.drop_table('deadline_change')
    with op.batch_alter_table('contact', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_contact_organisation_id'))
        batch_op.drop_index('ix_contact_on')
        batch_op.drop_index(batch_op.f('ix_contact_event_id'))
        batch_op.drop_index(batch_op.f('ix_contact_challenge_id'))

    op.drop_table('contact')
    op.drop_table('challenge_version')
    with op.batch_alter_table('challenge_invitation', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_challenge_invitation_solver_id'))

    op.drop_table('challenge_invitation')
    with op.batch_alter_table('candidate', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_candidate_solver_id'))
        batch_op.drop_index('ix_candidate_rank')

    op.drop_table('candidate')
    with op.batch_alter_table('bid', schema=None) as batch_op:
        batch_op.drop_index('uq_bid_live', sqlite_where=sa.text("state <> 'withdrawn'"), postgresql_where=sa.text("state <> 'withdrawn'"))
        batch_op.drop_index(batch_op.f('ix_bid_submitted_at'))
        batch_op.drop_index(batch_op.f('ix_bid_solver_id'))
        batch_op.drop_index(batch_op.f('ix_bid_organisation_id'))
        batch_op.drop_index(batch_op.f('ix_bid_lead_id'))
        batch_op.drop_index('ix_bid_challenge')

    op.drop_table('bid')
    with op.batch_alter_table('need_follow_up', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_need_follow_up_need_id'))

    op.drop_table('need_follow_up')
    with op.batch_alter_table('challenge', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_challenge_relist_of_id'))
        batch_op.drop_index('ix_challenge_public')
        batch_op.drop_index(batch_op.f('ix_challenge_posted_at'))
        batch_op.drop_index(batch_op.f('ix_challenge_organisation_id'))
        batch_op.drop_index(batch_op.f('ix_challenge_need_id'))
        batch_op.drop_index(batch_op.f('ix_challenge_industry'))
        batch_op.drop_index(batch_op.f('ix_challenge_district_code'))
        batch_op.drop_index('ix_challenge_deadline')
        batch_op.drop_index(batch_op.f('ix_challenge_cycle_id'))

    op.drop_table('challenge')
    op.drop_table('attendance')
    with op.batch_alter_table('solver_member', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_solver_member_solver_id'))

    op.drop_table('solver_member')
    with op.batch_alter_table('need', schema=None) as batch_op:
        batch_op.drop_index('ix_need_state')
        batch_op.drop_index(batch_op.f('ix_need_organisation_id'))
        batch_op.drop_index(batch_op.f('ix_need_first_submitted_at'))
        batch_op.drop_index(batch_op.f('ix_need_cycle_id'))

    op.drop_table('need')
    with op.batch_alter_table('event', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_event_starts_at'))
        batch_op.drop_index(batch_op.f('ix_event_cycle_id'))

    op.drop_table('event')
    with op.batch_alter_table('budget_line', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_budget_line_cycle_id'))

    op.drop_table('budget_line')
    with op.batch_alter_table('achievement', schema=None) as batch_op:
        batch_op.drop_index('ix_achievement_solver')

    op.drop_table('achievement')
    with op.batch_alter_table('solver', schema=None) as batch_op:
        batch_op.drop_index('ix_solver_state')
        batch_op.drop_index(batch_op.f('ix_solver_organisation_id'))
        batch_op.drop_index(batch_op.f('ix_solver_lead_id'))

    op.drop_table('solver')
    with op.batch_alter_table('membership', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_membership_user_id'))
        batch_op.drop_index(batch_op.f('ix_membership_organisation_id'))

    op.drop_table('membership')
    op.drop_table('key_share')
    with op.batch_alter_table('invitation', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_invitation_email'))

    op.drop_table('invitation')
    with op.batch_alter_table('integrity_record', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_integrity_record_user_id'))
        batch_op.drop_index(batch_op.f('ix_integrity_record_organisation_id'))

    op.drop_table('integrity_record')
    with op.batch_alter_table('grant', schema=None) as batch_op:
        batch_op.drop_index('uq_grant_live', sqlite_where=sa.text('revoked_at IS NULL'), postgresql_where=sa.text('revoked_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_grant_user_id'))
        batch_op.drop_index(batch_op.f('ix_grant_organisation_id'))

    op.drop_table('grant')
    op.drop_table('expert')
    with op.batch_alter_table('cycle', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_cycle_year'))

    op.drop_table('cycle')
    with op.batch_alter_table('user_session', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_user_session_user_id'))

    op.drop_table('user_session')
    with op.batch_alter_table('transfer', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_transfer_debit_account_id'))
        batch_op.drop_index(batch_op.f('ix_transfer_credit_account_id'))

    op.drop_table('transfer')
    op.drop_table('programme_rules')
    with op.batch_alter_table('password_reset', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_password_reset_user_id'))

    op.drop_table('password_reset')
    with op.batch_alter_table('organisation', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_organisation_district_code'))

    op.drop_table('organisation')
    with op.batch_alter_table('officer_key', schema=None) as batch_op:
        batch_op.drop_index('uq_officer_key_live', sqlite_where=sa.text('retired_at IS NULL'), postgresql_where=sa.text('retired_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_officer_key_user_id'))

    op.drop_table('officer_key')
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.drop_index('ix_message_inbox')

    op.drop_table('message')
    with op.batch_alter_table('attachment', schema=None) as batch_op:
        batch_op.drop_index('ix_attachment_owner')

    op.drop_table('attachment')
    op.drop_table('user')
    op.drop_table('term')
    with op.batch_alter_table('sign_in_failure', schema=None) as batch_op:
        batch_op.drop_index('ix_sign_in_failure_ip')
        batch_op.drop_index('ix_sign_in_failure_email')

    op.drop_table('sign_in_failure')
    op.drop_table('sealing_key')
    op.drop_table('progress')
    op.drop_table('programme')
    with op.batch_alter_table('outbox', schema=None) as batch_op:
        batch_op.drop_index('ix_outbox_due')

    op.drop_table('outbox')
    op.drop_table('mail')
    op.drop_table('district')
    op.drop_table('code_counter')
    op.drop_table('calendar_day')
    op.drop_table('audit_head')
    with op.batch_alter_table('audit_entry', schema=None) as batch_op:
        batch_op.drop_index('ix_audit_entry_subject')
        batch_op.drop_index(batch_op.f('ix_audit_entry_actor_id'))

    op.drop_table('audit_entry')
    op.drop_table('account')
    if op.get_bind().dialect.name == "postgresql":
        for function in FUNCTIONS:
            op.execute(f"DROP FUNCTION IF EXISTS {function}()")
