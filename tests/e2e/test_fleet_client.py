"""The clients, the command and the proxy where servers of a shard each are asked as one."""

import asyncio
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from feature_service.client import (
    AsyncRiskClient,
    ClientError,
    FleetError,
    Item,
    ListFilter,
    RefusedError,
    RiskClient,
    Secrets,
    ServerUnavailableError,
)
from tests.support.asked_fleets import SHARDS, AskedFleet, part_of, told
from tests.support.processes import free_port
from tests.support.proxies import proxy_of
from tests.support.shell import shell
from tests.support.shops import LAST_DAY, Shops

DAYS = [None, LAST_DAY - dt.timedelta(weeks=4)]


@pytest.fixture
def single(shops: Shops) -> Iterator[RiskClient]:
    with RiskClient(shops.target) as connected:
        yield connected


@pytest.mark.parametrize("as_of", DAYS)
def test_risks_and_features_are_those_of_one_server_in_the_callers_order(
    together: RiskClient, single: RiskClient, all_ids: list[str], as_of: dt.date | None
) -> None:
    assert told(together.assess(all_ids, as_of)) == told(single.assess(all_ids, as_of))
    assert told(together.features(all_ids, as_of)) == told(single.features(all_ids, as_of))
    items = [Item(each, units_on_hand=float(number % 9)) for number, each in enumerate(all_ids)]
    assert told(together.assess([*items, *all_ids], as_of)) == told(single.assess([*items, *all_ids], as_of))


def test_a_products_history_is_told_by_the_server_that_holds_it(
    fleet: AskedFleet, shops: Shops, together: RiskClient, single: RiskClient, all_ids: list[str]
) -> None:
    for number in range(SHARDS):
        product = next(each for each in part_of(number, all_ids) if each in shops.panel.product_ids)
        assert told(together.product_history(product)) == told(single.product_history(product))
        with RiskClient(fleet.targets[(number + 1) % SHARDS]) as alone, pytest.raises(RefusedError) as refused:
            alone.product_history(product)
        assert (refused.value.code, refused.value.reason) == ("FAILED_PRECONDITION", "WRONG_SHARD")
    with pytest.raises(RefusedError) as refused:
        together.product_history("nobody")
    assert refused.value.reason == "UNKNOWN_PRODUCT"


@pytest.mark.parametrize("order", ["PROBABILITY", "REVENUE_AT_RISK", "REORDER_BY_DATE"])
@pytest.mark.parametrize(
    "criteria",
    [{"include_out_of_stock": True}, {"alert_only": True}, {"minimum_probability": 0.02, "category": "dairy"}],
)
def test_lists_are_those_of_one_server_to_the_rank(
    together: RiskClient, single: RiskClient, order: str, criteria: dict[str, Any]
) -> None:
    asked = ListFilter(order=order, **criteria)
    whole = single.list_risks(asked, limit=5000)
    assert whole.results
    assert told(together.list_risks(asked, limit=5000)) == told(whole)
    assert told(together.list_risks(asked, limit=7)) == told(single.list_risks(asked, limit=7))


@pytest.mark.parametrize("as_of", DAYS)
def test_the_stream_is_that_of_one_server(together: RiskClient, single: RiskClient, as_of: dt.date | None) -> None:
    assert list(together.stream(as_of)) == list(single.stream(as_of))


def test_a_watch_begins_with_all_products_in_the_order_asked(
    together: RiskClient, single: RiskClient, all_ids: list[str]
) -> None:
    watch, other = together.watch(all_ids), single.watch(all_ids)
    assert told(next(watch)) == told(next(other))


def test_the_asyncio_client_answers_the_same(fleet: AskedFleet, together: RiskClient, all_ids: list[str]) -> None:
    async def ask() -> tuple[Any, ...]:
        async with AsyncRiskClient(fleet.target, question="inventory") as other:
            return (
                await other.assess(all_ids),
                await other.features(all_ids),
                await other.list_risks(limit=30),
                await other.info(),
                await other.health(),
                [each async for each in other.stream()],
                await anext(other.watch(all_ids)),
            )

    assert repr(asyncio.run(ask())) == repr(
        (
            together.assess(all_ids),
            together.features(all_ids),
            together.list_risks(limit=30),
            together.info(),
            "SERVING",
            list(together.stream()),
            together.assess(all_ids),
        )
    )


