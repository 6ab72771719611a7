"""The MLflow run of a training: its parameters, its figures and the files that it wrote."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Metric, Param
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NOTE

from data.snapshots import ModelReference
from feature_service.bundle import Contract
from training.backtest import PREDICTIONS_FILE, RUN_OUT_FILE
from training.errors import TrainingFileError
from training.evaluation.figures import Evaluation
from training.registry.client import registry_client
from training.registry.database import database_of, experiment_id
from training.registry.revision import git_revision
from training.registry.run_figures import metrics, parameters
from training.training_record import TRAINING_FILE, TrainingRecord, read_training_record

_BACKTEST_DIR, _TRAINING_DIR = "backtest", "training"


def log_run(
    client: MlflowClient, tracking_uri: str, name: str, contract: Contract, record: TrainingRecord, figures: Evaluation
) -> str:
    """Create a run with the parameters and the figures of the model and of every rule; returns its id."""
    experiment = experiment_id(client, database_of(tracking_uri))
    run = client.create_run(experiment, run_name=f"{name} {contract.estimator}")
    now = int(time.time() * 1000)
    client.log_batch(
        run.info.run_id,
        metrics=[Metric(name, value, now, 0) for name, value in metrics(contract, record, figures).items()],
        params=[Param(name, str(value)) for name, value in parameters(contract, record, figures).items()],
    )
    for name, value in {"data_fingerprint": contract.data_fingerprint, "git_revision": git_revision()}.items():
        client.set_tag(run.info.run_id, name, value)
    run_id: str = run.info.run_id
    return run_id


def log_files(client: MlflowClient, run_id: str, candidate: Path, evaluation: Path, predictions: Path) -> None:
    """Keep the files of a training run with its MLflow run; with the predictions the curves that lie beside them."""
    client.log_artifacts(run_id, str(evaluation), "evaluation")
    client.log_artifact(run_id, str(candidate / TRAINING_FILE), _TRAINING_DIR)
    client.log_artifact(run_id, str(predictions), _BACKTEST_DIR)
    curves = predictions.with_name(RUN_OUT_FILE)
    if curves.exists():
        client.log_artifact(run_id, str(curves), _BACKTEST_DIR)


def fetch_predictions(reference: ModelReference, tracking_uri: str, to: Path) -> Path:
    """Get the out-of-fold predictions that were logged with a version.

    Raises:
        RegistryError: If the server cannot be reached or has none.
    """
    with registry_client(tracking_uri) as client:
        return Path(client.download_artifacts(reference.run_id, f"{_BACKTEST_DIR}/{PREDICTIONS_FILE}", str(to)))


def fetch_run_out(reference: ModelReference, tracking_uri: str, to: Path) -> Path | None:
    """The same of the out-of-fold curves; None where none were logged.

    Raises:
        RegistryError: If the server cannot be reached.
    """
    with registry_client(tracking_uri) as client:
        if not any(each.path.endswith(RUN_OUT_FILE) for each in client.list_artifacts(reference.run_id, _BACKTEST_DIR)):
            return None
        return Path(client.download_artifacts(reference.run_id, f"{_BACKTEST_DIR}/{RUN_OUT_FILE}", str(to)))


def fetch_training_record(reference: ModelReference, tracking_uri: str) -> TrainingRecord | None:
    """The record of a version's training; None if it is of a schema that this program does not read.

    Raises:
        RegistryError: If the server cannot be reached or has none.
    """
    with registry_client(tracking_uri) as client, tempfile.TemporaryDirectory() as temporary:
        path = client.download_artifacts(reference.run_id, f"{_TRAINING_DIR}/{TRAINING_FILE}", temporary)
        try:
            return read_training_record(Path(path).parent)
        except TrainingFileError:
            return None


def link_weekly_run(client: MlflowClient, run_id: str, number: int) -> None:
    """Say in the run's description and in a tag which weekly run trained the model, and where its stages are listed."""
    client.set_tag(run_id, "weekly_run", str(number))
    client.set_tag(run_id, MLFLOW_RUN_NOTE, f"Trained by weekly run {number}: `stockout-runs show {number}` lists it.")


def log_warnings(client: MlflowClient, run_id: str, warnings: Sequence[str]) -> None:
    """Keep what looks wrong about the data with the run: how many things, and each in a sentence."""
    client.set_tag(run_id, "data_warnings", str(len(warnings)))
    if warnings:
        client.log_text(run_id, "".join(f"{each}\n" for each in warnings), "data/warnings.txt")
