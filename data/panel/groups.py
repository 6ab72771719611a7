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
    pairs = [product_id.partition("-")[::2] for product_id in product_ids]
    locations, items = zip(*pairs, strict=True)
    if not all(locations) or not all(items):
        return {}
    if max(len(set(locations)), len(set(items))) * 2 > len(pairs):
        return {}
    return {LOCATION: locations, ITEM: items}
