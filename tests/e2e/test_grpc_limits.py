"""What a server holds at a time, and what it does with more: refuse, at once and by name."""

from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from stockout.v1.risk_service_pb2 import AssessmentItem, AssessStockoutRisksRequest, AssessStockoutRisksResponse
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from feature_service.server.settings import Settings
from tests.support.relay import relay_to
from tests.support.servers import START_TIMEOUT_S, RunningServer, channel_to, running_server
from tests.support.serving_fixtures import Published

ASSESS = "/stockout.v1.RiskService/AssessStockoutRisks"
IDS = [f"{number:032x}" for number in range(100)]
REQUEST = AssessStockoutRisksRequest(product_ids=IDS).SerializeToString()
OK = grpc.StatusCode.OK


def watching(channel: grpc.Channel) -> Any:
    """A call that stays open, which the server surely holds."""
    states = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
    assert next(states).status == health_pb2.HealthCheckResponse.SERVING
    return states


def code_of(channel: grpc.Channel, **how: Any) -> grpc.StatusCode:
    call: Any = channel.unary_unary(ASSESS)
    code: grpc.StatusCode = call.future(REQUEST, timeout=20, **how).code()
    return code


@retry(
    retry=retry_if_result(lambda code: code is not OK), stop=stop_after_delay(START_TIMEOUT_S), wait=wait_fixed(0.05)
)
def answered(channel: grpc.Channel) -> grpc.StatusCode:
    return code_of(channel)


def test_a_call_beyond_the_limit_is_refused_and_does_not_wait_for_a_place(published: Published) -> None:
    with running_server(published.root, "--max-rpcs", "2") as server, channel_to(server) as channel:
        held = [watching(channel), watching(channel)]
        assert code_of(channel) is grpc.StatusCode.RESOURCE_EXHAUSTED
        held[0].cancel()
        assert answered(channel) is OK


def test_watches_of_health_which_needs_no_token_leave_room_for_other_calls(published: Published) -> None:
    with running_server(published.root, "--max-streams", "2") as server, channel_to(server) as channel:
        held = [watching(channel), watching(channel)]
        with pytest.raises(grpc.RpcError) as raised:
            watching(channel)
        assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert code_of(channel) is OK
        held[0].cancel()


def test_a_request_at_every_limit_is_not_too_long(published: Published) -> None:
    ids = (f"{number:0256d}" for number in range(1000))
    items = [AssessmentItem(product_id=each, units_on_hand=0.1, lead_time_days=365) for each in ids]
    with running_server(published.root) as server, channel_to(server) as channel:
        call: Any = channel.unary_unary(ASSESS)
        answer = call(AssessStockoutRisksRequest(items=items).SerializeToString(), timeout=20)
    assert len(AssessStockoutRisksResponse.FromString(answer).results) == 1000


@pytest.mark.parametrize("end", ["cancel", "vanish"])
def test_a_client_that_leaves_or_vanishes_gives_its_places_back(published: Published, end: str) -> None:
    with (
        running_server(published.root, "--max-rpcs", "1", "--keepalive-seconds", "1") as server,
        channel_to(server) as channel,
    ):
        other = grpc.insecure_channel(server.target, options=[("grpc.use_local_subchannel_pool", 1)])
        held = watching(other)
        assert code_of(channel) is grpc.StatusCode.RESOURCE_EXHAUSTED
        if end == "cancel":
            held.cancel()
        else:
            other.close()
        assert answered(channel) is OK
        other.close()


def test_a_burst_waits_for_its_turn_and_none_of_it_is_dropped(channel: grpc.Channel) -> None:
    call: Any = channel.unary_unary(ASSESS)
    burst = [call.future(REQUEST, timeout=START_TIMEOUT_S) for _ in range(4000)]
    assert {each.code() for each in burst} == {OK}


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_a_compressed_request_is_answered_like_a_plain_one(
    channel: grpc.Channel, compression: grpc.Compression
) -> None:
    call: Any = channel.unary_unary(ASSESS)
    packed = call(REQUEST, compression=compression, timeout=20)
    assert packed == call(REQUEST, timeout=20)


def test_an_answer_is_compressed_if_the_client_asks_for_it(server: RunningServer) -> None:
    wish = (("x-answer-encoding", "gzip"),)
    with relay_to(server.target) as relay, channel_to(relay) as channel:
        assess: Any = channel.unary_unary(ASSESS)
        stream: Any = channel.unary_stream("/stockout.v1.RiskService/StreamStockoutRisks")
        for ask in (lambda **how: assess(REQUEST, **how), lambda **how: b"".join(stream(b"", **how))):
            answers, sizes = [], []
            for metadata in ((), wish):
                before = relay.bytes_back
                answers.append(ask(metadata=metadata, timeout=20))
                sizes.append(relay.bytes_back - before)
            assert answers[0] == answers[1]
            assert sizes[1] < sizes[0] / 2


def test_a_call_whose_deadline_passes_gives_its_place_back(published: Published) -> None:
    with running_server(published.root, "--max-rpcs", "2") as server, channel_to(server) as channel:
        assert code_of(channel) is OK
        lasting: Any = channel.unary_stream("/stockout.v1.RiskService/WatchStockoutRisks")
        assert lasting(REQUEST, timeout=0.1).code() is grpc.StatusCode.DEADLINE_EXCEEDED
        held = watching(channel)
        assert answered(channel) is OK
        held.cancel()


def test_a_message_of_the_greatest_size_passes_and_a_greater_one_is_refused(published: Published) -> None:
    with running_server(published.root, "--max-ids", "10") as server, channel_to(server) as channel:
        fits = AssessStockoutRisksRequest(product_ids=["x" * 256] * 10).SerializeToString()
        call: Any = channel.unary_unary(ASSESS)
        assert len(AssessStockoutRisksResponse.FromString(call(fits, timeout=20)).results) == 10
        refused = call.future(bytes(Settings(Path(), max_ids=10).max_message_bytes + 1), timeout=20)
        assert refused.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
