"""Reading the JSON records that the stages of a training leave for the stages after them."""

from pathlib import Path
from typing import TypeVar

from feature_service.json_record import read_json
from training.errors import TrainingFileError

_Record = TypeVar("_Record")


def read_record_file(kind: type[_Record], path: Path, remedy: str) -> _Record:
    """Read a record.

    Args:
        kind: Its dataclass.
        path: Its file.
        remedy: What to do where it cannot be read, such as "train the model again".
    Raises:
        TrainingFileError: If it is missing or broken.
    """
    try:
        return read_json(kind, path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingFileError(f"{path} cannot be read: {error}; {remedy}") from error
