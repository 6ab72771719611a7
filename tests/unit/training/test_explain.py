import dataclasses
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from data.panel import UNITS_SOLD, Panel
from data.snapshots import ModelReference, load, publish
from feature_service.bundle import CONTRACT_FILE, MODEL_FILE, Contract, LabelContract
from feature_service.kernel import FloatArray, MissingFieldsError, PanelFeatures, feature_set
from tests.support.snapshots import write_bundle as write_forest
from tests.support.training_fixtures import training_panel
from training.estimators import FittedModel, LearningRows, fit
from training.explain import REASONS, explain, strongest
from training.labels import label

ZERO_SALES = label("zero_sales")


def write_bundle(folder: Path, estimator: str, panel: Panel) -> tuple[FittedModel, FloatArray]:
    """A model of ``seed-18`` fitted on all weeks, and the features of the newest one."""
    chosen = feature_set("seed-18")
    features = PanelFeatures(chosen, panel.fields).of_all_weeks()
    outcome = ZERO_SALES.outcome(panel)
    rows = np.isfinite(features).all(axis=0) & np.isfinite(outcome)
    fitted = fit(estimator, {}, LearningRows(features[:, rows].T.copy(), outcome[rows]), seed=1)
    contract = Contract(
        feature_set=chosen.name,
        feature_names=chosen.feature_names,
        label=LabelContract("zero_sales", "", "SALES_ONLY", 1),
        threshold=0.5,
        training_window=("", ""),
        metrics={},
        data_fingerprint="",
        estimator=estimator,
        seed=1,
    )
    folder.mkdir()
    (folder / MODEL_FILE).write_bytes(fitted.to_onnx())
    (folder / CONTRACT_FILE).write_text(contract.to_json())
    return fitted, features[:, :, -1].T.copy()


@pytest.fixture(scope="module")
def panel() -> Panel:
    return training_panel(products=80, weeks=30)


def test_every_scored_product_gets_the_three_features_that_moved_it_most(panel: Panel, tmp_path: Path) -> None:
    fitted, newest = write_bundle(tmp_path / "bundle", "lightgbm", panel)
    eligible = ZERO_SALES.eligible(panel)

    reasons = explain(panel, eligible, tmp_path / "bundle")

    assert reasons is not None
    scored = eligible[:, -1] & np.isfinite(newest).all(axis=1)
    assert 0 < scored.sum() < len(scored)
    assert (reasons.feature[~scored] == -1).all()
    contributions = fitted.contributions(newest)
    assert contributions is not None
    for row in np.flatnonzero(scored):
        strength = np.sort(np.abs(contributions[row]))[::-1][:REASONS]
        np.testing.assert_allclose(np.abs(reasons.contribution[row]), strength, rtol=1e-6)
        np.testing.assert_allclose(contributions[row, reasons.feature[row]], reasons.contribution[row], rtol=1e-6)


def test_reasons_of_some_products_at_a_time_are_those_of_all_at_once(
    panel: Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bundle(tmp_path / "bundle", "lightgbm", panel)
    eligible = ZERO_SALES.eligible(panel)
    at_once = explain(panel, eligible, tmp_path / "bundle")

    monkeypatch.setattr("training.explain._ROWS_AT_A_TIME", 7)
    in_parts = explain(panel, eligible, tmp_path / "bundle")

    assert at_once is not None
    assert in_parts is not None
    np.testing.assert_array_equal(in_parts.feature, at_once.feature)
    np.testing.assert_array_equal(in_parts.contribution, at_once.contribution)


def test_a_snapshot_gives_back_the_reasons_it_was_published_with(panel: Panel, tmp_path: Path) -> None:
    write_bundle(tmp_path / "bundle", "blend", panel)
    eligible = ZERO_SALES.eligible(panel)
    reasons = explain(panel, eligible, tmp_path / "bundle")
    reference = ModelReference("stockout_risk", "1", "run")
    assert reasons is not None

    found, without = (
        load(tmp_path, publish(panel, eligible, tmp_path / "bundle", reference, tmp_path, each))
        for each in (reasons, None)
    )

    assert found.reasons is not None
    np.testing.assert_array_equal(found.reasons.feature, reasons.feature)
    np.testing.assert_array_equal(found.reasons.contribution, reasons.contribution)
    assert without.reasons is None
    assert without.id != found.id


def test_a_forest_gives_no_reasons(panel: Panel, tmp_path: Path) -> None:
    write_bundle(tmp_path / "bundle", "random_forest", panel)

    assert explain(panel, ZERO_SALES.eligible(panel), tmp_path / "bundle") is None


def test_a_week_without_eligible_products_has_no_reasons_for_any(panel: Panel, tmp_path: Path) -> None:
    write_bundle(tmp_path / "bundle", "logistic_regression", panel)
    nowhere = np.zeros(panel.fields[UNITS_SOLD].shape, dtype=bool)

    reasons = explain(panel, nowhere, tmp_path / "bundle")

    assert reasons is not None
    assert (reasons.feature == -1).all()


def test_a_contribution_of_nothing_is_no_reason() -> None:
    feature, contribution = strongest(np.array([[0.0, -2.0, 0.5, 0.0]]))

    assert feature.tolist() == [[1, 2, -1]]
    assert contribution.tolist() == [[-2.0, 0.5, 0.0]]


def test_a_model_is_not_taken_to_a_panel_that_lacks_what_it_looks_at(panel: Panel, tmp_path: Path) -> None:
    chosen, random = feature_set("stock-2"), np.random.default_rng(0)
    forest = RandomForestClassifier(n_estimators=2).fit(random.random((20, len(chosen.features))), np.arange(20) % 2)
    write_forest(tmp_path / "bundle", forest, set_name=chosen.name)
    stock = dict.fromkeys(chosen.fields, panel.fields[UNITS_SOLD])

    with pytest.raises(MissingFieldsError, match="'stock-2' is made from purchase_orders, which the panel lacks"):
        explain(dataclasses.replace(panel, fields=stock), ZERO_SALES.eligible(panel), tmp_path / "bundle")
