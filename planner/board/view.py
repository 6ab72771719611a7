"""A view of the board, as its address says: what is shown, in which order, and which page of it."""

import dataclasses
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

COLUMNS = (
    "category",
    "supplier",
    "shop",
    "money",
    "relief_probability",
    "probability",
    "reorder_by",
    "out_by",
    "units_on_hand",
    "next_delivery",
    "weeks_of_cover",
    "expected_demand_units",
    "order_units",
    "order_cost",
)
"""What may be shown beside the product, in this order."""
USUAL_COLUMNS = (
    "category",
    "money",
    "relief_probability",
    "reorder_by",
    "units_on_hand",
    "next_delivery",
    "order_units",
)
SORTS = ("money", "product", *(each for each in COLUMNS if each != "money"))
ASCENDING = (
    *("product", "category", "supplier", "shop"),
    *("reorder_by", "out_by", "next_delivery", "units_on_hand", "weeks_of_cover"),
)
"""What a reader wants to see the smallest of first."""
STATES = ("open", "acknowledged", "snoozed", "dismissed", "out", "all")
NEEDS = ("week", "overdue", "expedite", "alert", "any")
PAGE_SIZES = (25, 50, 100)
_MOST_TEXT = 256
_MOST_NUMBER = 1_000_000


@dataclass(frozen=True)
class View:
    """What an address asks for; whatever in it makes no sense is as if it were not there.

    Attributes:
        question: Empty for the server's default.
        search: Part of a product's id or category, in any case.
        category: Exactly.
        supplier: Its id, exactly.
        shop: Exactly.
        state: One of ``STATES``.
        need: One of ``NEEDS``: what needs a decision within a week, what is overdue, what comes too late, what raises
            an alert, or any.
        sort: One of ``SORTS``.
        descending: Biggest first; None as is usual for the column.
        page: From 1.
        size: Rows on a page.
        budget: Products that can be looked at in a week: only the first so many; 0 for all.
        columns: Of ``COLUMNS``.
    """

    question: str = ""
    search: str = ""
    category: str = ""
    supplier: str = ""
    shop: str = ""
    state: str = "open"
    need: str = "week"
    sort: str = "money"
    descending: bool | None = None
    page: int = 1
    size: int = 50
    budget: int = 0
    columns: tuple[str, ...] = USUAL_COLUMNS

    @classmethod
    def of(cls, asked: QueryParams) -> "View":
        """Read the parameters of an address."""
        chosen = {*asked.getlist("column"), *asked.get("columns", "").split(",")}
        columns = tuple(each for each in COLUMNS if each in chosen)
        return cls(
            **{name: asked.get(name, "").strip()[:_MOST_TEXT] for name in _TEXTS},
            state=_choice(asked.get("state"), STATES, "open"),
            need=_choice(asked.get("need"), NEEDS, "week"),
            sort=_choice(asked.get("sort"), SORTS, "money"),
            descending={"down": True, "up": False}.get(asked.get("order", "")),
            page=max(1, _number(asked.get("page"), 1)),
            size=_number(asked.get("size"), 0) if _number(asked.get("size"), 0) in PAGE_SIZES else 50,
            budget=_number(asked.get("budget"), 0),
            columns=columns or USUAL_COLUMNS,
        )

    @property
    def is_descending(self) -> bool:
        """Whether the biggest comes first."""
        return self.sort not in ASCENDING if self.descending is None else self.descending

    def but(self, **changes: Any) -> "View":
        """The same view with changes, from its first page on."""
        return dataclasses.replace(self, **{"page": 1, **changes})

    def sorted_by(self, column: str) -> "View":
        """By a column; by the one that it goes by already, the other way round."""
        is_same = column == self.sort
        return self.but(sort=column, descending=not self.is_descending if is_same else None)

    @property
    def query(self) -> str:
        """The address of the view, without what is usual."""
        plain = View()
        given = {name: getattr(self, name) for name in (*_TEXTS, "state", "need", "sort", "page", "size", "budget")}
        asked = {name: value for name, value in given.items() if value != getattr(plain, name)}
        if self.descending is not None and self.is_descending != (self.sort not in ASCENDING):
            asked["order"] = "down" if self.descending else "up"
        if self.columns != USUAL_COLUMNS:
            asked["columns"] = ",".join(self.columns)
        return urlencode(asked)

    def link(self, path: str = "/", **changes: Any) -> str:
        """The address of the view with changes."""
        query = self.but(**changes).query if changes else self.query
        return f"{path}?{query}" if query else path


_TEXTS = ("question", "search", "category", "supplier", "shop")


def _choice(asked: str | None, allowed: tuple[str, ...], usual: str) -> str:
    return asked if asked in allowed else usual


def _number(text: str | None, usual: int) -> int:
    """At least 0; what is no such number is the usual one."""
    is_number = text is not None and text.isascii() and text.isdigit() and len(text) < len(str(_MOST_NUMBER))
    return int(text or "") if is_number else usual
