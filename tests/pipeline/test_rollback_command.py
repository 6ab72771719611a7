"""A run on newer weeks takes over, and what the rollback prints is what a user can run."""

import os
import shlex
import sys
from pathlib import Path

from data.snapshots import current_id, load
from data.snapshots.publications import publications
from data.synthetic.olist import write_synthetic_olist
from tests.support.preloaded import run_preloaded
from tests.support.processes import BIN, environment, pipeline_command, run

QUESTION = ("--local-scheduler", "--horizon-weeks", "2", "--backtest-weeks", "8", "--refit-every", "8")


def released(orders: Path, work_dir: Path, as_of: str) -> str:
    """What a run of the same recipe says."""
    completed = run_preloaded(pipeline_command("StockoutPipeline", orders, work_dir, *QUESTION, as_of=as_of))
    assert completed.returncode == 0, completed.stdout
    return completed.stdout


def served_version(work_dir: Path) -> str:
    return load(work_dir / "snapshots", current_id(work_dir / "snapshots")).model.version


def test_a_newer_run_takes_over_and_the_command_that_a_rollback_prints_publishes_the_champion_before(
    tmp_path: Path,
) -> None:
    orders, work_dir = tmp_path / "orders", tmp_path / "work dir"
    write_synthetic_olist(orders, seed=3, products=150)
    released(orders, work_dir, "2018-08-05")
    newer = released(orders, work_dir, "2018-08-26")
    assert "version 2 promoted: it is the champion's recipe on newer data" in newer
    # of the 8 origins one lies between what the first champion learned from and what it knew nothing of
    assert "on the newest 7 weeks (2 of them later than the champion's training)" in newer
    assert served_version(work_dir) == "2"

    rolled_back = run_preloaded([sys.executable, "-m", "orchestration.rollback", "--work-dir", work_dir])
    assert rolled_back.returncode == 0, rolled_back.stdout
    assert "what is served stays as it is until a run publishes version 1" in rolled_back.stdout
    assert served_version(work_dir) == "2"
    command = shlex.split(rolled_back.stdout.splitlines()[-1])
    again = run(command, environment(PATH=f"{BIN}{os.pathsep}{os.environ['PATH']}"))
    assert again.returncode == 0, again.stdout
    assert "out-of-fold" not in again.stdout  # nothing is trained again
    assert served_version(work_dir) == "1"
    assert len(publications(work_dir / "snapshots")) == 3
