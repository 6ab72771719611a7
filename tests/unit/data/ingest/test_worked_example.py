"""The worked example of data/README.md: monthly files and a workbook, read with the settings printed there."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from tests.support.exports import ingest, run_command, units_by_product_and_week, units_read
from tests.support.xlsx import write_xlsx

README = Path(__file__).parents[4] / "data" / "README.md"


def german(number: float, decimals: int) -> str:
    return f"{number:,.{decimals}f}".translate(str.maketrans(",.", ".,"))


def what_was_sold() -> pd.DataFrame:
    """A receipt for each article and day: the last one of a month takes five units of the first one's article back."""
    rng = np.random.default_rng(5)
    rows = [
        (shop, f"{4_700 + item:08}", day, int(rng.integers(1, 2_500)), round(float(rng.uniform(0.5, 90)), 2))
        for day in pd.date_range("2024-01-01", "2024-06-30", freq="3D")
        for shop in ("Köln", "Bonn")
        for item in range(8)
    ]
    sales = pd.DataFrame(rows, columns=["Filiale", "Artikel", "Datum", "Menge", "Preis"])
    returned = sales.iloc[::50].assign(Menge=-1)
    every = pd.concat([sales, returned], ignore_index=True)
    return every.assign(Bon=90_000 + every.index // 2, Zeile=every.index % 2 + 1)


def write(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    folder.mkdir()
    settings = re.search(r"is all it takes:\n\n((?:    .*\n|\n)+)", README.read_text(encoding="utf-8"))
    assert settings
    (folder / "source.toml").write_text(re.sub("(?m)^    ", "", settings[1]), encoding="utf-8")
    sold = what_was_sold()
    doubled = pd.concat([sold, sold.iloc[::10]])
    written = doubled.assign(
        Datum=doubled["Datum"].dt.strftime("%d/%m/%Y"),
        Menge=[german(each, 0) for each in doubled["Menge"]],
        Preis=[german(each, 2) for each in doubled["Preis"]],
    )
    for month, rows in written.groupby(doubled["Datum"].dt.strftime("%Y-%m")):
        rows.to_csv(folder / f"verkauf_{month}.csv", sep=";", index=False, encoding="cp1252")
    shelves = (
        sold[["Filiale", "Artikel"]]
        .drop_duplicates()
        .merge(pd.DataFrame({"Tag": pd.date_range("2024-01-01", "2024-06-30", freq="7D")}), how="cross")
    )
    shelves["Menge"] = np.arange(len(shelves)) % 3_000
    write_xlsx(folder / "bestand.xlsx", {"Bestand": shelves.assign(Artikel=shelves["Artikel"].astype(int))})
    return sold, shelves


def test_the_worked_example_is_read_as_pandas_counts_it(tmp_path: Path) -> None:
    sold, shelves = write(tmp_path / "in")
    history = ingest(tmp_path / "in")
    meant = pd.DataFrame(
        {"product_id": sold["Filiale"] + "-" + sold["Artikel"], "sold_at": sold["Datum"], "quantity": sold["Menge"]}
    )
    assert units_read(history) == units_by_product_and_week(meant)
    counts = {(product, str(day)): units for product, day, units in history.counts.rows()}
    assert counts == {
        (f"{shop}-{item}", f"{day:%Y-%m-%d}"): float(units)
        for shop, item, day, units in shelves.itertuples(index=False)
    }
    assert history.report.warnings == ()
    assert history.report.quarantined["sales"] == {"REPEATED_SALE": len(sold.iloc[::10])}
    assert history.report.returned_units == len(sold[sold["Menge"] < 0])
    assert history.report.time_zone == "Europe/Berlin"


def test_the_worked_example_is_found_fine_by_the_check(tmp_path: Path) -> None:
    write(tmp_path / "in")
    done = run_command("check", tmp_path / "in")
    assert done.returncode == 0, done.stdout
    assert "Köln-00004700" in done.stdout
