"""The bytes of a CSV file as UTF-8: by its byte order mark, by being UTF-8, or as cp1252, which is a guess and said."""

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from data.errors import UnreadableInputError
from data.ingest.content import check_size

_BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_CHUNK = 1 << 20
_UTF8_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH = re.compile(rb"[\x80-\xff]+")
_FIRST_ACCENTED = 0xC0
_NOT_IN_CP1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")


@dataclass(frozen=True)
class Utf8:
    """A file's text.

    Attributes:
        data: UTF-8, without a byte order mark; where the file is damaged UTF-8, with its damage.
        encoding: What the file has, for a reader.
        warning: What is uncertain about that; empty: nothing.
    """

    data: bytes
    encoding: str
    warning: str = ""


def to_utf8(path: Path, data: bytes, encoding: str | None) -> Utf8:
    """Decode a file.

    Args:
        path: For sentences.
        data: The file's bytes.
        encoding: As the seller says; None: it is told from the bytes.
    Raises:
        UnreadableInputError: If the bytes are not in that encoding, or it cannot be told.
        InputTooLargeError: If the text is more than is read of one file.
    """
    if encoding is not None:
        return Utf8(_recode(path, data, encoding), f"{encoding}, as set")
    for mark, name in _BOMS.items():
        if data.startswith(mark):
            plain = data[len(mark) :]
            return Utf8(plain if name == "utf-8" else _recode(path, plain, name), f"{name} with a byte order mark")
    if data[:400].count(0) > len(data[:400]) // 4:
        raise UnreadableInputError(f"{path} looks like UTF-16 without a byte order mark: write it as UTF-8")
    if data.isascii():
        return Utf8(data, "ASCII")
    if _is_utf8(data) or _UTF8_SEQUENCE.search(data):  # the latter: damaged, and its bad rows go to quarantine
        return Utf8(data, "UTF-8")
    return _western(path, data)


def _western(path: Path, data: bytes) -> Utf8:
    """A file of which no byte above ASCII is UTF-8: single accents in Latin words, or some other script."""
    runs = _HIGH.findall(data)
    single, accented = sum(len(run) == 1 for run in runs), sum(byte >= _FIRST_ACCENTED for byte in b"".join(runs))
    if _NOT_IN_CP1252.search(data) or 2 * single < len(runs) or 2 * accented < sum(map(len, runs)):
        raise UnreadableInputError(
            f"{path} is not UTF-8, and its encoding cannot be told: write it as UTF-8, "
            'or say encoding = "…" in source.toml'
        )
    at = data.find(runs[0])
    word = re.split(r"[\s,;|\"]", data[max(at - 30, 0) : at].decode("cp1252", "replace"))[-1]
    word += re.split(r"[\s,;|\"]", data[at : at + 30].decode("cp1252", "replace"))[0]
    return Utf8(
        _recode(path, data, "cp1252"),
        "cp1252, a guess",
        f"{path.name} is not UTF-8 and was read as cp1252 (Latin-1), e.g. {word!r}: "
        'if that is right, say encoding = "cp1252" in source.toml',
    )


def _recode(path: Path, data: bytes, encoding: str) -> bytes:
    try:
        text = data.decode(encoding).removeprefix("\ufeff").encode()
    except UnicodeError as error:
        raise UnreadableInputError(f"{path} is not in the encoding {encoding}: {error}"[:300]) from error
    check_size(path, len(text))
    return text


def _is_utf8(data: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), _CHUNK):
            decoder.decode(data[start : start + _CHUNK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
