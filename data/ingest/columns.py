"""What a seller's files call the columns: one small TOML file, a section per table, our name = the file's name.

[inventory]
product_id = "sku"
units_on_hand = "qty"
"""

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data.errors import ColumnMapError
from data.ingest.content import read_content
from data.ingest.contracts import GENERIC, Table

COLUMNS_FILE = "columns.toml"


def column_map_file(data_dir: Path, explicit: Path | None) -> Path | None:
    """The file that maps columns: the explicit one, else ``columns.toml`` beside the data, else none.

    Raises:
        ColumnMapError: If the explicit file is not there.
    """
    if explicit is not None and not explicit.is_file():
        raise ColumnMapError(f"there is no file {explicit} with names of columns")
    beside = data_dir / COLUMNS_FILE
    return explicit or (beside if beside.is_file() else None)


@dataclass(frozen=True)
class ColumnMap:
    """What the file says.

    Attributes:
        tables: The generic layout's tables with the columns named as in the seller's files.
        digests: The SHA-256 of the file by its name; empty where there is none.
    """

    tables: tuple[Table, ...] = GENERIC
    digests: Mapping[str, str] = field(default_factory=dict)


def read_column_map(path: Path | None) -> ColumnMap:
    """Read the file.

    Args:
        path: The TOML file; None: the columns have our names.
    Raises:
        ColumnMapError: If the file cannot be read, or names a table or a column that does not exist.
        ChangedInputError: If it was written to while it was read.
        InputTooLargeError: If it holds more than is read of one file.
    """
    if path is None:
        return ColumnMap()
    try:
        content = read_content(path)
    except OSError as error:
        raise ColumnMapError(f"{path} cannot be read: {error.strerror}") from error
    return ColumnMap(_map_tables(path, content.data), {path.name: content.sha256})


def _map_tables(path: Path, content: bytes) -> tuple[Table, ...]:
    sections = _parse(path, content)
    known = {table.name: table for table in GENERIC}
    if unknown := sorted(set(sections) - set(known)):
        raise ColumnMapError(f"{path}: there is no table {', '.join(unknown)}; there is {', '.join(known)}")
    return tuple(_map_columns(table, sections.get(table.name, {}), path) for table in GENERIC)


def _parse(path: Path, content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ColumnMapError(f"{path} is no TOML: {error}") from error


def _map_columns(table: Table, names: object, path: Path) -> Table:
    if not isinstance(names, Mapping):
        raise ColumnMapError(f"{path}: {table.name} must be a section of its own, [{table.name}]")
    ours = [column.name for column in table.columns]
    for name, in_file in names.items():
        if name not in ours:
            raise ColumnMapError(
                f"{path}: the table {table.name} has no column {name}; on the left side stands one of {', '.join(ours)}"
            )
        if not isinstance(in_file, str) or not in_file:
            raise ColumnMapError(f"{path}: {table.name}.{name} must be the name of a column in quotes, not {in_file!r}")
    columns = tuple(dataclasses.replace(column, name_in_file=names.get(column.name, "")) for column in table.columns)
    return dataclasses.replace(table, columns=columns)
