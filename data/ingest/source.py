"""What a seller says of the files, in one small TOML file: a section per table, our name = the file's name, settings.

[sales]
files = "sales_*.csv"
product_id = ["warehouse", "sku"]
sold_at = "date"
date_order = "dmy"

``columns.toml`` is the older name of the same file.
"""

import codecs
import dataclasses
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data.errors import AmbiguousInputError, ColumnMapError
from data.ingest.content import read_content
from data.ingest.contracts import GENERIC, SALES, Column, Kind, Table
from data.ingest.database.url import check_url
from data.ingest.dialect.headers import plain
from data.ingest.reading import CHOICES, IDS_AS_THEY_STAND, OF_FILES, REFUSE, IdForm, Reading
from feature_service.json_record import RecordError, read_record

SOURCE_FILES = ("source.toml", "columns.toml")
FROM_INVENTORY = "from_inventory"


@dataclass(frozen=True)
class Source:
    """What the file says.

    Attributes:
        tables: The generic layout's tables with columns and files named as the seller's are.
        named: The tables that have a section.
        ids: What is done to ids.
        time_zone: IANA name of the zone of the seller's clock; None: not said.
        ignore: Files and patterns of the folder that are left out.
        database: URL of the seller's database, in which the queries run; None: not said.
        sales_from_inventory: Whether the seller wants falls of the counts to be taken as sales.
        digests: The SHA-256 of the file by its name; empty where there is none.
    """

    tables: tuple[Table, ...] = GENERIC
    named: frozenset[str] = frozenset()
    ids: IdForm = IDS_AS_THEY_STAND
    time_zone: str | None = None
    ignore: tuple[str, ...] = ()
    database: str | None = None
    sales_from_inventory: bool = False
    digests: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _General:
    """What the file says outside the tables' sections."""

    id: IdForm = IDS_AS_THEY_STAND
    time_zone: str | None = None
    ignore: tuple[str, ...] = ()
    database: str | None = None


_GENERAL = tuple(each.name for each in dataclasses.fields(_General))


def source_file(data_dir: Path, explicit: Path | None) -> Path | None:
    """The file that says how the others are read: the explicit one, else ``source.toml`` beside the data, else none.

    Raises:
        ColumnMapError: If the explicit file is not there.
        AmbiguousInputError: If it is there under both its names.
    """
    if explicit is not None and not explicit.is_file():
        raise ColumnMapError(f"there is no file {explicit} with names of columns")
    beside = tuple(path for name in SOURCE_FILES if (path := data_dir / name).is_file())
    if explicit is None and len(beside) > 1:
        raise AmbiguousInputError(beside)
    return explicit or (beside[0] if beside else None)


def read_source(path: Path | None) -> Source:
    """Read the file.

    Args:
        path: The TOML file; None: the files and columns have our names.
    Raises:
        ColumnMapError: If the file cannot be read, or says what cannot be meant.
        ChangedInputError: If it was written to while it was read.
        InputTooLargeError: If it holds more than is read of one file.
    """
    if path is None:
        return Source()
    try:
        content = read_content(path)
    except OSError as error:
        raise ColumnMapError(f"{path} cannot be read: {error.strerror}") from error
    sections = _parse(path, content.data)
    general: dict[str, Any] = {name: sections.pop(name) for name in _GENERAL if name in sections}
    said = _general(path, general)
    from_inventory = sections.get(SALES.name) == FROM_INVENTORY
    if from_inventory:
        del sections[SALES.name]
    known = {table.name: table for table in GENERIC}
    if unknown := sorted(set(sections) - set(known)):
        raise ColumnMapError(f"{path}: there is no table {', '.join(unknown)}; there is {', '.join(known)}")
    tables = tuple(_map_table(table, sections.get(table.name, {}), path) for table in GENERIC)
    _check_queries(path, tables, said.database)
    digests = {path.name: content.sha256}
    named = frozenset(sections)
    return Source(tables, named, said.id, said.time_zone, said.ignore, said.database, from_inventory, digests)


def _check_queries(path: Path, tables: Sequence[Table], database: str | None) -> None:
    queries = [table for table in tables if table.reading.query]
    if database is not None:
        check_url(path, database)
    if queries and database is None:
        raise ColumnMapError(
            f"{path}: {queries[0].name}.query needs a database: say at the top of the file "
            'database = "postgresql://user@host/name" or "sqlite:///shop.db"'
        )
    if database is not None and not queries:
        raise ColumnMapError(f'{path}: database is said, but no table has a query: say query = "select …" in [sales]')
    for table in queries:
        if name := next((name for name in OF_FILES if getattr(table.reading, name)), None):
            raise ColumnMapError(f"{path}: {table.name} has a query, so {name} says nothing: take one of them out")


def _parse(path: Path, content: bytes) -> dict[str, Any]:
    try:
        parsed = tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ColumnMapError(f"{path} is no TOML: {error}") from error
    plain: dict[str, Any] = json.loads(json.dumps(parsed, default=str))  # TOML has dates, records have none
    return plain


