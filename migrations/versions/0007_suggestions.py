"""How a solver wants to hear of challenges that fit, what it was told; which matcher made a ranking."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _pace() -> sa.Enum:
    return sa.Enum(
        "at_once", "weekly", "never", name="suggestionpace", native_enum=False, create_constraint=True, length=40
    )


def upgrade() -> None:
    op.create_table(
        "suggestion_choice",
        sa.Column("solver_id", sa.Integer(), nullable=False),
        sa.Column("pace", _pace(), nullable=False),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lock", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["solver_id"], ["solver.id"], name=op.f("fk_suggestion_choice_solver_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestion_choice")),
        sa.UniqueConstraint("solver_id", name=op.f("uq_suggestion_choice_solver_id")),
    )
    op.create_table(
        "suggestion",
        sa.Column("challenge_id", sa.Integer(), nullable=False),
        sa.Column("solver_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("pace", _pace(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["challenge_id"], ["challenge.id"], name=op.f("fk_suggestion_challenge_id")),
        sa.ForeignKeyConstraint(["solver_id"], ["solver.id"], name=op.f("fk_suggestion_solver_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_suggestion_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestion")),
        sa.UniqueConstraint("challenge_id", "solver_id", name=op.f("uq_suggestion_challenge_id_solver_id")),
    )
    op.create_index(op.f("ix_suggestion_solver_id"), "suggestion", ["solver_id"])
    # Rankings of before know no stamp: the next change of a profile ranks them anew.
    op.add_column("match_run", sa.Column("matcher", sa.String(length=60), nullable=False, server_default=""))
    with op.batch_alter_table("match_run") as batch:
        batch.alter_column("matcher", server_default=None)


def downgrade() -> None:
    op.drop_column("match_run", "matcher")
    op.drop_index(op.f("ix_suggestion_solver_id"), table_name="suggestion")
    op.drop_table("suggestion")
    op.drop_table("suggestion_choice")
