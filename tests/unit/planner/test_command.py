"""What the command says before it serves: of packages that lack, of options that would tell tokens, of addresses."""

import socket
import subprocess
import sys

import pytest
from click.testing import CliRunner

from planner.command import main


def test_without_the_extra_it_says_how_to_get_it() -> None:
    program = "import sys; sys.modules['starlette'] = None; import planner.__main__"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr == "stockout-planner: starlette is not installed: pip install 'stockout-risk[planner]'\n"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--host", "0.0.0.0"], "tokens would go there in plaintext"),
        (["--tls-certificate", __file__], "both --tls-certificate and --tls-key"),
        (["--target-tls-certificate", __file__], "over TLS only"),
        (["--target", "a:1,,b:1"], "names no server before or after a comma"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options: list[str], sentence: str) -> None:
    ended = CliRunner(env={"COLUMNS": "300"}).invoke(main, options)
    assert ended.exit_code == 2
    assert sentence in " ".join(ended.output.split())


def test_an_address_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = CliRunner().invoke(main, ["--port", port])
    assert ended.exit_code == 1
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in ended.output


def test_a_certificate_that_is_none_is_told() -> None:
    ended = CliRunner().invoke(main, ["--port", "0", "--tls-certificate", __file__, "--tls-key", __file__])
    assert ended.exit_code == 1
    assert "cannot be used with its key" in ended.output
