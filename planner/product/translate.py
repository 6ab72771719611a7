"""What the server says in English, in the reader's language: why a risk is what it is, why an alert has no outcome."""

import datetime as dt
import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po

from feature_service.client import Reason
from feature_service.kernel import UnknownFeatureSetError, feature_set
from planner.web.language import DEFAULT, LOCALES, Formats, formats_of

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Sentence:
    """What is said, and the tag of its language, for ``lang`` in HTML."""

    text: str
    tag: str


class CatalogueWords:
    """Words for :meth:`feature_service.kernel.Feature.in_words`, of a catalogue; there are none if there is no file.

    Each method raises ``KeyError`` for a text that is not in it, where gettext would answer the text itself.
    """

    def __init__(self, source: Path, formats: Formats) -> None:
        self._texts: dict[Any, Any] = {}
        self._formats = formats
        if source.exists():
            with source.open("rb") as file:
                self._texts = {each.id: each.string for each in read_po(file) if each.id}

    def text(self, english: str) -> str:
        """The translation, with the same fields."""
        text: str = self._texts[english]
        return text

    def of_count(self, one: str, many: str, number: str) -> str:
        """As the page counts: all but 1 are many."""
        text: str = self._texts[one, many][0 if number == "1" else 1]
        return text

    def number(self, english: str) -> str:
        """With the language's signs."""
        return self._formats.rewritten(english)


class Translator:
    """Says what the server says in a language or, where there are no words for it, as the server does.

    A feature's value is said anew where this page knows the feature, and would say it in English as the server does: a
    newer server may have other features, or say them otherwise.
    """

    def __init__(self, language: str) -> None:
        self._formats = formats_of(language)
        self._words = CatalogueWords(LOCALES / f"reasons.{language}.po", self._formats)

    def reason(self, feature_set_name: str, reason: Reason) -> Sentence:
        """One feature's part in a probability, of a model of that feature set."""
        try:
            features = feature_set(feature_set_name).features
            known = next((each for each in features if each.name == reason.feature), None)
            if known is not None and known.in_words(reason.value) == reason.text:
                return Sentence(known.in_words(reason.value, self._words), self._formats.tag)
        except (UnknownFeatureSetError, KeyError):
            pass
        return Sentence(reason.text, DEFAULT)

    def outcome(self, text: str) -> Sentence:
        """Why an alert is open or unknown; the days in it as the language writes them."""
        try:
            days = [self._formats.day(dt.date.fromisoformat(each)) for each in _DAY.findall(text)]
            return Sentence(self._words.text(_DAY.sub("{}", text)).format(*days), self._formats.tag)
        except (KeyError, ValueError):
            return Sentence(text, DEFAULT)


@functools.cache
def translator_of(language: str) -> Translator:
    """Of a reader's language; made once."""
    return Translator(language)
