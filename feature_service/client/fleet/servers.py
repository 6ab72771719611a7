"""The servers that a client asks as one: one for each shard of the products, or a single one that holds them all."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from stockout.v1 import risk_service_pb2

from feature_service.client.errors import (
    DifferentSnapshotsError,
    FleetError,
    OtherQuestionError,
    SnapshotChangedError,
)
from feature_service.limits import MAX_IDS
from feature_service.shards import Shard, ShardKey, shard_number

SHARD_HEADER = "stockout-shard"
"""Metadata of every call to one of several servers: the number of its shard, by which a proxy may find it."""

SERVER_PAUSES_S = (0.0, 0.0, 0.0)
FLEET_PAUSES_S = (0.0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
"""Before each try at an answer from one snapshot: the servers of a fleet do not take a newer one at the same moment."""

_KEYS: dict[int, ShardKey] = {
    risk_service_pb2.SHARD_KEY_PRODUCT_ID: "PRODUCT_ID",
    risk_service_pb2.SHARD_KEY_ITEM: "ITEM",
}
_MANY = 3

Product = TypeVar("Product")
Result = TypeVar("Result")
Response = TypeVar("Response", bound=Any)


def targets_of(text: str) -> tuple[str, ...]:
    """Where the servers are; commas stand between them, but not in what gRPC takes with commas itself (``ipv4:``).

    Raises:
        FleetError: If nothing stands between two commas.
    """
    if "," not in text or text.startswith(("ipv4:", "ipv6:")):
        return (text,)
    targets = tuple(each.strip() for each in text.split(","))
    if not all(targets):
        raise FleetError(f"{text!r} names no server before or after a comma: name one for each shard")
    return targets


def key_of(shard: risk_service_pb2.Shard) -> ShardKey | None:
    """What of a product's id is hashed; None for what this version does not know."""
    return _KEYS.get(shard.key)


@dataclass(frozen=True)
class Split(Generic[Product]):
    """Products by the server that holds them, each server's in the caller's order.

    Attributes:
        servers: Of each product, in the caller's order.
        parts: What each server is asked for; servers that hold none of the products are left out.
    """

    servers: Sequence[int]
    parts: Mapping[int, Sequence[Product]]

    def rejoin(self, results: Mapping[int, Iterable[Result]]) -> list[Result]:
        """Each server's results, in the order of its part, in the caller's order again."""
        if len(results) == 1:
            return [each for part in results.values() for each in part]
        rest: dict[int, Iterator[Result]] = {server: iter(each) for server, each in results.items()}
        return [next(rest[server]) for server in self.servers]


