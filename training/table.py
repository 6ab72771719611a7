"""From a panel to the training table: features and outcomes of every row in which the label applies."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from data.panel import Panel
from feature_service.bundle import LabelContract
from feature_service.kernel import PanelFeatures, feature_set
from feature_service.kernel.arrays import BoolArray, IntArray
from feature_service.kernel.groups import SharedTotals
from training.dataset import AS_OF_WEEK, META, OUTCOME, PRODUCT, PRODUCT_ID, RUN_OUT, ColumnMeaning, digest_of
from training.labels import DEFAULT_ALPHA, Label, bounds_in, eligible_rows, label, variant_of
from training.labels.run_out import has_run_out, run_out_times
from training.week_order import WeekOrder

ROWS_PER_GROUP = 65_536


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
    shared: SharedTotals | None = None,
) -> TableCounts:
    """Compute the features of every row in which the label applies, and write them with their outcomes.

    Rows to which the label does not apply teach nothing, and are not written; nor are rows with an unknown feature,
    unless models of the feature set take what is not known.

    Args:
        panel: Products x weeks.
        label_name: What is predicted.
        feature_set_name: From what.
        to: The file.
        horizon_weeks: Of the label, like ``alpha``.
        alpha: See ``UnusualZero``.
        shared: Sums over all products, where the panel holds a part of them.
    Raises:
        UnknownLabelError, LabelSettingError, LabelInputError, LabelFeaturesError, UnknownFeatureSetError,
            InsufficientHistoryError: See there.
    """
    chosen = feature_set(feature_set_name)
    target = label(label_name, horizon_weeks=horizon_weeks, alpha=alpha)
    # a file that lacks is told by its features first
    of_panel = PanelFeatures(chosen, panel.fields, panel.groups, shared, panel.purchase_orders)
    eligible = eligible_rows(target, panel)
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
        digest_of(panel.product_ids),
    )
    scratch = to.with_name(f".{to.name}-scratch")
    try:
        columns = (*chosen.feature_names, *((RUN_OUT,) if has_run_out(target) else ()))
        rows = WeekOrder(len(columns), len(panel.weeks), scratch)
        counts = _add_rows(of_panel, eligible, target, panel, rows)
        with pq.ParquetWriter(to, _schema(columns, meaning)) as writer:
            for table in _groups_of_rows(rows, panel, writer.schema):
                writer.write_table(table)
    finally:
        scratch.unlink(missing_ok=True)
    return counts


def _add_rows(
    features: PanelFeatures, eligible: BoolArray, target: Label, panel: Panel, rows: WeekOrder
) -> TableCounts:
    """Compute every row in which the label applies, some products at a time, and keep those that are written."""
    counts, outcome_weeks = np.zeros(4, dtype=np.int64), target.outcome_weeks(panel)
    for products, values in features.blocks():
        product, week = np.nonzero(eligible[products])
        of_rows = values.reshape(len(values), -1).take(product * values.shape[2] + week, axis=1)
        known = target.outcome(panel.part(products))
        known[:, -outcome_weeks:] = np.nan  # a label may look at all products to tell how long it takes
        outcome = known[product, week]
        if has_run_out(target):
            of_rows = np.concatenate([of_rows, run_out_times(known)[product, week][None]])
        if not features.feature_set.unknown_allowed:
            keep = np.isfinite(of_rows[: len(features.feature_set.features)]).all(axis=0)
            product, week, outcome, of_rows = product[keep], week[keep], outcome[keep], of_rows[:, keep]
            counts[3] += np.count_nonzero(~keep)
        counts[:3] += len(outcome), np.isfinite(outcome).sum(), (outcome == 1).sum()
        rows.add(product + products.start, week, outcome, of_rows)
        panel.release()
    return TableCounts(*counts.tolist())


def _groups_of_rows(rows: WeekOrder, panel: Panel, schema: pa.Schema) -> Iterator[pa.Table]:
    """The rows as the file holds them, ``ROWS_PER_GROUP`` at a time; at least one table, be it empty."""
    waiting: list[tuple[int, pa.RecordBatch]] = []
    count = 0
    for week, batch in rows.weeks():
        rest = batch
        while count + rest.num_rows > ROWS_PER_GROUP:
            fitting = ROWS_PER_GROUP - count
            yield _group([*waiting, (week, rest.slice(0, fitting))], panel, schema)
            waiting, count, rest = [], 0, rest.slice(fitting)
        waiting.append((week, rest))
        count += rest.num_rows
    yield _group(waiting, panel, schema)


def _group(batches: Sequence[tuple[int, pa.RecordBatch]], panel: Panel, schema: pa.Schema) -> pa.Table:
    if not batches:
        return schema.empty_table()
    rows = pa.Table.from_batches([batch for _, batch in batches]).combine_chunks()
    week = np.repeat([week for week, _ in batches], [batch.num_rows for _, batch in batches])
    product, outcome, *others = rows.columns
    keys = [_ids(panel.product_ids, pl.Series(product).to_numpy()), product, _arrow(panel.weeks[week])]
    return pa.table([*keys, pl.Series(outcome).fill_nan(None).to_arrow(), *others], schema)


def _arrow(values: np.ndarray) -> pa.Array:
    """By way of Polars: pa.array would import pandas first, which takes 0.5 s and 45 MB."""
    return pl.Series(values).to_arrow()


def _schema(columns: tuple[str, ...], meaning: ColumnMeaning) -> pa.Schema:
    ids = pa.dictionary(pa.int32(), pa.string())
    keys = {PRODUCT_ID: ids, PRODUCT: pa.int32(), AS_OF_WEEK: pa.date32(), OUTCOME: pa.float32()}
    fields = keys | dict.fromkeys(columns, pa.float32())
    return pa.schema(list(fields.items()), {META: json.dumps(asdict(meaning)).encode()})


def _ids(product_ids: tuple[str, ...], product: IntArray) -> pa.DictionaryArray:
    """The ids of these rows' products, and no others: a file keeps the dictionary of each group of rows."""
    of_rows, index = np.unique(product, return_inverse=True)
    names = pl.Series([product_ids[each] for each in of_rows], dtype=pl.String).to_arrow().cast(pa.string())
    return pa.DictionaryArray.from_arrays(_arrow(index.astype(np.int32)), names)
