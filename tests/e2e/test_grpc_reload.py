"""Newer snapshots while a server answers: swapped in without a stop, or refused."""

import asyncio
import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from stockout.v1.risk_service_pb2 import (
    AssessStockoutRisksRequest,
    AssessStockoutRisksResponse,
    GetServiceInfoRequest,
    ListStockoutRisksRequest,
    WatchStockoutRisksRequest,
)
from stockout.v1.risk_service_pb2_grpc import RiskServiceStub

from data.snapshots import point_at
from data.weeks import last_complete_week
from tests.support.calls import ASSESS, reason_in, refusal
from tests.support.damage import publish_snapshot_unseen, truncate
from tests.support.servers import RunningServer, running_server
from tests.support.snapshots import product_id, publish_snapshot, synthetic_panel

IDS = [product_id(number) for number in range(60)]
SWAPS = 50
CALLERS = 8
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """Two snapshots of the same products with other sales, and their ids; the first is published."""
    root = tmp_path_factory.mktemp("reload") / "snapshots"
    second, first = (publish_snapshot(root, synthetic_panel(products=60, seed=seed)) for seed in (2, 1))
    return root, first, second


@pytest.fixture
def reloading(both: tuple[Path, str, str]) -> Iterator[RunningServer]:
    point_at(both[1], both[0])
    with running_server(both[0], "--reload-seconds", "0.02") as server:
        yield server


def swap(root: Path, to: str, server: RunningServer, already: int) -> None:
    """Publish, and wait until the server has it."""
    point_at(to, root)
    server.wait_for("reloaded", lambda _: count(server, "reloaded") > already)


def count(server: RunningServer, event: str) -> int:
    return sum(each["event"] == event for each in server.events)


def test_fifty_swaps_under_load_fail_no_call_and_mix_no_answer(
    both: tuple[Path, str, str], reloading: RunningServer
) -> None:
    root, first, second = both
    request = AssessStockoutRisksRequest(product_ids=IDS).SerializeToString()
    seen: dict[str, set[bytes]] = {first: set(), second: set()}

    async def call_until(stop: asyncio.Event, channel: grpc.aio.Channel) -> None:
        assess: Any = channel.unary_unary(ASSESS)
        while not stop.is_set():
            answer = await assess(request, timeout=10)
            parsed = AssessStockoutRisksResponse.FromString(answer)
            parsed.provenance.ClearField("published_at")  # to publish again is to publish later
            seen[parsed.provenance.snapshot_id].add(parsed.SerializeToString(deterministic=True))

    async def swap_under_load() -> None:
        stop = asyncio.Event()
        async with grpc.aio.insecure_channel(reloading.target) as channel:
            callers = [asyncio.create_task(call_until(stop, channel)) for _ in range(CALLERS)]
            for number in range(SWAPS):
                to = first if number % 2 else second
                await asyncio.to_thread(swap, root, to, reloading, number)
            stop.set()
            await asyncio.gather(*callers)

    asyncio.run(swap_under_load())
    assert [len(answers) for answers in seen.values()] == [1, 1]


def test_a_watch_is_told_what_changed_and_only_that(both: tuple[Path, str, str], reloading: RunningServer) -> None:
    root, _, second = both
    with grpc.insecure_channel(reloading.target) as channel:
        stub = RiskServiceStub(channel)
        watch = stub.WatchStockoutRisks(WatchStockoutRisksRequest(product_ids=[*IDS, "unknown"]))
        before = next(watch)
        point_at(second, root)
        after = next(watch)
        assert after.provenance.snapshot_id == second
        now = stub.AssessStockoutRisks(AssessStockoutRisksRequest(product_ids=[*IDS, "unknown"]))
        assert list(after.results) == [new for new, old in zip(now.results, before.results, strict=True) if new != old]
        assert 0 < len(after.results) < len(before.results)
        watch.cancel()


def test_a_walk_through_pages_goes_on_in_the_snapshot_it_began_in(
    both: tuple[Path, str, str], reloading: RunningServer
) -> None:
    root, first, second = both
    with grpc.insecure_channel(reloading.target) as channel:
        stub = RiskServiceStub(channel)
        whole = stub.ListStockoutRisks(ListStockoutRisksRequest(page_size=1000))
        page = stub.ListStockoutRisks(ListStockoutRisksRequest(page_size=5))
        swap(root, second, reloading, 0)
        rest = stub.ListStockoutRisks(ListStockoutRisksRequest(page_size=1000, page_token=page.next_page_token))
        assert rest.provenance.snapshot_id == first
        assert [*page.risks, *rest.risks] == list(whole.risks)


