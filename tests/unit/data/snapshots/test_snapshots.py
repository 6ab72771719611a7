import dataclasses
import datetime as dt
import json
from pathlib import Path

import numpy as np
import pytest

from data.panel import Panel
from data.snapshots import MANIFEST, AlertRule, Challenger, ChallengerScores, SnapshotError, load, publish
from data.snapshots.files import sha256_of
from feature_service.shards import Shard
from tests.support.snapshots import MODEL, synthetic_panel

PANEL = synthetic_panel(products=3)
SOME_WITHOUT = dataclasses.replace(PANEL, lead_time_days=(7, None, 3))
ALL_WITHOUT = dataclasses.replace(PANEL, lead_time_days=())


def publish_panel(
    panel: Panel,
    folder: Path,
    alerts: AlertRule | None = None,
    challenger: ChallengerScores | None = None,
    shards: int = 1,
) -> str:
    (folder / "bundle").mkdir(exist_ok=True)
    eligible = np.ones((len(panel.product_ids), len(panel.weeks)), dtype=np.bool_)
    to = folder / "snapshots"
    return publish(panel, eligible, folder / "bundle", MODEL, to, alerts=alerts, challenger=challenger, shards=shards)


@pytest.mark.parametrize("panel", [SOME_WITHOUT, ALL_WITHOUT])
def test_a_panel_without_lead_times_is_not_published_until_it_has_a_default(tmp_path: Path, panel: Panel) -> None:
    with pytest.raises(SnapshotError, match="lacks lead times"):
        publish_panel(panel, tmp_path)
    assert not (tmp_path / "snapshots").exists()
    complete = panel.with_lead_time(14)
    assert load(tmp_path / "snapshots", publish_panel(complete, tmp_path)).panel.lead_time_days == (
        complete.lead_time_days
    )


@pytest.mark.parametrize("panel", [SOME_WITHOUT, ALL_WITHOUT])
def test_a_snapshot_without_lead_times_is_not_loaded(
    tmp_path: Path, panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(Panel, "has_lead_times", True)
        snapshot_id = publish_panel(panel, tmp_path)
    with pytest.raises(SnapshotError, match="lacks the lead times of products; publish it again"):
        load(tmp_path / "snapshots", snapshot_id)


def test_a_broken_manifest_is_refused_with_the_field_that_is_wrong(tmp_path: Path) -> None:
    snapshot_id = publish_panel(PANEL, tmp_path)
    path = tmp_path / "snapshots" / snapshot_id / MANIFEST
    manifest = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**manifest, "first_week": 3}), encoding="utf-8")
    with pytest.raises(SnapshotError, match="first_week must be a date such as 2018-08-26, not 3"):
        load(tmp_path / "snapshots", snapshot_id)


def test_a_snapshot_of_schema_2_is_read_and_has_no_alert_rule(tmp_path: Path) -> None:
    snapshot_id = publish_panel(PANEL, tmp_path)
    path = tmp_path / "snapshots" / snapshot_id / MANIFEST
    manifest = json.loads(path.read_text(encoding="utf-8"))
    del manifest["alerts"]
    path.write_text(json.dumps({**manifest, "schema": 2}), encoding="utf-8")
    assert load(tmp_path / "snapshots", snapshot_id).alerts is None


def test_another_alert_rule_is_another_snapshot_and_both_are_read_as_they_were_published(tmp_path: Path) -> None:
    weeks = dt.date(2018, 7, 23), dt.date(2018, 8, 13)
    rules = [AlertRule(f"probability {each}", each, 9.0, 0.5, 0.4, weeks) for each in (0.25, 0.5)]
    ids = [publish_panel(PANEL, tmp_path, each) for each in rules]
    assert len(set(ids)) == 2
    assert [load(tmp_path / "snapshots", each).alerts for each in ids] == rules


def test_alerts_until_relief_are_told_by_the_manifest_and_else_it_is_as_before(tmp_path: Path) -> None:
    weeks = dt.date(2018, 7, 23), dt.date(2018, 8, 13)
    rules = [AlertRule("budget 50", 0.25, 9.0, 0.5, 0.4, weeks, until_relief=each) for each in (True, False)]
    ids = [publish_panel(PANEL, tmp_path, each) for each in rules]
    assert [load(tmp_path / "snapshots", each).alerts for each in ids] == rules
    said = [
        json.loads((tmp_path / "snapshots" / each / MANIFEST).read_text(encoding="utf-8"))["alerts"] for each in ids
    ]
    assert [each.get("until_relief") for each in said] == [True, None], "a server of before reads what means the same"


