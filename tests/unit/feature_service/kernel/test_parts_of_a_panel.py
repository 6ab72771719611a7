"""Some products at a time, wherever: what they share is summed over all of them, and no feature differs by a bit."""

import dataclasses
import datetime as dt

import numpy as np
import pytest

from data.ingest.generic import ingest_generic
from data.panel import ITEM, LOCATION, Panel
from data.panel.build import build_panel
from data.synthetic.shops import write_synthetic_generic
from data.weeks import last_complete_week
from feature_service.kernel import PanelFeatures, feature_set
from feature_service.kernel.groups import joined

PARTS = 3


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Panel:
    folder = tmp_path_factory.mktemp("shops")
    write_synthetic_generic(folder, seed=3, products=120, weeks=20, first_week=dt.date(2024, 1, 1))
    history = ingest_generic(folder, quarantine_file=folder / "quarantine.parquet")
    return build_panel(history, as_of_week=last_complete_week(history.report.history_to))


def part_of(panel: Panel, rows: np.ndarray) -> Panel:
    return dataclasses.replace(
        panel,
        product_ids=tuple(panel.product_ids[row] for row in rows),
        fields={name: matrix[rows] for name, matrix in panel.fields.items()},
        groups={name: tuple(values[row] for row in rows) for name, values in panel.groups.items()},
    )


@pytest.mark.parametrize("name", ["stock-1", "sales-2", "seed-18"])
def test_features_of_parts_are_those_of_the_whole(panel: Panel, name: str) -> None:
    assert panel.groups, "the shops' ids must be made of location and item"
    whole = PanelFeatures(feature_set(name), panel.fields, panel.groups)
    items = sorted(set(panel.groups[ITEM]))
    of_item = np.array([items.index(item) % PARTS for item in panel.groups[ITEM]])
    rows_of_parts = [np.flatnonzero(of_item == part) for part in range(PARTS)]
    parts = [part_of(panel, rows) for rows in rows_of_parts]
    sums = [PanelFeatures(whole.feature_set, part.fields, part.groups).shared_totals([LOCATION]) for part in parts]
    shared = joined([each for each in reversed(sums) if each is not None]) if sums[0] is not None else None
    assert (shared is None) == (name == "seed-18")
    for part, rows in zip(parts, rows_of_parts, strict=True):
        features = PanelFeatures(whole.feature_set, part.fields, part.groups, shared)
        np.testing.assert_array_equal(features.of_all_weeks(), whole.of_all_weeks()[:, rows])
        np.testing.assert_array_equal(features.at(15), whole.at(15)[rows])
    if shared is not None:
        alone = PanelFeatures(whole.feature_set, parts[0].fields, parts[0].groups).of_all_weeks()
        assert not np.array_equal(alone, whole.of_all_weeks()[:, rows_of_parts[0]], equal_nan=True)
