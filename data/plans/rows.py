"""Rows of the table of decisions, as the values that plans are made of."""

from typing import Any

import sqlalchemy as sa

from data.plans.plan import Action, Decision
from data.state.times import moment


def decision_of(row: sa.Row[Any]) -> Decision:
    """What a row holds."""
    return Decision(
        product_id=row.product_id,
        number=row.number,
        author=row.author,
        decided_at=moment(row.decided_at_us),
        decided_on=row.decided_on,
        as_of_week=row.as_of_week,
        action=Action(row.action),
        until=row.until,
        text=row.text,
    )
