"""What Evidently's default preset flags of a panel's newest week, against the weeks that ours is held against."""

import os
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("DO_NOT_TRACK", "1")

from evidently import Report
from evidently.presets import DataDriftPreset

from data.panel import Panel
from monitoring.drift.report.evidently_page import frames


@dataclass(frozen=True)
class Flagged:
    """The columns that Evidently flags, of how many."""

    flagged: tuple[str, ...]
    columns: int

    @property
    def count(self) -> str:
        """``3 of 47``."""
        return f"{len(self.flagged)} of {self.columns}"


def flagged_columns(panel: Panel, feature_set_name: str) -> Flagged:
    """Run the preset."""
    current, reference = frames(panel, feature_set_name)
    metrics = Report([DataDriftPreset()]).run(current, reference).dict()["metrics"]
    of_columns = [each for each in metrics if "column" in each["config"]]
    flagged = tuple(str(each["config"]["column"]) for each in of_columns if _is_flagged(each))
    counted = int(metrics[0]["value"]["count"])
    if counted != len(flagged):
        raise ValueError(f"Evidently counts {counted} columns, and {flagged} are beyond their thresholds")
    return Flagged(flagged, len(of_columns))


def _is_flagged(metric: dict[str, Any]) -> bool:
    """By a p-value below the threshold, or a distance at or above it."""
    value, threshold = float(metric["value"]), float(metric["config"]["threshold"])
    return value < threshold if "p_value" in metric["config"]["method"] else value >= threshold
