"""The settings of a training run."""

import math
from dataclasses import dataclass

from training.errors import SettingError
from training.metrics.yardstick import Yardstick

BY_RECALL, BY_BUDGET, BY_COST = "recall", "budget", "cost"

_MOST_SEEDS = 2**32


@dataclass(frozen=True)
class TrainingSettings:
    """How a model is trained and its threshold chosen; the defaults are the pipeline's.

    Attributes:
        seed: Of every random choice.
        threshold_by: What the alert threshold is chosen by: ``recall``, ``budget`` or ``cost``.
        target_recall: With ``recall``: it must reach this share of positive outcomes.
        alert_budget: With ``budget``: on average at most so many alerts a week.
        cost_of_miss: With ``cost``: of a positive outcome without an alert.
        cost_of_false_alarm: With ``cost``: of an alert that does not come true, in the same unit.
    """

    seed: int = 42
    threshold_by: str = BY_RECALL
    target_recall: float = 0.90
    alert_budget: int = 50
    cost_of_miss: float = 10.0
    cost_of_false_alarm: float = 1.0

    def __post_init__(self) -> None:
        """Raises:
        SettingError: If one is out of its range, whether or not the threshold is chosen by it: all are measured by.
        """
        for name, value, is_allowed, allowed in (
            ("seed", self.seed, 0 <= self.seed < _MOST_SEEDS, f"0 to {_MOST_SEEDS - 1}"),
            (
                "threshold-by",
                self.threshold_by,
                self.threshold_by in (BY_RECALL, BY_BUDGET, BY_COST),
                "recall, budget or cost",
            ),
            ("target-recall", self.target_recall, 0 < self.target_recall <= 1, "above 0 and at most 1, such as 0.9"),
            ("alert-budget", self.alert_budget, self.alert_budget >= 1, "at least 1 product a week"),
            ("cost-of-miss", self.cost_of_miss, 0 < self.cost_of_miss < math.inf, "a number above 0"),
            (
                "cost-of-false-alarm",
                self.cost_of_false_alarm,
                0 < self.cost_of_false_alarm < math.inf,
                "a number above 0",
            ),
        ):
            if not is_allowed:
                raise SettingError(name, value, allowed)

    @property
    def yardstick(self) -> Yardstick:
        """Budget, costs and seed for the figures."""
        return Yardstick(
            alert_budget=self.alert_budget,
            cost_of_miss=self.cost_of_miss,
            cost_of_false_alarm=self.cost_of_false_alarm,
            seed=self.seed,
        )
