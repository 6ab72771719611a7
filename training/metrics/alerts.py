"""Which rows get an alert under a budget, and for how many weeks an alert has stood."""

import numpy as np

from data.weeks import WeekNumbers
from feature_service.kernel.arrays import BoolArray, FloatArray, IntArray


def top_of_each_week(score: FloatArray, week: WeekNumbers, budget: int) -> BoolArray:
    """The ``budget`` highest scores of each week; of equal ones those that come first."""
    return place_in_week(score, week) < budget


def place_in_week(score: FloatArray, week: WeekNumbers) -> IntArray:
    """The place of each row in its week, the highest score's 0; of equal ones those that come first; ``(rows,)``."""
    order = np.lexsort((-score, week))
    sorted_week = week[order]
    is_first = np.append(True, sorted_week[1:] != sorted_week[:-1])
    first = np.flatnonzero(is_first)[np.cumsum(is_first) - 1] if len(order) else order
    place = np.empty(len(score), dtype=np.int64)
    place[order] = np.arange(len(score)) - first
    return place


def weeks_of_alert(alert: BoolArray, product: IntArray, week: WeekNumbers) -> IntArray:
    """For each row, how many weeks up to its own its product has had an alert without a break; shape ``(rows,)``."""
    first = int(week.min())
    run_weeks = np.zeros((int(product.max()) + 1, int(week.max()) - first + 1), dtype=np.int64)
    run_weeks[product[alert], week[alert] - first] = 1
    for column in range(1, run_weeks.shape[1]):
        run_weeks[:, column] *= run_weeks[:, column - 1] + 1
    standing: IntArray = run_weeks[product, week - first]
    return standing
