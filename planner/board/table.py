"""All products of a question as columns, so that any of 100,000 is found, filtered and sorted in milliseconds."""

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from feature_service.client import ProductRisk, SuggestedOrder
from planner.board.view import COLUMNS

Floats = NDArray[np.float64]
Codes = NDArray[np.int32]

OUT_OF_STOCK = "OUT_OF_STOCK"
FIGURES = (
    "probability",
    "relief_probability",
    "money_before_relief",
    "money_in_horizon",
    "units_on_hand",
    "weeks_of_cover",
    "expected_demand_units",
    "reorder_by",
    "out_by",
    "relief",
    "out_since",
    "units_lost_per_week",
    "money_lost_per_week",
    "order_units",
    "order_cost",
)
"""Columns of numbers, NaN where it is not known; days are proleptic ordinals."""

_CHUNK = 2000


@dataclass(frozen=True)
class Labels:
    """A column of few different texts: ``names[codes[row]]``; the names are sorted, and one may be empty."""

    names: tuple[str, ...]
    codes: Codes

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Labels":
        """From the text of each row."""
        names = tuple(sorted(set(texts)))
        code_of = {name: code for code, name in enumerate(names)}
        return cls(names, np.fromiter((code_of[each] for each in texts), np.int32, len(texts)))

    @property
    def is_told(self) -> bool:
        """Whether any row has one."""
        return any(self.names)

    @property
    def is_named(self) -> NDArray[np.bool_]:
        """Which rows have one."""
        return np.array([bool(each) for each in self.names], dtype=np.bool_)[self.codes]

    def name_of(self, row: int) -> str:
        """That of a row."""
        return self.names[int(self.codes[row])]

    def rows_of(self, name: str) -> NDArray[np.bool_]:
        """Which rows have this one."""
        found: NDArray[np.bool_] = self.codes == (self.names.index(name) if name in self.names else -1)
        return found


