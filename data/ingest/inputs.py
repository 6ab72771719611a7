"""Finding a seller's files by their names."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from data.errors import AmbiguousInputError, MissingInputError
from data.ingest.contracts import Table

ENDINGS = (".csv", ".csv.gz", ".parquet")


def find_inputs(data_dir: Path, tables: Iterable[Table], endings: Sequence[str] = ENDINGS) -> dict[str, Path]:
    """The file of each table, by the table's name; an optional table that is not there is left out.

    Raises:
        MissingInputError: If the folder or a required file is not there.
        AmbiguousInputError: If a table is there in two formats.
    """
    if not data_dir.is_dir():
        raise MissingInputError(f"there is no folder {data_dir}: name the folder that holds the input files")
    found: dict[str, Path] = {}
    for table in tables:
        paths = tuple(path for ending in endings if (path := data_dir / f"{table.stem}{ending}").is_file())
        if len(paths) > 1:
            raise AmbiguousInputError(paths)
        if paths:
            found[table.name] = paths[0]
        elif table.required:
            names = " or ".join(f"{table.stem}{ending}" for ending in endings)
            raise MissingInputError(f"{data_dir} holds no {names}")
    return found
