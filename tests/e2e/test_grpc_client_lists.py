"""Lists, streams, watches and the asyncio client against a real server; the ways out of the command line."""

import asyncio
import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from stockout.v1 import risk_service_pb2_grpc
from stockout.v1.risk_service_pb2 import GetServiceInfoRequest, GetServiceInfoResponse

from feature_service.client import (
    AsyncRiskClient,
    Item,
    ListFilter,
    RefusedError,
    RiskAnswer,
    RiskClient,
    ServerUnavailableError,
)
from tests.support.servers import RunningServer, running_server
from tests.support.serving_fixtures import Published
from tests.support.shell import shell
from tests.support.snapshots import product_id

IDS = [product_id(number) for number in range(25)]


@pytest.fixture
def client(server: RunningServer) -> Iterator[RiskClient]:
    with RiskClient(server.target) as connected:
        yield connected


def test_a_list_of_any_length_is_put_together_from_pages(client: RiskClient) -> None:
    everything = client.list_risks(limit=5000)
    assert [each.rank for each in everything.results] == list(range(1, everything.total_size + 1))
    assert list(client.list_risks(limit=10).results) == list(everything.results[:10])
    alerts = client.list_risks(ListFilter(alert_only=True), limit=5000)
    assert list(alerts.results) == [each for each in everything.results if each.risk.alert]


def test_the_stream_holds_what_assess_tells_of_every_product(client: RiskClient, published: Published) -> None:
    assert list(client.stream()) == list(client.assess(published.panel.product_ids).results)


def test_a_watch_tells_the_state_first(client: RiskClient) -> None:
    watch = client.watch(IDS)
    assert next(watch) == client.assess(IDS)


def test_items_carry_the_callers_stock(client: RiskClient) -> None:
    answer = client.assess([Item(each, units_on_hand=number) for number, each in enumerate(IDS)])
    known = [each for each in answer.results if each.error is None]
    assert known
    assert all(each.units_on_hand == IDS.index(each.product_id) for each in known)


def test_an_answer_becomes_a_frame_with_a_row_for_each_product(client: RiskClient) -> None:
    answer = client.assess([*IDS, "unknown"])
    frame = answer.to_frame()
    assert list(frame["product_id"]) == [*IDS, "unknown"]
    assert frame["probability"].isna().sum() == sum(each.probability is None for each in answer.results)
    assert frame["error"].iloc[-1] == "UNKNOWN_PRODUCT"


def test_batches_shrink_to_what_the_server_takes(published: Published, client: RiskClient) -> None:
    with running_server(published.root, "--max-ids", "7") as small, RiskClient(small.target) as other:
        assert other.info().max_ids_per_request == 7
        assert list(other.assess(IDS).results) == list(client.assess(IDS).results)
        assert list(other.features(IDS).results) == list(client.features(IDS).results)


def test_the_asyncio_client_answers_the_same(client: RiskClient, server: RunningServer) -> None:
    async def ask() -> tuple[Any, ...]:
        async with AsyncRiskClient(server.target) as other:
            return (
                await other.assess(IDS),
                await other.features(IDS),
                await other.list_risks(limit=30),
                await other.info(),
                [each async for each in other.stream()],
                await anext(other.watch(IDS)),
            )

    assert asyncio.run(ask()) == (
        client.assess(IDS),
        client.features(IDS),
        client.list_risks(limit=30),
        client.info(),
        list(client.stream()),
        client.assess(IDS),
    )


def test_the_asyncio_client_raises_the_same_errors(server: RunningServer) -> None:
    async def ask() -> RiskAnswer:
        async with AsyncRiskClient(server.target) as other:
            return await other.assess([""])

    with pytest.raises(RefusedError, match=r"product_ids\[0\]"):
        asyncio.run(ask())


class _Moody(risk_service_pb2_grpc.RiskServiceServicer):
    """Refuses some calls before it answers."""

    def __init__(self, refusals: int, code: grpc.StatusCode) -> None:
        self.calls, self._refusals, self._code = 0, refusals, code

    def GetServiceInfo(self, request: GetServiceInfoRequest, context: Any) -> GetServiceInfoResponse:  # noqa: ARG002, N802
        self.calls += 1
        if self.calls <= self._refusals:
            context.abort(self._code, "in a mood")
        response = GetServiceInfoResponse(products=3)
        response.first_week.year = response.first_week.month = response.first_week.day = 1
        response.provenance.as_of_week.CopyFrom(response.first_week)
        return response


@pytest.mark.parametrize(
    ("refusals", "code", "error", "calls"),
    [
        (2, grpc.StatusCode.UNAVAILABLE, None, 3),
        (9, grpc.StatusCode.UNAVAILABLE, ServerUnavailableError, 4),
        (9, grpc.StatusCode.INTERNAL, RefusedError, 1),
    ],
)
def test_only_an_unavailable_server_is_asked_again_and_not_for_ever(
    refusals: int, code: grpc.StatusCode, error: type[Exception] | None, calls: int
) -> None:
    moody = _Moody(refusals, code)  # type: ignore[abstract]
    server = grpc.server(ThreadPoolExecutor(1))
    risk_service_pb2_grpc.add_RiskServiceServicer_to_server(moody, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with RiskClient(f"127.0.0.1:{port}") as client:
            if error is None:
                assert client.info().products == 3
            else:
                with pytest.raises(error):
                    client.info()
    finally:
        server.stop(None)
    assert moody.calls == calls


def test_the_shell_lists_as_table_json_and_csv(server: RunningServer, client: RiskClient) -> None:
    expected = [each.risk.product_id for each in client.list_risks(limit=5).results]
    table = shell("list", "--limit", "5", "--target", server.target).stdout
    assert [table.index(each) for each in expected] == sorted(table.index(each) for each in expected)
    document = json.loads(shell("list", "--limit", "5", "--json", "--target", server.target).stdout)
    assert [each["risk"]["product_id"] for each in document["results"]] == expected
    rows = list(csv.DictReader(io.StringIO(shell("list", "--limit", "5", "--csv", "--target", server.target).stdout)))
    assert [row["product_id"] for row in rows] == expected
    assert [row["rank"] for row in rows] == ["1", "2", "3", "4", "5"]


def test_the_shell_reads_ids_from_a_file_and_prints_csv(server: RunningServer, tmp_path: Path) -> None:
    file = tmp_path / "ids.txt"
    file.write_text("\n".join(IDS) + "\n", encoding="utf-8")
    for command in ("assess", "features"):
        ended = shell(command, "unknown", "--ids-file", str(file), "--csv", "--target", server.target)
        rows = list(csv.DictReader(io.StringIO(ended.stdout)))
        assert [row["product_id"] for row in rows] == ["unknown", *IDS]
        assert rows[0]["error"] == "UNKNOWN_PRODUCT"


def test_the_shell_describes_the_server(server: RunningServer, published: Published) -> None:
    assert published.snapshot_id in shell("info", "--target", server.target).stdout
    document = json.loads(shell("info", "--json", "--target", server.target).stdout)
    assert document["products"] == len(published.panel.product_ids)


def test_the_shell_watches_until_the_server_stops(published: Published) -> None:
    with running_server(published.root) as own:
        command = [sys.executable, "-m", "feature_service.client", "watch", IDS[0], "--json", "--target", own.target]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
            assert watching.stdout is not None
            first = json.loads(watching.stdout.readline())
            assert [each["product_id"] for each in first["results"]] == [IDS[0]]
            own.process.terminate()
            _, stderr = watching.communicate(timeout=60)
        assert (watching.returncode, "no server answers" in stderr) == (3, True)
