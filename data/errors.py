"""The errors of this package: what can be wrong with a seller's files, or with a setting.

StockoutError
└── DataError
    ├── OutputFileError          a file that was asked for cannot be written
    ├── MissingInputError        a folder or a file is not there
    ├── AmbiguousInputError      the same table is there in two formats
    ├── UnclaimedFileError       a file of the folder looks like a table and is not read
    ├── AmbiguousFormatError     dates or numbers can be read in two ways
    ├── FewJoinsError            the ids of two tables, or of one product, do not meet
    ├── RepeatedRowsError        a file, or a part of it, is there twice
    ├── TwoCountsError           several counts of one product and day
    ├── MissingColumnError       a file lacks a column of the contract
    ├── ColumnMapError           the file that maps column names is wrong
    ├── UnreadableInputError     a file is damaged, or is not what its name says
    ├── InputTooLargeError       a file holds more than is read of one
    ├── DatabaseError            a database cannot be reached, or refuses a query
    ├── ChangedInputError        a file was written to or replaced while it was read
    ├── DecimalIdError           ids became decimal numbers, so that they cannot be told apart or joined
    ├── EmptyInputError          a file without rows, or no row that counts as a sale
    ├── TooManyBadRowsError      more rows in quarantine than allowed
    ├── IngestSettingError       a setting of the ingest is not valid
    ├── AsOfOutsideDataError     the history does not reach that week
    ├── PanelFileError           a stored panel or ingest result cannot be read
    ├── HistoryError             the history cannot be read or written
    ├── DeliveryError            files, or events, contradict the history that they would add to
    ├── EventClashError          an event's id was recorded with other values
    ├── StateError               the database of the state cannot be used
    └── …                        see data.plans.errors
"""

import datetime as dt
from pathlib import Path

from feature_service.kernel import StockoutError
from feature_service.terminal import visible


class DataError(StockoutError):
    """Something is wrong with the input data, or with a setting.

    The sentence may quote a file, so nothing in it steers a terminal.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(visible(sentence))


class OutputFileError(DataError):
    """A file that was asked for cannot be written."""


class MissingInputError(DataError):
    """A folder or a file is not there."""


class AmbiguousInputError(DataError):
    """The same table is there more than once."""

    def __init__(self, paths: tuple[Path, ...]) -> None:
        self.paths = paths
        names = " and ".join(path.name for path in paths)
        super().__init__(f"{paths[0].parent} holds {names}, which are the same table: keep one of them")


class UnclaimedFileError(DataError):
    """A file of the data folder looks like a table's, and no table reads it."""

    def __init__(self, data_dir: Path, name: str, table: str, pattern: str = "", ignored: str = "") -> None:
        self.data_dir, self.name, self.table = data_dir, name, table
        super().__init__(
            f"{data_dir} holds {name}, which looks like {table} and is not read: name it in source.toml beside it, "
            f'[{table}] files = "{pattern or name}", or leave it out there, ignore = "{ignored or name}"'
        )


class AmbiguousFormatError(DataError):
    """A date or a number can be read in two ways.

    Attributes:
        column: As the file calls it.
        text: The value.
    """

    def __init__(self, path: Path, column: str, text: str, place: str, problem: str, way_out: str) -> None:
        self.path, self.column, self.text = path, column, text
        super().__init__(f"{path}: the {column} {text!r} ({place}) {problem}: {way_out}")


class FewJoinsError(DataError):
    """Too few ids of one table are in another, or ids of one product differ in their form."""


class RepeatedRowsError(DataError):
    """A file, or a part of it, is there twice."""


class TotalRowsError(DataError):
    """A file holds rows that add up all others, as if they were a product."""

    def __init__(self, path: Path, name: str) -> None:
        super().__init__(
            f"the product {name!r} of {path} has about as many units as all others together: leave the lines that add "
            "up others out of the file"
        )


class TwoCountsError(DataError):
    """A product has several counts on one day that differ, as if it were counted in several places."""


class MissingColumnError(DataError):
    """A file lacks columns of its contract."""

    def __init__(self, path: Path, missing: tuple[str, ...], found: tuple[str, ...]) -> None:
        self.path, self.missing, self.found = path, missing, found
        lacks = f"lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}"
        super().__init__(f"{path} {lacks}; it has: {', '.join(found)[:300]}")


class ColumnMapError(DataError):
    """The file that maps column names cannot be read, or names a table or column that does not exist."""


class UnreadableInputError(DataError):
    """A file is damaged, or is not what its name says."""


class InputTooLargeError(DataError):
    """A file holds more than is read of one file."""

    def __init__(self, path: Path, most: str) -> None:
        self.path = path
        super().__init__(
            f"{path} holds more than {most}, the most that is read of a file: "
            "leave out columns that the contract does not name, or the oldest rows"
        )


class DatabaseError(DataError):
    """A database cannot be reached, or refuses a query."""


class ChangedInputError(DataError):
    """A file, or a file of a folder, was written to, replaced, added or removed while it was read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path} changed while it was read; run again when nothing writes to it")


class DecimalIdError(DataError):
    """Ids became decimal numbers: they have lost digits, or it cannot be told which of them are the same."""

    def __init__(self, path: Path, column: str, example: str, problem: str) -> None:
        self.path, self.column, self.example = path, column, example
        super().__init__(f"{path}: the {column} {example!r} {problem}: export the ids as text, each in one form")


class EmptyInputError(DataError):
    """A file holds no rows, or none of its rows counts as a sale."""


class TooManyBadRowsError(DataError):
    """More rows of a file are bad than the settings allow."""

    def __init__(
        self,
        path: Path,
        *,
        bad: int,
        total: int,
        max_share: float,
        commonest: str,
        quarantine_file: Path,
        way_out: str = "",
    ) -> None:
        self.path, self.bad, self.total, self.max_share = path, bad, total, max_share
        self.commonest, self.quarantine_file = commonest, quarantine_file
        super().__init__(
            f"{bad:,} of the {total:,} rows of {path} are bad ({bad / total:.1%}, allowed are {max_share:.1%}), "
            f"most of them for {commonest}: see {quarantine_file}, then mend the file or allow a larger share "
            f"(--max-bad-share){way_out}"
        )


class IngestSettingError(DataError):
    """A setting of the ingest is not valid: an unknown time zone or status, a share outside 0 to 1."""


class AsOfOutsideDataError(DataError):
    """The history does not reach the week that is asked for.

    Attributes:
        usable: The nearest date that can be asked for, a Sunday.
    """

    def __init__(self, sentence: str, usable: dt.date) -> None:
        self.usable = usable
        super().__init__(sentence)


class PanelFileError(DataError):
    """A stored panel or ingest result cannot be read."""


class HistoryError(DataError):
    """The history cannot be read or written."""


class DeliveryError(DataError):
    """Files contradict the history that they would add to."""


class StateError(DataError):
    """The database of the state cannot be used."""


class EventClashError(DataError):
    """An event's id was recorded with other values."""

    def __init__(self, event_id: str, table: str) -> None:
        self.event_id, self.table = event_id, table
        super().__init__(
            f"the event {event_id!r} of {table} was recorded with other values, and nothing of the request was: "
            "an event never changes, so give what is new an id of its own"
        )
