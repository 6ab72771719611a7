"""Which shard of a snapshot holds a product, for whoever publishes, serves, asks or routes.

The shard is CRC-32 (that of zlib, gzip and Ethernet) of the key's UTF-8 bytes, modulo the number of shards. The key is
the whole product id; or, where the snapshot's ids are made of location and item, what follows the id's first hyphen, so
that an item's locations, which look at each other, lie in one shard.

    of 1000 shards   12-10042974   7-10042974   a-b-c   Füller
    PRODUCT_ID               391          669     152      239
    ITEM                     487          487     153      239
"""

import re
import zlib
from dataclasses import dataclass
from typing import Literal

ShardKey = Literal["PRODUCT_ID", "ITEM"]
"""What of a product id is hashed."""

MAX_SHARDS = 1024

_TEXT = re.compile(r"(0|[1-9]\d{0,3})/([1-9]\d{0,3})", re.ASCII)


@dataclass(frozen=True, order=True)
class Shard:
    """One of the parts that a snapshot is published in, counted from 0."""

    number: int
    count: int

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Read ``0/4``, the first of four.

        Raises:
            ValueError: If it is no such text, with what it must be.
        """
        match = _TEXT.fullmatch(text)
        shard = cls(*map(int, match.groups())) if match else None
        if shard is None or not shard.number < shard.count <= MAX_SHARDS:
            raise ValueError(f"must be NUMBER/COUNT, as 0/4 for the first of four, at most {MAX_SHARDS}; not {text!r}")
        return shard


def shard_number(product_id: str, count: int, key: ShardKey) -> int:
    """The number of the shard, of ``count``, that holds a product if any does."""
    _, hyphen, item = product_id.partition("-")
    hashed = item if key == "ITEM" and hyphen else product_id
    return zlib.crc32(hashed.encode("utf-8", "surrogatepass")) % count