def _general(path: Path, values: dict[str, Any]) -> _General:
    said: _General = _record(_General, _listed(values, "ignore"), f"{path}: ")
    if said.id.unicode not in (None, "NFC"):
        raise ColumnMapError(f'{path}: id.unicode must be "NFC", not {said.id.unicode!r}')
    if not 0 <= said.id.min_join_share <= 1:
        raise ColumnMapError(f"{path}: id.min_join_share must lie between 0 and 1, not {said.id.min_join_share}")
    if not 0 <= said.id.zero_pad <= 100:
        raise ColumnMapError(f"{path}: id.zero_pad must lie between 0 and 100, not {said.id.zero_pad}")
    return said


def _record(kind: type[Any], values: dict[str, Any], where: str) -> Any:
    try:
        return read_record(kind, values)
    except RecordError as error:
        raise ColumnMapError(f"{where}{error}") from error


def _listed(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The same with a list where one text stands alone."""
    return {name: [each] if name in names and isinstance(each, str) else each for name, each in values.items()}


def _map_table(table: Table, section: object, path: Path) -> Table:
    if not isinstance(section, Mapping):
        other = f', or sales = "{FROM_INVENTORY}" must be said' if table is SALES else ""
        raise ColumnMapError(f"{path}: {table.name} must be a section of its own, [{table.name}]{other}")
    names = [column.name for column in table.columns]
    settings = [each.name for each in dataclasses.fields(Reading)]
    for name in section:
        if name not in names and name not in settings:
            raise ColumnMapError(
                f"{path}: the table {table.name} has no column {name}; on the left side stands one of "
                f"{', '.join(names)}, or a setting: {', '.join(settings)}"
            )
    reading = _reading(table, {name: section[name] for name in settings if name in section}, path)
    columns = tuple(_map_column(table, column, section.get(column.name), path) for column in table.columns)
    headers = [column.header for column in columns if column.name in section or not column.optional]
    if twice := next((header for header in headers if headers.count(header) > 1), None):
        both = " and ".join(column.name for column in columns if column.header == twice)
        raise ColumnMapError(
            f"{path}: {table.name} reads {both} from the same column {twice}: name another one of them"
        )
    if reading.returns != REFUSE:
        kind = {Kind.QUANTITY: Kind.NET_QUANTITY}
        columns = tuple(dataclasses.replace(each, kind=kind.get(each.kind, each.kind)) for each in columns)
    ours = {plain(header): header for column in columns for header in column.headers}
    key = reading.key and tuple(
        ours.get(plain(name), name) for name in reading.key
    )  # the same column, written otherwise
    return dataclasses.replace(table, columns=columns, reading=dataclasses.replace(reading, key=key))


def _reading(table: Table, values: dict[str, Any], path: Path) -> Reading:
    where = f"{path}: {table.name}."
    reading: Reading = _record(Reading, _listed(values, "files", "key"), where)
    for name, choices in CHOICES.items():
        value = getattr(reading, name)
        if value is not None and value not in choices:
            raise ColumnMapError(f"{where}{name} must be one of {', '.join(map(repr, choices))}, not {value!r}")
    for name in ("delimiter", "quote"):
        value = getattr(reading, name)
        if value is not None and (len(value) != 1 or not value.isascii()):
            raise ColumnMapError(f"{where}{name} must be one character, not {value!r}")
    if reading.decimal is not None and reading.decimal == reading.thousands:
        raise ColumnMapError(f"{where}decimal and {table.name}.thousands must differ, both are {reading.decimal!r}")
    _check_encoding(reading.encoding or "utf-8", where)
    _check_date_format(reading.date_format or "", where)
    of_sales = {"key": reading.key, "returns": values.get("returns"), "replaces": reading.replaces}
    if table.name != SALES.name and (said := [name for name, value in of_sales.items() if value is not None]):
        raise ColumnMapError(f"{where}{said[0]} is a setting of the table sales alone")
    if reading.key and reading.replaces:
        raise ColumnMapError(f"{where}replaces is for lines without a key; a line with one replaces that of its key")
    return reading


def _check_date_format(pattern: str, where: str) -> None:
    if "%z" in pattern:
        raise ColumnMapError(
            f"{where}date_format cannot hold %z: write times with an offset as 2024-01-13T12:00:00-03:00"
        )


def _check_encoding(name: str, where: str) -> None:
    try:
        codecs.lookup(name)
        "a".encode(name)
    except LookupError as error:
        raise ColumnMapError(f"{where}encoding is {name!r}, which is none: name one like cp1252") from error


def _map_column(table: Table, column: Column, in_file: object, path: Path) -> Column:
    if in_file is None:
        return column
    if column.kind is Kind.ID and isinstance(in_file, Sequence) and not isinstance(in_file, str):
        if len(in_file) > 1 and all(isinstance(each, str) and each for each in in_file):
            return dataclasses.replace(column, name_in_file="-".join(in_file), parts_in_file=tuple(in_file))
    elif isinstance(in_file, str) and in_file:
        return dataclasses.replace(column, name_in_file=in_file)
    several = ', nor a list of several such as ["warehouse", "sku"]' if column.kind is Kind.ID else ""
    raise ColumnMapError(
        f"{path}: {table.name}.{column.name} must be the name of a column in quotes, "
        f"not {json.dumps(in_file)[:80]}{several}"
    )
