"""What a backtest takes over from earlier ones: as much as is the same, and never anything else."""

import dataclasses
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.panel import UNITS_SOLD, Panel
from tests.support.training_fixtures import SEED, training_panel
from training.backtest.origins import BacktestSettings
from training.backtest.predictions import PREDICTIONS_FILE
from training.backtest.record import run_backtest
from training.budget import LEAST_ROW_BUDGET
from training.dataset import read_training_table
from training.estimators import FittedModel, LearningRows
from training.recipes import Recipe
from training.table import write_training_table

RECIPE = Recipe("lightgbm", {"num_iterations": 5, "num_leaves": 7})
PANEL = training_panel(products=60, weeks=50)
BACKTEST = BacktestSettings(origins=8, refit_every=4, row_budget=LEAST_ROW_BUDGET)


def predictions_of(panel: Panel, kept: Path | None, recipe: Recipe = RECIPE, seed: int = SEED) -> bytes:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_training_table(panel, "zero_sales", "seed-18", folder / "table.parquet")
        run_backtest(read_training_table(folder / "table.parquet"), panel, recipe, BACKTEST, seed, folder, kept=kept)
        return (folder / PREDICTIONS_FILE).read_bytes()


def up_to(panel: Panel, weeks: int) -> Panel:
    fields = {name: values[:, :weeks] for name, values in panel.fields.items()}
    return dataclasses.replace(panel, weeks=panel.weeks[:weeks], fields=fields)


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rows of each fit that is done."""
    done, real = list[int](), Recipe.fit

    def fit(recipe: Recipe, names: tuple[str, ...], learned: LearningRows, seed: int) -> FittedModel:
        done.append(len(learned.outcome))
        return real(recipe, names, learned, seed)

    monkeypatch.setattr(Recipe, "fit", fit)
    return done


def test_a_week_later_only_the_newest_fit_is_done_and_the_predictions_are_those_of_a_backtest_of_its_own(
    tmp_path: Path, fits: list[int]
) -> None:
    week_fits = []
    for weeks in range(45, 51):
        predictions_of(up_to(PANEL, weeks), tmp_path)
        week_fits.append(len(fits))
        fits.clear()
        assert predictions_of(up_to(PANEL, weeks), tmp_path) == predictions_of(up_to(PANEL, weeks), None)
        assert len(fits) >= 4
        fits.clear()
    assert week_fits[0] >= 4
    assert set(week_fits[1:]) == {1}


@settings(max_examples=25, deadline=None)
@given(
    weeks=st.integers(46, 50),
    cells=st.lists(st.tuples(st.integers(0, 59), st.integers(0, 49), st.integers(0, 3)), max_size=3),
    gone=st.lists(st.integers(0, 59), max_size=2),
    seed=st.sampled_from([SEED, 1]),
    rounds=st.sampled_from([5, 6]),
)
def test_whatever_has_changed_the_predictions_are_those_of_a_backtest_that_keeps_nothing(
    kept: Path, weeks: int, cells: list[tuple[int, int, int]], gone: list[int], seed: int, rounds: int
) -> None:
    fields = {name: values.copy() for name, values in PANEL.fields.items()}
    for product, week, units in cells:
        fields[UNITS_SOLD][product, week] = units
    stay = np.setdiff1d(np.arange(60), gone)
    panel = dataclasses.replace(
        PANEL,
        product_ids=tuple(PANEL.product_ids[each] for each in stay),
        fields={name: values[stay] for name, values in fields.items()},
        categories=("",) * len(stay),
        lead_time_days=tuple(PANEL.lead_time_days[each] for each in stay),
    )
    recipe = dataclasses.replace(RECIPE, parameters={**RECIPE.parameters, "num_iterations": rounds})
    panel = up_to(panel, weeks)
    assert predictions_of(panel, kept, recipe, seed) == predictions_of(panel, None, recipe, seed)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Predictions of a backtest of all weeks, to which the examples add theirs."""
    folder = tmp_path_factory.mktemp("kept")
    predictions_of(PANEL, folder)
    return folder


def test_what_is_damaged_is_predicted_anew(tmp_path: Path, fits: list[int]) -> None:
    whole = predictions_of(PANEL, tmp_path)
    random = np.random.default_rng(1)
    for file in tmp_path.iterdir():
        content = bytearray(file.read_bytes())
        content[random.integers(len(content))] ^= 1
        file.write_bytes(content[: random.integers(len(content) // 2, len(content) + 1)])
    fits.clear()
    assert predictions_of(PANEL, tmp_path) == whole
    assert len(fits) > 1
    fits.clear()
    assert predictions_of(PANEL, tmp_path) == whole
    assert not fits
