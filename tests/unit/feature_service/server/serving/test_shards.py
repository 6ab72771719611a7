"""A shard that is loaded and answered from, in this process."""

import asyncio
import datetime as dt
from pathlib import Path

import pytest
from stockout.v1.feature_service_pb2 import GetFeaturesResponse
from stockout.v1.risk_service_pb2 import (
    AssessStockoutRisksResponse,
    ListStockoutRisksResponse,
    StreamStockoutRisksResponse,
)

from data.snapshots import AlertRule, ShardMismatchError, Snapshot, SnapshotError, point_at, publish
from feature_service.server.scoring.queries import FeatureQuery, ListQuery, RankFilter, RiskQuery
from feature_service.server.serving.count_log import CountLog, StockCount
from feature_service.server.serving.snapshot import ServingSnapshot
from feature_service.server.serving.start import load_at_start
from feature_service.shards import Shard, shard_number
from tests.support.answers import reason_of

FIRST_OF_TWO = Shard(0, 2)
DAY = dt.date(2018, 8, 27)


def published(snapshot: Snapshot, root: Path, shards: int, threshold: float) -> str:
    """What is in a snapshot, with other alerts, so that it is another one."""
    alerts = AlertRule(f"probability {threshold}", threshold, 1.0, 0.5, 0.5, (DAY, DAY))
    return publish(
        snapshot.panel, snapshot.eligible, snapshot.bundle_dir, snapshot.model, root, alerts=alerts, shards=shards
    )


def test_a_damaged_snapshot_is_stood_in_for_by_the_last_good_one_of_as_many_shards(
    snapshot: Snapshot, tmp_path: Path
) -> None:
    good, _, damaged = (published(snapshot, tmp_path, *each) for each in ((2, 0.1), (1, 0.2), (2, 0.3)))
    (tmp_path / damaged / "shard-0-of-2" / "eligible.npy").unlink()
    serving, problem = load_at_start(tmp_path, FIRST_OF_TWO)
    assert serving.id == good
    assert isinstance(problem, SnapshotError)
    other, problem = load_at_start(tmp_path, Shard(1, 2))
    assert (other.id, problem) == (damaged, None)


def test_a_snapshot_that_is_divided_otherwise_is_not_stood_in_for(snapshot: Snapshot, tmp_path: Path) -> None:
    sharded, whole = published(snapshot, tmp_path, 2, 0.1), published(snapshot, tmp_path, 1, 0.2)
    with pytest.raises(ShardMismatchError, match="start it without --shard"):
        load_at_start(tmp_path, FIRST_OF_TWO)
    point_at(sharded, tmp_path)
    with pytest.raises(ShardMismatchError, match=f"{sharded} is published in 2 shards"):
        load_at_start(tmp_path, None)
    point_at(whole, tmp_path)
    assert load_at_start(tmp_path, None)[0].id == whole


def test_a_shard_that_no_product_falls_into_answers(snapshot: Snapshot, tmp_path: Path) -> None:
    ids, count = snapshot.panel.product_ids, 1024
    taken = {shard_number(each, count, "PRODUCT_ID") for each in (*ids, *snapshot.panel.excluded)}
    number = min(set(range(count)) - taken)
    published(snapshot, tmp_path, count, 0.1)
    serving, _ = load_at_start(tmp_path, Shard(number, count))
    page = ListStockoutRisksResponse.FromString(serving.page(ListQuery(RankFilter(), 50, "")))
    assert (page.total_size, len(page.risks), len(serving.assessor)) == (0, 0, 0)
    assert page.provenance.snapshot_id == serving.id
    for as_of in (None, DAY - dt.timedelta(weeks=3)):
        asked, features = (
            serving.risks(RiskQuery(ids[:3], as_of, 0)),
            serving.features(FeatureQuery(ids[:3], as_of, "")),
        )
        risks = AssessStockoutRisksResponse.FromString(_waited_for(asked)).results
        values = GetFeaturesResponse.FromString(_waited_for(features)).results
        assert [*map(reason_of, risks), *map(reason_of, values)] == ["WRONG_SHARD"] * 6
        streamed = StreamStockoutRisksResponse.FromString(_streamed(serving, as_of))
        assert not streamed.results
        assert streamed.provenance.snapshot_id == serving.id
    assert serving.with_counts([StockCount(1, ids[0], DAY, 3.0)]) is serving


def _waited_for(answer: object) -> bytes:
    async def wait() -> bytes:
        return answer if isinstance(answer, bytes) else await answer  # type: ignore[misc]

    return asyncio.run(wait())


def _streamed(serving: ServingSnapshot, as_of: dt.date | None) -> bytes:
    async def read() -> bytes:
        return b"".join([each async for each in serving.all_risks(as_of)])

    return asyncio.run(read())


def test_counts_are_kept_of_products_that_may_be_in_the_shard_by_either_key_alone() -> None:
    whole, log = CountLog(), CountLog(FIRST_OF_TWO)
    ids = [f"{location}-{item}" for location in range(9) for item in range(40)]
    for product_id in ids:
        whole.add(product_id, DAY, 1.0)
        log.add(product_id, DAY, 1.0)
    kept = {each.product_id for each in log.since(0)}
    assert len(whole.since(0)) == len(ids)
    by_item, by_id = ({each for each in ids if shard_number(each, 2, key) == 0} for key in ("ITEM", "PRODUCT_ID"))
    assert by_item != by_id
    assert kept == by_item | by_id
