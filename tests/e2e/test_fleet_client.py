"""The clients, the command, the Bento's client and the proxy where servers of a shard each are asked as one."""

import asyncio
import dataclasses
import datetime as dt
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from bento.features import FeatureClient
from bento.requests import AssessRequest
from data import snapshots
from data.snapshots import current_id, point_at, publish
from feature_service.client import (
    AsyncRiskClient,
    ClientError,
    FleetError,
    Item,
    ListFilter,
    ProductRisk,
    Provenance,
    RiskAnswer,
    RiskClient,
    Secrets,
    ServerUnavailableError,
)
from feature_service.shards import shard_number
from tests.support.counted import after_the_week, wait_until
from tests.support.fleets import publish_again
from tests.support.histories import History, new_history, running_history
from tests.support.processes import free_port
from tests.support.proxies import proxy_of
from tests.support.servers import RunningServer, running_server
from tests.support.shell import shell
from tests.support.shops import LAST_DAY, Shops

SHARDS = 3
DAYS = [None, LAST_DAY - dt.timedelta(weeks=4)]


@dataclasses.dataclass
class Fleet:
    """A server of each shard, which hear of the same counts."""

    root: Path
    snapshot_id: str
    servers: list[RunningServer]
    history: History

    @property
    def targets(self) -> list[str]:
        return [each.target for each in self.servers]

    @property
    def target(self) -> str:
        return ",".join(self.targets)


