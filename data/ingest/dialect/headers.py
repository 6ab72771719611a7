"""Names of columns that differ from those of the contract in nothing but how they are written: Product ID, SOLD_AT."""

import re
from collections.abc import Collection, Sequence
from pathlib import Path

from data.errors import UnreadableInputError


def plain(name: str) -> str:
    """The name in one form, whatever its case, the spaces around it, and what stands between its words."""
    return re.sub(r"[\s_-]+", "_", name.strip()).casefold()


def match_headers(path: Path, names: Sequence[str], wanted: Collection[str]) -> dict[str, str]:
    """What a file calls the columns that it has in another form, by the names that are wanted.

    Args:
        path: The file, for sentences.
        names: Of its columns.
        wanted: By the contract, or by ``source.toml``. A column of exactly such a name is no other one.
    Raises:
        UnreadableInputError: If two columns may be meant, or one for two names.
    """
    free = [name for name in names if name not in wanted]
    found: dict[str, str] = {}
    for name in dict.fromkeys(wanted):
        like = [each for each in free if plain(each) == plain(name)]
        if names.count(name) > 1:
            raise UnreadableInputError(f"{path} has the column {name} twice: leave out or rename one of them")
        if name in names or not like:
            continue
        if len(like) > 1:
            both = " and ".join(map(repr, like))
            raise UnreadableInputError(f"{path} has the columns {both}, either of which may be {name}: rename one")
        if like[0] in found.values():
            other = next(each for each, taken in found.items() if taken == like[0])
            raise UnreadableInputError(f"{path} has the column {like[0]!r}, which may be {other} or {name}")
        found[name] = like[0]
    return found
