"""Tables that are queries come out as their database holds them, whatever their order, or are refused in a sentence."""

import datetime as dt
import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd
import polars as pl
import psycopg
import pytest

from data.errors import (
    AmbiguousFormatError,
    ColumnMapError,
    DatabaseError,
    DataError,
    EmptyInputError,
    MissingColumnError,
    TooManyBadRowsError,
    UnclaimedFileError,
)
from data.ingest.database.results import Database
from data.ingest.generic import query_digests
from tests.support.databases import write_queries, write_sqlite
from tests.support.exports import ingest, run_command, sales_frame, units_by_product_and_week, units_read
from tests.support.processes import pipeline_command, run

SALES = "select * from sales"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with a SQLite file of sales, and what asks it."""
    write_sqlite(tmp_path / "in" / "shop.db", sales=sales_frame())
    return write_queries(tmp_path / "in", "sqlite:///shop.db", sales=SALES)


def test_postgresql_gives_every_type_as_its_own_driver_does(postgres: str, tmp_path: Path) -> None:
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("drop table if exists lines")
        connection.execute(
            "create table lines (sku char(12), sold timestamptz, units bigint, price numeric(12, 4), note text)"
        )
        connection.execute(
            "insert into lines select lpad((i % 9)::text, 8, '0'), timestamptz '2024-01-01 23:30+00' + i * "
            "interval '7 h', 1 + i * 1040, case when i % 5 > 0 then i * 1.0401 end, E'a \"note\",\\nof two lines' "
            "from generate_series(0, 199) i"
        )
        rows = connection.execute("select sku, sold at time zone 'Europe/Berlin', units, price from lines").fetchall()
    truth = sorted((sku.strip(), sold.date(), float(units), price and float(price)) for sku, sold, units, price in rows)
    query = "select sku as product_id, sold as sold_at, units as quantity, price as unit_price, note from lines;"
    folder = write_queries(tmp_path / "in", postgres, "", sales=query)
    history = ingest(folder, time_zone="Europe/Berlin")
    read = history.sales.select("product_id", "sold_on", "units", "unit_price").rows()
    assert sorted(read, key=str) == sorted(truth, key=str)
    assert history.report.warnings == ()


def test_dates_flags_and_counts_of_postgresql_are_read(postgres: str, tmp_path: Path) -> None:
    products, days = "(values ('a'), ('b')) as p(id)", "generate_series(date '2024-01-01', '2024-03-03', '7 d') as d"
    folder = write_queries(
        tmp_path / "in",
        postgres,
        inventory=f"select id as product_id, d::date as counted_on, 90 - extract(day from d) as units_on_hand "
        f"from {products}, {days}",
        availability=f"select id as product_id, d as week_start, id = 'a' as in_stock from {products}, {days}",
    )
    history = ingest(folder)
    assert history.counts.filter(product_id="a").rows()[0] == ("a", dt.date(2024, 1, 1), 89.0)
    assert dict(history.availability.group_by("product_id").agg(pl.col("in_stock").all()).rows()) == {"a": 1, "b": 0}


def test_typeless_columns_of_sqlite_are_told_from_their_values(tmp_path: Path) -> None:
    folder = write_queries(tmp_path / "in", "sqlite:///shop.db", sales=SALES)
    sales = sales_frame()
    written = sales.assign(
        product_id=sales["product_id"].str.replace("p", "000"),
        sold_at=sales["sold_at"].dt.strftime("%d/%m/%Y"),
        quantity=[f"{units:,}".replace(",", ".") for units in sales["quantity"]],
        unit_price=[f"{price:.2f}".replace(".", ",") for price in sales["unit_price"]],
    )
    write_sqlite(folder / "shop.db", sales=written)
    history = ingest(folder)
    assert units_read(history) == units_by_product_and_week(sales.assign(product_id=written["product_id"]))
    assert sorted(history.sales["unit_price"]) == sorted(sales["unit_price"])


def test_numbers_of_sqlite_need_no_telling_and_their_text_does(tmp_path: Path) -> None:
    folder = write_queries(tmp_path / "in", "sqlite:///shop.db", sales=SALES)
    sales = sales_frame().assign(quantity=1.040)
    write_sqlite(folder / "shop.db", sales=sales.assign(sold_at=sales["sold_at"].astype(str)))
    assert ingest(folder).sales["units"].unique().to_list() == [1.040]
    other = write_queries(tmp_path / "other", "sqlite:///shop.db", sales=SALES)
    write_sqlite(other / "shop.db", sales=sales.assign(sold_at=sales["sold_at"].astype(str), quantity="1.040"))
    with pytest.raises(AmbiguousFormatError, match=r"the query of sales: the quantity '1.040' \(row 1\)"):
        ingest(other)


def test_a_query_and_a_file_of_the_same_rows_are_read_alike(shop: Path, tmp_path: Path) -> None:
    history = ingest(shop)
    (tmp_path / "file").mkdir()
    sales_frame().to_parquet(tmp_path / "file" / "sales.parquet")
    of_file = ingest(tmp_path / "file")
    assert history.sales.drop("order").equals(of_file.sales.drop("order"))
    assert history.products.equals(of_file.products)
    assert history.report.files == {"sales": {"the query of sales": "SQLite"}}


def test_rows_in_another_order_are_the_same_input_and_other_rows_are_another(shop: Path, tmp_path: Path) -> None:
    names = [query_digests(shop)]
    sales = sales_frame()
    for number, rows in enumerate((sales.sample(frac=1, random_state=3), sales.assign(quantity=sales["quantity"] + 1))):
        folder = write_queries(tmp_path / str(number), "sqlite:///shop.db", sales=SALES)
        write_sqlite(folder / "shop.db", sales=rows)
        names.append(query_digests(folder))
    assert names[0] == names[1] != names[2]
    first, second = ingest(shop), ingest(tmp_path / "0")
    assert first.sales.equals(second.sales)


def test_a_run_goes_on_with_the_rows_that_it_is_named_by(shop: Path) -> None:
    before = query_digests(shop)
    write_sqlite(shop / "shop.db", sales=sales_frame().head(50))
    assert query_digests(shop) == before
    assert ingest(shop).report.items_total == len(sales_frame())


def test_all_queries_see_one_state_and_can_change_nothing(postgres: str, tmp_path: Path) -> None:
    settings = "select current_setting('transaction_isolation'), current_setting('transaction_read_only') as read_only"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("create table if not exists kept as select 1 as one")
        connection.execute(
            "create or replace function empty_it() returns int as 'delete from kept returning 1' language sql"
        )
    found = Database(postgres, tmp_path, (("sales", settings), ("inventory", settings))).results()
    for result in found.values():
        assert result.rows.rows.row(0)[:2] == ("repeatable read", "on")
    with pytest.raises(DatabaseError, match="cannot execute DELETE in a read-only transaction"):
        Database(postgres, tmp_path, (("sales", "select empty_it() as product_id"),)).results()


def test_a_bad_row_is_named_by_its_place_in_the_sorted_result(shop: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(shop / "shop.db")) as connection:
        connection.execute("insert into sales values ('p1', '2024-01-02', 'many', 5)")
        connection.commit()
        rows = sorted(connection.execute("select product_id, sold_at, cast(quantity as text) from sales"))
    ingest(shop)
    bad = pd.read_parquet(tmp_path / "quarantine.parquet").iloc[0]
    place = rows.index(("p1", "2024-01-02", "many")) + 1
    assert (bad["source_file"], bad["row_number"], bad["column"]) == ("the query of sales", place, "quantity")


@pytest.mark.parametrize(
    ("query", "error", "sentence"),
    [
        ("select * from sale", DatabaseError, "the query of sales cannot be run: no such table: sale"),
        ("delete from sales", DatabaseError, "the query of sales cannot be run: attempt to write a readonly database"),
        ("select 1; select 2", DatabaseError, "the query of sales cannot be run: You can only execute one statement"),
        ("select 1 as a, 2 as a", DatabaseError, "the query of sales gives the column a twice"),
        ("-- nothing", DatabaseError, "the query of sales cannot be run: it gives no rows, as a select does"),
        ("select * from sales where 0", EmptyInputError, "the query of sales gives no rows"),
        ("select product_id, sold_at from sales", MissingColumnError, "the query of sales lacks the column quantity"),
        (
            "select product_id, sold_at, 'x' || quantity as quantity from sales",
            TooManyBadRowsError,
            "rows of the query of sales are",
        ),
        ("select product_id, 7.5 as sold_at, quantity from sales", TooManyBadRowsError, "UNPARSABLE_TIME"),
    ],
)
def test_a_query_that_cannot_stand_for_the_table_is_refused(
    shop: Path, query: str, error: type[DataError], sentence: str
) -> None:
    write_queries(shop, "sqlite:///shop.db", sales=query)
    with pytest.raises(error, match=sentence):
        ingest(shop)


def test_what_is_no_sqlite_file_is_refused(tmp_path: Path) -> None:
    folder = write_queries(tmp_path / "in", "sqlite:///shop.db", sales=SALES)
    with pytest.raises(DatabaseError, match=r"there is no database .*shop.db"):
        ingest(folder)
    (folder / "shop.db").write_text("hello, world " * 100)
    with pytest.raises(DatabaseError, match="the query of sales cannot be run: file is not a database"):
        ingest(folder)


def test_text_of_sqlite_that_is_no_text_is_a_bad_row(shop: Path) -> None:
    with closing(sqlite3.connect(shop / "shop.db")) as connection:
        connection.execute("insert into sales values (cast(x'ff61' as text), '2024-01-02', 1, 5)")
        connection.execute("insert into sales values (x'6161', '2024-01-02', 1, 5)")
        connection.commit()
    assert ingest(shop, max_bad_share=0.1).report.quarantined["sales"] == {"MISSING_ID": 1, "UNREADABLE_TEXT": 1}


def test_a_server_that_is_not_there_or_refuses_is_told_without_the_password(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(postgres.split("host=")[1])
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("drop role if exists reader")
        connection.execute("create role reader login password 'right-word' in role pg_read_all_data")
        rules = folder / "pg_hba.conf"
        rules.write_text("local all reader scram-sha-256\n" + rules.read_text())
        connection.execute("select pg_reload_conf()")
    url = f"postgresql://reader@/postgres?host={folder}"
    monkeypatch.setenv("PGPASSWORD", "wrong-word")
    data = write_queries(tmp_path / "in", url, sales="select 'a' as product_id, now() as sold_at, 1 as quantity")
    with pytest.raises(DatabaseError, match='password authentication failed for user "reader"') as caught:
        ingest(data)
    assert "wrong-word" not in str(caught.value)
    monkeypatch.delenv("PGPASSWORD")
    (tmp_path / "pgpass").write_text("*:*:*:reader:right-word\n")
    (tmp_path / "pgpass").chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pgpass"))
    assert ingest(data).report.items_used == 1
    nobody = write_queries(tmp_path / "nobody", "postgresql://reader@127.0.0.1:1/shop", sales=SALES)
    with pytest.raises(DatabaseError, match=r"the database postgresql://reader@127.0.0.1:1/shop cannot be reached"):
        ingest(nobody)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[sales]\nquery = 'select 1'\n", "sales.query needs a database"),
        ("database = 'sqlite:///shop.db'\n", "database is said, but no table has a query"),
        ("database = 'mysql://a/b'\n[sales]\nquery = 'select 1'\n", "database must be postgresql://user@host/name"),
        ("database = 'sqlite:///'\n[sales]\nquery = 'select 1'\n", "database must be postgresql://user@host/name"),
        (
            "database = 'postgresql://u:s3cret@h/d'\n[sales]\nquery = 'select 1'\n",
            "PGPASSWORD or in the file",
        ),
        ("database = 'postgresql://h/d?password=s3cret'\n[sales]\nquery = 'select 1'\n", "database holds a password"),
        ("database = 'postgresql://[s3cret'\n[sales]\nquery = 'select 1'\n", "database is no URL"),
        ("database = 'sqlite:///a'\n[sales]\nquery = 'select 1'\nfiles = 'a'\n", "sales has a query, so files says"),
    ],
)
def test_what_the_file_cannot_mean_of_a_database_is_refused_and_no_secret_told(
    tmp_path: Path, text: str, sentence: str
) -> None:
    (tmp_path / "source.toml").write_text(text)
    with pytest.raises(ColumnMapError, match=sentence) as caught:
        ingest(tmp_path)
    assert "s3cret" not in str(caught.value)


def test_a_file_named_like_the_table_of_a_query_is_not_left_aside(shop: Path) -> None:
    sales_frame().to_csv(shop / "sales.csv", index=False)
    with pytest.raises(UnclaimedFileError, match=r"holds sales.csv, which looks like sales and is not read"):
        ingest(shop)


def test_check_shows_how_a_query_was_understood(shop: Path) -> None:
    shown = run_command("check", shop)
    assert shown.returncode == 0, shown.stdout
    assert "the query of sales  (SQLite)" in shown.stdout
    assert f'query = "{SALES}"' in shown.stdout
    (shop / "shop.db").unlink()
    refused = run_command("check", shop)
    assert (refused.returncode, refused.stdout.count("there is no database")) == (2, 1)


def test_a_pipeline_reads_queries_and_sees_that_the_database_has_changed(shop: Path, tmp_path: Path) -> None:
    def ingest_stage() -> str:
        options = ("--local-scheduler", "--workers", "2")  # which fork
        command = pipeline_command("Ingest", shop, tmp_path / "work", *options, as_of="2024-02-25", source="generic")
        return run(command).stdout

    assert "120 sales, 0 counts" in ingest_stage()
    assert "was done before" in ingest_stage()
    write_sqlite(shop / "shop.db", sales=sales_frame().sample(frac=1, random_state=1))
    assert "was done before" in ingest_stage()
    write_sqlite(shop / "shop.db", sales=sales_frame(122))
    assert "122 sales, 0 counts" in ingest_stage()
