"""The challenger in the shadow of a published week: by real registries and stages, in this process."""

import logging
from dataclasses import dataclass
from pathlib import Path

import luigi
import numpy as np
import pytest

from data.snapshots import MANIFEST, Snapshot, current_id, load
from data.snapshots.snapshot import CHALLENGER
from feature_service.bundle import MODEL_FILE, Bundle
from feature_service.kernel.arrays import FloatArray
from feature_service.server.scoring.assessor import Assessor
from feature_service.shards import Shard
from orchestration.release_tasks import ScoreWeek
from orchestration.stage import TASK_DONE
from tests.support.stores import Store
from tests.support.training_fixtures import SUNDAY, Trained, write_sales
from training.registry.aliases import CHALLENGER as ALIAS
from training.registry.aliases import CHAMPION, set_aliases


@dataclass
class Market:
    """A work dir with a champion and a challenger, which scores its week as often as it is asked."""

    folder: Path
    store: Store

    @property
    def snapshots(self) -> Path:
        """What is served."""
        return self.folder / "work" / "snapshots"

    def score(self, **options: object) -> tuple[str, str]:
        """Publish the week; what the stage says of it, and the snapshot's id."""
        said: list[str] = []

        def done(task: luigi.Task, summary: str, seconds: float) -> None:
            said.append(summary)

        words = {"source": "generic", "data_dir": self.folder / "in", "work_dir": self.folder / "work"}
        task = ScoreWeek(**words, label="zero_sales", as_of=SUNDAY, **options)  # type: ignore[no-untyped-call]
        ScoreWeek.event_handler(TASK_DONE)(done)  # type: ignore[no-untyped-call]
        try:
            assert luigi.build([task], local_scheduler=True)
        finally:
            ScoreWeek.remove_event_handler(TASK_DONE, done)  # type: ignore[no-untyped-call]
        return "".join(said), current_id(self.snapshots)

    def load(self, snapshot_id: str, shard: Shard | None = None) -> Snapshot:
        """A snapshot, or a shard of it."""
        return load(self.snapshots, snapshot_id, shard)


@pytest.fixture(scope="module")
def market(good: Trained, poor: Trained, tmp_path_factory: pytest.TempPathFactory) -> Market:
    folder = tmp_path_factory.mktemp("market")
    write_sales(good, folder / "in", factor=1)
    (folder / "work").mkdir()
    store = Store(folder / "work")
    store.decide(good)
    store.decide(poor)
    return Market(folder, store)


def as_champion(snapshot: Snapshot, bundle_dir: Path) -> FloatArray:
    """What a server answers of the newest week with a model as the snapshot's own."""
    return Assessor(snapshot, Bundle.load(bundle_dir)).probabilities


def test_the_challenger_is_kept_beside_the_champion_as_a_server_would_score_it(
    market: Market, good: Trained, poor: Trained
) -> None:
    said, snapshot_id = market.score()
    snapshot = market.load(snapshot_id)
    assert snapshot.challenger is not None
    of, kept = snapshot.challenger.challenger, snapshot.challenger.probabilities
    assert (of.model.version, of.feature_set, snapshot.model.version) == ("2", "seed-18", "1")
    assert snapshot.alerts is not None
    assert of.threshold != snapshot.alerts.threshold
    np.testing.assert_array_equal(kept, as_champion(snapshot, poor.bundle_dir))
    assert np.isfinite(kept).sum() > 50
    assert not np.array_equal(kept, as_champion(snapshot, good.bundle_dir), equal_nan=True)
    assert f"beside it {np.isfinite(kept).sum()} products as version 2, the challenger, sees them" in said

    in_shards = (
        market.load(market.score(shards=2)[1], Shard(0, 2)),
        market.load(current_id(market.snapshots), Shard(1, 2)),
    )
    by_id = dict(zip(snapshot.panel.product_ids, kept, strict=True))
    for each in in_shards:
        assert each.challenger is not None
        assert each.challenger.challenger == of
        expected = np.array([by_id[one] for one in each.panel.product_ids], dtype=np.float32)
        np.testing.assert_array_equal(each.challenger.probabilities, expected)


def test_a_challenger_that_came_after_the_week_was_published_makes_no_run_publish_it_again(market: Market) -> None:
    set_aliases({ALIAS: "1"}, market.store.uri)
    without = market.score(alert_budget=30)
    set_aliases({ALIAS: "2"}, market.store.uri)
    assert "beside it" not in without[0]
    assert market.load(without[1]).challenger is None
    assert market.score(alert_budget=30) == ("", without[1])


def test_a_challenger_that_cannot_be_used_is_a_warning_and_the_champion_is_published(
    market: Market, good: Trained, caplog: pytest.LogCaptureFixture
) -> None:
    for file in market.folder.rglob(f"artifacts/model/{MODEL_FILE}"):
        if file.read_bytes() != (good.bundle_dir / MODEL_FILE).read_bytes():
            file.write_bytes(b"no graph")
    with caplog.at_level(logging.WARNING):
        said, snapshot_id = market.score(alert_budget=20)
    why = "version 2 of stockout_risk in"
    assert f"; without the challenger: {why}" in said
    assert [f"no challenger is scored beside version 1: {why}" in line for line in caplog.messages].count(True) == 1
    snapshot = market.load(snapshot_id)
    assert (snapshot.model.version, snapshot.challenger) == ("1", None)
    assert market.store.version(CHAMPION) == "1"
    assert CHALLENGER not in (market.snapshots / snapshot_id / MANIFEST).read_text(encoding="utf-8")
