"""How a table writes dates and numbers, column by column: as the seller says, or as the values show."""

import dataclasses
from collections.abc import Iterator, Mapping

import polars as pl

from data.errors import AmbiguousFormatError
from data.ingest.contracts import Kind, Table
from data.ingest.csv_file import ROW_NUMBER
from data.ingest.dialect.currencies import Currency, UncertainCurrency, currency_of, without_currency
from data.ingest.dialect.dates import DateForm, UncertainDate, date_form, is_iso, to_iso
from data.ingest.dialect.numbers import NumberForm, UncertainNumber
from data.ingest.dialect.numbers import number_forms as forms_of_numbers
from data.ingest.read import RawTable

NUMBERS = (Kind.PRICE, Kind.QUANTITY, Kind.NET_QUANTITY, Kind.COUNT, Kind.LEAD_TIME, Kind.ABOVE_ZERO, Kind.SHARE)
TIMES = (Kind.TIME, Kind.DAY, Kind.WEEK)


def date_forms(raw: RawTable, table: Table, texts: pl.DataFrame) -> dict[str, DateForm]:
    """The form of each column of dates, by our name.

    Raises:
        AmbiguousFormatError: If its dates can be read in two ways.
    """
    reading, forms = table.reading, {}
    for column in table.columns:
        if column.kind not in TIMES or (column.header in raw.typed and is_iso(texts[column.name])):
            continue
        form = date_form(texts[column.name], order=reading.date_order, pattern=reading.date_format)
        if isinstance(form, UncertainDate):
            place = raw.first_row_with(column.header, form.text)
            way_out = _say(table, form.settings, "write dates as 2024-01-13")
            raise AmbiguousFormatError(raw.path, column.header, form.text, place, form.problem, way_out)
        forms[column.name] = form
    return forms


def unix_warnings(raw: RawTable, table: Table, texts: pl.DataFrame, forms: Mapping[str, DateForm]) -> Iterator[str]:
    """What is taken for times since 1970: numbers could be something else."""
    for column in table.columns:
        if (form := forms.get(column.name)) and form.unix:
            first = texts[column.name].drop_nulls().head(1)
            yield (
                f"the {column.header} of {raw.path.name} are numbers, read as {form.unix} since 1970: {first[0]} is "
                f"{to_iso(first, form)[0][:19]} UTC; write dates as 2024-01-13 if they are something else"
            )


def number_forms(raw: RawTable, table: Table, texts: pl.DataFrame) -> dict[str, NumberForm]:
    """The form of each column of numbers, by our name.

    Raises:
        AmbiguousFormatError: If its numbers can be read in two ways, or are of two currencies.
    """
    columns = {
        column.name: texts[column.name]
        for column in table.columns
        if column.kind in NUMBERS and column.header not in raw.typed
    }
    currencies = _currencies(raw, table, columns)
    plain = {name: pl.select(without_currency(pl.lit(columns[name]))).to_series() for name in currencies}
    forms = forms_of_numbers(columns | plain, table.reading.decimal_sign)
    if isinstance(forms, UncertainNumber):
        raise _refusal(raw, table, texts, forms, (columns | plain)[forms.column])
    for name, currency in currencies.items():
        evidence = "; ".join(each for each in (f"in {currency.sign} ({currency.text})", forms[name].evidence) if each)
        forms[name] = dataclasses.replace(forms[name], evidence=evidence, has_currency=True)
    return forms


def _currencies(raw: RawTable, table: Table, columns: Mapping[str, pl.Series]) -> dict[str, Currency]:
    """That of each column of prices that has one."""
    found = {}
    for column in table.columns:
        if column.kind is not Kind.PRICE or column.name not in columns:
            continue
        currency = currency_of(columns[column.name])
        if isinstance(currency, UncertainCurrency):
            place = raw.first_row_with(column.header, currency.text)
            problem = f"is of another currency than {currency.other!r} of the same column"
            way_out = "write all prices in one currency"
            raise AmbiguousFormatError(raw.path, column.header, currency.text, place, problem, way_out)
        if currency is not None:
            found[column.name] = currency
    return found


def _refusal(
    raw: RawTable, table: Table, texts: pl.DataFrame, number: UncertainNumber, plain: pl.Series
) -> AmbiguousFormatError:
    header = next(column.header for column in table.columns if column.name == number.column)
    sign = "." if "." in number.text else ","
    problem = f"is {number.text.replace(sign, '.')} or {number.text.replace(sign, '')}, and no other value tells which"
    settings = (f'decimal = "{sign}"', f'thousands = "{sign}"')
    way_out = _say(table, settings, "write numbers without grouping thousands, and with a point")
    row = texts.filter(plain == number.text).row(0, named=True)
    return AmbiguousFormatError(raw.path, header, row[number.column], raw.where(row[ROW_NUMBER]), problem, way_out)


def _say(table: Table, settings: tuple[str, str], otherwise: str) -> str:
    """What the seller can do: only the generic layout has settings."""
    generic = table.name == table.stem
    return f"say {' or '.join(settings)} in the section [{table.name}] of source.toml" if generic else otherwise
