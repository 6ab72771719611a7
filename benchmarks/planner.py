"""A page of the planner's list over 100,000 products, as a browser waits for it, beside the same query through pandas.

Usage: ``python -m benchmarks.planner [--products 100000]``. The shops of the tests' model, repeated until so many
are in the list; the risk server and the page are processes of their own, the caller is here and asks one page after the
other. What pandas does is the query alone, in this process: filter, sort, first 50 rows. The page's time is the whole
answer: the same query, what was decided, the tabs' counts, and 50 rows of HTML in a response. CPU is what the page's
process uses for it, whatever else the machine does.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter, sleep

import httpx
import psutil
from pandas import DataFrame

from benchmarks.machine import machine
from benchmarks.recorded_counts import repeated
from data.panel import Panel
from data.snapshots import publish
from feature_service.client import RiskClient
from feature_service.client.frames import frame_of
from tests.support.order_terms import with_terms
from tests.support.planner_pages import running_planner
from tests.support.servers import running_server
from tests.support.shops import LABEL, train_shops
from tests.support.snapshots import MODEL

ROWS = 50
MONEY = "revenue_at_risk_before_relief"
LIMIT_MS = 100.0

Query = Callable[[DataFrame], DataFrame]
VIEWS: dict[str, tuple[str, Query]] = {
    "what needs a decision": ("/", lambda frame: ranked(frame[frame["alert"]], MONEY)),
    "everything": ("/?need=any", lambda frame: ranked(frame, MONEY)),
    "the thousandth page": ("/?need=any&page=1000", lambda frame: ranked(frame, MONEY, 1000)),
    "by weeks of cover": (
        "/?need=any&sort=weeks_of_cover",
        lambda frame: ranked(frame, "weeks_of_cover", ascending=True),
    ),
    "a category": ("/?need=any&category=frozen", lambda frame: ranked(frame[frame["category"] == "frozen"], MONEY)),
    "a search": (
        "/?need=any&search=1001",
        lambda frame: ranked(frame[frame["product_id"].str.contains("1001", regex=False)], MONEY),
    ),
}


def main() -> None:
    """Run and print; exit 1 if a page took longer than it may."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--products", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=100, help="of each view")
    options = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        shops, bundle_dir = train_shops(folder)
        panel = with_terms(repeated(shops, -(-options.products * len(shops.product_ids) // listed(shops))))
        publish(panel, LABEL.eligible(panel), bundle_dir, MODEL, folder / "snapshots")
        state_url = f"sqlite:///{folder / 'state.db'}"
        with (
            running_server(folder / "snapshots", "--state-url", state_url) as server,
            running_planner(server.target, "--timeout-s", "120") as url,
            httpx.Client(base_url=url, timeout=600) as browser,
        ):
            slowest_ms = measure(browser, server.target, options.requests)
    sys.exit(slowest_ms > LIMIT_MS)


def listed(panel: Panel) -> int:
    """How many products have a risk; those that are out of stock come on top."""
    return int(LABEL.eligible(panel)[:, -1].sum())


def measure(browser: httpx.Client, target: str, requests: int) -> float:
    """Print a line for each view; gives the greatest median, in ms."""
    began = perf_counter()
    while browser.get("/").status_code == httpx.codes.SERVICE_UNAVAILABLE:
        sleep(0.2)  # the table is being read
    print(f"first page, with the table read from the server: {perf_counter() - began:.1f} s")
    page = next(
        each for each in psutil.process_iter(["cmdline"]) if {"planner", target} <= {*(each.info["cmdline"] or ())}
    )
    print(f"memory of the page's process: {page.memory_info().rss / 2**20:,.0f} MiB")
    with RiskClient(target) as client:
        frame = frame_of([each for each in client.stream() if each.error is None])
    print(f"{len(frame):,} products with a risk\n{'':24}{'page, ms':>24}{'CPU, ms':>12}{'pandas, ms':>24}")
    slowest = 0.0
    for name, (path, query) in VIEWS.items():
        before = cpu_s(page)
        ours = timed(lambda path=path: browser.get(path).raise_for_status(), requests)  # type: ignore[misc]
        cpu_ms = (cpu_s(page) - before) / (requests + 1) * 1000
        theirs = timed(lambda query=query: query(frame), max(5, requests // 10))  # type: ignore[misc]
        slowest = max(slowest, median(ours))
        print(
            f"{name:24}{median(ours):>12.1f} (max {max(ours):5.0f}){cpu_ms:>12.1f}"
            f"{median(theirs):>12.1f} (max {max(theirs):5.0f})",
            flush=True,
        )
    return slowest


def cpu_s(process: psutil.Process) -> float:
    """What it has used so far, in seconds."""
    times = process.cpu_times()
    return float(times.user + times.system)


def timed(call: Callable[[], object], times: int) -> list[float]:
    """How long each took, in ms; the first is not counted."""
    taken = []
    for _ in range(times + 1):
        began = perf_counter()
        call()
        taken.append((perf_counter() - began) * 1000)
    return taken[1:]


def ranked(frame: DataFrame, column: str, page: int = 1, *, ascending: bool = False) -> DataFrame:
    """A page of the rows, ties by product id."""
    in_order = frame.sort_values([column, "product_id"], ascending=[ascending, True])
    return in_order.iloc[(page - 1) * ROWS : page * ROWS]


if __name__ == "__main__":
    main()
