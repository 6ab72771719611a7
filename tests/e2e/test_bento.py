"""The Bento as users run it: built from a bundle, served by ``bentoml serve`` from another folder, asked over HTTP."""

import contextlib
import dataclasses
import datetime as dt
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import requests
from google.protobuf.json_format import MessageToDict
from google.type import date_pb2
from stockout.v1.risk_service_pb2 import AssessStockoutRisksRequest, StockoutRisk
from stockout.v1.risk_service_pb2_grpc import RiskServiceStub

from bento.build import build_bento
from data.panel import UNITS_ON_HAND, UNITS_SOLD
from data.snapshots import ModelReference, publish
from feature_service.bundle import Bundle, BundleError, Contract
from feature_service.kernel import feature_set, features_at
from tests.support.servers import running_server
from tests.support.training_fixtures import Trained
from training.explain import explain
from training.labels import label

START_TIMEOUT_S = 300  # ten seconds on a quiet machine
MODEL = ModelReference(name="stockout_risk", version="3", run_id="0123456789abcdef")
NAMES = feature_set("seed-18").feature_names
FROM_STOCK = ("units_on_hand", "expected_units_lost", "weeks_of_cover")
PLANNED = (*FROM_STOCK, "expected_demand_units", "revenue_at_risk", "expected_stockout_date", "reorder_by_date")


