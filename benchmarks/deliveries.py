"""What knowing the orders on their way is worth: ``python -m benchmarks.deliveries``.

The stores' data holds no orders with suppliers. Each rise of a product's counts stands in for one: ordered two weeks
before, promised for the day of the rise or a few days around it, or not in the file at all. That is a stand-in, and a
kind one: a retailer that orders by what was sold tells of coming falls by the size of its orders, and a count that was
wrong for a day makes an order, too.
"""

import argparse
import dataclasses
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.cases import CASES, LAST_DAYS, real_data
from benchmarks.machine import machine
from benchmarks.model import SEED, ingest
from data.panel import Panel
from data.panel.build import build_panel
from data.panel.weekly_sales import codes, days_from
from data.weeks import last_complete_week
from feature_service.kernel.arrays import IntArray
from feature_service.kernel.deliveries import PurchaseOrders
from training.backtest.origins import BacktestSettings
from training.backtest.out_of_fold import Backtest
from training.backtest.rolling import backtest
from training.backtest.run_out import backtest_run_out
from training.backtest.run_out_file import RunOutPredictions, read_run_out, write_run_out
from training.backtest.store import PredictionStore
from training.dataset import read_training_table
from training.evaluation.comparison import MODEL
from training.evaluation.run_out import figures_of
from training.metrics.figures import measure
from training.metrics.run_out import RunOutFigures
from training.metrics.truth import BASE_RATE, ScorerOutput
from training.metrics.yardstick import Yardstick
from training.recipes import calibration_weeks_for, recipe_for
from training.table import write_training_table

LEAD_TIME_DAYS = 14
TARGET = 2.0
_COVER, _LABEL = "days of cover", "inventory"
_console = Console(width=150 if not sys.stdout.isatty() else None, highlight=False)


@dataclass(frozen=True)
class Known:
    """How much of the orders is known.

    Attributes:
        name: In words.
        share: Of the orders, those that are in the file.
        slip_days: A promise is at most as many days before or after the true day.
        feature_set: What a model is made from.
    """

    name: str
    share: float = 1.0
    slip_days: int = 0
    feature_set: str = "stock-2"


KNOWN = (
    Known("no orders (stock-1)", feature_set="stock-1"),
    Known("all orders"),
    Known("all, promised up to 3 days off", slip_days=3),
    Known("half of the orders", share=0.5),
    Known("half, promised up to 3 days off", share=0.5, slip_days=3),
    Known("a fifth of the orders", share=0.2),
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--draws", type=int, default=200, help="of the bootstrap")
    yardstick = Yardstick(alert_budget=50, draws=parser.parse_args().draws, seed=SEED)
    case = next(each for each in CASES if each.label == _LABEL)
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        history = ingest(real_data(case), Path(folder) / "quarantine.parquet")
        panel = build_panel(history, as_of_week=last_complete_week(LAST_DAYS[case.name]))
        ranking = Table("", "avg. precision", f"times {_COVER}", "AUC", "calib. err.", box=box.SIMPLE_HEAD)
        curves, best = Table("out by the end of week", box=box.SIMPLE_HEAD), 0.0
        found = []
        for known in KNOWN:
            orders = _stand_in(history.counts, panel, known)
            of_label, run_out = backtest_of(
                dataclasses.replace(panel, purchase_orders=orders), known.feature_set, Path(folder)
            )
            scorers = {MODEL: ScorerOutput(of_label.probability, True)}
            scorers |= {name: of_label.rules[name] for name in (_COVER, BASE_RATE)}
            figures = measure(of_label.truth, scorers, yardstick)
            times = figures[MODEL]["average_precision"].over(figures[_COVER]["average_precision"]).interval()
            own = (figures[MODEL][name].interval() for name in ("average_precision", "auc", "calibration_error"))
            precision, auc, error = own
            ranking.add_row(known.name, str(precision), str(times), str(auc), f"{error.value:.4f}")
            found.append((known.name, figures_of(run_out, yardstick) if run_out else None))
            best = max(best, times.value if known.share == 1 and not known.slip_days else 0.0)
        ranking.title = f"{case.name}: orders made from receipts (a stand-in), 12 origins, 95 % intervals over products"
        _console.print(ranking)
        _add_curves(curves, found)
        _console.print(curves)
    if best < TARGET:
        sys.exit(f"with all orders known the model reaches {best:.2f} times {_COVER}, not {TARGET:g}")


def _stand_in(counts: pl.DataFrame, panel: Panel, known: Known) -> PurchaseOrders:
    """An order for each rise of a product's counts."""
    ids = pl.Series(panel.product_ids)
    rises = (
        counts.filter(pl.col("product_id").is_in(ids.implode()))
        .sort("product_id", "counted_on")
        .with_columns(units=pl.col("units_on_hand").diff().over("product_id"))
        .filter(pl.col("units") > 0)
    )
    random = np.random.default_rng(SEED)
    rises = rises.filter(pl.Series(random.random(len(rises)) < known.share))
    received = days_from(panel.weeks[0], rises["counted_on"]).astype(np.int64)
    product: IntArray = codes(ids, rises["product_id"]).astype(np.int64)
    slips = random.integers(-known.slip_days, known.slip_days, len(rises), endpoint=True)
    expected = received + slips
    by_day = np.lexsort((expected, product))
    units = rises["units"].to_numpy().astype(np.float32)
    first = np.searchsorted(product, np.arange(len(ids) + 1)).astype(np.int64)
    return PurchaseOrders(
        first, received[by_day] - LEAD_TIME_DAYS, expected[by_day], received[by_day], units[by_day], units[by_day]
    )


def backtest_of(panel: Panel, feature_set: str, folder: Path) -> tuple[Backtest, RunOutPredictions | None]:
    """The backtest of the label's own recipe, and its curves; ``folder`` is for files in between."""
    table, curves = folder / "table.parquet", folder / "curves.parquet"
    write_training_table(panel, _LABEL, feature_set, table)
    rows, settings = read_training_table(table), BacktestSettings(calibration_weeks=calibration_weeks_for(_LABEL))
    of_label: Backtest = backtest(rows, panel, recipe_for(_LABEL), settings, SEED)
    run_out = backtest_run_out(rows, panel, of_label, settings.row_budget, SEED, PredictionStore(None))
    if run_out is not None:
        write_run_out(run_out, rows, panel.product_ids, curves)
    return of_label, read_run_out(curves) if run_out is not None else None


def _add_curves(table: Table, found: list[tuple[str, RunOutFigures | None]]) -> None:
    """The average precision at each week ahead, beside the best rule's, and the score of the whole curve."""
    known = [(name, figures) for name, figures in found if figures]
    weeks = [each.weeks_ahead for each in known[0][1].weeks]
    for week in weeks:
        table.add_column(str(week), justify="right")
    table.add_column("ranked prob. score", justify="right")
    rules = known[0][1].weeks
    table.add_row(
        "best rule", *(f"{each.figures[each.best_rule]['average_precision'].value:.3f}" for each in rules), ""
    )
    for name, figures in known:
        cells = (f"{each.figures[MODEL]['average_precision'].value:.3f}" for each in figures.weeks)
        table.add_row(name, *cells, f"{figures.ranked_probability_score[MODEL].value:.4f}")


if __name__ == "__main__":
    main()
