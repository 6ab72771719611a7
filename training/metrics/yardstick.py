"""What the figures depend on besides the predictions: the planner's budget and costs, and the bootstrap."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Yardstick:
    """The settings that the figures depend on.

    Attributes:
        alert_budget: Products that a planner can look at in a week.
        cost_of_miss: Cost of a positive outcome without an alert.
        cost_of_false_alarm: Cost of an alert that does not come true, in the same unit.
        draws: Of the bootstrap; with 0 the intervals are the figures themselves.
        seed: Of the bootstrap.
    """

    alert_budget: int = 50
    cost_of_miss: float = 10.0
    cost_of_false_alarm: float = 1.0
    draws: int = 200
    seed: int = 42
