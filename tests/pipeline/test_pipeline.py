"""The pipeline as it is run: the luigi command in a process of its own, on synthetic order files."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import polars as pl
import pytest

from data.snapshots import current_id, load
from data.synthetic.olist import write_synthetic_olist
from tests.support.mute import mute_after_its_health, mute_socket
from tests.support.olist import item, order, write_olist
from tests.support.preloaded import run_preloaded
from tests.support.processes import BIN, environment, free_port, pipeline_command, running, wait_for_http

STAGES = ("Ingest", "WeeklyPanel", "Features", "Backtest", "Train", "Evaluate", "Register", "Package", "Publish")

# Ends the process the hard way at the worst moment: the stage's files are all written, and not yet in their place.
_KILLED_IN_STAGE = """
import os, signal, sys
import luigi
import orchestration
stage = getattr(orchestration, sys.argv.pop(1))
fill = stage.fill
def killed(task, folder):
    fill(task, folder)
    os.kill(os.getpid(), signal.SIGKILL)
stage.fill = killed
luigi.run()
"""

# A disk on which no file may grow beyond a size: writing fails in the middle, as on a full one.
_ON_A_FULL_DISK = """
import resource, sys
limit = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
from luigi.cmdline import luigi_run
luigi_run()
"""


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("orders")
    write_synthetic_olist(folder, seed=3, products=150)
    return folder


@pytest.fixture(scope="module")
def finished(orders: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The work dir of a run that was killed in every stage, one after the other, and then finished; oddly named."""
    work_dir = tmp_path_factory.mktemp("folder") / "shop #1"
    for stage in STAGES:
        command = pipeline_command("StockoutPipeline", orders, work_dir)
        killed = run_preloaded([sys.executable, "-c", _KILLED_IN_STAGE, stage, *command[1:]])
        assert killed.returncode == -9, killed.stdout
        assert not list(work_dir.glob("snapshots/CURRENT")) or stage == "Publish"
    completed = run_preloaded(pipeline_command("StockoutPipeline", orders, work_dir))
    assert completed.returncode == 0, completed.stdout
    return work_dir


