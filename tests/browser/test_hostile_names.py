"""Names of products that mean something to HTML, to addresses, to templates: on the page they are names."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Browse
from tests.support.planner_pages import running_planner
from tests.support.servers import running_server
from tests.support.snapshots import publish_snapshot, synthetic_panel

NAMES = (
    "<img src=x onerror=alert(1)>",
    '"><script>alert(2)</script>',
    "' onfocus='alert(3)' autofocus='",
    "{{ 7 * 7 }}{% raw %}",
    "a/b?c=d&e#f%2F",
    "..",
    "&lt;b&gt;&amp;",
    "=1+1",
    "%(n)s %d",
    "ação 日本 🧺",
)
CATEGORY = "<b>bold</b>"
TIMES = 4
"""Products of each name, since not all have a risk; spaces at the end tell them apart."""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a page of few products, most of them with such a name."""
    root: Path = tmp_path_factory.mktemp("hostile") / "snapshots"
    panel = synthetic_panel(products=60)
    named = [name + " " * spaces for name in NAMES for spaces in range(TIMES)]
    ids = (*named, *panel.product_ids[len(named) :])
    publish_snapshot(root, replace(panel, product_ids=ids, categories=(CATEGORY,) * len(ids)))
    with running_server(root) as server, running_planner(server.target) as url:
        yield url


def opened(hostile: str, browse: Browse, path: str = "/?need=any&size=100") -> Page:
    page = browse()
    page.on("dialog", lambda dialog: pytest.fail(f"a name was run: {dialog.message}"))
    page.goto(hostile + path)
    return page


def test_names_are_shown_and_run_nothing(hostile: str, browse: Browse) -> None:
    page = opened(hostile, browse)
    shown = {each.strip() for each in page.locator("table.products a.product").all_inner_texts()}
    assert set(NAMES) <= shown
    assert page.locator("table.products img, table.products script, table.products td b").count() == 0
    expect(page.locator("table.products td[data-name='Category']").first).to_have_text(CATEGORY)


@pytest.mark.parametrize("name", NAMES)
def test_a_search_finds_each_and_puts_it_back_into_its_field(hostile: str, browse: Browse, name: str) -> None:
    page = opened(hostile, browse)
    page.get_by_role("searchbox").fill(name)
    page.wait_for_url("**search=**")
    expect(page.get_by_role("searchbox")).to_have_value(name)
    shown = page.locator("table.products a.product").all_inner_texts()
    assert shown
    assert all(name in each for each in shown)
