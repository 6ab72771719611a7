"""The panel: products x weeks, dense. NumPy only, since the gRPC server loads it too."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from data.weeks import DateArray
from feature_service.kernel import FloatArray

UNITS_SOLD = "units_sold"
PRICE_MEAN = "price_mean"
ORDERS = "orders"
SALE_DAYS = "sale_days"
DAYS_SINCE_SALE = "days_since_sale"
UNITS_ON_HAND = "units_on_hand"
COUNT_AGE_DAYS = "count_age_days"
MIN_ON_HAND = "min_on_hand"
IN_STOCK = "in_stock"

LOCATION, ITEM = "location", "item"


@dataclass(frozen=True)
class Panel:
    """What is known of every product in every week of the calendar.

    Attributes:
        product_ids: Sorted, unique.
        weeks: Mondays, ``datetime64[D]``, oldest first, without a gap; the last is ``as_of``.
        fields: Matrices by name, float32, shape ``(products, weeks)``, NaN where not known; see ``data/README.md`` for
            each. ``units_sold`` is in units and ``price_mean`` in currency per unit, averaged over the units of the
            week whose price is known; both are 0 in a week without sales and NaN before the product was launched.
        categories: The category of each product, empty where it is not known.
        excluded: Products that were named in the data but have no row, with the reason.
        groups: What products share, by name: the value of each product. ``location`` and ``item`` are there when the
            ids tell them.
        lead_time_days: Days from ordering to having each product, None where not given; empty when none is.
    """

    product_ids: tuple[str, ...]
    weeks: DateArray
    fields: Mapping[str, FloatArray]
    categories: tuple[str, ...]
    excluded: Mapping[str, str]
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lead_time_days: tuple[int | None, ...] = ()

    @property
    def as_of_week(self) -> dt.date:
        """Monday of the last week."""
        last: dt.date = self.weeks[-1].item()
        return last

    def known_weeks(self) -> npt.NDArray[np.int64]:
        """Weeks since launch up to and including the last week, shape ``(products,)``; 0 before launch."""
        counts: npt.NDArray[np.int64] = np.isfinite(self.fields[UNITS_SOLD]).sum(axis=1)
        return counts

    def with_lead_time(self, default_days: int) -> "Panel":
        """The same panel with a lead time for every product: its own where given, else the default."""
        own = self.lead_time_days or (None,) * len(self.product_ids)
        return replace(self, lead_time_days=tuple(default_days if days is None else days for days in own))

    def products(self) -> dict[str, Any]:
        """What is known of the products apart from the matrices, fit for JSON."""
        return {
            "ids": self.product_ids,
            "categories": self.categories,
            "excluded": dict(self.excluded),
            "groups": dict(self.groups),
            "lead_time_days": self.lead_time_days,
        }

    @classmethod
    def from_products(cls, products: Mapping[str, Any], weeks: DateArray, fields: Mapping[str, FloatArray]) -> "Panel":
        """Put together again what :meth:`products` took apart.

        Raises:
            KeyError, TypeError: If ``products`` is not what it gave.
        """
        return cls(
            product_ids=tuple(products["ids"]),
            weeks=weeks,
            fields=fields,
            categories=tuple(products["categories"]),
            excluded=products["excluded"],
            groups={name: tuple(values) for name, values in products["groups"].items()},
            lead_time_days=tuple(products["lead_time_days"]),
        )
