"""Drift: what a model sees and says, week against reference weeks, by an alarm that knows its sample."""

from monitoring.drift.alarm.alarms import DRIFTED, STEADY, UNKNOWN, WATCH
from monitoring.drift.columns.outcomes import WatchedModel
from monitoring.drift.report.record import DRIFT_SCHEMA, ColumnReport, DriftReport, Finding
from monitoring.drift.statistics.clusters import DEFAULT_SEED
from monitoring.drift.watch import Watched, watch

__all__ = [
    "DEFAULT_SEED",
    "DRIFTED",
    "DRIFT_SCHEMA",
    "STEADY",
    "UNKNOWN",
    "WATCH",
    "ColumnReport",
    "DriftReport",
    "Finding",
    "Watched",
    "WatchedModel",
    "watch",
]
