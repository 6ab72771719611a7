"""How a scorer did on past weeks: its figures, as a track record holds them."""

import dataclasses
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A figure with its 95 % interval over products."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ScorerRecord:
    """How a scorer did: the model, or a simple rule with as many alerts in each week. None: there was not enough.

    Attributes:
        is_probability: Whether it gives probabilities; otherwise ranks only.
        alerts: How many.
        precision: Share of the alerts that came true.
        precision_undisturbed: The same without alerts whose product only a delivery kept from running out.
        recall: Share of what happened that had an alert.
        average_precision: Area under the precision-recall curve.
        brier: Mean squared error of the probability.
        calibration_error: Mean distance of predicted and observed share over ten bins with equal numbers of rows.
        warning_days: The alerts' lead time: the median of the days from the end of the week of an episode's first alert
            to the day on which it came true.
        warning_days_quartiles: A quarter of them have no more than the first, three quarters no more than the second.
        units_lost_after_alert: Units that empty shelves cost in the weeks after, with an alert before.
        units_lost_without_alert: Without one.
        revenue_lost_after_alert: The same in the currency of the data.
        revenue_lost_without_alert: Without one.
    """

    is_probability: bool
    alerts: int
    precision: Figure | None = None
    precision_undisturbed: Figure | None = None
    recall: Figure | None = None
    average_precision: Figure | None = None
    brier: Figure | None = None
    calibration_error: Figure | None = None
    warning_days: Figure | None = None
    warning_days_quartiles: tuple[float, float] | None = None
    units_lost_after_alert: Figure | None = None
    units_lost_without_alert: Figure | None = None
    revenue_lost_after_alert: Figure | None = None
    revenue_lost_without_alert: Figure | None = None


FIGURES = tuple(field.name for field in dataclasses.fields(ScorerRecord) if field.type == Figure | None)
"""Names of the figures of a scorer."""
