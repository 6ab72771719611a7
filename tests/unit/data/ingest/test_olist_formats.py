"""The same Olist tables in every file format, and stored and read again, are the same history."""

import dataclasses
import gzip
from pathlib import Path

import polars as pl

from data.ingest.contracts import OLIST
from data.ingest.olist import ingest_olist
from data.ingest.result import CleanHistory, read_history, write_history
from data.synthetic.olist import write_synthetic_olist
from tests.support.olist import item, order, write_olist


def ingest(folder: Path, max_bad_share: float = 1.0) -> tuple[CleanHistory, pl.DataFrame]:
    quarantine_file = folder / "out" / "quarantine.parquet"
    ingested = ingest_olist(folder, quarantine_file=quarantine_file, max_bad_share=max_bad_share)
    return ingested, pl.read_parquet(quarantine_file)


def test_written_sales_read_back_the_same(tmp_path: Path) -> None:
    write_olist(tmp_path, [order(1)], [item(1), item(2)])
    ingested, _ = ingest(tmp_path)

    write_history(ingested, tmp_path / "ingested")
    again = read_history(tmp_path / "ingested")

    assert again.report == ingested.report
    assert again.sales.equals(ingested.sales)
    assert again.products.equals(ingested.products)


def test_csv_gz_and_parquet_say_the_same_as_csv(tmp_path: Path) -> None:
    plain, packed, columnar = (tmp_path / name for name in ("plain", "packed", "columnar"))
    write_synthetic_olist(plain, seed=1, products=40, weeks=30)
    packed.mkdir()
    columnar.mkdir()
    for table in OLIST:
        path = plain / f"{table.stem}.csv"
        (packed / f"{table.stem}.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
        pl.read_csv(path, try_parse_dates=True).write_parquet(columnar / f"{table.stem}.parquet")

    expected, _ = ingest(plain, max_bad_share=0)

    for folder in (packed, columnar):
        ingested, _ = ingest(folder, max_bad_share=0)
        assert ingested.sales.equals(expected.sales)
        assert ingested.products.equals(expected.products)
        assert (
            dataclasses.replace(ingested.report, files=expected.report.files, forms=expected.report.forms)
            == expected.report
        )
