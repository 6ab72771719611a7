"""Values of features in words: counts, shares, times ago, more or less than usual; in English, or in other words.

Each function takes an English text in which ``{}`` stands for the value and gives what says a value in words. All that
it says is asked of :class:`Words` text by text, so whoever has these in another language can say the same in it.
"""

from collections.abc import Callable, Sequence
from typing import Protocol


class Words(Protocol):
    """A language to say values in."""

    def text(self, english: str) -> str:
        """The same text; ``{}`` in it stands for what is put in."""

    def of_count(self, one: str, many: str, number: str) -> str:
        """That of two texts that goes with a number, e.g. ``{} unit`` or ``{} units``; the number as in English."""

    def number(self, english: str) -> str:
        """The same number, given as e.g. ``-1,234.5``."""


class English:
    """The words that the phrases are declared in."""

    def text(self, english: str) -> str:
        """As it is."""
        return english

    def of_count(self, one: str, many: str, number: str) -> str:
        """All but 1 are many."""
        return one if number == "1" else many

    def number(self, english: str) -> str:
        """As it is."""
        return english


ENGLISH = English()

Phrase = Callable[[float, Words], str]
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
    amount = _amount(one, digits)
    return lambda value, words: words.text(text).format(amount(value, words))


def share(text: str) -> Phrase:
    """``0%``, ``less than 1%``, ``40%``."""
    return lambda value, words: words.text(text).format(_percent(value, words))


def fall(text: str, one: str = "") -> Phrase:
    """``fell`` or ``grew``, and by how much: so many of ``one``, or a share, at most all, if there is none."""
    amount = _amount(one, 0) if one else lambda value, words: _percent(min(value, 1.0), words)

    def say(value: float, words: Words) -> str:
        moves = words.text("grew" if value < 0 else "fell")
        return words.text(text).format(moves, amount(abs(value), words))

    return say


def ago(text: str, unit: str) -> Phrase:
    """``in the newest week``, ``1 week ago``, ``3 weeks ago``; ``on the newest day``, ``1 day ago``."""
    now = f"{'on' if unit == 'day' else 'in'} the newest {unit}"
    before = counted("{} ago", unit)
    return lambda value, words: words.text(text).format(before(value, words) if value >= 0.5 else words.text(now))


def times(text: str, what: str = "the usual") -> Phrase:
    """``30% of the usual``, ``about the usual``, ``1.6 times the usual``."""
    part, all_of_it, multiple = f"{{}} of {what}", f"about {what}", f"{{}} times {what}"

    def compare(value: float, words: Words) -> str:
        if value < 0.95:
            return words.text(part).format(_percent(value, words))
        if value < 1.05:
            return words.text(all_of_it)
        number = _number(value, 1)
        return words.of_count(multiple, multiple, number).format(words.number(number))

    return lambda value, words: words.text(text).format(compare(value, words))


def moved(text: str) -> Phrase:
    """``as high as``, ``3 points higher than``, ``0.5 points lower than``: of a share, in points of a hundred."""

    def compare(value: float, words: Words) -> str:
        points = _number(abs(100 * value), 1)
        if points == "0":
            return words.text("as high as")
        way = "higher" if value > 0 else "lower"
        text = words.of_count(f"{{}} point {way} than", f"{{}} points {way} than", points)
        return text.format(words.number(points))

    return lambda value, words: words.text(text).format(compare(value, words))


def unknown(feature_name: str, words: Words = ENGLISH) -> str:
    """That a value is not known, and of what."""
    for stem, text in _UNKNOWN.items():
        if feature_name.startswith(stem):
            return words.text(text)
    return words.text(f"{feature_name.replace('_', ' ')} is not known")


def due(what: str) -> Phrase:
    """``comes tomorrow``, ``comes in 3 days``, ``is overdue by 2 days``; 0 is the last known day."""
    days = _amount("day", 0)

    def say(value: float, words: Words) -> str:
        if value < -0.5:
            return words.text("{} is overdue by {}").format(words.text(what), days(-value, words))
        if value < 0.5:
            return words.text("{} is overdue").format(words.text(what))
        if value < 1.5:
            return words.text("{} comes tomorrow").format(words.text(what))
        return words.text("{} comes in {}").format(words.text(what), days(value, words))

    return say


def enough_for(what: str, text: str = "the stock is {}") -> Phrase:
    """A stock's distance from a demand, in standard deviations, in words."""

    def compare(value: float, words: Words) -> str:
        return words.text(_band(_BESIDE_DEMAND, value)).format(words.text(what))

    return lambda value, words: words.text(text).format(compare(value, words))


def surprise(text: str) -> Phrase:
    """A distance from what is usual, in standard deviations, in words."""
    return lambda value, words: words.text(text).format(words.text(_band(_SURPRISE, value)))


def _band(bands: Bands, value: float) -> str:
    return next((words for below, words in bands if value < below), bands[-1][1])


def _amount(one: str, digits: int) -> Phrase:
    single, plural = f"{{}} {one}", f"{{}} {one}s"

    def say(value: float, words: Words) -> str:
        number = _number(value, digits)
        return words.of_count(single, plural, number).format(words.number(number))

    return say


def _number(value: float, digits: int) -> str:
    """Without a fraction of zeros, nor a minus before nothing."""
    text = f"{value:,.{digits}f}"
    text = text.rstrip("0").rstrip(".") if digits else text
    return "0" if text == "-0" else text


def _percent(value: float, words: Words) -> str:
    if 0 < value < 0.01:
        return words.text("less than 1%")
    return words.text("{}%").format(words.number(_number(100 * value, 0)))
