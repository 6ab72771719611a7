"""A client of the MLflow registry, whose errors are one sentence.

Every call names the server itself; nothing global is set, and no environment variable is read here.
"""

import contextlib
from collections.abc import Iterator

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from data.snapshots import ModelReference
from training.errors import RegistryError
from training.registry.database import open_registry
from training.registry.tracking_server import probe, public


@contextlib.contextmanager
def registry_client(tracking_uri: str) -> Iterator[MlflowClient]:
    """A client of the server.

    Raises:
        RegistryError: If the server cannot be reached or refuses, here or in the body of the ``with``.
    """
    probe(tracking_uri)
    try:
        yield open_registry(tracking_uri)
    except MlflowException as error:
        raise RegistryError(f"the MLflow server {public(tracking_uri)} refused: {error.message}") from error
    except OSError as error:
        raise RegistryError(f"the MLflow server {public(tracking_uri)} cannot be used: {error}") from error


def reference_of(version: ModelVersion) -> ModelReference:
    """Name, version and run of a version."""
    return ModelReference(str(version.name), str(version.version), str(version.run_id))
