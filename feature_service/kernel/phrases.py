"""Values of features in the words of whoever keeps a shop: counts, shares, times ago, more or less than usual.

Each function takes a text in which ``{}`` stands for the value and gives what says a value in words.
"""

from collections.abc import Callable, Sequence
from functools import partial

Phrase = Callable[[float], str]
"""A value, never NaN, in words."""

Bands = Sequence[tuple[float, str]]
"""Words by the value below which they hold, ascending; the last ones hold for all above, so their bound is infinite."""

_UNKNOWN = {
    "item": "how the item does in other shops is not known",
    "location": "how the rest of the shop does is not known",
    "market": "how all products do is not known",
    "weeks_since_out": "when it was last out of stock is not known: not once in the data",
    "margin": "what a week needs is not known",
    "price": "what it was last sold at is not known",
    "sales_surprise": "what it usually sells is not known: it was hardly ever in stock",
    "relative_drop": "how far the stock falls in a week is not known",
    "drop": "how far the stock falls in a week is not known",
    "days_since_sale": "on which day it was last sold is not known",
    "sale_day_gap": "on which day it was last sold is not known",
    "sales_qtd": "what it sold then is not known",
    "trend": "whether it sells more or less than before is not known: nothing was sold",
    "days_since_receipt": "when the last delivery came is not known",
    "receipt": "how deliveries come is not known",
    "days_to": "no delivery is known to be on the way",
    "delivery": "no delivery is known to be on the way",
    "reorder": "how deliveries come is not known",
    "stock_to_re": "how deliveries come is not known",
}
"""What is said of a value that is not known, by the beginning of the feature's name."""

_BESIDE_DEMAND: Bands = (
    (-1.0, "far less than {}"),
    (-0.25, "less than {}"),
    (0.25, "about what {}"),
    (1.0, "little more than {}"),
    (2.0, "clearly more than {}"),
    (4.0, "far more than {}"),
    (float("inf"), "vastly more than {}"),
)

_SURPRISE: Bands = (
    (-2.0, "far less than usual"),
    (-0.5, "less than usual"),
    (0.5, "about as much as usual"),
    (2.0, "more than usual"),
    (float("inf"), "far more than usual"),
)


def counted(text: str, one: str, digits: int = 0) -> Phrase:
    """``0 units``, ``1 unit``, ``2.5 units``: at most so many digits after the point."""

    def say(value: float) -> str:
        number = _number(value, digits)
        return text.format(f"{number} {one}{'s' * (number != '1')}")

    return say


def share(text: str) -> Phrase:
    """``0%``, ``less than 1%``, ``40%``."""
    return lambda value: text.format(_percent(value))


def fall(text: str, one: str = "") -> Phrase:
    """``fell`` or ``grew``, and by how much: so many of ``one``, or a share, at most all, if there is none."""

    def say(value: float) -> str:
        amount = counted("{}", one)(abs(value)) if one else _percent(min(abs(value), 1.0))
        return text.format("grew" if value < 0 else "fell", amount)

    return say


def ago(text: str, unit: str) -> Phrase:
    """``in the newest week``, ``1 week ago``, ``3 weeks ago``; ``on the newest day``, ``1 day ago``."""
    now = f"{'on' if unit == 'day' else 'in'} the newest {unit}"
    before = counted("{} ago", unit)
    return lambda value: text.format(before(value) if value >= 0.5 else now)


def times(text: str, what: str = "the usual") -> Phrase:
    """``30% of the usual``, ``about the usual``, ``1.6 times the usual``."""

    def say(value: float) -> str:
        if value < 0.95:
            return text.format(f"{_percent(value)} of {what}")
        return text.format(f"about {what}" if value < 1.05 else f"{_number(value, 1)} times {what}")

    return say


def moved(text: str) -> Phrase:
    """``as high as``, ``3 points higher than``, ``0.5 points lower than``: of a share, in points of a hundred."""

    def say(value: float) -> str:
        points = _number(abs(100 * value), 1)
        if points == "0":
            return text.format("as high as")
        return text.format(f"{points} point{'s' * (points != '1')} {'higher' if value > 0 else 'lower'} than")

    return say


def unknown(feature_name: str) -> str:
    """That a value is not known, and of what."""
    says = (words for stem, words in _UNKNOWN.items() if feature_name.startswith(stem))
    return next(says, f"{feature_name.replace('_', ' ')} is not known")


def _banded(bands: Bands, text: str) -> Phrase:
    return lambda value: text.format(next(words for below, words in bands if value < below))


def due(what: str) -> Phrase:
    """``comes tomorrow``, ``comes in 3 days``, ``is overdue by 2 days``; 0 is the last known day."""

    def say(value: float) -> str:
        if value < 0.5:
            return f"{what} is overdue" + (counted(" by {}", "day")(-value) if value < -0.5 else "")
        return f"{what} comes {'tomorrow' if value < 1.5 else counted('in {}', 'day')(value)}"

    return say


def enough_for(what: str, text: str = "the stock is {}") -> Phrase:
    """A stock's distance from a demand, in standard deviations, in words."""
    return _banded([(below, words.format(what)) for below, words in _BESIDE_DEMAND], text)


surprise = partial(_banded, _SURPRISE)
"""A distance from what is usual, in standard deviations, in words."""


def _number(value: float, digits: int) -> str:
    """Without a fraction of zeros, nor a minus before nothing."""
    text = f"{value:,.{digits}f}"
    text = text.rstrip("0").rstrip(".") if digits else text
    return "0" if text == "-0" else text


def _percent(value: float) -> str:
    return "less than 1%" if 0 < value < 0.01 else f"{_number(100 * value, 0)}%"
