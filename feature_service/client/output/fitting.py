"""Tables that fit the window: figures stay whole, ids and words fold, and what has no room is left out and named."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

_FOLDED_TO = 12
"""Characters that a folding column keeps before another column is left out for it."""

AMPLE = 100_000
"""Wider than any table."""


@dataclass(frozen=True, eq=False)
class Column:
    """One column of a table, with all its cells.

    Attributes:
        header: May have several lines.
        cells: One for each row.
        folds: Whether a cell may go on in the next line, as an id may; a figure may not.
        room: 0 for a column that always stays; the others get what room there is, the highest number first.
        justify: Where a figure stands; what folds is on the left.
    """

    header: str
    cells: Sequence[Text]
    folds: bool = False
    room: int = 0
    justify: Literal["left", "right"] = "right"

    @property
    def name(self) -> str:
        """The header in one line."""
        return self.header.replace("-\n", "").replace("\n", " ")

    @cached_property
    def width(self) -> int:
        """Characters that no cell and no line of the header goes beyond."""
        header = Text(self.header)
        return max(line.cell_len for text in (header, *self.cells) for line in text.split(allow_blank=True))


@dataclass(frozen=True)
class FittingTable:
    """Rows of which as many columns are shown as there is room for.

    Attributes:
        columns: All of equal length.
        dim: Numbers of the rows that stand back.
        last_of_section: Numbers of the rows that a line is drawn under.
    """

    columns: Sequence[Column]
    dim: frozenset[int] = frozenset()
    last_of_section: frozenset[int] = frozenset()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """What rich prints; a window too narrow for what always stays breaks the lines itself."""
        shown = [each for each in self.columns if not each.room]
        for column in sorted(self.columns, key=lambda each: -each.room):
            wider = [each for each in self.columns if each in shown or each is column]
            if self._least_width(console, options, wider) <= options.max_width:
                shown = wider
        needed = self._least_width(console, options, shown)
        yield ""
        yield from console.render(self._table(shown), options.update(width=max(needed, options.max_width)))
        yield ""
        if left_out := [each.name for each in self.columns if each not in shown]:
            yield Text(f"no room for: {', '.join(left_out)} (a wider window, --csv and --json have all)", style="dim")

    def _least_width(self, console: Console, options: ConsoleOptions, columns: Sequence[Column]) -> int:
        empty = _empty_table(columns, folded_to=_FOLDED_TO)
        return Measurement.get(console, options.update(width=AMPLE), empty).maximum

    def _table(self, columns: Sequence[Column]) -> Table:
        table = _empty_table(columns)
        for number, cells in enumerate(zip(*(each.cells for each in columns), strict=True)):
            style = "dim" if number in self.dim else None
            table.add_row(*cells, style=style, end_section=number in self.last_of_section)
        return table


def _empty_table(columns: Sequence[Column], folded_to: int | None = None) -> Table:
    """Without rows; columns that fold have a width of their own only if one is given to fold to."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for each in columns:
        if each.folds:
            width = None if folded_to is None else min(folded_to, each.width)
            table.add_column(each.header, overflow="fold", width=width)
        else:
            table.add_column(each.header, justify=each.justify, width=each.width)
    return table
