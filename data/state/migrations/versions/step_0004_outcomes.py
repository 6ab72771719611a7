"""Alert episodes, and what became otherwise of those that had ended."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the two tables of outcomes."""
    op.create_table(
        "alert_episodes",
        sa.Column("question", sa.String(256), primary_key=True),
        sa.Column("product_id", sa.String(256), primary_key=True),
        sa.Column("first_week", sa.Date, primary_key=True),
        sa.Column("last_week", sa.Date, nullable=False),
        sa.Column("alerts", sa.Integer, nullable=False),
        sa.Column("snapshot_id", sa.String(64), nullable=False),
        sa.Column("published_at_us", sa.BigInteger, nullable=False),
        sa.Column("model_name", sa.String(256), nullable=False),
        sa.Column("model_version", sa.String(32), nullable=False),
        *(sa.Column(name, sa.Float, nullable=False) for name in ("threshold", "probability", "highest_probability")),
        *(
            sa.Column(name, sa.Float, nullable=True)
            for name in (
                "units_on_hand",
                "demand_per_week",
                "units_at_risk",
                "revenue_at_risk",
                "price",
                "lead_time_days",
            )
        ),
        sa.Column("reorder_by", sa.Date, nullable=True),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("outcome_day", sa.Date, nullable=True),
        sa.Column("warning_days", sa.Integer, nullable=True),
        sa.Column("reason", sa.String(512), nullable=False),
        sa.Column("closed_week", sa.Date, nullable=True, index=True),
        sa.Column("acknowledged_at_us", sa.BigInteger, nullable=True),
    )
    op.create_table(
        "outcome_changes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("question", sa.String(256), nullable=False),
        sa.Column("product_id", sa.String(256), nullable=False),
        sa.Column("first_week", sa.Date, nullable=False),
        sa.Column("noted_at_us", sa.BigInteger, nullable=False),
        sa.Column("before", sa.String(512), nullable=False),
        sa.Column("after", sa.String(512), nullable=False),
    )
