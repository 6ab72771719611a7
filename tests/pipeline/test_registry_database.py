"""MLflow's own SQLite database, made by real processes that are killed or start at the same moment."""

import contextlib
import signal
import sqlite3
import sys
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
from mlflow import MlflowClient
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from data.snapshots import MODEL_NAME
from tests.support.preloaded import run_preloaded, start_preloaded, wait_for
from training.errors import RegistryError
from training.registry.client import registry_client

OURS = """
import sys
from training.registry.client import registry_client
from training.registry.database import database_of, experiment_id
with registry_client(sys.argv[1]) as client:
    client.create_run(experiment_id(client, database_of(sys.argv[1])))
"""
MLFLOW_ITSELF = "import sys; from mlflow import MlflowClient; MlflowClient(sys.argv[1])"


def start(program: str, database: Path) -> ForkServerProcess:
    return start_preloaded([sys.executable, "-c", program, f"sqlite:///{database}"])


def tables(database: Path) -> int:
    if not database.exists():
        return 0
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
        try:
            return len(opened.execute("SELECT name FROM sqlite_master").fetchall())
        except sqlite3.OperationalError:  # it is being written
            return 0


def kill_when_half_made(program: str, database: Path, watched: Path) -> None:
    process = start(program, database)
    waiting = Retrying(retry=retry_if_result(lambda made: made < 3), stop=stop_after_delay(120), wait=wait_fixed(0.002))
    waiting(tables, watched)
    process.kill()
    assert wait_for(process) == -signal.SIGKILL


def runs_in(database: Path) -> int:
    client = MlflowClient(f"sqlite:///{database}")
    experiment = client.get_experiment_by_name(MODEL_NAME)
    assert experiment is not None
    return len(client.search_runs([experiment.experiment_id]))


def test_a_run_that_is_killed_while_mlflow_makes_its_tables_is_put_right_by_the_next(tmp_path: Path) -> None:
    database = tmp_path / "mlflow" / "mlflow.db"
    kill_when_half_made(OURS, database, database.with_name(".mlflow.db.partial"))
    assert not database.exists()
    assert wait_for(start(OURS, database)) == 0
    assert runs_in(database) == 1
    assert not list(database.parent.glob("*.partial*"))


def test_a_database_that_an_older_version_left_half_made_is_made_anew(tmp_path: Path) -> None:
    database = tmp_path / "mlflow.db"
    kill_when_half_made(MLFLOW_ITSELF, database, database)
    assert wait_for(start(OURS, database)) == 0
    assert runs_in(database) == 1


def test_first_runs_that_start_together_make_one_database(tmp_path: Path) -> None:
    database = tmp_path / "mlflow.db"
    processes = [start(OURS, database) for _ in range(4)]
    assert [wait_for(process) for process in processes] == [0] * 4
    assert runs_in(database) == 4


def test_a_database_that_somebody_else_made_and_has_open_stays_in_its_place(tmp_path: Path) -> None:
    database = tmp_path / "mlflow.db"
    assert wait_for(start(MLFLOW_ITSELF, database)) == 0
    before = database.stat().st_ino
    assert wait_for(start(OURS, database)) == 0
    assert database.stat().st_ino == before


def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path: Path) -> None:
    database = tmp_path / "mlflow.db"
    database.write_text("a love letter\n" * 100)
    with (
        pytest.raises(RegistryError, match=r"mlflow\.db cannot be read \(file is not a database\): put back a copy"),
        registry_client(f"sqlite:///{database}"),
    ):
        pass
    assert database.read_text().startswith("a love letter")


@pytest.mark.parametrize("name", ["a space", "a#b", "ü&'+"])
def test_the_database_lies_where_the_work_dir_is(tmp_path: Path, name: str) -> None:
    completed = run_preloaded([sys.executable, "-c", OURS, f"sqlite:///{tmp_path / name / 'mlflow.db'}"])
    assert completed.returncode == 0, completed.stdout
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert runs_in(tmp_path / name / "mlflow.db") == 1
