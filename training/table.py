"""From a panel to the training table: features and outcomes of every row in which the label applies."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from data.panel import Panel
from feature_service.bundle import LabelContract
from feature_service.kernel import PanelFeatures, feature_set
from feature_service.kernel.arrays import BoolArray, FloatArray
from training.dataset import AS_OF_WEEK, META, OUTCOME, PRODUCT_ID, ColumnMeaning
from training.labels import DEFAULT_ALPHA, bounds_in, label, variant_of

_ROWS_PER_GROUP = 65_536


@dataclass(frozen=True)
class TableCounts:
    """What went into a training table.

    Attributes:
        rows: Rows written.
        outcomes_known: Rows whose outcome is known.
        positives: Rows whose outcome is 1.
        features_unknown: Eligible rows left out because a feature is not known.
    """

    rows: int
    outcomes_known: int
    positives: int
    features_unknown: int


def write_training_table(
    panel: Panel,
    label_name: str,
    feature_set_name: str,
    to: Path,
    *,
    horizon_weeks: int = 1,
    alpha: float = DEFAULT_ALPHA,
) -> TableCounts:
    """Compute the features of every row in which the label applies, and write them with their outcomes.

    Rows to which the label does not apply teach nothing, and are not written; nor are rows with an unknown feature,
    unless models of the feature set take what is not known.

    Raises:
        UnknownLabelError, LabelSettingError, LabelInputError, LabelFeaturesError, UnknownFeatureSetError,
            InsufficientHistoryError: See there.
    """
    chosen = feature_set(feature_set_name)
    target = label(label_name, horizon_weeks=horizon_weeks, alpha=alpha)
    of_panel = PanelFeatures(chosen, panel.fields, panel.groups)  # a file that lacks is told by its features first
    eligible = target.eligible(panel)
    features = _eligible_features(of_panel, eligible)
    # transposed, so that rows come week by week and a block of weeks is one slice of the file
    week, product = np.nonzero(eligible.T)
    outcome = target.outcome(panel)[product, week]
    keep = np.arange(len(week)) if chosen.unknown_allowed else np.flatnonzero(np.isfinite(features).all(axis=1))
    meaning = ColumnMeaning(
        chosen.name,
        LabelContract(
            name=target.name,
            description=target.description,
            evidence=target.evidence,
            horizon_weeks=target.horizon_weeks,
            applies_where=bounds_in(chosen, target),
            variant=variant_of(getattr(target, "alpha", DEFAULT_ALPHA)),
        ),
        target.outcome_weeks(panel),
    )
    ids, names = pl.Series(panel.product_ids), (PRODUCT_ID, AS_OF_WEEK, OUTCOME, *chosen.feature_names)
    with pq.ParquetWriter(to, _schema(chosen.feature_names, meaning)) as writer:
        for first in range(0, max(len(keep), 1), _ROWS_PER_GROUP):
            rows = keep[first : first + _ROWS_PER_GROUP]
            keys = (ids.gather(product[rows]), panel.weeks[week[rows]], pl.Series(outcome[rows]).fill_nan(None))
            columns = (*keys, *features[rows].T)
            frame = pl.DataFrame([pl.Series(name, values) for name, values in zip(names, columns, strict=True)])
            # Polars hands its columns over; pa.array would import pandas first, which takes 0.5 s and 45 MB
            writer.write_table(frame.to_arrow().cast(writer.schema))
    known = outcome[keep]
    return TableCounts(
        rows=len(keep),
        outcomes_known=int(np.isfinite(known).sum()),
        positives=int((known == 1).sum()),
        features_unknown=len(week) - len(keep),
    )


def _eligible_features(features: PanelFeatures, eligible: BoolArray) -> FloatArray:
    """The features of the rows in which the label applies, week by week, shape ``(rows, features)``.

    Products are computed some at a time, so that the features of all products and weeks are never there at once.
    """
    of_week = eligible.sum(axis=0)
    result = np.empty((int(of_week.sum()), len(features.feature_set.features)), dtype=np.float32)
    next_row = np.cumsum(of_week) - of_week
    for products, values in features.blocks():
        week, product = np.nonzero(eligible[products].T)
        counts = np.bincount(week, minlength=len(of_week))
        before = np.cumsum(counts) - counts
        result[np.arange(len(week)) + np.repeat(next_row - before, counts)] = values[:, product, week].T
        next_row += counts
    return result


def _schema(feature_names: tuple[str, ...], meaning: ColumnMeaning) -> pa.Schema:
    keys = {PRODUCT_ID: pa.dictionary(pa.int32(), pa.string()), AS_OF_WEEK: pa.date32(), OUTCOME: pa.float32()}
    fields = keys | dict.fromkeys(feature_names, pa.float32())
    return pa.schema(list(fields.items()), {META: json.dumps(asdict(meaning)).encode()})
