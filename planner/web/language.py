"""Words, numbers and dates as a reader knows them."""

import datetime as dt
import functools
import io
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Formats:
    """How a language writes figures; what is not known is a dash."""

    language: str

    @property
    def locale(self) -> Locale:
        """Babel's."""
        return Locale.parse(self.language)

    @property
    def tag(self) -> str:
        """For ``lang`` in HTML."""
        return self.language.replace("_", "-")

    def number(self, value: float | None, decimals: int = 0) -> str:
        """With groups of thousands."""
        if value is None or value != value:
            return NOTHING
        digits = "." + "0" * decimals if decimals else ""
        return numbers.format_decimal(round(value, decimals) + 0.0, f"#,##0{digits}", self.locale)

    def percent(self, share: float | None) -> str:
        """A share; what is hardly there, or hardly not, is said so instead of being rounded away."""
        if share is None or share != share:
            return NOTHING
        if 0 < share < 0.005:
            return "<" + numbers.format_percent(0.01, "#,##0%", self.locale)
        if 0.995 <= share < 1:
            return ">" + numbers.format_percent(0.99, "#,##0%", self.locale)
        return numbers.format_percent(share, "#,##0%", self.locale)

    def day(self, day: dt.date | None) -> str:
        """With its year, short."""
        return NOTHING if day is None else dates.format_date(day, "medium", self.locale)

    def short_day(self, day: dt.date | None) -> str:
        """Without its year."""
        return NOTHING if day is None else dates.format_skeleton("MMMd", day, locale=self.locale)

    def moment(self, moment: dt.datetime | None) -> str:
        """To the minute, UTC."""
        if moment is None:
            return NOTHING
        return dates.format_datetime(moment, "medium", tzinfo=dt.UTC, locale=self.locale) + " UTC"


@functools.cache
def formats_of(language: str) -> Formats:
    """How a language writes figures."""
    return Formats(language)
