"""Which question of a work dir has the plain names, and where the others lie.

The first question of a work dir is its default: it has ``snapshots/CURRENT``, the registered model and the Bento
``stockout_risk``. Every other one has ``snapshots/<question>/CURRENT`` and ``stockout_risk_<question>``. So a server, a
Bento or a program that was started for one question never gets answers to another one.
"""

from pathlib import Path

from data.files import locked
from data.snapshots import SnapshotError, current_id
from feature_service.bundle import CONTRACT_FILE
from feature_service.json_record import parse_json
from orchestration.targets import write_file_whole
from training.registry.question import Question

_FILE = Path("promotion") / "default_question"
SNAPSHOTS = "snapshots"


def claim_default(work_dir: Path, question: Question) -> bool:
    """Whether the question is the default from now on: the first one that asks is."""
    file = work_dir / _FILE
    with locked(file.with_name(f"{file.name}.claim")):
        mine = is_default(work_dir, question)
        if mine and not file.exists():
            write_file_whole(file, f"{question.name}\n".encode())
        return mine


def is_default(work_dir: Path, question: Question) -> bool:
    """Whether the question is the default, or could still become it."""
    file = work_dir / _FILE
    if file.exists():
        return file.read_text(encoding="utf-8").strip() == question.name
    return _is_served_or_nothing_is(work_dir / SNAPSHOTS, question)


def snapshots_of(work_dir: Path, question: Question) -> Path:
    """The folder that a server of the question is given."""
    root = work_dir / SNAPSHOTS
    return root if is_default(work_dir, question) else root / question.name


def _is_served_or_nothing_is(root: Path, question: Question) -> bool:
    """In a work dir of before, the question of the snapshot that is served is the default."""
    try:
        contract = root / current_id(root) / "bundle" / CONTRACT_FILE
        label = parse_json(contract.read_text(encoding="utf-8"))["label"]  # of whatever schema
        return question.is_about(label["name"], label["horizon_weeks"])
    except (OSError, SnapshotError, ValueError, KeyError, TypeError):
        return True
