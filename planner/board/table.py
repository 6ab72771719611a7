"""All products of a question as columns, so that any of 100,000 is found, filtered and sorted in milliseconds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from feature_service.client import SuggestedOrder
from planner.board.view import COLUMNS

Floats = NDArray[np.float64]
Codes = NDArray[np.int32]

FIGURES = (
    "probability",
    "relief_probability",
    "relief_after_curve",
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
    "next_delivery",
    "delivery_units",
    "delivery_overdue_days",
    "expedite_by",
)
"""Columns of numbers, NaN where it is not known; days are proleptic ordinals."""


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
    def is_least(self) -> NDArray[np.bool_]:
        """Where relief comes after the curve, so that risk and money until then are the least that they can be."""
        least: NDArray[np.bool_] = (self.figures["relief_after_curve"] == 1) & ~self.is_out
        return least

    @cached_property
    def has_money(self) -> bool:
        """Whether anything tells money at risk at all."""
        return bool(np.isfinite(self.money).any())

    @cached_property
    def has_deliveries_to_expedite(self) -> bool:
        """Whether any delivery comes too late."""
        return bool(np.isfinite(self.figures["expedite_by"]).any())

    @cached_property
    def has_costs(self) -> bool:
        """Whether it is known what any order costs."""
        return bool(np.isfinite(self.figures["order_cost"]).any())
