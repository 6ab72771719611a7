"""From sales and stock counts to the weekly panel: products x weeks, dense, unknown kept apart from none."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import polars as pl

from data.ingest.contracts import DEFAULT_LEAD_TIME_DAYS, Exclusion
from data.ingest.result import CleanHistory
from data.panel import IN_STOCK, Panel, PanelBlocks, ProductTable, Supplier
from data.panel.frame import PanelFrame, frame_of, reaches_up_to
from data.panel.groups import location_and_item
from data.panel.on_order import orders_known
from data.panel.reach import DEFAULT_MAX_MISSING_DAYS, record_days
from data.panel.sparse_counts import density_of
from data.panel.weekly_sales import codes, days_from, first_weeks, weekly_sales
from data.panel.weekly_stock import DailyUnits, weekly_stock
from data.weeks import DateArray
from feature_service.kernel.arrays import FloatArray, IntArray
from feature_service.kernel.ordering import TERMS

_DAYS = 7
_CELLS_PER_BLOCK = 1_000_000


def build_panel(
    history: CleanHistory,
    *,
    as_of_week: dt.date,
    max_missing_days: int = DEFAULT_MAX_MISSING_DAYS,
    lead_time_days: int = DEFAULT_LEAD_TIME_DAYS,
) -> Panel:
    """The panel of :func:`panel_blocks` in memory."""
    blocks = panel_blocks(
        history, as_of_week=as_of_week, max_missing_days=max_missing_days, lead_time_days=lead_time_days
    )
    return blocks.whole()


def panel_blocks(
    history: CleanHistory,
    *,
    as_of_week: dt.date,
    max_missing_days: int = DEFAULT_MAX_MISSING_DAYS,
    lead_time_days: int = DEFAULT_LEAD_TIME_DAYS,
) -> PanelBlocks:
    """The panel as it was known at the end of one week; later sales and counts are ignored.

    The calendar runs from the week of the first record of all to ``as_of_week``. A product is known from its launch,
    which is its first sale or the first count above 0. From then on a week without sales is 0, before it is NaN, and so
    are weeks after the last record of all sales.

    Args:
        history: Clean sales, counts and products.
        as_of_week: Monday of the last week; see ``data.weeks.last_complete_week``.
        max_missing_days: Days at the week's end that a table may lack; see :mod:`data.panel.reach`.
        lead_time_days: Of products that have none of their own: their orders are expected so many days after they were
            placed, where no day is said. The panel's ``lead_time_days`` stay what the data says.
    Raises:
        AsOfOutsideDataError: If the history begins after that week, or a table ends before it.
        ValueError: If ``as_of_week`` is no Monday.
    """
    records = record_days(history)
    reaches = reaches_up_to(records, as_of_week, max_missing_days)
    density = density_of(history, as_of_week + dt.timedelta(days=_DAYS - 1))
    frame = replace(
        frame_of(records, reaches, as_of_week, density),
        has_orders=not history.purchase_orders.is_empty(),
        lead_time_days=lead_time_days,
    )
    made = _blocks_of_products(history, frame)
    return replace(made, products=replace(made.products, groups=location_and_item(made.products.ids)))


def build_products(history: CleanHistory, frame: PanelFrame) -> Panel:
    """The rows of some products, without what they share with others.

    Args:
        history: All that is known of these products.
        frame: Of the panel of all products.
    """
    return _blocks_of_products(history, frame).whole()


def _blocks_of_products(history: CleanHistory, frame: PanelFrame) -> PanelBlocks:
    sales = history.sales.filter(pl.col("sold_on") <= frame.sunday)
    counts = history.counts.filter(pl.col("counted_on") <= frame.sunday)
    in_stock = counts.filter(pl.col("units_on_hand") > 0)
    ids = pl.concat([sales["product_id"], in_stock["product_id"]]).unique().sort()
    of_ids = counts.filter(pl.col("product_id").is_in(ids.implode()))
    of_known = history.products.join(ids.to_frame(), on="product_id", how="semi")  # sorted by id, as ids are
    products = ProductTable(
        ids=tuple(ids.to_list()),
        categories=tuple(of_known["category"].to_list()),
        excluded=_excluded(history.products, ids),
        groups={},
        lead_time_days=_lead_times(of_known),
        order_terms=order_terms(of_known),
        supplier_ids=supplier_ids(of_known),
        suppliers=suppliers(of_known),
        records_until=frame.records_until,
    )
    made = _Fields(ids, frame, sales, of_ids, history.availability)
    orders = None
    if frame.has_orders:
        orders = orders_known(history.purchase_orders, of_known, frame.weeks, frame.lead_time_days)
    return PanelBlocks(products, frame.weeks, made.blocks(), orders)


class _Fields:
    """The matrices, some products at a time: only what was sold and counted is there for all of them."""

    def __init__(
        self,
        ids: pl.Series,
        frame: PanelFrame,
        sales: pl.DataFrame,
        counts: pl.DataFrame,
        availability: pl.DataFrame,
    ) -> None:
        weeks = frame.weeks
        self._frame, self._products, self._weeks, self._sales = frame, len(ids), len(weeks), sales
        self._product, self._day = codes(ids, sales["product_id"]), days_from(weeks[0], sales["sold_on"])
        counted, counted_on = codes(ids, counts["product_id"]), days_from(weeks[0], counts["counted_on"])
        self._found = DailyUnits(counted, counted_on, _units(counts["units_on_hand"])).by_product()
        self._sold = DailyUnits(self._product, self._day, _units(sales["units"]))
        self._first_sale = first_weeks(self._product, self._day // _DAYS, self._products, self._weeks)
        in_stock = self._found.units > 0
        first_stock = first_weeks(
            self._found.product[in_stock], self._found.day[in_stock] // _DAYS, self._products, self._weeks
        )
        # before the first sale of all products it is not known what was sold, whatever was counted
        self._launch = np.maximum(np.minimum(self._first_sale, first_stock), frame.first_sale)
        self._flags = _flags(ids, weeks, availability) if frame.has_flags else None

    def blocks(self) -> Iterator[dict[str, FloatArray]]:
        """In the order of the products; at least one, so that the names of the fields are known."""
        size = max(1, _CELLS_PER_BLOCK // (self._weeks * _DAYS))
        for first in range(0, max(self._products, 1), size):
            yield self._block(first, min(first + size, self._products))

    def _block(self, first: int, last: int) -> dict[str, FloatArray]:
        start, stop = np.searchsorted(self._product, (first, last))
        lines = slice(start, stop)
        product, day = self._product[lines] - first, self._day[lines]
        fields = weekly_sales(self._sales[lines], product, day, self._launch[first:last], self._weeks)
        for matrix in fields.values():
            matrix[:, self._frame.known_weeks :] = (
                np.nan
            )  # after the last record of all sales they are unknown, not empty
        if self._frame.has_counts:
            found, sold = self._found.of(first, last), self._sold.of(first, last)
            fields |= weekly_stock(
                found, products=last - first, weeks=self._weeks, density=self._frame.density, sold=sold
            )
        if self._flags is not None:
            flags = self._flags.of(first, last)
            fields[IN_STOCK] = _in_stock(flags, self._first_sale[first:last], self._weeks)
        return fields


def _units(units: pl.Series) -> FloatArray:
    return units.to_numpy().astype(np.float32)


def _flags(ids: pl.Series, weeks: DateArray, availability: pl.DataFrame) -> DailyUnits:
    """The flags of every product: 1 or 0 on the day that begins a week."""
    known = availability.filter(pl.col("product_id").is_in(ids.implode()) & (pl.col("week") <= weeks[-1].item()))
    product, day = codes(ids, known["product_id"]), days_from(weeks[0], known["week"])
    return DailyUnits(product, day, _units(known["in_stock"])).by_product()


def _in_stock(flags: DailyUnits, first_sale: IntArray, weeks: int) -> FloatArray:
    """1 or 0, NaN without a flag; "out of stock" before the first sale means "not listed yet", so it is unknown."""
    matrix = np.full((len(first_sale), weeks), np.nan, dtype=np.float32)
    matrix[flags.product, flags.day // _DAYS] = flags.units
    not_listed = (matrix == 0) & (np.arange(weeks) < first_sale[:, None])
    return np.where(not_listed, np.float32(np.nan), matrix)


def _lead_times(products: pl.DataFrame) -> tuple[int | None, ...]:
    days = products["lead_time_days"]
    return tuple(days.to_list()) if days.count() else ()


def order_terms(products: pl.DataFrame) -> dict[str, tuple[float | None, ...]]:
    """How products of ``CleanHistory.products`` can be ordered, as a panel has it."""
    return {name: tuple(products[name].to_list()) for name in TERMS if products[name].count()}


def supplier_ids(products: pl.DataFrame) -> tuple[str, ...]:
    """Who delivers them, as a panel has it."""
    ids = products["supplier_id"]
    return tuple(ids.fill_null("").to_list()) if ids.count() else ()


def suppliers(products: pl.DataFrame) -> dict[str, Supplier]:
    """Those of whom more is known than the id."""
    known = pl.any_horizontal(pl.col("supplier_name", "minimum_order_value").is_not_null())
    columns = products.filter(known).select("supplier_id", "supplier_name", "minimum_order_value")
    rows = columns.unique("supplier_id", keep="first").sort("supplier_id").iter_rows()
    return {supplier_id: Supplier(name or "", least) for supplier_id, name, least in rows}


def _excluded(products: pl.DataFrame, ids: pl.Series) -> dict[str, str]:
    """The reason of every product without a row; one that has sales, but none yet, is not launched."""
    others = products.join(pl.DataFrame({"product_id": ids}), on="product_id", how="anti", maintain_order="left")
    reasons = others.select("product_id", pl.col("exclusion").fill_null(Exclusion.NOT_LAUNCHED.value))
    return dict(reasons.iter_rows())
