"""Whatever form an export has, it is read as what was meant, refused, or warned of; never different and silent."""

import datetime as dt
import tempfile
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from data.errors import DataError
from data.ingest.generic import ingest_generic
from data.ingest.result import CleanHistory
from tests.support.databases import write_sqlite
from tests.support.exports import units_by_product_and_week, units_read

GROUPED: dict[str, Callable[[float], str]] = {
    "plain": lambda number: f"{number:.0f}",
    "point": lambda number: f"{number:,.0f}",
    "comma": lambda number: f"{number:,.0f}".replace(",", "."),
    "space": lambda number: f"{number:,.0f}".replace(",", " "),
}
PRICES: dict[str, Callable[[float], str]] = {
    "point": lambda price: f"{price:.2f}",
    "comma": lambda price: f"{price:.2f}".replace(".", ","),
    "three": lambda price: f"{price:.3f}",
    "point, currency": lambda price: f"US$ {price:.2f}",
    "comma, currency": lambda price: f"{price:.2f} EUR".replace(".", ","),
    "three, currency": lambda price: f"${price:.3f}",
    "point, currencies": lambda price: f"{'USD' if price == 2 else 'EUR'}{price:.2f}",
}
HEADERS: dict[str, Callable[[str], str]] = {
    "same": str,
    "upper": str.upper,
    "spaced": lambda name: f" {name.replace('_', ' ').title()} ",
    "hyphens": lambda name: name.replace("_", "-"),
    "joined": lambda name: name.replace("_", ""),
}
IDS: dict[str, Callable[[str], object]] = {
    "same": str,
    "number": lambda text: int(text) if text.isdigit() else text,
    "decomposed": lambda text: unicodedata.normalize("NFD", text),
    "padded": lambda text: text.zfill(10),
    "spaced": lambda text: f"{text} ",
    "decimal": lambda text: f"{text}.0" if text.isdigit() else text,
}
NAMES = ["{:08}", "{}", "crème-{}", "A{}"]
DATES = ["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y%m%d", "%d/%m/%y", "%Y-%m-%dT%H:%M:%S-05:00"]
NAMED = ["%d %b %Y", "%d-%b-%y", "%B %d, %Y", "%y-%b-%d"]
UNIX = {"seconds": 1, "milliseconds": 1_000}


@dataclass(frozen=True)
class Export:
    """How one export is written.

    ``repeated`` rows of the sales are there again, they lie in so many ``files`` (0: ``sales.csv``) or in a database,
    whose columns hold text, ``decoy`` is whether another column may be the quantity by its name, ``sep`` whether a line
    for Excel comes first, and ``told`` whether the seller says how dates and numbers are written.
    """

    delimiter: str
    encoding: str
    date: str
    quantity: str
    price: str | None
    name: str
    stock_ids: str
    repeated: int
    files: int
    claimed: bool
    early_days: bool
    second_place: bool
    told: bool
    headers: str
    decoy: bool
    sep: bool
    database: bool


EXPORTS = st.builds(
    Export,
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    date=st.sampled_from([*DATES[:4], *DATES, *NAMED, *UNIX]),
    quantity=st.sampled_from(sorted(GROUPED)),
    price=st.sampled_from([None, *PRICES]),
    name=st.sampled_from(NAMES),
    stock_ids=st.sampled_from(["same", "same", *IDS]),
    repeated=st.sampled_from([0, 0, 5, 20, 60]),
    files=st.sampled_from([0, 0, 1, 3]),
    claimed=st.sampled_from([True, True, True, False]),
    early_days=st.sampled_from([False, False, False, True]),
    second_place=st.sampled_from([False, False, False, True]),
    told=st.booleans(),
    headers=st.sampled_from(["same", *HEADERS]),
    decoy=st.sampled_from([False, False, False, True]),
    sep=st.booleans(),
    database=st.sampled_from([False, False, True]),
)


def sold(export: Export, numbers: list[int]) -> pd.DataFrame:
    """What was really sold: sixty rows, none like another."""
    first = dt.date(2024, 1, 1)
    every = [first + dt.timedelta(days=day) for day in range(150)]
    days = [day for day in every if day.day <= 12] if export.early_days else every
    return pd.DataFrame(
        {
            "product_id": [export.name.format(number % 12 + 1) for number in range(60)],
            "sold_at": pd.to_datetime([days[number * 7 % len(days)] for number in range(60)]),
            "quantity": [1 + numbers[number % len(numbers)] + number for number in range(60)],
            "unit_price": [1.5 + number * 0.25 for number in range(60)],
        }
    )


def counted(export: Export) -> pd.DataFrame:
    """What was really on the shelf."""
    rows = [(export.name.format(item + 1), day, 100 - item - day.day) for item in range(12) for day in _count_days()]
    return pd.DataFrame(rows, columns=["product_id", "counted_on", "units_on_hand"])


def _count_days() -> list[dt.date]:
    return [dt.date(2024, 1, day) for day in range(1, 11)]