class Fleet:
    """What a client knows of its servers; each goes by its place among the targets, which is the number of its shard.

    Args:
        target: ``host:port`` of one server, or of each shard's, in the order of the shards, with commas between them.
        question: What every call asks; empty for the servers' default.
    Attributes:
        targets: Where the servers are.
        question: As above.
        max_ids: Products in a request.
        key: What of an id is hashed; None until the servers told, and where there is one.
        whole_snapshot: The snapshot of which a single server is known to hold all products.
    Raises:
        FleetError: If a target is empty.
    """

    def __init__(self, target: str, question: str) -> None:
        self.targets, self.question, self.max_ids = targets_of(target), question, MAX_IDS
        self.key: ShardKey | None = None
        self.whole_snapshot = ""
        self._text = target

    def __len__(self) -> int:
        return len(self.targets)

    def __str__(self) -> str:
        return self._text

    @property
    def is_sharded(self) -> bool:
        """Whether each server must be one of several shards."""
        return len(self) > 1

    @property
    def pauses_s(self) -> Sequence[float]:
        """Before each try at an answer from one snapshot."""
        return FLEET_PAUSES_S if self.is_sharded else SERVER_PAUSES_S

    def name(self, server: int) -> str:
        """A server, as sentences name it."""
        return f"{self.targets[server]} (shard {self._shard(server)})" if self.is_sharded else self.targets[server]

    def metadata(self, server: int) -> tuple[tuple[str, str], ...] | None:
        """What every call of a server carries."""
        return ((SHARD_HEADER, str(server)),) if self.is_sharded else None

    def split(self, products: Sequence[Product], id_of: Callable[[Product], str]) -> Split[Product]:
        """By the servers that hold them; no products at all are the first one's."""
        if self.key is None or not products:
            return Split([0] * len(products), {0: products})
        servers = [shard_number(id_of(each), len(self), self.key) for each in products]
        parts: dict[int, list[Product]] = {server: [] for server in sorted(set(servers))}
        for server, product in zip(servers, products, strict=True):
            parts[server].append(product)
        return Split(servers, parts)

    def accept(self, infos: Sequence[Any]) -> None:
        """Take what GetServiceInfo of each server says for what they hold.

        Raises:
            FleetError: If they do not hold all products between them, each the shard that it is named as.
        """
        held = [info.shard if info.HasField("shard") else None for info in infos]
        if not self.is_sharded:
            if held[0] is not None:
                raise FleetError(
                    f"{self} holds {_in_words(held[0])} of the products alone: name the servers of all "
                    f"{held[0].count} shards, in their order, with commas between them"
                )
            return
        if wrong := [server for server, shard in enumerate(held) if not self._is_right(server, shard)]:
            raise FleetError(self._misplaced(wrong, held))
        keys = [key_of(shard) for shard in held if shard is not None]
        if len(set(keys)) > 1 or keys[0] is None:
            raise FleetError(self._other_keys(keys))
        self.key = keys[0]

    def of_question(self, server: int, response: Response) -> Response:
        """The same response; later messages of a stream say nothing of what they rest on.

        Raises:
            OtherQuestionError: If a question was named and another one is answered, as by a server that knows of none.
        """
        if self.question and response.HasField("provenance") and response.provenance.question != self.question:
            raise OtherQuestionError(self.name(server), self.question, response.provenance.question)
        return response

    def mixed_snapshots(self, responses: Mapping[int, Any]) -> SnapshotChangedError:
        """What is wrong where a response of each server is not of the same snapshot as the others."""
        served = {self.name(server): each.provenance.snapshot_id for server, each in responses.items()}
        if len(set(served.values())) > 1:
            return DifferentSnapshotsError(str(self), served)
        return SnapshotChangedError(str(self))

    def _shard(self, server: int) -> Shard:
        return Shard(server, len(self))

    def _is_right(self, server: int, held: risk_service_pb2.Shard | None) -> bool:
        return held is not None and Shard(held.number, held.count) == self._shard(server)

    def _misplaced(self, wrong: Sequence[int], held: Sequence[risk_service_pb2.Shard | None]) -> str:
        told = [f"{self.targets[each]}, named as {self._shard(each)}, holds {_in_words(held[each])}" for each in wrong]
        more = f", and {len(told) - _MANY} others are wrong" if len(told) > _MANY else ""
        return (
            f"{len(self)} servers are named, which must hold the shards {self._shard(0)} to "
            f"{self._shard(len(self) - 1)} in this order, but {', '.join(told[:_MANY])}{more}: "
            "name the server of each shard, the first shard's first"
        )

    def _other_keys(self, keys: Sequence[ShardKey | None]) -> str:
        other = next((number for number, key in enumerate(keys) if key != keys[0]), 0)
        if keys[other] is None or keys[0] is None:
            number = 0 if keys[0] is None else other
            return f"{self.name(number)} finds shards in a way that this client does not know: update the client"
        return (
            f"{self.name(0)} finds shards by {keys[0]}, {self.name(other)} by {keys[other]}: "
            "publish the same snapshot to all of them"
        )


def _in_words(shard: risk_service_pb2.Shard | None) -> str:
    return "all products" if shard is None else f"shard {shard.number}/{shard.count}"
