"""What an alert is: a policy, chosen whenever a snapshot is published. No model depends on it."""

import math
from dataclasses import dataclass, fields

from training.errors import SettingError
from training.metrics.yardstick import Yardstick

BY_BUDGET, BY_COST, BY_RECALL, BY_PROBABILITY = "budget", "cost", "recall", "probability"

_NUMBERS = {
    BY_BUDGET: ("alert_budget",),
    BY_COST: ("cost_of_miss", "cost_of_false_alarm"),
    BY_RECALL: ("target_recall",),
    BY_PROBABILITY: ("alert_probability",),
}
POLICIES = tuple(_NUMBERS)


@dataclass(frozen=True)
class AlertPolicy:
    """How the probability is chosen from which an alert is raised; the defaults are the pipeline's.

    Attributes:
        threshold_by: ``budget``, ``cost``, ``recall`` or ``probability``; the numbers of the others stay as they are.
        alert_budget: On average at most so many alerts a week.
        cost_of_miss: Of a positive outcome without an alert.
        cost_of_false_alarm: Of an alert that does not come true, in the same unit.
        target_recall: This share of positive outcomes must be reached.
        alert_probability: The threshold itself.
    """

    threshold_by: str = BY_BUDGET
    alert_budget: int = Yardstick.alert_budget
    cost_of_miss: float = Yardstick.cost_of_miss
    cost_of_false_alarm: float = Yardstick.cost_of_false_alarm
    target_recall: float = 0.90
    alert_probability: float = 0.5

    def __post_init__(self) -> None:
        """Raises:
        SettingError: If a number is out of its range, or is given and the policy does not go by it.
        """
        for name, is_allowed, allowed in (
            ("threshold_by", self.threshold_by in POLICIES, f"one of {', '.join(POLICIES)}"),
            ("alert_budget", self.alert_budget >= 1, "at least 1 product a week"),
            ("cost_of_miss", 0 < self.cost_of_miss < math.inf, "a number above 0"),
            ("cost_of_false_alarm", 0 < self.cost_of_false_alarm < math.inf, "a number above 0"),
            ("target_recall", 0 < self.target_recall <= 1, "above 0 and at most 1, such as 0.9"),
            ("alert_probability", 0 <= self.alert_probability <= 1, "a probability, 0 to 1"),
        ):
            if not is_allowed:
                raise SettingError(_option(name), getattr(self, name), allowed)
        default = {each.name: each.default for each in fields(self)}
        for by, names in _NUMBERS.items():
            for name in names:
                if by != self.threshold_by and getattr(self, name) != default[name]:
                    raise SettingError(
                        _option(name),
                        getattr(self, name),
                        f"left away where alerts are chosen by {self.threshold_by}, or come with --threshold-by {by}",
                    )

    @property
    def name(self) -> str:
        """The policy with its numbers, such as ``budget 50`` or ``cost 10:1``; equal exactly for equal policies."""
        numbers = [repr(getattr(self, each)).removesuffix(".0") for each in _NUMBERS[self.threshold_by]]
        return f"{self.threshold_by} {':'.join(numbers)}"


def _option(name: str) -> str:
    return name.replace("_", "-")