@pytest.fixture(scope="module")
def fleet(shops: Shops, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    root = tmp_path_factory.mktemp("fleet") / "snapshots"
    history = new_history()
    snapshot_id = publish_again(snapshots.load(shops.root, shops.snapshot_id), root, SHARDS)
    with ExitStack() as running:
        address = running.enter_context(running_history(history))
        words = ("--history-address", address, "--reload-seconds", "0.02")
        servers = [
            running.enter_context(running_server(root, "--shard", f"{number}/{SHARDS}", *words))
            for number in range(SHARDS)
        ]
        yield Fleet(root, snapshot_id, servers, history)


@pytest.fixture
def client(fleet: Fleet) -> Iterator[RiskClient]:
    with RiskClient(fleet.target, question="inventory") as connected:
        yield connected


@pytest.fixture
def single(shops: Shops) -> Iterator[RiskClient]:
    with RiskClient(shops.target) as connected:
        yield connected


@pytest.fixture
def ids(shops: Shops) -> list[str]:
    """Every product, in no order, some that nobody knows, and one twice."""
    known = sorted(shops.panel.product_ids, key=lambda each: each[::-1])
    return [*known, "nobody", "1-nothing", known[0], "Füller"]


def part_of(number: int, product_ids: Sequence[str]) -> list[str]:
    return [each for each in product_ids if shard_number(each, SHARDS, "ITEM") == number]


def apart(provenance: Provenance) -> Provenance:
    """But for what tells one publication from another."""
    epoch = dt.datetime.fromtimestamp(0, dt.UTC)
    return dataclasses.replace(provenance, snapshot_id="", published_at=epoch, data_warnings=0)


def told(answer: Any) -> str:
    """To the last digit, NaN too, what an answer says of products, in whichever publication of one content."""
    return repr(dataclasses.replace(answer, provenance=apart(answer.provenance)))


@pytest.mark.parametrize("as_of", DAYS)
def test_risks_and_features_are_those_of_one_server_in_the_callers_order(
    client: RiskClient, single: RiskClient, ids: list[str], as_of: dt.date | None
) -> None:
    assert told(client.assess(ids, as_of)) == told(single.assess(ids, as_of))
    assert told(client.features(ids, as_of)) == told(single.features(ids, as_of))
    items = [Item(each, units_on_hand=float(number % 9)) for number, each in enumerate(ids)]
    assert told(client.assess([*items, *ids], as_of)) == told(single.assess([*items, *ids], as_of))


@pytest.mark.parametrize("order", ["PROBABILITY", "REVENUE_AT_RISK", "REORDER_BY_DATE"])
@pytest.mark.parametrize(
    "criteria",
    [{"include_out_of_stock": True}, {"alert_only": True}, {"minimum_probability": 0.02, "category": "dairy"}],
)
def test_lists_are_those_of_one_server_to_the_rank(
    client: RiskClient, single: RiskClient, order: str, criteria: dict[str, Any]
) -> None:
    asked = ListFilter(order=order, **criteria)
    whole = single.list_risks(asked, limit=5000)
    assert whole.results
    assert told(client.list_risks(asked, limit=5000)) == told(whole)
    assert told(client.list_risks(asked, limit=7)) == told(single.list_risks(asked, limit=7))


@pytest.mark.parametrize("as_of", DAYS)
def test_the_stream_is_that_of_one_server(client: RiskClient, single: RiskClient, as_of: dt.date | None) -> None:
    assert list(client.stream(as_of)) == list(single.stream(as_of))


def test_a_watch_begins_with_all_products_in_the_order_asked(
    client: RiskClient, single: RiskClient, ids: list[str]
) -> None:
    watch, other = client.watch(ids), single.watch(ids)
    assert told(next(watch)) == told(next(other))


def test_the_asyncio_client_answers_the_same(fleet: Fleet, client: RiskClient, ids: list[str]) -> None:
    async def ask() -> tuple[Any, ...]:
        async with AsyncRiskClient(fleet.target, question="inventory") as other:
            return (
                await other.assess(ids),
                await other.features(ids),
                await other.list_risks(limit=30),
                await other.info(),
                await other.health(),
                [each async for each in other.stream()],
                await anext(other.watch(ids)),
            )

    assert repr(asyncio.run(ask())) == repr(
        (
            client.assess(ids),
            client.features(ids),
            client.list_risks(limit=30),
            client.info(),
            "SERVING",
            list(client.stream()),
            client.assess(ids),
        )
    )


def test_the_command_shows_the_fleet_as_one_server_and_who_holds_what(
    fleet: Fleet, shops: Shops, single: RiskClient
) -> None:
    listed = json.loads(shell("list", "--limit", "9", "--json", "--target", fleet.target).stdout)
    expected = single.list_risks(limit=9)
    assert listed["total_size"] == expected.total_size
    assert [each["risk"]["product_id"] for each in listed["results"]] == [
        each.risk.product_id for each in expected.results
    ]
    table = " ".join(shell("info", "--target", fleet.target).stdout.split())
    assert f" products {len(shops.panel.product_ids)} first week" in table
    for number, target in enumerate(fleet.targets):
        count = len(part_of(number, shops.panel.product_ids))
        assert f" {number}/{SHARDS} at {target}: {count} products, snapshot {fleet.snapshot_id}" in table


def test_a_single_server_of_a_fleet_never_passes_for_all_of_it(fleet: Fleet, ids: list[str]) -> None:
    ended = shell("list", "--csv", "--target", fleet.targets[1])
    sentence = f"{fleet.targets[1]} holds shard 1/3 of the products alone: name the servers of all 3 shards, in their"
    assert (ended.returncode, ended.stdout, sentence in ended.stderr) == (1, "", True)
    assert "alone: the servers of all 3 hold the other products" in shell("info", "--target", fleet.targets[1]).stdout
    with RiskClient(fleet.targets[1]) as alone:
        with pytest.raises(FleetError, match="holds shard 1/3 of the products alone"):
            next(alone.stream())
        results = alone.assess(ids).results
    assert {each.product_id for each in results if each.error and each.error.reason == "WRONG_SHARD"} == set(ids) - set(
        part_of(1, ids)
    )


def test_targets_in_the_wrong_order_or_of_other_servers_are_told(fleet: Fleet, shops: Shops, ids: list[str]) -> None:
    first, second, third = fleet.targets
    for targets, sentence in (
        ([second, first, third], f"{second}, named as 0/3, holds shard 1/3, {first}, named as 1/3, holds shard 0/3:"),
        ([first, second], f"{first}, named as 0/2, holds shard 0/3, {second}, named as 1/2, holds shard 1/3:"),
        ([first, second, shops.target], f"{shops.target}, named as 2/3, holds all products:"),
    ):
        with RiskClient(",".join(targets)) as wrong:
            for ask in (lambda: wrong.assess(ids), wrong.list_risks, wrong.info, lambda: next(wrong.watch(ids))):
                with pytest.raises(FleetError) as raised:
                    ask()
                assert sentence in str(raised.value)


def test_a_server_that_is_not_there_is_named_and_nothing_is_answered_in_part(fleet: Fleet, ids: list[str]) -> None:
    dead = f"127.0.0.1:{free_port()}"
    with RiskClient(",".join([*fleet.targets[:2], dead])) as client:
        for ask in (lambda: client.assess(ids), client.list_risks, client.health, lambda: next(client.stream())):
            with pytest.raises(ServerUnavailableError) as raised:
                ask()
            assert f"no server answers at {dead} (shard 2/3)" in str(raised.value)


def test_a_refusal_names_the_server(fleet: Fleet) -> None:
    with RiskClient(fleet.target) as client, pytest.raises(ClientError) as raised:
        client.assess(["a", "b", "c", "d", "e"], dt.date(1999, 1, 1))
    assert f"{fleet.targets[0]} (shard 0/3) refused the request: " in str(raised.value)


def test_each_shard_is_found_behind_one_address_by_a_proxy_that_reads_the_header(
    fleet: Fleet, client: RiskClient, ids: list[str], tmp_path: Path
) -> None:
    with proxy_of(fleet.servers[0], tmp_path, fleet.servers) as proxy:
        credentials = Secrets(ca=proxy.ca).credentials()
        with RiskClient(",".join([proxy.target] * SHARDS), credentials=credentials) as through:
            assert through.assess(ids) == client.assess(ids)
            assert through.list_risks() == client.list_risks()
            assert list(through.stream()) == list(client.stream())
            assert next(through.watch(ids)) == next(client.watch(ids))
            assert through.health() == "SERVING"
        with (
            RiskClient(",".join([proxy.target] * (SHARDS + 1)), credentials=credentials) as more,
            pytest.raises(ClientError, match=r"\(shard 3/4\) refused the request"),
        ):
            more.list_risks()


def test_the_bento_gets_features_and_figures_of_one_state_though_each_shard_has_counts_of_its_own(
    fleet: Fleet, client: RiskClient, ids: list[str]
) -> None:
    day = after_the_week(1)
    fleet.history.record({each: (day, 3.0) for number in range(2) for each in part_of(number, ids)[:5]})
    for target in fleet.targets[:2]:
        with RiskClient(target) as one:
            wait_until(lambda: (counts := one.info().recorded_counts) is not None and counts.products == 5)

    async def ask() -> Any:
        asker = FeatureClient(fleet.target, "inventory")
        try:
            return await asker.get(AssessRequest(product_ids=tuple(ids)))
        finally:
            await asker.close()

    answer = asyncio.run(ask())
    assert answer.plans == client.assess(ids)
    versions = answer.plans.provenance.counts_version.split(",")
    assert [bool(each) for each in versions] == [True, True, False]
    assert len({each.product_id for each in answer.plans.results if each.count_recorded}) == 10


def test_while_the_servers_take_a_newer_snapshot_every_answer_is_of_one_and_watches_tell_each_change(
    fleet: Fleet, shops: Shops, client: RiskClient, ids: list[str]
) -> None:
    old = client.assess(ids)
    scored = [each.product_id for each in old.results if each.probability is not None and not each.count_recorded]
    changed = {each for number in range(SHARDS) for each in part_of(number, scored)[-2:]}
    now = snapshots.load(shops.root, shops.snapshot_id)
    eligible = now.eligible.copy()
    eligible[[now.panel.product_ids.index(each) for each in changed], -1] = False
    watch = client.watch(ids)
    assert next(watch) == old
    newer = publish(now.panel, eligible, now.bundle_dir, now.model, fleet.root, now.reasons, shards=SHARDS)
    answers = [client.assess(ids)]
    while answers[-1].provenance.snapshot_id != newer:
        answers.append(client.assess(ids))
    new = answers.pop()
    assert all(each == old for each in answers)
    assert differing(old, new) == changed
    messages: list[ProductRisk] = []
    for answer in (next(watch) for _ in range(SHARDS)):
        assert answer.provenance.snapshot_id == newer
        messages += answer.results
    assert {each.product_id for each in messages} == changed
    assert all(each in new.results for each in messages)
    point_at(fleet.snapshot_id, fleet.root)
    wait_until(lambda: {each.snapshot_id for each in client.info().shards} == {current_id(fleet.root)})


def differing(old: RiskAnswer, new: RiskAnswer) -> set[str]:
    return {ours.product_id for ours, theirs in zip(old.results, new.results, strict=True) if ours != theirs}


@pytest.mark.parametrize("kind", ["sync", "asyncio"])
def test_a_watch_ends_with_a_sentence_when_one_of_its_servers_stops(fleet: Fleet, ids: list[str], kind: str) -> None:
    words = ("--shard", f"2/{SHARDS}", "--reload-seconds", "0.02")
    with running_server(fleet.root, *words) as own:
        target = ",".join([*fleet.targets[:2], own.target])
        name = f"{own.target} (shard 2/3)"

        def watch() -> None:
            with RiskClient(target) as client:
                watching = client.watch(ids)
                next(watching)
                own.process.terminate()
                next(watching)

        async def watch_async() -> None:
            async with AsyncRiskClient(target) as client:
                watching = client.watch(ids)
                await anext(watching)
                own.process.terminate()
                await anext(watching)

        with pytest.raises(ServerUnavailableError) as raised:
            watch() if kind == "sync" else asyncio.run(watch_async())
    assert f"no server answers at {name}" in str(raised.value)
