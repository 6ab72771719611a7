"""What divides the fields of a CSV file, told from its header: by the columns that must be there."""

import csv
from collections.abc import Collection
from pathlib import Path

from data.errors import UnreadableInputError

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
QUOTE = '"'


def guess_delimiter(header: str, needed: Collection[str], quote: str = QUOTE) -> str:
    """The delimiter by which the header holds the columns that are needed; if none does, the one with most columns."""

    def score(delimiter: str) -> tuple[int, int]:
        names = fields_of(header, delimiter, quote) or []
        return len(set(needed).intersection(names)), len(names)

    return max(DELIMITERS, key=score)  # the first of equals: the comma


def fields_of(line: str, delimiter: str, quote: str = QUOTE) -> list[str] | None:
    """The fields of a line, or of several that one field spans; None where its quotation marks do not close."""
    try:
        rows = list(csv.reader([line], delimiter=delimiter, quotechar=quote, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def check_header(path: Path, header: str, names: list[str] | None, needed: Collection[str]) -> list[str]:
    """The columns of a file.

    Raises:
        UnreadableInputError: If the header cannot be read, or names a column twice that is needed.
    """
    if names is None:
        raise UnreadableInputError(f"{path} has no readable header: {header[:100]!r}")
    if twice := [name for name in needed if names.count(name) > 1]:
        raise UnreadableInputError(f"{path} has the column {twice[0]} twice: leave out or rename one of them")
    return names
