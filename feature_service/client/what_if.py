"""The shell's options by which a caller says what the server does not know: own counts, and what if."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import click

from feature_service.client.batching import Item
from feature_service.client.deliveries import ExpectedDelivery
from feature_service.client.options import combine, require_ids, require_text

_MAX_DELIVERY_DAYS = 365
_MAX_LEAD_TIME_DAYS = 365
"""What the protos allow."""


def _read_units(
    _context: click.Context, _parameter: click.Parameter, words: tuple[str, ...], what: str = "count"
) -> dict[str, float]:
    """By product id; what stands after the last ``=`` is the count, since an id may hold one."""
    counts: dict[str, float] = {}
    for word in words:
        product_id, _, units = word.rpartition("=")
        if not product_id:
            raise click.BadParameter(f"{word!r} must be ID={what.upper() if what == 'price' else 'UNITS'}, such as a=3")
        require_text(product_id)
        if product_id in counts:
            raise click.BadParameter(f"{product_id!r} has two {what}s, {counts[product_id]:g} and {units}: give one")
        counts[product_id] = _units(product_id, units, what)
    return counts


def _units(product_id: str, text: str, what: str) -> float:
    try:
        units = float(text)
    except ValueError:
        units = math.nan
    if not (math.isfinite(units) and units >= 0):
        raise click.BadParameter(f"the {what} of {product_id!r} must be a number of at least 0, not {text!r}")
    return units


def _read_prices(_context: click.Context, _parameter: click.Parameter, words: tuple[str, ...]) -> dict[str, float]:
    return _read_units(_context, _parameter, words, "price")


def _read_deliveries(
    _context: click.Context, _parameter: click.Parameter, words: tuple[str, ...]
) -> dict[str, list[ExpectedDelivery]]:
    """By product id; several of a product add up."""
    deliveries: dict[str, list[ExpectedDelivery]] = {}
    for word in words:
        product_id, _, said = word.rpartition("=")
        days, _, units = said.partition(":")
        if not (product_id and days.isdecimal() and 1 <= int(days) <= _MAX_DELIVERY_DAYS):
            raise click.BadParameter(
                f"{word!r} must be ID=DAYS:UNITS, such as a=3:40 for 40 units on the third day, "
                f"of 1 to {_MAX_DELIVERY_DAYS} days"
            )
        require_text(product_id)
        coming = ExpectedDelivery(int(days), _units(product_id, units, "delivery"))
        deliveries.setdefault(product_id, []).append(coming)
    return deliveries


@dataclass(frozen=True)
class OwnKnowledge:
    """What a caller says of products: of one by its id, or of all that are asked."""

    own_units: Mapping[str, float]
    lead_time_days: int | None
    deliveries: Mapping[str, Sequence[ExpectedDelivery]]
    prices: Mapping[str, float]
    demand_factor: float | None

    def of(self, product_id: str) -> Item:
        """What is said of a product."""
        return Item(
            product_id,
            self.own_units.get(product_id),
            self.lead_time_days,
            self.deliveries.get(product_id),
            self.prices.get(product_id),
            self.demand_factor,
        )

    def named(self) -> Iterator[str]:
        """The products of which something is said."""
        yield from dict.fromkeys((*self.own_units, *self.deliveries, *self.prices))


def with_own_knowledge(ids: Sequence[str], known: OwnKnowledge) -> Sequence[str] | list[Item]:
    """What to ask: ids alone, or each product with what the caller knows of it, which asks for the product too.

    Raises:
        click.UsageError: If there is nothing to ask.
    """
    named = list(known.named())
    asked = (*ids, *(each for each in named if each not in ids))
    if not named and known.lead_time_days is None and known.demand_factor is None:
        return require_ids(asked)
    return [known.of(each) for each in require_ids(asked)]


OWN_KNOWLEDGE = combine(
    click.option(
        "--units-on-hand",
        "own_units",
        multiple=True,
        metavar="ID=UNITS",
        callback=_read_units,
        help="Your own count of a product, instead of the server's; asks for the product too. Repeat it for others.",
    ),
    click.option(
        "--lead-time-days",
        type=click.IntRange(0, _MAX_LEAD_TIME_DAYS),
        help="Days from ordering to having, for all products asked.  [default: the server's]",
    ),
    click.option(
        "--delivery",
        "deliveries",
        multiple=True,
        metavar="ID=DAYS:UNITS",
        callback=_read_deliveries,
        help="What if only this came, so many days after the as_of week; asks for the product too. Repeat it for more.",
    ),
    click.option(
        "--unit-price",
        "prices",
        multiple=True,
        metavar="ID=PRICE",
        callback=_read_prices,
        help="What if a unit was sold at this; asks for the product too. Repeat it for others.",
    ),
    click.option(
        "--demand-factor",
        type=click.FloatRange(0.01, 100),
        help="What if all demand was so many times as high, e.g. 1.5 in a promotion, for all products asked.",
    ),
)
