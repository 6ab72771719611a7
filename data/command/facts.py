"""What a check says of a folder: facts in plain types, for tables and JSON alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field

FINE, WARNED, UNUSABLE = 0, 1, 2
"""Exit statuses of a check."""


@dataclass(frozen=True)
class BadRow:
    """A row that would go to quarantine, with the value to blame."""

    place: str
    column: str
    value: str


@dataclass(frozen=True)
class Coverage:
    """Which days and products a table covers.

    Attributes:
        first_day: The first day with a row, as ISO date.
        last_day: The last one.
        weeks: ISO weeks from the first to the last day.
        empty_weeks: Of these, the Mondays of those without any row.
        products: Different ids.
        product_share: Of all ids of all tables.
        rows_a_week: Rows of a product in a week in which it has any, on average.
        weekly_rows: Rows of each of the weeks.
    """

    first_day: str
    last_day: str
    weeks: int
    empty_weeks: tuple[str, ...]
    products: int
    product_share: float
    rows_a_week: float
    weekly_rows: tuple[int, ...]


@dataclass(frozen=True)
class TableFacts:
    """How one table was understood.

    Attributes:
        files: The form in which each file holds text, by the file's name.
        forms: How a column's numbers or dates are written, and the value that shows it.
        rows: Of the files.
        used: Good ones.
        sample: The first good rows as understood.
        bad: Rows in quarantine by reason.
        bad_rows: Examples of each reason.
        repeated: Rows that repeat another one in every column.
        returns: Rows with a negative quantity.
        coverage: None where the table has no dates, or no good row.
    """

    files: Mapping[str, str]
    forms: Mapping[str, str]
    rows: int
    used: int
    sample: tuple[Mapping[str, str], ...]
    bad: Mapping[str, int]
    bad_rows: Mapping[str, tuple[BadRow, ...]]
    repeated: int
    returns: int
    coverage: Coverage | None


@dataclass(frozen=True)
class LeadTime:
    """How long a supplier takes, by the orders that were received up to the last complete week.

    Attributes:
        supplier: Id, and name where that is known.
        orders: How many were placed.
        received: Of these, those of which anything came; the days are of these, None where there are none.
        overdue: Those that are open, though they were expected before.
        median_days: From ordering to having.
        usual_days: As many 9 of 10 do not exceed.
        stated_days: The least and the most that the tables say of the supplier's products; empty where they do not.
        median_late_days: After the expected day, below 0 before it; after the lead time where no day was said.
        usual_late_days: As many 9 of 10 do not exceed.
        units_received_share: Of the units of orders that came.
    """

    supplier: str
    orders: int
    received: int
    overdue: int
    median_days: int | None
    usual_days: int | None
    stated_days: tuple[int, ...]
    median_late_days: int | None
    usual_late_days: int | None
    units_received_share: float | None


@dataclass(frozen=True)
class DataCheck:
    """What a check found.

    Attributes:
        folder: That was looked at.
        problems: Why the data cannot be used; empty: it can.
        warnings: What is uncertain.
        tables: By name, those that could be read.
        unclaimed: Files that no table reads.
        ignored: Files that the seller leaves out.
        joins: How the ids of tables meet, each a sentence.
        labels: What each label needs that is missing; empty: it can be answered.
        excluded_items: Items that are no sale by their order's status; Olist's layout alone has such.
        lead_times: Of each supplier, where there are purchase orders and the data can be used.
        proposal: A ``source.toml`` that says what was told from the files.
    """

    folder: str
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    tables: Mapping[str, TableFacts] = field(default_factory=dict)
    unclaimed: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    joins: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    excluded_items: Mapping[str, int] = field(default_factory=dict)
    lead_times: tuple[LeadTime, ...] = ()
    proposal: str = ""

    @property
    def status(self) -> int:
        """The exit status."""
        return UNUSABLE if self.problems else WARNED if self.warnings else FINE

    @property
    def verdict(self) -> str:
        """The exit status in words."""
        return {FINE: "fine", WARNED: "can be used, with warnings", UNUSABLE: "cannot be used"}[self.status]
