"""The addresses of one product's page and of its parts."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

SPANS_WEEKS = (13, 26, 52, 104)
DEFAULT_SPAN_WEEKS = 26


@dataclass(frozen=True)
class ProductLinks:
    """Of a product, for a question and with what is supposed.

    Attributes:
        product_id: Whose.
        question: Empty for the service's default.
        supposed: As ``WhatIf.fields`` gives it.
    """

    product_id: str
    question: str
    supposed: Mapping[str, str]

    @property
    def page(self) -> str:
        """Of the page as it is known, with nothing supposed."""
        return self._link("products", {})

    @property
    def what_if(self) -> str:
        """Of what changes on the page with what is supposed; that is added by the form."""
        return self._link("product-what-if", {}, with_question=False)

    @property
    def weeks(self) -> str:
        """Of what the charts draw; the form's fields are added to it."""
        return self._link("product-weeks", {}, with_question=False)

    def supposed_over(self, weeks: int) -> str:
        """Of the page with what is supposed, over so many weeks."""
        span = {} if weeks == DEFAULT_SPAN_WEEKS else {"weeks": str(weeks)}
        return self._link("products", {**self.supposed, **span})

    @property
    def spans(self) -> dict[int, str]:
        """Of the page over other numbers of weeks."""
        return {weeks: self.supposed_over(weeks) for weeks in SPANS_WEEKS}

    def _link(self, place: str, parameters: Mapping[str, str], *, with_question: bool = True) -> str:
        asked = {"question": self.question} if with_question and self.question else {}
        query = urlencode({**asked, **parameters})
        path = f"/{place}/{quote(self.product_id, safe='')}"
        return f"{path}?{query}" if query else path


def span_of(query: Mapping[str, str]) -> int:
    """How many weeks a link asks for; the default where it names none of the spans."""
    text = query.get("weeks", "")
    return next((weeks for weeks in SPANS_WEEKS if text == str(weeks)), DEFAULT_SPAN_WEEKS)
