"""Small pieces of what was said and of what became of it."""

import datetime as dt

from data.ingest.result import IngestReport
from data.snapshots import ModelReference
from data.snapshots.scorer_record import Figure, ScorerRecord
from data.snapshots.track_record import SCHEMA, AlertFates, ChallengerRecord, Period, TrackRecord, WeekRecord
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


def until(number: int, days: int = 7) -> dt.date:
    """The last day that an alert of a week is about."""
    return week(number) + dt.timedelta(days=6 + days)


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


def track_record(question: str, precision: float = 0.25) -> TrackRecord:
    """Of two weeks; in the first nothing happened, so that most figures are unset. In both there was a challenger."""

    def period(number: int, weeks: int, precision: Figure | None) -> Period:
        model = ScorerRecord(
            is_probability=True,
            alerts=4,
            precision=precision,
            recall=precision,
            brier=Figure(0.02, 0.01, 0.03),
            warning_days=Figure(5, 2, 6) if precision else None,
            warning_days_quartiles=(2, 7) if precision else None,
        )
        rules = {"units on hand": ScorerRecord(is_probability=False, alerts=4, precision=Figure(0.5, 0.25, 0.75))}
        fates = AlertFates(came_true=1, did_not=1, received=2, unknown=3, acknowledged=4, acknowledged_came_true=1)
        return Period(week(number), week(1), weeks, 900, 20, 7, fates, model, rules)

    figure = Figure(precision, precision - 0.1, precision + 0.1)
    return TrackRecord(
        schema=SCHEMA,
        question=question,
        written_at=dt.datetime(2024, 5, 27, 6, tzinfo=dt.UTC),
        data_until=week(2) + dt.timedelta(days=6),
        open_alerts=3,
        weeks=tuple(
            WeekRecord(note(number).snapshot_id, "stockout_risk", "7", period(number, 1, found))
            for number, found in enumerate((None, figure))
        ),
        recent=period(0, 2, figure),
        all=None,
        challengers=(challenger_record(figure),),
    )


def challenger_record(figure: Figure) -> ChallengerRecord:
    """Of a challenger that has this precision, beside a champion of which nothing is known."""
    return ChallengerRecord(
        model_name="stockout_risk",
        model_version="9",
        champion_version="7",
        first_week=week(0),
        last_week=week(1),
        weeks=2,
        product_weeks=800,
        positives=18,
        champion=ScorerRecord(is_probability=True, alerts=0),
        challenger=ScorerRecord(is_probability=True, alerts=3, precision=figure, brier=Figure(0.02, 0.01, 0.03)),
        average_precision_difference=Figure(0.012, -0.004, 0.03),
    )
