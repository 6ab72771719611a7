"""From clean sales and counts to the panel: rows by bucket, as Parquet, by executors; put together by the driver."""

import dataclasses
import datetime as dt
import functools
import json
import mmap
import operator
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from pyspark.sql import DataFrame, SparkSession

from data.errors import PanelFileError
from data.history.sums import CleanSums
from data.ingest.result import (
    AVAILABILITY_SCHEMA,
    COUNTS_SCHEMA,
    PRODUCTS_SCHEMA,
    SALES_SCHEMA,
    CleanHistory,
    IngestReport,
)
from data.panel import Panel
from data.panel.build import build_products, order_terms, supplier_ids, suppliers
from data.panel.frame import PanelFrame, frame_of, reaches_up_to
from data.panel.groups import location_and_item, split_ids
from data.panel.order_rows import cells_of, orders_of_cells
from data.panel.reach import RecordDays, record_days_of
from data.panel.sparse_counts import DensitySums, density_sums
from data.weeks import DateArray, calendar
from feature_service.json_record import read_json
from feature_service.kernel.arrays import FloatArray
from feature_service.kernel.deliveries import PurchaseOrders
from orchestration.spark.clean import clean_history_of
from orchestration.spark.rows import BUCKET, Schema, arrow, arrow_schema, read_parquet, struct, write_parquet

_FIELDS, _ORDERS = "fields", "purchase_orders"
PRODUCTS_OF_PANEL: Schema = {
    BUCKET: pl.Int32,
    "product_id": pl.String,
    "category": pl.String,
    "exclusion": pl.String,
    **{name: kind for name, kind in PRODUCTS_SCHEMA.items() if name not in ("product_id", "category", "exclusion")},
    _FIELDS: pl.Binary,
    _ORDERS: pl.Binary,
}
"""Of each product: why it has no row, or its row of every field, float32, one field after the other, and its orders."""

_DENSITY: Schema = {"counts": pl.Int64, "product_weeks": pl.Int64, "fallen": pl.Int64, "sold": pl.Int64}


