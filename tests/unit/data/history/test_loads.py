"""Deliveries into a history: every row once, the newest word counts, and what contradicts is refused."""

import datetime as dt
import threading
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable
from polars.testing import assert_frame_equal

from data.errors import DeliveryError, FewJoinsError, HistoryError
from data.history.account import account
from data.history.clean import clean_history
from data.history.fact_tables import FOUND
from data.history.folder import DeliveryFolder
from data.history.history import History, open_history
from data.history.load import load_delivery
from data.ingest.facts import SCHEMAS
from data.ingest.generic import ingest_generic

HEADER = "product_id,sold_at,quantity,unit_price\n"


def folder(data_dir: Path) -> DeliveryFolder:
    return DeliveryFolder("generic", data_dir, data_dir.parent / "quarantine.parquet", None, None, 0.2)


def write(data_dir: Path, name: str, text: str) -> DeliveryFolder:
    data_dir.mkdir(exist_ok=True)
    (data_dir / name).write_text(text)
    return folder(data_dir)


def day_lines(first: int, last: int, units: int = 2, product: str = "A", month: str = "2024-01") -> str:
    return "".join(f"{product},{month}-{day:02},{units},5.00\n" for day in range(first, last + 1))


def units_by_day(history: History, known_at_us: int | None = None) -> dict[dt.date, float]:
    clean = clean_history(history, history.ledger.loads(known_at_us))
    return dict(clean.sales.group_by("sold_on").agg(pl.col("units").sum()).iter_rows())


@pytest.fixture
def history(tmp_path: Path) -> History:
    return open_history(tmp_path / "work", {})


def test_one_delivery_is_the_same_history_as_the_files_read_once(tmp_path: Path, history: History) -> None:
    files = write(
        tmp_path / "in", "sales.csv", HEADER + day_lines(1, 20) + day_lines(3, 9, 1, "B") + "B,2024-01-05,,1\n"
    )
    write(tmp_path / "in", "inventory.csv", "product_id,counted_on,units_on_hand\nA,2024-01-02,9\nC,2024-01-03,0\n")
    write(tmp_path / "in", "lead_times.csv", "product_id,lead_time_days\nA,7\nZ,3\n")

    load_delivery(history, files)

    once = ingest_generic(tmp_path / "in", quarantine_file=tmp_path / "q.parquet", max_bad_share=0.2)
    grown = clean_history(history, history.ledger.loads())
    assert_frame_equal(grown.sales, once.sales)
    assert_frame_equal(grown.products, once.products)
    assert_frame_equal(grown.counts, once.counts)
    assert grown.report.quarantined["sales"] == once.report.quarantined["sales"]


def test_the_same_file_again_adds_nothing_under_any_name(tmp_path: Path, history: History) -> None:
    files = write(tmp_path / "in", "sales.csv", HEADER + day_lines(1, 9))
    assert load_delivery(history, files) is not None

    assert load_delivery(history, files) is None
    (tmp_path / "in" / "sales.csv").rename(tmp_path / "in" / "sales.csv.gz")
    (tmp_path / "in" / "sales.csv.gz").rename(tmp_path / "in" / "sales.csv")
    assert load_delivery(history, files) is None
    assert len(history.ledger.loads()) == 1


def test_a_later_file_replaces_what_was_known_of_its_days_and_adds_the_others(tmp_path: Path, history: History) -> None:
    load_delivery(history, write(tmp_path / "in", "sales.csv", HEADER + day_lines(1, 10)))
    load_delivery(history, write(tmp_path / "in", "sales.csv", HEADER + day_lines(8, 9) + day_lines(10, 14, 3)))

    expected = dict.fromkeys(range(1, 10), 2.0) | dict.fromkeys(range(10, 15), 3.0)
    assert units_by_day(history) == {dt.date(2024, 1, day): units for day, units in expected.items()}
    sales = [load.tables["sales"] for load in history.ledger.loads()]
    assert [(each.rows_new, each.rows_unchanged) for each in sales] == [(10, 0), (5, 2)]


def test_a_day_without_lines_within_a_later_file_loses_its_lines(tmp_path: Path, history: History) -> None:
    load_delivery(history, write(tmp_path / "in", "sales.csv", HEADER + day_lines(1, 20)))
    load_delivery(history, write(tmp_path / "in", "sales.csv", HEADER + day_lines(1, 9) + day_lines(11, 20)))

    assert dt.date(2024, 1, 10) not in units_by_day(history)


def test_a_past_time_sees_what_was_known_then(tmp_path: Path, history: History) -> None:
    first = load_delivery(history, write(tmp_path / "in", "sales.csv", HEADER + day_lines(1, 10)))
    load_delivery(history, write(tmp_path / "in", "sales.csv", HEADER + day_lines(1, 10, 4)))

    assert first is not None
    assert set(units_by_day(history, first.known_from_us).values()) == {2.0}
    assert set(units_by_day(history).values()) == {4.0}
    with pytest.raises(HistoryError, match="is empty at that time"):
        units_by_day(history, first.known_from_us - 1)


