"""From JSON to a frozen dataclass, by its type hints; whatever does not fit is refused in one sentence."""

import dataclasses
import datetime as dt
import json
from collections.abc import Callable, Mapping
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

Record = TypeVar("Record")

_VALUES: dict[Any, tuple[tuple[type, ...], Callable[[Any], object], str]] = {
    str: ((str,), str, "text"),
    int: ((int,), int, "a whole number"),
    float: ((int, float), float, "a number"),
    bool: ((bool,), bool, "true or false"),
    dt.date: ((str,), dt.date.fromisoformat, "a date such as 2018-08-26"),
    dt.datetime: ((str,), dt.datetime.fromisoformat, "a time such as 2018-08-26T12:00:00+00:00"),
}
"""For each type of a single value: the JSON types it is read from, how, and its name in an error."""


class RecordError(ValueError):
    """A JSON value does not have the shape of its record."""

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        super().__init__(f"{path or 'the record'} {problem}")


def read_json(record_type: type[Record], text: str | bytes) -> Record:
    """Make a dataclass from a JSON text; a field with a default may be missing.

    Raises:
        ValueError: If it is no JSON that can be read.
        RecordError: If a field is missing, unknown, or of another type; the sentence names its path.
    """
    return read_record(record_type, parse_json(text))


def parse_json(text: str | bytes) -> Any:
    """What ``json.loads`` gives, but its every failure is a ValueError, and its every text is one that can be written.

    Raises:
        ValueError: If it is no JSON, is nested too deeply, gives a name twice, or holds half a surrogate pair.
    """
    try:
        value = json.loads(text, object_pairs_hook=_object)
        if (b"\\ud" if isinstance(text, bytes) else "\\ud") in text.lower():  # type: ignore[operator]
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of a name that is given twice ``json`` would take the last value, and nobody would see it."""
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{json.dumps(twice)} is given twice")
    return value


def read_record(record_type: type[Record], value: object) -> Record:
    """Make a dataclass from what ``json.loads`` gave; a field with a default may be missing.

    Raises:
        RecordError: If a field is missing, unknown, or of another type; the sentence names its path.
    """
    return cast(Record, _read(record_type, value, ""))


def _read(hint: Any, value: Any, path: str) -> object:
    origin, parts = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if origin in (Union, UnionType):
        (other,) = set(parts) - {NoneType}
        return None if value is None else _read(other, value, path)
    if dataclasses.is_dataclass(hint):
        return _read_fields(hint, _expect((dict,), "an object", value, path), path)
    if origin is tuple:
        return _read_tuple(parts, _expect((list,), "a list", value, path), path)
    if origin in (dict, Mapping):
        entries = _expect((dict,), "an object", value, path)
        return {name: _read(parts[1], each, _join(path, name)) for name, each in entries.items()}
    if origin is Literal:
        return value if value in parts else _expect((), f"one of {', '.join(parts)}", value, path)
    types, convert, description = _VALUES[hint]
    plain = _expect(types, description, value, path)
    try:
        return convert(plain)
    except (ValueError, OverflowError):  # no such date, or a number beyond all floats
        return _expect((), description, value, path)


def _expect(types: tuple[type, ...], description: str, value: Any, path: str) -> Any:
    if type(value) not in types:  # not isinstance: true and false are no numbers
        raise RecordError(path, f"must be {description}, not {_brief(value)}")
    return value


def _brief(value: Any) -> str:
    try:
        return json.dumps(value)[:80]
    except RecursionError:
        return "what is nested deeply"


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _read_fields(record_type: Any, values: dict[str, Any], path: str) -> object:
    hints = get_type_hints(record_type)
    for name in values.keys() - hints.keys():
        raise RecordError(_join(path, name), "is not a known field")
    for field in dataclasses.fields(record_type):
        if field.name not in values and field.default is field.default_factory is dataclasses.MISSING:
            raise RecordError(_join(path, field.name), "is missing")
    return record_type(**{name: _read(hints[name], value, _join(path, name)) for name, value in values.items()})


def _read_tuple(hints: tuple[Any, ...], values: list[Any], path: str) -> object:
    if hints[-1] is Ellipsis:
        types = set(get_args(hints[0])) or {hints[0]}
        if types <= {str, int, float, NoneType} and set(map(type, values)) <= types:
            return tuple(values)  # a list of all products is long, and needs no conversion
        hints = hints[:1] * len(values)
    if len(values) != len(hints):
        raise RecordError(path, f"must have {len(hints)} values, not {len(values)}")
    return tuple(_read(hints[place], value, f"{path}[{place}]") for place, value in enumerate(values))
