"""What a delivery must not say, given the history that it would add to."""

from collections.abc import Collection, Iterator, Mapping

import polars as pl

from data.errors import DeliveryError
from data.history.as_known import Change
from data.history.events import SOURCE as EVENTS
from data.history.fact_tables import LOAD
from data.history.ledger import Load
from data.ingest.csv_file import ROW_NUMBER
from data.ingest.facts import Delivery
from data.ingest.joins import check_join, join_of
from data.ingest.reading import NOTHING
from data.ingest.result import as_day

_KEPT_SHARE = 0.9
"""Of the units known of some days, how many a file that replaces them must hold to be taken for their correction."""

_MOVING = ("sales", "inventory")
_MOST_MONTHS = 12


def check_delivery(known: Mapping[str, pl.DataFrame], delivery: Delivery, loads: Collection[Load]) -> tuple[str, ...]:
    """Refuse a delivery of another shop, clock or kind of lines than those before; name ids that are not known.

    Args:
        known: The facts that are known, by table.
        delivery: What is to be added.
        loads: The loads before.
    Returns:
        What is to be warned of.
    Raises:
        DeliveryError: If it contradicts the history.
        FewJoinsError: If too few of its ids are known.
    """
    for load in loads:
        of_events = load.source == EVENTS
        if load.source != delivery.source and not of_events:
            raise DeliveryError(
                f"the history was loaded from files of the layout {load.source}, and this is {delivery.source}: "
                "use another --work-dir for it"
            )
        if load.time_zone != delivery.time_zone:
            raise DeliveryError(
                f"the history holds days on the clock of {load.time_zone}, and this delivery says "
                f"{delivery.time_zone}: say the same --time-zone, or use another --work-dir"
            )
        has_other_lines = load.has_line_key not in (None, delivery.lines_are_named)
        if delivery.facts.sales_are_known and has_other_lines and not of_events:
            had, has = ("a key", "none") if load.has_line_key else ("no key", "one")
            raise DeliveryError(
                f"the sales of load {load.number} had {had}, and these have {has}: the same lines would count twice; "
                "say key in [sales] of source.toml as before, or use another --work-dir"
            )
    unnamed = delivery.facts.tables["sales"]["line"].null_count() if delivery.lines_are_named else 0
    if unnamed:
        lines = counted(unnamed, "line of sales has", "lines of sales have")
        raise DeliveryError(
            f"{lines} nothing in the columns of the key, so that it cannot be told what was loaded before: "
            "fill them in, or name other columns as key in [sales] of source.toml"
        )
    return (*_unknown_ids(known, delivery), *_dates_told_together(delivery))


def _dates_told_together(delivery: Delivery) -> Iterator[str]:
    """Warn of files whose order of day and month other files tell: the next one like them may come alone."""
    for name, table in delivery.checked.items():
        for column, told in table.evidence.items():
            evidence = told.rpartition("; ")[2]
            if not evidence.startswith(("day first", "month first")):
                continue
            days = table.good.select(table.raw.parts_of(table.good[ROW_NUMBER]), pl.col(column).dt.day().alias("day"))
            last = days.group_by("part").agg(pl.col("day").max()).sort("part")
            if untold := last.filter(pl.col("day") <= _MOST_MONTHS)["part"].to_list():
                order = "dmy" if evidence.startswith("day") else "mdy"
                yield (
                    f"only other files tell that dates of {table.raw.parts[untold[0]].name} have the {evidence}: say "
                    f'date_order = "{order}" in [{name}] of source.toml, since a file like it is refused when it comes '
                    "alone"
                )


def recorded_beside(known: pl.DataFrame, delivery: Delivery, loads: Collection[Load]) -> tuple[str, ...]:
    """Warn of recorded sales of the delivery's products and days that none of its lines replaces.

    Args:
        known: The lines of sales that are known, with ``load``.
        delivery: What is to be added.
        loads: The loads before.
    """
    if not delivery.lines_are_named and delivery.replaces != NOTHING:
        return ()  # what it says of its days replaces them
    numbers = [load.number for load in loads if load.source == EVENTS]
    lines = delivery.facts.tables["sales"]
    beside = (
        known.filter(pl.col(LOAD).is_in(pl.Series(numbers, dtype=pl.Int64).implode()))
        .join(lines.drop_nulls("line"), on="line", how="anti")
        .join(lines, on=["product_id", "sold_on"], how="semi")
    )
    if beside.is_empty():
        return ()
    path = delivery.checked["sales"].raw.path
    sales = counted(beside.height, "sale recorded as an event has", "sales recorded as events have")
    return (
        f"{sales} a product and day of {path.name} and none of its keys: "
        "what the file holds too counts twice; record a sale with the key of its line as its id",
    )


def _unknown_ids(tables: Mapping[str, pl.DataFrame], delivery: Delivery) -> tuple[str, ...]:
    known: set[str] = set()
    for name in _MOVING:
        known |= set(tables[name]["product_id"].unique())
    warnings: list[str] = []
    for name, facts in delivery.facts.tables.items():
        if "product_id" not in facts.columns:
            continue
        ids = set(facts["product_id"].unique())
        if ids and known:
            warnings += check_join(join_of("the history", known, name, ids), delivery.id_form)
    return tuple(warnings)


def check_replaced(delivery: Delivery, change: Change) -> tuple[str, ...]:
    """Look at what lines without a key replace: a file of other sales of the same days would take these away.

    Returns:
        What was replaced.
    Raises:
        DeliveryError: If it holds far less of what was known of the days that it replaces, and nobody said so.
    """
    before = change.replaced
    if before.is_empty():
        return ()
    if delivery.lines_are_named:
        lines = counted(before.height, "line of sales replaces", "lines of sales replace")
        return (f"{lines} what was known before by the same key",)
    first, last = as_day(before["sold_on"].min()), as_day(before["sold_on"].max())
    path = delivery.checked["sales"].raw.path
    same = float(change.unchanged["quantity"].sum())
    units = same + float(before["quantity"].sum())
    share = (same + _kept_units(before, change.new)) / units if units > 0 else 1.0
    sentence = (
        f"{path.name} replaces {counted(before.height, 'line', 'lines')} known of days from {first} to {last} by "
        f"{counted(change.new.height, 'other', 'others')}, and holds {share:.0%} of the {units:,g} units that were "
        "known of its days"
    )
    if delivery.replaces is None and share < _KEPT_SHARE:
        raise DeliveryError(
            f'{sentence}: if files add up, say replaces = "nothing" in [sales] of source.toml; if it corrects them, '
            'say replaces = "days"; best is key = ["…"] with the columns that name a line'
        )
    return (sentence,)


def _kept_units(before: pl.DataFrame, new: pl.DataFrame) -> float:
    """Units of the same products in both."""
    units = [rows.group_by("product_id").agg(pl.col("quantity").sum()) for rows in (before, new)]
    both = units[0].join(units[1], on="product_id", how="inner")
    return float(both.select(pl.min_horizontal("quantity", "quantity_right").clip(0).sum()).item())


def counted(count: int, one: str, several: str) -> str:
    """A count with its words."""
    return f"{count:,} {one if count == 1 else several}"
