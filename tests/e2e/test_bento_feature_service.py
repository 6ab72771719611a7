"""A served Bento whose feature service is busy, of another model, or gone for a while."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
import requests
from stockout.v1.risk_service_pb2 import WatchStockoutRisksRequest
from stockout.v1.risk_service_pb2_grpc import RiskServiceStub
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from data.snapshots import publish
from tests.support.bentos import MODEL, post, served_bento
from tests.support.processes import free_port
from tests.support.servers import RunningServer, running_server
from tests.support.training_fixtures import Trained
from training.labels import label

ASKED = {"product_ids": ["product-0001"]}


def published(trained: Trained, folder: Path, **of_the_label: Any) -> Path:
    """A snapshot of the trained model, or of one whose label says something else."""
    bundle_dir = folder / "bundle"
    shutil.copytree(trained.bundle_dir, bundle_dir)
    contract = json.loads((bundle_dir / "contract.json").read_text())
    contract["label"] |= of_the_label
    (bundle_dir / "contract.json").write_text(json.dumps(contract))
    snapshots = folder / "snapshots"
    publish(trained.panel, label("zero_sales").eligible(trained.panel), bundle_dir, MODEL, snapshots)
    return snapshots


@contextmanager
def every_call_taken(server: RunningServer) -> Iterator[None]:
    """A watch holds the one call that the server takes at a time."""
    with grpc.insecure_channel(server.target) as channel:
        watch = RiskServiceStub(channel).WatchStockoutRisks(WatchStockoutRisksRequest(product_ids=["product-0001"]))
        next(iter(watch))
        yield
        watch.cancel()


@retry(retry=retry_if_result(lambda answer: not answer.ok), stop=stop_after_delay(60), wait=wait_fixed(0.1))
def answered(url: str) -> requests.Response:
    return post(f"{url}/assess", ASKED)


def test_a_busy_feature_service_is_not_the_clients_mistake(bento_home: Path, trained: Trained, tmp_path: Path) -> None:
    snapshots = published(trained, tmp_path)
    with (
        running_server(snapshots, "--max-rpcs", "2") as server,
        served_bento(bento_home, server.target, tmp_path) as url,
    ):
        with every_call_taken(server), every_call_taken(server):
            refused = post(f"{url}/assess", ASKED)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "1"), refused.text
            assert "too busy" in refused.json()["error"]
        assert answered(url).json()["results"][0]["product_id"] == "product-0001"


@pytest.mark.parametrize(("field", "other"), [("horizon_weeks", 4), ("evidence", "STOCK_AWARE")])
def test_a_snapshot_of_another_horizon_or_evidence_is_refused(
    bento_home: Path, trained: Trained, tmp_path: Path, field: str, other: Any
) -> None:
    snapshots = published(trained, tmp_path, **{field: other})
    with running_server(snapshots) as server, served_bento(bento_home, server.target, tmp_path) as url:
        refused, ready = post(f"{url}/assess", ASKED), requests.get(f"{url}/readyz", timeout=30)
    assert (refused.status_code, ready.status_code) == (502, 503)
    assert str(other) in refused.json()["error"] == ready.text


def test_a_feature_service_that_comes_back_is_found_again(bento_home: Path, trained: Trained, tmp_path: Path) -> None:
    snapshots, port = published(trained, tmp_path), str(free_port())
    with running_server(snapshots, "--port", port) as server, served_bento(bento_home, server.target, tmp_path) as url:
        assert answered(url).ok
        server.stop()
        refused = post(f"{url}/assess", ASKED)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        with running_server(snapshots, "--port", port):
            assert answered(url).json()["results"][0]["product_id"] == "product-0001"
