"""Whom a client of a fleet asks for a product's history, when the products are divided anew between two questions."""

from collections.abc import Generator
from typing import Any

import pytest
from google.type import date_pb2
from stockout.v1.provenance_pb2 import Provenance
from stockout.v1.risk_service_pb2 import (
    SHARD_KEY_ITEM,
    SHARD_KEY_PRODUCT_ID,
    GetProductHistoryResponse,
    GetServiceInfoResponse,
    Shard,
    ShardKey,
)

from feature_service.client import ProductHistory, RefusedError
from feature_service.client.exchanges import Round
from feature_service.client.fleet.servers import Fleet
from feature_service.client.past_exchanges import product_history
from feature_service.shards import shard_number

MOVED = next(
    each
    for each in (f"{shop}-{item}" for shop in range(9) for item in range(9))
    if shard_number(each, 2, "PRODUCT_ID") != shard_number(each, 2, "ITEM")
)
"""In another shard by its item than by its id."""
WEEK = date_pb2.Date(year=2024, month=5, day=6)
HISTORY = GetProductHistoryResponse(provenance=Provenance(as_of_week=WEEK))
WRONG_SHARD = RefusedError("FAILED_PRECONDITION", "another server holds it", reason="WRONG_SHARD")


def infos(key: ShardKey.ValueType) -> list[GetServiceInfoResponse]:
    return [GetServiceInfoResponse(shard=Shard(number=number, count=2, key=key)) for number in range(2)]


def asked(exchange: Generator[Round, Any, ProductHistory], answers: list[Any]) -> tuple[list[list[int]], Any]:
    """Which servers each round asks, while they answer so; and what comes of it."""
    rounds, calls = [], next(exchange)
    for answer in answers:
        rounds.append([each.server for each in calls.calls])
        try:
            calls = exchange.send(answer)
        except StopIteration as end:
            return rounds, end.value
    raise AssertionError("it asks on")


def test_a_product_that_moved_is_asked_of_the_server_that_holds_it_now() -> None:
    before, now = shard_number(MOVED, 2, "PRODUCT_ID"), shard_number(MOVED, 2, "ITEM")
    answers = [infos(SHARD_KEY_PRODUCT_ID), [WRONG_SHARD], infos(SHARD_KEY_ITEM), [HISTORY]]
    rounds, history = asked(product_history(Fleet("a:1,b:1", ""), MOVED, 3), answers)
    assert rounds == [[0, 1], [before], [0, 1], [now]]
    assert history.product_id == MOVED


def test_a_fleet_that_finds_it_nowhere_is_not_asked_for_ever() -> None:
    answers = [infos(SHARD_KEY_ITEM), [WRONG_SHARD], infos(SHARD_KEY_ITEM), [WRONG_SHARD]]
    with pytest.raises(RefusedError, match="another server holds it"):
        asked(product_history(Fleet("a:1,b:1", ""), MOVED, 3), answers)
