"""Tokens as an operator makes them."""

import subprocess
import sys
from pathlib import Path


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
