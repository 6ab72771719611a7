"""A panel long enough to train on, and the files of the training stages made from it once for all tests."""

import csv
import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from data.panel import PRICE_MEAN, UNITS_SOLD, Panel
from data.weeks import calendar
from tests.support.once import made_once
from tests.support.snapshots import LEAD_TIME_DAYS
from training.backtest.origins import BacktestSettings
from training.backtest.predictions import PREDICTIONS_FILE
from training.backtest.record import run_backtest
from training.candidate import train
from training.dataset import read_training_table
from training.evaluation.evaluate import evaluate
from training.metrics.yardstick import Yardstick
from training.recipes import Recipe
from training.table import write_training_table

SEED = 42
LAST_WEEK = dt.date(2018, 8, 20)
SUNDAY = LAST_WEEK + dt.timedelta(days=6)


@dataclass(frozen=True)
class Trained:
    """The files of the training stages."""

    panel: Panel
    table: Path
    backtest: Path
    candidate: Path
    evaluation: Path

    @classmethod
    def of(cls, panel: Panel, folder: Path) -> "Trained":
        """What is below a folder."""
        stages = [folder / name for name in ("backtest", "candidate", "evaluation")]
        return cls(panel, folder / "table.parquet", *stages)

    @property
    def bundle_dir(self) -> Path:
        """The finished bundle."""
        return self.evaluation / "bundle"

    @property
    def predictions(self) -> Path:
        """The out-of-fold predictions."""
        return self.backtest / PREDICTIONS_FILE


def training_panel(products: int = 120, weeks: int = 60, seed: int = 7) -> Panel:
    """Poisson sales at a rate of each product's own; a quarter of the products is launched on the way."""
    random = np.random.default_rng(seed)
    rate = random.gamma(0.7, 1.2, size=(products, 1))
    units = random.poisson(rate, size=(products, weeks)).astype(np.float32)
    price = np.where(units > 0, random.uniform(5, 90, size=(products, 1)), 0).astype(np.float32)
    launch = np.where(np.arange(products) % 4 == 0, random.integers(0, weeks - 2, products), 0)
    unknown = np.arange(weeks) < launch[:, None]
    units[unknown] = price[unknown] = np.nan
    first = LAST_WEEK - dt.timedelta(weeks=weeks - 1)
    return Panel(
        product_ids=tuple(f"product-{i:04}" for i in range(products)),
        weeks=calendar(first, LAST_WEEK),
        fields={UNITS_SOLD: units, PRICE_MEAN: price},
        categories=("",) * products,
        excluded={"never-sold": "NEVER_ORDERED"},
        lead_time_days=(LEAD_TIME_DAYS,) * products,
    )


SMALL_RECIPE = Recipe("lightgbm", {"num_iterations": 60, "num_leaves": 7})


def run_training_stages(
    panel: Panel,
    folder: Path,
    *,
    recipe: Recipe = SMALL_RECIPE,
    backtest: BacktestSettings | None = None,
    label: str = "zero_sales",
    feature_set: str = "seed-18",
) -> Trained:
    """Table, backtest, candidate and evaluation below ``folder``."""
    trained = Trained.of(panel, folder)
    for each in (trained.backtest, trained.candidate, trained.evaluation):
        each.mkdir(parents=True)
    write_training_table(panel, label, feature_set, trained.table)
    rows = read_training_table(trained.table)
    run_backtest(rows, panel, recipe, backtest or BacktestSettings(), SEED, trained.backtest)
    train(trained.table, trained.backtest, SEED, "0" * 64, trained.candidate)
    evaluate(trained.predictions, trained.candidate, Yardstick(seed=SEED), trained.evaluation)
    return trained


def trained_once(factory: pytest.TempPathFactory, name: str, panel: Panel, recipe: Recipe = SMALL_RECIPE) -> Trained:
    """What :func:`run_training_stages` gives, of which one worker runs them."""
    return Trained.of(panel, made_once(factory, name, lambda folder: run_training_stages(panel, folder, recipe=recipe)))


def write_sales(trained: Trained, folder: Path, factor: float) -> None:
    """What was sold of the panel, as a file; prices of the last two weeks are multiplied."""
    units, prices = (trained.panel.fields[name] for name in (UNITS_SOLD, PRICE_MEAN))
    folder.mkdir(exist_ok=True)
    with (folder / "sales.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["product_id", "sold_at", "quantity", "unit_price"])
        for row, week in np.argwhere(np.nan_to_num(units) > 0).tolist():
            price = float(prices[row, week]) * (factor if week >= len(trained.panel.weeks) - 2 else 1)
            day = trained.panel.weeks[week].item() + dt.timedelta(days=6)
            rows.writerow([trained.panel.product_ids[row], day, int(units[row, week]), f"{price:.2f}"])


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """120 products, 60 weeks."""
    return trained_once(tmp_path_factory, "trained", training_panel())
