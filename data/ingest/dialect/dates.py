"""The order of day and month, told from the values: 13/01/2024 has the day first, 01/02/2024 tells nothing."""

import dataclasses
from dataclasses import dataclass

import polars as pl

from data.errors import IngestSettingError
from data.ingest.contracts import EARLIEST
from data.ingest.dialect.month_names import is_day_first, months_to_numbers, named_months, short_years
from data.ingest.dialect.unix_times import unix_to_iso, unix_unit

_YEAR_LAST = r"^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})"
_SHORT_YEAR = r"^\d{1,2}[/.-]\d{1,2}[/.-]\d{2}($|\D)"
_YEAR_FIRST = r"^(\d{4})[/.](\d{1,2})[/.](\d{1,2})"
_COMPACT = r"^((?:19|20|21)\d{2})(\d{2})(\d{2})$"
_OFFSET = r"(Z|[+-]\d{2}:?\d{2})$"
_MOST_MONTHS = 12
_LEAST_SHARE = 0.01


@dataclass(frozen=True)
class DateForm:
    """How a column writes dates.

    Attributes:
        order: ``dmy`` or ``mdy`` for dates whose year stands last; empty: it has none such.
        evidence: Why, for a reader; empty: they are ISO dates.
        pattern: In the signs of ``strptime``, as the seller says; empty: the forms that are known here.
        unix: ``seconds`` or ``milliseconds``, where they are numbers of those since 1970.
        short_years: Whether a year of two digits after a month's name is one.
    """

    order: str = ""
    evidence: str = ""
    pattern: str = ""
    unix: str = ""
    short_years: bool = False


@dataclass(frozen=True)
class UncertainDate:
    """A date that can be read in two ways.

    Attributes:
        text: As the file has it.
        problem: What is uncertain about it.
        settings: What would tell, in ``source.toml``.
    """

    text: str
    problem: str
    settings: tuple[str, str] = ('date_order = "dmy"', 'date_order = "mdy"')


def date_form(texts: pl.Series, *, order: str | None, pattern: str | None) -> DateForm | UncertainDate:
    """The form of a column of dates, or of dates and times.

    Args:
        texts: The column.
        order: As the seller says, if they do.
        pattern: The same, of any other form.
    """
    if pattern is not None or order is not None:
        return DateForm(order or "", f"{pattern or order}, as set", pattern or "", short_years=order == "dmy")
    if is_iso(texts):
        return DateForm()
    if unit := unix_unit(texts):
        return DateForm(evidence=f"{unit} since 1970 ({texts.drop_nulls()[0]})", unix=unit)
    dates = named_months(texts)
    return _form_of_numbers(texts) if dates is None else _form_of_names(texts, dates)


def _form_of_names(texts: pl.Series, dates: pl.DataFrame) -> DateForm | UncertainDate:
    """That of a column in which months have names, at least some."""
    short = short_years(dates)
    certain = short.is_empty() or is_day_first(short)
    if not certain and 2 * short.height > _filled(texts):
        problem = "may begin with the day or with the year, and no date of the file tells which"
        return UncertainDate(short["text"][0], problem, ('date_order = "dmy"', 'date_format = "%y-%b-%d"'))
    others = _form_of_numbers(months_to_numbers(texts, with_short_years=certain))
    if isinstance(others, UncertainDate):
        return others
    example = dates.filter(pl.col("month").is_not_null())["text"][0]
    evidence = "; ".join(each for each in (f"months by name ({example})", others.evidence) if each)
    return dataclasses.replace(others, evidence=evidence, short_years=certain)


