import pytest

from data import snapshots
from feature_service.bundle import Bundle
from feature_service.server.serving.scored_snapshot import ScoredSnapshot
from feature_service.server.serving.snapshot import ServingSnapshot
from tests.support.serving_fixtures import Published


@pytest.fixture(scope="session")
def snapshot(published: Published) -> snapshots.Snapshot:
    return snapshots.load(published.root, published.snapshot_id)


@pytest.fixture(scope="session")
def bundle(snapshot: snapshots.Snapshot) -> Bundle:
    return Bundle.load(snapshot.bundle_dir)


@pytest.fixture
def serving(published: Published, snapshot: snapshots.Snapshot, bundle: Bundle) -> ServingSnapshot:
    return ServingSnapshot(ScoredSnapshot.of(snapshot, bundle), published.root)
