"""Luigi tasks: each is parameters, an output and one call. ``luigi --module orchestration StockoutPipeline``."""

from orchestration.console import set_up
from orchestration.tasks import (
    Backtest,
    Evaluate,
    Features,
    Ingest,
    Package,
    Publish,
    Register,
    StockoutPipeline,
    Train,
    WeeklyPanel,
)

set_up()

__all__ = [
    "Backtest",
    "Evaluate",
    "Features",
    "Ingest",
    "Package",
    "Publish",
    "Register",
    "StockoutPipeline",
    "Train",
    "WeeklyPanel",
]
