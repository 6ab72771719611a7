"""A track record as the message that tells it."""

from stockout.v1.risk_service_pb2 import (
    AlertFates,
    ChallengerPerformance,
    Figure,
    GetPerformanceResponse,
    Performance,
    ScorerPerformance,
    WeekPerformance,
)

from data.snapshots.scorer_record import FIGURES, ScorerRecord
from data.snapshots.track_record import ChallengerRecord, Period, TrackRecord, WeekRecord
from feature_service.server.serving.messages import date_message, timestamp_message

MODEL = "model"


def performance_response(record: TrackRecord) -> GetPerformanceResponse:
    """Everything but what is served now."""
    return GetPerformanceResponse(
        written_at=timestamp_message(record.written_at),
        data_until=date_message(record.data_until),
        open_alerts=record.open_alerts,
        recent=_performance(record.recent) if record.recent else None,
        all=_performance(record.all) if record.all else None,
        weeks=map(_week, record.weeks),
        challengers=map(_challenger, record.challengers),
    )


def _challenger(record: ChallengerRecord) -> ChallengerPerformance:
    differences = {
        name: Figure(**vars(found))
        for name in ("average_precision_difference", "brier_difference")
        if (found := getattr(record, name)) is not None
    }
    return ChallengerPerformance(
        model_name=record.model_name,
        model_version=record.model_version,
        champion_version=record.champion_version,
        first_week=date_message(record.first_week),
        last_week=date_message(record.last_week),
        weeks=record.weeks,
        product_weeks=record.product_weeks,
        positives=record.positives,
        champion=_scorer("champion", record.champion),
        challenger=_scorer("challenger", record.challenger),
        **differences,
    )


def _week(week: WeekRecord) -> WeekPerformance:
    return WeekPerformance(
        snapshot_id=week.snapshot_id,
        model_name=week.model_name,
        model_version=week.model_version,
        performance=_performance(week.figures),
    )


def _performance(period: Period) -> Performance:
    return Performance(
        first_week=date_message(period.first_week),
        last_week=date_message(period.last_week),
        weeks=period.weeks,
        product_weeks=period.product_weeks,
        positives=period.positives,
        product_weeks_unknown=period.product_weeks_unknown,
        fates=AlertFates(**vars(period.fates)),
        model=_scorer(MODEL, period.model),
        rules=[_scorer(name, period.rules[name]) for name in sorted(period.rules)],
    )


def _scorer(name: str, record: ScorerRecord) -> ScorerPerformance:
    found = {figure: getattr(record, figure) for figure in FIGURES}
    lower, upper = record.warning_days_quartiles or (None, None)
    return ScorerPerformance(
        name=name,
        is_probability=record.is_probability,
        alerts=record.alerts,
        warning_days_lower_quartile=lower,
        warning_days_upper_quartile=upper,
        **{figure: Figure(**vars(each)) for figure, each in found.items() if each is not None},
    )
