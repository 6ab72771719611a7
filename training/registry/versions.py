"""Registered versions: a bundle goes into the MLflow registry, and comes back byte for byte.

A version is an MLflow model of the ONNX flavour with the contract beside the graph, so that
``mlflow.onnx.load_model("models:/stockout_risk@champion")`` works, too.
"""

import contextlib
import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import mlflow.onnx
import onnx
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from data.snapshots import MODEL_NAME, REFERENCE_FILE, ModelReference
from feature_service.bundle import CONTRACT_FILE, MODEL_FILE, Bundle, BundleError, Contract, LabelContract
from feature_service.json_record import parse_json, read_record
from training.backtest import PREDICTIONS_FILE, RUN_OUT_FILE
from training.errors import RegistryError
from training.evaluation import BUNDLE_DIR
from training.evaluation.figures import read_evaluation
from training.registry.client import reference_of, registry_client
from training.registry.lock import registry_lock
from training.registry.question import Question
from training.registry.runs import fetch_predictions, fetch_run_out, link_weekly_run, log_files, log_run, log_warnings
from training.registry.tracking_server import public
from training.training_record import read_training_record

_BUNDLE_SHA256 = "bundle_sha256"
_MODEL_DIR = "model"
_REQUIREMENTS = ["onnx", "onnxruntime", "numpy"]


@dataclass(frozen=True)
class FetchedModel:
    """A registered version on the local disk.

    Attributes:
        bundle_dir: Its bundle: graph and contract.
        reference: Which version it is.
        predictions: The file of its out-of-fold predictions.
        run_out: That of its out-of-fold curves; None where it has none.
    """

    bundle_dir: Path
    reference: ModelReference
    predictions: Path
    run_out: Path | None


def register(
    candidate: Path,
    evaluation: Path,
    predictions: Path,
    name: str,
    tracking_uri: str,
    model: str = MODEL_NAME,
    warnings: Sequence[str] = (),
    weekly_run: int = 0,
) -> ModelReference:
    """Log the run with all it wrote, and register its bundle as a version; the promotion is decided elsewhere.

    A bundle with the same content as a registered version makes no new one.

    Args:
        candidate: Folder that ``training.candidate.train`` wrote.
        evaluation: Folder that ``training.evaluation.evaluate.evaluate`` wrote.
        predictions: The backtest's file of out-of-fold predictions.
        name: Of what is predicted as of when, for people who look at the runs, e.g. ``inventory 2024-W24``.
        tracking_uri: As MLflow takes it, e.g. ``http://localhost:5000`` or ``sqlite:////work/mlflow/mlflow.db``.
            For SQLite the files go into the folder ``artifacts`` beside the database.
        model: The registered model: see :mod:`training.registry.names`.
        warnings: What was taken of the data though it looks wrong, a sentence each.
        weekly_run: Number of the weekly run that trained it; 0: none did.
    Raises:
        RegistryError: If the server cannot be reached or refuses.
        TrainingFileError, BundleError: If a file of an earlier stage is missing or broken.
    """
    record, figures = read_training_record(candidate), read_evaluation(evaluation)
    contract = Bundle.load(evaluation / BUNDLE_DIR).contract
    digest = bundle_digest(evaluation / BUNDLE_DIR)
    # one at a time, so that two runs with the same model make one version
    with registry_lock(tracking_uri), registry_client(tracking_uri) as client:
        reference = _version_of(client, model, digest)
        if reference is None:
            run_id = log_run(client, tracking_uri, name, contract, record, figures)
            log_files(client, run_id, candidate, evaluation, predictions)
            log_warnings(client, run_id, warnings)
            if weekly_run:
                link_weekly_run(client, run_id, weekly_run)
            reference = _create_version(client, model, run_id, evaluation / BUNDLE_DIR, contract, digest)
        return reference


def record_on_version(model: str, version: str, tags: Mapping[str, str], note: Path, tracking_uri: str) -> None:
    """Keep a file with a version's run, then tag the version, in the order of the tags.

    Raises:
        RegistryError: If the server cannot be reached or refuses.
    """
    with registry_client(tracking_uri) as client:
        client.log_artifact(str(client.get_model_version(model, version).run_id), str(note), "promotion")
        for name, value in tags.items():
            client.set_model_version_tag(model, version, name, value)


def tags_of(model: str, version: str, tracking_uri: str) -> Mapping[str, str]:
    """The tags of a version.

    Raises:
        RegistryError: If the server cannot be reached or has no such version.
    """
    with registry_client(tracking_uri) as client:
        tags: Mapping[str, str] = client.get_model_version(model, version).tags
        return tags


