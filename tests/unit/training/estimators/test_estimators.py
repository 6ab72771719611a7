import numpy as np
import onnxruntime
import pytest

from feature_service.kernel import FloatArray
from training.errors import UnknownEstimatorError
from training.estimators import ESTIMATORS, LearningRows, fit, restore
from training.estimators.hazard import beside, fit_hazards

FEATURES = 12


def rows_like_real_ones(rows: int = 1_500) -> tuple[FloatArray, FloatArray]:
    """Skewed figures, a fifth unknown, one feature never known and one constant; some of them matter."""
    random = np.random.default_rng(5)
    features = random.lognormal(1, 2, size=(rows, FEATURES)).astype(np.float32)
    features[:, 1] -= 5
    features[random.random(features.shape) < 0.2] = np.nan
    features[:, 3], features[:, 4] = np.nan, 1.0
    pull = np.log1p(np.nan_to_num(features[:, 0])) - np.log1p(np.nan_to_num(features[:, 2]))
    return features, (pull + random.normal(size=rows) > 0.5).astype(np.float32)


def probabilities_of(graph: bytes, features: FloatArray) -> FloatArray:
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    answer: FloatArray = session.run(["probabilities"], {session.get_inputs()[0].name: features})[0]
    return answer


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_onnx_graph_gives_the_fitted_probabilities_also_where_features_are_unknown(name: str) -> None:
    features, outcome = rows_like_real_ones()
    unseen = features[::-1] * np.float32(1.5)

    fitted = fit(name, {}, LearningRows(features, outcome), seed=3)
    both = probabilities_of(fitted.to_onnx(), unseen)

    assert np.abs(both[:, 1] - fitted.predict(unseen)).max() < 1e-5
    np.testing.assert_allclose(both.sum(axis=1), 1, atol=1e-6)
    assert fitted.predict(features)[outcome == 1].mean() > fitted.predict(features)[outcome == 0].mean() + 0.2


@pytest.mark.parametrize("name", ESTIMATORS)
def test_hazards_stand_beside_any_models_probabilities_where_they_are_asked_for(name: str) -> None:
    features, outcome = rows_like_real_ones()
    ahead = np.random.default_rng(2).integers(2, 6, len(features)).astype(np.float32)
    hazards = fit_hazards(LearningRows(beside(features, ahead), outcome), 5, 3)
    graph = fit(name, {}, LearningRows(features, outcome), seed=3).to_onnx()

    session = onnxruntime.InferenceSession(hazards.added_to(graph), providers=["CPUExecutionProvider"])
    asked = {session.get_inputs()[0].name: features}
    found = session.run(["hazards"], {**asked, "asks_hazards": np.array(True)})[0]

    assert found.shape == (len(features), 4)
    assert np.abs(found - hazards.predict(features)).max() < 1e-5
    assert session.run(["hazards"], asked)[0].shape == (0, 4)
    np.testing.assert_array_equal(session.run(["probabilities"], asked)[0], probabilities_of(graph, features))


def test_feature_values_that_differ_in_their_last_bit_go_the_same_way_in_the_graph() -> None:
    random = np.random.default_rng(1)
    neighbours = np.float32(0.1) + np.arange(6, dtype=np.float32) * np.spacing(np.float32(0.1))
    features = neighbours[random.integers(0, 6, size=(4_000, 8))]
    outcome = (features[:, :4].sum(axis=1) + random.normal(0, 1e-8, 4_000) > np.median(features) * 4).astype(np.float32)

    fitted = fit("lightgbm", {}, LearningRows(features, outcome), seed=3)

    assert np.ptp(fitted.predict(features)) > 0.1
    assert np.abs(probabilities_of(fitted.to_onnx(), features)[:, 1] - fitted.predict(features)).max() < 1e-5


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_same_data_and_seed_give_the_same_graph_byte_for_byte(name: str) -> None:
    features, outcome = rows_like_real_ones()

    first, again = (fit(name, {}, LearningRows(features, outcome), seed=3).to_onnx() for _ in range(2))

    assert first == again


@pytest.mark.parametrize("name", [name for name in ESTIMATORS if name != "random_forest"])
def test_contributions_add_up_to_the_log_odds_but_for_one_constant(name: str) -> None:
    features, outcome = rows_like_real_ones()
    fitted = fit(name, {}, LearningRows(features, outcome), seed=3)

    probability, contributions = fitted.predict(features), fitted.contributions(features)

    assert contributions is not None
    rest = np.log(probability / (1 - probability)) - contributions.sum(axis=1)
    np.testing.assert_allclose(rest, rest[0], atol=1e-3)  # XGBoost works in float32


@pytest.mark.parametrize("name", [name for name in ESTIMATORS if name != "random_forest"])
def test_the_graph_alone_tells_the_contributions_of_the_fitted_model(name: str) -> None:
    features, outcome = rows_like_real_ones()
    fitted = fit(name, {}, LearningRows(features, outcome), seed=3)

    again = restore(fitted.to_onnx())

    assert again is not None
    np.testing.assert_array_equal(again.contributions(features), fitted.contributions(features))
    np.testing.assert_array_equal(again.predict(features), fitted.predict(features))


def test_a_forest_says_that_it_cannot_tell_contributions() -> None:
    features, outcome = rows_like_real_ones(200)
    forest = fit("random_forest", {}, LearningRows(features, outcome), seed=3)
    assert forest.contributions(features) is None
    assert restore(forest.to_onnx()) is None


def test_given_parameters_stand_in_for_the_estimators_own() -> None:
    features, outcome = rows_like_real_ones()
    few, many = (
        fit("lightgbm", {"num_iterations": rounds}, LearningRows(features, outcome), 3).to_onnx() for rounds in (5, 50)
    )
    assert len(few) < len(many) / 5


def test_an_unknown_estimator_is_refused_by_naming_the_known_ones() -> None:
    with pytest.raises(UnknownEstimatorError, match=r"'oracle'.*random_forest, lightgbm, xgboost"):
        fit("oracle", {}, LearningRows(np.zeros((2, 1), np.float32), np.zeros(2, np.float32)), 0)
