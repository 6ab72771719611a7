"""The training table of a panel in parts: rows by executors, in the order of the table, written by the driver."""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyspark.sql import DataFrame

from data.panel import Panel
from data.weeks import week_number
from feature_service.json_record import parse_json
from feature_service.kernel import feature_set
from feature_service.kernel.groups import SharedTotals
from orchestration.spark.panel import PanelLayout, empty_part, part_of
from orchestration.spark.rows import BUCKET, struct, write_parquet
from orchestration.spark.scoring import shared_totals
from training.dataset import AS_OF_WEEK, META, OUTCOME, PRODUCT, PRODUCT_ID, RUN_OUT, digest_of
from training.labels import label
from training.labels.run_out import known_at
from training.table import ROWS_PER_GROUP, write_training_table


@dataclass(frozen=True)
class TableSettings:
    """What a training table holds; see ``write_training_table``."""

    label_name: str
    feature_set_name: str
    horizon_weeks: int
    alpha: float


def write_features(
    parts: DataFrame, layout: PanelLayout, panel: Panel, settings: TableSettings, scratch: Path, to: Path
) -> tuple[int, int]:
    """Write the table that ``write_training_table`` writes of the whole panel.

    Args:
        parts: The panel's.
        layout: How they are read.
        panel: The same panel, put together.
        settings: What is wanted.
        scratch: Takes what executors write.
        to: The table's file.
    Returns:
        Rows, and those of which the outcome is known.
    """
    definition, has_groups = feature_set(settings.feature_set_name), bool(panel.groups)
    schema = _table_of(empty_part(layout), settings).schema  # refuses what is refused of all products
    told = parts.sparkSession.sparkContext.broadcast(shared_totals(parts, layout, definition, has_groups=has_groups))
    plain = pa.schema([pa.field(each.name, pa.string() if each.name == PRODUCT_ID else each.type) for each in schema])

    def rows_of(rows: pa.Table) -> pa.Table:
        part = part_of(rows, layout, has_groups=has_groups)
        return _table_of(part, settings, told.value).cast(plain) if part.product_ids else plain.empty_table()

    ordered = parts.groupBy(BUCKET).applyInArrow(rows_of, struct(plain)).orderBy(AS_OF_WEEK, PRODUCT_ID)
    write_parquet(ordered, scratch)
    target = label(settings.label_name, horizon_weeks=settings.horizon_weeks, alpha=settings.alpha)
    of_all = {"outcome_weeks": target.outcome_weeks(panel), "panel_ids": digest_of(panel.product_ids)}
    meaning = parse_json(schema.metadata[META]) | of_all
    return _write_table(scratch, schema.with_metadata({META: json.dumps(meaning).encode()}), panel, to)


def _table_of(part: Panel, settings: TableSettings, shared: SharedTotals | None = None) -> pa.Table:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.parquet"
        write_training_table(
            part,
            settings.label_name,
            settings.feature_set_name,
            file,
            horizon_weeks=settings.horizon_weeks,
            alpha=settings.alpha,
            shared=shared,
        )
        return pq.read_table(file, read_dictionary=[])


def _write_table(scratch: Path, schema: pa.Schema, panel: Panel, to: Path) -> tuple[int, int]:
    """Rows that are in order, in the table's groups of rows."""
    outcome_weeks = parse_json(schema.metadata[META])["outcome_weeks"]
    # of one part of the products a label may believe that it knows an outcome earlier than of all
    first_unknown = panel.weeks[-outcome_weeks]
    unknown_from = pa.scalar(first_unknown.item(), pa.date32())
    every_id = pa.array(panel.product_ids, pa.string())
    rows = known = 0
    with pq.ParquetWriter(to, schema) as writer:
        for group in _groups_of_rows(scratch, schema):
            late = pc.greater_equal(group[AS_OF_WEEK], unknown_from)
            outcome = pc.if_else(late, pa.scalar(None, pa.float32()), group[OUTCOME])
            ids = group[PRODUCT_ID].combine_chunks()
            columns = {PRODUCT_ID: _dictionary(ids), PRODUCT: pc.index_in(ids, every_id), OUTCOME: outcome}
            if RUN_OUT in schema.names:
                left = week_number(np.array([first_unknown])) - week_number(group[AS_OF_WEEK].to_numpy())
                times = known_at(group[RUN_OUT].to_numpy().astype(np.float32), np.maximum(left, 0))
                columns[RUN_OUT] = pl.Series(times).to_arrow()
            table = group
            for name, column in columns.items():
                table = table.set_column(schema.get_field_index(name), name, column)
            writer.write_table(table.cast(schema))
            rows, known = rows + len(table), known + len(table) - outcome.null_count
    return rows, known


def _dictionary(ids: pa.StringArray) -> pa.DictionaryArray:
    """The ids of these rows, with their dictionary in order."""
    names = ids.unique().sort()
    return pa.DictionaryArray.from_arrays(pc.index_in(ids, names), names)


def _groups_of_rows(scratch: Path, schema: pa.Schema) -> Iterator[pa.Table]:
    """``ROWS_PER_GROUP`` at a time, out of files whose names are in the order of their rows; at least one table."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    for path in sorted(scratch.glob("part-*.parquet")):
        for batch in pq.ParquetFile(path).iter_batches(ROWS_PER_GROUP):
            fits = min(len(batch), ROWS_PER_GROUP - count)
            waiting.append(batch.slice(0, fits))
            count += fits
            if count == ROWS_PER_GROUP:
                yield pa.Table.from_batches(waiting)
                waiting, count = [batch.slice(fits)], len(batch) - fits
    waiting = [batch for batch in waiting if len(batch)]
    yield pa.Table.from_batches(waiting) if waiting else schema.empty_table()
