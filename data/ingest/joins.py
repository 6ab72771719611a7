"""How many ids of one table are in another, measured each time: ids that do not meet make products without history."""

import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from data.errors import FewJoinsError
from data.ingest.contracts import AVAILABILITY, CATALOGUE, INVENTORY, LEAD_TIMES, PURCHASE_ORDERS, SALES, SUPPLIERS
from data.ingest.reading import IdForm
from data.ingest.validate import CheckedTable

_FEWEST_TO_JUDGE = 10
"""Ids of the smaller table below which few joins are a warning: a handful may well be others."""

_MOST_SAME = 0.01
_EXAMPLES = 3

Ids = Collection[str]


def _without_zeros(text: str) -> str:
    return text.lstrip("0") or "0" if text.isascii() and text.isdigit() else text


FORMS: Mapping[str, Callable[[str], str]] = {
    "trim = true": str.strip,
    'unicode = "NFC"': lambda text: unicodedata.normalize("NFC", text),
    "zero_pad": _without_zeros,
    "case": str.casefold,
}
"""What ids that are meant to be the same may differ in, by the setting that makes them the same."""


@dataclass(frozen=True)
class Join:
    """How the ids of two tables meet.

    Attributes:
        left: The file, or files, of one table.
        right: Of the other.
        left_ids: Different ids of the one.
        right_ids: Of the other.
        joined: In both.
        form: The entry of ``FORMS`` by which more would meet; empty: none.
        would_join: In both then.
        near: Pairs that would meet then.
        digits: To which zeros fill numbers in the table that has such, where the form is that.
    """

    left: str
    right: str
    left_ids: int
    right_ids: int
    joined: int
    form: str = ""
    would_join: int = 0
    near: tuple[tuple[str, str], ...] = ()
    digits: int = 0

    @property
    def smaller(self) -> int:
        """Ids of the smaller table."""
        return min(self.left_ids, self.right_ids)

    def sentence(self) -> str:
        """How many meet, and what would make it more."""
        part, whole = (self.left, self.right) if self.left_ids <= self.right_ids else (self.right, self.left)
        found = f"{self.joined:,} of the {self.smaller:,} ids of {part} are in {whole}"
        return found + self._near()

    def _near(self) -> str:
        if not self.form:
            return ""
        pairs = ", ".join(f"{left!r} and {right!r}" for left, right in self.near)
        return f"; {self.would_join:,} would be, such as {pairs}, {remedy(self.form, self.digits)}"


def remedy(form: str, digits: int) -> str:
    """What makes ids the same that differ in a form."""
    if form == "case":
        return "if capitals did not matter: write the ids in one form"
    setting = f"zero_pad = {digits}" if form == "zero_pad" else form
    return f"with [id] {setting} in source.toml"


def check_joins(checked: Mapping[str, CheckedTable], form: IdForm) -> tuple[str, ...]:
    """Measure the joins and the ids.

    Returns:
        What is to be warned of.
    Raises:
        FewJoinsError: If too few ids meet, or many of one table differ only in spaces or in how accents are written.
    """
    warnings = list(_same_ids(checked))
    for join in joins(checked):
        warnings += check_join(join, form)
    return (*warnings, *_unknown_suppliers(checked))


def _unknown_suppliers(checked: Mapping[str, CheckedTable]) -> Iterator[str]:
    if SUPPLIERS.name not in checked or CATALOGUE.name not in checked:
        return
    named, known = (_ids(checked[name], "supplier_id") for name in (CATALOGUE.name, SUPPLIERS.name))
    missing = sorted(named - known)
    if missing:
        products, suppliers = (checked[name].raw.path.name for name in (CATALOGUE.name, SUPPLIERS.name))
        yield (
            f"{len(missing):,} of the {len(named):,} suppliers that {products} names are not in {suppliers}, such as "
            f"{missing[0]!r}: nothing is known of their lead times"
        )


def check_join(join: Join, form: IdForm) -> tuple[str, ...]:
    """Judge how the ids of two tables meet.

    Returns:
        What is to be warned of.
    Raises:
        FewJoinsError: If too few do.
    """
    few = join.joined < form.min_join_share * join.smaller
    if few and (join.form or join.smaller >= _FEWEST_TO_JUDGE):
        way_out = f"say [id] min_join_share = {join.joined / join.smaller:.2f} in source.toml if that is right"
        raise FewJoinsError(f"only {join.sentence()}; {way_out}")
    return (join.sentence(),) if join.joined < join.smaller else ()


def joins(checked: Mapping[str, CheckedTable]) -> Iterator[Join]:
    """The stock's tables against the sales, and what is listed of products against all that moves."""
    ids = {name: _ids(table, "product_id") for name, table in checked.items() if name != SUPPLIERS.name}
    files = {name: table.raw.path.name for name, table in checked.items()}
    if SALES.name in ids:
        for name in (INVENTORY.name, AVAILABILITY.name):
            if ids.get(name):
                yield join_of(files[SALES.name], ids[SALES.name], files[name], ids[name])
    moving = [name for name in (SALES.name, INVENTORY.name) if name in ids]
    every = set().union(*(ids[name] for name in moving))
    for name in (CATALOGUE.name, LEAD_TIMES.name, PURCHASE_ORDERS.name):
        if ids.get(name) and every:
            yield join_of(" and ".join(files[each] for each in moving), every, files[name], ids[name])

    if SUPPLIERS.name in checked and CATALOGUE.name in checked:
        named, known = (_ids(checked[name], "supplier_id") for name in (CATALOGUE.name, SUPPLIERS.name))
        if named and known:
            yield join_of(f"suppliers in {files[CATALOGUE.name]}", named, files[SUPPLIERS.name], known)


def _ids(table: CheckedTable, column: str) -> set[str]:
    return set(table.good[column].drop_nulls().unique()) - {""}


def join_of(left_file: str, left: set[str], right_file: str, right: set[str]) -> Join:
    """How two sets of ids, of tables that are called so, meet."""
    joined = len(left & right)
    plain = Join(left_file, right_file, len(left), len(right), joined)
    alone_left, alone_right = left - right, right - left
    best, pairs = "", list[tuple[str, str]]()
    for name, form in FORMS.items() if alone_left and alone_right else ():
        there = {form(each): each for each in sorted(alone_right)}
        near = [(each, there[form(each)]) for each in sorted(alone_left) if form(each) in there]
        if len(near) > len(pairs):
            best, pairs = name, near
    if not best:
        return plain
    digits = max(len(text) for pair in pairs for text in pair)
    return Join(
        left_file,
        right_file,
        len(left),
        len(right),
        joined,
        best,
        joined + len(pairs),
        tuple(pairs[:_EXAMPLES]),
        digits,
    )


def _same_ids(checked: Mapping[str, CheckedTable]) -> Iterator[str]:
    """Ids of one table that differ in nothing but their form."""
    for name, table in checked.items():
        ids = sorted(_ids(table, "supplier_id" if name == SUPPLIERS.name else "product_id"))
        for setting, form in FORMS.items():
            first: dict[str, str] = {}
            same = [(first[form(each)], each) for each in ids if first.setdefault(form(each), each) != each]
            if not same:
                continue
            digits = max(len(text) for pair in same for text in pair)
            sentence = (
                f"{len(same):,} of the {len(ids):,} ids of {table.raw.path.name} differ from another only in form, "
                f"such as {same[0][0]!r} and {same[0][1]!r}: they would be one {remedy(setting, digits)}"
            )
            if setting in ("trim = true", 'unicode = "NFC"') and len(same) > _MOST_SAME * len(ids):
                raise FewJoinsError(sentence)
            yield sentence
