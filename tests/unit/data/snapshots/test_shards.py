"""A snapshot in shards on the disk: what lies where, and what of it is read."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from data.panel import DAYS_SINCE_SALE, ORDERS, SALE_DAYS, UNITS_SOLD, Panel
from data.panel.groups import location_and_item
from data.snapshots import MANIFEST, SHARDED_SCHEMA, Reasons, ShardMismatchError, Snapshot, SnapshotError, load, publish
from data.snapshots.shards import Sharding
from feature_service.kernel import PanelFeatures, feature_set
from feature_service.shards import Shard, ShardKey, shard_number
from tests.support.snapshots import EXCLUDED, MODEL, synthetic_panel

_SALES = synthetic_panel(products=60)
_DAYS = np.random.default_rng(2).integers(0, 7, (3, *_SALES.fields[UNITS_SOLD].shape)).astype(np.float32)
_OF_DAYS = dict(zip((ORDERS, SALE_DAYS, DAYS_SINCE_SALE), _DAYS, strict=True))
OLIST = dataclasses.replace(_SALES, fields={**_SALES.fields, **_OF_DAYS})
STORE_IDS = tuple(sorted(f"{number % 4}-{number // 4}" for number in range(60)))
STORES = dataclasses.replace(OLIST, product_ids=STORE_IDS, groups=location_and_item(STORE_IDS))
ELIGIBLE = np.random.default_rng(1).random((60, len(OLIST.weeks))) < 0.5
REASONS = Reasons(np.arange(180, dtype=np.int16).reshape(60, 3), np.arange(180, dtype=np.float32).reshape(60, 3))
SALES = feature_set("sales-2")


def published(folder: Path, panel: Panel, shards: int) -> tuple[Path, str]:
    (folder / "bundle").mkdir(parents=True, exist_ok=True)
    (folder / "bundle" / "model").write_text("a model", encoding="utf-8")
    root = folder / "snapshots"
    return root, publish(panel, ELIGIBLE, folder / "bundle", MODEL, root, REASONS, shards=shards)


def shards_of(root: Path, snapshot_id: str, count: int) -> list[Snapshot]:
    return [load(root, snapshot_id, Shard(number, count)) for number in range(count)]


@pytest.mark.parametrize(("panel", "key"), [(OLIST, "PRODUCT_ID"), (STORES, "ITEM")])
@pytest.mark.parametrize("count", [2, 40])  # of 40 some are empty
def test_every_product_lies_in_its_shard_with_all_that_is_known_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, panel: Panel, key: ShardKey, count: int
) -> None:
    monkeypatch.setattr("data.snapshots.parts._OPEN_FILES", 16)
    monkeypatch.setattr("data.snapshots.parts._ROWS_AT_A_TIME", 17)
    found = shards_of(*published(tmp_path, panel, count), count)
    places = {product_id: row for row, product_id in enumerate(panel.product_ids)}
    assert sorted(each for shard in found for each in shard.panel.product_ids) == list(panel.product_ids)
    assert {each: why for shard in found for each, why in shard.panel.excluded.items()} == EXCLUDED
    for number, shard in enumerate(found):
        ids = shard.panel.product_ids
        assert list(ids) == sorted(ids)
        assert {shard_number(each, count, key) for each in (*ids, *shard.panel.excluded)} <= {number}
        rows = [places[each] for each in ids]
        for name, matrix in panel.fields.items():
            np.testing.assert_array_equal(shard.panel.fields[name], matrix[rows])
        np.testing.assert_array_equal(shard.eligible, ELIGIBLE[rows])
        assert shard.reasons is not None
        np.testing.assert_array_equal(shard.reasons.feature, REASONS.feature[rows])
        np.testing.assert_array_equal(shard.reasons.contribution, REASONS.contribution[rows])
        assert shard.panel.groups == {name: tuple(values[row] for row in rows) for name, values in panel.groups.items()}


@pytest.mark.parametrize("panel", [OLIST, STORES])
def test_features_of_groups_are_those_of_the_whole_also_where_a_shard_holds_one_product(
    tmp_path: Path, panel: Panel
) -> None:
    whole, week = PanelFeatures(SALES, panel.fields, panel.groups), len(panel.weeks) - 1
    places = {product_id: row for row, product_id in enumerate(panel.product_ids)}
    for shard in shards_of(*published(tmp_path, panel, 40), 40):
        part = PanelFeatures(SALES, shard.panel.fields, shard.panel.groups, shard.shared_totals(SALES))
        rows = np.array([places[each] for each in shard.panel.product_ids], dtype=np.intp)
        np.testing.assert_array_equal(part.at(week), whole.at(week, rows))


def test_a_snapshot_in_one_piece_is_written_as_it_was_before_there_were_shards(tmp_path: Path) -> None:
    root, snapshot_id = published(tmp_path, STORES, 1)
    manifest = json.loads((root / snapshot_id / MANIFEST).read_text(encoding="utf-8"))
    assert (manifest["schema"], "shards" in manifest) == (3, False)
    for name, matrix in {**STORES.fields, "eligible": ELIGIBLE, "contribution": REASONS.contribution}.items():
        (written,) = (root / snapshot_id).rglob(f"{name}.npy")
        np.save(tmp_path / "as_saved.npy", matrix)
        assert written.read_bytes() == (tmp_path / "as_saved.npy").read_bytes()


def test_another_number_of_shards_is_another_snapshot_and_the_same_again_is_the_same(tmp_path: Path) -> None:
    ids = [published(tmp_path, STORES, shards)[1] for shards in (1, 2, 3, 2)]
    assert len(set(ids)) == 3
    assert ids[1] == ids[3]
    for snapshot_id in ids[1:]:
        manifest = json.loads((tmp_path / "snapshots" / snapshot_id / MANIFEST).read_text(encoding="utf-8"))
        assert manifest["schema"] == SHARDED_SCHEMA


def test_a_shard_is_held_against_its_own_files_alone(tmp_path: Path) -> None:
    root, snapshot_id = published(tmp_path, STORES, 2)
    folder = root / snapshot_id
    for path in (folder / "shard-1-of-2").rglob("*.npy"):
        path.unlink()
    assert len(load(root, snapshot_id, Shard(0, 2)).panel.product_ids) > 0
    with pytest.raises(SnapshotError, match="cannot be read"):
        load(root, snapshot_id, Shard(1, 2))
    (folder / "bundle" / "model").write_text("another model", encoding="utf-8")
    with pytest.raises(SnapshotError, match="bundle/model is not the file that was published"):
        load(root, snapshot_id, Shard(0, 2))


def test_sums_that_are_damaged_or_missing_are_refused(tmp_path: Path) -> None:
    root, snapshot_id = published(tmp_path, STORES, 2)
    shard = load(root, snapshot_id, Shard(0, 2))
    with pytest.raises(SnapshotError, match="lacks the sums of 'stock-1': publish it again"):
        shard.shared_totals(feature_set("stock-1"))
    assert shard.shared_totals(feature_set("seed-18")) is None
    file = root / snapshot_id / "totals" / "sales-2.npz"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(SnapshotError, match=r"sales-2\.npz is not the file that was published"):
        shard.shared_totals(SALES)


@pytest.mark.parametrize(
    ("shards", "wanted", "sentence"),
    [
        (1, Shard(0, 4), "in one piece, .* with --shard 0/4: start it without --shard, or publish with --shards 4"),
        (3, Shard(0, 4), "in 3 shards, .* with --shard 0/4: .* with --shard 0/3 to --shard 2/3"),
        (3, None, "in 3 shards, .* for all products: start a server for each of them, with --shard 0/3 to --shard 2/3"),
    ],
)
def test_a_server_that_was_told_otherwise_is_told_what_is_published(
    tmp_path: Path, shards: int, wanted: Shard | None, sentence: str
) -> None:
    root, snapshot_id = published(tmp_path, STORES, shards)
    with pytest.raises(ShardMismatchError, match=sentence):
        load(root, snapshot_id, wanted)


@pytest.mark.parametrize(
    ("shards", "sentence"),
    [
        ({"count": 1, "key": "ITEM"}, "2 to 1024 shards, not 1"),
        ({"count": 2, "key": "COLOUR"}, "shards.key must be one of PRODUCT_ID, ITEM"),
        ({"count": 2, "key": ["ITEM"]}, "shards.key must be one of PRODUCT_ID, ITEM"),
    ],
)
def test_a_manifest_with_shards_that_cannot_be_is_refused(
    tmp_path: Path, shards: dict[str, object], sentence: str
) -> None:
    root, snapshot_id = published(tmp_path, STORES, 2)
    path = root / snapshot_id / MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), "shards": shards}), encoding="utf-8")
    with pytest.raises(SnapshotError, match=sentence):
        load(root, snapshot_id, Shard(0, 2))


def test_there_are_no_more_shards_than_a_client_takes(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2 to 1024 shards"):
        Sharding.of(1025, {})
