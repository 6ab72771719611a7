from pathlib import Path

import numpy as np
import pytest

from tests.support.training_fixtures import Trained, run_training_stages, training_panel
from training.bundle import Bundle
from training.candidate import ALLOWED_DIFFERENCE, check_parity, read_training_record, train
from training.dataset import read_training_table
from training.errors import (
    OneSidedOutcomeError,
    ParityError,
    TrainingFileError,
    TrainingHistoryError,
    UnknownEstimatorError,
)
from training.estimators import fit
from training.settings import TrainingSettings
from training.split import check_both_outcomes


def test_the_same_data_and_seed_give_the_same_bundle(trained: Trained, tmp_path: Path) -> None:
    again = run_training_stages(training_panel(), tmp_path)
    for name in ("model.onnx", "contract.json"):
        assert (again.bundle_dir / name).read_bytes() == (trained.bundle_dir / name).read_bytes()


def test_the_threshold_reaches_the_target_recall_on_the_validation_block(trained: Trained) -> None:
    record, rows = read_training_record(trained.candidate), read_training_table(trained.table)
    bundle = Bundle.load(trained.candidate)
    inside = record.split.validation.of(rows)
    alert = bundle.predict(rows.features[inside]) >= bundle.contract.threshold
    recall = alert[rows.outcome[inside] == 1].mean()
    assert recall >= record.settings.target_recall
    assert recall == pytest.approx(record.operating_point.recall)


def test_the_exported_model_gives_the_probabilities_of_the_fitted_one(trained: Trained) -> None:
    record = read_training_record(trained.candidate)
    assert record.parity < ALLOWED_DIFFERENCE
    assert record.parity_rows == len(read_training_table(trained.table))


def test_an_export_that_gives_other_probabilities_is_refused(trained: Trained) -> None:
    rows = read_training_table(trained.table)
    known = np.isfinite(rows.outcome)
    other = fit("random_forest", {}, rows.features[known], rows.outcome[known], 1)
    with pytest.raises(ParityError, match="must not be registered"):
        check_parity(other, Bundle.load(trained.candidate), rows.features)


def test_the_contract_names_the_weeks_it_was_fitted_on(trained: Trained) -> None:
    record, contract = read_training_record(trained.candidate), Bundle.load(trained.candidate).contract
    assert contract.training_window == (record.split.train.first_week, record.split.train.last_week)
    assert contract.label.name == "zero_sales"
    assert contract.label.evidence == "SALES_ONLY"


def test_a_short_history_is_refused_with_the_weeks_that_are_missing(tmp_path: Path) -> None:
    # 4 weeks until the first row, 1 without outcome: 30 of 35 weeks
    with pytest.raises(TrainingHistoryError, match="needs 38 weeks whose outcome is known, found 31"):
        run_training_stages(training_panel(weeks=35), tmp_path)


def test_a_block_with_one_outcome_only_is_refused_by_name() -> None:
    with pytest.raises(OneSidedOutcomeError, match="the test block has 3 positive outcomes in 3 rows"):
        check_both_outcomes("test", np.ones(3, dtype=np.float32))


def test_an_unknown_estimator_is_refused_by_naming_the_known_ones(trained: Trained, tmp_path: Path) -> None:
    with pytest.raises(UnknownEstimatorError, match="there is random_forest"):
        train(trained.table, TrainingSettings(estimator="oracle"), "", tmp_path)


def test_a_missing_record_is_told_by_its_path(tmp_path: Path) -> None:
    with pytest.raises(TrainingFileError, match=r"training\.json cannot be read"):
        read_training_record(tmp_path)
