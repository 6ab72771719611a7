"""What the command prints: tables as wide as their content, so that no figure is ever cut, and CSV."""

import csv
import io
from collections.abc import Iterable, Sequence

import click
from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from feature_service.terminal import visible

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], right: int = 0) -> None:
    """Print a table on standard output, wider than the terminal if need be.

    Args:
        title: Above it.
        columns: Headings.
        rows: Cells.
        right: How many of the last columns hold figures.
    """
    table = Table(title=Text(visible(title), style="bold"), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for place, column in enumerate(columns):
        is_figure = place >= len(columns) - right
        table.add_column(Text(visible(column)), justify="right" if is_figure else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(visible(str(cell))) for cell in row))
    console = Console()
    needed = Measurement.get(console, console.options.update(max_width=100_000), table).maximum
    console.width = max(console.width, needed, len(visible(title)))
    console.print(table)


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Numbers as they are; text so that neither a spreadsheet nor a terminal does what it says."""
    text = io.StringIO()
    cells = ([_harmless(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    csv.writer(text, lineterminator="\n").writerows([list(columns), *cells])
    return text.getvalue()


def print_lines(title: str, lines: Iterable[str]) -> None:
    """Print sentences under a heading; nothing where there are none."""
    sentences = list(lines)
    if sentences:
        click.echo(f"\n{title}")
    for sentence in sentences:
        click.echo(f"  - {visible(sentence)}")


def _harmless(text: str) -> str:
    return "'" * text.startswith(_FORMULA_STARTS) + visible(text)
