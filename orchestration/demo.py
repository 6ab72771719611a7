"""``make demo``: the whole product once, from order files to a ranked list over gRPC."""

import datetime as dt
import json
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table

from data.snapshot import current_id, load
from data.synthetic import write_synthetic_olist
from feature_service.client import RiskAnswer, RiskClient

OLIST_LAST_FULL_DAY = dt.datetime(2018, 8, 26)  # noqa: DTZ001 - a date on the seller's calendar
BIN = Path(sys.executable).parent
SEED = 7
PRODUCTS = 2_000
SHOWN = 15

_console = Console(highlight=False)


@click.command()
@click.option("--work-dir", default="work/demo", show_default=True, type=click.Path(path_type=Path))
@click.option(
    "--olist-dir", type=click.Path(path_type=Path), help="The real Olist files; else synthetic ones are made."
)
@click.option("--as-of", default=OLIST_LAST_FULL_DAY, type=click.DateTime(["%Y-%m-%d"]), help="Last day that is known.")
def main(work_dir: Path, olist_dir: Path | None, as_of: dt.datetime) -> None:
    """Run the pipeline, serve its snapshot, ask for every product's risk, and print the ranked list."""
    started = time.perf_counter()
    data_dir = olist_dir or _synthetic(work_dir / "input")
    _run_pipeline(data_dir, work_dir, as_of.date())
    with _serving(work_dir / "snapshots") as target:
        _say(f"the gRPC server answers on {target}")
        _ask(target, work_dir / "snapshots")
    _say(f"the server is stopped; the demo took {time.perf_counter() - started:.0f} s")
    _say_what_next(work_dir, data_dir, as_of.date())


def _say(line: str) -> None:
    _console.print(f"{time.strftime('%H:%M:%S')}  {line}", soft_wrap=True)


def _synthetic(folder: Path) -> Path:
    started = time.perf_counter()
    write_synthetic_olist(folder, seed=SEED, products=PRODUCTS)
    _say(f"synthetic order files in {folder}  ({time.perf_counter() - started:.1f} s)")
    return folder


def _run_pipeline(data_dir: Path, work_dir: Path, as_of: dt.date) -> None:
    command = ["luigi", "--module", "orchestration", "StockoutPipeline", "--source", "olist", "--data-dir", data_dir]
    command += ["--work-dir", work_dir, "--as-of", as_of, "--label", "zero_sales", "--local-scheduler"]
    words = [str(word) for word in command]
    _say(shlex.join(words))
    done = subprocess.run([BIN / words[0], *words[1:], "--log-level", "WARNING"], check=False)
    if done.returncode:
        sys.exit(done.returncode)


@contextmanager
def _serving(snapshots: Path) -> Iterator[str]:
    """The gRPC server as its own process, stopped again at the end; gives its target."""
    command = [sys.executable, "-m", "feature_service.server", f"--snapshots={snapshots}", "--port=0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            events = (json.loads(line) for line in server.stdout or ())
            port = next((event["port"] for event in events if event["event"] == "serving"), None)
            if port is None:
                sys.exit("the gRPC server did not start; its message stands above")
            yield f"127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


def _ask(target: str, snapshots: Path) -> None:
    panel = load(snapshots, current_id(snapshots)).panel
    started = time.perf_counter()
    with RiskClient(target) as client:
        answer = client.assess(panel.product_ids)
        features = client.features(panel.product_ids)
    seconds = time.perf_counter() - started
    recent = features.feature_names.index("sales_qtd_roll_mean_4")
    units = {each.product_id: each.values[recent] for each in features.results if each.values is not None}
    at_risk = sum(result.probability is not None for result in answer.results)
    _say(f"asked for {len(panel.product_ids):,} products: {at_risk:,} sell and have a risk  ({seconds:.1f} s)")
    _console.print(_ranked(answer, units, dict(zip(panel.product_ids, panel.categories, strict=True))))


def _ranked(answer: RiskAnswer, units: dict[str, float], categories: dict[str, str]) -> Table:
    """Products by the units a week that are at stake: the recent rate times the probability that none sells."""
    origin = answer.provenance
    table = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        title=f"Most units at stake in the week after {origin.as_of_week + dt.timedelta(days=6)}",
        caption=f"{origin.evidence}: the probability of a week without sales, which is no proof of an empty shelf\n"
        f"{origin.model_name} version {origin.model_version}, alert from {origin.threshold:.2f}",
    )
    table.add_column("product", no_wrap=True)
    table.add_column("category", no_wrap=True, max_width=11)
    for column in ("units\na week", "proba-\nbility", "units\nat stake"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("alert", no_wrap=True)
    answered = [(result, result.probability) for result in answer.results if result.probability is not None]
    answered.sort(key=lambda pair: -pair[1] * units[pair[0].product_id])
    for result, probability in answered[:SHOWN]:
        rate = units[result.product_id]
        figures = (f"{rate:.2f}", f"{probability:.3f}", f"{rate * probability:.2f}", "yes" if result.alert else "")
        table.add_row(result.product_id, categories[result.product_id], *figures)
    return table


def _say_what_next(work_dir: Path, data_dir: Path, as_of: dt.date) -> None:
    _console.print(
        f"""
What to run next (.venv/bin is where the commands are):
  stockout-server --snapshots {work_dir}/snapshots                       gRPC on 127.0.0.1:50051
  python -m feature_service.client assess PRODUCT_ID                         ask it
  BENTOML_HOME={work_dir}/bentoml bentoml serve stockout_risk:latest      HTTP on 127.0.0.1:3000
  mlflow ui --backend-store-uri sqlite:///{work_dir}/mlflow/mlflow.db     runs, figures and versions
  luigi --module orchestration StockoutPipeline --source olist --data-dir {data_dir} --work-dir {work_dir} \\
        --as-of {as_of} --label zero_sales --local-scheduler              again: finds everything done""",
        soft_wrap=True,
    )


if __name__ == "__main__":
    main()
