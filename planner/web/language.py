"""Words, numbers and dates as a reader knows them."""

import datetime as dt
import functools
import io
import math
from pathlib import Path

from babel import Locale, dates, negotiate_locale, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from starlette.requests import Request

LOCALES = Path(__file__).parent.parent / "locales"
LANGUAGES = {"en": "English", "pt_BR": "Português"}
DEFAULT = "en"
COOKIE = "planner_language"
NOTHING = "–"
_LEAST_SHARE = 0.005
"""Below this a share would be rounded to nothing."""


def language_of(request: Request) -> str:
    """What was chosen, or else what the browser prefers."""
    chosen = request.cookies.get(COOKIE, "")
    if chosen in LANGUAGES:
        return chosen
    header = request.headers.get("accept-language", "")
    preferred = [part.partition(";")[0].strip().replace("-", "_") for part in header.split(",")]
    aliases = {"pt": "pt_BR", "en": "en"}
    return negotiate_locale(preferred, list(LANGUAGES), aliases=aliases) or _by_language(preferred)


def _by_language(preferred: list[str]) -> str:
    for each in preferred:
        for language in LANGUAGES:
            if each.split("_")[0].lower() == language.split("_")[0]:
                return language
    return DEFAULT


@functools.cache
def translations_of(language: str) -> Translations:
    """The words of a language."""
    source = LOCALES / f"{language}.po"
    if not source.exists():
        return Translations()
    compiled = io.BytesIO()
    with source.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled)


class Formats:
    """How a language writes figures; what is not known is a dash. Made once: a page has hundreds of them."""

    def __init__(self, language: str) -> None:
        self.locale = Locale.parse(language)
        self.tag = language.replace("_", "-")
        """For ``lang`` in HTML."""
        symbols = self.locale.number_symbols["latn"]
        self._separators = str.maketrans({",": symbols["group"], ".": symbols["decimal"]})
        self._percent = numbers.format_percent(0.01, "#,##0%", self.locale).replace("1", "{}")
        self._day = functools.lru_cache(4096)(lambda day: dates.format_date(day, "medium", self.locale))
        self._short_day = functools.lru_cache(4096)(lambda day: dates.format_skeleton("MMMd", day, locale=self.locale))

    def number(self, value: float | None, decimals: int = 0) -> str:
        """With groups of thousands."""
        if value is None or math.isnan(value):
            return NOTHING
        return self.rewritten(f"{round(value, decimals) + 0.0:,.{decimals}f}")

    def rewritten(self, english: str) -> str:
        """A number that is written as ``1,234.5``."""
        return english.translate(self._separators)

    def percent(self, share: float | None) -> str:
        """A share; what is hardly there, or hardly not, is said so instead of being rounded away."""
        if share is None or math.isnan(share):
            return NOTHING
        if 0 < share < _LEAST_SHARE:
            return "<" + self._percent.format(1)
        if 1 - _LEAST_SHARE <= share < 1:
            return ">" + self._percent.format(99)
        return self._percent.format(round(100 * share))

    def day(self, day: dt.date | None) -> str:
        """With its year, short."""
        return NOTHING if day is None else self._day(day)

    def short_day(self, day: dt.date | None) -> str:
        """Without its year."""
        return NOTHING if day is None else self._short_day(day)

    def moment(self, moment: dt.datetime | None) -> str:
        """To the minute, UTC."""
        if moment is None:
            return NOTHING
        time = dates.format_time(moment, "short", tzinfo=dt.UTC, locale=self.locale)
        return f"{self.day(moment.astimezone(dt.UTC).date())}, {time} UTC"


@functools.cache
def formats_of(language: str) -> Formats:
    """How a language writes figures."""
    return Formats(language)
