"""What planners decided; what the ledger of alert episodes held as acknowledged becomes decisions."""

import datetime as dt

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_EPISODES = sa.table(
    "alert_episodes",
    sa.column("question", sa.String),
    sa.column("product_id", sa.String),
    sa.column("first_week", sa.Date),
    sa.column("acknowledged_at_us", sa.BigInteger),
)


def upgrade() -> None:
    """Make the table, and take over what was acknowledged."""
    decisions = op.create_table(
        "plan_decisions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("question", sa.String(256), nullable=False),
        sa.Column("product_id", sa.String(256).with_variant(sa.String(256, "C"), "postgresql"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("request_id", sa.String(128), nullable=False, unique=True),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("decided_at_us", sa.BigInteger, nullable=False),
        sa.Column("decided_on", sa.Date, nullable=False),
        sa.Column("as_of_week", sa.Date, nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("until", sa.Date, nullable=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.UniqueConstraint("question", "product_id", "number", name="uq_plan_decisions_number"),
        sa.Index("ix_plan_decisions_question_id", "question", "id"),
    )
    if rows := _acknowledgements(op.get_bind()):
        op.bulk_insert(decisions, rows)


def _acknowledgements(connection: sa.Connection) -> list[dict[str, object]]:
    columns = _EPISODES.c
    acknowledged = sa.select(_EPISODES).where(columns.acknowledged_at_us.is_not(None))
    numbers: dict[tuple[str, str], int] = {}
    rows: list[dict[str, object]] = []
    for each in connection.execute(acknowledged.order_by(columns.acknowledged_at_us)):
        product = (each.question, each.product_id)
        numbers[product] = numbers.get(product, 0) + 1
        time = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=each.acknowledged_at_us)
        rows.append(
            {
                "question": each.question,
                "product_id": each.product_id,
                "number": numbers[product],
                "request_id": f"ledger-{len(rows) + 1}",
                "author": "ledger",
                "decided_at_us": each.acknowledged_at_us,
                "decided_on": time.date(),
                "as_of_week": each.first_week,
                "action": "acknowledgement",
                "text": "",
            }
        )
    return rows
