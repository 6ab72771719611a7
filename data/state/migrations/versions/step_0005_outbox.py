"""The outbox: what somebody is to be told, and what each channel was told already."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the three tables of the outbox."""
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("digest", sa.JSON, nullable=False),
        sa.Column("created_at_us", sa.BigInteger, nullable=False),
        sa.Column("message_key", sa.String(64), nullable=True, index=True),
        sa.Column("notes", sa.JSON, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("first_attempt_at_us", sa.BigInteger, nullable=True),
        sa.Column("next_attempt_at_us", sa.BigInteger, nullable=False),
        sa.Column("last_error", sa.Text, nullable=True),
        sa.Column("sent_at_us", sa.BigInteger, nullable=True),
        sa.Index("ix_outbox_channel_state", "channel", "state"),
    )
    op.create_table(
        "outbox_facts",
        sa.Column("channel", sa.String(64), primary_key=True),
        sa.Column("fact_key", sa.String(64), primary_key=True),
    )
    op.create_table(
        "outbox_channels",
        sa.Column("channel", sa.String(64), primary_key=True),
        sa.Column("looked_at_us", sa.BigInteger, nullable=False),
    )
