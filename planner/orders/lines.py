"""The lines of an order list, as an address asks for them."""

from dataclasses import dataclass
from urllib.parse import urlencode

import numpy as np
from starlette.datastructures import QueryParams

from feature_service.client import OrderLine, OrderList, order_list
from planner.board.keeper import Board

_TEXTS = ("question", "supplier", "category", "shop")
_MOST_TEXT = 256
_MOST_SPENT = 1e15


@dataclass(frozen=True)
class Wanted:
    """What an address asks for; whatever in it makes no sense is as if it were not there.

    Attributes:
        question: Empty for the server's default.
        supplier: Its id, exactly; empty for all, as for the next two.
        category: Exactly.
        shop: Exactly.
        spend: What may be spent, in the currency of the costs; None for no limit.
        decided: Also products about which somebody decided already.
        page: From 1.
    """

    question: str = ""
    supplier: str = ""
    category: str = ""
    shop: str = ""
    spend: float | None = None
    decided: bool = False
    page: int = 1

    @classmethod
    def of(cls, asked: QueryParams) -> "Wanted":
        """Read the parameters of an address."""
        page = asked.get("page", "")
        return cls(
            **{name: asked.get(name, "").strip()[:_MOST_TEXT] for name in _TEXTS},
            spend=_amount(asked.get("spend", "")),
            decided=asked.get("decided") == "yes",
            page=max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
        )

    def link(self, path: str = "/orders", *, page: int = 1, supplier: str | None = None) -> str:
        """The address of the same lines, or of those of one supplier."""
        asked = {name: getattr(self, name) for name in _TEXTS if getattr(self, name)}
        if supplier is not None:
            asked["supplier"] = supplier
        if self.spend is not None:
            asked["spend"] = f"{self.spend:.15g}"
        if self.decided:
            asked["decided"] = "yes"
        if page > 1:
            asked["page"] = str(page)
        return f"{path}?{urlencode(asked)}" if asked else path


def orders_of(board: Board, wanted: Wanted) -> OrderList:
    """What to order, best use of money first; see :func:`feature_service.client.order_list`."""
    table = board.table
    found = table.figures["order_units"] > 0
    if not wanted.decided:
        found &= board.states == 0
    asked = ((wanted.supplier, table.suppliers), (wanted.category, table.categories), (wanted.shop, table.shops))
    for name, labels in asked:
        if name:
            found &= labels.rows_of(name)
    orders = ((table.ids[row], table.orders[row]) for row in map(int, np.flatnonzero(found)))
    return order_list([OrderLine(product_id, order) for product_id, order in orders if order], wanted.spend)


def packs_of(line: OrderLine) -> float | None:
    """How many packs a line is; None where packs are not known."""
    return line.order.units / line.order.pack_size if line.order.pack_size else None


def _amount(text: str) -> float | None:
    try:
        amount = float(text.replace(",", "."))
    except ValueError:
        return None
    return amount if 0 <= amount <= _MOST_SPENT else None
