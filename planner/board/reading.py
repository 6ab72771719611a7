"""From the service's stream of all products to a table."""

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import AsyncIterator, Sequence

import numpy as np

from feature_service.client import ProductRisk, SuggestedOrder
from planner.board.table import FIGURES, Floats, Labels, RiskTable

OUT_OF_STOCK = "OUT_OF_STOCK"
_CHUNK = 2000


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
    coming = (
        risk.next_delivery if risk.next_delivery and not risk.next_delivery.inferred else None
    )  # or nobody ordered it
    out_since = lost.get("since")
    values = (
        risk.probability,
        risk.relief_probability,
        risk.relief_after_curve,
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
        _ordinal(coming.expected_on) if coming else None,
        coming.units if coming else None,
        coming.overdue_days if coming else None,
        _ordinal(risk.expedite_by),
    )
    return tuple(np.nan if each is None else float(each) for each in values)


def _ordinal(day: dt.date | None) -> int | None:
    return None if day is None else day.toordinal()


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)
