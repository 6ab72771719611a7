"""Luigi tasks: each is parameters, an output and one call. ``luigi --module orchestration StockoutPipeline``."""

from orchestration.console import set_up
from orchestration.drift_tasks import WatchDrift
from orchestration.history_tasks import Ingest, LoadHistory, WeeklyPanel
from orchestration.model_tasks import Backtest, Evaluate, Features, Train
from orchestration.outcome_tasks import ScoreOutcomes
from orchestration.release_tasks import Package, Publish, Register, ScoreWeek, StockoutPipeline
from orchestration.retention_tasks import PruneRuns
from orchestration.weekly.weekly_tasks import StockoutWeekly

set_up()

__all__ = [
    "Backtest",
    "Evaluate",
    "Features",
    "Ingest",
    "LoadHistory",
    "Package",
    "PruneRuns",
    "Publish",
    "Register",
    "ScoreOutcomes",
    "ScoreWeek",
    "StockoutPipeline",
    "StockoutWeekly",
    "Train",
    "WatchDrift",
    "WeeklyPanel",
]
