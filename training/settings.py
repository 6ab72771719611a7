"""The settings of a training run."""

from dataclasses import dataclass

from training.metrics.yardstick import Yardstick

BY_RECALL, BY_BUDGET, BY_COST = "recall", "budget", "cost"


@dataclass(frozen=True)
class TrainingSettings:
    """How a model is trained and its threshold chosen; the defaults are the pipeline's.

    Attributes:
        seed: Of every random choice.
        threshold_by: What the alert threshold is chosen by: ``recall``, ``budget`` or ``cost``.
        target_recall: With ``recall``: it must reach this share of positive outcomes.
        alert_budget: With ``budget``: about so many alerts a week.
        cost_of_miss: With ``cost``: of a positive outcome without an alert.
        cost_of_false_alarm: With ``cost``: of an alert that does not come true, in the same unit.
    """

    seed: int = 42
    threshold_by: str = BY_RECALL
    target_recall: float = 0.90
    alert_budget: int = 50
    cost_of_miss: float = 10.0
    cost_of_false_alarm: float = 1.0

    @property
    def yardstick(self) -> Yardstick:
        """Budget, costs and seed for the figures."""
        return Yardstick(
            alert_budget=self.alert_budget,
            cost_of_miss=self.cost_of_miss,
            cost_of_false_alarm=self.cost_of_false_alarm,
            seed=self.seed,
        )
