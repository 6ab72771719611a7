"""Calls that nobody waits for any more by the time it is their turn."""

import signal
from typing import Any

import grpc
from stockout.v1.risk_service_pb2 import AssessmentItem, AssessStockoutRisksRequest

from tests.support.calls import ASSESS
from tests.support.metrics_page import LABELS, page_of, value
from tests.support.servers import START_TIMEOUT_S, channel_to, running_server
from tests.support.serving_fixtures import Published

LATE, PRODUCTS = 20, 7
DEADLINE_S = 0.2


def request_of(published: Published) -> bytes:
    """Products of the snapshot with a stock of the caller's own, so that each is computed."""
    ids = published.panel.product_ids
    items = [AssessmentItem(product_id=ids[row % len(ids)], units_on_hand=row) for row in range(PRODUCTS)]
    return AssessStockoutRisksRequest(items=items).SerializeToString()


def test_work_is_not_begun_for_a_call_whose_deadline_passed_while_it_waited(published: Published) -> None:
    with running_server(published.root, "--metrics-port", "0") as server, channel_to(server) as channel:
        call: Any = channel.unary_unary(ASSESS)
        asked = request_of(published)
        expected = call(asked, timeout=START_TIMEOUT_S)
        server.process.send_signal(signal.SIGSTOP)  # the calls wait in its socket meanwhile
        try:
            late = [call.future(asked, timeout=DEADLINE_S) for _ in range(LATE)]
            assert {each.code() for each in late} == {grpc.StatusCode.DEADLINE_EXCEEDED}
        finally:
            server.process.send_signal(signal.SIGCONT)
        assert call(asked, timeout=START_TIMEOUT_S) == expected
        page = page_of(server)
    request = {name: value(page, f"stockout_batch_products_{name}", **LABELS) for name in ("count", "sum")}
    assert request == {"count": 2, "sum": 2 * PRODUCTS}
    assert value(page, "grpc_server_handled_total", **LABELS, grpc_code="OK") == 2
    assert value(page, "grpc_server_in_flight", **LABELS) == 0