def test_a_file_of_other_sales_of_the_same_days_is_refused(tmp_path: Path, history: History) -> None:
    load_delivery(history, write(tmp_path / "in", "sales.csv", HEADER + day_lines(1, 10, 6) + day_lines(1, 10, 4, "B")))

    with pytest.raises(
        DeliveryError, match=r'holds 60% of the 100 units .*: if files add up, say replaces = "nothing"'
    ):
        load_delivery(history, write(tmp_path / "in", "sales.csv", HEADER + day_lines(1, 10, 6)))

    assert sum(units_by_day(history).values()) == 100
    assert len(history.ledger.loads()) == 1


@pytest.mark.parametrize(("replaces", "units"), [("nothing", 160), ("days", 60)])
def test_the_seller_says_what_such_a_file_replaces(tmp_path: Path, history: History, replaces: str, units: int) -> None:
    load_delivery(history, write(tmp_path / "in", "sales.csv", HEADER + day_lines(1, 10, 6) + day_lines(1, 10, 4, "B")))
    write(tmp_path / "in", "source.toml", f'[sales]\nreplaces = "{replaces}"\n')

    load_delivery(history, write(tmp_path / "in", "sales.csv", HEADER + day_lines(1, 10, 6)))

    assert sum(units_by_day(history).values()) == units


def test_lines_with_a_key_are_corrected_one_by_one_and_never_taken_away(tmp_path: Path, history: History) -> None:
    write(tmp_path / "in", "source.toml", '[sales]\nkey = "receipt"\n')
    header = "receipt,product_id,sold_at,quantity,unit_price\n"
    load_delivery(history, write(tmp_path / "in", "sales.csv", header + "1,A,2024-01-01,2,5\n2,A,2024-01-02,2,5\n"))
    load_delivery(history, write(tmp_path / "in", "sales.csv", header + "2,A,2024-01-02,7,5\n3,A,2024-01-01,1,5\n"))

    assert units_by_day(history) == {dt.date(2024, 1, 1): 3.0, dt.date(2024, 1, 2): 7.0}
    write(tmp_path / "in", "source.toml", "")
    with pytest.raises(DeliveryError, match="had a key, and these have none"):
        load_delivery(history, write(tmp_path / "in", "sales.csv", HEADER + day_lines(1, 3)))


def test_only_new_files_of_a_pattern_are_read(tmp_path: Path, history: History) -> None:
    write(tmp_path / "in", "source.toml", '[sales]\nfiles = "sales_*.csv"\n')
    load_delivery(history, write(tmp_path / "in", "sales_01.csv", HEADER + day_lines(1, 31)))
    load_delivery(history, write(tmp_path / "in", "sales_03.csv", HEADER + day_lines(1, 31, month="2024-03")))
    load_delivery(history, write(tmp_path / "in", "sales_02.csv", HEADER + day_lines(1, 29, month="2024-02")))

    assert len(units_by_day(history)) == 31 + 29 + 31
    assert [load.tables["sales"].rows_read for load in history.ledger.loads()] == [31, 31, 29]


def test_files_of_one_delivery_each_cover_their_own_days(tmp_path: Path, history: History) -> None:
    write(tmp_path / "in", "source.toml", '[sales]\nfiles = "sales_*.csv"\n')
    load_delivery(history, write(tmp_path / "in", "sales_02.csv", HEADER + day_lines(1, 29, month="2024-02")))
    write(tmp_path / "in", "sales_01.csv", HEADER + day_lines(1, 31))
    load_delivery(history, write(tmp_path / "in", "sales_03.csv", HEADER + day_lines(1, 31, month="2024-03")))

    assert len(units_by_day(history)) == 31 + 29 + 31  # February, between the two, is covered by neither
    assert all(line.is_even for line in account(history))


def test_a_correction_of_a_count_is_the_newest_word(tmp_path: Path, history: History) -> None:
    header = "product_id,counted_on,units_on_hand\n"
    load_delivery(history, write(tmp_path / "in", "inventory.csv", header + "A,2024-01-02,9\nA,2024-01-03,8\n"))
    load_delivery(history, write(tmp_path / "in", "inventory.csv", header + "A,2024-01-02,5\nA,2024-01-04,4\n"))

    counts = clean_history(history, history.ledger.loads()).counts
    assert counts["units_on_hand"].to_list() == [5.0, 8.0, 4.0]


