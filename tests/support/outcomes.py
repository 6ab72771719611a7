"""Small pieces of what was said and of what became of it."""

import datetime as dt

from data.ingest.result import IngestReport
from data.snapshots import ModelReference
from monitoring.outcomes.predictions import PredictionsNote

MONDAY = dt.date(2024, 5, 6)


def week(number: int) -> dt.date:
    """Weeks from ``MONDAY`` on."""
    return MONDAY + dt.timedelta(weeks=number)


def note(number: int, published: int = 0, name: str = "a") -> PredictionsNote:
    """Of the predictions of a week, published some days after the first one was over."""
    return PredictionsNote(
        question="inventory",
        as_of_week=week(number),
        snapshot_id=f"{week(number):%G-W%V}-{name * 12}",
        published_at=dt.datetime(2024, 5, 13, tzinfo=dt.UTC) + dt.timedelta(days=published),
        horizon_weeks=1,
        model=ModelReference("stockout_risk", "1", "run"),
        threshold=0.5,
        policy="budget 50",
    )


def report(first_day: dt.date, last_day: dt.date) -> IngestReport:
    """The account of records from one day to another, as far as a panel looks at it."""
    return IngestReport(
        source="generic",
        time_zone="UTC",
        excluded_statuses=(),
        orders_total=0,
        orders_quarantined=0,
        orders_without_items=0,
        items_total=0,
        items_used=0,
        items_excluded_by_status=0,
        items_quarantined=0,
        quarantined={},
        products_total=0,
        products_sold=0,
        products_excluded={},
        first_sale_on=first_day,
        last_sale_on=last_day,
        history_from=first_day,
        history_to=last_day,
    )
