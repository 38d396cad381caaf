"""Invitations lapse, are declined with a reason, and are followed by alternates; a verdict keeps the rank."""

import sqlalchemy as sa
from alembic import op


revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

STATE = "ck_challenge_invitation_invitationstate"
REASON = "ck_challenge_invitation_declinereason"
BEFORE = "state IN ('sent', 'interested', 'not_now', 'declined')"
AFTER = "state IN ('sent', 'interested', 'not_now', 'declined', 'lapsed')"
REASONS = "decline_reason IN ('no_capacity', 'off_topic', 'terms', 'time', 'conflict', 'other')"


def upgrade():
    with op.batch_alter_table('judgement', schema=None) as batch_op:
        batch_op.add_column(sa.Column('rank', sa.Integer(), nullable=True))
    with op.batch_alter_table('challenge_invitation', schema=None) as batch_op:
        batch_op.drop_constraint(op.f(STATE), type_="check")
        batch_op.add_column(sa.Column('decline_reason', sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column('reminders', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('alternate_of_id', sa.Integer(), nullable=True))
        batch_op.create_check_constraint(op.f(STATE), AFTER)
        batch_op.create_check_constraint(op.f(REASON), REASONS)
        batch_op.create_unique_constraint(op.f('uq_challenge_invitation_alternate_of_id'), ['alternate_of_id'])
        batch_op.create_foreign_key(
            op.f('fk_challenge_invitation_alternate_of_id'), 'challenge_invitation', ['alternate_of_id'], ['id']
        )
    with op.batch_alter_table('challenge_invitation', schema=None) as batch_op:
        batch_op.alter_column('reminders', server_default=None)


def downgrade():
    op.execute("UPDATE challenge_invitation SET state = 'not_now' WHERE state = 'lapsed'")
    with op.batch_alter_table('challenge_invitation', schema=None) as batch_op:
        batch_op.drop_constraint(op.f(STATE), type_="check")
        batch_op.drop_constraint(op.f('fk_challenge_invitation_alternate_of_id'), type_='foreignkey')
        batch_op.drop_constraint(op.f('uq_challenge_invitation_alternate_of_id'), type_='unique')
        batch_op.drop_constraint(op.f(REASON), type_="check")
        batch_op.drop_column('alternate_of_id')
        batch_op.drop_column('reminders')
        batch_op.drop_column('decline_reason')
        batch_op.create_check_constraint(op.f(STATE), BEFORE)
    with op.batch_alter_table('judgement', schema=None) as batch_op:
        batch_op.drop_column('rank')
