from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from tests.support.training_fixtures import Trained
from training.bundle import Bundle
from training.candidate import read_training_record
from training.dataset import read_training_table
from training.errors import TrainingFileError
from training.evaluate import read_evaluation
from training.revision import git_revision


def test_the_model_stands_beside_every_rule(trained: Trained) -> None:
    scorers = [score.scorer for score in read_evaluation(trained.evaluation).scores]
    assert scorers == ["model", "base rate", "no sale last week", "exp(-4-week mean)"]


def test_the_figures_are_those_of_the_test_block_alone(trained: Trained) -> None:
    evaluation, rows = read_evaluation(trained.evaluation), read_training_table(trained.table)
    inside = read_training_record(trained.candidate).split.test.of(rows)
    truth, model = rows.outcome[inside], Bundle.load(trained.bundle_dir)
    assert evaluation.rows == int(inside.sum())
    assert evaluation.base_rate == pytest.approx(truth.mean())
    brier = np.mean((model.predict(rows.features[inside]).astype(float) - truth) ** 2)
    assert evaluation.scores[0].brier == pytest.approx(brier)


def test_the_base_rate_ranks_like_chance(trained: Trained) -> None:
    evaluation = read_evaluation(trained.evaluation)
    chance = evaluation.scores[1]
    assert chance.auc == 0.5
    assert chance.average_precision == pytest.approx(evaluation.base_rate)


def test_a_model_of_products_with_different_rates_beats_the_base_rate(trained: Trained) -> None:
    model, chance, *_ = read_evaluation(trained.evaluation).scores
    assert model.auc > 0.6
    assert model.brier < chance.brier
    assert model.log_loss < chance.log_loss


def test_the_finished_bundle_is_the_candidate_with_its_figures(trained: Trained) -> None:
    candidate, finished = Bundle.load(trained.candidate), Bundle.load(trained.bundle_dir)
    assert finished.contract.threshold == candidate.contract.threshold
    assert finished.contract.metrics["auc"] == read_evaluation(trained.evaluation).scores[0].auc
    assert (trained.bundle_dir / "model.onnx").read_bytes() == (trained.candidate / "model.onnx").read_bytes()


def test_the_plots_are_pictures_with_something_on_them(trained: Trained) -> None:
    for name in ("precision_recall.png", "calibration.png"):
        assert imread(trained.evaluation / name).std() > 0.05


def test_missing_figures_are_told_by_their_path(tmp_path: Path) -> None:
    with pytest.raises(TrainingFileError, match=r"metrics\.json cannot be read"):
        read_evaluation(tmp_path)


def test_outside_a_checkout_the_revision_is_unknown(tmp_path: Path) -> None:
    assert git_revision(tmp_path) == "unknown"
