"""The columns of what the model says and of how it turns out.

What a model says of weeks that it learned from is surer than what it will say of new ones. So for these weeks its
out-of-fold predictions stand in, and only later weeks are scored by the model itself.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from data.panel import Panel
from data.weeks import DateArray
from feature_service.bundle import Bundle
from feature_service.kernel.arrays import BoolArray, DoubleArray, FloatArray, GroupNumbers
from monitoring.drift.columns.column import (
    AVAILABILITY,
    INVENTORY,
    OUTCOME,
    PRICES,
    PURCHASE_ORDERS,
    SALES,
    SCORE,
    Column,
)
from monitoring.drift.statistics.clusters import CLUSTERS, sums_by
from monitoring.drift.statistics.histograms import histogram
from monitoring.drift.statistics.kinds import Calibration, Rate
from training.errors import TrainingFileError
from training.labels import Label

EVERYTHING = frozenset({SALES, PRICES, INVENTORY, AVAILABILITY, PURCHASE_ORDERS})


@dataclass(frozen=True)
class WatchedModel:
    """A model, and what it said out of fold of the weeks that it learned from.

    Attributes:
        name: And version, for people.
        bundle: The model.
        predictions: The file of its out-of-fold predictions.
    """

    name: str
    bundle: Bundle
    predictions: Path

    @property
    def learned_until(self) -> dt.date:
        """Monday of the last week that it learned from."""
        return dt.date.fromisoformat(self.bundle.contract.training_window[1])


def probabilities(
    model: WatchedModel, features: FloatArray, eligible: BoolArray, product_ids: tuple[str, ...], weeks: DateArray
) -> DoubleArray:
    """What the model says of some products, out of fold where it learned from the week.

    Args:
        model: The model.
        features: Shape ``(features, products, weeks)``.
        eligible: Where the label applies, shape ``(products, weeks)``.
        product_ids: Of the products.
        weeks: Mondays.
    Returns:
        Shape ``(products, weeks)``; NaN where it says nothing.
    Raises:
        TrainingFileError: If the file of the predictions cannot be read.
    """
    result = _out_of_fold(model.predictions, product_ids, weeks)
    for week in np.flatnonzero(weeks > np.datetime64(model.learned_until)):
        rows = np.flatnonzero(eligible[:, week])
        of_week = np.ascontiguousarray(features[:, rows, week].T)
        if not model.bundle.contract.takes_unknown:
            complete = np.isfinite(of_week).all(axis=1)
            rows, of_week = rows[complete], of_week[complete]
        result[rows, week] = model.bundle.predict(of_week)
    return result


def outcome_columns(
    eligible: BoolArray, probability: DoubleArray | None, target: Label, sample: Panel, clusters: GroupNumbers
) -> Iterator[Column]:
    """How often the outcome was positive; of a model, how its probabilities are spread, and whether they came true.

    Args:
        eligible: Where the label applies, shape ``(products, weeks)``.
        probability: Of the same shape; None without a model.
        target: The label.
        sample: The products.
        clusters: Of each product.
    """
    late = target.outcome_weeks(sample)
    outcome = target.outcome(sample)[:, -eligible.shape[1] :]
    known = eligible & np.isfinite(outcome)
    known[:, -late:] = False
    yield _outcome("label rate", Rate(), [known & (outcome == 1), known], clusters, late)
    if probability is None:
        return
    both = known & np.isfinite(probability)
    parts = [both & (outcome == 1), np.where(both, probability, 0), both]
    yield _outcome("calibration", Calibration(), parts, clusters, late)
    spread, counts = histogram(probability, clusters)
    yield Column("probability", SCORE, spread, counts, EVERYTHING, measure="probability")


def _outcome(
    name: str, statistic: Rate | Calibration, parts: list[BoolArray | DoubleArray], clusters: GroupNumbers, late: int
) -> Column:
    sums = sums_by(clusters, CLUSTERS, np.stack(parts, axis=-1).astype(np.float64))
    return Column(name, OUTCOME, statistic, sums, EVERYTHING, measure=name, late_weeks=late)


def _out_of_fold(predictions: Path, product_ids: tuple[str, ...], weeks: DateArray) -> DoubleArray:
    result = np.full((len(product_ids), len(weeks)), np.nan)
    rows = pl.DataFrame({"product_id": product_ids, "row": np.arange(len(product_ids))})
    columns = pl.DataFrame(
        {"as_of_week": weeks, "column": np.arange(len(weeks))}, schema_overrides={"as_of_week": pl.Date}
    )
    try:
        found = (
            pl.scan_parquet(predictions)
            .select("product_id", "as_of_week", "probability")
            .join(rows.lazy(), on="product_id")
            .join(columns.lazy(), on="as_of_week")
            .collect()
        )
    except (OSError, pl.exceptions.PolarsError) as error:
        raise TrainingFileError(
            f"{predictions} holds no predictions of a backtest ({error}): run the backtest again"
        ) from error
    result[found["row"], found["column"]] = found["probability"]
    return result
