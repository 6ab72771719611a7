"""Old runs are taken away by real commands, beside a server, and what is left goes on working."""

import datetime as dt
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from data.snapshots import current_id
from data.synthetic.shops import write_synthetic_generic
from feature_service.client import RiskClient
from orchestration.run_lock import hold_for_a_run
from tests.pipeline.test_weekly_history import FIRST_MONDAY, deliver, luigi, question
from tests.support.clocks import Clock
from tests.support.processes import BIN, run
from tests.support.servers import running_server

COMMAND = [str(BIN / "luigi"), "--module", "orchestration", "PruneRuns", "--local-scheduler", "--work-dir"]

DYING = """
import os, shutil, signal, sys
from luigi.cmdline import luigi_run

shutil.rmtree = lambda path: os.kill(os.getpid(), signal.SIGKILL)
luigi_run(sys.argv[1:])
"""


def files(work_dir: Path) -> set[str]:
    return {str(path.relative_to(work_dir)) for path in work_dir.rglob("*") if path.is_file()}


def prune(work_dir: Path, clock: Clock, *options: str) -> subprocess.CompletedProcess[str]:
    return run([*COMMAND, work_dir, *options], clock.environment())


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path / "clock")


def test_old_runs_go_and_what_is_served_and_known_stays(tmp_path: Path, clock: Clock) -> None:
    work_dir, landing, whole = tmp_path / "work", tmp_path / "landing", tmp_path / "shops"
    reading = ("--source", "generic", "--data-dir", landing)
    write_synthetic_generic(whole, seed=5, products=240, weeks=30, first_week=FIRST_MONDAY)
    deliver(whole, landing, dt.date(2024, 7, 21))
    assert luigi("LoadHistory", work_dir, *reading).returncode == 0
    assert luigi("StockoutPipeline", work_dir, *question()).returncode == 0
    trained = current_id(work_dir / "snapshots")
    deliver(whole, landing, dt.date(2024, 7, 28))
    assert luigi("LoadHistory", work_dir, *reading).returncode == 0
    assert luigi("ScoreWeek", work_dir, *question()).returncode == 0
    scored, before = current_id(work_dir / "snapshots"), files(work_dir)

    assert "0 things of 0 bytes taken away" in prune(work_dir, clock).stdout
    clock.jump("+100d")
    dry = prune(work_dir, clock, "--dry-run")
    assert "would be taken away" in dry.stdout
    assert "  panel/" in dry.stdout
    assert files(work_dir) == before | {".runs.lock"}

    product_id = pl.read_csv(landing / "sales.csv", infer_schema=False)["product_id"][0]
    with running_server(work_dir / "snapshots") as server, RiskClient(server.target) as client:
        known = client.assess([product_id])
        taken = prune(work_dir, clock)
        assert taken.returncode == 0, taken.stdout
        assert client.assess([product_id]) == known
        replay = client.assess([product_id], as_of=dt.date(2024, 7, 14)).provenance
    assert replay.model_version == "1"

    gone = before - files(work_dir)
    assert {name.split("/")[0] for name in gone} == {"ingest", "panel", "scored", "backtest"}
    assert all(name.startswith("backtest/kept/") for name in gone if name.startswith("backtest"))
    assert not any("2024-W29" in name for name in gone if name.startswith("panel"))  # a rollback publishes from it
    assert (current_id(work_dir / "snapshots"), (work_dir / "snapshots" / trained).is_dir()) == (scored, True)
    assert "0 things of 0 bytes taken away" in prune(work_dir, clock).stdout

    another = luigi("ScoreWeek", work_dir, *question("--alert-budget", "20"))
    assert another.returncode == 0, another.stdout
    assert current_id(work_dir / "snapshots") not in (trained, scored)
    past, served = question("--known-at", _before_the_second_load(work_dir)), current_id(work_dir / "snapshots")
    assert luigi("Evaluate", work_dir, *past).returncode == 0
    assert current_id(work_dir / "snapshots") == served
    published = luigi("StockoutPipeline", work_dir, *past, "--publish-past")
    assert published.returncode == 0, published.stdout
    assert not {"features", "backtest", "train"} & {line.split()[1] for line in published.stdout.splitlines() if line}
    assert current_id(work_dir / "snapshots") == trained
    assert run([BIN / "stockout-data", "reconcile", work_dir]).returncode == 0


def _before_the_second_load(work_dir: Path) -> str:
    from data.history.history import open_history  # noqa: PLC0415

    second = open_history(work_dir, {}).ledger.loads()[1]
    return dt.datetime.fromtimestamp(second.known_from_us / 1e6 - 0.001, dt.UTC).isoformat()


def test_the_retention_waits_for_a_run_that_is_at_work(tmp_path: Path) -> None:
    work_dir = tmp_path / "work"
    at_work = hold_for_a_run.__wrapped__(work_dir)
    old = work_dir / "ingest" / ".history-1.partial"
    old.mkdir(parents=True)
    with subprocess.Popen([*COMMAND, str(work_dir)], stderr=subprocess.PIPE, text=True) as waiting:
        assert waiting.stderr is not None
        assert "waits for the runs at work" in waiting.stderr.readline()
        assert old.exists()
        at_work.close()
        assert waiting.wait() == 0
    assert not old.exists()


def test_killed_half_way_it_is_simply_run_again(tmp_path: Path) -> None:
    for name in ("history-1", "history-2"):
        (tmp_path / "ingest" / f".{name}.partial" / "inside").mkdir(parents=True)
    killed = run([sys.executable, "-c", DYING, *COMMAND[1:], str(tmp_path)])
    assert killed.returncode == -9, killed.stdout
    (half_gone,) = (tmp_path / "ingest").glob(".pruned-*")
    assert (half_gone / "inside").is_dir()
    again = run([*COMMAND, tmp_path])
    assert "2 things of 0 bytes taken away" in again.stdout
    assert not any((tmp_path / "ingest").iterdir())


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--keep-weeks", "0"), "--keep-weeks is 0; it must be 1 or more"),
        (("--work-dir", "nowhere"), "it must be a folder that runs have written to"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, options: tuple[str, ...], sentence: str) -> None:
    refused = run([*COMMAND, tmp_path, *options])
    assert refused.returncode != 0
    assert sentence in refused.stdout
