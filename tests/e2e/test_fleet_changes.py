"""What clients of a fleet are told while counts are recorded, a newer snapshot is taken, and a server stops."""

import asyncio
from typing import Any

import pytest

from bento.features import FeatureClient
from bento.requests import AssessRequest
from data import snapshots
from data.snapshots import current_id, point_at, publish
from feature_service.client import (
    AsyncRiskClient,
    ProductRisk,
    RiskAnswer,
    RiskClient,
    ServerUnavailableError,
)
from tests.support.asked_fleets import SHARDS, AskedFleet, part_of
from tests.support.counted import after_the_week, wait_until
from tests.support.servers import running_server
from tests.support.shops import Shops


def test_the_bento_gets_features_and_figures_of_one_state_though_each_shard_has_counts_of_its_own(
    fleet: AskedFleet, together: RiskClient, all_ids: list[str]
) -> None:
    day = after_the_week(1)
    fleet.history.record({each: (day, 3.0) for number in range(2) for each in part_of(number, all_ids)[:5]})
    for target in fleet.targets[:2]:
        with RiskClient(target) as one:
            wait_until(lambda: (counts := one.info().recorded_counts) is not None and counts.products == 5)

    async def ask() -> Any:
        asker = FeatureClient(fleet.target, "inventory")
        try:
            return await asker.get(AssessRequest(product_ids=tuple(all_ids)))
        finally:
            await asker.close()

    answer = asyncio.run(ask())
    assert answer.plans == together.assess(all_ids)
    versions = answer.plans.provenance.counts_version.split(",")
    assert [bool(each) for each in versions] == [True, True, False]
    assert len({each.product_id for each in answer.plans.results if each.count_recorded}) == 10


def test_while_the_servers_take_a_newer_snapshot_every_answer_is_of_one_and_watches_tell_each_change(
    fleet: AskedFleet, shops: Shops, together: RiskClient, all_ids: list[str]
) -> None:
    old = together.assess(all_ids)
    scored = [each.product_id for each in old.results if each.probability is not None and not each.count_recorded]
    changed = {each for number in range(SHARDS) for each in part_of(number, scored)[-2:]}
    now = snapshots.load(shops.root, shops.snapshot_id)
    eligible = now.eligible.copy()
    eligible[[now.panel.product_ids.index(each) for each in changed], -1] = False
    watch = together.watch(all_ids)
    assert next(watch) == old
    newer = publish(now.panel, eligible, now.bundle_dir, now.model, fleet.root, now.reasons, now.alerts, shards=SHARDS)
    answers = [together.assess(all_ids)]
    while answers[-1].provenance.snapshot_id != newer:
        answers.append(together.assess(all_ids))
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
    wait_until(lambda: {each.snapshot_id for each in together.info().shards} == {current_id(fleet.root)})


def differing(old: RiskAnswer, new: RiskAnswer) -> set[str]:
    return {ours.product_id for ours, theirs in zip(old.results, new.results, strict=True) if ours != theirs}


@pytest.mark.parametrize("kind", ["sync", "asyncio"])
def test_a_watch_ends_in_a_sentence_when_a_server_stops(fleet: AskedFleet, all_ids: list[str], kind: str) -> None:
    words = ("--shard", f"2/{SHARDS}", "--reload-seconds", "0.02")
    with running_server(fleet.root, *words) as own:
        target = ",".join([*fleet.targets[:2], own.target])
        name = f"{own.target} (shard 2/3)"

        def watch() -> None:
            with RiskClient(target) as client:
                watching = client.watch(all_ids)
                next(watching)
                own.process.terminate()
                next(watching)

        async def watch_async() -> None:
            async with AsyncRiskClient(target) as client:
                watching = client.watch(all_ids)
                await anext(watching)
                own.process.terminate()
                await anext(watching)

        with pytest.raises(ServerUnavailableError) as raised:
            watch() if kind == "sync" else asyncio.run(watch_async())
    assert f"no server answers at {name}" in str(raised.value)
