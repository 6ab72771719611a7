"""Servers of a shard each: together they answer as one server of all products does, bit for bit."""

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from google.protobuf.message import Message
from google.rpc import status_pb2
from stockout.v1.feature_service_pb2 import GetFeaturesRequest, StreamFeaturesRequest
from stockout.v1.provenance_pb2 import Provenance
from stockout.v1.risk_service_pb2 import (
    SHARD_KEY_ITEM,
    AssessmentItem,
    AssessStockoutRisksRequest,
    ListStockoutRisksRequest,
    RankedStockoutRisk,
    Shard,
    StreamStockoutRisksRequest,
    WatchStockoutRisksRequest,
)

from data import snapshots
from data.snapshots import current_id, point_at
from feature_service.client import Item, ListFilter, RiskClient
from feature_service.shards import shard_number
from tests.support.calls import reason_in
from tests.support.counted import Counted, after_the_week, message_of
from tests.support.fleets import SHARDS, THEN, WEEKS_LATER, WEEKS_THEN, Fleet, publish_again, running_fleet
from tests.support.histories import TIMEOUT_S
from tests.support.metrics_page import page_of, value
from tests.support.servers import fails_to_start
from tests.support.shops import FIRST_WEEK, Shops

OF_THEN = FIRST_WEEK + dt.timedelta(weeks=WEEKS_THEN + 2, days=-1)
LATER = FIRST_WEEK + dt.timedelta(weeks=WEEKS_LATER, days=-1)
BEFORE_THEN = FIRST_WEEK + dt.timedelta(weeks=WEEKS_THEN - 5, days=-1)
OTHERS = [f"8-nothing-{number}" for number in range(20)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fleet")


@pytest.fixture(scope="module")
def fleet(shops: Shops, folder: Path) -> Iterator[Fleet]:
    with running_fleet(shops, folder) as running:
        yield running


def without_snapshot(provenance: Provenance) -> Provenance:
    """What does not tell which snapshot it is, nor which counts of its products."""
    rest = Provenance()
    rest.CopyFrom(provenance)
    for field in ("snapshot_id", "published_at", "counts_version"):
        rest.ClearField(field)
    return rest


@pytest.mark.parametrize("day", [None, LATER, OF_THEN, BEFORE_THEN])
def test_risks_features_and_a_callers_stock_are_those_of_one_server(fleet: Fleet, day: dt.date | None) -> None:
    as_of = message_of(day) if day else None

    def risks(server: Counted, ids: list[str]) -> Sequence[Message]:
        return server.risks.AssessStockoutRisks(AssessStockoutRisksRequest(product_ids=ids, as_of=as_of)).results

    def features(server: Counted, ids: list[str]) -> Sequence[Message]:
        return server.features.GetFeatures(GetFeaturesRequest(product_ids=ids, as_of=as_of)).results

    def with_stock(server: Counted, ids: list[str]) -> Sequence[Message]:
        items = [
            AssessmentItem(product_id=each, units_on_hand=len(each), lead_time_days=(9, 100)[sum(each.encode()) % 2])
            for each in ids
        ]
        return server.risks.AssessStockoutRisks(AssessStockoutRisksRequest(items=items, as_of=as_of)).results

    for call in (risks, features, with_stock):
        whole, together = fleet.ask(call)
        assert whole == together
        assert sum(each.HasField("risk" if call is not features else "features") for each in whole) > 100


def test_a_past_week_is_answered_by_the_model_of_then_that_was_published_in_one_piece(fleet: Fleet) -> None:
    request = AssessStockoutRisksRequest(product_ids=["1-10001"], as_of=message_of(OF_THEN))
    told = [each.risks.AssessStockoutRisks(request).provenance for each in (fleet.whole, *fleet.shards)]
    assert {(each.model_version, each.feature_set) for each in told} == {(THEN.version, "sales-2")}
    assert len({without_snapshot(each).SerializeToString(deterministic=True) for each in told}) == 1


def test_a_past_week_is_answered_from_the_shards_of_then(fleet: Fleet, folder: Path) -> None:
    request = AssessStockoutRisksRequest(product_ids=["1-10001"], as_of=message_of(LATER))
    told = {each.risks.AssessStockoutRisks(request).provenance.snapshot_id for each in fleet.shards}
    (of_then,) = (path.name for path in (folder / "shards").glob(f"{LATER:%G-W%V}-*"))
    assert told == {of_then}


def test_streams_and_lists_together_hold_what_those_of_one_server_hold(fleet: Fleet) -> None:
    def risks(server: Counted) -> list[Message]:
        return [
            each for part in server.risks.StreamStockoutRisks(StreamStockoutRisksRequest()) for each in part.results
        ]

    def features(server: Counted) -> list[Message]:
        return [each for part in server.features.StreamFeatures(StreamFeaturesRequest()) for each in part.results]

    def listed(server: Counted) -> list[RankedStockoutRisk]:
        request = ListStockoutRisksRequest(page_size=1000, include_out_of_stock=True, category="household")
        ranked = server.risks.ListStockoutRisks(request).risks
        assert [each.rank for each in ranked] == list(range(1, len(ranked) + 1))
        for each in ranked:
            each.rank = 0
        return list(ranked)

    for call in (risks, features, listed):
        whole, parts = call(fleet.whole), [call(each) for each in fleet.shards]
        assert all(parts)
        together = {each.SerializeToString(deterministic=True) for part in parts for each in part}
        assert together == {each.SerializeToString(deterministic=True) for each in whole}
        assert sum(map(len, parts)) == len(whole)


def test_counts_are_answered_with_by_the_shard_of_their_product_alone(fleet: Fleet) -> None:
    counted = [each for number, each in enumerate(fleet.product_ids) if number % 3 == 0]
    units = {each: float(number % 5) for number, each in enumerate([*counted, "never-sold"])}
    day = after_the_week(1)
    fleet.history.record({each: (day, on_hand) for each, on_hand in units.items()})
    for each in (fleet.whole, *fleet.shards):
        each.wait_for_counts_of(day)
    whole, together = fleet.ask(lambda server, ids: server.risks.AssessStockoutRisks(asked(ids)).results)
    assert whole == together
    infos = [each.info() for each in fleet.shards]
    assert sum(each.recorded_counts.products for each in infos) == len(counted)
    assert [each.recorded_counts.products for each in infos] == [
        len(set(ids) & set(counted)) for _, ids in fleet.parts(fleet.product_ids)
    ]


def asked(ids: Sequence[str]) -> AssessStockoutRisksRequest:
    return AssessStockoutRisksRequest(product_ids=ids)


def test_an_id_of_another_shard_is_told_from_one_that_nobody_knows(fleet: Fleet) -> None:
    def told(server: Counted, ids: list[str]) -> Iterator[tuple[str, status_pb2.Status]]:
        watch = server.risks.WatchStockoutRisks(WatchStockoutRisksRequest(product_ids=ids), timeout=TIMEOUT_S)
        answers = (
            server.risks.AssessStockoutRisks(asked(ids)).results,
            server.risks.AssessStockoutRisks(
                AssessStockoutRisksRequest(items=[AssessmentItem(product_id=each, units_on_hand=1) for each in ids])
            ).results,
            server.features.GetFeatures(GetFeaturesRequest(product_ids=ids)).results,
            next(watch).results,
        )
        watch.cancel()
        assert {len(each) for each in answers} == {len(ids)}
        return ((each.product_id, each.error) for results in answers for each in results)

    for number, server in enumerate(fleet.shards):
        other = 1 - number
        foreign = list(fleet.parts(fleet.product_ids))[other][1]
        metadata = {"shard": f"{other}", "shard_count": f"{SHARDS}", "served_shard": f"{number}"}
        for product_id, error in told(server, [*OTHERS, *foreign]):
            if shard_number(product_id, SHARDS, "ITEM") == number:
                assert reason_in(error) == ("NOT_FOUND", "UNKNOWN_PRODUCT", {})
            else:
                assert reason_in(error) == ("FAILED_PRECONDITION", "WRONG_SHARD", metadata)
                assert error.message.endswith(f"this server holds shard {number}: ask the server of {other}/{SHARDS}")


def test_a_client_of_all_servers_is_answered_as_one_of_the_whole(fleet: Fleet) -> None:
    targets = (fleet.whole.server.target, ",".join(each.server.target for each in fleet.shards))
    ids = [*reversed(fleet.product_ids), *OTHERS, fleet.product_ids[0]]
    items = [Item(each, units_on_hand=7.5) for each in ids]
    orders = ("PROBABILITY", "REVENUE_AT_RISK", "REORDER_BY_DATE")

    def answers(target: str) -> list[Sequence[object]]:
        with RiskClient(target) as client:
            ranked = [client.list_risks(ListFilter(include_out_of_stock=True, order=each), 100) for each in orders]
            asked = [client.assess(each, day) for each in (ids, items) for day in (None, OF_THEN)]
            streamed = [list(client.stream(day)) for day in (None, BEFORE_THEN)]
        return [*(each.results for each in ranked), *(each.results for each in asked), *streamed]

    whole, together = map(answers, targets)
    for one, other in zip(whole, together, strict=True):
        assert list(one) == list(other)


def test_every_server_tells_its_shard_and_all_the_same_snapshot(fleet: Fleet, folder: Path) -> None:
    infos = [each.info() for each in fleet.shards]
    for number, info in enumerate(infos):
        assert info.shard == Shard(number=number, count=SHARDS, key=SHARD_KEY_ITEM)
        assert list(info.data_warnings) == ["half of July is missing"]
        page = page_of(fleet.shards[number].server)
        assert value(page, "stockout_snapshot_info", shard=f"{number}/{SHARDS}") == 1
    assert {each.provenance.snapshot_id for each in infos} == {current_id(folder / "shards")}
    assert sum(each.products for each in infos) == len(fleet.product_ids)
    whole = fleet.whole.info()
    assert not whole.HasField("shard")
    assert 'shard="' not in page_of(fleet.whole.server)
    assert {without_snapshot(each.provenance).SerializeToString(deterministic=True) for each in infos} == {
        without_snapshot(whole.provenance).SerializeToString(deterministic=True)
    }


def test_a_snapshot_in_another_number_of_shards_is_refused_and_the_old_one_goes_on(
    shops: Shops, fleet: Fleet, folder: Path
) -> None:
    root, before = folder / "shards", current_id(folder / "shards")
    publish_again(snapshots.load(shops.root, shops.snapshot_id), root, shards=3)
    for number, each in enumerate(fleet.shards):
        line = each.server.wait_for("snapshot refused", lambda one: "published in 3 shards" in one["error"])
        assert line["error"].endswith(
            f"and this server was started with --shard {number}/{SHARDS}: start a server for each of them, with "
            "--shard 0/3 to --shard 2/3"
        )
        assert each.info().provenance.snapshot_id == before
        page = page_of(each.server)
        assert value(page, "stockout_snapshot_reload_failures_total", question="inventory") == 1
    exit_code, error = fails_to_start(root)
    assert (exit_code, "published in 3 shards, and this server was started for all products" in error) == (1, True)
    point_at(before, root)
