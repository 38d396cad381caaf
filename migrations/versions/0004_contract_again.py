"""A bid may get another contract after its draft was given up before signing: the old row stays."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NOT_GIVEN_UP = sa.text("state <> 'terminated' OR signed_on IS NOT NULL")
SIGNED = "(signed_on IS NOT NULL AND number IS NOT NULL)"
BEFORE = f"state IN ('draft','agreed') OR {SIGNED}"
SINCE = f"state IN ('draft','agreed') OR (state = 'terminated' AND signed_on IS NULL) OR {SIGNED}"


def _rename_freely() -> None:
    # SQLite rebuilds the table; triggers of other tables name it and would stop the rename while it is away.
    if op.get_bind().dialect.name == "sqlite":
        op.execute("PRAGMA legacy_alter_table=ON")


def _as_before() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("PRAGMA legacy_alter_table=OFF")


def upgrade() -> None:
    _rename_freely()
    with op.batch_alter_table("contract") as batch_op:
        batch_op.drop_constraint("uq_contract_bid_id", type_="unique")
        batch_op.drop_constraint(batch_op.f("ck_contract_signed_has_date"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_contract_signed_has_date"), SINCE)
        batch_op.create_index("ix_contract_bid_id", ["bid_id"])
        batch_op.create_index(
            "uq_contract_live", ["bid_id"], unique=True, sqlite_where=NOT_GIVEN_UP, postgresql_where=NOT_GIVEN_UP
        )
    _as_before()


def downgrade() -> None:
    """Refused by the database while a bid has two contracts: which of them should go is not for a program to say."""
    _rename_freely()
    with op.batch_alter_table("contract") as batch_op:
        batch_op.drop_index("uq_contract_live")
        batch_op.drop_index("ix_contract_bid_id")
        batch_op.drop_constraint(batch_op.f("ck_contract_signed_has_date"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_contract_signed_has_date"), BEFORE)
        batch_op.create_unique_constraint("uq_contract_bid_id", ["bid_id"])
    _as_before()
