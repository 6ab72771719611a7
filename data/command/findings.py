"""What a check finds on its way: problems and warnings, each once."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from data.command.facts import TableFacts
from data.errors import DataError
from data.ingest.contracts import PURCHASE_ORDERS

HERE = Path("the rows listed here")
"""Where a sentence sends the reader who wants to see bad rows: a check writes no quarantine file."""

Result = TypeVar("Result")


class Findings:
    """Problems and warnings, each once, in the order in which they were found."""

    def __init__(self) -> None:
        self.problems: dict[str, None] = {}
        self.warnings: dict[str, None] = {}

    def warn(self, step: Callable[[], Iterable[str]]) -> None:
        """Take the step's warnings; if the data cannot be used, why is a problem."""
        nothing: Iterable[str] = ()
        self.warnings.update(dict.fromkeys(self.attempt(step, nothing)))

    def attempt(self, step: Callable[[], Result], otherwise: Result) -> Result:
        """The step's result; if the data cannot be used, why is a problem."""
        try:
            return step()
        except DataError as error:
            self.problems[str(error)] = None
            return otherwise


def empty_weeks(tables: Mapping[str, TableFacts]) -> Iterator[str]:
    """Whole weeks without a row: nothing was sold, or a file is missing, or a date is wrong."""
    for name, facts in tables.items():
        coverage = None if name == PURCHASE_ORDERS.name else facts.coverage  # nobody orders every week
        if coverage is not None and coverage.empty_weeks:
            yield (
                f"{name} goes from {coverage.first_day} to {coverage.last_day} and has no row in "
                f"{len(coverage.empty_weeks):,} of these {coverage.weeks:,} weeks, the first that of "
                f"{coverage.empty_weeks[0]}: a closed shop has none, but a missing file and a wrong date look the same"
            )
