"""The loads of a history as people read them: thousands of loads of events are one line."""

import datetime as dt
from pathlib import Path

import pytest

from data.command.loads import BAD_ROWS_COLUMNS, account_rows, bad_rows, load_rows
from data.errors import TooManyBadRowsError
from data.history.events import CountEvent, SaleEvent
from data.history.folder import DeliveryFolder
from data.history.history import open_history
from data.history.load import load_delivery
from data.history.record import record
from tests.support.exports import run_command


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


def test_of_many_files_people_read_the_first_and_the_last(tmp_path: Path) -> None:
    history, landing = open_history(tmp_path / "work", {}), tmp_path / "in"
    landing.mkdir()
    (landing / "source.toml").write_text('[sales]\nfiles = "week_*.csv"\n')
    for number in range(5):
        (landing / f"week_{number}.csv").write_text(f"product_id,sold_at,quantity\nA,2024-01-1{number},1\n")
    load_delivery(history, DeliveryFolder("generic", landing, tmp_path / "quarantine.parquet", None, None, 0.0))
    people, programs = (load_rows(tmp_path / "work", is_folded=is_folded)[0][0][3] for is_folded in (True, False))
    assert people == "week_0.csv to week_4.csv (5 files)"
    assert programs == ", ".join(f"week_{number}.csv" for number in range(5))


def test_the_bad_rows_are_as_many_as_the_loads_are_said_to_have(tmp_path: Path) -> None:
    work, landing = tmp_path / "work", tmp_path / "in"
    history, day, noon = open_history(work, {}), dt.date(2024, 1, 3), 1_704_283_200_000_000
    record(history, [[CountEvent(f"c{hour}", "A", day, noon + hour, 5.0 - hour) for hour in range(3)]], "UTC")
    landing.mkdir()
    (landing / "sales.csv").write_text("product_id,sold_at,quantity\nA,2024-01-02,1\nB,2024-01-02,many\n")
    delivery = DeliveryFolder("generic", landing, work / "quarantine" / "load.parquet", None, None, 0.5)
    load_delivery(history, delivery)
    record(history, [[CountEvent("late", "A", day, noon - 1, 9.0)]], "UTC")

    counted = {str(row[0]): row[-1] for row in load_rows(work, is_folded=False)[0]}
    shown = [dict(zip(BAD_ROWS_COLUMNS, row, strict=True)) for row in bad_rows(work) or []]
    assert counted == {"3": 1, "2": 1, "1": 2}
    assert [(row["load"], row["reason"]) for row in shown] == [
        (3, "EARLIER_COUNT_OF_DAY"),
        (2, "UNPARSABLE_QUANTITY"),
        (1, "EARLIER_COUNT_OF_DAY"),
        (1, "EARLIER_COUNT_OF_DAY"),
    ]
    assert "late" in str(shown[0]["value"])

    (landing / "sales.csv").write_text("product_id,sold_at,quantity\nA,2024-01-09,many\nA,2024-01-09,few\n")
    with pytest.raises(TooManyBadRowsError):
        load_delivery(history, delivery)
    assert bad_rows(work) is None  # those of the refused delivery are looked for
    assert "few" in run_command("quarantine", work).stdout


@pytest.mark.parametrize("command", ["loads", "reconcile"])
def test_an_empty_history_or_none_is_a_sentence(tmp_path: Path, command: str) -> None:
    none = run_command(command, tmp_path / "mistyped")
    assert (none.returncode, none.stdout) == (2, "")
    assert "mistyped holds no history" in none.stderr
    assert open_history(tmp_path, {}).ledger.loads() == ()
    empty = run_command(command, tmp_path)
    assert (empty.returncode, empty.stdout) == (2, "")
    assert f"the history of {tmp_path} is empty: load files" in empty.stderr
