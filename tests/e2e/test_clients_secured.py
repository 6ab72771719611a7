"""The command and the Bento against a server that wants TLS, a client's certificate and a token."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from bento.build import build_bento
from data.snapshots import publish
from feature_service.client import RiskClient
from feature_service.credentials import Secrets
from tests.support.bentos import MODEL, post, served_bento
from tests.support.certificates import Authority
from tests.support.processes import BIN
from tests.support.servers import RunningServer, running_server
from tests.support.shell import shell
from tests.support.training_fixtures import Trained
from training.labels import label

ASKED = "product-0001"
RISK_SERVICE = "stockout.v1.RiskService"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``ca.pem``, ``client.pem``, ``client.key`` and ``token``, as an operator hands them out; the server's own too."""
    folder, authority = tmp_path_factory.mktemp("secrets"), Authority()
    (folder / "ca.pem").write_bytes(authority.certificate)
    for name in ("server", "client"):
        authority.issue(name).write(folder, name)
    command = [sys.executable, "-m", "feature_service.server.tokens", "new", "--name", "test"]
    made = subprocess.run(command, check=True, capture_output=True, text=True)
    (folder / "tokens.jsonl").write_text(made.stdout)
    (folder / "token").write_text(made.stderr.split()[-1] + "\n")
    (folder / "other").write_text("0123456789ab.wrong\n")
    return folder


@pytest.fixture(scope="module")
def secured(trained: Trained, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    snapshots = tmp_path_factory.mktemp("snapshots")
    publish(trained.panel, label("zero_sales").eligible(trained.panel), trained.bundle_dir, MODEL, snapshots)
    files = {"certificate": "server.pem", "key": "server.key", "client-ca": "ca.pem"}
    options = [each for name, file in files.items() for each in (f"--tls-{name}", str(folder / file))]
    with running_server(snapshots, *options, "--tokens", str(folder / "tokens.jsonl")) as server:
        yield server


def options_of(folder: Path, token: str = "token") -> list[str]:
    files = {"--tls-ca": "ca.pem", "--tls-certificate": "client.pem", "--tls-key": "client.key", "--token-file": token}
    return [each for option, file in files.items() for each in (option, str(folder / file))]


def test_the_command_shows_certificate_and_token(secured: RunningServer, folder: Path) -> None:
    ended = shell("assess", ASKED, "--target", secured.target, *options_of(folder))
    assert (ended.returncode, ASKED in ended.stdout) == (0, True), ended.stderr
    plain = shell("assess", ASKED, "--target", secured.target, "--timeout-s", "5")
    assert plain.returncode == 3


def test_the_python_client_shows_certificate_and_token(secured: RunningServer, folder: Path) -> None:
    secrets = Secrets(folder / "ca.pem", folder / "client.pem", folder / "client.key", folder / "token")
    with RiskClient(secured.target, credentials=secrets.credentials()) as client:
        assert client.assess([ASKED]).results[0].product_id == ASKED


def test_buf_curl_finds_the_method_by_reflection_and_calls_it(secured: RunningServer, folder: Path) -> None:
    header = f"authorization: Bearer {(folder / 'token').read_text().strip()}"
    tls = {"--cacert": "ca.pem", "--cert": "client.pem", "--key": "client.key"}
    files = [each for option, file in tls.items() for each in (option, str(folder / file))]
    command = [str(BIN / "buf"), "curl", "--protocol", "grpc", *files, "-H", header, "--reflect-header", "*"]
    port = secured.target.rpartition(":")[2]
    asked = ["-d", json.dumps({"product_ids": [ASKED]}), f"https://localhost:{port}/{RISK_SERVICE}/AssessStockoutRisks"]
    ended = subprocess.run([*command, *asked], check=False, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["results"][0]["productId"] == ASKED


def test_a_wrong_token_is_refused_in_one_sentence(secured: RunningServer, folder: Path) -> None:
    ended = shell("assess", ASKED, "--target", secured.target, *options_of(folder, "other"))
    named = re.search(r"\(UNAUTHENTICATED, request (\w+)\)", ended.stderr)
    assert named, ended.stderr
    assert ended.returncode == 1
    secured.wait_for("denied", lambda line: line["request_id"] == named[1])


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"--token-file": "token"}, "over TLS only"),
        ({"--tls-ca": "ca.pem", "--tls-key": "client.key"}, "give both files"),
        ({"--tls-ca": "ca.pem", "--token-file": "ca.pem"}, "holds no token"),
    ],
)
def test_files_that_do_not_go_together_are_wrong_options(folder: Path, given: dict[str, str], sentence: str) -> None:
    ended = shell("info", *(each for option, file in given.items() for each in (option, str(folder / file))))
    assert (ended.returncode, sentence in " ".join(ended.stderr.split())) == (2, True), ended.stderr


def test_the_bento_shows_certificate_and_token(
    secured: RunningServer, folder: Path, trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_bento(trained.bundle_dir, MODEL, tmp_path / "home")
    for name, file in {"TLS_CA": "ca.pem", "TLS_CERTIFICATE": "client.pem", "TLS_KEY": "client.key"}.items():
        monkeypatch.setenv(f"FEATURE_SERVICE_{name}", str(folder / file))
    monkeypatch.setenv("FEATURE_SERVICE_TOKEN_FILE", str(folder / "token"))
    with served_bento(tmp_path / "home", secured.target, tmp_path) as url:
        answer = post(f"{url}/assess", {"product_ids": [ASKED]})
        assert answer.status_code == 200, answer.text
        assert answer.json()["results"][0]["product_id"] == ASKED
    monkeypatch.setenv("FEATURE_SERVICE_TOKEN_FILE", str(folder / "other"))
    with served_bento(tmp_path / "home", secured.target, tmp_path) as url:
        refused = post(f"{url}/assess", {"product_ids": [ASKED]})
        assert (refused.status_code, "FEATURE_SERVICE_TOKEN_FILE" in refused.json()["error"]) == (502, True)
        ready = requests.get(f"{url}/readyz", timeout=30)  # it cannot ask for the champion
        assert (ready.status_code, ready.text) == (503, refused.json()["error"])
