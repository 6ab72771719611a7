"""The simple rules that a planner would use otherwise, and that a model has to beat.

All are computed from the panel as it was known at ``as_of``. Where a rule knows nothing, the base rate takes its place,
or the lowest rank if the rule gives ranks. Two rules, the base rate and the logistic regression,
are fitted on the same rows as the model of the same fold.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import pdtrc
from sklearn.linear_model import LogisticRegression

from data.panel import IN_STOCK, UNITS_ON_HAND, UNITS_SOLD, Panel
from feature_service.kernel.arrays import DoubleArray, FloatArray
from feature_service.kernel.fields import DEPLETION
from training.baselines.past import smoothed_share, trailing_mean, trailing_sum, weeks_ago, weeks_since

_YEAR = 52
_TSB_ALPHA = 0.1
_PRIOR_SHAPE, _PRIOR_RATE = 0.5, 2.0
_GAMMA_WEEKS = 8
_LEAST_DAILY_FALL = 1e-3


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        name: Its name in tables and files.
        is_probability: Whether the score is a probability; otherwise only its order counts.
        score: From the panel to a score for every product and week, shape ``(products, weeks)``; NaN where it knows
            nothing.
    """

    name: str
    is_probability: bool
    score: Callable[[Panel], DoubleArray]


def _units(panel: Panel) -> DoubleArray:
    return panel.fields[UNITS_SOLD].astype(np.float64)


def _sold(panel: Panel) -> DoubleArray:
    units = _units(panel)
    return np.where(np.isnan(units), np.nan, units > 0)


def _weekly_rate(panel: Panel, weeks: int) -> DoubleArray:
    """Mean units a week; a week before the launch sold nothing, which makes stronger rules than leaving it out."""
    return trailing_sum(panel.fields[UNITS_SOLD], weeks) / weeks


def _no_sale_last_week(panel: Panel) -> DoubleArray:
    """A product that sold nothing last week sells nothing next week."""
    return 1 - _sold(panel)


def _poisson_zero(panel: Panel) -> DoubleArray:
    """The Poisson probability of no sale at the mean of the last four weeks."""
    return np.exp(-_weekly_rate(panel, 4))


def _gamma_poisson_zero(panel: Panel) -> DoubleArray:
    """The same over eight weeks, pulled towards a slow seller's rate: Gamma prior of shape 0.5 and rate 2 weeks."""
    weeks = _PRIOR_RATE + _GAMMA_WEEKS
    zero: DoubleArray = (weeks / (weeks + 1)) ** (_PRIOR_SHAPE + _GAMMA_WEEKS * _weekly_rate(panel, _GAMMA_WEEKS))
    return zero


def _tsb_zero(panel: Panel) -> DoubleArray:
    """One minus the chance of demand of Teunter, Syntetos and Babai (Croston's successor), smoothed by 0.1 a week."""
    return 1 - smoothed_share(_sold(panel), _TSB_ALPHA)


def _same_week_last_year(panel: Panel) -> DoubleArray:
    """What the predicted week brought a year ago: 52 weeks before the target is 51 before ``as_of``."""
    return 1 - weeks_ago(_sold(panel), _YEAR - 1)


def _units_on_hand(panel: Panel) -> DoubleArray:
    return -panel.fields[UNITS_ON_HAND].astype(np.float64)


def _days_of_cover(panel: Panel) -> DoubleArray:
    """Units on hand over the mean daily fall of the last four weeks; fewer days are riskier."""
    daily = np.maximum(trailing_mean(panel.fields[DEPLETION], 4) / 7, _LEAST_DAILY_FALL)
    return _units_on_hand(panel) / daily


def _poisson_demand(panel: Panel) -> DoubleArray:
    """P(demand ≥ stock) at the mean weekly fall of the last four weeks."""
    mean = np.maximum(trailing_mean(panel.fields[DEPLETION], 4), _LEAST_DAILY_FALL)
    on_hand = np.ceil(panel.fields[UNITS_ON_HAND].astype(np.float64))
    # at or below 0 it is out already
    return np.where(on_hand >= 1, pdtrc(np.maximum(on_hand - 1, 0), mean), np.where(np.isnan(on_hand), np.nan, 1.0))


