"""Planner's pages that are served, for browsers and for programs."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

from tests.support.processes import environment

AXE = Path(__file__).parent.parent / "browser" / "axe" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@dataclass(frozen=True)
class Site:
    """A page that is served, and what it needs to get in.

    Attributes:
        url: Without a slash at the end.
        target: The risk server behind it.
        token: For the login; empty where there is none.
    """

    url: str
    target: str
    token: str = ""


@contextmanager
def running_planner(target: str, *options: str) -> Iterator[str]:
    """``stockout-planner`` on a free port; gives its address."""
    command = [sys.executable, "-m", "planner", "--target", target, "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as process:
        try:
            assert process.stdout
            line = process.stdout.readline()
            found = re.search(r"https?://\S+:\d+", line)
            assert found, f"the page did not say where it is: {line!r}"
            yield found[0]
        finally:
            process.terminate()
            status = process.wait(timeout=30)
    assert status == 0, "it ends of itself when it is asked to"


def assert_accessible(page: Page) -> None:
    """Axe finds nothing against WCAG 2.2 AA, nor against good practice."""
    page.evaluate(AXE.read_text(encoding="utf-8"))  # not as a script of the page, which its policy would refuse
    found = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", RULES)
    told = [f"{each['id']}: {each['help']}\n  {each['nodes'][0]['html'][:300]}" for each in found["violations"]]
    assert not told, "\n".join(told)