def test_the_command_shows_the_fleet_as_one_server_and_who_holds_what(
    fleet: AskedFleet, shops: Shops, single: RiskClient
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


def test_a_single_server_of_a_fleet_never_passes_for_all_of_it(fleet: AskedFleet, all_ids: list[str]) -> None:
    ended = shell("list", "--csv", "--target", fleet.targets[1])
    sentence = f"{fleet.targets[1]} holds shard 1/3 of the products alone: name the servers of all 3 shards, in their"
    assert (ended.returncode, ended.stdout, sentence in ended.stderr) == (1, "", True)
    assert "alone: the servers of all 3 hold the other products" in shell("info", "--target", fleet.targets[1]).stdout
    with RiskClient(fleet.targets[1]) as alone:
        with pytest.raises(FleetError, match="holds shard 1/3 of the products alone"):
            next(alone.stream())
        results = alone.assess(all_ids).results
    assert {each.product_id for each in results if each.error and each.error.reason == "WRONG_SHARD"} == set(
        all_ids
    ) - set(part_of(1, all_ids))


def test_targets_in_another_order_or_of_others_are_told(fleet: AskedFleet, shops: Shops, all_ids: list[str]) -> None:
    first, second, third = fleet.targets
    for targets, sentence in (
        ([second, first, third], f"{second}, named as 0/3, holds shard 1/3, {first}, named as 1/3, holds shard 0/3:"),
        ([first, second], f"{first}, named as 0/2, holds shard 0/3, {second}, named as 1/2, holds shard 1/3:"),
        ([first, second, shops.target], f"{shops.target}, named as 2/3, holds all products:"),
    ):
        with RiskClient(",".join(targets)) as wrong:
            for ask in (
                lambda: wrong.assess(all_ids),
                wrong.list_risks,
                wrong.info,
                lambda: next(wrong.watch(all_ids)),
            ):
                with pytest.raises(FleetError) as raised:
                    ask()
                assert sentence in str(raised.value)


def test_a_server_that_is_gone_is_named_and_nothing_is_answered_in_part(fleet: AskedFleet, all_ids: list[str]) -> None:
    dead = f"127.0.0.1:{free_port()}"
    with RiskClient(",".join([*fleet.targets[:2], dead])) as client:
        for ask in (lambda: client.assess(all_ids), client.list_risks, client.health, lambda: next(client.stream())):
            with pytest.raises(ServerUnavailableError) as raised:
                ask()
            assert f"no server answers at {dead} (shard 2/3)" in str(raised.value)


def test_a_refusal_names_the_server(fleet: AskedFleet) -> None:
    with RiskClient(fleet.target) as client, pytest.raises(ClientError) as raised:
        client.assess(["a", "b", "c", "d", "e"], dt.date(1999, 1, 1))
    assert f"{fleet.targets[0]} (shard 0/3) refused the request: " in str(raised.value)


def test_each_shard_is_found_behind_one_address_by_a_proxy_that_reads_the_header(
    fleet: AskedFleet, together: RiskClient, all_ids: list[str], tmp_path: Path
) -> None:
    with proxy_of(fleet.servers[0], tmp_path, fleet.servers) as proxy:
        credentials = Secrets(ca=proxy.ca).credentials()
        with RiskClient(",".join([proxy.target] * SHARDS), credentials=credentials) as through:
            assert through.assess(all_ids) == together.assess(all_ids)
            assert through.list_risks() == together.list_risks()
            assert list(through.stream()) == list(together.stream())
            assert next(through.watch(all_ids)) == next(together.watch(all_ids))
            assert through.health() == "SERVING"
        with (
            RiskClient(",".join([proxy.target] * (SHARDS + 1)), credentials=credentials) as more,
            pytest.raises(ServerUnavailableError, match=r"no server answers at .* \(shard 3/4\)"),
        ):
            more.list_risks()
