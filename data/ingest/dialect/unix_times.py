"""Times as seconds or milliseconds since 1970: numbers of 10 or 13 digits, from September 2001 to May 2033.

The range ends where a number could be a date: 2024011310 is the hour of a day, not a second of 2034.
"""

import polars as pl

_UNITS = {"seconds": (r"^1\d{9}(\.\d+)?$", 1e6), "milliseconds": (r"^1\d{12}(\.0+)?$", 1e3)}
"""Their form, and how many microseconds one has."""


def unix_unit(texts: pl.Series) -> str:
    """The unit in which all values that are there are such times; empty: there is none."""
    filled = texts.drop_nulls()
    filled = filled.filter(filled != "")
    units = (unit for unit, (form, _) in _UNITS.items() if filled.len() and filled.str.contains(form).all())
    return next(units, "")


def unix_to_iso(texts: pl.Series, unit: str) -> pl.Series:
    """The same times with date, time and ``Z``."""
    microseconds = (texts.cast(pl.Float64, strict=False) * _UNITS[unit][1]).round().cast(pl.Int64)
    return microseconds.cast(pl.Datetime("us")).dt.strftime("%Y-%m-%d %H:%M:%S%.6fZ")
