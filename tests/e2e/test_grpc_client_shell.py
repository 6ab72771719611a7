"""What a shell's user leans on: completion by the shell itself, help, and ids of calls for whoever reads the log."""

import asyncio
import os
import re
import subprocess
from pathlib import Path

from feature_service.client import AsyncRiskClient
from tests.support.processes import BIN
from tests.support.servers import RunningServer, running_history
from tests.support.shell import shell

# Loads the completion as ~/.bashrc does, then completes as bash does at the tab key.
_TAB = """
eval "$(_STOCKOUT_COMPLETE=bash_source stockout)"
COMP_WORDS=(stockout ass) COMP_CWORD=1
complete -p stockout | grep -q -- '-F _stockout_completion'
_stockout_completion stockout ass stockout
printf '%s\\n' "${COMPREPLY[@]}"
"""


def test_bash_completes_commands() -> None:
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    command = ["bash", "--norc", "-euc", _TAB]
    ended = subprocess.run(command, env={**os.environ, "PATH": path}, check=True, capture_output=True, text=True)
    assert (ended.stdout, ended.stderr) == ("assess\n", "")


def test_help_tells_the_exit_codes_and_the_completion() -> None:
    stderr = shell("--help").stdout
    assert re.search(r"^ +3 +no server answers", stderr, re.MULTILINE)
    assert '"$(_STOCKOUT_COMPLETE=bash_source stockout)"' in stderr


def test_a_refusal_names_the_call_as_the_servers_log_does(server: RunningServer) -> None:
    ended = shell("assess", "", "--target", server.target)
    named = re.search(r"request (\w+)\)", ended.stderr)
    assert named, ended.stderr
    assert server.wait_for("call", lambda line: line["request_id"] == named[1])["code"] == "INVALID_ARGUMENT"


def test_the_asyncio_client_asks_for_health(server: RunningServer) -> None:
    async def ask() -> tuple[str, str]:
        async with AsyncRiskClient(server.target) as client:
            return await client.health(), await client.health("no.Such")

    assert asyncio.run(ask()) == ("SERVING", "SERVICE_UNKNOWN")


def test_a_target_that_is_another_service_is_told_and_which_one_it_seems_to_be(
    server: RunningServer, tmp_path: Path
) -> None:
    sale = '{"event_id": "o", "product_id": "S", "on": "2024-01-10", "quantity": 1}'
    with running_history(tmp_path, "--time-zone", "UTC") as history:
        for command, target, seems in (
            (("info",), history.target, "a history service (stockout-history)"),
            (("assess", "x"), history.target, "a history service (stockout-history)"),
            (("record-sales", "-"), server.target, "a risk service (stockout-server)"),
        ):
            refused = shell(*command, "--target", target, stdin=sale)
            assert refused.returncode == 1
            assert f"answers at {target} does not know the call and seems to be {seems}: is" in refused.stderr
