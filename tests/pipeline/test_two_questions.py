"""Two labels in one work dir, by real runs: each has a model, a Bento and a snapshot of its own."""

import datetime as dt
from pathlib import Path

import pytest
from mlflow import MlflowClient

from data.snapshots import current_id, load
from data.synthetic.shops import write_synthetic_generic
from feature_service.bundle import Bundle, LabelContract
from feature_service.client import Provenance, RiskClient
from orchestration.registry_places import tracking_uri_of
from tests.support.bentos import post
from tests.support.preloaded import run_preloaded
from tests.support.processes import BIN, environment, free_port, pipeline_command, running, wait_for_http
from tests.support.servers import running_server

QUICK = ("--local-scheduler", "--backtest-weeks", "8", "--refit-every", "8")
FIRST, SECOND = "zero_sales", "inventory"


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shops")
    write_synthetic_generic(folder, seed=5, products=240, weeks=30, first_week=dt.date(2024, 1, 1))
    return folder


def publish(shops: Path, work_dir: Path, label: str) -> str:
    command = pipeline_command(
        "StockoutPipeline", shops, work_dir, *QUICK, as_of="2024-07-28", label=label, source="generic"
    )
    completed = run_preloaded(command)
    assert completed.returncode == 0, completed.stdout
    return completed.stdout


@pytest.fixture(scope="module")
def alone(shops: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work dir in which only the first question was asked."""
    folder = tmp_path_factory.mktemp("work")
    publish(shops, folder, FIRST)
    return folder


@pytest.fixture(scope="module")
def both(shops: Path, alone: Path) -> tuple[Path, str]:
    """The same after the second question, with the id of the snapshot that was served before it."""
    before = current_id(alone / "snapshots")
    publish(shops, alone, SECOND)
    return alone, before


def provenance(target: str, question: str = "") -> Provenance:
    with RiskClient(target, question=question) as client:
        return client.assess(["nobody"]).provenance


def label_of_bento(work_dir: Path, name: str) -> LabelContract:
    bentos = work_dir / "bentoml" / "bentos" / name
    return Bundle.load(bentos / (bentos / "latest").read_text() / "src" / "bento" / "model").contract.label


def test_a_second_question_leaves_what_is_served_and_has_a_pointer_of_its_own(both: tuple[Path, str]) -> None:
    work_dir, before = both
    assert current_id(work_dir / "snapshots") == before
    with running_server(work_dir / "snapshots") as server:
        default, first, second = (provenance(server.target, question) for question in ("", FIRST, SECOND))
    assert default == first
    assert (first.question, first.label, first.model_name) == (FIRST, FIRST, "stockout_risk")
    assert (second.question, second.label, second.model_name) == (SECOND, SECOND, f"stockout_risk_{SECOND}")
    with running_server(work_dir / "snapshots" / SECOND) as server:
        assert provenance(server.target) == second


def test_each_question_has_a_registered_model_with_aliases_of_its_own(both: tuple[Path, str]) -> None:
    work_dir, _ = both
    client = MlflowClient(tracking_uri_of(work_dir, None))
    assert {each.name for each in client.search_registered_models()} == {"stockout_risk", f"stockout_risk_{SECOND}"}
    for name, label in (("stockout_risk", FIRST), (f"stockout_risk_{SECOND}", SECOND)):
        version = client.get_model_version_by_alias(name, "champion")
        assert (str(version.version), client.get_run(str(version.run_id)).data.params["label"]) == ("1", label)
        assert client.get_run(str(version.run_id)).info.run_name.startswith(f"{label} 2024-W30 ")


def test_each_question_has_a_bento_of_its_own_that_asks_it_whatever_the_default_is(
    both: tuple[Path, str], tmp_path: Path
) -> None:
    work_dir, _ = both
    assert label_of_bento(work_dir, "stockout_risk").name == FIRST
    assert label_of_bento(work_dir, f"stockout_risk_{SECOND}").name == SECOND
    port = free_port()
    serve: list[str | Path] = [
        BIN / "bentoml",
        "serve",
        f"stockout_risk_{SECOND}:latest",
        "--host=127.0.0.1",
        f"--port={port}",
    ]
    url = f"http://127.0.0.1:{port}"
    with (
        running_server(work_dir / "snapshots") as server,
        running(
            serve,
            tmp_path / "log",
            environment(BENTOML_HOME=str(work_dir / "bentoml"), FEATURE_SERVICE_TARGET=server.target),
        ),
        RiskClient(server.target, question=SECOND) as client,
    ):
        wait_for_http(f"{url}/readyz")
        assert b"units_on_hand" in wait_for_http(f"{url}/docs.json")
        risks = {each.risk.product_id: each.risk.probability for each in client.list_risks(limit=20).results}
        answer = post(f"{url}/assess", {"product_ids": list(risks)})
        assert answer.ok, answer.text
        assert answer.json()["label"] == SECOND
        assert {each["product_id"]: each["probability"] for each in answer.json()["results"]} == risks


def test_running_either_question_again_changes_nothing(shops: Path, both: tuple[Path, str]) -> None:
    work_dir, _ = both
    before = {path: path.stat().st_mtime_ns for path in work_dir.rglob("*") if path.is_file()}
    for label in (FIRST, SECOND):
        assert "stockoutpipeline was done before" in publish(shops, work_dir, label)
    assert {path: path.stat().st_mtime_ns for path in work_dir.rglob("*") if path.is_file()} == before


def test_in_a_work_dir_of_before_the_question_that_is_served_keeps_the_plain_names(
    shops: Path, both: tuple[Path, str]
) -> None:
    work_dir, before = both
    (work_dir / "promotion" / "default_question").unlink()
    for file in work_dir.glob("models/*/published/*/snapshot_id"):
        file.unlink()
    publish(shops, work_dir, SECOND)
    assert current_id(work_dir / "snapshots") == before
    assert not (work_dir / "promotion" / "default_question").exists()
    publish(shops, work_dir, FIRST)
    assert load(work_dir / "snapshots", current_id(work_dir / "snapshots")).model.name == "stockout_risk"
