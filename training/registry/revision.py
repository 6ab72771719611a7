"""Which revision of the code is running."""

import shutil
import subprocess
from pathlib import Path

UNKNOWN = "unknown"


def git_revision(folder: Path = Path(__file__).parent) -> str:
    """The commit that ``folder`` is at, with ``-dirty`` where files differ; ``unknown`` outside a checkout."""
    git = shutil.which("git")
    if git is None:
        return UNKNOWN
    command = [git, "-C", str(folder), "describe", "--always", "--abbrev=40", "--match=", "--dirty"]
    try:
        process = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return UNKNOWN
    return process.stdout.strip() or UNKNOWN
