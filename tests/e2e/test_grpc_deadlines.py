"""Calls that nobody waits for any more by the time it is their turn."""

from typing import Any

import grpc
from stockout.v1.risk_service_pb2 import AssessmentItem, AssessStockoutRisksRequest, AssessStockoutRisksResponse

from tests.support.calls import ASSESS
from tests.support.metrics_page import LABELS, page_of, value
from tests.support.servers import START_TIMEOUT_S, channel_to, running_server
from tests.support.serving_fixtures import Published

PILED, PRODUCTS = 200, 1000
LATE, LATE_PRODUCTS = 20, 7
DEADLINE_S = 0.05
"""Far less than the pile takes: each of its calls keeps the server's one event loop busy for some milliseconds."""


def request_of(published: Published, products: int) -> bytes:
    """Products of the snapshot again and again, with a stock of the caller's own, so that each is computed."""
    ids = published.panel.product_ids
    items = [AssessmentItem(product_id=ids[row % len(ids)], units_on_hand=row) for row in range(products)]
    return AssessStockoutRisksRequest(items=items).SerializeToString()


def test_work_is_not_begun_for_a_call_whose_deadline_passed_while_it_waited(published: Published) -> None:
    with (
        running_server(published.root, "--metrics-port", "0") as server,
        channel_to(server) as busy,
        channel_to(server) as channel,
    ):
        pile: Any = busy.unary_unary(ASSESS)
        call: Any = channel.unary_unary(ASSESS)
        big, small = request_of(published, PRODUCTS), request_of(published, LATE_PRODUCTS)
        expected = call(small, timeout=START_TIMEOUT_S)
        piled = [pile.future(big, timeout=START_TIMEOUT_S) for _ in range(PILED)]
        assert piled[0].result(), "the pile has reached the server"
        late = [call.future(small, timeout=DEADLINE_S) for _ in range(LATE)]
        assert {each.code() for each in late} == {grpc.StatusCode.DEADLINE_EXCEEDED}
        assert {len(AssessStockoutRisksResponse.FromString(each.result()).results) for each in piled} == {PRODUCTS}
        assert call(small, timeout=START_TIMEOUT_S) == expected
        page = page_of(server)
    request = {name: value(page, f"stockout_batch_products_{name}", **LABELS) for name in ("count", "sum")}
    assert request == {"count": PILED + 2, "sum": PILED * PRODUCTS + 2 * LATE_PRODUCTS}
    assert value(page, "grpc_server_handled_total", **LABELS, grpc_code="OK") == PILED + 2
    assert value(page, "grpc_server_in_flight", **LABELS) == 0
