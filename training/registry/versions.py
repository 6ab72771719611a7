"""The MLflow tracking server and registry: the only place that imports mlflow.

A registered version is an MLflow model of the ONNX flavour with the contract beside the graph, so that
``mlflow.onnx.load_model("models:/stockout_risk@champion")`` works and the bundle comes back byte for byte.

Every call names the server itself; nothing global is set, and no environment variable is read here.
"""

import contextlib
import hashlib
import json
import logging
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import mlflow.onnx
import onnx
from mlflow import MlflowClient
from mlflow.entities import Metric, Param
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from data.snapshots import ModelReference
from feature_service.bundle import CONTRACT_FILE, MODEL_FILE, Bundle, Contract
from training.backtest.predictions import PREDICTIONS_FILE
from training.candidate import TrainingRecord, read_training_record
from training.errors import RegistryError
from training.evaluation.evaluate import BUNDLE_DIR
from training.evaluation.figures import Evaluation, read_evaluation
from training.registry.revision import git_revision
from training.registry.run_figures import metrics, parameters
from training.registry.tracking_server import probe, public

MODEL_NAME = "stockout_risk"
CHAMPION, CHALLENGER = "champion", "challenger"
EXPERIMENT = "stockout_risk"
REFERENCE_FILE = "reference.json"

_BUNDLE_SHA256 = "bundle_sha256"
_MODEL_DIR = "model"
_BACKTEST_DIR = "backtest"
_REQUIREMENTS = ["onnx", "onnxruntime", "numpy"]


@dataclass(frozen=True)
class FetchedModel:
    """A registered version on the local disk.

    Attributes:
        bundle_dir: Its bundle: graph and contract.
        reference: Which version it is.
    """

    bundle_dir: Path
    reference: ModelReference


def register(candidate: Path, evaluation: Path, predictions: Path, tracking_uri: str) -> ModelReference:
    """Log the run with all it wrote, and register its bundle as a version; what becomes of it is not decided here.

    A bundle with the same content as a registered version makes no new one.

    Args:
        candidate: Folder that ``training.candidate.train`` wrote.
        evaluation: Folder that ``training.evaluation.evaluate.evaluate`` wrote.
        predictions: The backtest's file of out-of-fold predictions.
        tracking_uri: As MLflow takes it, e.g. ``http://localhost:5000`` or ``sqlite:////work/mlflow/mlflow.db``.
            For SQLite the files go into the folder ``artifacts`` beside the database.
    Raises:
        RegistryError: If the server cannot be reached or refuses.
        TrainingFileError, BundleError: If a file of an earlier stage is missing or broken.
    """
    record, figures = read_training_record(candidate), read_evaluation(evaluation)
    contract = Bundle.load(evaluation / BUNDLE_DIR).contract
    digest = bundle_digest(evaluation / BUNDLE_DIR)
    with _registry(tracking_uri) as client:
        reference = _registered(client, digest)
        if reference is None:
            run_id = _log_run(client, tracking_uri, contract, record, figures)
            client.log_artifacts(run_id, str(evaluation), "evaluation")
            client.log_artifact(run_id, str(candidate / "training.json"), "training")
            client.log_artifact(run_id, str(predictions), _BACKTEST_DIR)
            reference = _create_version(client, run_id, evaluation / BUNDLE_DIR, contract, digest)
        return reference


def at_alias(alias: str, tracking_uri: str) -> ModelReference | None:
    """The version that an alias names; None if no version has it.

    Raises:
        RegistryError: If the server cannot be reached or refuses.
    """
    with _registry(tracking_uri) as client:
        version = _version_at(client, alias)
        return None if version is None else _reference(version)


def set_aliases(aliases: Mapping[str, str], tracking_uri: str) -> None:
    """Point aliases, the keys, at versions.

    Raises:
        RegistryError: If the server cannot be reached or refuses.
    """
    with _registry(tracking_uri) as client:
        for alias, version in aliases.items():
            client.set_registered_model_alias(MODEL_NAME, alias, version)


def record_on_version(reference: ModelReference, tags: Mapping[str, str], note: Path, tracking_uri: str) -> None:
    """Tag a version, and keep a file with its run.

    Raises:
        RegistryError: If the server cannot be reached or refuses.
    """
    with _registry(tracking_uri) as client:
        for name, value in tags.items():
            client.set_model_version_tag(MODEL_NAME, reference.version, name, value)
        client.log_artifact(reference.run_id, str(note), "promotion")


def fetch_predictions(reference: ModelReference, tracking_uri: str, to: Path) -> Path:
    """Get the out-of-fold predictions that were logged with a version.

    Raises:
        RegistryError: If the server cannot be reached or has none.
    """
    with _registry(tracking_uri) as client:
        return Path(client.download_artifacts(reference.run_id, f"{_BACKTEST_DIR}/{PREDICTIONS_FILE}", str(to)))


