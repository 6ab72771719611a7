from pathlib import Path

import numpy as np
import pytest

from feature_service.bundle import Bundle
from tests.support.training_fixtures import Trained, run_training_stages, training_panel
from training.backtest.predictions import read_predictions
from training.candidate import ALLOWED_DIFFERENCE, check_parity
from training.dataset import read_training_table
from training.errors import (
    OneSidedOutcomeError,
    ParityError,
    TrainingFileError,
    TrainingHistoryError,
    UnknownEstimatorError,
)
from training.estimators import LearningRows, fit
from training.outcomes import check_both_outcomes
from training.recipes import Recipe
from training.training_record import read_training_record


def test_the_same_data_and_seed_give_the_same_bundle(trained: Trained, tmp_path: Path) -> None:
    again = run_training_stages(training_panel(), tmp_path)
    for name in ("model.onnx", "contract.json"):
        assert (again.bundle_dir / name).read_bytes() == (trained.bundle_dir / name).read_bytes()


def test_the_contracts_own_threshold_keeps_the_default_budget_before_the_locked_origins(trained: Trained) -> None:
    record, predictions = read_training_record(trained.candidate), read_predictions(trained.predictions)
    threshold = Bundle.load(trained.candidate).contract.threshold
    free = ~predictions.locked
    alert, outcome = predictions.model.values[free] >= threshold, predictions.truth.outcome[free]
    weeks = len(np.unique(predictions.truth.week[free]))
    assert 0 < alert.sum() / weeks <= record.policy.alert_budget
    assert alert[outcome == 1].mean() == pytest.approx(record.operating_point.recall)


def test_the_exported_model_gives_the_probabilities_of_the_fitted_one(trained: Trained) -> None:
    record = read_training_record(trained.candidate)
    assert record.parity < ALLOWED_DIFFERENCE
    assert record.parity_rows == len(read_training_table(trained.table))


def test_an_export_that_gives_other_probabilities_is_refused(trained: Trained) -> None:
    rows = read_training_table(trained.table)
    known = np.isfinite(rows.outcome)
    other = fit("random_forest", {}, LearningRows(rows.features(known), rows.outcome[known]), 1)
    with pytest.raises(ParityError, match="must not be registered"):
        check_parity(other, Bundle.load(trained.candidate), rows.features())


def test_the_contract_names_the_weeks_it_was_fitted_on(trained: Trained) -> None:
    rows, contract = read_training_table(trained.table), Bundle.load(trained.candidate).contract
    known = rows.as_of_week[np.isfinite(rows.outcome)]
    assert contract.training_window == (str(known.min()), str(known.max()))
    assert contract.label.name == "zero_sales"
    assert contract.label.evidence == "SALES_ONLY"


def test_a_short_history_is_refused_with_the_weeks_that_are_missing(tmp_path: Path) -> None:
    # the first three weeks have no row and the last no outcome
    with pytest.raises(TrainingHistoryError, match="need 14 weeks whose outcome is known, found 11"):
        run_training_stages(training_panel(weeks=15), tmp_path)


def test_a_block_with_one_outcome_only_is_refused_by_name() -> None:
    with pytest.raises(OneSidedOutcomeError, match="always happened in the 3 rows of the locked block"):
        check_both_outcomes("locked", np.ones(3, dtype=np.float32))


def test_an_unknown_estimator_is_refused_by_naming_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UnknownEstimatorError, match="there is random_forest"):
        run_training_stages(training_panel(), tmp_path, recipe=Recipe("oracle"))


def test_a_missing_record_is_told_by_its_path(tmp_path: Path) -> None:
    with pytest.raises(TrainingFileError, match=r"training\.json cannot be read"):
        read_training_record(tmp_path)
