"""What the clients ask of their servers, round by round, and what they make of the answers; both clients run the same.

An exchange is a generator: it gives the calls of a round, is sent what became of each, and returns its answer. So it
knows nothing of channels, threads or event loops.
"""

import datetime as dt
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice, zip_longest
from typing import Any, TypeVar

from grpc_health.v1 import health_pb2
from stockout.v1.risk_service_pb2 import GetServiceInfoRequest, RankedStockoutRisk

from feature_service.client import batching
from feature_service.client.batching import Item, ListFilter
from feature_service.client.errors import ClientError, FleetError, RefusedError
from feature_service.client.fleet.info import joined_info
from feature_service.client.fleet.merge import Merge, rank_key
from feature_service.client.fleet.servers import Fleet, Split
from feature_service.client.messages import info_of, ranked_of, says_wrong_shard
from feature_service.client.results import FeatureAnswer, RankedAnswer, RiskAnswer, ServiceInfo
from feature_service.limits import MAX_PAGE

Answer = TypeVar("Answer")
Product = TypeVar("Product", bound="str | Item")
Responses = Mapping[int, Sequence[Any]]
"""Of each server, those to its batches."""


@dataclass(frozen=True)
class Call:
    """One request to one server.

    Attributes:
        server: Its place among the targets.
        method: By its name in the protos.
        request: The message.
    """

    server: int
    method: str
    request: Any


@dataclass(frozen=True)
class Round:
    """Calls that are made at the same time, after a pause."""

    calls: Sequence[Call]
    pause_s: float = 0.0


Outcome = Any
"""A response, or the ClientError that stands for it."""
Exchange = Generator[Round, Sequence[Outcome], Answer]


def health(fleet: Fleet, service: str) -> Exchange[str]:
    """``SERVING`` only if all servers are; otherwise what the first says that is not."""
    request = health_pb2.HealthCheckRequest(service=service)
    outcomes = yield Round([Call(server, "Check", request) for server in range(len(fleet))])
    states = list(map(_health, outcomes))
    return next((state for state in states if state != "SERVING"), "SERVING")


def _health(outcome: Outcome) -> str:
    if isinstance(outcome, RefusedError) and outcome.code == "NOT_FOUND":
        return "SERVICE_UNKNOWN"
    if isinstance(outcome, ClientError):
        raise outcome
    name: str = health_pb2.HealthCheckResponse.ServingStatus.Name(outcome.status)
    return name


def info(fleet: Fleet) -> Exchange[ServiceInfo]:
    """What the servers serve together."""
    infos = yield from _infos(fleet)
    if fleet.is_sharded:
        fleet.accept(infos)
    return joined_info([info_of(each, target) for each, target in zip(infos, fleet.targets, strict=True)])


def check_fleet(fleet: Fleet) -> Exchange[None]:
    """Make sure that each of several servers holds the shard that it is named as; a single one is not asked.

    Raises:
        FleetError: If one does not.
    """
    if fleet.is_sharded:
        fleet.accept((yield from _infos(fleet)))


def check_whole(fleet: Fleet, snapshot_id: str) -> Exchange[None]:
    """Make sure that a single server gives all products of a snapshot; it is asked once for each.

    Raises:
        FleetError: If it gives but a shard of them.
    """
    if fleet.is_sharded or snapshot_id == fleet.whole_snapshot:
        return
    try:
        fleet.accept((yield from _infos(fleet)))
    except RefusedError as error:
        if error.code != "PERMISSION_DENIED":  # a token may be for other methods alone
            raise
    fleet.whole_snapshot = snapshot_id


def assess(
    fleet: Fleet, products: Sequence[str | Item], as_of: dt.date | None, horizon: int, *, challenger: bool = False
) -> Exchange[RiskAnswer]:
    """The risk of each product, in the order of ``products``."""
    requests_of = partial(batching.risk_requests, as_of=as_of, horizon_weeks=horizon, include_challenger=challenger)
    split, responses = yield from _in_batches(fleet, "AssessStockoutRisks", products, requests_of)
    return batching.risk_answer(list(responses.values()), split.rejoin(_results(responses)))


def features(
    fleet: Fleet, product_ids: Sequence[str], as_of: dt.date | None, feature_set: str
) -> Exchange[FeatureAnswer]:
    """The features of each product, in the order of ``product_ids``."""
    split, responses = yield from _in_batches(
        fleet,
        "GetFeatures",
        product_ids,
        lambda part, size: batching.feature_requests(part, as_of, feature_set, size),
    )
    return batching.feature_answer(list(responses.values()), split.rejoin(_results(responses)))


