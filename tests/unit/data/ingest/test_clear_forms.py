"""What another program writes clearly is read and said: names of columns, months by name, unix times, currencies."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from data.errors import AmbiguousFormatError, DataError, MissingColumnError, TooManyBadRowsError, UnreadableInputError
from tests.support.databases import write_queries, write_sqlite
from tests.support.exports import ingest, run_command, sales_frame, units_by_product_and_week, units_read
from tests.support.xlsx import write_xlsx

SALES = sales_frame()
TRUTH = units_by_product_and_week(SALES)
MONTHS = "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"
HEADERS = {"product_id": "Product ID", "sold_at": "SOLD_AT", "quantity": " Quantity ", "unit_price": "unit-price"}


def write(folder: Path, sales: pd.DataFrame, settings: str = "", first_line: str = "", delimiter: str = ",") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "sales.csv").write_text(first_line + sales.to_csv(index=False, sep=delimiter), encoding="utf-8")
    (folder / "source.toml").write_text(f"[sales]\n{settings}\n" if settings else "")
    return folder


def of_csv(folder: Path, sales: pd.DataFrame) -> None:
    sales.to_csv(folder / "sales.csv", index=False, sep=";")


def of_parquet(folder: Path, sales: pd.DataFrame) -> None:
    sales.to_parquet(folder / "sales.parquet")


def of_workbook(folder: Path, sales: pd.DataFrame) -> None:
    write_xlsx(folder / "sales.xlsx", {"Sales": sales})


def of_database(folder: Path, sales: pd.DataFrame) -> None:
    write_sqlite(folder / "shop.db", lines=sales.assign(SOLD_AT=sales["SOLD_AT"].astype(str)))
    write_queries(folder, "sqlite:///shop.db", sales="select * from lines")


@pytest.mark.parametrize("write_sales", [of_csv, of_parquet, of_workbook, of_database])
def test_names_that_differ_only_in_form_are_taken_and_said(
    tmp_path: Path, write_sales: Callable[[Path, pd.DataFrame], None]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write_sales(folder, SALES.rename(columns=HEADERS))
    history = ingest(folder)
    assert units_read(history) == TRUTH
    assert sorted(history.sales["unit_price"]) == sorted(SALES["unit_price"])
    assert not history.report.warnings
    for name, header in HEADERS.items():
        assert header.strip() in history.report.forms["sales"][name].split("'")[1]
    shown = run_command("check", folder)
    assert (shown.returncode, "product_id: the column 'Product ID'" in shown.stdout) == (0, True)


def test_names_in_the_source_file_are_compared_in_the_same_way(tmp_path: Path) -> None:
    sales = SALES.rename(columns={"product_id": "Art. No", "quantity": "PIECES"})
    history = ingest(write(tmp_path / "in", sales, 'product_id = "art. no"\nquantity = "Pieces"\nkey = ["sold-at"]'), 1)
    assert history.report.forms["sales"]["quantity"] == "the column 'PIECES'"


def test_a_column_of_exactly_the_name_is_no_other_one(tmp_path: Path) -> None:
    assert units_read(ingest(write(tmp_path / "in", SALES.assign(Quantity=7)))) == TRUTH
    both = SALES.assign(sold=SALES["quantity"]).rename(columns={"quantity": "Quantity"})
    with pytest.raises(MissingColumnError, match="lacks the column quantity"):
        ingest(write(tmp_path / "other", both, 'unit_price = "Quantity"'))


@pytest.mark.parametrize(
    ("names", "settings", "sentence"),
    [
        ({"quantity": "Quantity", "unit_price": "QUANTITY"}, "", "'Quantity' and 'QUANTITY', either of which may be"),
        ({"unit_price": "Unit Price", "quantity": "quantity"}, "", ""),
        (
            {"quantity": "Pieces"},
            'quantity = "pieces"\nunit_price = "PIECES"',
            "'Pieces', which may be pieces or PIECES",
        ),
    ],
)
def test_a_name_that_may_mean_two_is_refused(
    tmp_path: Path, names: dict[str, str], settings: str, sentence: str
) -> None:
    folder = write(tmp_path / "in", SALES.rename(columns=names), settings)
    if not sentence:
        assert units_read(ingest(folder)) == TRUTH
        return
    with pytest.raises(UnreadableInputError, match=sentence):
        ingest(folder)


@pytest.mark.parametrize(
    ("line", "delimiter"), [("sep=;\n", ";"), ('"SEP=|"\r\n', "|"), ("sep=\t\n", "\t"), ("sep=~\n", "~")]
)
def test_the_first_line_that_tells_excel_the_delimiter_is_no_header(tmp_path: Path, line: str, delimiter: str) -> None:
    history = ingest(write(tmp_path / "in", SALES, first_line=line, delimiter=delimiter))
    assert (units_read(history), history.report.items_total) == (TRUTH, len(SALES))
    with pytest.raises(DataError):
        ingest(write(tmp_path / "in", SALES, first_line="sep=,\n", delimiter=";"))


@pytest.mark.parametrize(
    "form", ["%d %b %Y", "%d-%b-%y", "%d-%b-%Y %H:%M:%S", "%b %d, %Y", "%B %d, %Y, %I:%M %p", "%d/%B/%Y", "%d%b%Y"]
)
def test_months_by_name_are_read(tmp_path: Path, form: str) -> None:
    history = ingest(write(tmp_path / "in", SALES.assign(sold_at=SALES["sold_at"].dt.strftime(form))))
    assert units_read(history) == TRUTH
    assert history.report.forms["sales"]["sold_at"].startswith("months by name (")


@pytest.mark.parametrize("form", ["{} de {} de {}", "{}-{:.3}-{}", "{}/{:.3}./{}"])
def test_months_by_portuguese_name_are_read(tmp_path: Path, form: str) -> None:
    sales = SALES.assign(sold_at=SALES["sold_at"] + pd.to_timedelta(SALES.index * 3, "D"))
    written = [form.format(day.day, MONTHS.split()[day.month - 1], day.year) for day in sales["sold_at"]]
    assert units_read(ingest(write(tmp_path / "in", sales.assign(sold_at=written)))) == units_by_product_and_week(sales)


def test_a_short_year_that_may_be_the_day_is_refused_until_a_setting_decides(tmp_path: Path) -> None:
    written = SALES.assign(sold_at=SALES["sold_at"].dt.strftime("%y-%b-%d"))
    with pytest.raises(
        AmbiguousFormatError, match=r'may begin with the day or with the year.*date_format = "%y-%b-%d"'
    ):
        ingest(write(tmp_path / "in", written))
    assert units_read(ingest(write(tmp_path / "in", written, 'date_format = "%y-%b-%d"'))) == TRUTH
    one_day = SALES.assign(sold_at="13-Jan-24")
    with pytest.raises(AmbiguousFormatError, match="may begin with the day"):
        ingest(write(tmp_path / "in", one_day))
    told = ingest(write(tmp_path / "in", one_day, 'date_order = "dmy"'))
    assert [str(day) for day in told.sales["sold_on"].unique()] == ["2024-01-13"]


@pytest.mark.parametrize("name", ["Xyz", "Januar", "mai\u0301"])
def test_a_month_of_another_language_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(TooManyBadRowsError, match="UNPARSABLE_TIME"):
        ingest(write(tmp_path / "in", SALES.assign(sold_at=f"13 {name} 2024")))


@pytest.mark.parametrize(("unit", "size"), [("seconds", 10**9), ("milliseconds", 10**6)])
@pytest.mark.parametrize("write_sales", [of_csv, of_parquet])
def test_unix_times_are_read_with_a_warning(
    tmp_path: Path, unit: str, size: int, write_sales: Callable[[Path, pd.DataFrame], None]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    numbers = SALES["sold_at"].astype("datetime64[ns]").astype("int64") // size
    write_sales(folder, SALES.assign(sold_at=numbers))
    history = ingest(folder, time_zone="UTC")
    assert units_read(history) == TRUTH
    (warning,) = history.report.warnings
    assert f"are numbers, read as {unit} since 1970: 17" in warning
    assert "is 2024-01-01 00:00:00 UTC" in warning
    moved = ingest(folder, time_zone="America/Sao_Paulo")
    assert str(moved.sales["sold_on"].min()) == "2023-12-31"


@pytest.mark.parametrize("value", [2024011310, 999_999_999, 2_100_000_000, 202401131059, 45304, 1704067200000000])
def test_other_numbers_are_no_times(tmp_path: Path, value: int) -> None:
    with pytest.raises(TooManyBadRowsError, match="UNPARSABLE_TIME"):
        ingest(write(tmp_path / "in", SALES.assign(sold_at=value)))


@pytest.mark.parametrize(
    ("form", "sign"),
    [
        ("R$ {:.2f}", "R$"),
        ("€{:.2f}", "€"),
        ("{:.2f} EUR", "EUR"),
        ("{:.2f}\u00a0€", "€"),
        ("${:,.2f}", "$"),
        ("US$ {:.2f}", "US$"),
        ("{:.2f} zł", "zł"),
    ],
)
@pytest.mark.parametrize("comma", [False, True])
def test_prices_with_their_currency_are_read(tmp_path: Path, form: str, sign: str, comma: bool) -> None:
    prices = SALES["unit_price"] * 1_000
    table = str.maketrans(",.", ".,") if comma else {}
    written = SALES.assign(unit_price=[form.format(price).translate(table) for price in prices])
    history = ingest(write(tmp_path / "in", written))
    assert sorted(history.sales["unit_price"]) == sorted(prices)
    assert history.report.forms["sales"]["unit_price"].startswith(f"in {sign} (")


def test_prices_of_two_currencies_are_refused(tmp_path: Path) -> None:
    written = SALES.assign(unit_price=[f"{'$' if number == 5 else '€'}{number}.50" for number in range(len(SALES))])
    with pytest.raises(AmbiguousFormatError, match=r"'\$5.50' \(row 6\) is of another currency than '€0.50'"):
        ingest(write(tmp_path / "in", written))


def test_a_price_with_its_currency_that_is_two_numbers_is_refused_as_it_stands(tmp_path: Path) -> None:
    with pytest.raises(AmbiguousFormatError, match=r"the unit_price '€ 1.040' \(row 1\) is 1.040 or 1040"):
        ingest(write(tmp_path / "in", SALES.assign(unit_price="€ 1.040", quantity=1)))


@pytest.mark.parametrize("value", ["12.50 apples", "12.50 EUROS", "€ twelve", "EUR", "50 %", "€€5"])
def test_what_is_no_price_with_a_currency_is_a_bad_row(tmp_path: Path, value: str) -> None:
    with pytest.raises(TooManyBadRowsError, match="UNPARSABLE_PRICE"):
        ingest(write(tmp_path / "in", SALES.assign(unit_price=value)))


def test_a_currency_beside_units_is_no_number(tmp_path: Path) -> None:
    with pytest.raises(TooManyBadRowsError, match="UNPARSABLE_QUANTITY"):
        ingest(write(tmp_path / "in", SALES.assign(quantity=[f"€{each}" for each in SALES["quantity"]])))
