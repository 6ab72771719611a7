"""Events into a history: each once, whoever sends it how often and in whatever order."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from data.errors import DeliveryError, EventClashError
from data.history import fact_tables
from data.history.account import account
from data.history.clean import clean_history
from data.history.events import CountEvent, SaleEvent
from data.history.folder import DeliveryFolder
from data.history.history import History, open_history
from data.history.load import load_delivery
from data.history.record import Receipt, record
from data.ingest.generic import ingest_generic

DAY = dt.date(2024, 1, 3)


def sale(name: str, day: int = 3, units: float = 2.0, product: str = "A") -> SaleEvent:
    return SaleEvent(name, product, dt.date(2024, 1, day), None, units, 5.0)


def count(name: str, units: float, at_us: int = 0, product: str = "A") -> CountEvent:
    return CountEvent(name, product, DAY, at_us, units)


def load(folder: Path, name: str, text: str) -> DeliveryFolder:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return DeliveryFolder("generic", folder, folder.parent / "quarantine.parquet", None, None, 0.2)


def units_by_day(history: History) -> dict[int, float]:
    sales = clean_history(history, history.ledger.loads()).sales
    return {on.day: units for on, units in sales.group_by("sold_on").agg(pl.col("units").sum()).iter_rows()}


@pytest.fixture
def history(tmp_path: Path) -> History:
    return open_history(tmp_path / "work", {})


def test_an_event_counts_once_however_often_it_is_sent(history: History) -> None:
    assert record(history, [[sale("1"), sale("2"), sale("1")]], "UTC") == [Receipt(2, 1)]
    assert record(history, [[sale("2"), sale("3")], [sale("3")]], "UTC") == [Receipt(1, 1), Receipt(0, 1)]

    assert units_by_day(history) == {3: 6.0}
    assert all(line.is_even for line in account(history))
    assert record(history, [[sale("1")]], "UTC") == [Receipt(0, 1)]
    assert len(history.ledger.loads()) == 2


def test_a_clash_refuses_its_own_request_and_no_other(history: History) -> None:
    record(history, [[sale("1")]], "UTC")

    refused, taken, within = record(
        history, [[sale("9"), sale("1", units=7)], [sale("2")], [sale("3"), sale("3", day=4)]], "UTC"
    )

    assert isinstance(refused, EventClashError)
    assert refused.event_id == "1"
    assert taken == Receipt(1, 0)
    assert isinstance(within, EventClashError)
    assert units_by_day(history) == {3: 4.0}


def test_a_sale_and_a_count_may_have_the_same_id(history: History) -> None:
    assert record(history, [[sale("1"), count("1", 4)]], "UTC") == [Receipt(2, 0)]


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 2, 0]])
def test_of_a_day_the_count_that_was_taken_last_counts(history: History, order: list[int]) -> None:
    counts = [count("morning", 9, 1), count("noon", 5, 2), count("evening", 3, 3)]
    for number in order:
        assert record(history, [[counts[number]]], "UTC") == [Receipt(1, 0)]

    known = history.known_table("inventory", history.ledger.loads())
    assert known["units_on_hand"].to_list() == [3.0]
    assert all(line.is_even for line in account(history))


def test_events_say_what_a_file_with_the_same_lines_says(tmp_path: Path, history: History) -> None:
    lines = "".join(f"r{day},A,2024-01-{day:02},{day},5.00\n" for day in range(1, 20))
    text = "receipt,product_id,sold_at,quantity,unit_price\n" + lines
    files = load(tmp_path / "in", "sales.csv", text)
    load(tmp_path / "in", "source.toml", '[sales]\nkey = "receipt"\n')
    load(tmp_path / "in", "inventory.csv", "product_id,counted_on,units_on_hand\nA,2024-01-03,4\n")
    record(history, [[sale(f"r{day}", day, day)] for day in range(19, 0, -1)], "UTC")
    record(history, [[count("c", 4)]], "UTC")

    told, read = (
        clean_history(history, history.ledger.loads()),
        ingest_generic(files.data_dir, quarantine_file=tmp_path / "q.parquet", max_bad_share=0.0),
    )

    assert_frame_equal(told.sales.drop("order"), read.sales.drop("order"))  # a number for each line, in any order
    assert told.sales["order"].n_unique() == read.sales["order"].n_unique()
    assert_frame_equal(told.counts, read.counts)
    assert_frame_equal(told.products, read.products)


def test_a_file_with_keys_corrects_recorded_sales_and_warns_of_those_it_may_name_otherwise(
    tmp_path: Path, history: History
) -> None:
    record(history, [[sale("r1"), sale("till-7"), sale("till-8", day=9)]], "UTC")
    load(tmp_path / "in", "source.toml", '[sales]\nkey = "receipt"\n')
    files = load(tmp_path / "in", "sales.csv", "receipt,product_id,sold_at,quantity\nr1,A,2024-01-03,7\n")

    loaded = load_delivery(history, files)

    assert units_by_day(history) == {3: 9.0, 9: 2.0}
    assert loaded is not None
    assert any(each.startswith("1 sale recorded as an event has a product and day of") for each in loaded.warnings)


def test_a_file_without_keys_replaces_the_recorded_sales_of_its_days(tmp_path: Path, history: History) -> None:
    record(history, [[sale("1", day=2), sale("2", day=3), sale("3", day=5)]], "UTC")
    files = load(tmp_path / "in", "sales.csv", "product_id,sold_at,quantity\nA,2024-01-02,2\nA,2024-01-03,3\n")
    load_delivery(history, files)
    assert units_by_day(history) == {2: 2.0, 3: 3.0, 5: 2.0}

    record(history, [[sale("4", day=3), sale("5", day=6)]], "UTC")

    clean = clean_history(history, history.ledger.loads())
    assert units_by_day(history) == {2: 2.0, 3: 5.0, 5: 2.0, 6: 2.0}
    assert [each for each in clean.report.warnings if "1 sale was recorded as events after a file" in each]


def test_recorded_sales_never_silence_the_falls_of_counts(tmp_path: Path, history: History) -> None:
    text = "product_id,counted_on,units_on_hand\nA,2024-01-02,9\nA,2024-01-03,4\n"
    load_delivery(history, load(tmp_path / "in", "inventory.csv", text))

    refused, taken = record(history, [[sale("1")], [count("1", 3)]], "UTC")

    assert isinstance(refused, DeliveryError)
    assert "how the counts fall" in str(refused)
    assert taken == Receipt(1, 0)
    assert units_by_day(history) == {3: 6.0}


def test_another_clock_is_refused_and_nothing_is_recorded(history: History) -> None:
    record(history, [[sale("1")]], "Europe/Berlin")
    with pytest.raises(DeliveryError, match=r"clock of Europe/Berlin.*start the history service again"):
        record(history, [[sale("2")]], "UTC")
    assert len(history.ledger.loads()) == 1


def test_files_that_are_put_together_say_the_same_and_who_began_to_read_before_reads_on(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        record(history, [[sale(f"{number}"), count(f"{number}", number, number)]], "UTC")
    begun = history.tables.facts("sales")
    folder = Path(history.tables.root) / "silver" / "sales"

    history.compact()

    assert begun.collect().height == 5
    assert len(list(folder.glob("*.parquet"))) == 6
    assert all(line.is_even for line in account(history))
    assert history.tables.found().collect().height == 10

    monkeypatch.setattr(fact_tables, "_REPLACED_FILES_HOURS", 0)
    history.compact()
    assert len(list(folder.glob("*.parquet"))) == 1
    assert units_by_day(history) == {3: 10.0}
    assert history.tables.found().collect().height == 10
