"""The panel: products x weeks, dense. No Polars here, since the gRPC server loads it too."""

import datetime as dt
import json
import mmap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from data.weeks import DateArray
from feature_service.json_record import read_json
from feature_service.kernel.arrays import BoolArray, FloatArray
from feature_service.kernel.deliveries import PurchaseOrders
from feature_service.kernel.fields import COUNT_AGE_DAYS, IN_STOCK, UNITS_ON_HAND, UNITS_SOLD

OLDEST_COUNT_DAYS = 28
"""A count that is older than this says too little about what is on the shelf."""


@dataclass(frozen=True)
class Supplier:
    """Who delivers products.

    Attributes:
        name: Empty where it is not known.
        minimum_order_value: Of all products of an order together, in the currency of the prices; None: no minimum.
    """

    name: str = ""
    minimum_order_value: float | None = None


@dataclass(frozen=True)
class ProductTable:
    """The rows of a panel without their matrices, as JSON keeps them; see :class:`Panel` for each."""

    ids: tuple[str, ...]
    categories: tuple[str, ...]
    excluded: Mapping[str, str]
    groups: Mapping[str, tuple[str, ...]]
    lead_time_days: tuple[int | None, ...]
    records_until: dt.date | None = None
    order_terms: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)
    supplier_ids: tuple[str, ...] = ()
    suppliers: Mapping[str, Supplier] = field(default_factory=dict)

    def to_json(self) -> str:
        """The table as the text of its file; without what was not there before, it is as it was."""
        said = {name: value for name, value in vars(self).items() if name not in _ORDERING or value}
        return json.dumps(said, ensure_ascii=False, default=_plain)

    @classmethod
    def from_json(cls, text: str | bytes) -> "ProductTable":
        """Read what :meth:`to_json` wrote.

        Raises:
            ValueError: If it is no such text.
        """
        return read_json(cls, text)


_ORDERING = ("order_terms", "supplier_ids", "suppliers")