def list_risks(fleet: Fleet, list_filter: ListFilter, limit: int) -> Exchange[RankedAnswer]:
    """The first ``limit`` products of the ranked list: each server's pages, merged as far as needed."""
    yield from check_fleet(fleet)
    for pause_s in fleet.pauses_s:
        first_pages: dict[int, Any] = {}
        ranked = yield from _merged_pages(fleet, list_filter, limit, pause_s, first_pages)
        if batching.are_of_one_snapshot(first_pages.values()):
            provenance = batching.joined_provenance([[page] for page in first_pages.values()])
            yield from check_whole(fleet, provenance.snapshot_id)
            return RankedAnswer(
                provenance=provenance,
                total_size=sum(page.total_size for page in first_pages.values()),
                results=[ranked_of(each, rank) for rank, each in enumerate(ranked, 1)],
            )
    raise fleet.mixed_snapshots(first_pages)


def _merged_pages(
    fleet: Fleet, list_filter: ListFilter, limit: int, pause_s: float, first_pages: dict[int, Any]
) -> Exchange[list[RankedStockoutRisk]]:
    ranked: list[RankedStockoutRisk] = []
    tokens = dict.fromkeys(range(len(fleet)), "")
    merge: Merge[RankedStockoutRisk] = Merge(len(fleet), rank_key(list_filter.order))
    while missing := merge.missing():
        size = min(MAX_PAGE, max(1, limit - len(ranked)))
        requests = {server: batching.list_request(list_filter, size, tokens[server]) for server in missing}
        pages = yield from ask(fleet, "ListStockoutRisks", requests, pause_s)
        for server, page in pages.items():
            first_pages.setdefault(server, page)
            tokens[server] = page.next_page_token
            merge.add(server, page.risks, is_last=not page.next_page_token)
        ranked += islice(merge.take(), max(0, limit - len(ranked)))
        if len(ranked) >= limit or not batching.are_of_one_snapshot(first_pages.values()):
            break
        pause_s = 0.0
    return ranked


def _in_batches(
    fleet: Fleet,
    method: str,
    products: Sequence[Product],
    requests_of: Callable[[Sequence[Product], int], Sequence[Any]],
) -> Exchange[tuple[Split[Product], Responses]]:
    """Send each server its batches; if a snapshot changed between two of them, send all again."""
    if fleet.key is None:
        yield from check_fleet(fleet)
    is_surprised = False
    responses: Responses = {}
    for pause_s in fleet.pauses_s:
        split, max_ids = fleet.split(products, _id), fleet.max_ids  # a call at the same time may find another limit
        requests = {server: requests_of(part, max_ids) for server, part in split.parts.items()}
        try:
            responses = yield from _ask_all(fleet, method, requests, pause_s)
        except RefusedError as error:
            limit = batching.smaller_limit(error)
            if limit is None or limit >= max_ids:
                raise
            fleet.max_ids = limit
            continue
        if fleet.is_sharded and (surprising := _with_wrong_shard(responses)) is not None:
            if is_surprised:
                raise FleetError(f"{fleet.name(surprising)} says that it holds another shard: ask again")
            is_surprised = True
            yield from check_fleet(fleet)
        elif batching.are_of_one_snapshot([each for its in responses.values() for each in its]):
            return split, responses
    raise fleet.mixed_snapshots({server: its[0] for server, its in responses.items()})


def _ask_all(fleet: Fleet, method: str, requests: Mapping[int, Sequence[Any]], pause_s: float) -> Exchange[Responses]:
    """All batches, a batch of each server at a time."""
    responses: dict[int, list[Any]] = {server: [] for server in requests}
    for batch in zip_longest(*requests.values()):
        of_batch = {server: each for server, each in zip(requests, batch, strict=True) if each is not None}
        answered = yield from ask(fleet, method, of_batch, pause_s)
        for server, response in answered.items():
            responses[server].append(response)
        pause_s = 0.0
    return responses


def ask(fleet: Fleet, method: str, requests: Mapping[int, Any], pause_s: float = 0.0) -> Exchange[dict[int, Any]]:
    """One request to each of some servers, about the client's question."""
    for request in requests.values():
        request.question = fleet.question
    outcomes = yield Round([Call(server, method, request) for server, request in requests.items()], pause_s)
    for outcome in outcomes:
        if isinstance(outcome, ClientError):
            raise outcome
    return {server: fleet.of_question(server, response) for server, response in zip(requests, outcomes, strict=True)}


def _infos(fleet: Fleet) -> Exchange[list[Any]]:
    infos = yield from ask(fleet, "GetServiceInfo", {server: GetServiceInfoRequest() for server in range(len(fleet))})
    return list(infos.values())


def _results(responses: Responses) -> dict[int, Any]:
    return {server: (result for each in its for result in each.results) for server, its in responses.items()}


def _with_wrong_shard(responses: Responses) -> int | None:
    return next((server for server, its in responses.items() if any(map(says_wrong_shard, its))), None)


def _id(product: str | Item) -> str:
    return product if isinstance(product, str) else product.product_id