def _out(panel: Panel) -> DoubleArray:
    """1 in a week out of stock, counted from the first sale on: before it a product is not listed yet."""
    return np.where(np.isfinite(panel.fields[UNITS_SOLD]), 1.0 - panel.fields[IN_STOCK].astype(np.float64), np.nan)


def _out_share(weeks: int | None) -> Callable[[Panel], DoubleArray]:
    return lambda panel: trailing_mean(_out(panel), weeks)


def _weeks_since_out(panel: Panel) -> DoubleArray:
    return -weeks_since(_out(panel) == 1)


def _out_last_year(panel: Panel) -> DoubleArray:
    return weeks_ago(_out(panel), _YEAR - 1)


LOGISTIC = "logistic regression on 3 features"

_OF_SALES: tuple[Rule, ...] = (
    Rule("no sale last week", True, _no_sale_last_week),
    Rule("exp(-4-week rate)", True, _poisson_zero),
    Rule("Gamma-Poisson zero", True, _gamma_poisson_zero),
    Rule("TSB", True, _tsb_zero),
    Rule("same week last year", True, _same_week_last_year),
)
_OF_STOCK = (
    Rule("units on hand", False, _units_on_hand),
    Rule("days of cover", False, _days_of_cover),
    Rule("Poisson P(demand >= stock)", True, _poisson_demand),
)
_OF_AVAILABILITY = (
    Rule("out share of 8 weeks", True, _out_share(8)),
    Rule("out share of 26 weeks", True, _out_share(26)),
    Rule("out share so far", True, _out_share(None)),
    Rule("weeks since out", False, _weeks_since_out),
    Rule("out in the same week last year", True, _out_last_year),
)


def rules_for(panel: Panel) -> tuple[Rule, ...]:
    """The rules that the panel's fields allow, without the two that are fitted."""
    rules = _OF_SALES
    if UNITS_ON_HAND in panel.fields and DEPLETION in panel.fields:
        rules += _OF_STOCK
    if IN_STOCK in panel.fields:
        rules += _OF_AVAILABILITY
    return rules


def logistic_inputs(panel: Panel) -> DoubleArray:
    """The three numbers that a planner would look at first, shape ``(products, weeks, 3)``; an unknown one is 0.

    With stock: units on hand, mean weekly fall, and cover in weeks. Else units last week, 4-week mean, weeks since a
    sale; with availability the share of weeks out takes the place of the units last week. Logarithms of one plus each.
    """
    units = _units(panel)
    if UNITS_ON_HAND in panel.fields and DEPLETION in panel.fields:
        on_hand, fall = panel.fields[UNITS_ON_HAND].astype(np.float64), trailing_mean(panel.fields[DEPLETION], 4)
        inputs = (on_hand, fall, on_hand / np.maximum(fall, 0.05))
    elif IN_STOCK in panel.fields:
        inputs = (trailing_mean(_out(panel), 26), _weekly_rate(panel, 4), weeks_since(units > 0))
    else:
        inputs = (units, _weekly_rate(panel, 4), weeks_since(units > 0))
    stacked: DoubleArray = np.stack([np.log1p(np.maximum(np.nan_to_num(each), 0)) for each in inputs], axis=-1)
    return stacked


def fit_logistic_rule(
    inputs: DoubleArray, outcome: FloatArray, weights: DoubleArray | None = None
) -> Callable[[DoubleArray], DoubleArray]:
    """Fit the logistic regression; returns the function from inputs, shape ``(rows, 3)``, to probabilities."""
    model = LogisticRegression(max_iter=500).fit(inputs, outcome, sample_weight=weights)
    return lambda rows: np.asarray(model.predict_proba(rows)[:, 1], dtype=np.float64)