def _plain(value: dt.date | Supplier) -> object:
    return value.isoformat() if isinstance(value, dt.date) else vars(value)


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
        groups: What products share, by name: the value of each product. ``location`` and ``item`` are there if
            the ids are made of them.
        lead_time_days: Days from ordering to having each product, None where the data has none; empty when it has none
            at all. In a snapshot every product has one.
        records_until: The day up to which every table of the data has records, at most the last week's Sunday; None
            where it is not known.
        order_terms: How products can be ordered, by the name of the term (a field of ``kernel.ordering.OrderTerms``):
            of each product, None where the data does not say; a term that it never says is not there.
        supplier_ids: Who delivers each product, empty where it is not known; empty when the data has none at all.
        suppliers: By id, those of whom more is known.
        purchase_orders: What was ordered from suppliers, of each product; None where the data does not tell.
    """

    product_ids: tuple[str, ...]
    weeks: DateArray
    fields: Mapping[str, FloatArray]
    categories: tuple[str, ...]
    excluded: Mapping[str, str]
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lead_time_days: tuple[int | None, ...] = ()
    records_until: dt.date | None = None
    order_terms: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)
    supplier_ids: tuple[str, ...] = ()
    suppliers: Mapping[str, Supplier] = field(default_factory=dict)
    purchase_orders: PurchaseOrders | None = None

    @property
    def data_until(self) -> dt.date:
        """The last day that the data tells of, by its records: of the last week at the latest."""
        return self.records_until or self.as_of_week + dt.timedelta(days=6)

    @property
    def as_of_week(self) -> dt.date:
        """Monday of the last week."""
        last: dt.date = self.weeks[-1].item()
        return last

    def out_of_stock(self) -> BoolArray:
        """Where the last count, not too old, is 0 or less, or the week's flag says out; shape ``(products, weeks)``."""
        out = np.zeros_like(self.fields[UNITS_SOLD], dtype=np.bool_)
        if UNITS_ON_HAND in self.fields:
            out |= (self.fields[UNITS_ON_HAND] <= 0) & (self.fields[COUNT_AGE_DAYS] <= OLDEST_COUNT_DAYS)
        if IN_STOCK in self.fields:
            out |= self.fields[IN_STOCK] == 0
        return out

    @property
    def has_lead_times(self) -> bool:
        """Whether every product has a lead time."""
        return len(self.lead_time_days) == len(self.product_ids) and None not in self.lead_time_days

    def with_lead_time(self, default_days: int) -> "Panel":
        """The same panel with a lead time for every product: its own if it has one, else the default."""
        own = self.lead_time_days or (None,) * len(self.product_ids)
        return replace(self, lead_time_days=tuple(default_days if days is None else days for days in own))

    def part(self, products: slice) -> "Panel":
        """Some products as a panel of their own; ``excluded`` stays that of all."""
        return replace(
            self,
            product_ids=self.product_ids[products],
            fields={name: matrix[products] for name, matrix in self.fields.items()},
            categories=self.categories[products],
            groups={name: values[products] for name, values in self.groups.items()},
            lead_time_days=self.lead_time_days[products],
            order_terms={name: values[products] for name, values in self.order_terms.items()},
            supplier_ids=self.supplier_ids[products],
            purchase_orders=self.purchase_orders and self.purchase_orders.of(products),
        )

    def release(self) -> None:
        """Give back the memory of matrices that are mapped from files: what is looked at again is read again."""
        for matrix in self.fields.values():
            mapping: object = matrix.base
            if isinstance(mapping, mmap.mmap):
                mapping.madvise(mmap.MADV_DONTNEED)

    def products(self) -> ProductTable:
        """What is known of the products apart from the matrices."""
        return ProductTable(
            self.product_ids,
            self.categories,
            dict(self.excluded),
            dict(self.groups),
            self.lead_time_days,
            self.records_until,
            dict(self.order_terms),
            self.supplier_ids,
            dict(self.suppliers),
        )

    @classmethod
    def from_products(
        cls,
        products: ProductTable,
        weeks: DateArray,
        fields: Mapping[str, FloatArray],
        purchase_orders: PurchaseOrders | None = None,
    ) -> "Panel":
        """The panel of a table of products, as :meth:`products` gives it, matrices and orders.

        Raises:
            ValueError: If they do not fit together.
        """
        per_product: dict[str, Sequence[object]] = {"categories": products.categories, **products.groups}
        per_product |= products.order_terms
        if products.lead_time_days:
            per_product["lead times"] = products.lead_time_days
        if products.supplier_ids:
            per_product["suppliers"] = products.supplier_ids
        for name, values in per_product.items():
            if len(values) != len(products.ids):
                raise ValueError(f"there are {len(products.ids)} products, and {len(values)} {name}")
        for name, matrix in fields.items():
            if matrix.shape != (len(products.ids), len(weeks)) or matrix.dtype != np.float32:
                raise ValueError(
                    f"{name} holds {matrix.dtype} of shape {matrix.shape}, "
                    f"not float32 of {len(products.ids)} products x {len(weeks)} weeks"
                )
        return cls(
            product_ids=products.ids,
            weeks=weeks,
            fields=fields,
            categories=products.categories,
            excluded=products.excluded,
            groups=products.groups,
            lead_time_days=products.lead_time_days,
            records_until=products.records_until,
            order_terms=products.order_terms,
            supplier_ids=products.supplier_ids,
            suppliers=products.suppliers,
            purchase_orders=purchase_orders,
        )


@dataclass(frozen=True)
class PanelBlocks:
    """A panel some products at a time, for whoever has no room for all of its matrices.

    Attributes:
        products: Of all blocks.
        weeks: As in :class:`Panel`.
        blocks: The matrices of the first products, of the next ones, and so on: the same names in each, at least one
            block. They can be walked through once.
        purchase_orders: Of all products at once, since they are few; None where the data does not tell.
    """

    products: ProductTable
    weeks: DateArray
    blocks: Iterator[Mapping[str, FloatArray]]
    purchase_orders: PurchaseOrders | None = None

    @property
    def as_of_week(self) -> dt.date:
        """Monday of the last week."""
        last: dt.date = self.weeks[-1].item()
        return last

    @property
    def data_until(self) -> dt.date:
        """As in :class:`Panel`."""
        return self.products.records_until or self.as_of_week + dt.timedelta(days=6)

    @classmethod
    def of(cls, panel: Panel) -> "PanelBlocks":
        """A whole panel as one block."""
        return cls(panel.products(), panel.weeks, iter([panel.fields]), panel.purchase_orders)

    def whole(self) -> Panel:
        """All blocks in memory."""
        blocks = list(self.blocks)
        fields = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
        return Panel.from_products(self.products, self.weeks, fields, self.purchase_orders)
