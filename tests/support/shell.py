"""The command ``stockout`` as a user runs it."""

import subprocess
import sys


def shell(*arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    """Run it; a traceback is never an answer."""
    command = [sys.executable, "-m", "feature_service.client", *arguments]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, input=stdin, timeout=60)
    assert "Traceback" not in ended.stderr
    return ended
