"""An export in the shop's own form is read as pandas would read it when told, or refused; what is uncertain is said."""

from pathlib import Path

import pandas as pd
import pytest

from data.errors import AmbiguousFormatError, DataError, UnreadableInputError
from tests.support.exports import ingest, sales_frame, units_by_product_and_week, units_read


def german(number: float, decimals: int) -> str:
    return f"{number:,.{decimals}f}".translate(str.maketrans(",.", ".,"))


def in_german(sales: pd.DataFrame) -> pd.DataFrame:
    return sales.assign(
        sold_at=sales["sold_at"].dt.strftime("%d.%m.%Y"),
        quantity=[german(number, 0) for number in sales["quantity"]],
        unit_price=[german(number, 2) for number in sales["unit_price"]],
    )


def write(folder: Path, sales: pd.DataFrame, settings: str = "", delimiter: str = ",", encoding: str = "utf-8") -> Path:
    folder.mkdir(exist_ok=True)
    sales.to_csv(folder / "sales.csv", index=False, sep=delimiter, encoding=encoding)
    if settings:
        (folder / "source.toml").write_text(f"[sales]\n{settings}\n")
    return folder


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_any_delimiter_and_every_unicode_encoding_is_read_without_a_setting(
    tmp_path: Path, delimiter: str, encoding: str
) -> None:
    sales = sales_frame().replace({"product_id": {"p1": "käse,scharf", "p2": 'zoll 5"'}})
    history = ingest(write(tmp_path / "in", sales, delimiter=delimiter, encoding=encoding))
    assert units_read(history) == units_by_product_and_week(sales)
    assert not history.report.warnings


def test_decimal_commas_grouped_thousands_and_days_first_are_told_from_the_values(tmp_path: Path) -> None:
    sales = sales_frame()
    history = ingest(write(tmp_path / "in", in_german(sales), delimiter=";"))
    assert units_read(history) == units_by_product_and_week(sales)
    assert sorted(history.sales["unit_price"]) == sorted(sales["unit_price"])
    assert history.report.forms["sales"]["sold_at"].startswith("day first")
    assert history.report.forms["sales"]["unit_price"].startswith("decimal sign ,")


def test_american_dates_and_thousands_are_told_from_the_values(tmp_path: Path) -> None:
    sales = sales_frame()
    american = sales.assign(
        sold_at=sales["sold_at"].dt.strftime("%m/%d/%Y %I:%M %p"), quantity=[f"{each:,}" for each in sales["quantity"]]
    )
    history = ingest(write(tmp_path / "in", american))
    assert units_read(history) == units_by_product_and_week(sales)


@pytest.mark.parametrize(
    ("settings", "factor"), [('decimal = "."', 1), ('thousands = "."', 1_000), ('decimal = ","', 1_000)]
)
def test_three_digits_after_every_dot_are_refused_until_a_setting_decides(
    tmp_path: Path, settings: str, factor: int
) -> None:
    sales = sales_frame(rows=30).drop(columns="unit_price")
    quantities = ["1.040" if number % 3 else "5" for number in range(30)]
    folder = write(tmp_path / "in", sales.assign(quantity=quantities))
    with pytest.raises(AmbiguousFormatError) as caught:
        ingest(folder)
    for words in ("sales.csv", "'1.040' (row 2)", "1.040 or 1040", 'decimal = "." or thousands = "."', "[sales]"):
        assert words in str(caught.value)
    (folder / "source.toml").write_text(f"[sales]\n{settings}\n")
    truth = sales.assign(quantity=[1.04 * factor if each == "1.040" else 5.0 for each in quantities])
    assert units_read(ingest(folder)) == pytest.approx(units_by_product_and_week(truth))


@pytest.mark.parametrize(("order", "form"), [("dmy", "%d/%m/%Y"), ("mdy", "%m/%d/%Y")])
def test_dates_whose_days_are_all_below_thirteen_are_refused_until_a_setting_decides(
    tmp_path: Path, order: str, form: str
) -> None:
    sales = sales_frame()
    sales = sales[sales["sold_at"].dt.day <= 12]
    folder = write(tmp_path / "in", sales.assign(sold_at=sales["sold_at"].dt.strftime(form)))
    with pytest.raises(AmbiguousFormatError, match='date_order = "dmy" or date_order = "mdy"'):
        ingest(folder)
    (folder / "source.toml").write_text(f'[sales]\ndate_order = "{order}"\n')
    assert units_read(ingest(folder)) == units_by_product_and_week(sales)


@pytest.mark.parametrize("form", ["%Y/%m/%d", "%Y.%m.%d", "%Y%m%d"])
def test_dates_with_the_year_first_are_read_whatever_divides_them(tmp_path: Path, form: str) -> None:
    sales = sales_frame()
    history = ingest(write(tmp_path / "in", sales.assign(sold_at=sales["sold_at"].dt.strftime(form))))
    assert units_read(history) == units_by_product_and_week(sales)


