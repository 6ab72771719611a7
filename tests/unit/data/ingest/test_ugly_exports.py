"""Ordinary damage of a small shop's export: read as pandas counts it, refused, or warned of; never other and silent."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from data.command.check import check_data
from data.errors import DataError
from data.panel.build import build_panel
from data.panel.report import report_of
from data.synthetic.shops import write_synthetic_generic
from tests.support.exports import ingest, units_by_product_and_week, units_read

EQUAL, REFUSED, WARNED = "equal", "refused", "warned"
LAST_WEEK = dt.date(2024, 5, 13)
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
Damage = Callable[[pd.DataFrame, Path], None]


def text_of(sales: pd.DataFrame) -> list[str]:
    return sales.to_csv(index=False).splitlines()


def lines(change: Callable[[list[str]], list[str]]) -> Damage:
    """Damage of the file's text."""

    def damage(sales: pd.DataFrame, to: Path) -> None:
        (to / "sales.csv").write_text("\n".join([*change(text_of(sales)), ""]))

    return damage


def column(name: str, change: Callable[[int, str], str]) -> Damage:
    """Damage of a column, or a column more."""

    def damage(sales: pd.DataFrame, to: Path) -> None:
        source = sales[name] if name in sales else sales["product_id"]
        changed = [change(row, text) for row, text in enumerate(source)]
        sales.assign(**{name: pd.Series(changed)}).to_csv(to / "sales.csv", index=False)

    return damage


def twice(sales: pd.DataFrame, to: Path) -> None:
    for name in ("sales_a.csv", "sales_b.csv"):
        sales.to_csv(to / name, index=False)
    (to / "source.toml").write_text('[sales]\nfiles = "sales_*.csv"\n')


def month_twice(sales: pd.DataFrame, to: Path) -> None:
    sales.to_csv(to / "sales_all.csv", index=False)
    sales[sales["sold_at"].str.startswith("2024-03")].to_csv(to / "sales_march.csv", index=False)
    (to / "source.toml").write_text('[sales]\nfiles = "sales_*.csv"\n')


def two_empty_weeks(sales: pd.DataFrame, to: Path) -> None:
    sales[~sales["sold_at"].between("2024-03-04", "2024-03-17")].to_csv(to / "sales.csv", index=False)


def next_day_by_utc(_: int, day: str) -> str:
    evening = pd.Timestamp(day).tz_localize("America/New_York") + pd.Timedelta(hours=22)
    return f"{evening.tz_convert('UTC'):%Y-%m-%dT%H:%M:%SZ}"


EXPORTS: list[tuple[str, Damage, str]] = [
    ("a month has the wrong year", column("sold_at", lambda _, day: day.replace("2024-03", "2023-03")), WARNED),
    ("sales of the future", column("sold_at", lambda row, day: f"2031-05-{row + 1:02}" if row < 20 else day), WARNED),
    ("two currencies as signs", column("unit_price", lambda row, price: "€$"[row % 2] + price), REFUSED),
    ("two currencies in a column", column("currency", lambda row, _: ("EUR", "USD")[row % 2]), WARNED),
    ("ids as Excel's floats", column("product_id", lambda _, product: f"{product[2:]}.0"), EQUAL),
    ("empty columns at the end", lines(lambda text: [f"{line},,," for line in text]), EQUAL),
    ("a footer", lines(lambda text: [*text, "Total,,99999,"]), WARNED),
    ("a footer with a day", lines(lambda text: [*text, "Total,2024-05-19,99999,1"]), REFUSED),
    ("the header again", lines(lambda text: [*text[:300], text[0], *text[300:]]), WARNED),
    ("a mark of byte order", lines(lambda text: [*text[:300], BOM + text[300], *text[301:]]), WARNED),
    ("that mark and the header again", lines(lambda text: [*text[:300], BOM + text[0], *text[300:]]), WARNED),
    ("a file twice under two names", twice, REFUSED),
    ("a month in two files", month_twice, REFUSED),
    ("two empty weeks", two_empty_weeks, WARNED),
    ("a huge quantity", column("quantity", lambda row, units: "999999" if row == 100 else units), WARNED),
    ("evenings in UTC", column("sold_at", next_day_by_utc), WARNED),
    ("decimals in two forms", column("unit_price", lambda row, price: price.replace(".", ".,"[row % 2])), REFUSED),
]


@pytest.fixture(scope="module")
def sales(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """20 weeks of 40 products, every cell as text."""
    folder = tmp_path_factory.mktemp("shops")
    write_synthetic_generic(folder, seed=5, products=40, weeks=20, first_week=dt.date(2024, 1, 1))
    return pd.read_csv(folder / "sales.csv", dtype=str)


@pytest.mark.parametrize(("damage", "meant"), [each[1:] for each in EXPORTS], ids=[each[0] for each in EXPORTS])
def test_an_ugly_export_is_equal_refused_or_warned_of(
    sales: pd.DataFrame, tmp_path: Path, damage: Damage, meant: str, request: pytest.FixtureRequest
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    damage(sales, folder)
    checked = check_data(folder)
    if meant == REFUSED:
        assert checked.problems
        with pytest.raises(DataError):
            ingest(folder)
        return
    history = ingest(folder)
    warnings = report_of(build_panel(history, as_of_week=LAST_WEEK), history).warnings
    if meant == WARNED:
        assert checked.warnings
        assert warnings
        return
    assert not checked.warnings
    truth = sales.assign(sold_at=pd.to_datetime(sales["sold_at"]), quantity=sales["quantity"].astype(float))
    if "floats" in request.node.callspec.id:
        truth["product_id"] = truth["product_id"].str[2:]
    assert units_read(history) == units_by_product_and_week(truth)
    assert not warnings


def test_stock_that_stands_for_unlimited_is_warned_of(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write_synthetic_generic(folder, seed=5, products=40, weeks=20, first_week=dt.date(2024, 1, 1))
    counts = pd.read_csv(folder / "inventory.csv", dtype=str)
    assert not ingest(folder).report.warnings
    counts.loc[100, "units_on_hand"] = "999999"
    counts.to_csv(folder / "inventory.csv", index=False)
    (warning,) = ingest(folder).report.warnings
    assert "1 row holds a units_on_hand far beyond the others, the largest 999,999" in warning
    assert "(inventory.csv row 101)" in warning
