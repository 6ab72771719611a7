"""The challenger over the wire: the clients, a fleet of shards and the command."""

import asyncio
import csv
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from stockout.v1.risk_service_pb2 import (
    AssessStockoutRisksRequest,
    ListStockoutRisksRequest,
    StreamStockoutRisksRequest,
    WatchStockoutRisksRequest,
)
from stockout.v1.risk_service_pb2_grpc import RiskServiceStub

from data.snapshots import Challenger, ChallengerScores, ModelReference, load, publish
from feature_service.client import AsyncRiskClient, ListFilter, ProductRisk, RiskClient
from tests.support.asked_fleets import told
from tests.support.servers import RunningServer, channel_to, running_server
from tests.support.serving_fixtures import Published
from tests.support.shell import shell

SHARDS = 2
CHALLENGER = Challenger(ModelReference("stockout_risk", "9", "run"), "seed-18", 0.75)


@dataclass(frozen=True)
class Servers:
    """One of all products, and one of each shard."""

    whole: RunningServer
    fleet: str

    @property
    def targets(self) -> tuple[str, str]:
        """As clients take them."""
        return self.whole.target, self.fleet


@pytest.fixture(scope="module")
def servers(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Of the snapshot with a challenger that knows all but every seventh product."""
    snapshot, root = load(published.root, published.snapshot_id), tmp_path_factory.mktemp("beside")
    scores = np.linspace(0, 1, len(snapshot.panel.product_ids), dtype=np.float32)
    scores[::7] = np.nan
    beside = ChallengerScores(CHALLENGER, scores)
    content = snapshot.panel, snapshot.eligible, snapshot.bundle_dir, snapshot.model
    for shards in (1, SHARDS):
        publish(*content, root / str(shards), shards=shards, challenger=beside)
    with ExitStack() as running:

        def serve(shards: int, *options: str) -> RunningServer:
            return running.enter_context(running_server(root / str(shards), *options))

        fleet = [serve(SHARDS, "--shard", f"{number}/{SHARDS}").target for number in range(SHARDS)]
        yield Servers(serve(1), ",".join(fleet))


def without(risk: ProductRisk) -> ProductRisk:
    return replace(risk, challenger_probability=None, challenger_alert=None)


def test_clients_and_fleets_tell_the_challenger_to_who_asks(servers: Servers, published: Published) -> None:
    ids = [*published.panel.product_ids, "nobody"]
    answers, lists, streams = [], [], []
    for target in servers.targets:
        with RiskClient(target) as client:
            plain, answer = client.assess(ids), client.assess(ids, include_challenger=True)
            assert plain.results == list(map(without, answer.results))
            assert (plain.provenance.challenger, answer.provenance.challenger) == (None, client.info().challenger)
            answers.append(told(answer))
            lists.append(told(client.list_risks(ListFilter(include_challenger=True), limit=1000)))
            streams.append(list(client.stream(include_challenger=True)))
    assert len({*answers}) == len({*lists}) == 1
    by_id = sorted((each for each in answer.results if each.product_id != "nobody"), key=lambda each: each.product_id)
    assert streams[0] == streams[1] == by_id
    known = [each for each in answer.results if each.challenger_probability is not None]
    assert {each.challenger_alert for each in known} == {False, True}
    assert len(known) < sum(each.probability is not None for each in answer.results)

    async def asynchronous() -> str:
        async with AsyncRiskClient(servers.fleet) as client:
            return told(await client.assess(ids, include_challenger=True))

    assert asyncio.run(asynchronous()) == answers[0]


def said_by(server: RunningServer, ids: Sequence[str], *, include_challenger: bool) -> list[Any]:
    """The messages of every RPC that tells risks."""
    asked: dict[str, Any] = {"include_challenger": include_challenger}
    with channel_to(server) as channel:
        service = RiskServiceStub(channel)
        watch = service.WatchStockoutRisks(WatchStockoutRisksRequest(product_ids=ids, **asked), timeout=20)
        said = [
            service.AssessStockoutRisks(AssessStockoutRisksRequest(product_ids=ids, **asked), timeout=20),
            service.ListStockoutRisks(ListStockoutRisksRequest(page_size=1000, **asked), timeout=20),
            *service.StreamStockoutRisks(StreamStockoutRisksRequest(**asked), timeout=20),
            next(watch),
        ]
        watch.cancel()
    return said


def test_who_does_not_ask_gets_the_bytes_of_a_server_without_a_challenger(
    servers: Servers, published: Published, server: RunningServer
) -> None:
    ids = published.panel.product_ids
    plain, alone = (said_by(each, ids, include_challenger=False) for each in (servers.whole, server))
    for each in (*plain, *alone):
        assert not each.provenance.HasField("challenger")
        each.ClearField("provenance")
    assert [each.SerializeToString() for each in plain] == [each.SerializeToString() for each in alone]
    asked = said_by(servers.whole, ids, include_challenger=True)
    assert [each.provenance.challenger.model_version for each in asked] == ["9"] * 4
    assert asked[0].results == asked[-1].results  # of a watch


def test_the_command_prints_it_where_that_is_asked(servers: Servers, published: Published) -> None:
    asked = ("assess", *published.panel.product_ids[10:14], "--target", servers.fleet)
    assert "challenger: version 9, which changes nothing; it would alert from 0.750" in (
        shell(*asked, "--include-challenger").stdout
    )
    printed = [shell(*asked, "--csv", *more).stdout for more in ((), ("--include-challenger",))]
    plain, beside = (next(csv.DictReader(io.StringIO(each))) for each in printed)
    assert [name for name in beside if not name.startswith("challenger_")] == [*plain]
    assert {*beside} - {*plain} == {"challenger_probability", "challenger_alert"}
    answer = json.loads(shell("list", "--json", "--include-challenger", "--target", servers.whole.target).stdout)
    assert answer["provenance"]["challenger"]["model_version"] == "9"
    info = " ".join(shell("info", "--target", servers.fleet).stdout.split())
    assert "stockout_risk version 9, feature set seed-18; it answers nobody who does not ask" in info
