"""The newest recorded count of each product, in the order in which they came."""

import datetime as dt
from collections.abc import Iterator
from itertools import takewhile
from typing import NamedTuple, get_args

from feature_service.shards import Shard, ShardKey, shard_number


class StockCount(NamedTuple):
    """A count of a product's stock; ``number`` is its place in the log."""

    number: int
    product_id: str
    counted_on: dt.date
    units_on_hand: float


class CountLog:
    """What was heard so far. Each newer count gets the next number, so that who read up to one knows what to read next.

    Args:
        shard: Counts of products that cannot be in it are not kept; None keeps all.
    Attributes:
        number: Of the newest count; 0 while there is none.
        heard_at: When it came.
    """

    def __init__(self, shard: Shard | None = None) -> None:
        self._shard = shard
        self._counts: dict[str, StockCount] = {}  # by number, since a product's newer count is put at the end
        self.number = 0
        self.heard_at: dt.datetime | None = None

    def add(self, product_id: str, counted_on: dt.date, units_on_hand: float) -> None:
        """Take a count, unless it is known, one of a later day is, or nobody who is answered here asks for it."""
        if self._shard and not may_hold(self._shard, product_id):
            return
        known = self._counts.get(product_id)
        if known and (known.counted_on > counted_on or known[2:] == (counted_on, units_on_hand)):
            return
        self.number += 1
        self._counts.pop(product_id, None)
        self._counts[product_id] = StockCount(self.number, product_id, counted_on, units_on_hand)
        self.heard_at = dt.datetime.now(dt.UTC)

    def since(self, number: int) -> list[StockCount]:
        """The newest count of each product that got one after the count of that number."""
        newest_first: Iterator[StockCount] = reversed(self._counts.values())
        return list(takewhile(lambda each: each.number > number, newest_first))


def may_hold(shard: Shard, product_id: str) -> bool:
    """Whether the product is in the shard of a snapshot, whichever its key: questions may differ in it."""
    return any(shard_number(product_id, shard.count, key) == shard.number for key in get_args(ShardKey))
