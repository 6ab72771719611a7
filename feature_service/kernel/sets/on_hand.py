"""Features that compare a stock with the history of its product, kept apart so that any stock can be put in.

The history is a product's past up to ``as_of`` without the stock at the week's end: nothing in it depends on that
figure. So a client's own figure needs these few operations alone, and gives what the panel would have given with it.
Each value of the history has the shape of the stock, ``(rows, columns)``; the two ``past_`` ones have
``(rows, weeks)``, up to the last column.
"""

from collections.abc import Callable

import numpy as np

from feature_service.kernel.arrays import DoubleArray
from feature_service.kernel.features import Feature, History, StockFormula
from feature_service.kernel.phrases import Phrase, counted, enough_for, share, times
from feature_service.kernel.series import ratio


def share_reaching(past: DoubleArray, stock: DoubleArray) -> DoubleArray:
    """Share of the known past weeks whose value is at least the stock, pulled a little towards 0.1.

    Args:
        past: Shape ``(rows, weeks)``.
        stock: Shape ``(rows, columns)``: of the last so many weeks.
    """
    result = np.full(stock.shape, np.nan)
    first = past.shape[1] - stock.shape[1]
    known = np.cumsum(np.isfinite(past), axis=1)[:, first:]
    for column in range(stock.shape[1]):
        reached = (past[:, : first + column + 1] >= stock[:, column : column + 1]).sum(axis=1)  # NaN never does
        result[:, column] = ratio(reached + 0.1, known[:, column] + 1.0)
    return np.where(np.isfinite(stock) & (known > 0), result, np.nan)


def _cover(stock: DoubleArray, units_per_week: DoubleArray) -> DoubleArray:
    """Weeks that the stock lasts, 99 at most."""
    return np.minimum(ratio(stock, np.maximum(units_per_week, 0.05)), 99)


def margin(stock: DoubleArray, mean: DoubleArray, variance: DoubleArray) -> DoubleArray:
    """How far the stock lies above the expected demand, in standard deviations: 0 is an even chance."""
    return np.clip(ratio(stock - mean, np.sqrt(variance)), -9, 30)


def noisy(mean: DoubleArray, history: History) -> DoubleArray:
    """Variance of a week's demand: that of its days, of the count, and of the mean itself."""
    return history["weekly_noise"] + 0.3 * mean * mean + mean


def _formula(
    name: str, unit: str, phrase: Phrase, value: Callable[[DoubleArray, History], DoubleArray], weeks: int = 1
) -> StockFormula:
    return StockFormula(Feature(name, unit, weeks, phrase), value)


STOCK_FORMULAS: tuple[StockFormula, ...] = (
    _formula("units_on_hand", "units", counted("{} on hand", "unit"), lambda stock, _: stock),
    _formula(
        "cover_weeks_4",
        "weeks",
        counted("the stock lasts {} at the pace of the last 4 weeks", "week", 1),
        lambda s, h: _cover(s, h["depletion_mean_4"]),
    ),
    _formula(
        "cover_to_receipt",
        "ratio",
        times("the stock is {}", "what goes before the usual delivery day"),
        lambda s, h: _cover(s, h["depletion_until_receipt"]),
    ),
    _formula(
        "cover_weeks_pooled",
        "weeks",
        counted("the stock lasts {} at the pace here and in other shops", "week", 1),
        lambda s, h: _cover(s, h["mean_pooled"]),
    ),
    _formula(
        "margin_poisson",
        "standard deviations",
        enough_for("a usual week needs"),
        lambda s, h: margin(s, h["mean_8"], h["mean_8"]),
    ),
    _formula(
        "margin_weekly",
        "standard deviations",
        enough_for("a week needs, given how its weeks differ"),
        lambda s, h: margin(s, h["mean_8"], h["variance_8"]),
    ),
    _formula(
        "margin_daily",
        "standard deviations",
        enough_for("a week needs, given how its days differ"),
        lambda s, h: margin(s, h["mean_own"], noisy(h["mean_own"], h)),
    ),
    _formula(
        "margin_pooled",
        "standard deviations",
        enough_for("a week needs, going by this and other shops"),
        lambda s, h: margin(s, h["mean_pooled"], noisy(h["mean_pooled"], h)),
    ),
    _formula(
        "margin_drop",
        "standard deviations",
        enough_for("a week usually takes off the shelf"),
        lambda s, h: np.clip(ratio(s - h["drop_mean"], h["drop_spread"] + 0.5 + 0.2 * h["drop_mean"]), -9, 30),
        2,
    ),
    _formula(
        "past_drop_reached",
        "share",
        share("in {} of past weeks the shelf fell by as much as is there now"),
        lambda s, h: share_reaching(h["past_drops"], s),
        2,
    ),
    _formula(
        "past_depletion_reached",
        "share",
        share("in {} of past weeks as many units went as are there now"),
        lambda s, h: share_reaching(h["past_depletion_7"], s),
    ),
    _formula(
        "stock_to_max",
        "share",
        share("the stock is {} of the highest it ever had"),
        lambda s, h: ratio(s, h["highest"]),
    ),
    _formula(
        "stock_to_receipt",
        "ratio",
        times("the stock is {}", "a usual delivery"),
        lambda s, h: np.minimum(ratio(s, h["receipt_size"]), 50),
    ),
    _formula(
        "stock_to_reorder_level",
        "ratio",
        times("the stock is {}", "what is left when a delivery usually comes"),
        lambda s, h: np.minimum(ratio(s, np.maximum(h["reorder_level"], 0.5)), 50),
    ),
    _formula(
        "stock_to_week_before",
        "ratio",
        times("the stock is {}", "that of a week before"),
        lambda s, h: np.minimum(ratio(s, np.maximum(h["week_before"], 0.5)), 20),
        2,
    ),
    _formula(
        "depletion_last_3_to_stock",
        "ratio",
        times("the last 3 days used up {}", "what is left"),
        lambda s, h: np.minimum(ratio(h["depletion_last_3"], s), 20),
    ),
)
