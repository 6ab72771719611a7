"""Files that are damaged under a server's hands: what is served goes on, and a server that ended comes back."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.type import date_pb2
from stockout.v1.feature_service_pb2 import GetFeaturesRequest, GetFeaturesResponse
from stockout.v1.feature_service_pb2_grpc import FeatureServiceStub
from stockout.v1.risk_service_pb2 import (
    AssessStockoutRisksRequest,
    AssessStockoutRisksResponse,
    GetServiceInfoRequest,
)
from stockout.v1.risk_service_pb2_grpc import RiskServiceStub

from data.snapshots import current_id, point_at
from feature_service.bundle import CONTRACT_FILE
from tests.support.servers import HasTarget, channel_to, fails_to_start, running_server
from tests.support.snapshots import product_id, publish_snapshot, synthetic_panel

IDS = [product_id(number) for number in range(40)]
PAST = date_pb2.Date(year=2018, month=7, day=29)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two snapshots; the second is published."""
    folder = tmp_path / "snapshots"
    publish_snapshot(folder, synthetic_panel(products=40, seed=1))
    publish_snapshot(folder, synthetic_panel(products=40, seed=2))
    return folder


def answers(server: HasTarget) -> tuple[AssessStockoutRisksResponse, AssessStockoutRisksResponse, GetFeaturesResponse]:
    with channel_to(server) as channel:
        risks, features = RiskServiceStub(channel), FeatureServiceStub(channel)
        newest = risks.AssessStockoutRisks(AssessStockoutRisksRequest(product_ids=IDS), timeout=20)
        past = risks.AssessStockoutRisks(AssessStockoutRisksRequest(product_ids=IDS, as_of=PAST), timeout=20)
        return newest, past, features.GetFeatures(GetFeaturesRequest(product_ids=IDS, as_of=PAST), timeout=20)


def files_of(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def served_id(server: HasTarget) -> str:
    with channel_to(server) as channel:
        info = RiskServiceStub(channel).GetServiceInfo(GetServiceInfoRequest(), timeout=20, wait_for_ready=True)
    return str(info.provenance.snapshot_id)


def test_what_is_served_stays_as_it_was_when_its_files_are_emptied(root: Path) -> None:
    with running_server(root, "--reload-seconds", "0.02") as server:
        before = answers(server)
        for path in files_of(root / current_id(root)):
            os.truncate(path, 0)
        assert answers(server) == before
        assert server.process.poll() is None


def test_a_worker_that_ended_comes_back_with_the_last_good_snapshot(root: Path) -> None:
    damaged = current_id(root)
    (good,) = (path.name for path in root.iterdir() if path.is_dir() and path.name != damaged)
    with running_server(root, "--workers", "2") as server:
        server.wait_for("all workers serve")
        for path in (root / damaged / "panel").iterdir():
            os.truncate(path, 0)
        for line in [line for line in server.events if line["event"] == "worker started"]:
            os.kill(line["worker_pid"], signal.SIGKILL)
        for number in (0, 1):
            refused = server.wait_for("snapshot refused", lambda line, number=number: line["worker"] == number)  # type: ignore[misc]
            assert damaged in refused["error"]
            assert refused["served"] == good
        assert served_id(server) == good
        repaired = publish_snapshot(root, synthetic_panel(products=40, seed=3))
        for number in (0, 1):
            server.wait_for(
                "reloaded",
                lambda line, number=number: (line["worker"], line["snapshot_id"]) == (number, repaired),  # type: ignore[misc]
            )
        assert served_id(server) == repaired


def test_no_server_starts_with_a_snapshot_of_another_question(root: Path) -> None:
    damaged = current_id(root)
    for folder in root.iterdir():
        contract = folder / "bundle" / CONTRACT_FILE
        if folder.name == damaged:
            contract.write_text(contract.read_text().replace('"zero_sales"', '"unusual_zero"'))
    code, stderr = fails_to_start(root)
    assert (code, damaged in stderr) == (1, True), stderr


def test_a_newer_snapshot_of_another_question_is_refused_and_the_one_before_stays(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "snapshots", tmp_path / "elsewhere" / "snapshots"
    served = publish_snapshot(root, synthetic_panel(products=40, seed=1))
    other = publish_snapshot(elsewhere, synthetic_panel(products=40, seed=2), label="unusual_zero")
    with running_server(root, "--reload-seconds", "0.02") as server:
        (elsewhere / other).rename(root / other)
        point_at(other, root)
        refused = server.wait_for("snapshot refused")
        assert "answers unusual_zero 1 weeks ahead" in refused["error"]
        assert served_id(server) == served


@pytest.mark.parametrize("pointer", ["../elsewhere", "/etc", "", ".", "2018-W34-../../../etc", "a\nb", "\x00"])
def test_a_pointer_that_names_no_folder_of_its_own_is_refused(root: Path, pointer: str) -> None:
    (root / "CURRENT").write_text(pointer)
    code, stderr = fails_to_start(root)
    assert (code, "holds no snapshot's name" in stderr) == (1, True), stderr
