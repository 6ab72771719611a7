"""A Bento built from the trained model, and served as its users serve it."""

import contextlib
import dataclasses
import datetime as dt
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from bento.build import build_bento
from data.panel import UNITS_ON_HAND, UNITS_SOLD
from data.snapshots import AlertRule, ModelReference, publish
from tests.support.servers import running_server
from tests.support.training_fixtures import Trained
from training.explain import explain
from training.labels import label

START_TIMEOUT_S = 300  # ten seconds on a quiet machine
MODEL = ModelReference(name="stockout_risk", version="3", run_id="0123456789abcdef")
ALERTS = AlertRule("probability 0.8", 0.8, 9.0, 0.9, 0.4, (dt.date(2018, 7, 23), dt.date(2018, 8, 13)))
"""Of the published snapshot; the model's own threshold is another."""


@pytest.fixture(scope="session")
def bento_home(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """BentoML's home with the Bento of the trained model."""
    folder = tmp_path_factory.mktemp("bentoml")
    build_bento(trained.bundle_dir, MODEL, folder)
    return folder


@pytest.fixture(scope="session")
def bento_target(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The gRPC server of the same model and data; the stock of every second product was counted."""
    snapshots = tmp_path_factory.mktemp("snapshots")
    panel = trained.panel
    counts = np.full(panel.fields[UNITS_SOLD].shape, np.nan, dtype=np.float32)
    counts[::2] = 3
    counted = dataclasses.replace(
        panel,
        fields={**panel.fields, UNITS_ON_HAND: counts},
        categories=tuple("" if row % 2 else "garden" for row in range(len(panel.product_ids))),
    )
    eligible = label("zero_sales").eligible(panel)
    reasons = explain(counted, eligible, trained.bundle_dir)
    publish(counted, eligible, trained.bundle_dir, MODEL, snapshots, reasons, ALERTS)
    with running_server(snapshots) as server:
        yield server.target


@pytest.fixture(scope="session")
def bento_url(bento_home: Path, bento_target: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A served Bento that has a feature service."""
    with served_bento(bento_home, bento_target, tmp_path_factory.mktemp("elsewhere")) as url:
        yield url


@contextlib.contextmanager
def served_bento(home: Path, target: str, folder: Path, *, workers: int = 1) -> Iterator[str]:
    """``bentoml serve`` from another folder than the one it was built in; what it prints is in the file ``log``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "True"}
    environment["FEATURE_SERVICE_TARGET"] = target
    environment["BENTOML_CONFIG_OPTIONS"] = f"services.stockout_risk.workers={workers}"
    command = [sys.executable, "-m", "bentoml", "serve", "stockout_risk:latest", "--host", "127.0.0.1"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port)], cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_up(url, process, folder / "log")
        yield url
    finally:
        process.terminate()
        process.wait(timeout=60)


def _wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(requests.RequestException):
            if requests.get(f"{url}/livez", timeout=5).ok:
                return
        time.sleep(0.2)
    raise AssertionError(log.read_text())


def post(url: str, body: Any) -> requests.Response:
    """A body as JSON."""
    return requests.post(url, json=body, timeout=30)
