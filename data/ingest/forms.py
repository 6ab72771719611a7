"""How a table writes dates and numbers, column by column: as the seller says, or as the values show."""

import polars as pl

from data.errors import AmbiguousFormatError
from data.ingest.contracts import Kind, Table
from data.ingest.dialect.dates import DateForm, UncertainDate, date_form
from data.ingest.dialect.numbers import NumberForm, UncertainNumber
from data.ingest.dialect.numbers import number_forms as forms_of_numbers
from data.ingest.read import RawTable

NUMBERS = (Kind.PRICE, Kind.QUANTITY, Kind.NET_QUANTITY, Kind.COUNT, Kind.LEAD_TIME)
TIMES = (Kind.TIME, Kind.DAY, Kind.WEEK)


def date_forms(raw: RawTable, table: Table, texts: pl.DataFrame) -> dict[str, DateForm]:
    """The form of each column of dates, by our name.

    Raises:
        AmbiguousFormatError: If its dates can be read in two ways.
    """
    reading, forms = table.reading, {}
    for column in table.columns:
        if column.kind in TIMES and column.header not in raw.typed:
            form = date_form(texts[column.name], order=reading.date_order, pattern=reading.date_format)
            if isinstance(form, UncertainDate):
                place = raw.first_row_with(column.header, form.text)
                way_out = _say(table, ('date_order = "dmy"', 'date_order = "mdy"'), "write dates as 2024-01-13")
                raise AmbiguousFormatError(raw.path, column.header, form.text, place, form.problem, way_out)
            forms[column.name] = form
    return forms


def number_forms(raw: RawTable, table: Table, texts: pl.DataFrame) -> dict[str, NumberForm]:
    """The form of each column of numbers, by our name.

    Raises:
        AmbiguousFormatError: If its numbers can be read in two ways.
    """
    columns = {
        column.name: texts[column.name]
        for column in table.columns
        if column.kind in NUMBERS and column.header not in raw.typed
    }
    forms = forms_of_numbers(columns, table.reading.decimal_sign)
    if isinstance(forms, UncertainNumber):
        header = next(column.header for column in table.columns if column.name == forms.column)
        sign = "." if "." in forms.text else ","
        problem = (
            f"is {forms.text.replace(sign, '.')} or {forms.text.replace(sign, '')}, and no other value tells which"
        )
        settings = (f'decimal = "{sign}"', f'thousands = "{sign}"')
        way_out = _say(table, settings, "write numbers without grouping thousands, and with a point")
        place = raw.first_row_with(header, forms.text)
        raise AmbiguousFormatError(raw.path, header, forms.text, place, problem, way_out)
    return forms


def _say(table: Table, settings: tuple[str, str], otherwise: str) -> str:
    """What the seller can do: only the generic layout has settings."""
    generic = table.name == table.stem
    return f"say {' or '.join(settings)} in the section [{table.name}] of source.toml" if generic else otherwise
