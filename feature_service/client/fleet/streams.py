"""The streams of several servers as one, whoever reads them."""

from collections.abc import Iterator, Mapping, Sequence
from time import monotonic
from typing import Any

from stockout.v1.risk_service_pb2 import StockoutRiskResult, WatchStockoutRisksRequest

from feature_service.client import batching
from feature_service.client.errors import ClientError, DeadlineError, FleetError
from feature_service.client.fleet.merge import Merge
from feature_service.client.fleet.servers import Fleet
from feature_service.client.messages import risk_of, says_wrong_shard
from feature_service.client.results import ProductRisk, RiskAnswer


class JoinedStream:
    """Every product, out of a stream of each server, in the snapshot's order, which is by product id."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._merge: Merge[StockoutRiskResult] = Merge(len(fleet), key=lambda result: result.product_id)
        self._first: dict[int, Any] = {}

    def missing(self) -> list[int]:
        """The servers whose next message is needed; none at the end."""
        return self._merge.missing()

    def add(self, server: int, response: Any) -> None:
        """A server's next message; None is the end of its stream."""
        if response is None:
            self._merge.add(server, (), is_last=True)
            return
        self._fleet.of_question(server, response)
        self._first.setdefault(server, response)
        self._merge.add(server, response.results, is_last=False)

    @property
    def is_mixed(self) -> bool:
        """Whether the servers began with different snapshots."""
        return len(self._first) > 1 and not batching.are_of_one_snapshot(self._first.values())

    def mixed_snapshots(self) -> ClientError:
        """What is to be said then."""
        return self._fleet.mixed_snapshots(self._first)

    def take(self) -> Iterator[ProductRisk]:
        """The next products, as far as they are known."""
        return map(risk_of, self._merge.take())


class JoinedWatch:
    """The state of all products first, put together of each server's; then every message as it comes.

    Where the servers begin with different snapshots, the first answer waits until they have the same.

    Args:
        fleet: Its servers.
        product_ids: What is watched.
        timeout_s: How long the first answer may take.
    """

    def __init__(self, fleet: Fleet, product_ids: Sequence[str], timeout_s: float) -> None:
        self._fleet, self._product_ids, self._timeout_s = fleet, product_ids, timeout_s
        self._parts = fleet.split(product_ids, str).parts
        self._began_at, self._is_complete = monotonic(), False
        self._newest: dict[int, Any] = {}
        self._results: dict[str, StockoutRiskResult] = {}

    def requests(self) -> Mapping[int, WatchStockoutRisksRequest]:
        """What to watch at each server that holds any of the products."""
        return {
            server: WatchStockoutRisksRequest(product_ids=part, question=self._fleet.question)
            for server, part in self._parts.items()
        }

    def wait_s(self) -> float | None:
        """How long the next message may be waited for; None is without an end."""
        return None if self._is_complete else max(0.0, self._began_at + self._timeout_s - monotonic())

    def add(self, server: int, response: Any) -> RiskAnswer | None:
        """What to say at a server's next message.

        Raises:
            ClientError: If it is no answer to the question, or says that the server holds another shard.
        """
        self._fleet.of_question(server, response)
        if says_wrong_shard(response):
            raise FleetError(f"{self._fleet.name(server)} says that it holds another shard: watch again")
        if self._is_complete:
            return batching.risk_answer([[response]], response.results)
        self._newest[server] = response
        self._results |= {each.product_id: each for each in response.results}
        if len(self._newest) < len(self._parts) or not batching.are_of_one_snapshot(self._newest.values()):
            return None
        self._is_complete = True
        newest = [[self._newest[each]] for each in self._parts]
        return batching.risk_answer(newest, [self._results[each] for each in self._product_ids])

    def late(self) -> ClientError:
        """What is to be said where the first answer took too long."""
        silent = [self._fleet.name(each) for each in self._parts if each not in self._newest]
        return DeadlineError(silent[0], self._timeout_s) if silent else self._fleet.mixed_snapshots(self._newest)
