"""One decision at a time in a registry: who reads, decides and writes holds the registry's lock.

For a SQLite database it is the lock of a file beside it: free the moment its holder dies, and between machines as good
as ``flock`` is on their shared file system.

An MLflow server has no lock, and no write of it says "if it is still what I read": tags and aliases are overwritten.
But two registered models cannot have one name, and the server's database sees to that. So the holder is who has created
the registered model ``stockout_risk.lock``, and it deletes that when it is done. Limits: a holder that died is waited
for, for as long as ``LEASE_S`` after it was first seen; then the lock is renamed after the time it was taken, which
only one of those that wait can do, and stays under that name as a trace. A holder that lives but needs longer than that
loses its lock. A program that moves the aliases without asking for the lock, as MLflow's own pages do, is not held up;
what a run publishes does not depend on aliases.
"""

import contextlib
import getpass
import logging
import os
import platform
import time
from collections.abc import Iterator

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from data.files import locked
from data.snapshots import MODEL_NAME
from training.registry.client import registry_client
from training.registry.database import database_of

LOCK_NAME = f"{MODEL_NAME}.lock"
LEASE_S = 600.0

_POLL_S = 0.5

log = logging.getLogger("stockout")


@contextlib.contextmanager
def registry_lock(tracking_uri: str, lease_s: float = LEASE_S) -> Iterator[None]:
    """Hold the registry's lock; wait while another process has it, and never ask for it twice.

    Raises:
        RegistryError: If the server cannot be reached or refuses.
    """
    database = database_of(tracking_uri)
    if database is not None:
        with locked(database.with_name(f"{database.name}.decisions")):
            yield
        return
    with registry_client(tracking_uri) as client:
        taken_at = _take(client, lease_s)
    try:
        yield
    finally:
        with registry_client(tracking_uri) as client:
            if _taken_at(client) == taken_at:
                client.delete_registered_model(LOCK_NAME)


def _take(client: MlflowClient, lease_s: float) -> int:
    """Create the lock as soon as nobody has it; returns when it was taken, in the server's milliseconds."""
    holder = f"held by {getpass.getuser()} on {platform.node()}, process {os.getpid()}"
    seen, since = None, time.monotonic()
    while True:
        try:
            return int(client.create_registered_model(LOCK_NAME, description=holder).creation_timestamp)
        except MlflowException as error:
            _raise_unless_another_was_faster(error)
        taken_at = _taken_at(client)
        if taken_at != seen:
            seen, since = taken_at, time.monotonic()
            log.info("waiting for another run's decision in the MLflow registry")
        elif taken_at is not None and time.monotonic() - since > lease_s:
            _break(client, taken_at)
        time.sleep(_POLL_S)


def _break(client: MlflowClient, taken_at: int) -> None:
    try:
        client.rename_registered_model(LOCK_NAME, f"{LOCK_NAME}.{taken_at}")
    except MlflowException:
        # by several errors does MLflow say that another was faster, BAD_REQUEST where both did it at the same moment
        if _taken_at(client) == taken_at:
            raise


def _taken_at(client: MlflowClient) -> int | None:
    try:
        return int(client.get_registered_model(LOCK_NAME).creation_timestamp)
    except MlflowException as error:
        _raise_unless_another_was_faster(error)
        return None


def _raise_unless_another_was_faster(error: MlflowException) -> None:
    if error.error_code not in ("RESOURCE_ALREADY_EXISTS", "RESOURCE_DOES_NOT_EXIST"):
        raise error