def test_a_page_token_of_a_snapshot_that_is_gone_has_expired(
    both: tuple[Path, str, str], reloading: RunningServer
) -> None:
    root, first, second = both
    with grpc.insecure_channel(reloading.target) as channel:
        stub = RiskServiceStub(channel)
        token = stub.ListStockoutRisks(ListStockoutRisksRequest(page_size=5)).next_page_token
        publish_snapshot(root, synthetic_panel(products=60, seed=3))
        reloading.wait_for("reloaded")
        swap(root, second, reloading, 1)
        code, status = refusal(stub.ListStockoutRisks, ListStockoutRisksRequest(page_token=token))
    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert reason_in(status) == ("FAILED_PRECONDITION", "PAGE_TOKEN_EXPIRED", {"snapshot_id": first})


def _no_manifest(root: Path, name: str) -> None:
    (root / name / "manifest.json").unlink()


def _no_json(root: Path, name: str) -> None:
    (root / name / "manifest.json").write_text("{", encoding="utf-8")


@pytest.mark.parametrize("damage", [truncate, _no_manifest, _no_json])
def test_a_broken_snapshot_is_refused_and_the_one_before_stays(
    tmp_path: Path, damage: Callable[[Path, str], None]
) -> None:
    root = tmp_path / "snapshots"
    good = publish_snapshot(root, synthetic_panel(products=20, seed=1))
    with running_server(root, "--reload-seconds", "0.02") as server, grpc.insecure_channel(server.target) as channel:
        point_at(good, root)
        broken = publish_snapshot_unseen(root, good)
        damage(root, broken)
        point_at(broken, root)
        refused = server.wait_for("snapshot refused")
        assert refused["served"] == good
        assert broken in refused["error"]
        answer = RiskServiceStub(channel).AssessStockoutRisks(AssessStockoutRisksRequest(product_ids=["a"]))
        assert answer.provenance.snapshot_id == good
        newer = publish_snapshot(root, synthetic_panel(products=20, seed=3))
        assert server.wait_for("reloaded")["snapshot_id"] == newer
        assert count(server, "snapshot refused") == 1


def test_data_beyond_its_age_is_said_to_be_stale_and_health_says_not_serving(both: tuple[Path, str, str]) -> None:
    with running_server(both[0], "--max-age-days", "0") as server, grpc.insecure_channel(server.target) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        for service in ("", "stockout.v1.RiskService"):
            status = health.Check(health_pb2.HealthCheckRequest(service=service)).status
            assert status == health_pb2.HealthCheckResponse.NOT_SERVING
        request = AssessStockoutRisksRequest(product_ids=["a"])
        assert RiskServiceStub(channel).AssessStockoutRisks(request).provenance.stale


def test_data_within_its_age_is_served_and_old_data_stays_old_however_often_it_is_published(tmp_path: Path) -> None:
    root, today = tmp_path / "snapshots", dt.datetime.now(dt.UTC).date()
    fresh_week = last_complete_week(today)
    old = publish_snapshot(root, synthetic_panel(products=20, as_of_week=fresh_week - dt.timedelta(weeks=3)))
    fresh = publish_snapshot(root, synthetic_panel(products=20, as_of_week=fresh_week))
    options = ("--max-age-days", "9", "--reload-seconds", "0.02")
    with running_server(root, *options) as server, grpc.insecure_channel(server.target) as channel:
        health, risks = health_pb2_grpc.HealthStub(channel), RiskServiceStub(channel)
        seen = []
        for number, published in enumerate((fresh, old, fresh)):
            if number:
                swap(root, published, server, already=number - 1)
            provenance = risks.GetServiceInfo(GetServiceInfoRequest()).provenance
            until = provenance.data_until
            states = health.Watch(health_pb2.HealthCheckRequest())
            wanted = NOT_SERVING if provenance.stale else SERVING
            assert any(each.status == wanted for each in states)
            states.cancel()
            seen.append((dt.date(until.year, until.month, until.day), provenance.stale))
        sunday = fresh_week + dt.timedelta(days=6)
        assert seen == [(sunday, False), (sunday - dt.timedelta(weeks=3), True), (sunday, False)]
