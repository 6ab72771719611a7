"""The loads of a history as people read them: thousands of loads of events are one line."""

import datetime as dt
from pathlib import Path

from data.command.loads import account_rows, load_rows
from data.history.events import SaleEvent
from data.history.folder import DeliveryFolder
from data.history.history import open_history
from data.history.load import load_delivery
from data.history.record import record


def test_loads_of_events_that_follow_each_other_are_one_line(tmp_path: Path) -> None:
    work, landing = tmp_path / "work", tmp_path / "in"
    history = open_history(work, {})

    def sell(*names: str) -> None:
        for name in names:
            record(history, [[SaleEvent(name, "A", dt.date(2024, 1, 3), None, 2.0, 5.0)]], "UTC")

    sell("1", "2", "3")
    landing.mkdir()
    (landing / "sales.csv").write_text("product_id,sold_at,quantity\nA,2024-01-02,1\n")
    load_delivery(history, DeliveryFolder("generic", landing, tmp_path / "quarantine.parquet", None, None, 0.0))
    sell("4", "5")

    rows, _ = load_rows(work, is_folded=True)
    assert [(row[0], row[3], row[4]) for row in rows] == [
        ("5 to 6", "(events)", 2),
        ("4", "sales.csv", 1),
        ("1 to 3", "(events)", 3),
    ]
    lines, is_even = account_rows(work, is_folded=True)
    assert is_even
    assert [(line[0], line[2], line[-2]) for line in lines] == [
        ("1 to 3", 3, "30.00"),
        ("4", 1, "0.00"),
        ("5 to 6", 2, "20.00"),
    ]
    assert len(load_rows(work, is_folded=False)[0]) == len(account_rows(work, is_folded=False)[0]) == 6