def test_two_digits_for_the_year_are_refused_until_a_setting_decides(tmp_path: Path) -> None:
    sales = sales_frame()
    folder = write(tmp_path / "in", sales.assign(sold_at=sales["sold_at"].dt.strftime("%d/%m/%y")))
    with pytest.raises(AmbiguousFormatError, match="two digits for the year"):
        ingest(folder)
    (folder / "source.toml").write_text('[sales]\ndate_format = "%d/%m/%y"\n')
    assert units_read(ingest(folder)) == units_by_product_and_week(sales)


def test_dates_of_both_orders_in_one_column_are_refused(tmp_path: Path) -> None:
    sales = sales_frame()
    forms = ["%d/%m/%Y" if number % 2 else "%m/%d/%Y" for number in range(len(sales))]
    mixed = [each.strftime(form) for each, form in zip(sales["sold_at"], forms, strict=True)]
    with pytest.raises(AmbiguousFormatError, match="begins otherwise than"):
        ingest(write(tmp_path / "in", sales.assign(sold_at=mixed)))


def test_one_typing_error_does_not_decide_over_the_other_numbers(tmp_path: Path) -> None:
    sales = sales_frame(rows=300)
    quantities = ["1.040"] * 299 + ["0.5"]
    folder = write(tmp_path / "in", sales.assign(quantity=quantities).drop(columns="unit_price"))
    with pytest.raises(AmbiguousFormatError):
        ingest(folder)


def test_latin_1_is_a_guess_that_is_said_and_a_fact_when_it_is_set(tmp_path: Path) -> None:
    sales = sales_frame().replace({"product_id": {"p1": "käse", "p2": "crème"}})
    folder = write(tmp_path / "in", sales, encoding="cp1252")
    guessed = ingest(folder)
    assert units_read(guessed) == units_by_product_and_week(sales)
    assert "sales.csv is not UTF-8 and was read as cp1252 (Latin-1), e.g. 'käse'" in guessed.report.warnings[0]
    (folder / "source.toml").write_text('[sales]\nencoding = "cp1252"\n')
    told = ingest(folder)
    assert units_read(told) == units_by_product_and_week(sales)
    assert not told.report.warnings


def test_a_guess_about_a_file_every_week_is_said_once(tmp_path: Path) -> None:
    sales = sales_frame().replace({"product_id": {"p1": "käse", "p2": "crème"}})
    folder = write(tmp_path / "in", sales, encoding="cp1252")
    header, *lines = (folder / "sales.csv").read_text(encoding="cp1252").splitlines(keepends=True)
    (folder / "sales.csv").unlink()
    third = len(lines) // 3 + 1
    for number in range(3):
        of_file = lines[number * third : (number + 1) * third]
        (folder / f"week_{number}.csv").write_text("".join([header, *of_file]), encoding="cp1252")
    (folder / "source.toml").write_text('[sales]\nfiles = "week_*.csv"\n')
    (warning,) = ingest(folder).report.warnings
    assert warning.startswith("week_0.csv is not UTF-8")
    assert warning.endswith("; so were 2 more files of the table")


@pytest.mark.parametrize(("encoding", "name"), [("cp1251", "молоко"), ("shift_jis", "ミルク"), ("utf-16-le", "käse")])
def test_another_encoding_is_refused_and_never_taken_for_latin_1(tmp_path: Path, encoding: str, name: str) -> None:
    sales = sales_frame().replace({"product_id": {"p1": name}})
    with pytest.raises(UnreadableInputError, match="UTF-8"):
        ingest(write(tmp_path / "in", sales, encoding=encoding))


@pytest.mark.parametrize("settings", ['encoding = "utf-8"', 'delimiter = ";"', 'decimal = ","', 'date_order = "dmy"'])
def test_a_setting_that_the_file_does_not_keep_is_refused(tmp_path: Path, settings: str) -> None:
    sales = in_german(sales_frame()).replace({"product_id": {"p1": "käse"}})
    sales["sold_at"] = sales_frame()["sold_at"].dt.strftime("%m/%d/%Y")
    sales["unit_price"] = sales["unit_price"].str.replace(".", "").str.replace(",", ".")
    with pytest.raises(DataError):
        ingest(write(tmp_path / "in", sales, settings, encoding="cp1252"))


def test_a_line_break_within_quotation_marks_belongs_to_its_field(tmp_path: Path) -> None:
    sales = sales_frame()
    noted = sales.assign(note=["fine\nvery fine, too" if number % 5 == 0 else "" for number in range(len(sales))])
    history = ingest(write(tmp_path / "in", noted))
    assert units_read(history) == units_by_product_and_week(sales)
    assert history.report.items_total == len(sales)


def test_an_id_with_a_line_break_goes_to_quarantine_and_makes_no_other_product(tmp_path: Path) -> None:
    sales = sales_frame()
    broken = sales.assign(
        product_id=["A\nB" if number == 50 else each for number, each in enumerate(sales["product_id"])]
    )
    history = ingest(write(tmp_path / "in", broken), max_bad_share=0.05)
    assert units_read(history) == units_by_product_and_week(sales.drop(50))
    assert history.report.quarantined["sales"] == {"MALFORMED_ROW": 2}


def test_a_column_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", sales_frame())
    text = (folder / "sales.csv").read_text().replace("unit_price", "quantity", 1)
    (folder / "sales.csv").write_text(text)
    with pytest.raises(UnreadableInputError, match="the column quantity twice"):
        ingest(folder)
