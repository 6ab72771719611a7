"""Rules for the week in which a stock runs out: demand of several weeks against the stock, in closed form.

Demand only adds up, so that the stock is used up by a week's end exactly where the demand until then reaches it.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import pdtrc

from data.panel import IN_STOCK, UNITS_ON_HAND, Panel
from feature_service.kernel import forecast_demand
from feature_service.kernel.arrays import DoubleArray, IntArray
from feature_service.kernel.fields import DEPLETION
from training.baselines.past import trailing_mean
from training.baselines.past_rows import PanelRows
from training.baselines.rules import rules_for

DAYS_OF_COVER = "days of cover"
_LEAST_WEEKLY_FALL = 1e-3
_RANKS_OF_STOCK = (DAYS_OF_COVER, "units on hand")
_RANKS_OF_AVAILABILITY = ("out share of 8 weeks", "out share of 26 weeks", "out share so far")


@dataclass(frozen=True)
class RunOutRule:
    """What a rule says of rows.

    Attributes:
        scores: By the end of each week ahead, shape ``(rows, weeks)``; of a rank, which is the same in every week,
            ``(rows, 1)``. NaN where it knows nothing.
        is_probability: Whether the scores are probabilities; otherwise only their order counts.
    """

    scores: DoubleArray
    is_probability: bool


def run_out_rules(panel: Panel, product: IntArray, column: IntArray, reach_weeks: int) -> dict[str, RunOutRule]:
    """The rules that the panel's fields allow, by name.

    Args:
        panel: Products x weeks.
        product: Row of each row's product in the panel, shape ``(rows,)``.
        column: Column of each row's week in the panel, shape ``(rows,)``.
        reach_weeks: The last week ahead.
    """
    ranks: tuple[str, ...] = _RANKS_OF_AVAILABILITY if IN_STOCK in panel.fields else ()
    rules: dict[str, RunOutRule] = {}
    rows = PanelRows(panel, product, column)
    if UNITS_ON_HAND in panel.fields and DEPLETION in panel.fields:
        ranks += _RANKS_OF_STOCK
        weekly = rows.take(lambda panel: trailing_mean(panel.fields[DEPLETION], 4))
        on_hand = rows.take(lambda panel: panel.fields[UNITS_ON_HAND].astype(np.float64))
        of_poisson = _poisson(weekly, on_hand, reach_weeks)
        rules["Poisson first passage"] = RunOutRule(of_poisson, is_probability=True)
        of_forecast = _negative_binomial(panel, product, column, on_hand, reach_weeks)
        rules["negative binomial first passage"] = RunOutRule(of_forecast, is_probability=True)
    for rule in rules_for(panel):
        if rule.name in ranks:
            rules[rule.name] = RunOutRule(rows.take(rule.score)[:, None], is_probability=False)
    return rules


def _poisson(weekly: DoubleArray, on_hand: DoubleArray, reach_weeks: int) -> DoubleArray:
    """At the mean weekly fall of the last four weeks."""
    mean = np.maximum(weekly, _LEAST_WEEKLY_FALL)[:, None] * np.arange(1, reach_weeks + 1)
    whole = np.ceil(on_hand)[:, None]
    reached = pdtrc(np.maximum(whole - 1, 0), mean)
    return np.where(whole >= 1, reached, np.where(np.isnan(whole), np.nan, 1.0))


def _negative_binomial(
    panel: Panel, product: IntArray, column: IntArray, on_hand: DoubleArray, reach_weeks: int
) -> DoubleArray:
    """By the kernel's demand forecast of each week."""
    scores = np.empty((len(product), reach_weeks))
    for week in np.unique(column).tolist():
        rows = np.flatnonzero(column == week)
        demand = forecast_demand(panel.fields, week).of(product[rows])
        for ahead in range(reach_weeks):
            scores[rows, ahead] = demand.stockout_probability(on_hand[rows], ahead + 1)
    panel.release()
    return scores
