"""Every word of the page is there in every language, with the same values in it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import planner
from planner.web.language import LANGUAGES, LOCALES, translations_of

HERE = Path(planner.__file__).parent
METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]
OPTIONS = {"templates/**.html": {"trimmed": "true", "silent": "false"}}
OTHERS = [each for each in LANGUAGES if each != "en"]
VALUE = re.compile(r"%\((\w+)\)s")


def messages() -> Iterator[tuple[str, ...]]:
    """What the page says in English: singular and plural, or one text."""
    for _file, _line, message, _comments, _context in extract_from_dir(str(HERE), METHODS, OPTIONS):
        yield message if isinstance(message, tuple) else (message,)


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated_and_none_is_left_of_a_page_of_before(language: str) -> None:
    with (LOCALES / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    translated = {_texts(each.id): each for each in catalogue if each.id}
    said = set(messages())
    assert said - set(translated) == set(), "not translated: add them to the catalogue"
    assert set(translated) - said == set(), "nobody says that any more: take it out of the catalogue"
    for message, translation in translated.items():
        texts = _texts(translation.string)
        assert all(texts), message
        assert not translation.fuzzy, message
        for text in texts:  # one may leave a number to its words, and none may name another value
            assert set(VALUE.findall(text)) <= set(VALUE.findall("".join(message))), message
        assert set(VALUE.findall("".join(texts))) == set(VALUE.findall("".join(message))), message


def _texts(given: Any) -> tuple[str, ...]:
    """One, or those for one and for many."""
    return tuple(given) if isinstance(given, tuple | list) else (given,)


@pytest.mark.parametrize("language", OTHERS)
def test_one_and_many_are_told_apart(language: str) -> None:
    words = translations_of(language)
    for message in {each for each in messages() if len(each) > 1}:
        one, many = (words.ngettext(message[0], message[1], n) for n in (1, 2))
        assert one != many
