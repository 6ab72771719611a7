"""The TypeScript example as a user builds and runs it: generated with buf, installed with npm, run by Node."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from feature_service.client import RiskClient
from tests.support.processes import BIN
from tests.support.servers import RunningServer
from tests.support.snapshots import product_id

ROOT = Path(__file__).parents[2]
EXAMPLE = Path("examples/typescript")
IDS = [*(product_id(number) for number in range(40)), "cancelled-only", "no-such-product"]


def run(folder: Path, *command: str) -> str:
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    ended = subprocess.run(
        command, cwd=folder, env=environment, check=False, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example, so that nothing is written beside its sources, in a tree as that of the project."""
    tree = tmp_path_factory.mktemp("tree")
    shutil.copytree(ROOT / EXAMPLE, tree / EXAMPLE, ignore=shutil.ignore_patterns("gen", "node_modules"))
    shutil.copytree(ROOT / "protos", tree / "protos")
    (tree / ".venv").symlink_to(BIN.parent)
    run(tree / EXAMPLE, "npm", "ci", "--no-audit", "--no-fund")
    run(tree / EXAMPLE, "npm", "run", "generate")
    return tree / EXAMPLE


def test_the_generated_code_has_the_types_that_the_client_uses(built: Path) -> None:
    assert (built / "gen/stockout/v1/feature_service_pb.d.ts").is_file()
    run(built, "npm", "run", "check")


def test_it_prints_what_the_python_client_tells(built: Path, server: RunningServer) -> None:
    printed = run(built, "node", "client.ts", f"http://{server.target}", *IDS)
    with RiskClient(server.target) as client:
        results = client.assess(IDS).results
    lines = [line.split() for line in printed.splitlines()]
    assert [name for name, _ in lines] == IDS
    for (_, stdout), result in zip(lines, results, strict=True):
        if result.error is None:
            assert float(stdout) == result.probability
        else:
            assert stdout == result.error.reason
    assert {result.error is None for result in results} == {True, False}