@dataclass(frozen=True)
class RiskTable:
    """Products at risk or out of stock, by id.

    Attributes:
        ids: The products.
        lowered: The same in lower case, for the search.
        row_of: Where each is.
        figures: The columns in ``FIGURES``, shape ``(rows,)``.
        alert: Whether it raises an alert.
        is_out: Whether it is out of stock.
        categories: Their names are the data's.
        suppliers: By id.
        supplier_names: The name of each supplier id, where the data has one.
        shops: Where ids are made of location and item; else all empty.
        orders: What to order, None where nobody knows.
        not_assessed: How many products have no answer, by reason.
    """

    ids: tuple[str, ...]
    lowered: tuple[str, ...]
    row_of: dict[str, int]
    figures: dict[str, Floats]
    alert: NDArray[np.bool_]
    is_out: NDArray[np.bool_]
    categories: Labels
    suppliers: Labels
    supplier_names: dict[str, str]
    shops: Labels
    orders: tuple[SuggestedOrder | None, ...]
    not_assessed: dict[str, int]
    _sorted: dict[tuple[str, bool], NDArray[np.intp]] = field(default_factory=dict, init=False, repr=False)

    def __len__(self) -> int:
        return len(self.ids)

    def sorted_rows(self, column: str, descending: bool) -> NDArray[np.intp]:
        """All rows by a column; ties are by id, and what is not known comes last.

        Args:
            column: ``product``, a column of labels or one of numbers. By ``money`` where none is known: by probability.
            descending: Biggest first.
        """
        key = column, descending
        if key not in self._sorted:
            values = self._sort_values(column)
            self._sorted[key] = np.argsort(-values if descending else values, kind="stable")
        return self._sorted[key]

    def _sort_values(self, column: str) -> Floats:
        labels = {"category": self.categories, "supplier": self.suppliers, "shop": self.shops}
        if column == "product":
            return np.arange(len(self), dtype=np.float64)
        if column in labels:
            return np.where(labels[column].is_named, labels[column].codes, np.nan)
        return self.figures["probability"] if column == "money" and not self.has_money else self.column(column)

    def column(self, name: str) -> Floats:
        """Of numbers: one of ``FIGURES``, or ``money``."""
        return self.money if name == "money" else self.figures[name]

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Those that hold anything, in the order in which they are shown."""
        labels = {"category": self.categories, "supplier": self.suppliers, "shop": self.shops}
        return tuple(
            each
            for each in COLUMNS
            if (labels[each].is_told if each in labels else np.isfinite(self.column(each)).any())
        )

    @cached_property
    def money(self) -> Floats:
        """At risk until relief can be there, or else within the horizon; for what is out of stock, lost in a week."""
        at_risk = self.figures["money_before_relief" if self.has_relief_money else "money_in_horizon"]
        return np.where(self.is_out, self.figures["money_lost_per_week"], at_risk)

    @cached_property
    def has_relief_money(self) -> bool:
        """Whether anything tells the money at risk until relief can be there."""
        return bool(np.isfinite(self.figures["money_before_relief"]).any())

    @cached_property
    def has_money(self) -> bool:
        """Whether anything tells money at risk at all."""
        return bool(np.isfinite(self.money).any())

    @cached_property
    def has_costs(self) -> bool:
        """Whether it is known what any order costs."""
        return bool(np.isfinite(self.figures["order_cost"]).any())


async def read_table(risks: AsyncIterator[ProductRisk]) -> RiskTable:
    """The table of a stream of all products."""
    builder = _Builder()
    async for risk in risks:
        builder.add(risk)
    return await asyncio.to_thread(builder.table)  # half a second of a big one, in which pages are asked for


class _Builder:
    """Takes what a row needs of each message, and lets the message go."""

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._rows: list[tuple[float, ...]] = []
        self._blocks: list[Floats] = []
        self._flags: list[tuple[bool, bool]] = []
        self._categories: list[str] = []
        self._suppliers: list[str] = []
        self._supplier_names: dict[str, str] = {}
        self._orders: list[SuggestedOrder | None] = []
        self._not_assessed: Counter[str] = Counter()

    def add(self, risk: ProductRisk) -> None:
        is_out = risk.error is not None and risk.error.reason == OUT_OF_STOCK
        if risk.error is not None and not is_out:
            self._not_assessed[risk.error.reason] += 1
            return
        order = risk.suggested_order
        supplier = order.supplier if order else None
        self._ids.append(risk.product_id)
        self._flags.append((bool(risk.alert), is_out))
        self._categories.append(risk.category)
        self._suppliers.append(supplier.supplier_id if supplier else "")
        if supplier:
            self._supplier_names[supplier.supplier_id] = supplier.name
        self._orders.append(order)
        self._rows.append(_figures(risk))
        if len(self._rows) == _CHUNK:
            self._blocks.append(np.array(self._rows))
            self._rows = []

    def table(self) -> RiskTable:
        rows = np.array(self._rows).reshape(-1, len(FIGURES))
        figures = np.concatenate([*self._blocks, rows])
        order = sorted(range(len(self._ids)), key=self._ids.__getitem__)
        ids = tuple(self._ids[row] for row in order)
        flags = np.array(self._flags, dtype=np.bool_).reshape(-1, 2)[order]
        return RiskTable(
            ids=ids,
            lowered=tuple(each.lower() for each in ids),
            row_of={each: row for row, each in enumerate(ids)},
            figures={name: np.ascontiguousarray(figures[order, column]) for column, name in enumerate(FIGURES)},
            alert=flags[:, 0],
            is_out=flags[:, 1],
            categories=Labels.of([self._categories[row] for row in order]),
            suppliers=Labels.of([self._suppliers[row] for row in order]),
            supplier_names=self._supplier_names,
            shops=Labels.of(shops_of(ids)),
            orders=tuple(self._orders[row] for row in order),
            not_assessed=dict(self._not_assessed),
        )


def shops_of(ids: Sequence[str]) -> list[str]:
    """The location of each product where ids are made of location and item, as ``12-10042974``; else empty.

    The rule is the one by which the server's features and shards know it: every id has a hyphen, and both parts come
    back.
    """
    pairs = [each.partition("-")[::2] for each in ids]
    if not pairs or not all(shop and item for shop, item in pairs):
        return [""] * len(ids)
    most = max(len({shop for shop, _ in pairs}), len({item for _, item in pairs}))
    return [shop for shop, _ in pairs] if most * 2 <= len(ids) else [""] * len(ids)


def _figures(risk: ProductRisk) -> tuple[float, ...]:
    """In the order of ``FIGURES``."""
    order, lost = risk.suggested_order, risk.error.metadata if risk.error else {}
    out_since = lost.get("since")
    values = (
        risk.probability,
        risk.relief_probability,
        risk.revenue_at_risk_before_relief,
        risk.revenue_at_risk,
        0.0 if lost else risk.units_on_hand,
        risk.weeks_of_cover,
        risk.expected_demand_units,
        _ordinal(risk.reorder_by_date),
        _ordinal(risk.median_stockout_date or risk.expected_stockout_date),
        _ordinal(risk.relief_date),
        _ordinal(dt.date.fromisoformat(out_since) if out_since else None),
        _number(lost.get("units_lost_per_week")),
        _number(lost.get("revenue_lost_per_week")),
        order.units if order else None,
        order.cost if order else None,
    )
    return tuple(np.nan if each is None else float(each) for each in values)


def _ordinal(day: dt.date | None) -> int | None:
    return None if day is None else day.toordinal()


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)
