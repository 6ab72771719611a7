"""What a model says of a panel in parts: where its label applies and why, by executors, in the panel's order."""

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from pyspark.sql import DataFrame

from data.panel import LOCATION, Panel
from data.panel.totals_file import from_bytes, to_bytes
from data.snapshots import Reasons
from feature_service.bundle import Bundle
from feature_service.kernel import FeatureSet, PanelFeatures, feature_set
from feature_service.kernel.arrays import BoolArray
from feature_service.kernel.groups import SharedTotals, joined
from orchestration.spark.panel import PanelLayout, part_of
from orchestration.spark.rows import BUCKET, Schema, arrow, arrow_schema, struct, write_parquet
from training.explain import REASONS, explain
from training.labels import Label

_SCORED: Schema = {
    "product_id": pl.String,
    "eligible": pl.Binary,
    "feature": pl.Binary,
    "contribution": pl.Binary,
}
_TOTALS: Schema = {"totals": pl.Binary}


def score(
    parts: DataFrame, layout: PanelLayout, panel: Panel, target: Label, bundle_dir: Path, folder: Path
) -> tuple[BoolArray, Reasons | None]:
    """Where the label applies, and the reasons of the newest week.

    Args:
        parts: The panel's.
        layout: How they are read.
        panel: The same panel, put together.
        target: The label.
        bundle_dir: The model, in the work dir.
        folder: Takes what executors write.
    """
    has_groups = bool(panel.groups)
    definition = feature_set(Bundle.load(bundle_dir).contract.feature_set)
    shared = shared_totals(parts, layout, definition, has_groups=has_groups)
    told = parts.sparkSession.sparkContext.broadcast(shared)
    schema = arrow_schema(_SCORED)

    def scored(rows: pa.Table) -> pa.Table:
        part = part_of(rows, layout, has_groups=has_groups)
        eligible = target.eligible(part)
        reasons = explain(part, eligible, bundle_dir, told.value)
        nothing = [None] * len(part.product_ids)
        columns = {
            "product_id": list(part.product_ids),
            "eligible": [row.tobytes() for row in eligible],
            "feature": nothing if reasons is None else [row.tobytes() for row in reasons.feature],
            "contribution": nothing if reasons is None else [row.tobytes() for row in reasons.contribution],
        }
        return arrow(pl.DataFrame(columns, schema=_SCORED), schema)

    write_parquet(parts.groupBy(BUCKET).applyInArrow(scored, struct(schema)), folder)
    return _assembled(folder, panel)


def shared_totals(
    parts: DataFrame, layout: PanelLayout, definition: FeatureSet, *, has_groups: bool
) -> SharedTotals | None:
    """The sums over all products and over locations; items lie in one bucket each. None if the set needs no sums."""
    if definition.measures is None:
        return None
    schema = arrow_schema(_TOTALS)

    def totals(rows: pa.Table) -> pa.Table:
        part = part_of(rows, layout, has_groups=has_groups)
        if not part.product_ids:
            return schema.empty_table()
        features = PanelFeatures(definition, part.fields, part.groups, purchase_orders=part.purchase_orders)
        found = features.shared_totals([LOCATION])
        return pa.table({"totals": [] if found is None else [to_bytes(found)]}, schema)

    found = parts.groupBy(BUCKET).applyInArrow(totals, struct(schema)).collect()
    return joined([from_bytes(bytes(row["totals"])) for row in found])


def _assembled(folder: Path, panel: Panel) -> tuple[BoolArray, Reasons | None]:
    products, weeks = len(panel.product_ids), len(panel.weeks)
    ids = pa.array(panel.product_ids, pa.string())
    eligible = np.empty((products, weeks), dtype=np.bool_)
    feature = np.empty((products, REASONS), dtype=np.int16)
    contribution = np.empty((products, REASONS), dtype=np.float32)
    has_reasons = True
    for batch in ds.dataset(folder, partitioning=None).to_batches():
        if not len(batch):
            continue
        at = pc.index_in(batch["product_id"], ids).to_numpy(zero_copy_only=False)
        eligible[at] = np.frombuffer(b"".join(batch["eligible"].to_pylist()), dtype=np.bool_).reshape(-1, weeks)
        has_reasons = has_reasons and not batch["feature"].null_count
        if has_reasons:
            for name, matrix in (("feature", feature), ("contribution", contribution)):
                matrix[at] = np.frombuffer(b"".join(batch[name].to_pylist()), matrix.dtype).reshape(-1, REASONS)
    return eligible, Reasons(feature, contribution) if has_reasons else None
