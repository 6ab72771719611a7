"""Which files of a folder belong to which table, and which to none: a file that nobody reads is named, or refused."""

import dataclasses
import fnmatch
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from data.errors import MissingInputError, UnclaimedFileError
from data.ingest.contracts import INVENTORY, SALES, Table
from data.ingest.database.results import Database
from data.ingest.inputs import ENDINGS, find_inputs
from data.ingest.source import FROM_INVENTORY, SOURCE_FILES, Source

_TABULAR = (".csv", ".csv.gz", ".parquet", ".xlsx", ".xls", ".tsv", ".txt", ".tab", ".dat", ".json", ".jsonl", ".zip")
_OTHER_ENDINGS = re.compile(r"(\.(csv|gz|parquet|xlsx?|tsv|txt|tab|dat|jsonl?|zip))+$")


@dataclass(frozen=True)
class Folder:
    """The files of a data folder.

    Attributes:
        data_dir: The folder.
        claimed: The files of each table, by the table's name, in the order of their names.
        unclaimed: Files of tables, by their endings, that no table reads.
        ignored: Those that the seller leaves out.
        database: In which other tables are queries; None: there are none such.
    """

    data_dir: Path
    claimed: Mapping[str, tuple[Path, ...]]
    unclaimed: tuple[Path, ...]
    ignored: tuple[Path, ...]
    database: Database | None = None

    @property
    def tables(self) -> frozenset[str]:
        """The names of the tables that are there, in files or in the database."""
        return frozenset(self.claimed) | {name for name, _ in (self.database.queries if self.database else ())}

    def name(self, path: Path) -> str:
        """A file's name within the folder."""
        return path.relative_to(self.data_dir).as_posix()

    def check(self, source: Source) -> tuple[str, ...]:
        """Refuse files that look like a table's and are not read; name the others.

        Raises:
            UnclaimedFileError: If a file looks like a table's, or like sales where no sales are read.
            MissingInputError: If there is neither sales nor inventory, or a table that is named has no file.
        """
        for table in source.tables:
            if table.name in source.named and table.name not in self.tables:
                raise MissingInputError(
                    f"[{table.name}] is a section of {'and '.join(source.digests)}, but {self.data_dir} holds no "
                    f'{table.stem}.csv: add it, name its file with files = "…", or take the section out'
                )
            self._check_unclaimed(table, source)
        if SALES.name not in self.tables and self.unclaimed and not source.sales_from_inventory:
            names = ", ".join(path.name for path in self.unclaimed[:3])
            raise MissingInputError(
                f"{self.data_dir} holds no sales that are known as such, but {names}: name the file of the sales in "
                f'source.toml, [sales] files = "{self.unclaimed[0].name}", or say sales = "{FROM_INVENTORY}" at its '
                "top, so that falls of the stock are taken as sales"
            )
        if not {SALES.name, INVENTORY.name} & self.tables:
            raise MissingInputError(
                f"{self.data_dir} holds neither sales nor inventory: one of sales.csv and inventory.csv"
            )
        return self._warnings(source)

    def check_delivery(self, source: Source) -> tuple[str, ...]:
        """The same for files that add to a history, where any table may be missing.

        Raises:
            UnclaimedFileError: If a file looks like a table's and is not read.
        """
        for table in source.tables:
            self._check_unclaimed(table, source)
        return self._unread()

    def without(self, paths: Collection[Path]) -> "Folder":
        """The folder as if it did not hold some of its tables' files."""
        left = {name: tuple(path for path in files if path not in paths) for name, files in self.claimed.items()}
        return dataclasses.replace(self, claimed={name: files for name, files in left.items() if files})

    def _check_unclaimed(self, table: Table, source: Source) -> None:
        if table.name not in self.tables:
            for folder in sorted(path for path in self.data_dir.iterdir() if path.is_dir() and resembles(path, table)):
                inside = next((path for path in sorted(folder.rglob("*")) if is_tabular(path)), None)
                if inside and not any(fnmatch.fnmatch(folder.name, each) for each in source.ignore):
                    depth = len(inside.relative_to(folder).parts)
                    pattern = "/".join([folder.name, *["*"] * depth])
                    raise UnclaimedFileError(self.data_dir, self.name(inside), table.name, pattern, folder.name)
        for path in () if table.name == SALES.name and source.sales_from_inventory else self.unclaimed:
            if resembles(path, table):
                raise UnclaimedFileError(self.data_dir, path.name, table.name)

    def _unread(self) -> tuple[str, ...]:
        return tuple(
            f"{path.name} is read by no table: name its table in source.toml, or ignore it there"
            for path in self.unclaimed
        )

    def _warnings(self, source: Source) -> tuple[str, ...]:
        unread = list(self._unread())
        if SALES.name not in self.tables and not source.sales_from_inventory:
            unread.append(
                "there are no sales, so falls of the stock are taken for them: "
                f'say sales = "{FROM_INVENTORY}" at the top of source.toml if that is meant'
            )
        return tuple(unread)


