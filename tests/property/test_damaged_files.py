"""Whatever bytes a file holds, who reads it gets a right answer or one sentence, within a bounded memory and time.

Each reader runs in a process of its own with a limited address space. A file in use is damaged in many seeded ways:
cut, bytes changed, pieces doubled or removed, JSON values replaced by what nobody expects, arrays that claim more.
"""

import os
import sys
from pathlib import Path

import pytest

from tests.support.damaged_files import READERS
from tests.support.preloaded import run_preloaded_apart

ROUNDS = 150
MEMORY_BYTES = 6 << 30
"""Address space, of which libraries reserve most without using it: the peak of what was used is checked below."""

MOST_USED_BYTES = 600 << 20


@pytest.mark.parametrize("reader", sorted(READERS))
def test_damaged_files_are_read_or_refused_in_a_sentence(reader: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.support.damaged_files", reader, str(tmp_path)]
    command += [str(ROUNDS), str(MEMORY_BYTES)]

    done = run_preloaded_apart(command, os.environ, "")

    assert done.returncode == 0, done.stderr
    *_, last_line = done.stdout.splitlines()  # ONNX Runtime writes there what it thinks of a graph
    refused, read, most_used = map(int, last_line.split())
    assert refused + read == ROUNDS
    assert refused > ROUNDS / 4, "the damage must be such that most of it can be noticed"
    assert most_used < MOST_USED_BYTES
