"""``make demo``: the whole product once, from a seller's files to a ranked list over gRPC."""

import datetime as dt
import json
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console

from data.snapshots import MODEL_NAME
from data.synthetic.shops import write_synthetic_generic
from orchestration.default_question import is_default, snapshots_of
from training.registry.question import Question

BIN = Path(sys.executable).parent
FIRST_WEEK, WEEKS = dt.date(2017, 1, 2), 86
AS_OF = dt.date(2018, 8, 26)
SEED = 7
PAGE_PORT = 8090
PRODUCTS = 600
LIST_LIMIT = 15

_console = Console(highlight=False)


@dataclass(frozen=True)
class Scenario:
    """One way to run the demo: the layout of the files, what is predicted, and how the list is ranked."""

    source: str
    label: str
    order: str

    def snapshots(self, work_dir: Path) -> Path:
        """What a server of it serves."""
        return snapshots_of(work_dir, Question(self.label))

    def bento(self, work_dir: Path) -> str:
        """The name of its Bento."""
        return MODEL_NAME if is_default(work_dir, Question(self.label)) else f"{MODEL_NAME}_{self.label}"


WITH_STOCK = Scenario("generic", "inventory", "REVENUE_AT_RISK_BEFORE_RELIEF")
SALES_ALONE = Scenario("olist", "zero_sales", "PROBABILITY")


@click.command()
@click.option("--work-dir", default="work/demo", show_default=True, type=click.Path(path_type=Path))
@click.option("--olist-dir", type=click.Path(path_type=Path), help="The real Olist files; else shops are invented.")
@click.option("--serve", is_flag=True, help="Keep the planner's page up at the end, until Ctrl-C.")
@click.option("--page-port", default=PAGE_PORT, show_default=True, help="Where it listens; 0 lets the system choose.")
def main(work_dir: Path, olist_dir: Path | None, serve: bool, page_port: int) -> None:
    """Run the pipeline, serve its snapshot, and print the ranked list of products at risk."""
    started = time.perf_counter()
    scenario, data_dir = (SALES_ALONE, olist_dir) if olist_dir else (WITH_STOCK, _write_shops(work_dir / "input"))
    run = ["luigi", "--module", "orchestration", "StockoutPipeline"]
    run += ["--source", scenario.source, "--data-dir", str(data_dir), "--work-dir", str(work_dir)]
    run += ["--as-of", str(AS_OF), "--label", scenario.label]
    _run([*run, "--local-scheduler"])
    with _grpc_server(scenario.snapshots(work_dir), work_dir) as target:
        _say(f"the gRPC server answers on {target}")
        _run(["stockout", "list", "--order", scenario.order, "--limit", str(LIST_LIMIT), "--target", target])
        _say(f"the demo took {time.perf_counter() - started:.0f} s")
        _say_what_next(work_dir, scenario, shlex.join([*run, "--local-scheduler"]))
        if serve:
            _serve_page(target, page_port)
        else:
            _say("the server is stopped; make demo SERVE=1 ends with the planner's page, and keeps both up")


def _say(line: str) -> None:
    _console.print(f"{time.strftime('%H:%M:%S')}  {line}", soft_wrap=True)


def _write_shops(folder: Path) -> Path:
    started = time.perf_counter()
    write_synthetic_generic(folder, seed=SEED, products=PRODUCTS, weeks=WEEKS, first_week=FIRST_WEEK)
    _say(f"synthetic shops with a stock, {PRODUCTS} products, in {folder}  ({time.perf_counter() - started:.1f} s)")
    return folder


def _run(command: Sequence[str]) -> None:
    _say(shlex.join(command))
    finished = subprocess.run([BIN / command[0], *command[1:]], check=False)
    if finished.returncode:
        sys.exit(finished.returncode)


@contextmanager
def _grpc_server(snapshots: Path, work_dir: Path) -> Iterator[str]:
    """The gRPC server as a process of its own, stopped at the end; yields its address."""
    state_url = f"sqlite:///{work_dir.absolute() / 'state.db'}"
    command: list[str | Path] = [
        BIN / "stockout-server",
        f"--snapshots={snapshots}",
        "--port=0",
        f"--state-url={state_url}",
    ]
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


def _serve_page(target: str, port: int) -> None:
    """The planner's page, which says itself where it is, until Ctrl-C or a signal ends it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # or page and server would outlive who started them
    command: list[str | Path] = [BIN / "stockout-planner", f"--target={target}", f"--port={port}"]
    with subprocess.Popen(command) as page:
        try:
            failed = page.wait()
        except KeyboardInterrupt:  # which the page got, too
            failed = page.wait()
        finally:
            page.terminate()
    if failed:
        sys.exit("the planner's page did not start; its message stands above")


def _say_what_next(work_dir: Path, scenario: Scenario, run: str) -> None:
    _console.print(
        f"""
What to run next (the commands are in .venv/bin):
  stockout-server --snapshots {scenario.snapshots(work_dir)}
      serve gRPC on 127.0.0.1:50051; then, in another shell: stockout list, stockout assess PRODUCT_ID
  stockout-planner
      serve the planner's page on http://127.0.0.1:{PAGE_PORT}, which asks that server
  BENTOML_HOME={work_dir}/bentoml bentoml serve {scenario.bento(work_dir)}:latest
      serve HTTP on 127.0.0.1:3000; it asks the gRPC server for features
  mlflow ui --backend-store-uri sqlite:///{work_dir}/mlflow/mlflow.db
      look at runs, figures, the model report and versions
  {run}
      run the pipeline again: it finds everything done""",
        soft_wrap=True,
    )


if __name__ == "__main__":
    main()
