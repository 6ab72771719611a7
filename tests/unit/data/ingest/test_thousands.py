"""1.200 beside 1200.5: read as 1.2, which is told."""

from pathlib import Path

import pytest

from tests.support.exports import ingest


def sales(folder: Path, quantities: list[str]) -> Path:
    folder.mkdir()
    rows = [f"p{place},2024-01-{1 + place:02d},{text},2.50" for place, text in enumerate(quantities)]
    (folder / "sales.csv").write_text("\n".join(["product_id,sold_at,quantity,unit_price", *rows, ""]))
    (folder / "source.toml").write_text('time_zone = "UTC"\n')
    return folder


def test_what_looks_like_thousands_and_is_read_as_a_fraction_is_named(tmp_path: Path) -> None:
    (warning,) = ingest(sales(tmp_path / "in", ["1.200", "1200.5", "7"])).report.warnings
    assert warning.startswith("1 quantity of sales.csv such as 1.200 (row 1) count as fractions, here 1.2, though")


@pytest.mark.parametrize(
    "quantities", [["1.200", "0.5", "7"], ["1200.5", "1.25", "7"], ['"1,200"', '"1,100.5"', "1200"]]
)
def test_fractions_alone_other_decimals_and_true_thousands_are_not(tmp_path: Path, quantities: list[str]) -> None:
    assert not ingest(sales(tmp_path / "in", quantities)).report.warnings


def test_a_decimal_sign_that_the_seller_names_is_believed(tmp_path: Path) -> None:
    folder = sales(tmp_path / "in", ["1.200", "1200.5", "7"])
    with (folder / "source.toml").open("a") as file:
        file.write('[sales]\ndecimal = "."\n')
    assert not ingest(folder).report.warnings