def write(folder: Path, export: Export, sales: pd.DataFrame, counts: pd.DataFrame) -> None:
    rows = pd.concat([sales, sales.head(export.repeated)])
    written = rows.assign(
        sold_at=dates(export, rows["sold_at"]),
        quantity=[GROUPED[export.quantity](number) for number in rows["quantity"]],
    )
    if export.price is None:
        written = written.drop(columns="unit_price")
    else:
        written["unit_price"] = [PRICES[export.price](price) for price in rows["unit_price"]]
    written.columns = pd.Index([HEADERS[export.headers](name) for name in written.columns])
    if export.decoy:
        written.insert(0, "quantity ", "7")
    (folder / "source.toml").write_text(said(export))
    write_sales(folder, export, written)
    ids: list[object] = [IDS[export.stock_ids](each) for each in counts["product_id"]]
    stock = counts.assign(product_id=pd.Series(ids))
    if export.second_place:
        stock = pd.concat([stock, stock.assign(units_on_hand=stock["units_on_hand"] + 40)])
    stock.to_parquet(folder / "inventory.parquet")


def dates(export: Export, sold_at: "pd.Series[pd.Timestamp]") -> "pd.Series[str]":
    if export.date in UNIX:
        return (sold_at.astype("datetime64[s]").astype("int64") * UNIX[export.date]).astype(str)
    return sold_at.dt.strftime(export.date)


def write_sales(folder: Path, export: Export, written: pd.DataFrame) -> None:
    if export.database:
        write_sqlite(folder / "shop.db", lines=written)
        return
    size = -(-len(written) // (export.files or 1))
    for number in range(export.files or 1):
        name = f"sales_{number}.csv" if export.files else "sales.csv"
        part = written.iloc[number * size : (number + 1) * size]
        first = f"sep={export.delimiter}\n" if export.sep else ""
        text = first + part.to_csv(index=False, sep=export.delimiter)
        (folder / name).write_text(text, encoding=export.encoding, newline="")


def said(export: Export) -> str:
    """What the seller's ``source.toml`` says of the sales."""
    lines = ["[sales]"]
    if export.database:
        lines = ["database = 'sqlite:///shop.db'", *lines, "query = 'select * from lines'"]
    elif export.files and export.claimed:
        lines.append('files = "sales_*.csv"')
    if export.told:
        lines += [] if export.database else [f'encoding = "{export.encoding}"']
        lines += [] if export.date in UNIX else [f"date_format = '{export.date.removesuffix('-05:00')}'"]
        signs = {export.quantity, (export.price or "plain").split(",")[0]} - {"plain", "space"}
        lines += ['decimal = ","'] if signs == {"comma"} else []
    return "\n".join(lines) + "\n"


def is_what_was_meant(history: CleanHistory, export: Export, sales: pd.DataFrame, counts: pd.DataFrame) -> bool:
    prices = sorted(sales["unit_price"]) if export.price else [None] * len(sales)
    if history.sales["unit_price"].sort().to_list() != prices:
        return False
    truth = {(product, day): float(units) for product, day, units in counts.itertuples(index=False)}
    read = {(product, day): units for product, day, units in history.counts.rows()}
    return units_read(history) == units_by_product_and_week(sales) and read == truth


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(EXPORTS, st.lists(st.integers(0, 2_000), min_size=1, max_size=9))
def test_an_export_is_read_as_meant_or_refused_or_warned_of(export: Export, numbers: list[int]) -> None:
    sales, counts = sold(export, numbers), counted(export)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "in"
        folder.mkdir()
        write(folder, export, sales, counts)
        try:
            history = ingest_generic(folder, quarantine_file=Path(name) / "q.parquet", max_bad_share=0)
        except DataError as error:
            event(type(error).__name__)
            return
    meant = is_what_was_meant(history, export, sales, counts)
    event(f"{'as meant' if meant else 'other'}, {'warned' if history.report.warnings else 'silent'}")
    assert meant or history.report.warnings


@given(EXPORTS, st.lists(st.integers(0, 2_000), min_size=1, max_size=9))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_an_export_in_one_form_that_tells_itself_is_read(export: Export, numbers: list[int]) -> None:
    """Forms of which the values show what they are are no reason to refuse."""
    price = None if export.price in ("three", "three, currency", "point, currencies") else export.price
    plain = Export(
        **{
            **vars(export),
            "date": "%d/%m/%Y" if export.date in ("%d/%m/%y", "%y-%b-%d", DATES[-1], *UNIX) else export.date,
            "quantity": (price or "plain").split(",")[0],
            "price": price,
            "encoding": "utf-8" if export.encoding == "cp1252" else export.encoding,
            "stock_ids": "same",
            "repeated": 0,
            "claimed": True,
            "second_place": False,
            "early_days": False,
            "told": False,
            "headers": "same" if export.headers == "joined" else export.headers,
            "decoy": False,
        }
    )
    sales, counts = sold(plain, numbers), counted(plain)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "in"
        folder.mkdir()
        write(folder, plain, sales, counts)
        history = ingest_generic(folder, quarantine_file=Path(name) / "q.parquet")
    assert is_what_was_meant(history, plain, sales, counts)
    assert not history.report.warnings
