"""How past answers turned out, as plain frozen values; see ``Performance`` in the protos for what each figure is.

A figure for which there was not enough is None.
"""

import datetime as dt
from dataclasses import dataclass

from feature_service.client.results import Provenance


@dataclass(frozen=True)
class Figure:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class AlertFates:
    """What became of the model's weekly alerts; all but the last add up to them."""

    came_true: int
    did_not: int
    received: int
    unknown: int
    acknowledged: int
    acknowledged_came_true: int


@dataclass(frozen=True)
class ScorerPerformance:
    """How the model, or a simple rule with as many alerts in each week, did."""

    name: str
    is_probability: bool
    alerts: int
    precision: Figure | None
    precision_undisturbed: Figure | None
    recall: Figure | None
    average_precision: Figure | None
    brier: Figure | None
    calibration_error: Figure | None
    warning_days: Figure | None
    warning_days_lower_quartile: float | None
    warning_days_upper_quartile: float | None
    units_lost_after_alert: Figure | None
    units_lost_without_alert: Figure | None
    revenue_lost_after_alert: Figure | None
    revenue_lost_without_alert: Figure | None


@dataclass(frozen=True)
class Performance:
    """Figures over one or more weeks."""

    first_week: dt.date
    last_week: dt.date
    weeks: int
    product_weeks: int
    positives: int
    product_weeks_unknown: int
    fates: AlertFates
    model: ScorerPerformance
    rules: tuple[ScorerPerformance, ...]


@dataclass(frozen=True)
class WeekPerformance:
    """Figures of the answers for one week, and which snapshot and model gave them."""

    snapshot_id: str
    model_name: str
    model_version: str
    performance: Performance


@dataclass(frozen=True)
class ChallengerPerformance:
    """A challenger beside the model that answered, on the same rows; differences are challenger less champion."""

    model_name: str
    model_version: str
    champion_version: str
    first_week: dt.date
    last_week: dt.date
    weeks: int
    product_weeks: int
    positives: int
    champion: ScorerPerformance
    challenger: ScorerPerformance
    average_precision_difference: Figure | None
    brier_difference: Figure | None


@dataclass(frozen=True)
class PerformanceAnswer:
    """How past answers turned out; ``provenance`` is of what is served now.

    ``recent`` is over the last 13 weeks whose outcome is known, ``all`` over all of them, ``weeks`` has the last 52 one
    by one, oldest first. ``challengers`` are each over all their weeks, the newest last.
    """

    provenance: Provenance
    written_at: dt.datetime
    data_until: dt.date
    open_alerts: int
    recent: Performance | None
    all: Performance | None
    weeks: tuple[WeekPerformance, ...]
    challengers: tuple[ChallengerPerformance, ...] = ()
