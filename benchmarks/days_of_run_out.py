"""The run-out curve day by day, on the stores that are counted daily: ``python -m benchmarks.days_of_run_out``.

The model gives a probability for the end of each week. Between two ends the hazard is taken as the same on each day,
and from that come the risk until relief on any day, and the dates. Here it is held against the days of the counts.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.cases import CASES, LAST_DAYS, real_data
from benchmarks.deliveries import backtest_of
from benchmarks.machine import machine
from benchmarks.model import SEED, ingest
from data.panel.build import build_panel
from data.weeks import last_complete_week, week_number
from feature_service.kernel.run_out import until_relief
from monitoring.outcomes.truth import truth_of
from training.labels import LABELS
from training.metrics.bootstrap import Bootstrap
from training.metrics.figures import calibration_error

DAYS = 28
ALLOWED_ERROR = 0.02
_DAYS_PER_WEEK, _DRAWS = 7, 200
_LABEL = LABELS["inventory"]


def main() -> None:
    """Measure and print."""
    case = next(each for each in CASES if each.label == _LABEL.name)
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        history = ingest(real_data(case), Path(folder) / "quarantine.parquet")
        panel = build_panel(history, as_of_week=last_complete_week(LAST_DAYS[case.name]))
        _, said = backtest_of(panel, "stock-1", Path(folder))
    if said is None:
        sys.exit("there is no curve to hold against the days")
    first_week = panel.weeks[0].item()
    truth = truth_of(_LABEL, panel, history, first_week, np.full((len(panel.product_ids), len(panel.weeks)), DAYS))
    places = {product_id: row for row, product_id in enumerate(panel.product_ids)}
    row = np.array([places[each] for each in said.product_ids])[said.product]
    out_day = truth.out_day[row, said.week - int(week_number(panel.weeks[:1])[0])]
    table = Table("by the end of day", "rows", "said", "happened", "calibration error", box=box.SIMPLE_HEAD)
    worst = 0.0
    for day in range(1, DAYS + 1):
        weeks = -(-day // _DAYS_PER_WEEK)
        known = (said.weeks_known >= weeks) & ((said.times > 0) | (said.times <= -weeks))
        risk = until_relief(said.curve[known], np.full(int(known.sum()), float(day))).probability.astype(np.float32)
        outcome = ((out_day[known] > 0) & (out_day[known] <= day)).astype(np.float32)
        products = np.unique(said.product[known], return_inverse=True)[1].astype(np.int64)
        bootstrap = Bootstrap(products, _DRAWS, SEED)
        error = calibration_error(outcome, risk, np.ones(len(risk), dtype=np.bool_), bootstrap).interval()
        table.add_row(str(day), f"{len(risk):,}", f"{risk.mean():.4f}", f"{outcome.mean():.4f}", str(error))
        worst = max(worst, error.value)
    table.title = f"{case.name}: out by the end of each day, 12 origins, 95 % intervals over products"
    Console(width=110 if not sys.stdout.isatty() else None, highlight=False).print(table)
    if worst > ALLOWED_ERROR:
        sys.exit(f"on some day the calibration error is {worst:.3f}, not at most {ALLOWED_ERROR:g}")


if __name__ == "__main__":
    main()
