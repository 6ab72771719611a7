"""The training table: one row per product and week in which the label applies, as a Parquet file.

Columns: ``product_id``, ``as_of_week`` (Monday), ``outcome`` (1, 0, or null where it is not known yet), then one
float32 column per feature. Rows are ordered by week, then product. What the columns mean is in the schema metadata.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from data.panel import Panel
from data.weeks import DateArray
from feature_service.bundle import LabelContract
from feature_service.json_record import read_json
from feature_service.kernel import feature_set, features_of_all_weeks
from feature_service.kernel.arrays import FloatArray, IntArray
from training.errors import TrainingFileError
from training.labels import DEFAULT_ALPHA, bounds_in, label, variant_of

PRODUCT_ID, AS_OF_WEEK, OUTCOME = "product_id", "as_of_week", "outcome"
_META = b"stockout.training_table"


@dataclass(frozen=True)
class ColumnMeaning:
    """What a training table says of its own columns, as JSON in its schema: the feature set and the outcome's label."""

    feature_set: str
    label: LabelContract
    outcome_weeks: int


@dataclass(frozen=True)
class TrainingRows:
    """Rows of the training table in memory.

    Attributes:
        feature_set: Versioned name.
        feature_names: Columns of ``features``.
        label: What ``outcome`` is the outcome of.
        outcome_weeks: Weeks after ``as_of_week`` until it is known.
        features: Shape ``(rows, features)``; NaN only where the feature set's models take what is not known.
        outcome: 1 or 0; NaN where not known yet; shape ``(rows,)``.
        as_of_week: Monday of the last week that each row knows, shape ``(rows,)``.
        product: Index of each row's product in ``product_ids``, shape ``(rows,)``.
        product_ids: What ``product`` points into.
    """

    feature_set: str
    feature_names: tuple[str, ...]
    label: LabelContract
    outcome_weeks: int
    features: FloatArray
    outcome: FloatArray
    as_of_week: DateArray
    product: IntArray
    product_ids: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.outcome)

    def column(self, feature_name: str) -> FloatArray:
        """One feature of every row."""
        return self.features[:, self.feature_names.index(feature_name)]


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
    features = features_of_all_weeks(chosen, panel.fields, groups=panel.groups)
    eligible = target.eligible(panel)
    keep = eligible if chosen.unknown_allowed else eligible & np.isfinite(features).all(axis=0)
    # transposed, so that rows come week by week and a block of weeks is one slice of the file
    week, product = np.nonzero(keep.T)
    outcome = target.outcome(panel)[product, week]
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
    ids = pa.DictionaryArray.from_arrays(pa.array(product.astype(np.int32)), pa.array(panel.product_ids, pa.string()))
    columns = {
        PRODUCT_ID: ids,
        AS_OF_WEEK: pa.array(panel.weeks[week]),
        OUTCOME: pa.array(outcome, from_pandas=True),
        **{name: pa.array(features[i][product, week]) for i, name in enumerate(chosen.feature_names)},
    }
    table = pa.table(columns).replace_schema_metadata({_META: json.dumps(asdict(meaning)).encode()})
    pq.write_table(table, to)
    return TableCounts(
        rows=len(week),
        outcomes_known=int(np.isfinite(outcome).sum()),
        positives=int((outcome == 1).sum()),
        features_unknown=int(eligible.sum() - keep.sum()),
    )


def read_training_table(path: Path) -> TrainingRows:
    """Read what :func:`write_training_table` wrote.

    Raises:
        TrainingFileError: If the file is missing, or no such table.
    """
    try:
        table = pq.read_table(path)
        columns = read_json(ColumnMeaning, (table.schema.metadata or {})[_META])
        return _rows_of(table, columns)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise TrainingFileError(f"the training table {path} cannot be read: {error}") from error
    except KeyError:
        raise TrainingFileError(f"{path} is no training table: it does not say what its columns mean") from None


def _rows_of(table: pa.Table, columns: ColumnMeaning) -> TrainingRows:
    names = tuple(name for name in table.column_names if name not in (PRODUCT_ID, AS_OF_WEEK, OUTCOME))
    features = np.empty((table.num_rows, len(names)), dtype=np.float32)
    for index, name in enumerate(names):
        features[:, index] = table[name].to_numpy()
    ids = table[PRODUCT_ID].combine_chunks()
    ids = ids.dictionary_encode() if not pa.types.is_dictionary(ids.type) else ids
    return TrainingRows(
        feature_set=columns.feature_set,
        feature_names=names,
        label=columns.label,
        outcome_weeks=columns.outcome_weeks,
        features=features,
        outcome=table[OUTCOME].to_numpy().astype(np.float32),
        as_of_week=table[AS_OF_WEEK].to_numpy().astype("datetime64[D]"),
        product=ids.indices.to_numpy().astype(np.int64),
        product_ids=tuple(ids.dictionary.to_pylist()),
    )
