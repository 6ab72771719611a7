import dataclasses
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from feature_service.kernel import feature_set, features_at, features_of_all_weeks
from tests.support.training_fixtures import Trained
from training.dataset import read_training_table
from training.errors import TrainingFileError
from training.labels import label
from training.registry.question import Question
from training.table import write_training_table


def test_a_training_row_equals_the_features_of_its_product_and_week_bit_for_bit(trained: Trained) -> None:
    rows, panel, seed_18 = read_training_table(trained.table), trained.panel, feature_set("seed-18")
    ids = pq.read_table(trained.table)["product_id"].to_pylist()
    products = np.array([panel.product_ids.index(each) for each in ids])
    np.testing.assert_array_equal(rows.product, products)
    for week in np.unique(rows.as_of_week):
        at = rows.as_of_week == week
        served = features_at(seed_18, panel.fields, int(np.searchsorted(panel.weeks, week)))
        assert rows.features(at).tobytes() == served[products[at]].tobytes()


def test_the_table_holds_every_eligible_row_whose_features_are_known_and_no_other(trained: Trained) -> None:
    rows, panel = read_training_table(trained.table), trained.panel
    known = np.isfinite(features_of_all_weeks(feature_set("seed-18"), panel.fields)).all(axis=0)
    assert len(rows) == int((label("zero_sales").eligible(panel) & known).sum())
    assert np.isfinite(rows.features()).all()


def test_the_newest_week_has_no_outcome_yet(trained: Trained) -> None:
    rows = read_training_table(trained.table)
    newest = rows.as_of_week == trained.panel.weeks[-1]
    assert newest.any()
    assert np.isnan(rows.outcome[newest]).all()
    assert np.isfinite(rows.outcome[~newest]).all()


def test_the_same_panel_gives_the_same_file(trained: Trained, tmp_path: Path) -> None:
    write_training_table(trained.panel, "zero_sales", "seed-18", tmp_path / "again.parquet")
    assert (tmp_path / "again.parquet").read_bytes() == trained.table.read_bytes()


def test_a_table_made_in_many_parts_is_the_table_made_in_one(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feature_service.kernel.panel_features._CELLS_PER_BLOCK", 500)
    monkeypatch.setattr("training.labels.eligible._CELLS_PER_BLOCK", 500)
    monkeypatch.setattr("training.week_order._ROWS_AT_A_TIME", 1_000)
    write_training_table(trained.panel, "zero_sales", "seed-18", tmp_path / "parts.parquet")
    assert (tmp_path / "parts.parquet").read_bytes() == trained.table.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["parts.parquet"]


def test_rows_that_are_asked_for_are_read_from_whatever_groups_they_lie_in(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.table.ROWS_PER_GROUP", 700)
    write_training_table(trained.panel, "zero_sales", "seed-18", tmp_path / "groups.parquet")
    grouped, whole = read_training_table(tmp_path / "groups.parquet"), read_training_table(trained.table)
    assert pq.ParquetFile(grouped.path).num_row_groups > 3
    for name in ("product", "outcome", "as_of_week"):
        np.testing.assert_array_equal(getattr(grouped, name), getattr(whole, name))
    features = whole.features()
    for rows in (np.array([0, 699, 700, 2_100]), np.arange(0), np.arange(len(whole)) % 3 == 0):
        assert grouped.features(rows).tobytes() == features[rows].tobytes()


def test_products_that_the_panel_lacks_are_refused(trained: Trained) -> None:
    rows = read_training_table(trained.table)
    rows.check_panel(trained.panel)
    fewer = dataclasses.replace(trained.panel, product_ids=trained.panel.product_ids[1:])
    with pytest.raises(TrainingFileError, match="compute the features again"):
        rows.check_panel(fewer)


def test_a_missing_table_is_told_by_its_path(tmp_path: Path) -> None:
    with pytest.raises(TrainingFileError, match=r"nothing\.parquet cannot be read"):
        read_training_table(tmp_path / "nothing.parquet")


def test_another_parquet_file_is_not_taken_for_a_table(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    with pytest.raises(TrainingFileError, match="is no training table"):
        read_training_table(tmp_path / "other.parquet")


@pytest.mark.parametrize(("name", "horizon_weeks", "alpha"), [("zero_sales", 4, 0.05), ("unusual_zero", 2, 0.5)])
def test_the_contract_calls_the_question_as_the_registry_does(
    trained: Trained, tmp_path: Path, name: str, horizon_weeks: int, alpha: float
) -> None:
    table, question = tmp_path / "table.parquet", Question(name, horizon_weeks, alpha)
    write_training_table(trained.panel, name, "seed-18", table, horizon_weeks=horizon_weeks, alpha=alpha)
    contract = read_training_table(table).label
    assert contract.question == question.name
    assert question.is_answered_by(contract)
    assert question.is_answered_by(replace(contract, variant=""))
