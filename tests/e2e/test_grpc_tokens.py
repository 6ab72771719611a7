"""Whom a token lets in, and to what: real tokens against real servers."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.support.calls import ASSESS, code_of
from tests.support.servers import RunningServer, channel_to, fails_to_start, running_server
from tests.support.serving_fixtures import Published

FEATURES = "/stockout.v1.FeatureService/GetFeatures"
OK = grpc.StatusCode.OK
OTHERS = {
    "assess": ASSESS,
    "features": FEATURES,
    "reflection": "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    "channelz": "/grpc.channelz.v1.Channelz/GetTopChannels",
    "a method that does not exist": "/stockout.v1.RiskService/Nothing",
}


def new_token(file: Path, *options: str) -> str:
    """Let the command make a token, its line goes to ``file``."""
    command = [sys.executable, "-m", "feature_service.server.tokens", "new", *options]
    made = subprocess.run(command, check=True, capture_output=True, text=True)
    with file.open("a", encoding="utf-8") as lines:
        lines.write(made.stdout)
    token = made.stderr.split()[-1]
    assert token not in file.read_text(encoding="utf-8")
    assert token.split(".")[1] not in file.read_text(encoding="utf-8")
    return token


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tokens") / "tokens.jsonl"


@pytest.fixture(scope="module")
def guarded(published: Published, tokens: Path) -> Iterator[tuple[RunningServer, str]]:
    """A server that wants tokens, and one that allows the risks alone."""
    token = new_token(tokens, "--name", "risks-only", "--method", "stockout.v1.RiskService/*")
    with running_server(published.root, "--tokens", str(tokens), "--channelz") as server:
        yield server, token


@pytest.mark.parametrize("method", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("token", [None, "wrong", "0123456789ab.wrong", "."])
def test_without_a_known_token_everything_but_health_is_closed(
    guarded: tuple[RunningServer, str], method: str, token: str | None
) -> None:
    with channel_to(guarded[0]) as channel:
        assert code_of(channel, method, token) is grpc.StatusCode.UNAUTHENTICATED
        health = health_pb2_grpc.HealthStub(channel)
        assert health.Check(health_pb2.HealthCheckRequest()).status == health_pb2.HealthCheckResponse.SERVING


def test_a_right_id_with_a_wrong_secret_is_not_let_in(guarded: tuple[RunningServer, str]) -> None:
    server, token = guarded
    with channel_to(server) as channel:
        for wrong in (token[:-1], token + "A", token.upper(), token.split(".")[0] + "."):
            assert code_of(channel, ASSESS, wrong) is grpc.StatusCode.UNAUTHENTICATED


def test_a_token_opens_the_methods_it_was_made_for_and_no_others(guarded: tuple[RunningServer, str]) -> None:
    server, token = guarded
    with channel_to(server) as channel:
        assert code_of(channel, ASSESS, token) is OK
        for method in (OTHERS["features"], OTHERS["reflection"], OTHERS["channelz"]):
            assert code_of(channel, method, token) is grpc.StatusCode.PERMISSION_DENIED


def test_no_log_line_tells_a_token(guarded: tuple[RunningServer, str]) -> None:
    server, token = guarded
    with channel_to(server) as channel:
        code_of(channel, FEATURES, token)
        code_of(channel, "/x/y", "unknown." + token.split(".")[1])
    server.wait_for("denied", lambda line: line["method"] == "/x/y")
    assert token.split(".")[1] not in str(server.events)


def test_a_token_that_calls_too_often_is_refused_and_no_other(published: Published, tmp_path: Path) -> None:
    file = tmp_path / "tokens.jsonl"
    hasty = new_token(file, "--name", "hasty", "--per-second", "0.001", "--burst", "3")
    patient = new_token(file, "--name", "patient")
    with running_server(published.root, "--tokens", str(file)) as server, channel_to(server) as channel:
        codes = [code_of(channel, ASSESS, hasty) for _ in range(5)]
        assert codes == [OK, OK, OK, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.RESOURCE_EXHAUSTED]
        assert code_of(channel, ASSESS, patient) is OK


def test_a_token_can_be_added_and_taken_away_while_the_server_runs(published: Published, tmp_path: Path) -> None:
    file, aside = tmp_path / "tokens.jsonl", tmp_path / "aside"
    first, second = new_token(file, "--name", "first"), new_token(aside, "--name", "second")
    with running_server(published.root, "--tokens", str(file)) as server, channel_to(server) as channel:
        put(file, aside.read_text())
        server.wait_for("tokens reloaded")
        assert code_of(channel, ASSESS, second) is OK
        assert code_of(channel, ASSESS, first) is grpc.StatusCode.UNAUTHENTICATED


def put(file: Path, text: str) -> None:
    """In place of what was there, at once."""
    beside = file.with_suffix(".new")
    beside.write_text(text)
    beside.rename(file)


@pytest.mark.parametrize("broken", ["not a line", '{"burst": 1e999}', None], ids=["text", "infinite", "no file"])
def test_only_what_the_file_admits_as_it_is_now_is_let_in(
    published: Published, tmp_path: Path, broken: str | None
) -> None:
    file, aside = tmp_path / "tokens.jsonl", tmp_path / "aside"
    first, second = new_token(aside, "--name", "first"), new_token(aside, "--name", "second")
    line_of_first, line_of_second = aside.read_text().splitlines(keepends=True)
    file.write_text(line_of_first + line_of_second)
    with running_server(published.root, "--tokens", str(file)) as server, channel_to(server) as channel:
        assert (code_of(channel, ASSESS, first), code_of(channel, ASSESS, second)) == (OK, OK)
        if broken is None:
            file.unlink()
        else:
            put(file, f"{broken}\n{line_of_second}")
        assert "tokens.jsonl" in server.wait_for("tokens refused")["error"]
        reloaded = server.wait_for("tokens reloaded")
        assert code_of(channel, ASSESS, first) is grpc.StatusCode.UNAUTHENTICATED
        assert code_of(channel, ASSESS, second) is (grpc.StatusCode.UNAUTHENTICATED if broken is None else OK)
        put(file, line_of_first)
        server.wait_for("tokens reloaded", lambda line: line != reloaded)
        assert code_of(channel, ASSESS, first) is OK
        assert code_of(channel, ASSESS, second) is grpc.StatusCode.UNAUTHENTICATED


def test_a_broken_file_of_tokens_ends_the_start_with_the_line(published: Published, tmp_path: Path) -> None:
    file = tmp_path / "tokens.jsonl"
    file.write_text("# ours\n{}\n")
    code, stderr = fails_to_start(published.root, "--tokens", str(file))
    assert (code, "tokens.jsonl, line 2, cannot be used" in stderr) == (1, True), stderr
