"""The retention beside a run at work, killed half way, and asked for what cannot be meant."""

import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.run_lock import hold_for_a_run
from tests.support.preloaded import run_preloaded
from tests.support.processes import BIN

COMMAND = [str(BIN / "luigi"), "--module", "orchestration", "PruneRuns", "--local-scheduler", "--work-dir"]

DYING = """
import os, shutil, signal, sys
from luigi.cmdline import luigi_run

shutil.rmtree = lambda path: os.kill(os.getpid(), signal.SIGKILL)
luigi_run(sys.argv[1:])
"""


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
    killed = run_preloaded([sys.executable, "-c", DYING, *COMMAND[1:], str(tmp_path)])
    assert killed.returncode == -9, killed.stdout
    (half_gone,) = (tmp_path / "ingest").glob(".pruned-*")
    assert (half_gone / "inside").is_dir()
    again = run_preloaded([*COMMAND, tmp_path])
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
    refused = run_preloaded([*COMMAND, tmp_path, *options])
    assert refused.returncode != 0
    assert sentence in refused.stdout
