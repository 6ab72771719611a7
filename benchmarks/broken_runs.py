"""Refreshes that must not come through: the champion's recipe on data, or with a fit, that went wrong."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

import numpy as np

from benchmarks.markets import Market, Version
from data.weeks import WeekNumbers
from feature_service.kernel.arrays import BoolArray, DoubleArray, FloatArray, IntArray

NEWEST_WEEKS = 4

Numbers = TypeVar("Numbers", FloatArray, DoubleArray)


def outcomes_shuffled_in_the_input(market: Market, week: int) -> Version:
    """All outcomes belong to other products: a wrong join of the counts."""
    rows = market.known_at(week, market.rows)
    return market.train(week, replace(rows, outcome=_shuffled(rows.outcome, rows.week)))


def learned_from_shuffled_outcomes(market: Market, week: int) -> Version:
    """The data are right, and the fit learned from outcomes of other products."""
    version = outcomes_shuffled_in_the_input(market, week)
    truth = market.known_at(week, market.rows).outcome
    row = np.flatnonzero(np.isfinite(truth) & (version.rows.week >= version.predictions.truth.week.min()))
    predictions = version.predictions
    return replace(version, predictions=replace(predictions, truth=replace(predictions.truth, outcome=truth[row])))


def features_of_other_products(market: Market, week: int) -> Version:
    """Features and outcomes were joined wrongly, in training and in what is scored."""
    rows = market.known_at(week, market.rows)
    order: IntArray = _shuffled(np.arange(len(rows)).astype(np.float64), rows.week).astype(np.int64)
    return market.train(week, replace(rows, matrix=rows.matrix[order]))


def half_of_the_products_missing(market: Market, week: int) -> Version:
    """Every second product is missing from the whole input."""
    return _without(market, week, market.rows.product % 2 == 0)


def half_missing_in_the_newest_weeks(market: Market, week: int) -> Version:
    """Every second product is missing from the newest weeks of the input."""
    newest = market.rows.week > week - market.rows.outcome_weeks - NEWEST_WEEKS
    return _without(market, week, newest & (market.rows.product % 2 == 0))


def _without(market: Market, week: int, missing: BoolArray) -> Version:
    rows = market.known_at(week, market.rows)
    return market.train(week, replace(rows, outcome=np.where(missing, np.float32(np.nan), rows.outcome)))


def _shuffled(values: Numbers, week: WeekNumbers) -> Numbers:
    """The known values of each week in another order."""
    random, result = np.random.default_rng(5), values.copy()
    for each in np.unique(week):
        rows = np.flatnonzero((week == each) & np.isfinite(values))
        result[rows] = random.permutation(values[rows])
    return result


BROKEN: Mapping[str, Callable[[Market, int], Version]] = {
    "outcomes shuffled in the input": outcomes_shuffled_in_the_input,
    "fitted on shuffled outcomes": learned_from_shuffled_outcomes,
    "features of other products": features_of_other_products,
    "half of the products missing": half_of_the_products_missing,
    f"half missing in the newest {NEWEST_WEEKS} weeks": half_missing_in_the_newest_weeks,
}