@dataclass(frozen=True)
class PanelLayout:
    """How the rows of a panel in parts are read.

    Attributes:
        first_week: Monday of the calendar's first week.
        as_of_week: Monday of its last.
        records_until: The day up to which every table has records.
        fields: Names, in the order in which a row holds them.
        has_orders: Whether the data tells of orders with suppliers.
    """

    first_week: dt.date
    as_of_week: dt.date
    records_until: dt.date
    fields: tuple[str, ...]
    has_orders: bool

    @property
    def weeks(self) -> DateArray:
        """The calendar."""
        return calendar(self.first_week, self.as_of_week)

    def to_json(self) -> str:
        """The layout as the text of its file."""
        return json.dumps(dataclasses.asdict(self), default=str) + "\n"

    @classmethod
    def read(cls, path: Path) -> "PanelLayout":
        """Read what :meth:`to_json` gave.

        Raises:
            PanelFileError: If the file is missing or broken.
        """
        try:
            return read_json(cls, path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise PanelFileError(
                f"the panel's parts in {path.parent} cannot be read ({error}): build it again"
            ) from error


def records_of_sums(sums: CleanSums, report: IngestReport) -> RecordDays:
    """The days of all records."""
    return record_days_of({table: sums.rows_by_day(table) for table in sums.days}, report)


def frame_of_clean(
    clean: DataFrame,
    records: RecordDays,
    report: IngestReport,
    as_of_week: dt.date,
    max_missing_days: int,
    lead_time_days: int,
) -> PanelFrame:
    """What all products of the panel share; see ``build_panel`` for the last three arguments and the errors."""
    reaches = reaches_up_to(records, as_of_week, max_missing_days)
    sums = DensitySums(0, 0, 0, 0)
    if not records.tables["inventory"].is_empty():
        sums = _density_sums(clean, report, as_of_week + dt.timedelta(days=6))
    density = sums.density(sales_are_known=not report.sales_are_depletion)
    frame = frame_of(records, reaches, as_of_week, density)
    return dataclasses.replace(frame, has_orders=report.purchase_orders_used > 0, lead_time_days=lead_time_days)


def layout_of(frame: PanelFrame, report: IngestReport) -> PanelLayout:
    """How the rows that are built within a frame are read."""
    schemas = (SALES_SCHEMA, PRODUCTS_SCHEMA, COUNTS_SCHEMA, AVAILABILITY_SCHEMA)
    sales, products, counts, flags = (pl.DataFrame(schema=schema) for schema in schemas)
    nobody = build_products(CleanHistory(sales, products, report, counts, flags), frame)
    first_week = frame.weeks[0].item()
    return PanelLayout(first_week, nobody.as_of_week, frame.records_until, tuple(nobody.fields), frame.has_orders)


def write_parts(clean: DataFrame, report: IngestReport, frame: PanelFrame, layout: PanelLayout, folder: Path) -> None:
    """Write the rows of every product, by bucket."""
    schema = arrow_schema(PRODUCTS_OF_PANEL)

    def build(key: tuple[pa.Scalar, ...], rows: pa.Table) -> pa.Table:
        history = clean_history_of(rows, report)
        panel = build_products(history, frame)
        matrix = np.stack([panel.fields[name] for name in layout.fields], axis=1)
        orders = cells_of(panel.purchase_orders or PurchaseOrders.none(len(matrix)))
        cells = {"product_id": panel.product_ids, _FIELDS: [row.tobytes() for row in matrix], _ORDERS: orders}
        of_ids = pl.DataFrame(cells, schema={name: PRODUCTS_OF_PANEL[name] for name in cells})
        excluded = {"product_id": list(panel.excluded), "reason": list(panel.excluded.values())}
        of_excluded = pl.DataFrame(excluded, schema={"product_id": pl.String, "reason": pl.String})
        products = (
            history.products.drop("exclusion")
            .join(of_ids, on="product_id", how="left")
            .join(of_excluded.rename({"reason": "exclusion"}), on="product_id", how="left")
            .with_columns(pl.lit(key[0].as_py(), dtype=pl.Int32).alias(BUCKET))
        )
        return arrow(products, schema)

    write_parquet(clean.groupBy(BUCKET).applyInArrow(build, struct(schema)), folder)


def read_parts(session: SparkSession, folder: Path) -> DataFrame:
    """What :func:`write_parts` wrote."""
    return read_parquet(session, [folder.as_uri()], arrow_schema(PRODUCTS_OF_PANEL))


def part_of(rows: pa.Table, layout: PanelLayout, *, has_groups: bool) -> Panel:
    """The panel of a bucket's rows: those of its products that have one, sorted."""
    rows = rows.filter(pc.is_valid(rows[_FIELDS])).sort_by("product_id").combine_chunks()
    ids = tuple(rows["product_id"].to_pylist())
    matrix = _matrix(rows[_FIELDS], layout)
    return Panel(
        product_ids=ids,
        weeks=layout.weeks,
        fields={name: np.ascontiguousarray(matrix[:, index]) for index, name in enumerate(layout.fields)},
        categories=tuple(rows["category"].to_pylist()),
        excluded={},
        groups=split_ids(ids) if has_groups else {},
        records_until=layout.records_until,
        purchase_orders=_orders_of(rows[_ORDERS], layout),
    )


def empty_part(layout: PanelLayout) -> Panel:
    """The panel of no product, of which everything that is refused is refused alike."""
    nobody = {name: np.empty((0, len(layout.weeks)), dtype=np.float32) for name in layout.fields}
    orders = PurchaseOrders.none(0) if layout.has_orders else None
    return Panel((), layout.weeks, nobody, (), {}, records_until=layout.records_until, purchase_orders=orders)


def orders_of_parts(folder: Path, layout: PanelLayout) -> PurchaseOrders | None:
    """The orders of all products, on the driver.

    Args:
        folder: What executors wrote.
        layout: How it is read.
    """
    rows = ds.dataset(folder, partitioning=None).to_table(
        columns=["product_id", _ORDERS], filter=pc.field(_FIELDS).is_valid()
    )
    return _orders_of(rows.sort_by("product_id")[_ORDERS], layout)


def _orders_of(cells: pa.BinaryArray | pa.ChunkedArray, layout: PanelLayout) -> PurchaseOrders | None:
    return orders_of_cells(cells.to_pylist()) if layout.has_orders else None


def assembled(folder: Path, layout: PanelLayout, scratch: Path) -> Panel:
    """The panel of all products, on the driver, whose memory holds what is looked at.

    Args:
        folder: What executors wrote.
        layout: How it is read.
        scratch: A folder on a disk with room for the matrices; their files have no names, and are gone with the panel.
    Raises:
        OSError: If it has no room.
    """
    whole = ds.dataset(folder, partitioning=None)
    columns = [name for name in PRODUCTS_OF_PANEL if name not in (BUCKET, _FIELDS, _ORDERS)]
    products = whole.to_table(columns=columns).sort_by("product_id")
    excluded = products.filter(pc.is_valid(products["exclusion"]))
    rows = products.filter(pc.is_null(products["exclusion"]))
    ids = rows["product_id"].combine_chunks()
    shape = (len(ids), len(layout.weeks))
    fields = {name: _on_disk(scratch, shape) for name in layout.fields}
    names = tuple(ids.to_pylist())
    lead_times = tuple(rows["lead_time_days"].to_pylist())
    of_rows = pl.DataFrame(pl.from_arrow(rows))
    panel = Panel(
        product_ids=names,
        weeks=layout.weeks,
        fields=fields,
        categories=tuple(rows["category"].to_pylist()),
        excluded=dict(zip(excluded["product_id"].to_pylist(), excluded["exclusion"].to_pylist(), strict=True)),
        groups=location_and_item(names),
        lead_time_days=lead_times if any(days is not None for days in lead_times) else (),
        order_terms=order_terms(of_rows),
        supplier_ids=supplier_ids(of_rows),
        suppliers=suppliers(of_rows),
        records_until=layout.records_until,
        purchase_orders=orders_of_parts(folder, layout),
    )
    for at, matrix in _blocks(whole, ids, layout):
        for index, name in enumerate(layout.fields):
            fields[name][at] = matrix[:, index]
        panel.release()
    return panel


def _on_disk(scratch: Path, shape: tuple[int, int]) -> FloatArray:
    size = max(1, 4 * shape[0] * shape[1])
    with tempfile.TemporaryFile(dir=scratch) as file:
        os.posix_fallocate(file.fileno(), 0, size)  # a full disk is said here, and later ends the process
        return np.ndarray(shape, np.float32, mmap.mmap(file.fileno(), size))


def _blocks(
    parts: ds.Dataset, ids: pa.StringArray, layout: PanelLayout
) -> Iterator[tuple[npt.NDArray[np.int64], FloatArray]]:
    """Some products' places among all, and their rows, shape ``(products, fields, weeks)``."""
    for batch in parts.to_batches(columns=["product_id", _FIELDS], filter=pc.field(_FIELDS).is_valid()):
        at = pc.index_in(batch["product_id"], ids).to_numpy(zero_copy_only=False).astype(np.int64)
        yield at, _matrix(batch[_FIELDS], layout)


def _matrix(cells: pa.BinaryArray | pa.ChunkedArray, layout: PanelLayout) -> FloatArray:
    shape = (len(cells), len(layout.fields), len(layout.weeks))
    values: FloatArray = np.frombuffer(b"".join(cells.to_pylist()), dtype=np.float32).reshape(shape)
    return values


def _density_sums(clean: DataFrame, report: IngestReport, sunday: dt.date) -> DensitySums:
    schema = arrow_schema(_DENSITY)

    def sums(rows: pa.Table) -> pa.Table:
        found = density_sums(clean_history_of(rows, report), sunday)
        return pa.table({name: [value] for name, value in vars(found).items()}, schema)

    rows = clean.groupBy(BUCKET).applyInArrow(sums, struct(schema)).collect()
    return functools.reduce(operator.add, (DensitySums(**row.asDict()) for row in rows), DensitySums(0, 0, 0, 0))
