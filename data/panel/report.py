"""What a panel was built from: how far each table reaches, and what its user should know before believing it."""

import dataclasses
import datetime as dt
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from data.errors import PanelFileError
from data.ingest.result import CleanHistory
from data.panel.on_order import warnings_of_orders
from data.panel.panel import Panel, PanelBlocks
from data.panel.reach import RecordDays, TableReach, reaches_of, record_days
from data.panel.sparse_counts import CountDensity, density_of
from feature_service.json_record import read_json

_WEEKS_BEFORE = 8
_THIN = 0.25
_FUTURE_DAYS = 28
"""Without a record: what follows is a wrong date rather than the weeks after a replayed ``as_of``."""


@dataclass(frozen=True)
class PanelReport:
    """As ``report.json`` beside a panel says it.

    Attributes:
        as_of_week: Monday of the panel's last week.
        data_until: The day up to which every table has records.
        tables: How far each table reaches, looked at up to the last week's Sunday.
        counts: How dense the stock counts are; None if there are none.
        warnings: What was taken though it looks wrong, a sentence each: by the ingest, then by the panel.
    """

    as_of_week: dt.date
    data_until: dt.date
    tables: tuple[TableReach, ...]
    counts: CountDensity | None
    warnings: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> "PanelReport":
        """Read what :meth:`to_json` gave.

        Raises:
            PanelFileError: If the file is missing or broken.
        """
        try:
            return read_json(cls, path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise PanelFileError(
                f"the panel's report {path} cannot be read ({error}): build the panel again"
            ) from error

    def to_json(self) -> str:
        """The report as the text of its file."""
        return json.dumps(dataclasses.asdict(self), indent=2, default=str) + "\n"


def report_of(panel: Panel | PanelBlocks, history: CleanHistory) -> PanelReport:
    """The report of a panel that was built from a history."""
    density = density_of(history, panel.as_of_week + dt.timedelta(days=6))
    records = record_days(history)
    of_orders = () if panel.purchase_orders is None else warnings_of_orders(panel.purchase_orders, panel.weeks)
    warnings = history.report.warnings
    return report_of_days(panel.as_of_week, panel.data_until, records, density, warnings, of_orders)


def report_of_days(
    as_of_week: dt.date,
    data_until: dt.date,
    records: RecordDays,
    density: CountDensity | None,
    warnings: Sequence[str],
    of_orders: Iterable[str] = (),
) -> PanelReport:
    """The same from what is known of all records together; see :class:`PanelReport`.

    Args:
        as_of_week: See there, like the next one.
        data_until: See there.
        records: The days of all records.
        density: Of the counts.
        warnings: The ingest's.
        of_orders: What is to be warned of orders with suppliers.
    """
    sunday = as_of_week + dt.timedelta(days=6)
    reaches = reaches_of(records, sunday)
    said = [*warnings, *(warning for reach in reaches for warning in _warnings(reach, sunday))]
    for table, days in records.tables.items():
        said += _warnings_of_weeks(table, days.filter(pl.col("day") <= sunday), as_of_week)
        said += _warnings_of_future(table, days, sunday)
    if density is not None and density.is_sparse:
        said.append(_sparse(density))
    said += of_orders
    return PanelReport(as_of_week, data_until, reaches, density, tuple(said))


def _sparse(density: CountDensity) -> str:
    found = f"inventory holds {density.counts_per_week:.1f} counts a product and week"
    told = "no sales tell" if density.sales_share is None else f"sales tell {density.sales_share:.0%} of"
    if density.is_carried:
        return f"{found}: between two counts the stock is carried on by the sales, and deliveries are not seen"
    return (
        f"{found}, and {told} what leaves the shelves: stock-outs between two counts are not seen, so that the label "
        "inventory learns fewer than there are, and the stock may be days old"
    )


def _warnings(reach: TableReach, sunday: dt.date) -> Iterator[str]:
    if reach.missing_days:
        yield (
            f"the last record of {reach.table} is of {reach.last_day}: up to {sunday} {reach.missing_days} "
            f"day{'s' * (reach.missing_days > 1)} of the as_of week may lack"
        )


def _warnings_of_weeks(table: str, days: pl.DataFrame, as_of_week: dt.date) -> Iterator[str]:
    """Of weeks without records, and of a last week that has far fewer than usual."""
    by_week = days.group_by(pl.col("day").dt.truncate("1w")).agg(pl.col("rows").sum()).sort("day")
    if by_week.is_empty():
        return
    weeks = by_week["day"].to_list()
    empty = (weeks[-1] - weeks[0]).days // 7 + 1 - len(weeks)
    if empty:
        meaning = "unknown stock" if table == "inventory" else "unknown" if table == "availability" else "no sales"
        yield f"{empty} week{'s' * (empty > 1)} between {weeks[0]} and {weeks[-1]} hold no record of {table}: {meaning}"
    before = by_week["rows"].tail(_WEEKS_BEFORE + 1).head(-1).median()
    if weeks[-1] == as_of_week and len(weeks) > _WEEKS_BEFORE and isinstance(before, float):
        rows = int(by_week["rows"][-1])
        if rows < _THIN * before:
            yield (
                f"the week of {as_of_week} holds {_rows(rows)} of {table}, the weeks before it {before:,.0f}: "
                "look whether the export is whole"
            )


def _warnings_of_future(table: str, records: pl.DataFrame, sunday: dt.date) -> Iterator[str]:
    """Of records that are later than ``as_of``, and far from all before."""
    days = records["day"]
    far = days.filter((days.diff().dt.total_days() > _FUTURE_DAYS) & (days > sunday))
    if not far.is_empty():
        later = int(records.filter(pl.col("day") >= far[0])["rows"].sum())
        yield (
            f"{_rows(later)} of {table} from {far[0]} on, after more than {_FUTURE_DAYS // 7} weeks without any, "
            f"{'is' if later == 1 else 'are'} later than the as_of week and left out: a wrong date looks so"
        )


def _rows(count: int) -> str:
    return f"{count:,} row{'s' * (count != 1)}"
