"""What followed an upheld objection is a field of its own; what the clock has told is kept, so that it tells it once;
a sent mail keeps neither its address nor its text; failures of signing in are counted by place and device.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

REMEDY = sa.Enum("re_review", "next_in_rank", name="remedy", native_enum=False, create_constraint=True, length=40)


# A published text is locked by the database too.
LOCKS = {
    "sqlite": "CREATE TRIGGER challenge_version_no_{act}_once_locked BEFORE {act_upper} ON challenge_version "
    "WHEN OLD.locked_at IS NOT NULL\nBEGIN SELECT RAISE(ABORT, 'challenge_version is locked'); END",
    "postgresql": "CREATE TRIGGER challenge_version_no_{act}_once_locked BEFORE {act_upper} ON challenge_version "
    "FOR EACH ROW WHEN (OLD.locked_at IS NOT NULL) EXECUTE FUNCTION refuse_change()",
}


def upgrade() -> None:
    for act in ("update", "delete"):
        op.execute(LOCKS[op.get_bind().dialect.name].format(act=act, act_upper=act.upper()))
    with op.batch_alter_table("objection", schema=None) as batch_op:
        batch_op.add_column(sa.Column("remedy", REMEDY, nullable=True))
    with op.batch_alter_table("mail", schema=None) as batch_op:
        # Fingerprints of addresses written to before cannot be made here: the key is the installation's.
        batch_op.add_column(sa.Column("recipient_mark", sa.String(length=60), nullable=False, server_default=""))
        batch_op.drop_column("recipient")
        batch_op.drop_column("body")
    with op.batch_alter_table("mail", schema=None) as batch_op:
        batch_op.alter_column("recipient_mark", server_default=None)
        batch_op.create_index(op.f("ix_mail_recipient_mark"), ["recipient_mark"], unique=False)
    # Letters delivered before kept their text and address in the outbox too.
    op.execute(
        "UPDATE outbox SET payload = '{}' WHERE done_at IS NOT NULL AND topic IN "
        "('mail.user', 'mail.address', 'accounts.password_link')"
    )
    # Failures of the last day: not worth carrying over.
    op.drop_table("sign_in_failure")
    op.create_table(
        "sign_in_failure",
        sa.Column("account_mark", sa.String(length=60), nullable=False),
        sa.Column("ip", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=40), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_failure")),
    )
    for column, name in (("account_mark", "account"), ("device", "device"), ("ip", "ip")):
        op.create_index(f"ix_sign_in_failure_{name}", "sign_in_failure", [column, "created_at"])
    op.create_table(
        "reminder",
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("moment", sa.String(length=40), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
        sa.UniqueConstraint("kind", "subject_id", "moment", name=op.f("uq_reminder_kind_subject_id_moment")),
    )


def downgrade() -> None:
    table = "" if op.get_bind().dialect.name == "sqlite" else " ON challenge_version"
    for act in ("update", "delete"):
        op.execute(f"DROP TRIGGER challenge_version_no_{act}_once_locked{table}")
    op.drop_table("sign_in_failure")
    op.create_table(
        "sign_in_failure",
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("ip", sa.String(length=64), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_failure")),
    )
    for column in ("email", "ip"):
        op.create_index(f"ix_sign_in_failure_{column}", "sign_in_failure", [column, "created_at"])
    with op.batch_alter_table("mail", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_mail_recipient_mark"))
        batch_op.drop_column("recipient_mark")
        batch_op.add_column(sa.Column("recipient", sa.String(length=254), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("body", sa.Text(), nullable=False, server_default=""))
    op.drop_table("reminder")
    with op.batch_alter_table("objection", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_objection_remedy"), type_="check")
        batch_op.drop_column("remedy")
