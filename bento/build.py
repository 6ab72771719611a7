"""Build the Bento of a registered model: a folder that ``bentoml serve stockout_risk:latest`` runs from anywhere.

It holds the service, the model, and of this project only the modules that the service imports. It is built from copies
in a home of its own and then moved into place in one step, so a broken build leaves nothing behind.
"""

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import yaml

from bento.errors import BentoBuildError
from data.files import locked
from data.snapshots import REFERENCE_FILE, ModelReference
from feature_service.bundle import CONTRACT_FILE, MODEL_FILE, Bundle, BundleError, Contract, LabelContract

_UNFINISHED = "unfinished"
_MODEL_DIR = Path("bento") / "model"
_SERVICE = "bento.service:StockoutRisk"
_MODULES = (
    "bento",
    "bento.errors",
    "bento.features",
    "bento.follower",
    "bento.models",
    "bento.openapi",
    "bento.refusals",
    "bento.requests",
    "bento.risks",
    "bento.schemas",
    "bento.service",
    "buf.validate.validate_pb2",
    "feature_service",
    "feature_service.credentials",
    "feature_service.data_calendar",
    "feature_service.json_record",
    "feature_service.limits",
    "feature_service.shards",
    "feature_service.terminal",
)
_PACKAGES = ("feature_service.bundle", "feature_service.client", "feature_service.kernel", "stockout")
_REQUIREMENTS = (
    "bentoml",
    "googleapis-common-protos",
    "grpcio",
    "grpcio-health-checking",
    "grpcio-status",
    "numpy",
    "onnxruntime",
    "protobuf",
    "pydantic",
)


def build_bento(bundle_dir: Path, model: ModelReference, home: Path) -> str:
    """Build the Bento, unless it is there already, and make it the latest.

    Args:
        bundle_dir: The registered model's bundle.
        model: Which registered version it is.
        home: BentoML's home folder, outside the source tree; made if it is not there.
    Returns:
        Its tag, e.g. ``stockout_risk:1-0123456789ab``; the same for the same model and code.
    Raises:
        BundleError: If the bundle cannot be loaded.
        BentoBuildError: If BentoML fails.
    """
    home = home.absolute()  # BentoML runs in another folder
    label = Bundle.load(bundle_dir).contract.label  # a broken bundle is told here, not at the first request
    with locked(home / _UNFINISHED):
        _check_same_question(home / "bentos" / model.name, label)
        return _build(bundle_dir, model, home)


def _build(bundle_dir: Path, model: ModelReference, home: Path) -> str:
    """With the store's lock held, so that what is unfinished was left behind by a build that is dead.

    Of a dead build BentoML's own process may live on, so a folder is never used twice.
    """
    for leftover in home.glob(f"{_UNFINISHED}-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    # not hidden: BentoML refuses to read from such folders
    work = Path(tempfile.mkdtemp(prefix=f"{_UNFINISHED}-", dir=home))
    try:
        source = work / "source"
        _copy_source(bundle_dir, model, source)
        version = f"{model.version}-{_digest(source)[:12]}"
        finished = home / "bentos" / model.name / version
        if not finished.exists():
            _run_bentoml(source, version, work / "home")
            finished.parent.mkdir(parents=True, exist_ok=True)
            (work / "home" / "bentos" / model.name / version).rename(finished)
        (work / "latest").write_text(version, encoding="utf-8")
        (work / "latest").replace(finished.parent / "latest")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return f"{model.name}:{version}"


def _check_same_question(bentos: Path, label: LabelContract) -> None:
    """What ``:latest`` answers must not change its meaning for those who serve it."""
    try:
        latest = (bentos / "latest").read_text(encoding="utf-8").strip()
        contract = Contract.from_json(
            (bentos / latest / "src" / _MODEL_DIR / CONTRACT_FILE).read_text(encoding="utf-8")
        )
    except (OSError, BundleError):
        return
    theirs = contract.label
    if (theirs.name, theirs.horizon_weeks) != (label.name, label.horizon_weeks):
        raise BentoBuildError(
            f"{bentos} holds Bentos that predict {theirs.name} {theirs.horizon_weeks} weeks ahead, and its :latest "
            f"must not become one for {label.name} {label.horizon_weeks} weeks ahead: set another BENTOML_HOME"
        )


def _copy_source(bundle_dir: Path, model: ModelReference, to: Path) -> None:
    for name in _MODULES:
        _copy(_origin(name), to / _place(name))
    for name in _PACKAGES:
        root = _origin(name).parent
        for file in sorted(root.rglob("*.py")):
            _copy(file, to.joinpath(*name.split(".")) / file.relative_to(root))
    for name in (MODEL_FILE, CONTRACT_FILE):
        _copy(bundle_dir / name, to / _MODEL_DIR / name)
    reference = json.dumps(asdict(model), indent=2, sort_keys=True) + "\n"
    (to / _MODEL_DIR / REFERENCE_FILE).write_text(reference, encoding="utf-8")
    (to / "bentofile.yaml").write_text(yaml.safe_dump(_bentofile(model)), encoding="utf-8")


def _bentofile(model: ModelReference) -> dict[str, object]:
    pinned = [f"{name}=={importlib.metadata.version(name)}" for name in _REQUIREMENTS]
    return {
        "service": _SERVICE,
        "name": model.name,
        "description": f"{model.name} version {model.version}: the probability that a product runs out.",
        "labels": {"model": model.name, "model_version": model.version, "run_id": model.run_id},
        "include": ["**/*.py", "bento/model/*"],
        # pinned above; resolving the rest would need the network
        "python": {"packages": pinned, "lock_packages": False},
        "docker": {"python_version": f"{sys.version_info.major}.{sys.version_info.minor}"},
        "envs": [{"name": "BENTOML_DO_NOT_TRACK", "value": "True"}],
    }


def _run_bentoml(source: Path, version: str, home: Path) -> None:
    """In a process of its own: BentoML imports the service it builds, and keeps its home in the process."""
    environment = {**os.environ, "BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "True"}
    command = [sys.executable, "-m", "bentoml", "build", "--version", version, str(source)]
    completed = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, check=False)
    if completed.returncode:
        lines = (completed.stderr or completed.stdout).strip().splitlines()
        raise BentoBuildError(f"bentoml build failed in {source}: {lines[-1] if lines else 'it did not say why'}")


def _origin(module: str) -> Path:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise BentoBuildError(f"the module {module} that the Bento needs is not installed: run `make setup`")
    return Path(spec.origin)


def _place(module: str) -> Path:
    path = Path(*module.split("."))
    return path / "__init__.py" if _origin(module).name == "__init__.py" else path.with_suffix(".py")


def _copy(file: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, to)


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
