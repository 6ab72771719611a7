"""A running Bento follows the champion: no request is lost, and where it cannot follow it says so and why.

One Bento of two workers is served, and started while a newer one lies in the store than is served over gRPC. Version 1
was champion in a past week, 2 and 4 take the same features, 3 takes others.
"""

import dataclasses
import datetime as dt
import json
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from sklearn.ensemble import RandomForestClassifier
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from bento.build import build_bento
from data.panel import DAYS_SINCE_SALE, ORDERS, SALE_DAYS, Panel
from data.snapshots import AlertRule, ModelReference, publish
from feature_service.bundle import CONTRACT_FILE, MODEL_FILE, Bundle
from feature_service.client import RiskClient
from feature_service.kernel import feature_set, features_of_all_weeks
from tests.support.bentos import post, served_bento
from tests.support.servers import running_server
from tests.support.snapshots import fitted_forest, synthetic_panel, write_bundle

WORKERS = 2
SALES, RICHER = feature_set("seed-18").feature_names, feature_set("sales-2").feature_names
ROWS = [dict.fromkeys(SALES, 1.0), dict.fromkeys(SALES, 3.0)]
WEEKS_THEN = 9
ALERTS_THEN = AlertRule("probability 0.25", 0.25, 9.0, 0.9, 0.4, (dt.date(2018, 7, 2), dt.date(2018, 7, 23)))
SAID = re.compile(r"\[entry_service:stockout_risk:(\d+)\] ((?:stockout_risk version|not ready|ready again).*)")


def panel_of_both_sets() -> Panel:
    """Both feature sets can be made of it."""
    panel = synthetic_panel(products=60)
    zeros = np.zeros_like(panel.fields["units_sold"])
    return dataclasses.replace(panel, fields={**panel.fields, ORDERS: zeros, SALE_DAYS: zeros, DAYS_SINCE_SALE: zeros})


PANEL = panel_of_both_sets()
ELIGIBLE = features_of_all_weeks(feature_set("seed-18"), PANEL.fields)[SALES.index("sales_qtd_roll_mean_4")] > 0
SUNDAY_THEN: dt.date = PANEL.weeks[WEEKS_THEN - 1].item() + dt.timedelta(days=6)


def until(holds: Callable[[], Any]) -> None:
    """Wait for it."""
    Retrying(retry=retry_if_result(lambda it: not it), stop=stop_after_delay(60), wait=wait_fixed(0.05))(holds)


@dataclass(frozen=True)
class Doors:
    """The gRPC server and the Bento, and the folder with what they are fed from: bundles, snapshots, Bento store."""

    folder: Path
    target: str = ""
    url: str = ""

    @property
    def bentos(self) -> Path:
        return self.folder / "bentoml" / "bentos" / "stockout_risk"

    def publish(self, version: str, *, weeks: int | None = None) -> None:
        """Make a version the champion, or of a past week what it was then."""
        fields = {name: matrix[:, :weeks] for name, matrix in PANEL.fields.items()}
        panel = dataclasses.replace(PANEL, weeks=PANEL.weeks[:weeks], fields=fields)
        model = ModelReference("stockout_risk", version, "0" * 16)
        alerts = ALERTS_THEN if weeks else None
        publish(panel, ELIGIBLE[:, :weeks], self.folder / version, model, self.folder / "snapshots", alerts=alerts)

    def put_bento(self, version: str, *, model_bytes: int | None = None) -> None:
        """A Bento as if it was built, moved into the store in one step; of a damaged one the model is shorter."""
        draft = shutil.copytree(next(self.bentos.glob("2-*")), self.folder / "draft")
        model_dir = draft / "src" / "bento" / "model"
        shutil.copyfile(self.folder / version / CONTRACT_FILE, model_dir / CONTRACT_FILE)
        (model_dir / MODEL_FILE).write_bytes((self.folder / version / MODEL_FILE).read_bytes()[:model_bytes])
        reference = {"name": "stockout_risk", "version": version, "run_id": "0" * 16}
        (model_dir / "reference.json").write_text(json.dumps(reference))
        draft.rename(self.bentos / f"{version}-{model_bytes or 'whole'}")

    def wait_until_every_worker_says(self, text: str) -> None:
        """By the last line of each in the log."""

        def says() -> bool:
            last = dict(SAID.findall((self.folder / "log").read_text()))
            return len(last) == WORKERS and all(text in line for line in last.values())

        until(says)

    def follow(self, version: str) -> None:
        """Make a version the champion, and wait until every worker answers with it."""
        self.publish(version)
        self.wait_until_every_worker_says(f"version {version} answers")

    def get(self, path: str) -> requests.Response:
        return requests.get(f"{self.url}/{path}", timeout=30)

    def assess(self, **more: str) -> requests.Response:
        """Every product, of the Bento."""
        return post(f"{self.url}/assess", {"product_ids": PANEL.product_ids, **more})

    def of_grpc(self, as_of: dt.date | None = None) -> dict[str, Any]:
        """What :func:`told` gives of the Bento's answer, of the gRPC server."""
        with RiskClient(self.target) as client:
            answer = client.assess(PANEL.product_ids, as_of)
        rests_on = answer.provenance
        probabilities = [each.probability for each in answer.results]
        return {"version": rests_on.model_version, "threshold": rests_on.threshold, "probabilities": probabilities}