def _files(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_run_killed_in_every_stage_finishes_and_leaves_no_partial_output(finished: Path) -> None:
    assert not list(finished.rglob("*.partial"))
    assert not list(finished.rglob(".draft-*"))
    assert [path.name for path in finished.parent.iterdir()] == [finished.name]
    snapshots = finished / "snapshots"
    model = load(snapshots, current_id(snapshots)).model
    assert (model.name, model.version) == ("stockout_risk", "1")


def test_a_run_that_was_killed_gives_what_an_undisturbed_run_gives(
    finished: Path, orders: Path, tmp_path: Path
) -> None:
    assert run_preloaded(pipeline_command("Evaluate", orders, tmp_path)).returncode == 0
    for name in ("evaluation/metrics.json", "evaluation/bundle/contract.json", "evaluation/bundle/model.onnx"):
        (disturbed,), (undisturbed,) = finished.glob(f"models/*/{name}"), tmp_path.glob(f"models/*/{name}")
        assert disturbed.read_bytes() == undisturbed.read_bytes(), name


def test_running_again_changes_nothing(finished: Path, orders: Path) -> None:
    before = _files(finished)
    again = run_preloaded(pipeline_command("StockoutPipeline", orders, finished))
    assert again.returncode == 0, again.stdout
    assert _files(finished) == before


def test_each_stage_can_be_run_alone(orders: Path, tmp_path: Path) -> None:
    for stage, folder in (("Ingest", "ingest"), ("WeeklyPanel", "panel"), ("Features", "features")):
        assert not list(tmp_path.glob(f"{folder}/*"))
        completed = run_preloaded(pipeline_command(stage, orders, tmp_path))
        assert completed.returncode == 0, completed.stdout


def test_everything_a_run_writes_lies_in_folders_that_say_what_they_hold(finished: Path) -> None:
    assert sorted(path.name for path in finished.iterdir()) == [
        *(".runs.lock", "backtest", "bentoml", "features", "ingest", "mlflow", "models", "panel", "promotion"),
        "quarantine",
        "snapshots",
    ]


def test_any_date_stands_for_the_last_week_that_is_complete_by_then(orders: Path, tmp_path: Path) -> None:
    for as_of in ("2018-08-26", "2018-08-29"):  # a Sunday, and the Wednesday after it
        assert run_preloaded(pipeline_command("WeeklyPanel", orders, tmp_path, as_of=as_of)).returncode == 0
    assert [path.name for path in tmp_path.glob("panel/*/2018*")] == ["2018-W34"]


def test_the_pipeline_runs_against_luigid_and_its_page_shows_it(finished: Path, orders: Path, tmp_path: Path) -> None:
    port = free_port()
    luigid: list[str | Path] = [BIN / "luigid", "--address=127.0.0.1", f"--port={port}", f"--logdir={tmp_path}"]
    with running([*luigid, f"--state-path={tmp_path}/state"], tmp_path / "log"):
        page = wait_for_http(f"http://127.0.0.1:{port}/static/visualiser/index.html")
        assert b"Luigi" in page
        scheduler = ("--scheduler-host", "127.0.0.1", "--scheduler-port", str(port))
        # another date is another run, so that there is something to do
        completed = run_preloaded(pipeline_command("Features", orders, tmp_path, *scheduler, as_of="2018-08-19"))
        assert completed.returncode == 0, completed.stdout
        listed = json.loads(wait_for_http(f'http://127.0.0.1:{port}/api/task_list?data={{"status":"DONE"}}'))
    states = {task["name"]: task["status"] for task in listed["response"].values()}
    assert states == {"Ingest": "DONE", "WeeklyPanel": "DONE", "Features": "DONE"}


def _sentence(completed: subprocess.CompletedProcess[str]) -> str:
    assert completed.returncode == 30, completed.stdout
    assert "Traceback" not in completed.stdout
    return next(line for line in completed.stdout.splitlines() if line.startswith("ERROR"))


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("--alert-budget=0", "--alert-budget is 0; it must be at least 1"),
        ("--horizon-weeks=9", "the horizon is 9 weeks; it can be 1 to 4"),
    ],
)
def test_a_setting_out_of_its_range_is_refused_before_anything_is_written(
    orders: Path, tmp_path: Path, option: str, sentence: str
) -> None:
    completed = run_preloaded(
        pipeline_command("StockoutPipeline", orders, tmp_path / "work", "--local-scheduler", option)
    )
    assert sentence in _sentence(completed)
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize("name", ["what?", "a%20b"])
def test_a_work_dir_in_which_mlflow_would_not_put_its_database_is_refused_at_once(
    orders: Path, tmp_path: Path, name: str
) -> None:
    completed = run_preloaded(pipeline_command("StockoutPipeline", orders, tmp_path / name))
    assert "in its path, and MLflow would put its database elsewhere" in _sentence(completed)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"label": "astrology"}, "no label is named 'astrology'"),
        ({"as_of": "2031-01-01"}, "2018-0"),
        ({"as_of": "2001-01-01"}, "2017-0"),
    ],
)
def test_a_wrong_parameter_is_one_clear_sentence(
    orders: Path, tmp_path: Path, options: dict[str, str], sentence: str
) -> None:
    assert sentence in _sentence(run_preloaded(pipeline_command("StockoutPipeline", orders, tmp_path, **options)))


@pytest.mark.parametrize("server", [mute_socket, mute_after_its_health])
def test_an_mlflow_server_that_hangs_fails_the_stage_with_one_sentence(
    finished: Path, orders: Path, tmp_path: Path, server: Callable[[], AbstractContextManager[str]]
) -> None:
    shutil.copytree(finished, tmp_path / "work")
    with server() as uri:
        quick = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "1", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
        env = environment(MLFLOW_TRACKING_URI=uri, **quick)
        assert f"the MLflow server {uri} " in _sentence(
            run_preloaded(pipeline_command("StockoutPipeline", orders, tmp_path / "work"), env)
        )


def test_a_missing_folder_is_one_clear_sentence(tmp_path: Path) -> None:
    completed = run_preloaded(pipeline_command("StockoutPipeline", tmp_path / "nowhere", tmp_path / "work"))
    assert f"there is no folder {tmp_path / 'nowhere'}" in _sentence(completed)


def test_too_many_bad_rows_stop_the_run_and_can_be_looked_at(tmp_path: Path) -> None:
    data_dir = write_olist(tmp_path / "in", [order(1), order(2)], [item(1), item(2, price="gold")])
    sentence = _sentence(run_preloaded(pipeline_command("StockoutPipeline", data_dir, tmp_path / "work")))
    (quarantine,) = (tmp_path / "work" / "quarantine").glob("*.parquet")
    assert str(quarantine) in sentence
    assert pl.read_parquet(quarantine)["reason"].to_list() == ["UNPARSABLE_PRICE"]


def test_a_full_disk_is_one_sentence_and_the_run_finishes_once_there_is_room(orders: Path, tmp_path: Path) -> None:
    command = pipeline_command("WeeklyPanel", orders, tmp_path)
    full = run_preloaded([sys.executable, "-c", _ON_A_FULL_DISK, "20000", *command[1:]], environment())
    assert "File too large" in _sentence(full)
    assert not list(tmp_path.glob("panel/*/2018-W34"))
    assert run_preloaded(command).returncode == 0
