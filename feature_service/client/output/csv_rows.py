"""Rows as CSV, in which text does nothing."""

import csv
import io
from collections.abc import Iterable, Sequence

from feature_service.terminal import visible

_FORMULA_STARTS = tuple(
    "=+-@\t\r\n\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
)
"""What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection")."""


def csv_of(rows: Iterable[Sequence[object]]) -> str:
    """Numbers as they are; text so that neither a spreadsheet nor a terminal does what it says."""
    text = io.StringIO()
    cells = ([_harmless(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    csv.writer(text, lineterminator="\n").writerows(cells)
    return text.getvalue()


def _harmless(text: str) -> str:
    return "'" * text.startswith(_FORMULA_STARTS) + visible(text)