def test_ids_that_do_not_join_the_history_are_refused(tmp_path: Path, history: History) -> None:
    sales = "".join(f"{number:05},2024-01-0{day},1,2\n" for number in range(20) for day in (1, 2))
    load_delivery(history, write(tmp_path / "in", "sales.csv", HEADER + sales))
    counts = "".join(f"{number},2024-01-02,5\n" for number in range(20))

    files = write(tmp_path / "new", "inventory.csv", "product_id,counted_on,units_on_hand\n" + counts)

    with pytest.raises(FewJoinsError, match=r"only 0 of the 20 ids of .* zero_pad = 5"):
        load_delivery(history, files)


def test_another_clock_is_refused(tmp_path: Path, history: History) -> None:
    load_delivery(history, write(tmp_path / "in", "sales.csv", HEADER + day_lines(1, 9)))
    write(tmp_path / "in", "source.toml", 'time_zone = "Europe/Berlin"\n')

    with pytest.raises(DeliveryError, match="on the clock of UTC, and this delivery says Europe/Berlin"):
        load_delivery(history, write(tmp_path / "in", "sales.csv", HEADER + day_lines(1, 12)))


def test_every_row_and_cent_is_accounted_for(tmp_path: Path, history: History) -> None:
    load_delivery(history, write(tmp_path / "in", "sales.csv", HEADER + day_lines(1, 10) + "A,2024-01-11,x,1\n"))
    load_delivery(history, write(tmp_path / "in", "sales.csv", HEADER + day_lines(2, 10, 3)))

    lines = account(history)
    assert all(line.is_even for line in lines)
    assert [(each.rows_read, each.rows_kept, each.rows_replaced, each.rows_quarantined) for each in lines] == [
        (11, 1, 9, 1),
        (9, 9, 0, 0),
    ]
    assert [line.cents_read for line in lines] == [10 * 2 * 500, 9 * 3 * 500]

    history.tables.append_facts("sales", 2, history.tables.facts("sales").collect().head(1).drop("load"))
    assert [line.rows_missing for line in account(history)] == [0, -1]


def test_rows_that_are_gone_from_bronze_are_missed(tmp_path: Path, history: History) -> None:
    load_delivery(history, write(tmp_path / "in", "sales.csv", HEADER + day_lines(1, 10) + "A,2024-01-11,x,1\n"))
    assert [line.rows_not_in_bronze for line in account(history)] == [0]
    DeltaTable(history.tables.place(FOUND)).delete("row_number > 8")
    (line,) = account(history)
    assert (line.rows_not_in_bronze, line.rows_missing, line.is_even) == (3, 0, False)


def test_what_a_loader_wrote_after_it_was_given_up_is_taken_out(tmp_path: Path, history: History) -> None:
    number, _ = history.ledger.begin("generic", "UTC")
    history.recover()  # as another loader does, who found the lock free
    late = pl.DataFrame([("B", dt.date(2024, 1, 1), 3.0)], schema=SCHEMAS["inventory"], orient="row")
    history.tables.append_facts("inventory", number, late)  # and then it dies
    load_delivery(history, write(tmp_path / "in", "sales.csv", HEADER + day_lines(1, 9)))
    assert history.stored_table("inventory").is_empty()
    assert history.stored_table("sales")["load"].unique().to_list() == [number + 1]


def test_two_loaders_at_once_load_every_row_once(tmp_path: Path) -> None:
    work = tmp_path / "work"
    open_history(work, {})
    files = write(tmp_path / "in", "sales.csv", HEADER + day_lines(1, 28))
    loaded: list[object] = []
    loaders = [
        threading.Thread(target=lambda: loaded.append(load_delivery(open_history(work, {}), files))) for _ in range(4)
    ]
    for loader in loaders:
        loader.start()
    for loader in loaders:
        loader.join()

    assert sum(each is not None for each in loaded) == 1
    history = open_history(work, {})
    assert history.tables.facts("sales").collect().height == 28


def test_a_week_whose_dates_others_tell_is_warned_of_before_it_is_alone(tmp_path: Path, history: History) -> None:
    def warnings(name: str, first: int, last: int, settings: str) -> list[str]:
        lines = "".join(f"A,{day:02}.11.2026,2,5.00\n" for day in range(first, last + 1))
        write(tmp_path / "in", "source.toml", f'[sales]\nfiles = "week_*.csv"\n{settings}')
        load = load_delivery(history, write(tmp_path / "in", name, HEADER + lines))
        return [each for each in load.warnings if "dates" in each] if load else []

    write(tmp_path / "in", "week_1.csv", HEADER + "A,02.11.2026,2,5.00\n")
    (warning,) = warnings("week_2.csv", 9, 15, "")
    assert warning.startswith("only other files tell that dates of week_1.csv have the day first (13.11.2026): say")
    assert warnings("week_3.csv", 3, 8, 'date_order = "dmy"\n') == []
