"""One decision at a time, on a registry in a file and on a real server, between real processes."""

import signal
import sys
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.support.preloaded import start_preloaded, wait_for
from tests.support.processes import environment, free_port, running, wait_for_http
from training.registry.lock import LOCK_NAME

# Each process reads a number, waits for whoever would read it meanwhile, and writes one more: as a decision does.
COUNT = """
import os, signal, sys, time
from pathlib import Path
from training.registry.lock import registry_lock
uri, file, lease, ending = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
for _ in range(3):
    with registry_lock(uri, lease):
        if ending == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        number = int(file.read_text())
        time.sleep(0.05)
        file.write_text(str(number + 1))
"""


@pytest.fixture(params=["file", "server"])
def uri(request: pytest.FixtureRequest, tmp_path: Path):  # type: ignore[no-untyped-def]
    database = f"sqlite:///{tmp_path / 'mlflow.db'}"
    if request.param == "file":
        yield database
        return
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host=127.0.0.1", f"--port={port}", "--workers=1"]
    store = [f"--backend-store-uri={database}", f"--artifacts-destination={tmp_path / 'artifacts'}"]
    env = environment(MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false")
    with running([*command, *store], tmp_path / "log", env):
        wait_for_http(f"http://127.0.0.1:{port}/health")
        yield f"http://127.0.0.1:{port}"


def count(uri: str, file: Path, lease_s: float = 600, ending: str = "well") -> ForkServerProcess:
    return start_preloaded([sys.executable, "-c", COUNT, uri, file, str(lease_s), ending])


def test_no_decision_is_lost_and_a_dead_one_holds_nobody_up_for_ever(uri: str, tmp_path: Path) -> None:
    file = tmp_path / "number"
    file.write_text("0")
    together = [count(uri, file) for _ in range(3)]
    assert [wait_for(process) for process in together] == [0, 0, 0]
    assert file.read_text() == "9"
    assert wait_for(count(uri, file, ending="killed")) == -signal.SIGKILL
    after = [count(uri, file, lease_s=2) for _ in range(2)]
    assert [wait_for(process) for process in after] == [0, 0]
    assert file.read_text() == "15"
    if uri.startswith("http"):
        names = [each.name for each in MlflowClient(uri, uri).search_registered_models()]
        assert len(names) == 1
        assert names[0].startswith(f"{LOCK_NAME}.")
