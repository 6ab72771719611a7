"""Models of one question that contend for the place of its champion, trained once for all tests."""

import dataclasses

import numpy as np
import pytest

from data.panel import Panel
from tests.support.training_fixtures import Trained, trained_once, training_panel
from training.recipes import Recipe


def two_on_two_off() -> Panel:
    """Products that sell for two weeks and rest for two: the last two weeks tell the next, and no simple rule does."""
    panel = training_panel()
    random = np.random.default_rng(5)
    shape = panel.fields["units_sold"].shape
    on = (np.arange(shape[1]) + random.integers(0, 4, (shape[0], 1))) % 4 < 2
    units = np.where(on ^ (random.random(shape) < 0.1), 1, 0).astype(np.float32)
    return dataclasses.replace(panel, fields={"units_sold": units, "price_mean": units * 5})


@pytest.fixture(scope="session")
def poor(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A model that has hardly learned anything."""
    recipe = Recipe("lightgbm", {"num_iterations": 1, "num_leaves": 2, "feature_fraction": 0.06})
    return trained_once(tmp_path_factory, "poor", two_on_two_off(), recipe)


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A model that beats every rule."""
    return trained_once(tmp_path_factory, "good", two_on_two_off())


@pytest.fixture(scope="session")
def four_weeks_before(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The good recipe on what was known four weeks before."""
    return trained_once(tmp_path_factory, "before", known_before(two_on_two_off(), 4))


@pytest.fixture(scope="session")
def half(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The good recipe on all weeks of every second product."""
    missing = two_on_two_off().part(slice(None, None, 2))
    return trained_once(tmp_path_factory, "half", missing)


def known_before(panel: Panel, weeks: int) -> Panel:
    """Without the newest weeks."""
    fields = {name: values[:, :-weeks] for name, values in panel.fields.items()}
    return dataclasses.replace(panel, weeks=panel.weeks[:-weeks], fields=fields)