def told(assessment: Any) -> dict[str, Any]:
    """What must be equal over HTTP and gRPC."""
    probabilities = [each.get("probability") for each in assessment["results"]]
    return {
        "version": assessment["model_version"],
        "threshold": assessment["threshold"],
        "probabilities": probabilities,
    }


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    fed = Doors(tmp_path_factory.mktemp("doors"))
    for version, trees in (("1", 3), ("2", 20), ("4", 40)):
        write_bundle(fed.folder / version, fitted_forest(PANEL, trees, depth=4))
    random = np.random.default_rng(0)
    richer = RandomForestClassifier(5, max_depth=3, random_state=0).fit(random.random((50, len(RICHER))), [0, 1] * 25)
    write_bundle(fed.folder / "3", richer, set_name="sales-2")
    fed.publish("1", weeks=WEEKS_THEN)
    fed.publish("1")
    build_bento(fed.folder / "2", ModelReference("stockout_risk", "2", "0" * 16), fed.folder / "bentoml")
    for version in ("1", "3"):
        fed.put_bento(version)
    with (
        running_server(fed.folder / "snapshots", "--reload-seconds", "0.05") as server,
        served_bento(fed.folder / "bentoml", server.target, fed.folder, workers=WORKERS) as url,
    ):
        yield Doors(fed.folder, server.target, url)


def test_a_bento_that_starts_newer_than_what_is_served_answers_with_what_is_served(doors: Doors) -> None:
    assert (doors.bentos / "latest").read_text().startswith("2-")
    assert post(f"{doors.url}/predict_proba", ROWS).json()["model_version"] == doors.of_grpc()["version"] == "1"


@contextmanager
def under_load(url: str, bodies: dict[str, Any]) -> Iterator[dict[str, list[requests.Response]]]:
    """Requests one after the other to each path until the end; gives the answers, which come in meanwhile."""
    stop, answers = threading.Event(), {path: list[requests.Response]() for path in bodies}

    def ask(path: str) -> None:
        while not stop.is_set():
            answers[path].append(post(f"{url}/{path}", bodies[path]))

    with ThreadPoolExecutor(len(bodies)) as pool:
        asking = [pool.submit(ask, path) for path in bodies]
        try:
            yield answers
        finally:
            stop.set()
    for each in asking:
        each.result()


def test_promotions_under_load_lose_no_request_and_mix_no_answer(doors: Doors) -> None:
    doors.follow("1")
    expected = {"1": doors.of_grpc()}
    bodies = {"assess": {"product_ids": PANEL.product_ids}, "predict": ROWS, "predict_proba": ROWS}
    with under_load(doors.url, bodies) as answers:
        until(lambda: all(answers.values()))
        for version in "21212":
            doors.follow(version)
        sent = {path: len(all_of) for path, all_of in answers.items()}
        until(lambda: all(len(answers[path]) > sent[path] + 1 for path in bodies))
    expected["2"] = doors.of_grpc()
    assert {each.status_code for all_of in answers.values() for each in all_of} == {200}
    assessed = [told(each.json()) for each in answers["assess"]]
    assert all(each == expected[each["version"]] for each in assessed)
    matrix = np.array([list(row.values()) for row in ROWS], dtype=np.float32)
    of_rows = {version: Bundle.load(doors.folder / version).predict(matrix).tolist() for version in expected}
    scored = [each.json() for each in answers["predict_proba"]]
    assert all(each["probabilities"] == of_rows[each["model_version"]] for each in scored)
    assert [each["version"] for each in (assessed[0], assessed[-1])] == ["1", "2"]
    assert [each["model_version"] for each in (scored[0], scored[-1])] == ["1", "2"]


def test_a_past_week_is_answered_by_the_version_that_grpc_answers_it_with(doors: Doors) -> None:
    doors.follow("2")
    answer = told(doors.assess(as_of=str(SUNDAY_THEN)).json())
    assert answer == doors.of_grpc(SUNDAY_THEN)
    assert (answer["version"], answer["threshold"]) == ("1", ALERTS_THEN.threshold)


def test_a_champion_of_other_features_is_followed_and_rows_of_before_are_told_which_it_takes(doors: Doors) -> None:
    doors.follow("3")
    assert told(doors.assess().json()) == doors.of_grpc()
    refused = post(f"{doors.url}/predict", ROWS)
    assert refused.status_code == 400
    assert f"every row needs all {len(RICHER)} features of sales-2" in refused.json()["error"]
    assert post(f"{doors.url}/predict", [dict.fromkeys(RICHER, 1.0)]).ok
    page = doors.get("docs.json").json()
    assert page["info"]["description"] == "It answers with stockout_risk version 3."
    assert page["components"]["schemas"]["FeatureRow"]["required"] == list(RICHER)
    then = doors.assess(as_of=str(SUNDAY_THEN)).json()  # by the snapshot of then, whatever version 3 takes
    assert (then["model_version"], then["feature_set"]) == ("1", "seed-18")


def test_a_champion_that_no_bento_gives_makes_it_unready_with_the_reason_until_there_is_one(doors: Doors) -> None:
    doors.follow("2")
    doors.publish("4")
    doors.wait_until_every_worker_says("not ready")
    ready, refused = doors.get("readyz"), doors.assess()
    assert (ready.status_code, refused.status_code, doors.get("livez").status_code) == (503, 503, 200)
    assert ready.text == refused.json()["error"]
    assert f"answers with stockout_risk version 4, and no Bento in {doors.bentos} gives it: let" in ready.text
    assert post(f"{doors.url}/predict_proba", ROWS).json()["model_version"] == "2"

    doors.put_bento("4", model_bytes=1000)
    doors.wait_until_every_worker_says("4-1000/src/bento/model/model.onnx is no model that ONNX Runtime can run")
    assert doors.get("readyz").status_code == 503

    doors.put_bento("4")
    doors.wait_until_every_worker_says("version 4 answers")
    assert doors.get("readyz").ok
    assert told(doors.assess().json()) == doors.of_grpc()
