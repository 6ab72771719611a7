"""What a row is answered with does not depend on the rows beside it."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from feature_service.bundle import CONTRACT_FILE, MODEL_FILE, Bundle, Contract
from feature_service.kernel import feature_set
from tests.support.snapshots import publish_snapshot, synthetic_panel
from training.estimators.graph import graph_of, linear

CHOSEN = feature_set("sales-2")
WIDTH = len(CHOSEN.features)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A line in the signed logarithms, whose last bits tell in which instructions they were computed."""
    root = tmp_path_factory.mktemp("line") / "snapshots"
    folder = root / publish_snapshot(root, synthetic_panel(products=20)) / "bundle"
    random = np.random.default_rng(3)
    line = linear(random.normal(size=WIDTH), random.normal(size=WIDTH) / 8, 0.1, share=1.0)
    contract = Contract.from_json((folder / CONTRACT_FILE).read_text(encoding="utf-8"))
    contract = dataclasses.replace(
        contract, feature_set=CHOSEN.name, feature_names=CHOSEN.feature_names, takes_unknown=True
    )
    (folder / MODEL_FILE).write_bytes(graph_of([line], WIDTH, {}))
    (folder / CONTRACT_FILE).write_text(contract.to_json(), encoding="utf-8")
    return Bundle.load(Path(folder))


def test_a_row_is_answered_alike_in_every_batch_and_at_its_end(bundle: Bundle) -> None:
    rows = np.random.default_rng(5).exponential(9, size=(400, WIDTH)).astype(np.float32)
    rows[rows > 30] = np.nan
    together = bundle.predict(rows)
    assert len(set(together.tolist())) > 300
    for size in (1, 2, 3, 7, 16, 33):
        batches = [bundle.predict(rows[start : start + size]) for start in range(0, len(rows), size)]
        np.testing.assert_array_equal(np.concatenate(batches), together)
