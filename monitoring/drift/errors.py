"""What can go wrong with watching for drift.

StockoutError
├── DriftReportError           a report is missing or broken
└── EvidentlyMissingError      Evidently's report is asked for, and Evidently is not installed
"""

from pathlib import Path

from feature_service.kernel import StockoutError


class DriftReportError(StockoutError):
    """A report of drift is missing, broken, or of another schema."""

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        super().__init__(f"the drift report {path} cannot be read ({problem}): run WatchDrift again")


class EvidentlyMissingError(StockoutError):
    """Evidently's report is asked for, and Evidently is not installed."""

    def __init__(self) -> None:
        super().__init__("Evidently is not installed: pip install 'stockout-risk[pipeline,evidently]'")
