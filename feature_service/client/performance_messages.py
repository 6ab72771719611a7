"""What GetPerformance says, as the plain values of :mod:`feature_service.client.performance`."""

import dataclasses
import datetime as dt
from typing import Any

from stockout.v1 import risk_service_pb2

from feature_service.client.messages import day_of, provenance_of
from feature_service.client.performance import (
    AlertFates,
    ChallengerPerformance,
    Figure,
    Performance,
    PerformanceAnswer,
    ScorerPerformance,
    WeekPerformance,
)


def performance_of(message: risk_service_pb2.GetPerformanceResponse) -> PerformanceAnswer:
    """Read a message."""
    return PerformanceAnswer(
        provenance=provenance_of(message.provenance),
        written_at=message.written_at.ToDatetime(dt.UTC),
        data_until=day_of(message.data_until),
        open_alerts=message.open_alerts,
        recent=_performance(message.recent) if message.HasField("recent") else None,
        all=_performance(message.all) if message.HasField("all") else None,
        weeks=tuple(
            WeekPerformance(each.snapshot_id, each.model_name, each.model_version, _performance(each.performance))
            for each in message.weeks
        ),
        challengers=tuple(map(_challenger, message.challengers)),
    )


def _challenger(message: risk_service_pb2.ChallengerPerformance) -> ChallengerPerformance:
    return ChallengerPerformance(
        model_name=message.model_name,
        model_version=message.model_version,
        champion_version=message.champion_version,
        first_week=day_of(message.first_week),
        last_week=day_of(message.last_week),
        weeks=message.weeks,
        product_weeks=message.product_weeks,
        positives=message.positives,
        champion=_scorer(message.champion),
        challenger=_scorer(message.challenger),
        average_precision_difference=_interval(message, "average_precision_difference"),
        brier_difference=_interval(message, "brier_difference"),
    )


def _performance(message: risk_service_pb2.Performance) -> Performance:
    fates = message.fates
    return Performance(
        first_week=day_of(message.first_week),
        last_week=day_of(message.last_week),
        weeks=message.weeks,
        product_weeks=message.product_weeks,
        positives=message.positives,
        product_weeks_unknown=message.product_weeks_unknown,
        fates=AlertFates(**{field.name: getattr(fates, field.name) for field in dataclasses.fields(AlertFates)}),
        model=_scorer(message.model),
        rules=tuple(map(_scorer, message.rules)),
    )


def _scorer(message: risk_service_pb2.ScorerPerformance) -> ScorerPerformance:
    always = {name: getattr(message, name) for name in ("name", "is_probability", "alerts")}
    others = (field.name for field in dataclasses.fields(ScorerPerformance) if field.name not in always)
    return ScorerPerformance(**always, **{name: _interval(message, name) for name in others})


def _interval(message: risk_service_pb2.ScorerPerformance | risk_service_pb2.ChallengerPerformance, name: str) -> Any:
    """A figure, or a plain number; None where it is unset."""
    if not message.HasField(name):  # type: ignore[arg-type]
        return None
    value = getattr(message, name)
    return Figure(value.value, value.low, value.high) if isinstance(value, risk_service_pb2.Figure) else value
