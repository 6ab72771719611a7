"""Which data set is asked which question, and the targets that were set for it."""

import datetime as dt
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from feature_service.kernel.arrays import BoolArray
from training.backtest.out_of_fold import Backtest
from training.evaluation.comparison import MODEL
from training.metrics.bootstrap import Interval
from training.metrics.figures import Measurements


@dataclass(frozen=True)
class EvaluatedRows:
    """Some rows of a backtest, and every scorer's figures on them."""

    backtest: Backtest
    rows: BoolArray
    figures: Mapping[str, Measurements]

    def model(self, name: str) -> Interval:
        """A figure of the model."""
        return self.figures[MODEL][name].interval()

    def best_rule(self) -> str:
        """The rule with the highest average precision."""
        rules = [name for name in self.figures if name != MODEL]
        return max(rules, key=lambda name: self.figures[name]["average_precision"].value)


@dataclass(frozen=True)
class Target:
    """A figure to reach: what it is called, how it is measured, and from when on it counts as reached."""

    name: str
    measured: Callable[[EvaluatedRows], Interval]
    reached: Callable[[Interval], bool]


@dataclass(frozen=True)
class Case:
    """One data set and the question asked of it.

    Attributes:
        name: Of the folder.
        label: What is predicted.
        feature_set: What it is predicted from.
        origins: Weekly origins.
        locked_origins: The newest of them.
        onsets_only: Whether only products that are selling are measured.
        subset: A part of the rows that is measured by itself: a segment's number; None for none.
        targets: On all rows measured.
        subset_targets: On the subset.
    """

    name: str
    label: str
    feature_set: str
    origins: int = 12
    locked_origins: int = 4
    onsets_only: bool = False
    subset: int | None = None
    targets: tuple[Target, ...] = ()
    subset_targets: tuple[Target, ...] = ()


def _at_least(name: str, metric: str, least: float) -> Target:
    return Target(f"{name} at least {least}", lambda on: on.model(metric), lambda figure: figure.value >= least)


def _at_most(name: str, metric: str, most: float) -> Target:
    return Target(f"{name} at most {most}", lambda on: on.model(metric), lambda figure: figure.value <= most)


def _ratio_to(rule: str, least: float) -> Target:
    def measured(on: EvaluatedRows) -> Interval:
        ours, theirs = (on.figures[name]["average_precision"] for name in (MODEL, rule))
        return ours.over(theirs).interval()

    return Target(f"average precision at least {least} times that of {rule!r}", measured, lambda i: i.value >= least)


def _above_every_rule() -> Target:
    def measured(on: EvaluatedRows) -> Interval:
        ours = on.figures[MODEL]["average_precision"]
        rules = (of_rule["average_precision"] for name, of_rule in on.figures.items() if name != MODEL)
        return min((ours.minus(theirs).interval() for theirs in rules), key=lambda difference: difference.low)

    return Target("average precision less that of the closest rule above 0", measured, lambda i: i.low > 0)


CASES = (
    Case(
        "store_inventory",
        "inventory",
        "stock-1",
        targets=(
            _ratio_to("days of cover", 1.55),
            _at_least("AUC", "auc", 0.84),
            _at_most("calibration error", "calibration_error", 0.01),
        ),
    ),
    Case(
        "vn2",
        "availability",
        "availability-1",
        origins=64,
        locked_origins=28,
        onsets_only=True,
        targets=(_above_every_rule(),),
    ),
    Case(
        "olist",
        "zero_sales",
        "sales-2",
        origins=24,
        locked_origins=24,  # every row from 2018-03 on
        subset=2,
        targets=(_at_most("Brier", "brier", 0.085), _at_least("AUC", "auc", 0.79)),
        subset_targets=(_at_least("average precision", "average_precision", 0.60),),
    ),
)
LAST_DAYS = {
    "store_inventory": dt.date(2024, 6, 16),  # orders go on for a week, in which counts end on Friday
    "olist": dt.date(2018, 8, 26),
    "vn2": dt.date(2023, 7, 9),
}
"""Where the files go on after the last week that is whole, or say the week by its Monday."""


def case_of(folder: Path) -> Case:
    """The case of a folder by its name, else by the files in it."""
    known = next((case for case in CASES if case.name == folder.name), None)
    if known is not None:
        return known
    if any(folder.glob("inventory.*")):
        return Case(folder.name, "inventory", "stock-1", targets=CASES[0].targets)
    if any(folder.glob("availability.*")):
        return Case(folder.name, "availability", "availability-1", onsets_only=True, targets=CASES[1].targets)
    return Case(folder.name, "zero_sales", "sales-2")


def real_data(case: Case) -> Path:
    """The folder of a public data set, in ``STOCKOUT_REAL_DATA`` or ``../shared/data``; ends the program without it."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("STOCKOUT_REAL_DATA", beside)) / case.name
    if not folder.is_dir():
        sys.exit(f"there is no folder {folder}: set STOCKOUT_REAL_DATA")
    return folder
