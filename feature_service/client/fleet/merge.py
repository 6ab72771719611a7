"""Ordered parts, which come piece by piece, put into one order."""

import heapq
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, Literal, TypeVar

from stockout.v1.risk_service_pb2 import OutOfStock, RankedStockoutRisk, StockoutRisk

Item = TypeVar("Item")
Key = tuple[Any, ...]


class Merge(Generic[Item]):
    """Asks for no more of a part than must be known of it to go on.

    Args:
        parts: How many there are; each comes in the order of ``key``.
        key: What goes first; no two items of different parts share one.
    """

    def __init__(self, parts: int, key: Callable[[Item], Any]) -> None:
        self._key = key
        self._heads: list[tuple[Any, int, Item]] = []
        self._pieces: list[Iterator[Item]] = [iter(()) for _ in range(parts)]
        self._last_piece = [False] * parts
        self._missing = set(range(parts))

    def missing(self) -> list[int]:
        """The parts whose next piece must come before anything else can; none when all has come."""
        return sorted(self._missing)

    def add(self, part: int, items: Iterable[Item], is_last: bool) -> None:
        """The next piece of a part that is missing; it may be empty."""
        self._pieces[part], self._last_piece[part] = iter(items), is_last
        self._missing.discard(part)
        self._advance(part)

    def take(self) -> Iterator[Item]:
        """The next items, as far as they are certain."""
        while self._heads and not self._missing:
            _, part, item = heapq.heappop(self._heads)
            self._advance(part)
            yield item

    def _advance(self, part: int) -> None:
        for item in self._pieces[part]:
            heapq.heappush(self._heads, (self._key(item), part, item))
            return
        if not self._last_piece[part]:
            self._missing.add(part)


def rank_key(order: str) -> Callable[[RankedStockoutRisk], Key]:
    """What a server's ranked list goes by: out of stock first, unknown figures last, ties by product id."""
    figure = _FIGURES[order]

    def key(ranked: RankedStockoutRisk) -> Key:
        if ranked.HasField("out_of_stock"):
            losses = (_greatest_first(ranked.out_of_stock, f"{name}_lost_per_week") for name in ("revenue", "units"))
            return (0, *losses, ranked.product_id)
        return (1, figure(ranked.risk), ranked.product_id)

    return key


def _greatest_first(message: StockoutRisk | OutOfStock, name: Any) -> tuple[bool, float]:
    return (False, -getattr(message, name)) if message.HasField(name) else (True, 0.0)


def _until_relief(risk: StockoutRisk) -> float:
    return risk.relief_probability if risk.HasField("relief_probability") else risk.probability


def _earliest_first(risk: StockoutRisk, name: Literal["reorder_by_date", "expedite_by"]) -> tuple[bool, int, int, int]:
    day = risk.reorder_by_date if name == "reorder_by_date" else risk.expedite_by
    return (not risk.HasField(name), day.year, day.month, day.day)


_FIGURES: dict[str, Callable[[StockoutRisk], Key | float]] = {
    "PROBABILITY": lambda risk: -risk.probability,
    "REVENUE_AT_RISK": lambda risk: _greatest_first(risk, "revenue_at_risk"),
    "REORDER_BY_DATE": lambda risk: _earliest_first(risk, "reorder_by_date"),
    "RELIEF_PROBABILITY": lambda risk: -_until_relief(risk),
    "EXPEDITE_BY_DATE": lambda risk: _earliest_first(risk, "expedite_by"),
    "REVENUE_AT_RISK_BEFORE_RELIEF": lambda risk: _greatest_first(risk, "revenue_at_risk_before_relief"),
}
