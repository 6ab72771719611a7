"""What divides the fields of a CSV file, told from its header: by the columns that must be there."""

import csv
import re
from collections.abc import Collection
from pathlib import Path

from data.errors import UnreadableInputError
from data.ingest.dialect.headers import match_headers, plain

_SAID = re.compile(rb'^"?sep=([ -~\t])"?\r?(?:\n|$)', re.IGNORECASE)

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
QUOTE = '"'


def guess_delimiter(header: str, needed: Collection[str], quote: str = QUOTE) -> str:
    """The delimiter by which the header holds the columns that are needed; if none does, the one with most columns."""
    wanted = set(map(plain, needed))

    def score(delimiter: str) -> tuple[int, int]:
        names = fields_of(header, delimiter, quote) or []
        return len(wanted.intersection(map(plain, names))), len(names)

    return max(DELIMITERS, key=score)  # the first of equals: the comma


def said_delimiter(content: bytes) -> tuple[str | None, bytes]:
    """What the first line says for Excel, ``sep=;``, and what follows that line."""
    said = _SAID.match(content[:20])
    return (said[1].decode(), content[said.end() :]) if said else (None, content)


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
        UnreadableInputError: If the header cannot be read, or it cannot be told which column is one that is needed.
    """
    if names is None:
        raise UnreadableInputError(f"{path} has no readable header: {header[:100]!r}")
    match_headers(path, names, needed)
    return names
