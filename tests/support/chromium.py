"""A browser for tests: the machine's, or playwright's own; ``python -m tests.support.chromium`` gets one.

Where there is none, a root on Debian gets the distribution's, and anybody else playwright's, into their own cache.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Error, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",  # which it cannot set up as root in a container; it opens our own pages alone
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
INSTALL_TIMEOUT_S = 900


class NoBrowserError(Exception):
    """There is no browser, and none could be got."""


def chromium() -> Path:
    """Where it is.

    Raises:
        NoBrowserError: If there is none.
    """
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found:
        return Path(found)
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
    if not own.exists():
        raise NoBrowserError("no Chromium was found: python -m tests.support.chromium gets one, as make test does")
    return own


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Headless; it asks no other host for anything."""
    executable = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def install() -> None:
    """Get one, if there is none, and see that it starts.

    Raises:
        NoBrowserError: If that cannot be done.
    """
    try:
        chromium()
    except NoBrowserError:
        for command in _ways():
            subprocess.run(command, check=False, timeout=INSTALL_TIMEOUT_S)
    try:
        with running_browser():
            pass
    except (NoBrowserError, Error) as error:
        first_line = str(error).splitlines()[0]
        raise NoBrowserError(
            "the browser tests need Chromium, which could not be installed or started: install it yourself, as with "
            f"apt-get install chromium, or .venv/bin/playwright install --with-deps chromium ({first_line})"
        ) from error


def _ways() -> list[Sequence[str]]:
    if os.geteuid() == 0 and shutil.which("apt-get"):
        return [
            ("apt-get", "update", "-qq"),
            ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"),
        ]
    return [(sys.executable, "-m", "playwright", "install", "chromium")]


if __name__ == "__main__":
    try:
        install()
    except NoBrowserError as problem:
        sys.exit(f"tests: {problem}")