@pytest.fixture(scope="module")
def home(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """BentoML's home with the Bento of the trained model."""
    folder = tmp_path_factory.mktemp("bentoml")
    build_bento(trained.bundle_dir, MODEL, folder)
    return folder


@pytest.fixture(scope="module")
def feature_service(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
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
    publish(counted, eligible, trained.bundle_dir, MODEL, snapshots, reasons)
    with running_server(snapshots) as server:
        yield server.target


@pytest.fixture(scope="module")
def url(home: Path, feature_service: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A served Bento that has a feature service."""
    with served(home, feature_service, tmp_path_factory.mktemp("elsewhere")) as url:
        yield url


@contextlib.contextmanager
def served(home: Path, target: str, folder: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "True"}
    environment["FEATURE_SERVICE_TARGET"] = target
    command = [sys.executable, "-m", "bentoml", "serve", "stockout_risk:latest", "--host", "127.0.0.1"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port)], cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_ready(url, process, folder / "log")
        yield url
    finally:
        process.terminate()
        process.wait(timeout=60)


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(requests.RequestException):
            if requests.get(f"{url}/readyz", timeout=5).ok:
                return
        time.sleep(0.2)
    raise AssertionError(log.read_text())


def post(url: str, body: Any) -> requests.Response:
    return requests.post(url, json=body, timeout=30)


def rows_of(trained: Trained) -> tuple[list[dict[str, float]], np.ndarray, np.ndarray]:
    """The newest week's features as clients send them, the probabilities they have, and where the label applies."""
    panel = trained.panel
    features = features_at(feature_set("seed-18"), panel.fields, len(panel.weeks) - 1)
    known = np.isfinite(features).all(axis=1)
    features, applies = features[known], label("zero_sales").eligible(panel)[known, -1]
    return [dict(zip(NAMES, row, strict=True)) for row in features.tolist()], features, applies


def test_predict_answers_as_the_original_system_did(url: str, trained: Trained) -> None:
    rows, features, applies = rows_of(trained)
    bundle = Bundle.load(trained.bundle_dir)
    alerts = (bundle.predict(features) >= bundle.contract.threshold) & applies
    answer = post(f"{url}/predict", rows)
    assert answer.status_code == 200
    assert answer.json() == {"stockout_prediction": alerts.astype(int).tolist()}
    assert 0 < alerts.sum() < len(alerts)


def test_predict_proba_gives_the_bundles_own_numbers_and_what_they_rest_on(url: str, trained: Trained) -> None:
    rows, features, applies = rows_of(trained)
    answer = post(f"{url}/predict_proba", rows).json()
    expected = Bundle.load(trained.bundle_dir).predict(features).tolist()
    assert answer["probabilities"] == [p if known else None for p, known in zip(expected, applies, strict=True)]
    assert answer["model_version"] == "3"
    assert answer["label"] == "zero_sales"
    assert answer["evidence"] == "SALES_ONLY"
    assert answer["threshold"] == Bundle.load(trained.bundle_dir).contract.threshold


def test_where_the_label_does_not_apply_there_is_no_probability_and_no_alert(url: str) -> None:
    unsold = [dict.fromkeys(NAMES, 0.0)]
    assert post(f"{url}/predict_proba", unsold).json()["probabilities"] == [None]
    assert post(f"{url}/predict", unsold).json() == {"stockout_prediction": [0]}


def test_assess_answers_each_product_in_order_with_its_probability_or_its_reason(url: str, trained: Trained) -> None:
    panel, bundle = trained.panel, Bundle.load(trained.bundle_dir)
    features = features_at(feature_set("seed-18"), panel.fields, len(panel.weeks) - 1)
    eligible = label("zero_sales").eligible(panel)[:, -1]
    asked = [*panel.product_ids, "no-such-product", "never-sold"]
    answer = post(f"{url}/assess", {"product_ids": asked}).json()
    assert [result["product_id"] for result in answer["results"]] == asked
    for result, row, applies in zip(answer["results"], features, eligible, strict=False):
        if applies:
            assert result["probability"] == bundle.predict(row[None])[0]
            assert result["alert"] == (result["probability"] >= bundle.contract.threshold)
        else:
            assert result["error"]["reason"] in {"NOT_ELIGIBLE", "INSUFFICIENT_HISTORY", "NOT_LAUNCHED"}
    assert [result["error"]["reason"] for result in answer["results"][-2:]] == ["UNKNOWN_PRODUCT", "EXCLUDED_PRODUCT"]
    assert answer["as_of_week"] == panel.as_of_week.isoformat()
    assert answer["snapshot_id"]


def test_assess_replays_an_earlier_week(url: str, trained: Trained) -> None:
    panel, week = trained.panel, len(trained.panel.weeks) - 9
    product = int(np.argmax(label("zero_sales").eligible(panel)[:, week]))
    sunday = panel.weeks[week].item() + dt.timedelta(days=6)
    body = {"product_ids": [panel.product_ids[product]], "as_of": sunday.isoformat()}
    answer = post(f"{url}/assess", body).json()
    row = features_at(feature_set("seed-18"), panel.fields, week)[[product]]
    assert answer["as_of_week"] == str(panel.weeks[week])
    assert answer["results"][0]["probability"] == Bundle.load(trained.bundle_dir).predict(row)[0]


@pytest.mark.parametrize("weeks_back", [0, 8])
def test_assess_gives_the_planners_figures_and_reasons_that_grpc_gives(
    url: str, feature_service: str, trained: Trained, weeks_back: int
) -> None:
    ids, sunday = trained.panel.product_ids, trained.panel.as_of_week + dt.timedelta(days=6 - 7 * weeks_back)
    day = date_pb2.Date(year=sunday.year, month=sunday.month, day=sunday.day)
    with grpc.insecure_channel(feature_service) as channel:
        asked = AssessStockoutRisksRequest(product_ids=ids, as_of=day)
        expected = RiskServiceStub(channel).AssessStockoutRisks(asked).results
    results = post(f"{url}/assess", {"product_ids": ids, "as_of": sunday.isoformat()}).json()["results"]
    for result, other in zip(results, expected, strict=True):
        assert ("probability" in result) == other.HasField("risk")
        if other.HasField("risk"):
            assert {name: result[name] for name in (*PLANNED, "category", "reasons")} == as_json(other.risk)
    assert any(result.get("reasons") for result in results) == (weeks_back == 0)  # only the newest week has any
    assert any(result.get("reorder_by_date") for result in results)


def as_json(risk: StockoutRisk) -> dict[str, Any]:
    """The planner's part of a gRPC risk as HTTP gives it."""
    dates = ((field.name, value) for field, value in risk.ListFields() if field.name.endswith("_date"))
    days = {name: dt.date(day.year, day.month, day.day).isoformat() for name, day in dates}
    known = {**MessageToDict(risk, preserving_proto_field_name=True), **days}
    reasons = [{name.name: value for name, value in each.ListFields()} for each in risk.reasons]
    zeros = {"feature": "", "value": 0.0, "contribution": 0.0, "text": ""}
    return {
        **{name: known.get(name) for name in (*PLANNED, "category")},
        "reasons": [{**zeros, **each} for each in reasons],
    }


def test_what_stock_tells_is_null_where_no_stock_is_known(url: str, trained: Trained) -> None:
    answer = post(f"{url}/assess", {"product_ids": trained.panel.product_ids}).json()
    assert answer["evidence"] == "SALES_ONLY"
    for row, result in enumerate(answer["results"]):
        if "probability" in result:
            uncounted = bool(row % 2)
            assert [result[name] is None for name in FROM_STOCK] == [uncounted] * len(FROM_STOCK)
            assert result["expected_demand_units"] is not None


@pytest.mark.parametrize(
    ("route", "body", "sentence"),
    [
        ("predict", "[", "the body is not JSON"),
        ("predict", "[]", "a JSON list of at least one object"),
        ("predict_proba", '[{"sales_qtd_lag_1": 1}]', "row 0 lacks"),
        ("predict", json.dumps([{**dict.fromkeys(NAMES, 1), "extra": 1}]), "does not know: extra"),
        ("predict", json.dumps([{**dict.fromkeys(NAMES, 1), NAMES[0]: None}]), f"{NAMES[0]} is no number"),
        ("predict", json.dumps([{**dict.fromkeys(NAMES, 1), NAMES[0]: float("nan")}]), f"{NAMES[0]} is NaN"),
        ("assess", "{}", 'a list "product_ids"'),
        ("assess", '{"product_ids": ["a"], "as_of": "1999-01-01"}', "the feature service refused"),
    ],
)
def test_a_bad_request_is_answered_with_400_and_what_is_wrong(url: str, route: str, body: str, sentence: str) -> None:
    answer = requests.post(f"{url}/{route}", data=body, headers={"content-type": "application/json"}, timeout=30)
    assert answer.status_code == 400
    assert sentence in answer.json()["error"]


def test_the_openapi_page_shows_the_rows_that_predict_takes(url: str) -> None:
    page = requests.get(f"{url}/docs.json", timeout=30).json()
    taken = page["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert (taken["type"], taken["maxItems"]) == ("array", 10_000)
    row = page["components"]["schemas"][taken["items"]["$ref"].removeprefix("#/components/schemas/")]
    assert (tuple(row["required"]), row["additionalProperties"]) == (NAMES, False)
    assert {"/predict", "/predict_proba", "/assess"} <= page["paths"].keys()


def test_the_openapi_page_shows_which_products_assess_takes(url: str) -> None:
    paths = requests.get(f"{url}/docs.json", timeout=30).json()["paths"]
    taken = paths["/assess"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert taken["required"] == ["product_ids"]
    assert taken["properties"]["product_ids"]["maxItems"] == 1000
    assert taken["properties"]["as_of"]["format"] == "date"


def test_the_openapi_page_describes_the_planners_figures(url: str) -> None:
    page = requests.get(f"{url}/docs.json", timeout=30).json()
    shown = page["components"]["schemas"]["Risk"]["properties"]
    assert {*PLANNED, "reasons", "category"} <= shown.keys()
    assert all(field["description"] for field in shown.values())


def test_the_openapi_page_names_us_and_our_licence(url: str) -> None:
    info = requests.get(f"{url}/docs.json", timeout=30).json()["info"]
    assert (info["title"], info["license"]["name"]) == ("Stock-out risk", "Apache-2.0")
    assert "bentoml" not in json.dumps(info["contact"]).lower()
    assert info["version"].startswith("3-")


def test_the_openapi_page_names_no_other_host_and_all_its_files_are_there(url: str) -> None:
    page = requests.get(url, timeout=30)
    assert page.headers["content-security-policy"].startswith("default-src 'self';")
    files = re.findall(r'(?:src|href)="(?!data:)([^"]+)"', page.text)
    assert len(files) == 3
    texts = [requests.get(f"{url}/{file}", timeout=30) for file in files]
    assert all(each.ok for each in texts)
    own = [page.text, *(each.text for each, file in zip(texts, files, strict=True) if "static_content" not in file)]
    own.append(requests.get(f"{url}/docs.json", timeout=30).text)
    assert not [text for text in own if "//" in text]


def test_metrics_count_the_requests(url: str) -> None:
    post(f"{url}/predict", [dict.fromkeys(NAMES, 0.0)])
    assert 'endpoint="/predict"' in requests.get(f"{url}/metrics", timeout=30).text


def test_requests_at_the_same_time_get_each_their_own_answer(url: str, trained: Trained) -> None:
    ids = trained.panel.product_ids[:60]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda each: post(f"{url}/assess", {"product_ids": [each]}).json(), ids))
    assert [answer["results"][0]["product_id"] for answer in answers] == list(ids)


def test_without_a_feature_service_assess_says_so_and_predict_goes_on(home: Path, tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with served(home, f"127.0.0.1:{unused.getsockname()[1]}", tmp_path) as url:
            refused = post(f"{url}/assess", {"product_ids": ["a"]})
            assert refused.status_code == 503
            assert "does not answer" in refused.json()["error"]
            assert post(f"{url}/predict", [dict.fromkeys(NAMES, 1.0)]).status_code == 200


def test_a_feature_service_of_another_label_is_refused(
    home: Path, trained: Trained, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other, snapshots = tmp_path_factory.mktemp("other") / "bundle", tmp_path_factory.mktemp("snapshots")
    shutil.copytree(trained.bundle_dir, other)
    contract = Contract.from_json((other / "contract.json").read_text())
    contract = dataclasses.replace(contract, label=dataclasses.replace(contract.label, name="another"))
    (other / "contract.json").write_text(contract.to_json())
    publish(trained.panel, label("zero_sales").eligible(trained.panel), other, MODEL, snapshots)
    with running_server(snapshots) as server, served(home, server.target, tmp_path_factory.mktemp("elsewhere")) as url:
        refused = post(f"{url}/assess", {"product_ids": ["product-0000"]})
    assert refused.status_code == 502
    assert "for the label another" in refused.json()["error"]


def test_building_again_changes_nothing(home: Path, trained: Trained) -> None:
    def files() -> dict[str, int]:
        return {str(path): path.stat().st_mtime_ns for path in home.rglob("*") if path.name != "latest"}

    before, latest = files(), (home / "bentos/stockout_risk/latest").read_text()
    assert build_bento(trained.bundle_dir, MODEL, home) == f"stockout_risk:{latest}"
    assert {path: at for path, at in files().items() if Path(path).is_file()}.items() <= before.items()
    assert not (home / "unfinished").exists()


def test_another_model_version_is_another_bento_and_the_last_built_is_the_latest(
    home: Path, trained: Trained, tmp_path: Path
) -> None:
    shutil.copytree(home, tmp_path, dirs_exist_ok=True)
    newer = build_bento(trained.bundle_dir, dataclasses.replace(MODEL, version="4"), tmp_path)
    latest = tmp_path / "bentos" / "stockout_risk" / "latest"
    assert newer == f"stockout_risk:{latest.read_text()}"
    older = build_bento(trained.bundle_dir, MODEL, tmp_path)
    assert older == f"stockout_risk:{latest.read_text()}" != newer


def test_a_broken_bundle_is_refused_before_anything_is_built(tmp_path: Path) -> None:
    with pytest.raises(BundleError):
        build_bento(tmp_path / "nothing", MODEL, tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_the_bento_holds_every_module_that_its_service_imports_and_nothing_of_training(home: Path) -> None:
    (source,) = (home / "bentos" / "stockout_risk").glob("*/src")
    # -S leaves out the project's own installation, so only the Bento's copies can be found
    program = (
        "import sys; import bento.service; from pathlib import Path;"
        "ours = [m for m in list(sys.modules.values()) if m.__name__.split('.')[0] in "
        "('bento', 'training', 'feature_service', 'stockout')];"
        "assert all(Path(m.__file__).is_relative_to(sys.argv[1]) for m in ours if m.__file__), ours;"
        "print(sorted({'mlflow', 'sklearn', 'luigi', 'pandas', 'skl2onnx'} & sys.modules.keys()))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(source), sysconfig.get_paths()["purelib"]])}
    done = subprocess.run(
        [sys.executable, "-S", "-c", program, str(source)],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_its_container_does_not_run_as_root(home: Path) -> None:
    (dockerfile,) = (home / "bentos" / "stockout_risk").glob("*/env/docker/Dockerfile")
    users = [line for line in dockerfile.read_text().splitlines() if line.startswith("USER ")]
    assert users[-1] == "USER bentoml"
