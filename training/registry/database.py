"""MLflow's SQLite database: made whole or not at all.

MLflow makes its tables one by one in some seconds, and can neither go on where it was killed nor share the work with
another process. So the database is made as a draft beside its place, under a lock, and then renamed. A server, or a
PostgreSQL, owns its schema and is left alone.
"""

import contextlib
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from data.files import locked
from data.snapshots import MODEL_NAME
from training.errors import RegistryError

_SQLITE = "sqlite:///"
_WORK = ("runs", "registered_models")


def database_of(tracking_uri: str) -> Path | None:
    """The file of a SQLite database; None for any other registry."""
    if not tracking_uri.startswith(_SQLITE):
        return None
    return Path(unquote(tracking_uri.removeprefix(_SQLITE).partition("?")[0]))


def open_registry(tracking_uri: str) -> MlflowClient:
    """A client; where the registry is a SQLite file, it is made first if it is not there, or if it is half made.

    Raises:
        RegistryError: If the file is no database that MLflow can use.
        MlflowException, OSError: If the registry cannot be reached.
    """
    for chatty in ("mlflow.store.db.utils", "alembic"):  # fifty lines on how a new database is made
        logging.getLogger(chatty).setLevel(logging.WARNING)
    path = database_of(tracking_uri)
    if path is None:
        return _client(tracking_uri)
    with locked(path):
        if not _holds_work(path):
            _make(path)
        return _client(tracking_uri)


def experiment_id(client: MlflowClient, database: Path | None) -> str:
    """The id of the project's experiment, which is made if it is not there."""
    experiment = client.get_experiment_by_name(MODEL_NAME)
    if experiment is not None:
        return str(experiment.experiment_id)
    # left alone, MLflow would put the files below the folder the pipeline happens to run in
    location = (database.resolve().parent / "artifacts").as_uri() if database else None
    try:
        return str(client.create_experiment(MODEL_NAME, artifact_location=location))
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
        return experiment_id(client, database)  # another run was faster


def _client(tracking_uri: str) -> MlflowClient:
    return MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)


def _holds_work(path: Path) -> bool:
    """Whether anything of anybody is in the database; ours holds the experiment from the start."""
    if not path.exists():
        return False
    with _reading(path) as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if any(database.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone() for name in tables & set(_WORK)):  # noqa: S608
            return True
        named = "experiments" in tables and database.execute("SELECT 1 FROM experiments WHERE name = ?", (MODEL_NAME,))
        return bool(named and named.fetchone())


def _make(path: Path) -> None:
    """Make the database; one that is there and holds no work is replaced, unless MLflow has finished it."""
    draft = path.with_name(f".{path.name}.partial")
    for leftover in (draft, Path(f"{draft}-journal")):
        leftover.unlink(missing_ok=True)
    experiment_id(_client(f"{_SQLITE}{draft}"), path)
    if path.exists() and _schema(path) == _schema(draft):  # whole and empty: somebody may have it open
        draft.unlink()
        return
    Path(f"{path}-journal").unlink(missing_ok=True)
    draft.replace(path)


def _schema(path: Path) -> list[str]:
    """The revision of the tables as MLflow noted it down; none where it did not get that far."""
    with _reading(path) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
            return []
        return [str(revision) for (revision,) in database.execute("SELECT version_num FROM alembic_version")]


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Raises:
    RegistryError: If it cannot be read.
    """
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=60)) as database:
            yield database
    except sqlite3.Error as error:
        raise RegistryError(
            f"the MLflow database {path} cannot be read ({error}): put back a copy, or move it away to begin anew"
        ) from error
