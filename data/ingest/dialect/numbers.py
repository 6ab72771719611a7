"""Decimal signs and grouped thousands: 1.234,56 or 1,234.56, told from a table's numbers, and never guessed.

``1.040`` alone may be 1.04 or 1040, so where nothing else in the table decides, it is refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from data.ingest.dialect.currencies import without_currency

_SIGN = r"^[+-]?"
_AMBIGUOUS = _SIGN + r"[1-9]\d{0,2}[.,]\d{3}$"
_SPACED = _SIGN + r"\d{1,3}([ '’\u00a0\u202f]\d{3})+([.,]\d+)?$"
_SPACES = r"[ '’\u00a0\u202f]"
_LEAST_SHARE = 0.01
"""Of the values whose form tells, and of the ambiguous ones: a typing error must not decide over the others."""


@dataclass(frozen=True)
class NumberForm:
    """How a column writes numbers.

    Attributes:
        decimal: Its decimal sign, ``.`` or ``,``; the other one groups thousands.
        evidence: Why, for a reader; empty: nothing needed to be told.
        has_currency: Whether a currency stands beside some of them.
    """

    decimal: str = "."
    evidence: str = ""
    has_currency: bool = False


@dataclass(frozen=True)
class UncertainNumber:
    """A number that can be read in two ways, by the column that holds it."""

    column: str
    text: str


def number_forms(columns: Mapping[str, pl.Series], told: str | None) -> dict[str, NumberForm] | UncertainNumber:
    """The form of each column of a table.

    A column tells by itself, or else by a decimal sign of the others that makes its own sign group thousands.

    Args:
        columns: Numbers as text, by the column's name.
        told: The decimal sign that the seller names, if any.
    """
    if told is not None:
        return {name: NumberForm(told, f"decimal sign {told}, as set") for name in columns}
    counts = {name: _Counts.of(texts) for name, texts in columns.items()}
    own = {name: form for name, each in counts.items() if (form := each.form()) is not None}
    of_table = {form.decimal: form for form in own.values()}
    forms = dict.fromkeys(columns, NumberForm()) | own
    for name, each in counts.items():
        if name in own or not each.unclear:
            continue
        # 1.040 is 1040 where another column has decimal commas; but that another has points makes it no 1.04
        if each.contradicts or each.only_zeros or len(of_table) != 1 or each.unclear_signs & of_table.keys():
            return UncertainNumber(name, each.example)
        forms[name] = next(iter(of_table.values()))
    return forms


def as_number(text: pl.Expr, form: NumberForm) -> pl.Expr:
    """The number that a text stands for; null where it is none."""
    decimal, group = re.escape(form.decimal), "," if form.decimal == "." else "."
    grouped = rf"{_SIGN}[1-9]\d{{0,2}}({re.escape(group)}\d{{3}})+({decimal}\d+)?$"
    plain = _without_spaces(without_currency(text) if form.has_currency else text)
    plain = pl.when(plain.str.contains(grouped)).then(plain.str.replace_all(group, "", literal=True)).otherwise(plain)
    if form.decimal == ",":
        plain = pl.when(~plain.str.contains(".", literal=True)).then(plain.str.replace(",", ".", literal=True))
    return plain.cast(pl.Float64, strict=False)


def _without_spaces(text: pl.Expr) -> pl.Expr:
    return pl.when(text.str.contains(_SPACED)).then(text.str.replace_all(_SPACES, "")).otherwise(text)


@dataclass(frozen=True)
class _Counts:
    """How many values of a column speak for which decimal sign, each with an example."""

    votes: Mapping[str, tuple[int, str]]
    unclear: int
    example: str
    unclear_signs: frozenset[str]
    only_zeros: bool
    """Whether all values end in a mark and 000: thousands all through, or whole numbers with three decimals."""

    @classmethod
    def of(cls, texts: pl.Series) -> "_Counts":
        plain = pl.DataFrame({"text": texts}).lazy().select(_without_spaces(pl.col("text")).alias("text"))
        marked = plain.filter(pl.col("text").str.contains("[.,]")).collect()["text"]
        clear = marked.filter(~marked.str.contains(_AMBIGUOUS))
        votes = {}
        for decimal, group in ((".", ","), (",", ".")):
            point, comma = re.escape(decimal), re.escape(group)
            has_fraction = rf"{_SIGN}(\d*|[1-9]\d{{0,2}}({comma}\d{{3}})+){point}\d+([eE][+-]?\d+)?$"
            only_grouped = rf"{_SIGN}[1-9]\d{{0,2}}({comma}\d{{3}}){{2,}}$"
            found = clear.filter(clear.str.contains(f"{has_fraction}|{only_grouped}"))
            votes[decimal] = (found.len(), found[0] if found.len() else "")
        unclear = marked.filter(marked.str.contains(_AMBIGUOUS))
        signs = frozenset(sign for sign in ".," if unclear.str.contains(sign, literal=True).any())
        written = plain.filter(pl.col("text") != "").select(pl.len()).collect().item()
        only_zeros = written == unclear.len() > 1 and bool(unclear.str.contains(r"[.,]000$").all())
        return cls(votes, unclear.len(), unclear[0] if unclear.len() else "", signs, only_zeros)

    @property
    def contradicts(self) -> bool:
        """Whether the column tells something, if not for certain."""
        return any(count for count, _ in self.votes.values())

    def form(self) -> NumberForm | None:
        """What the column tells for certain; of a few values against many, the many are believed."""
        (many, example), decimal = max((vote, decimal) for decimal, vote in self.votes.items())
        few = min(count for count, _ in self.votes.values())
        if not many or few > _LEAST_SHARE * many or many < _LEAST_SHARE * self.unclear:
            return None
        return NumberForm(decimal, f"decimal sign {decimal} ({example})")
