import lightgbm
import numpy as np
import pytest

from training.estimators.tree_contributions import MOST_PATH_FEATURES, contributions_of_trees


def booster_of(features: np.ndarray, **options: object) -> lightgbm.Booster:
    chance = 1 / (1 + np.exp(-np.nan_to_num(features[:, :3]).sum(axis=1)))
    outcome = np.random.default_rng(1).random(len(features)) < chance
    parameters = {"objective": "binary", "verbose": -1, "num_threads": 1, "min_child_samples": 5, **options}
    return lightgbm.train(parameters, lightgbm.Dataset(features, outcome.astype(np.float32)), 20)


def rows(columns: int, unknown_share: float, count: int = 10_000) -> np.ndarray:
    draw = np.random.default_rng(2)
    features = draw.normal(size=(count, columns)).round(1).astype(np.float32)
    features[draw.random(features.shape) < unknown_share] = np.nan
    return features


@pytest.mark.parametrize("options", [{}, {"zero_as_missing": True}, {"use_missing": False}, {"extra_trees": True}])
@pytest.mark.parametrize("unknown_share", [0.0, 0.3])
def test_contributions_are_those_of_lightgbm(unknown_share: float, options: dict[str, object]) -> None:
    features = rows(8, unknown_share)
    booster = booster_of(features, **options)
    features[:50] = np.nan  # also where nothing was unknown in training
    features[50:100] = 0
    found = contributions_of_trees(booster.dump_model(), features)
    assert found is not None
    expected = np.asarray(booster.predict(features, pred_contrib=True))[:, :-1]
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_a_row_is_explained_alone_as_it_is_among_others() -> None:
    features = rows(8, 0.1, count=40_000)
    model = booster_of(features).dump_model()
    whole = contributions_of_trees(model, features)
    assert whole is not None
    for row in (0, 32_767, 32_768, 39_999):
        np.testing.assert_array_equal(contributions_of_trees(model, features[row : row + 1]), whole[row : row + 1])


def test_trees_of_more_splits_than_a_number_has_bits_are_exact_too() -> None:
    features = rows(8, 0.1)
    booster = booster_of(features, num_leaves=120)
    found = contributions_of_trees(booster.dump_model(), features)
    assert found is not None
    expected = np.asarray(booster.predict(features, pred_contrib=True))[:, :-1]
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_a_tree_without_a_split_contributes_nothing() -> None:
    features = np.zeros((100, 2), dtype=np.float32)
    assert not np.any(contributions_of_trees(booster_of(features).dump_model(), features))


def test_paths_of_too_many_features_are_left_to_lightgbm() -> None:
    features = rows(2 * MOST_PATH_FEATURES, 0.0)
    deep = booster_of(features, num_leaves=200, max_depth=-1, extra_trees=True)
    assert contributions_of_trees(deep.dump_model(), features) is None
