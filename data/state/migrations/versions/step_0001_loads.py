"""Loads of the history: what was read when, and what became of its rows."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the four tables of loads."""
    op.create_table(
        "loads",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("known_from_us", sa.BigInteger, nullable=False, unique=True),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("has_line_key", sa.Boolean, nullable=True),
        sa.Column("sales_until", sa.Date, nullable=True),
        sa.Column("warnings", sa.JSON, nullable=False),
    )
    counts = ("read", "quarantined", "unchanged", "new")
    op.create_table(
        "load_tables",
        sa.Column("load_id", sa.Integer, sa.ForeignKey("loads.id"), primary_key=True),
        sa.Column("table_name", sa.String(32), primary_key=True),
        *(sa.Column(f"rows_{name}", sa.BigInteger, nullable=False) for name in counts),
        *(sa.Column(f"cents_{name}", sa.BigInteger, nullable=False) for name in ("read", "unchanged", "new")),
    )
    op.create_table(
        "load_files",
        sa.Column("load_id", sa.Integer, sa.ForeignKey("loads.id"), primary_key=True),
        sa.Column("name", sa.String(1024), primary_key=True),
        sa.Column("table_name", sa.String(32), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False, index=True),
    )
    op.create_table(
        "load_days",
        sa.Column("load_id", sa.Integer, sa.ForeignKey("loads.id"), primary_key=True),
        sa.Column("first_day", sa.Date, primary_key=True),
        sa.Column("last_day", sa.Date, nullable=False),
    )
