"""Files of any format whose columns have the seller's own names."""

import datetime as dt
import gzip
from pathlib import Path

import polars as pl
import pytest

from data.errors import ColumnMapError, MissingColumnError
from data.ingest.generic import ingest_generic
from data.ingest.result import CleanHistory
from tests.support.generic import Row, write_generic


def ingest(folder: Path, columns_file: Path | None = None) -> tuple[CleanHistory, pl.DataFrame]:
    quarantine_file = folder / "out" / "quarantine.parquet"
    ingested = ingest_generic(folder, quarantine_file=quarantine_file, columns_file=columns_file, max_bad_share=1)
    return ingested, pl.read_parquet(quarantine_file)


GOOD: dict[str, Row] = {
    "sales": ("a", "2024-01-01", 2, 5),
    "inventory": ("a", "2024-01-01", 7),
    "availability": ("a", "2024-01-01", 1),
    "products": ("a", "toys"),
    "lead_times": ("a", 10),
}


def test_files_can_be_parquet_or_compressed_and_columns_can_have_any_name(tmp_path: Path) -> None:
    plain = write_generic(tmp_path / "plain", **{name: [good] for name, good in GOOD.items()})
    other = tmp_path / "other"
    other.mkdir()
    pl.DataFrame({"sku": ["a"], "when": [dt.date(2024, 1, 1)], "pieces": [2], "price": [5.0]}).write_parquet(
        other / "sales.parquet"
    )
    with gzip.open(other / "inventory.csv.gz", "wt") as file:
        file.write("qty,sku,date\n7,a,2024-01-01\n")
    for name in ("availability", "products", "lead_times"):
        (other / f"{name}.csv").write_bytes((plain / f"{name}.csv").read_bytes())
    columns = other / "columns.toml"
    columns.write_text(
        """
        [sales]
        product_id = "sku"
        sold_at = "when"
        quantity = "pieces"
        unit_price = "price"
        [inventory]
        product_id = "sku"
        counted_on = "date"
        units_on_hand = "qty"
        """
    )
    one, mapped = ingest(plain)[0], ingest(other)[0]
    elsewhere = columns.rename(tmp_path / "names.toml")
    for ingested in (mapped, ingest(other, columns_file=elsewhere)[0]):
        assert ingested.sales.equals(one.sales)
        assert ingested.counts.equals(one.counts)
        assert ingested.products.select("product_id", "category", "exclusion", "lead_time_days").rows() == [
            ("a", "toys", None, 10)
        ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[sale]\n", "there is no table sale; there is sales, inventory"),
        ("[sales]\nsku = 'x'\n", "the table sales has no column sku; on the left side stands one of product_id"),
        ("[sales]\nproduct_id = 3\n", "sales.product_id must be the name of a column in quotes, not 3"),
        ("sales = 'x'\n", "sales must be a section of its own"),
        ("[sales\n", "is no TOML"),
    ],
)
def test_a_column_map_that_cannot_be_meant_is_one_clear_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    write_generic(tmp_path, sales=[GOOD["sales"]])
    (tmp_path / "columns.toml").write_text(text)
    with pytest.raises(ColumnMapError, match=r"columns\.toml") as error:
        ingest(tmp_path)
    assert sentence in str(error.value)


def test_a_mapped_column_that_the_file_lacks_is_named(tmp_path: Path) -> None:
    write_generic(tmp_path, sales=[GOOD["sales"]])
    (tmp_path / "columns.toml").write_text("[sales]\nunit_price = 'preis'\n")
    with pytest.raises(MissingColumnError, match="lacks the column preis"):
        ingest(tmp_path)
