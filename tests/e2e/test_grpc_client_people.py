"""What the command says to whoever keeps the shop: whole figures at any width, reasons in words, their own count."""

import csv
import importlib.metadata
import io
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from feature_service.client import Item, RiskClient
from tests.support.servers import RunningServer
from tests.support.shell import shell
from tests.support.shops import LAST_DAY, Shops

UNSIZED = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES")}
COMMAND = [sys.executable, "-m", "feature_service.client"]


def listed(shops: Shops, *options: str) -> list[dict[str, str]]:
    """The same list as CSV, in which nothing is left out."""
    ended = shell("list", "--csv", *options, "--target", shops.target)
    return list(csv.DictReader(io.StringIO(ended.stdout)))


def in_a_window(columns: int, arguments: Sequence[str]) -> str:
    """What a terminal that is so wide shows."""
    ours, theirs = pty.openpty()
    subprocess.run(["stty", "cols", str(columns), "rows", "50"], stdin=theirs, check=True)
    with subprocess.Popen([*COMMAND, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=UNSIZED) as shown:
        os.close(theirs)
        printed = b"".join(iter(lambda: _read(ours), b""))
        assert shown.wait(timeout=60) == 0
    os.close(ours)
    return re.sub(r"\x1b\[[0-9;]*m", "", printed.decode())


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # how a terminal ends on Linux
        return b""


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_a_window_of_any_width_shows_whole_figures(shops: Shops, columns: int) -> None:
    shown = in_a_window(columns, ["list", "--limit", "100", "--target", shops.target])
    assert max(map(len, shown.splitlines())) <= columns
    words = set(shown.split())
    left_out = " ".join(shown.split()).partition("no room for: ")[2]
    rows = listed(shops, "--limit", "100")
    assert len(rows) == 100
    for row in rows:
        assert {row["product_id"], f"{float(row['probability']):.3f}"} <= {word.rstrip("*") for word in words}
        assert f"{float(row['units_on_hand']):g}" in words or "on hand" in left_out
        for name, header in (("expected_stockout_date", "runs out"), ("reorder_by_date", "reorder by")):
            assert not row[name] or row[name] in words or header in left_out
    assert "on hand" not in left_out or columns == 40
    assert not left_out or columns < 120


def test_what_no_terminal_shows_has_every_column(shops: Shops) -> None:
    rows = listed(shops, "--limit", "20")
    command = [*COMMAND, "list", "--limit", "20", "--target", shops.target]
    piped = subprocess.run(command, env=UNSIZED, capture_output=True, text=True, check=True).stdout
    assert "no room" not in piped
    for row in rows:
        (line,) = (line for line in piped.splitlines() if row["product_id"] in line.split())
        assert row["category"] in line
        assert f"{float(row['units_on_hand']):g}" in line.split()
        assert row["reorder_by_date"] in line


def test_assess_says_why_in_words_and_marks_what_is_overdue(shops: Shops) -> None:
    row = next(each for each in listed(shops, "--order", "REORDER_BY_DATE"))
    with RiskClient(shops.target) as client:
        (risk,) = client.assess([row["product_id"]]).results
    assert risk.reorder_by_date is not None
    assert risk.reorder_by_date <= LAST_DAY
    text = shell("assess", row["product_id"], "--target", shops.target).stdout
    assert f"{risk.reorder_by_date} overdue" in text
    assert len(risk.reasons) == 3
    for reason in risk.reasons:
        assert f"{'more' if reason.contribution > 0 else 'less'} risk: {reason.text}" in text
        assert "deviation" not in reason.text
    assert f"{risk.units_on_hand:g} on hand; about {risk.expected_demand_units:.1f} are expected to go" in text


def test_many_products_are_shown_without_their_reasons(shops: Shops) -> None:
    ids = [row["product_id"] for row in listed(shops, "--limit", "6")]
    assert "why" not in shell("assess", *ids, "--target", shops.target).stdout
    assert shell("assess", *ids[:5], "--target", shops.target).stdout.count("why ") == 5


def test_the_callers_own_counts_are_answered(shops: Shops) -> None:
    first, second, third = (row["product_id"] for row in listed(shops, "--limit", "3"))
    own = ["--units-on-hand", f"{first}=3", "--units-on-hand", f"{second}=40.5", "--lead-time-days", "2"]
    document = json.loads(shell("assess", third, first, *own, "--json", "--target", shops.target).stdout)
    with RiskClient(shops.target) as client:
        expected = client.assess([Item(third, None, 2), Item(first, 3, 2), Item(second, 40.5, 2)]).results
    answers = [(each["product_id"], each["probability"], each["units_on_hand"]) for each in document["results"]]
    assert answers == [(each.product_id, each.probability, each.units_on_hand) for each in expected]
    assert [each["units_on_hand"] for each in document["results"][1:]] == [3, 40.5]
    dates = [str(each.reorder_by_date) for each in expected if each.reorder_by_date]
    assert dates
    assert [each["reorder_by_date"] for each in document["results"] if each["reorder_by_date"]] == dates


def test_an_id_with_an_equals_sign_can_have_a_count(shops: Shops) -> None:
    ended = shell("assess", "--units-on-hand", "a=b=3", "--json", "--target", shops.target)
    assert [each["product_id"] for each in json.loads(ended.stdout)["results"]] == ["a=b"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--units-on-hand", "a"], "'a' must be ID=UNITS, such as a=3"),
        (["--units-on-hand", "=3"], "'=3' must be ID=UNITS"),
        (["--units-on-hand", "a=few"], "the count of 'a' must be a number of at least 0, not 'few'"),
        (["--units-on-hand", "a=-1"], "the count of 'a' must be a number of at least 0, not '-1'"),
        (["--units-on-hand", "a=nan"], "the count of 'a' must be a number of at least 0, not 'nan'"),
        (["--units-on-hand", "a=inf"], "the count of 'a' must be a number of at least 0, not 'inf'"),
        (["--units-on-hand", "a=1", "--units-on-hand", "a=2"], "'a' has two counts, 1 and 2: give one"),
        (["--units-on-hand", b"\xff=1".decode(errors="surrogateescape")], "is not UTF-8"),
        (["a", "--lead-time-days", "366"], "366 is not in the range 0<=x<=365"),
        (["--lead-time-days", "3"], "Missing argument"),
    ],
)
def test_a_count_that_is_none_is_refused_in_a_sentence(options: list[str], sentence: str) -> None:
    ended = shell("assess", *options)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert sentence in ended.stderr


def test_a_model_of_sales_alone_says_that_it_knows_no_stock(server: RunningServer) -> None:
    text = shell("list", "--limit", "3", "--target", server.target).stdout
    assert text.count("SALES_ONLY: it looks at no stock. A week without a sale need not be a stock-out.\n") == 1
    assert "risk of a stock-out" not in text


def test_the_command_tells_its_version() -> None:
    assert shell("--version").stdout == f"stockout {importlib.metadata.version('stockout-risk')}\n"


def test_a_full_disk_is_told_when_the_version_is_printed() -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run([*COMMAND, "--version"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (ended.returncode, ended.stderr.count("\n")) == (4, 1)
