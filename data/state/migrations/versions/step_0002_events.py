"""Events of the history: which were recorded, so that each counts once however often it is sent."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the two tables of events."""
    op.create_table(
        "events",
        sa.Column("table_name", sa.String(32), primary_key=True),
        sa.Column("event_id", sa.String(256), primary_key=True),
        sa.Column("load_id", sa.Integer, sa.ForeignKey("loads.id"), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
    )
    op.create_table(
        "recorded_counts",
        sa.Column("product_id", sa.String(256), primary_key=True),
        sa.Column("counted_on", sa.Date, primary_key=True),
        sa.Column("counted_at_us", sa.BigInteger, nullable=False),
        sa.Column("units_on_hand", sa.Float, nullable=False),
        sa.Column("load_id", sa.Integer, sa.ForeignKey("loads.id"), nullable=False, index=True),
    )
