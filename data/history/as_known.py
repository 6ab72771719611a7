"""Which of all facts ever loaded are known at a time: the newest of each name, up to the loads that were committed.

Pure functions over facts with the number of their load. Loads are numbered in the order in which they became known.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from data.history.fact_tables import LOAD
from data.ingest.facts import KEYS, SCHEMAS

_KNOWN = "is known"


@dataclass(frozen=True)
class Coverage:
    """Days of which a load says all that was sold.

    Attributes:
        load: Its number.
        days: Each of them, a series of dates.
    """

    load: int
    days: pl.Series


def known_facts(
    table: str, facts: pl.LazyFrame, loads: Sequence[int], coverage: Sequence[Coverage] = ()
) -> pl.DataFrame:
    """The facts of a table as they are known after some loads.

    Args:
        table: E.g. ``sales``.
        facts: All of its facts, with ``load``.
        loads: The loads that count; facts of others are not looked at.
        coverage: Of sales, the days of which these loads say all; earlier loads' lines of these days no longer count.
    Returns:
        Facts, columns as in ``SCHEMAS`` and ``load``.
    """
    ours = pl.Series(LOAD, sorted(loads), dtype=pl.Int64)
    found = facts.filter(pl.col(LOAD).is_in(ours.implode())).collect()
    if table == "sales":
        found = _not_covered_later(found, coverage)
    return newest(table, found)


def newest(table: str, facts: pl.DataFrame) -> pl.DataFrame:
    """Of facts of the same name the one of the newest load; those without a name all."""
    keys = list(KEYS[table])
    named = pl.all_horizontal(pl.col(key).is_not_null() for key in keys)
    if table == "sales" and facts["line"].null_count() == facts.height:
        return facts
    latest = pl.col(LOAD) == pl.col(LOAD).max().over(keys)
    return facts.filter(latest | ~named)


def _not_covered_later(lines: pl.DataFrame, coverage: Sequence[Coverage]) -> pl.DataFrame:
    if not coverage:
        return lines
    days = pl.concat(each.days.alias("sold_on").to_frame().with_columns(covered=pl.lit(each.load)) for each in coverage)
    last = days.group_by("sold_on").agg(pl.col("covered").max().cast(pl.Int64))
    joined = lines.join(last, on="sold_on", how="left", maintain_order="left")
    return joined.filter(pl.col("covered").is_null() | (pl.col(LOAD) >= pl.col("covered"))).drop("covered")


@dataclass(frozen=True)
class Change:
    """What a delivery adds to the facts of a table that are known.

    Attributes:
        new: Facts that are not known, or otherwise.
        unchanged: Facts of the delivery that are known already.
        replaced: Known facts that no longer count.
        days: Of sales without names, the days on which they change.
    """

    new: pl.DataFrame
    unchanged: pl.DataFrame
    replaced: pl.DataFrame
    days: pl.Series


def change(table: str, known: pl.DataFrame, delivered: pl.DataFrame) -> Change:
    """Compare a delivery's facts with those that are known, name by name; facts that are the same are no change.

    Args:
        table: E.g. ``inventory``.
        known: Facts as known, with ``load``.
        delivered: The delivery's, each with a name, and each name once.
    """
    columns, keys = list(SCHEMAS[table]), list(KEYS[table])
    is_known = known.select(*columns, pl.lit(value=True).alias(_KNOWN))  # each name once, so that no row is there twice
    compared = delivered.join(is_known, on=columns, how="left", nulls_equal=True, maintain_order="left")
    unchanged = compared.filter(pl.col(_KNOWN)).drop(_KNOWN)
    new = compared.filter(pl.col(_KNOWN).is_null()).drop(_KNOWN)
    replaced = known.join(new.select(keys), on=keys, how="semi")
    return Change(new, unchanged, replaced, pl.Series(dtype=pl.Date))


def change_of_days(known: pl.DataFrame, delivered: pl.DataFrame, covered: pl.Series) -> Change:
    """The same for lines of sales without names: a day is the same if it holds the same lines, in any order.

    Args:
        known: Lines as known, with ``load``.
        delivered: The delivery's lines.
        covered: The days of which it says all.
    """
    before = known.filter(pl.col("sold_on").is_in(covered.implode()))
    sums = _sums_of_days(delivered).join(
        _sums_of_days(before), on="sold_on", how="full", coalesce=True, suffix=" before"
    )
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name} before")) for name in ("lines", "low", "high"))
    days = sums.filter(differs)["sold_on"].sort()
    changed = pl.col("sold_on").is_in(days.implode())
    return Change(delivered.filter(changed), delivered.filter(~changed), before.filter(changed), days)


def _sums_of_days(lines: pl.DataFrame) -> pl.DataFrame:
    """What a day's lines are, whatever their order: how many, and two sums over a hash of each."""
    hashes = lines.select(SCHEMAS["sales"].keys()).hash_rows(seed=0)
    half = pl.col("hash").cast(pl.UInt64)
    return (
        lines.select("sold_on", hash=hashes)
        .group_by("sold_on")
        .agg(lines=pl.len(), low=(half & 0xFFFFFFFF).sum(), high=(half // 2**32).sum())
    )