def find_files(data_dir: Path, source: Source, *, of_delivery: bool = False) -> Folder:
    """The files of every table.

    Args:
        data_dir: The folder.
        source: What the seller says of it.
        of_delivery: Whether files that are named may be missing, since they were delivered before.
    Raises:
        MissingInputError: If the folder is not there, or a file that is named.
        AmbiguousInputError: If a table is there in two formats.
    """
    by_name = [table for table in source.tables if not table.reading.files and not table.reading.query]
    if source.sales_from_inventory:
        by_name = [table for table in by_name if table.name != SALES.name]
    claimed: dict[str, tuple[Path, ...]] = {
        name: (path,) for name, path in find_inputs(data_dir, by_name, (*ENDINGS, ".xlsx")).items()
    }
    for table in source.tables:
        if table.reading.files:
            claimed[table.name] = _named(data_dir, table, required=not of_delivery)
    claimed = {name: paths for name, paths in claimed.items() if paths}
    _check_once(claimed)
    taken = {path for paths in claimed.values() for path in paths}
    others = [path for path in sorted(data_dir.iterdir()) if path not in taken and is_tabular(path)]
    ignored = tuple(path for path in others if any(fnmatch.fnmatch(path.name, each) for each in source.ignore))
    unclaimed = tuple(path for path in others if path not in ignored)
    return Folder(data_dir, claimed, unclaimed, ignored, _database(data_dir, source))


def _database(data_dir: Path, source: Source) -> Database | None:
    queries = tuple((table.name, table.reading.query) for table in source.tables if table.reading.query)
    return Database(source.database, data_dir, queries) if source.database else None


def _named(data_dir: Path, table: Table, *, required: bool) -> tuple[Path, ...]:
    found: set[Path] = set()
    for name in table.reading.files:
        if name.startswith("/") or ".." in Path(name).parts:
            raise MissingInputError(f"{table.name}.files names {name!r}, which must lie within {data_dir}")
        paths = [data_dir / name] if (data_dir / name).is_file() else _glob(data_dir, name)
        paths = [inner for path in paths for inner in (path.iterdir() if path.is_dir() else [path])]
        paths = [
            path for path in paths if path.is_file() and not path.name.startswith(".") and path.name not in SOURCE_FILES
        ]
        if not paths and required:
            raise MissingInputError(f"{data_dir} holds no {name}, which source.toml names for the table {table.name}")
        found.update(paths)
    return tuple(sorted(found))


def _glob(data_dir: Path, pattern: str) -> list[Path]:
    try:
        return sorted(data_dir.glob(pattern))
    except (ValueError, NotImplementedError):  # no pattern
        return []


def _check_once(claimed: Mapping[str, tuple[Path, ...]]) -> None:
    owner: dict[Path, str] = {}
    for name, paths in claimed.items():
        for path in paths:
            if path in owner:
                raise MissingInputError(f"{path} is named for two tables, {owner[path]} and {name}: it can be of one")
            owner[path] = name


def is_tabular(path: Path) -> bool:
    """Whether a file may hold a table, by its name."""
    name = path.name.lower()
    return (
        path.is_file() and name.endswith(_TABULAR) and not name.startswith(("readme", ".")) and name not in SOURCE_FILES
    )


def resembles(path: Path, table: Table) -> bool:
    """Whether a file's name begins or ends with the table's, whatever the case: sales_2024-01.csv, Sales.csv."""
    stem = _OTHER_ENDINGS.sub("", path.name.lower())
    words = re.split(r"[^a-z]+", stem)
    own = table.stem.split("_")
    return any(words[start : start + len(own)] == own for start in range(len(words)))
