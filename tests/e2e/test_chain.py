"""The main job: order files through luigi, the Bento and the gRPC server, each a real process, with nothing in between.

On the complete real Olist files where they are there, on synthetic ones of the same layout elsewhere.
"""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import requests

from data.snapshots import current_id, load
from data.synthetic.olist import write_synthetic_olist
from feature_service.client import RiskAnswer, RiskClient
from feature_service.kernel import feature_set, features_of_all_weeks
from tests.support.olist import real_olist
from tests.support.processes import BIN, environment, free_port, pipeline_command, run, running, wait_for_http
from tests.support.servers import running_server

REAL_ITEMS, REAL_PRODUCTS = 112_650, 32_951
HTTP_BATCH = 1_000


@dataclass(frozen=True)
class Chain:
    """A finished run and the two doors that serve it."""

    data_dir: Path
    work_dir: Path
    grpc_target: str
    http_url: str


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    real = real_olist()
    if real is not None:
        return real
    folder = tmp_path_factory.mktemp("orders")
    write_synthetic_olist(folder, seed=5, products=400)
    return folder


@pytest.fixture(scope="module")
def chain(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    work_dir = tmp_path_factory.mktemp("work")
    completed = run(pipeline_command("StockoutPipeline", data_dir, work_dir))
    assert completed.returncode == 0, completed.stdout
    port = free_port()
    serve: list[str | Path] = [BIN / "bentoml", "serve", "stockout_risk:latest", "--host=127.0.0.1", f"--port={port}"]
    with running_server(work_dir / "snapshots") as grpc_server:
        env = environment(BENTOML_HOME=str(work_dir / "bentoml"), FEATURE_SERVICE_TARGET=grpc_server.target)
        with running(serve, work_dir / "bentoml.log", env):
            wait_for_http(f"http://127.0.0.1:{port}/readyz")
            yield Chain(data_dir, work_dir, grpc_server.target, f"http://127.0.0.1:{port}")


@pytest.fixture(scope="module")
def named_products(data_dir: Path) -> list[str]:
    """Every product that the items file names, read without our own reader."""
    (path,) = data_dir.glob("olist_order_items_dataset.csv*")
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        return sorted({row["product_id"] for row in csv.DictReader(file)})


@pytest.fixture(scope="module")
def answer(chain: Chain, named_products: list[str]) -> RiskAnswer:
    with RiskClient(chain.grpc_target) as client:
        return client.assess(named_products)


def test_every_item_is_accounted_for(chain: Chain) -> None:
    (path,) = chain.work_dir.glob("ingest/*/report.json")
    report = json.loads(path.read_text(encoding="utf-8"))
    parts = ("items_used", "items_excluded_by_status", "items_quarantined")
    assert sum(report[part] for part in parts) == report["items_total"]
    if real_olist():
        assert report["items_total"] == REAL_ITEMS


def test_the_server_answers_for_every_product_that_was_ever_ordered(
    answer: RiskAnswer, named_products: list[str]
) -> None:
    if real_olist():
        assert len(named_products) == REAL_PRODUCTS
    assert [result.product_id for result in answer.results] == named_products
    reasons = Counter(result.error.reason if result.error else "ANSWERED" for result in answer.results)
    assert reasons["ANSWERED"] > len(named_products) // 20
    assert set(reasons) <= {"ANSWERED", "EXCLUDED_PRODUCT", "NOT_LAUNCHED", "INSUFFICIENT_HISTORY", "NOT_ELIGIBLE"}


def test_an_answer_says_that_it_rests_on_sales_alone(answer: RiskAnswer) -> None:
    assert (answer.provenance.evidence, answer.provenance.label) == ("SALES_ONLY", "zero_sales")


def test_grpc_and_http_give_the_same_probability_for_every_product(
    chain: Chain, answer: RiskAnswer, named_products: list[str]
) -> None:
    over_http: list[dict[str, object]] = []
    for start in range(0, len(named_products), HTTP_BATCH):
        body = {"product_ids": named_products[start : start + HTTP_BATCH]}
        response = requests.post(f"{chain.http_url}/assess", json=body, timeout=60)
        assert response.status_code == 200, response.text
        over_http += response.json()["results"]
    assert [result["product_id"] for result in over_http] == named_products
    for result, other in zip(answer.results, over_http, strict=True):
        if result.probability is None:
            assert other.get("probability") is None
        else:
            assert other["probability"] == pytest.approx(result.probability, abs=1e-6)


def test_the_servers_features_equal_the_row_that_training_computes_bit_for_bit(
    chain: Chain, named_products: list[str]
) -> None:
    snapshots = chain.work_dir / "snapshots"
    panel = load(snapshots, current_id(snapshots)).panel
    every_week = features_of_all_weeks(feature_set("seed-18"), panel.fields)
    request = named_products[:: max(1, len(named_products) // 500)]
    rows = {product_id: row for row, product_id in enumerate(panel.product_ids)}
    with RiskClient(chain.grpc_target) as client:
        for week in (-1, -30):
            served = client.features(request, as_of=panel.weeks[week].item())
            # a Monday alone is not a complete week: the week before it is the last that is known
            for result in served.results:
                if result.values is not None:
                    expected = every_week[:, rows[result.product_id], week - 1]
                    np.testing.assert_array_equal(np.array(result.values, dtype=np.float32), expected)


def test_the_original_clients_still_get_their_answer(chain: Chain, answer: RiskAnswer) -> None:
    sold = [result.product_id for result in answer.results if result.probability is not None][:3]
    with RiskClient(chain.grpc_target) as client:
        features = client.features(sold)
    rows = [dict(zip(features.feature_names, result.values or (), strict=True)) for result in features.results]
    response = requests.post(f"{chain.http_url}/predict", json=rows, timeout=60)
    alerts = {result.product_id: int(bool(result.alert)) for result in answer.results}
    assert response.json() == {"stockout_prediction": [alerts[product_id] for product_id in sold]}


def test_the_bento_has_its_openapi_page_and_metrics(chain: Chain) -> None:
    page = wait_for_http(f"{chain.http_url}/docs.json")
    assert {"/predict", "/predict_proba", "/assess"} <= set(json.loads(page)["paths"])
    assert b"bentoml" in wait_for_http(f"{chain.http_url}/metrics")
