"""The Bento as users run it: built from a bundle, served by ``bentoml serve`` from another folder, asked over HTTP."""

import dataclasses
import datetime as dt
import json
import shutil
import socket
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

from data.snapshots import publish
from feature_service.bundle import Bundle, Contract
from feature_service.kernel import feature_set, features_at
from tests.support.bentos import ALERTS, MODEL, post, served_bento
from tests.support.servers import running_server
from tests.support.training_fixtures import Trained
from training.labels import label

NAMES = feature_set("seed-18").feature_names
FROM_STOCK = ("units_on_hand", "expected_units_lost", "weeks_of_cover")
PLANNED = (*FROM_STOCK, "expected_demand_units", "revenue_at_risk", "expected_stockout_date", "reorder_by_date")


def rows_of(trained: Trained) -> tuple[list[dict[str, float]], np.ndarray, np.ndarray]:
    """The newest week's features as clients send them, the probabilities they have, and where the label applies."""
    panel = trained.panel
    features = features_at(feature_set("seed-18"), panel.fields, len(panel.weeks) - 1)
    known = np.isfinite(features).all(axis=1)
    features, applies = features[known], label("zero_sales").eligible(panel)[known, -1]
    return [dict(zip(NAMES, row, strict=True)) for row in features.tolist()], features, applies


def test_predict_answers_as_the_original_system_did(bento_url: str, trained: Trained) -> None:
    rows, features, applies = rows_of(trained)
    bundle = Bundle.load(trained.bundle_dir)
    alerts = (bundle.predict(features) >= bundle.contract.threshold) & applies
    answer = post(f"{bento_url}/predict", rows)
    assert answer.status_code == 200
    assert answer.json() == {"stockout_prediction": alerts.astype(int).tolist()}
    assert 0 < alerts.sum() < len(alerts)


def test_predict_proba_gives_the_bundles_own_numbers_and_what_they_rest_on(bento_url: str, trained: Trained) -> None:
    rows, features, applies = rows_of(trained)
    answer = post(f"{bento_url}/predict_proba", rows).json()
    expected = Bundle.load(trained.bundle_dir).predict(features).tolist()
    assert answer["probabilities"] == [p if known else None for p, known in zip(expected, applies, strict=True)]
    assert answer["model_version"] == "3"
    assert answer["label"] == "zero_sales"
    assert answer["evidence"] == "SALES_ONLY"
    assert answer["threshold"] == Bundle.load(trained.bundle_dir).contract.threshold


def test_where_the_label_does_not_apply_there_is_no_probability_and_no_alert(bento_url: str) -> None:
    unsold = [dict.fromkeys(NAMES, 0.0)]
    assert post(f"{bento_url}/predict_proba", unsold).json()["probabilities"] == [None]
    assert post(f"{bento_url}/predict", unsold).json() == {"stockout_prediction": [0]}


def test_assess_answers_each_product_in_order_with_its_probability_or_its_reason(
    bento_url: str, trained: Trained
) -> None:
    panel, bundle = trained.panel, Bundle.load(trained.bundle_dir)
    features = features_at(feature_set("seed-18"), panel.fields, len(panel.weeks) - 1)
    eligible = label("zero_sales").eligible(panel)[:, -1]
    ids = [*panel.product_ids, "no-such-product", "never-sold"]
    answer = post(f"{bento_url}/assess", {"product_ids": ids}).json()
    assert [result["product_id"] for result in answer["results"]] == ids
    for result, row, applies in zip(answer["results"], features, eligible, strict=False):
        if applies:
            assert result["probability"] == bundle.predict(row[None])[0]
            assert result["alert"] == (result["probability"] >= ALERTS.threshold)
        else:
            assert result["error"]["reason"] in {"NOT_ELIGIBLE", "OUT_OF_STOCK", "INSUFFICIENT_HISTORY", "NOT_LAUNCHED"}
    assert [result["error"]["reason"] for result in answer["results"][-2:]] == ["UNKNOWN_PRODUCT", "EXCLUDED_PRODUCT"]
    assert answer["as_of_week"] == panel.as_of_week.isoformat()
    assert answer["snapshot_id"]
    assert answer["threshold"] == ALERTS.threshold != bundle.contract.threshold
    assert answer["alert_policy"] == ALERTS.policy


