"""The public list's order is an index of its own."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_challenge_posted", "challenge", ["posted_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_challenge_posted", table_name="challenge")