def fetch(reference: ModelReference, question: Question, tracking_uri: str, to: Path) -> FetchedModel:
    """Get bundle and out-of-fold predictions of exactly this version, whatever the aliases name by now.

    Args:
        reference: The version.
        question: What it must answer.
        tracking_uri: See :func:`register`.
        to: An existing folder; ``bundle/``, ``predictions.parquet``, ``run_out.parquet`` where the model gives a curve,
            and ``reference.json`` are written into it.
    Raises:
        RegistryError: If the server cannot be reached, has no such version, the files are not what was registered, or
            the model answers another question.
    """
    bundle_dir = to / BUNDLE_DIR
    bundle_dir.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        with registry_client(tracking_uri) as client:
            version = client.get_model_version(reference.name, reference.version)
            files = {
                name: client.download_artifacts(reference.run_id, f"{_MODEL_DIR}/{name}", temporary)
                for name in (MODEL_FILE, CONTRACT_FILE)
            }
        for name, file in files.items():  # where there is no room for them, that is no fault of the registry
            shutil.copyfile(file, bundle_dir / name)
    if bundle_digest(bundle_dir) != version.tags.get(_BUNDLE_SHA256):
        raise RegistryError(
            f"version {reference.version} of {reference.name} in {public(tracking_uri)} is not what was registered: "
            "its checksum differs; train and register again"
        )
    _check_answers(question, reference, Bundle.load(bundle_dir).contract.label)
    (to / REFERENCE_FILE).write_text(json.dumps(asdict(reference), indent=2) + "\n", encoding="utf-8")
    predictions = fetch_predictions(reference, tracking_uri, to)
    return FetchedModel(bundle_dir, reference, predictions, fetch_run_out(reference, tracking_uri, to))


def contract_of(reference: ModelReference, tracking_uri: str) -> Contract | None:
    """The contract of a version; None if it is of a schema that this program does not read.

    Raises:
        RegistryError: If the server cannot be reached or has no such files.
    """
    with registry_client(tracking_uri) as client, tempfile.TemporaryDirectory() as temporary:
        path = client.download_artifacts(reference.run_id, f"{_MODEL_DIR}/{CONTRACT_FILE}", temporary)
        try:
            return Contract.from_json(Path(path).read_text(encoding="utf-8"))
        except BundleError:
            return None


def read_fetched(folder: Path, question: Question) -> FetchedModel:
    """What :func:`fetch` wrote into ``folder``.

    Raises:
        RegistryError: If it holds no such files, or a model that answers another question.
    """
    try:
        fields = parse_json((folder / REFERENCE_FILE).read_text(encoding="utf-8"))
        reference = read_record(ModelReference, fields)
    except (OSError, ValueError) as error:
        raise RegistryError(f"{folder} holds no fetched model: {error}; remove it and run again") from error
    _check_answers(question, reference, Bundle.load(folder / BUNDLE_DIR).contract.label)
    run_out = folder / RUN_OUT_FILE
    return FetchedModel(
        folder / BUNDLE_DIR, reference, folder / PREDICTIONS_FILE, run_out if run_out.exists() else None
    )


def _check_answers(question: Question, reference: ModelReference, label: LabelContract) -> None:
    if not question.is_answered_by(label):
        raise RegistryError(
            f"version {reference.version} of {reference.name} predicts {label.name!r}, {label.horizon_weeks} weeks "
            f"ahead ({label.description}), and cannot be published for the question {question.name!r}: "
            "train a model for it, or point its alias at another version"
        )


def bundle_digest(bundle_dir: Path) -> str:
    """SHA-256 over the graph and the contract."""
    digest = hashlib.sha256()
    for name in (MODEL_FILE, CONTRACT_FILE):
        digest.update(hashlib.sha256((bundle_dir / name).read_bytes()).digest())
    return digest.hexdigest()


def _version_of(client: MlflowClient, model: str, digest: str) -> ModelReference | None:
    versions = client.search_model_versions(f"name = '{model}' and tags.{_BUNDLE_SHA256} = '{digest}'")
    return reference_of(versions[0]) if versions else None


def _create_version(
    client: MlflowClient, model: str, run_id: str, bundle_dir: Path, contract: Contract, digest: str
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
        client.create_registered_model(model)
    version = client.create_model_version(
        model,
        source=f"{client.get_run(run_id).info.artifact_uri}/{_MODEL_DIR}",
        run_id=run_id,
        tags={_BUNDLE_SHA256: digest},
        description=contract.label.description,
    )
    client.set_terminated(run_id)
    return reference_of(version)