def test_a_challengers_risks_until_relief_decide_on_its_alerts(tmp_path: Path) -> None:
    probabilities = np.array([0.25, np.nan, 0.75], dtype=np.float32)
    risks = np.array([0.6, np.nan, 0.4])
    beside = ChallengerScores(Challenger(MODEL, "seed-18", 0.5, until_relief=True), probabilities, risks)
    snapshot_id = publish_panel(PANEL, tmp_path, challenger=beside)
    found = load(tmp_path / "snapshots", snapshot_id).challenger
    assert found is not None
    assert found.challenger == beside.challenger
    assert found.alerts.tolist() == [True, False, False]


def test_each_shard_holds_the_challengers_risks_of_its_own_products(tmp_path: Path) -> None:
    beside = ChallengerScores(
        Challenger(MODEL, "seed-18", 0.5, until_relief=True), np.zeros(3, dtype=np.float32), np.array([0.6, 0.2, 0.4])
    )
    snapshot_id = publish_panel(PANEL, tmp_path, challenger=beside, shards=2)
    found: dict[str, float] = {}
    for number in range(2):
        shard = load(tmp_path / "snapshots", snapshot_id, Shard(number, 2))
        assert shard.challenger is not None
        assert shard.challenger.risks is not None
        found |= zip(shard.panel.product_ids, shard.challenger.risks.tolist(), strict=True)
    assert found == dict(zip(PANEL.product_ids, [0.6, 0.2, 0.4], strict=True))


def test_another_schema_is_named_before_anything_else_is_read(tmp_path: Path) -> None:
    snapshot_id = publish_panel(PANEL, tmp_path)
    (tmp_path / "snapshots" / snapshot_id / MANIFEST).write_text('{"schema": 99, "colour": "blue"}', encoding="utf-8")
    with pytest.raises(SnapshotError, match="has schema 99, this server reads 2, 3 and 4"):
        load(tmp_path / "snapshots", snapshot_id)


@pytest.mark.parametrize("in_memory", [1 << 30, 0], ids=["in memory", "mapped"])
@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.full((3, 12), None), "object"),
        (np.ones((3, 12), dtype=np.int64), "holds int64"),
    ],
)
def test_a_file_of_objects_or_of_other_values_than_it_should_hold_is_refused_whatever_its_checksum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, array: np.ndarray, sentence: str, in_memory: int
) -> None:
    monkeypatch.setattr("data.snapshots.files.MAX_BYTES_IN_MEMORY", in_memory)
    snapshot_id = publish_panel(PANEL, tmp_path)
    folder = tmp_path / "snapshots" / snapshot_id
    np.save(folder / "eligible.npy", array, allow_pickle=True)
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    manifest["sha256"]["eligible.npy"] = sha256_of(folder / "eligible.npy")
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(SnapshotError, match=sentence):
        load(tmp_path / "snapshots", snapshot_id)


def test_a_challenger_makes_another_snapshot_whose_manifest_a_server_of_before_reads(tmp_path: Path) -> None:
    scores = ChallengerScores(Challenger(MODEL, "seed-18", 0.5), np.array([0.25, np.nan, 0.75], dtype=np.float32))
    alone, beside = publish_panel(PANEL, tmp_path), publish_panel(PANEL, tmp_path, challenger=scores)
    found = load(tmp_path / "snapshots", beside).challenger
    assert found is not None
    assert found.challenger == scores.challenger
    np.testing.assert_array_equal(found.probabilities, scores.probabilities)
    assert found.alerts.tolist() == [False, False, True]
    manifests = [
        json.loads((tmp_path / "snapshots" / each / MANIFEST).read_text(encoding="utf-8")) for each in (alone, beside)
    ]
    for each in manifests:
        del each["id"], each["published_at"]
        each["sha256"] = {name: digest for name, digest in each["sha256"].items() if not name.startswith("challenger.")}
    assert manifests[0] == manifests[1]


@pytest.mark.parametrize(
    ("name", "scores", "sentence"),
    [
        ("challenger", np.array([0.5, 1.5, np.nan], dtype=np.float32), "challenger.npy holds what is no probability"),
        ("challenger", np.array([0.5, 0.5], dtype=np.float32), "not float32 of 3"),
        ("challenger_risks", np.array([0.5, -0.1, np.nan]), "challenger_risks.npy holds what is no probability"),
        ("challenger_risks", np.array([0.5, 0.5, 0.5], dtype=np.float32), "not float64 of 3"),
    ],
)
def test_what_no_challenger_can_have_given_is_refused(
    tmp_path: Path, name: str, scores: np.ndarray, sentence: str
) -> None:
    challenger = Challenger(MODEL, "seed-18", 0.5, until_relief=True)
    beside = ChallengerScores(challenger, np.zeros(3, dtype=np.float32), np.zeros(3))
    snapshot_id = publish_panel(PANEL, tmp_path, challenger=beside)
    folder = tmp_path / "snapshots" / snapshot_id
    np.save(folder / f"{name}.npy", scores)
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    manifest["sha256"][f"{name}.npy"] = sha256_of(folder / f"{name}.npy")
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(SnapshotError, match=sentence):
        load(tmp_path / "snapshots", snapshot_id)
