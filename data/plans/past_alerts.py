"""The last alerts of a product, as the run that held them against what happened wrote them into the state."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from data.state.tables import ALERT_EPISODES
from data.state.times import moment

_COLUMNS = ALERT_EPISODES.c


@dataclass(frozen=True)
class PastAlert:
    """An alert episode: see ``ALERT_EPISODES`` for each; None where it is not known."""

    first_week: dt.date
    last_week: dt.date
    weeks: int
    probability: float
    highest_probability: float
    outcome: str
    outcome_day: dt.date | None
    warning_days: int | None
    reason: str
    acknowledged_at: dt.datetime | None


def past_alerts(connection: sa.Connection, question: str, product_id: str, most: int) -> list[PastAlert]:
    """The newest of a product, the newest first; at most so many."""
    of_product = (_COLUMNS.question == question) & (_COLUMNS.product_id == product_id)
    newest = sa.select(ALERT_EPISODES).where(of_product).order_by(_COLUMNS.first_week.desc()).limit(most)
    return [
        PastAlert(
            first_week=row.first_week,
            last_week=row.last_week,
            weeks=row.alerts,
            probability=row.probability,
            highest_probability=row.highest_probability,
            outcome=row.outcome,
            outcome_day=row.outcome_day,
            warning_days=row.warning_days,
            reason=row.reason,
            acknowledged_at=None if row.acknowledged_at_us is None else moment(row.acknowledged_at_us),
        )
        for row in connection.execute(newest)
    ]
