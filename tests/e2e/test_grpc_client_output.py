"""What the command prints harms neither a terminal nor a spreadsheet, and what it cannot print it says."""

import csv
import dataclasses
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from feature_service.client.__main__ import REFUSED, UNREACHABLE
from feature_service.terminal import UNWRITABLE, visible
from tests.support.servers import RunningServer, running_server
from tests.support.shell import shell
from tests.support.snapshots import product_id, publish_snapshot, synthetic_panel

TITLE = "\x1b]0;owned\a"
HOSTILE_ID = f"x{TITLE}\x1b[2J\x9b2J\N{RIGHT-TO-LEFT OVERRIDE}\N{LEFT-TO-RIGHT ISOLATE}"
HOSTILE_CATEGORY = f"=cmd|' /C calc'!A0{TITLE}[red]\x85"
STEERING = set("\x1b\a\0\x7f\x85\x9b\r\N{RIGHT-TO-LEFT OVERRIDE}\N{LEFT-TO-RIGHT ISOLATE}")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server whose first product has the hostile id, and all of whose products have the hostile category."""
    root = tmp_path_factory.mktemp("hostile") / "snapshots"
    panel = synthetic_panel(products=30)
    ids = (*panel.product_ids[:-1], HOSTILE_ID)
    publish_snapshot(root, dataclasses.replace(panel, product_ids=ids, categories=(HOSTILE_CATEGORY,) * 30))
    with running_server(root) as running:
        yield running


@pytest.mark.parametrize("form", ["--table", "--json", "--csv"])
@pytest.mark.parametrize("command", [["assess", HOSTILE_ID, "no\x1b[2Jsuch"], ["features", HOSTILE_ID], ["list"]])
def test_no_form_of_output_steers_a_terminal(hostile: RunningServer, command: list[str], form: str) -> None:
    ended = shell(*command, form, "--target", hostile.target)
    assert ended.returncode == 0
    assert not STEERING & set(ended.stdout)
    assert "\\" in ended.stdout


class _Refusing(grpc.GenericRpcHandler):
    """Any server that is not ours: it refuses every call with a sentence that would set the terminal's title."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes]":
        assert handler_call_details.method

        def refuse(_: bytes, context: grpc.ServicerContext) -> bytes:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"no{TITLE}\N{RIGHT-TO-LEFT OVERRIDE}")
            raise AssertionError

        return grpc.unary_unary_rpc_method_handler(refuse)


def test_the_sentence_of_a_refusal_does_not_steer_a_terminal() -> None:
    other = grpc.server(ThreadPoolExecutor(1), handlers=[_Refusing()])
    port = other.add_insecure_port("127.0.0.1:0")
    other.start()
    try:
        ended = shell("assess", "x", "--target", f"127.0.0.1:{port}")
    finally:
        other.stop(None)
    assert ended.returncode == REFUSED
    assert not STEERING & set(ended.stderr)
    assert r"no\x1b]0;owned\x07\u202e" in ended.stderr


def test_a_sentence_about_the_target_does_not_steer_a_terminal() -> None:
    ended = shell("info", "--timeout-s", "5", "--target", "no\x1b[2J-such-host:1")
    assert ended.returncode == UNREACHABLE
    assert not STEERING & set(ended.stderr)
    assert r"no\x1b[2J-such-host" in ended.stderr


def test_json_gives_every_text_exactly(hostile: RunningServer) -> None:
    answer = json.loads(shell("assess", HOSTILE_ID, "--json", "--target", hostile.target).stdout)
    assert answer["results"][0]["product_id"] == HOSTILE_ID
    listed = json.loads(shell("list", "--json", "--target", hostile.target).stdout)
    assert {each["risk"]["category"] for each in listed["results"]} == {HOSTILE_CATEGORY}


def test_a_category_that_is_a_formula_is_text_in_csv_and_numbers_stay_numbers(hostile: RunningServer) -> None:
    rows = list(csv.DictReader(io.StringIO(shell("list", "--csv", "--target", hostile.target).stdout)))
    assert {row["category"] for row in rows} == {"'" + visible(HOSTILE_CATEGORY)}
    assert all(0 <= float(row["probability"]) <= 1 for row in rows)


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\N{FULLWIDTH EQUALS SIGN}1"])
def test_an_id_that_is_a_formula_is_text_in_csv(server: RunningServer, start: str) -> None:
    ended = shell("assess", "--csv", "--target", server.target, "--", start)
    row = next(csv.DictReader(io.StringIO(ended.stdout)))
    assert row["product_id"] == "'" + visible(start)
    assert row["error"] == "UNKNOWN_PRODUCT"


@pytest.mark.parametrize("form", ["--table", "--json", "--csv"])
def test_output_that_a_full_disk_does_not_take_is_told_in_a_sentence(server: RunningServer, form: str) -> None:
    command = [sys.executable, "-m", "feature_service.client", "list", form, "--target", server.target]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (
        UNWRITABLE,
        "stockout: the output cannot be written: No space left on device\n",
    )


@pytest.mark.parametrize("arguments", [["--help"], ["info"], ["health"]])
def test_whatever_is_printed_a_full_disk_is_told(server: RunningServer, arguments: list[str]) -> None:
    target = [] if "--help" in arguments else ["--target", server.target]
    command = [sys.executable, "-m", "feature_service.client", *arguments, *target]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (ended.returncode, ended.stderr.count("\n")) == (UNWRITABLE, 1)


@pytest.mark.parametrize("form", ["--table", "--json", "--csv"])
@pytest.mark.parametrize("products", [1, 5_000])
def test_a_reader_who_goes_away_is_told_nothing(server: RunningServer, form: str, products: int) -> None:
    ids = [product_id(number) for number in range(products)]
    command = [sys.executable, "-m", "feature_service.client", "assess", "-", form, "--target", server.target]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as asking:
        assert asking.stdin is not None
        assert asking.stdout is not None
        assert asking.stderr is not None
        asking.stdout.close()
        asking.stdin.write("\n".join(ids))
        asking.stdin.close()
        assert asking.stderr.read() == ""
        assert asking.wait(timeout=60) == UNWRITABLE


def test_the_inventor_of_sellers_tells_a_full_disk_too(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "data.synthetic", str(tmp_path), "--products", "2"]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == UNWRITABLE
    assert ended.stderr == "python -m data.synthetic: the output cannot be written: No space left on device\n"