def test_assess_replays_an_earlier_week(bento_url: str, trained: Trained) -> None:
    panel, week = trained.panel, len(trained.panel.weeks) - 9
    product = int(np.argmax(label("zero_sales").eligible(panel)[:, week]))
    sunday = panel.weeks[week].item() + dt.timedelta(days=6)
    body = {"product_ids": [panel.product_ids[product]], "as_of": sunday.isoformat()}
    answer = post(f"{bento_url}/assess", body).json()
    row = features_at(feature_set("seed-18"), panel.fields, week)[[product]]
    assert answer["as_of_week"] == str(panel.weeks[week])
    assert answer["results"][0]["probability"] == Bundle.load(trained.bundle_dir).predict(row)[0]


@pytest.mark.parametrize("weeks_back", [0, 8])
def test_assess_gives_the_planners_figures_and_reasons_that_grpc_gives(
    bento_url: str, bento_target: str, trained: Trained, weeks_back: int
) -> None:
    ids, sunday = trained.panel.product_ids, trained.panel.as_of_week + dt.timedelta(days=6 - 7 * weeks_back)
    day = date_pb2.Date(year=sunday.year, month=sunday.month, day=sunday.day)
    with grpc.insecure_channel(bento_target) as channel:
        request = AssessStockoutRisksRequest(product_ids=ids, as_of=day)
        expected = RiskServiceStub(channel).AssessStockoutRisks(request).results
    results = post(f"{bento_url}/assess", {"product_ids": ids, "as_of": sunday.isoformat()}).json()["results"]
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


def test_what_stock_tells_is_null_where_no_stock_is_known(bento_url: str, trained: Trained) -> None:
    answer = post(f"{bento_url}/assess", {"product_ids": trained.panel.product_ids}).json()
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
def test_a_bad_request_is_answered_with_400_and_what_is_wrong(
    bento_url: str, route: str, body: str, sentence: str
) -> None:
    answer = requests.post(f"{bento_url}/{route}", data=body, headers={"content-type": "application/json"}, timeout=30)
    assert answer.status_code == 400
    assert sentence in answer.json()["error"]


def test_metrics_count_the_requests(bento_url: str) -> None:
    post(f"{bento_url}/predict", [dict.fromkeys(NAMES, 0.0)])
    assert 'endpoint="/predict"' in requests.get(f"{bento_url}/metrics", timeout=30).text


def test_requests_at_the_same_time_get_each_their_own_answer(bento_url: str, trained: Trained) -> None:
    ids = trained.panel.product_ids[:60]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda each: post(f"{bento_url}/assess", {"product_ids": [each]}).json(), ids))
    assert [answer["results"][0]["product_id"] for answer in answers] == list(ids)


def test_without_a_feature_service_assess_says_so_and_predict_goes_on(bento_home: Path, tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with served_bento(bento_home, f"127.0.0.1:{unused.getsockname()[1]}", tmp_path) as url:
            refused = post(f"{url}/assess", {"product_ids": ["a"]})
            assert refused.status_code == 503
            assert "does not answer" in refused.json()["error"]
            assert requests.get(f"{url}/readyz", timeout=30).ok  # nobody can tell that another model is the champion
            assert post(f"{url}/predict", [dict.fromkeys(NAMES, 1.0)]).status_code == 200


def test_a_feature_service_of_another_label_is_refused(
    bento_home: Path, trained: Trained, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other, snapshots = tmp_path_factory.mktemp("other") / "bundle", tmp_path_factory.mktemp("snapshots")
    shutil.copytree(trained.bundle_dir, other)
    contract = Contract.from_json((other / "contract.json").read_text())
    contract = dataclasses.replace(contract, label=dataclasses.replace(contract.label, name="another"))
    (other / "contract.json").write_text(contract.to_json())
    publish(trained.panel, label("zero_sales").eligible(trained.panel), other, MODEL, snapshots)
    with (
        running_server(snapshots) as server,
        served_bento(bento_home, server.target, tmp_path_factory.mktemp("elsewhere")) as url,
    ):
        refused, ready = (
            post(f"{url}/assess", {"product_ids": ["product-0000"]}),
            requests.get(f"{url}/readyz", timeout=30),
        )
    assert (refused.status_code, ready.status_code) == (502, 503)
    assert "is not served here" in refused.json()["error"] == ready.text
