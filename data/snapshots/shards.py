"""Snapshots in shards: how products are divided, and which part of a snapshot a server holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.panel import ITEM
from feature_service.kernel import StockoutError
from feature_service.kernel.arrays import RowNumbers
from feature_service.shards import MAX_SHARDS, Shard, ShardKey, shard_number


class ShardMismatchError(StockoutError):
    """A snapshot is not divided as the server that should hold a part of it was told."""


@dataclass(frozen=True)
class Sharding:
    """How a snapshot's products are divided.

    Attributes:
        count: Shards, 2 to ``MAX_SHARDS``.
        key: What of a product's id is hashed.
    Raises:
        ValueError: If there cannot be so many.
    """

    count: int
    key: ShardKey

    def __post_init__(self) -> None:
        if not 2 <= self.count <= MAX_SHARDS:
            raise ValueError(f"there are 2 to {MAX_SHARDS} shards, not {self.count}")

    @classmethod
    def of(cls, count: int, groups: Mapping[str, Sequence[str]]) -> "Sharding | None":
        """That of a panel's products, by the groups of the whole panel; None where one shard holds them all."""
        return None if count == 1 else cls(count, "ITEM" if ITEM in groups else "PRODUCT_ID")

    def number(self, product_id: str) -> int:
        """The shard that holds a product, if any does."""
        return shard_number(product_id, self.count, self.key)

    def numbers(self, product_ids: Sequence[str]) -> RowNumbers:
        """The shard of each product."""
        return np.fromiter(map(self.number, product_ids), np.intp, len(product_ids))

    def shards(self) -> list[Shard]:
        """Each of them."""
        return [Shard(number, self.count) for number in range(self.count)]

    def folders(self) -> list[str]:
        """The folder of each shard in that of the snapshot."""
        return [_folder(shard) for shard in self.shards()]


@dataclass(frozen=True)
class HeldShard:
    """The part of a snapshot that a server holds."""

    shard: Shard
    sharding: Sharding

    @property
    def folder(self) -> str:
        """Where it lies in the snapshot's."""
        return _folder(self.shard)


def held_shard(folder: Path, published: Sharding | None, wanted: Shard | None) -> HeldShard | None:
    """The part that a server was told to hold; None for the whole.

    Raises:
        ShardMismatchError: If the snapshot is not published in as many.
    """
    if published is None and wanted is None:
        return None
    told = f"this server was started with --shard {wanted}" if wanted else "this server was started for all products"
    if published is None:
        raise ShardMismatchError(
            f"snapshot {folder} holds all products in one piece, and {told}: "
            f"start it without --shard, or publish with --shards {wanted and wanted.count}"
        )
    if wanted is None or wanted.count != published.count:
        first, *_, last = published.shards()
        raise ShardMismatchError(
            f"snapshot {folder} is published in {published.count} shards, and {told}: "
            f"start a server for each of them, with --shard {first} to --shard {last}"
        )
    return HeldShard(wanted, published)


def _folder(shard: Shard) -> str:
    return f"shard-{shard.number}-of-{shard.count}"
