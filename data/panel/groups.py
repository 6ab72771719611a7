"""Location and item, read from product ids: ``12-10042974`` is item 10042974 at location 12."""

from collections.abc import Sequence

from data.panel import ITEM, LOCATION


def location_and_item(product_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Location and item of each product, if every id is made of the two.

    That is so if every id has a hyphen with something on both sides, and both parts (before and after the first hyphen)
    come back: on average a location has at least two items, and an item at least two locations.

    Returns:
        ``location`` and ``item``, one value per product; empty if the ids are not made of them.
    """
    if not product_ids or not all("-" in product_id for product_id in product_ids):
        return {}
    groups = split_ids(product_ids)
    locations, items = (set(values) for values in groups.values())
    if "" in locations or "" in items or not is_made_of_two(len(product_ids), len(locations), len(items)):
        return {}
    return groups


def is_made_of_two(products: int, locations: int, items: int) -> bool:
    """Whether so many different locations and items make ids of two parts: both come back."""
    return max(locations, items) * 2 <= products


def split_ids(product_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """What stands before and after the first hyphen of each id that has one: its ``location`` and its ``item``."""
    pairs = [product_id.partition("-")[::2] for product_id in product_ids]
    return {LOCATION: tuple(pair[0] for pair in pairs), ITEM: tuple(pair[1] for pair in pairs)}
