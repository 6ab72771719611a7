"""The command ``stockout`` as a user runs it, but for the imports, which are done already."""

import os
import subprocess
import sys

from tests.support.preloaded import run_preloaded_apart


def shell(*arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    """Run it; a traceback is never an answer."""
    ended = run_preloaded_apart([sys.executable, "-m", "feature_service.client", *arguments], os.environ, stdin)
    assert "Traceback" not in ended.stderr
    return ended
