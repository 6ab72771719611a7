"""Engines that know nothing of each other write the same training table from the same files."""

from pathlib import Path

import polars as pl
import pytest

from benchmarks.engines.contest import ENGINES, PRODUCT, DifferentNumbersError, same_numbers, table_file
from benchmarks.engines.measure import engine_called
from data.synthetic.olist import write_synthetic_olist

_OTHERS = [name for name in ENGINES if name != PRODUCT]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the files' table, as this project writes it."""
    scratch = tmp_path_factory.mktemp("engines")
    write_synthetic_olist(scratch / "orders", seed=7, products=200, scale=0.3)
    engine_called(PRODUCT).run(scratch / "orders", table_file(scratch, PRODUCT))
    return scratch


@pytest.mark.parametrize("name", _OTHERS)
def test_another_engine_writes_the_same_rows_and_numbers(tables: Path, name: str) -> None:
    engine_called(name).run(tables / "orders", table_file(tables, name))
    assert "of the numbers equal to the bit" in same_numbers(tables, name)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (pl.col("price_mean_roll_mean_3") * 1.001, "differs in price_mean_roll_mean_3 by 1.0e-03 of its largest value"),
        (pl.col("outcome") * 0, "other rows or outcomes"),
        (pl.col("sales_qtd_lag_2").replace(0.0, None), "differs in sales_qtd_lag_2"),
    ],
)
def test_a_table_with_another_number_is_told(tables: Path, change: pl.Expr, words: str) -> None:
    pl.read_parquet(table_file(tables, PRODUCT)).with_columns(change).write_parquet(table_file(tables, "broken"))
    with pytest.raises(DifferentNumbersError, match=words):
        same_numbers(tables, "broken")
