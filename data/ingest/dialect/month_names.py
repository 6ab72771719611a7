"""Months by their names, in English and Portuguese: 13 Jan 2024, 13-jan-24, Jan 13, 2024, 13 de janeiro de 2024."""

import polars as pl

_ENGLISH = "january february march april may june july august september october november december"
_PORTUGUESE = "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"
_MONTHS = {
    name: month
    for names in (_ENGLISH, _PORTUGUESE)
    for month, full in enumerate(names.split(), start=1)
    for name in (full, full[:3])
} | {"sept": 9, "marco": 3}

_NAME = r"(?<name>\p{L}{3,9})\.?"
_REST = r"(?:$|(?<rest>\D.*))"
_DAY_FIRST = rf"^(?<day>\d{{1,2}})(?:\s+de\s+|[\s./-]*){_NAME}(?:\s+de\s+|[\s,./-]*)(?<year>\d{{4}}|\d{{2}}){_REST}"
_MONTH_FIRST = rf"^{_NAME}\s+(?<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?<year>\d{{4}}){_REST}"
_PARTS = ("day", "name", "year", "rest")
_LETTERS = r"\p{L}{3}"


def named_months(texts: pl.Series) -> pl.DataFrame | None:
    """Each text and its ``day``, ``month``, ``year`` and ``rest``, null where it has no month's name; None: none has.

    Returns:
        A row for each text.
    """
    if not texts.str.contains(_LETTERS).any():
        return None
    first, second = (texts.str.extract_groups(form).struct.unnest() for form in (_DAY_FIRST, _MONTH_FIRST))
    parts = pl.select(pl.coalesce(first[name], second[name]).alias(name) for name in _PARTS)
    months = parts["name"].str.to_lowercase().replace_strict(_MONTHS, default=None, return_dtype=pl.Int32)
    dates = parts.with_columns(texts.alias("text"), months.alias("month"))
    return dates if months.null_count() < months.len() else None


def short_years(dates: pl.DataFrame) -> pl.DataFrame:
    """Those whose year has two digits."""
    return dates.filter(pl.col("month").is_not_null() & (pl.col("year").str.len_bytes() == 2))


def is_day_first(short: pl.DataFrame) -> bool:
    """Whether 13-Jan-24 begins with the day: what comes first takes more values than the year does."""
    return bool(short["day"].cast(pl.Int32).n_unique() > short["year"].n_unique())


def months_to_numbers(texts: pl.Series, *, with_short_years: bool) -> pl.Series:
    """The same dates with the year first and hyphens, whatever follows them; other texts as they are."""
    dates = named_months(texts)
    if dates is None:
        return texts
    year = pl.when(pl.col("year").str.len_bytes() == 2).then("20" + pl.col("year")).otherwise("year")
    rest = pl.col("rest").fill_null("").str.strip_prefix(",")
    iso = pl.format("{}-{}-{}{}", year, pl.col("month"), pl.col("day"), rest)
    known = pl.col("month").is_not_null() & (pl.lit(with_short_years) | (pl.col("year").str.len_bytes() > 2))
    return dates.select(pl.when(known).then(iso).otherwise("text")).to_series().alias(texts.name)
