"""Thousands of malformed and hostile requests: each gets a status that says why, and the server stays well."""

import random
from collections.abc import Iterator
from typing import Any

import grpc
import psutil
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from stockout.v1.risk_service_pb2 import (
    AssessmentItem,
    AssessStockoutRisksRequest,
    ListStockoutRisksRequest,
    WatchStockoutRisksRequest,
)

from tests.support.calls import METHODS
from tests.support.servers import RunningServer, channel_to, running_server
from tests.support.serving_fixtures import Published

REQUESTS = 10_000
IN_FLIGHT = 100
FORESEEN = {
    grpc.StatusCode.OK,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,  # no such question
    grpc.StatusCode.OUT_OF_RANGE,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.DEADLINE_EXCEEDED,  # a watch that was begun lasts
}
NASTY = ["", "\0", "a" * 257, "🛒" * 65, "\u202e", "'; DROP TABLE products;--", "../../etc/passwd", "%n%n", "a\nb", " "]
NUMBERS = [float("nan"), float("inf"), float("-inf"), -1.0, -0.0, 1e308, 5e-324]
METHOD_NAMES = [f"/{method.containing_service.full_name}/{method.name}" for method in METHODS]


def hostile(rng: random.Random) -> bytes:
    """One of: noise, a wrong message cut off or with bytes changed, a wrong message."""
    kind = rng.randrange(6)
    if kind == 0:
        return rng.randbytes(rng.randrange(1, 400))
    message = wrong_message(rng)
    if kind == 1:
        return message[: rng.randrange(len(message) + 1)]
    if kind == 2:
        changed = bytearray(message or b"\0")
        for _ in range(rng.randrange(1, 5)):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        return bytes(changed)
    return message


def wrong_message(rng: random.Random) -> bytes:
    ids = [rng.choice(NASTY) for _ in range(rng.choice([0, 1, 3, 1001]))]
    request = AssessStockoutRisksRequest(product_ids=ids, horizon_weeks=rng.choice([0, -1, 2**31 - 1, -(2**31)]))
    match rng.randrange(4):
        case 0:
            request.as_of.year = rng.choice([0, -1, 10_000, 2018])
            request.as_of.month = rng.randrange(-1, 14)
            request.as_of.day = rng.randrange(-1, 33)
        case 1:
            item = AssessmentItem(product_id=rng.choice(NASTY), units_on_hand=rng.choice(NUMBERS))
            item.lead_time_days = rng.choice([-(2**31), -1, 366, 2**31 - 1])
            return AssessStockoutRisksRequest(items=[item], product_ids=ids[:1]).SerializeToString()
        case 2:
            token, category = rng.choice([*NASTY, "A" * 10_000]), rng.choice(NASTY)
            return ListStockoutRisksRequest(
                page_size=rng.choice([-1, 10**9]), page_token=token, category=category, minimum_probability=NUMBERS[0]
            ).SerializeToString()
        case _:
            pass
    return request.SerializeToString()


def ask(calls: dict[str, Any], rng: random.Random) -> Any:
    """A watch that is not refused would last until its deadline."""
    name = rng.choice(METHOD_NAMES)
    return calls[name].future(hostile(rng), timeout=0.1 if name.endswith("/WatchStockoutRisks") else 20)


@pytest.fixture(scope="module")
def own(published: Published) -> Iterator[RunningServer]:
    with running_server(published.root) as server:
        yield server


def is_serving(channel: grpc.Channel) -> bool:
    status = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10).status
    return bool(status == health_pb2.HealthCheckResponse.SERVING)


def test_ten_thousand_hostile_requests_get_foreseen_statuses_and_leave_the_server_well(own: RunningServer) -> None:
    rng = random.Random(7)
    process = psutil.Process(own.process.pid)
    after_warm_up = 0
    with channel_to(own) as channel:
        calls: dict[str, Any] = {name: channel.unary_unary(name) for name in METHOD_NAMES}
        for number in range(0, REQUESTS, IN_FLIGHT):
            calls_in_flight = [ask(calls, rng) for _ in range(IN_FLIGHT)]
            assert {each.code() for each in calls_in_flight} <= FORESEEN
            if number < REQUESTS // 4:
                after_warm_up = process.memory_info().rss
        assert is_serving(channel)
    assert process.memory_info().rss < after_warm_up + 30_000_000
    assert not [each for each in own.events if each.get("code") in {"INTERNAL", "UNKNOWN"}]


def test_a_million_ids_are_refused_unread(own: RunningServer) -> None:
    raw = WatchStockoutRisksRequest(product_ids=["a"]).SerializeToString() * 1_000_000
    with channel_to(own) as channel:
        for name in METHOD_NAMES:
            call: Any = channel.unary_unary(name)
            assert call.future(raw, timeout=30).code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert is_serving(channel)
