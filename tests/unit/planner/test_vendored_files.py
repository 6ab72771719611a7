"""What others wrote and we ship, or test with, is as they published it."""

import hashlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("folder", ["planner/static/vendor", "tests/browser/axe"])
def test_each_file_is_the_published_one_and_none_is_beside_them(folder: str) -> None:
    lines = (ROOT / folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    stated = {name: digest for digest, name in (line.split() for line in lines)}
    found = {each.name: each for each in (ROOT / folder).iterdir() if each.name != "SHA256SUMS"}
    assert {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in found.items()} == stated