def _form_of_numbers(texts: pl.Series) -> DateForm | UncertainDate:
    short, late = (texts.filter(texts.str.contains(form)) for form in (_SHORT_YEAR, _YEAR_LAST))
    if 2 * short.len() > _filled(texts):
        return UncertainDate(short[0], "has two digits for the year, so that day, month and year cannot be told apart")
    rare = 2 * late.len() <= _filled(texts)  # among others: if they tell nothing, they are bad rows
    late = late.unique(maintain_order=True)
    if not late.len():
        return DateForm()
    first, second = (late.str.extract(_YEAR_LAST, group).cast(pl.Int32) for group in (1, 2))
    day_first, month_first = late.filter(first > _MOST_MONTHS), late.filter(second > _MOST_MONTHS)
    few, many = sorted((day_first, month_first), key=pl.Series.len)
    if rare and (not many.len() or few.len()):
        return DateForm()
    if not many.len():
        return UncertainDate(late[0], "may begin with the day or with the month, and no date of the file tells which")
    if few.len() > _LEAST_SHARE * many.len():
        return UncertainDate(few[0], f"begins otherwise than {many[0]!r} of the same column")
    order, word = ("dmy", "day") if many is day_first else ("mdy", "month")
    return DateForm(order, f"{word} first ({many[0]})")


def is_iso(texts: pl.Series) -> bool:
    """Whether all that are there begin as ``2024-0``, which is quickly seen of many."""
    return bool(texts.str.contains(r"^\d{4}-\d").all())


def _filled(texts: pl.Series) -> int:
    return int((texts.fill_null("") != "").sum())


def to_iso(texts: pl.Series, form: DateForm) -> pl.Series:
    """The same dates with the year first and hyphens, whatever follows them; other texts as they are."""
    if form.pattern:
        return texts.str.to_datetime(form.pattern, strict=False, time_unit="us").dt.strftime("%Y-%m-%d %H:%M:%S%.f")
    if is_iso(texts):
        return texts
    if form.unix:
        return unix_to_iso(texts, form.unix)
    texts = months_to_numbers(texts, with_short_years=form.short_years)
    iso = "$3-$2-$1" if form.order == "dmy" else "$3-$1-$2"
    if form.order in {"dmy", "mdy"}:
        texts = texts.str.replace(_YEAR_LAST, iso)
    elif form.order == "ymd":
        texts = texts.str.replace(r"^(\d{2})[/.-](\d{1,2})[/.-](\d{1,2})($|\D)", "20$1-$2-$3$4")
    return texts.str.replace(_YEAR_FIRST, "$1-$2-$3").str.replace(_COMPACT, "$1-$2-$3")


def with_offset(texts: pl.Series) -> pl.Series:
    """Those that carry an offset from UTC."""
    return texts.filter(texts.str.contains(r":\d{2}.*" + _OFFSET))


def local_times(texts: pl.Series, time_zone: str) -> pl.Series:
    """Date and time on the seller's clock, without a zone.

    A time without an offset is that clock's reading and is taken as it stands, so an hour that a daylight-saving switch
    skips or repeats is never lost. ``2018-02-18 00:30:00``, a ``T`` in the middle, parts of seconds, no seconds, twelve
    hours (``3:45 PM``), a date alone and an offset (``Z``, ``-03:00``) are understood.

    Returns:
        Datetimes, null where the text is no time.
    Raises:
        IngestSettingError: If there is no such time zone.
    """
    plain = texts.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us")
    if plain.null_count() == texts.null_count():
        return plain
    others = texts.str.replace("T", " ", literal=True).str.replace("Z$", "+00:00")
    attempts = [
        others.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False, time_unit="us"),
        others.str.to_datetime("%Y-%m-%d %H:%M", strict=False, time_unit="us"),
        others.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us")),
        others.str.to_datetime("%Y-%m-%d %I:%M %p", strict=False, time_unit="us"),
        others.str.to_datetime("%Y-%m-%d %I:%M:%S %p", strict=False, time_unit="us"),
    ]
    for form in ("%Y-%m-%d %H:%M:%S%.f%z", "%Y-%m-%d %H:%M%z"):
        instants = others.str.to_datetime(form, strict=False, time_unit="us", time_zone="UTC")
        attempts.append(instants.dt.convert_time_zone(time_zone).dt.replace_time_zone(None))
    return pl.select(pl.coalesce(plain, *attempts)).to_series()


def check_time_zone(name: str) -> None:
    """Refuse a time zone that does not exist.

    Raises:
        IngestSettingError: If there is no such time zone.
    """
    try:
        pl.Series([EARLIEST]).dt.replace_time_zone("UTC").dt.convert_time_zone(name)
    except pl.exceptions.PolarsError as error:
        raise IngestSettingError(f"unknown time zone {name!r}: name one like America/Sao_Paulo") from error