def fetch_champion(tracking_uri: str, to: Path) -> FetchedModel:
    """Get the champion's bundle and say which version it is.

    Args:
        tracking_uri: See :func:`register`.
        to: An existing folder; ``bundle/`` and ``reference.json`` are written into it.
    Raises:
        RegistryError: If the server cannot be reached, has no champion, or the files are not what was registered.
    """
    with _registry(tracking_uri) as client:
        version = _version_at(client, CHAMPION)
        if version is None:
            raise RegistryError(
                f"the registry {public(tracking_uri)} has no {CHAMPION} of the model {MODEL_NAME}: "
                "run the pipeline up to its register stage first"
            )
        reference = _reference(version)
        bundle_dir = to / BUNDLE_DIR
        bundle_dir.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory() as temporary:
            for name in (MODEL_FILE, CONTRACT_FILE):
                got = client.download_artifacts(reference.run_id, f"{_MODEL_DIR}/{name}", temporary)
                shutil.copyfile(got, bundle_dir / name)
        if bundle_digest(bundle_dir) != version.tags.get(_BUNDLE_SHA256):
            raise RegistryError(
                f"version {reference.version} of {MODEL_NAME} in {public(tracking_uri)} is not what was registered: "
                "its checksum differs; train and register again"
            )
    (to / REFERENCE_FILE).write_text(json.dumps(asdict(reference), indent=2) + "\n", encoding="utf-8")
    return FetchedModel(bundle_dir, reference)


def read_fetched(folder: Path) -> FetchedModel:
    """What :func:`fetch_champion` wrote into ``folder``.

    Raises:
        RegistryError: If nothing was.
    """
    try:
        fields = json.loads((folder / REFERENCE_FILE).read_text(encoding="utf-8"))
        return FetchedModel(folder / BUNDLE_DIR, ModelReference(**fields))
    except (OSError, ValueError, TypeError) as error:
        raise RegistryError(f"{folder} holds no fetched model: {error}; fetch the champion again") from error


def bundle_digest(bundle_dir: Path) -> str:
    """SHA-256 over the graph and the contract."""
    digest = hashlib.sha256()
    for name in (MODEL_FILE, CONTRACT_FILE):
        digest.update(hashlib.sha256((bundle_dir / name).read_bytes()).digest())
    return digest.hexdigest()


def _registered(client: MlflowClient, digest: str) -> ModelReference | None:
    found = client.search_model_versions(f"name = '{MODEL_NAME}' and tags.{_BUNDLE_SHA256} = '{digest}'")
    return _reference(found[0]) if found else None


def _reference(version: ModelVersion) -> ModelReference:
    return ModelReference(MODEL_NAME, str(version.version), str(version.run_id))


def _version_at(client: MlflowClient, alias: str) -> ModelVersion | None:
    try:
        return client.get_model_version_by_alias(MODEL_NAME, alias)
    except MlflowException as error:
        # an unknown model is the one, a model without that alias the other
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise
        return None


def _log_run(
    client: MlflowClient, tracking_uri: str, contract: Contract, record: TrainingRecord, figures: Evaluation
) -> str:
    """A run with the parameters and the figures of the model and of every rule; its id."""
    run = client.create_run(_experiment(client, tracking_uri), run_name=f"{contract.label.name} {contract.estimator}")
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


def _create_version(
    client: MlflowClient, run_id: str, bundle_dir: Path, contract: Contract, digest: str
) -> ModelReference:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / _MODEL_DIR
        mlflow.onnx.save_model(
            onnx.load(bundle_dir / MODEL_FILE),
            folder,
            pip_requirements=_REQUIREMENTS,
            onnx_execution_providers=["CPUExecutionProvider"],
            onnx_session_options={"intra_op_num_threads": 1, "inter_op_num_threads": 1},
            save_as_external_data=False,
        )
        # the very bytes: a protobuf that was read and written again need not be the same
        shutil.copyfile(bundle_dir / MODEL_FILE, folder / MODEL_FILE)
        shutil.copyfile(bundle_dir / CONTRACT_FILE, folder / CONTRACT_FILE)
        client.log_artifacts(run_id, str(folder), _MODEL_DIR)
    with contextlib.suppress(MlflowException):  # it is there from the second time on
        client.create_registered_model(MODEL_NAME)
    version = client.create_model_version(
        MODEL_NAME,
        source=f"{client.get_run(run_id).info.artifact_uri}/{_MODEL_DIR}",
        run_id=run_id,
        tags={_BUNDLE_SHA256: digest},
        description=contract.label.description,
    )
    client.set_terminated(run_id)
    return _reference(version)


def _experiment(client: MlflowClient, tracking_uri: str) -> str:
    """The id of the project's experiment; made on the first run."""
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is not None:
        existing: str = found.experiment_id
        return existing
    # left alone, MLflow would put the files below the folder the pipeline happens to run in
    database = tracking_uri.removeprefix("sqlite:///")
    location = (Path(database).resolve().parent / "artifacts").as_uri() if database != tracking_uri else None
    made: str = client.create_experiment(EXPERIMENT, artifact_location=location)
    return made


@contextlib.contextmanager
def _registry(tracking_uri: str) -> Iterator[MlflowClient]:
    """A client of the server; its errors as one sentence."""
    probe(tracking_uri)
    for chatty in ("mlflow.store.db.utils", "alembic"):  # fifty lines on how a new database is made
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        if tracking_uri.startswith("sqlite:///"):
            Path(tracking_uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        yield MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)
    except MlflowException as error:
        raise RegistryError(f"the MLflow server {public(tracking_uri)} refused: {error.message}") from error
    except OSError as error:
        raise RegistryError(f"the MLflow server {public(tracking_uri)} cannot be used: {error}") from error
