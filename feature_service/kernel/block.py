"""The part of a panel that features are computed for at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from feature_service.kernel.arrays import DoubleArray, FloatArray, Rows
from feature_service.kernel.deliveries import PurchaseOrders
from feature_service.kernel.groups import Measures, Members, Totals
from feature_service.kernel.series import Series

Fields = Mapping[str, FloatArray]
"""The panel's matrices by name, each of shape ``(products, weeks)``, e.g. ``units_sold`` and ``price_mean``."""


@dataclass(frozen=True)
class Block:
    """Some products up to and including some week.

    Attributes:
        fields: Their matrices, oldest week first.
        first: Features are wanted for the weeks from this column on.
        rows: Which products of the panel they are.
        totals: Sums over the groups of all products of the panel; None while these are made.
        shared: Series over groups, kept between the blocks of one computation.
        purchase_orders: Theirs; None where nothing is known of any.
    """

    fields: Fields
    first: int = 0
    rows: Rows = field(default_factory=lambda: slice(None))
    totals: Totals | None = None
    shared: dict[tuple[str, str, str], Series] = field(default_factory=dict)
    purchase_orders: PurchaseOrders | None = None


class View:
    """What the views of all feature sets share: their block's fields as series, and its groups."""

    def __init__(self, block: Block) -> None:
        self._block = block
        self._groups: dict[str, Members] = {}

    @property
    def purchase_orders(self) -> PurchaseOrders:
        """Of the block's products; none where nothing is known of any."""
        of_block = self._block.purchase_orders
        return of_block or PurchaseOrders.none(len(next(iter(self._block.fields.values()))))

    def series(self, field_name: str) -> Series:
        """A field with its windows."""
        return Series(self._block.fields[field_name], self._block.first)

    def series_of(self, values: DoubleArray) -> Series:
        """Values derived from fields, with their windows; shape ``(rows, weeks)``."""
        return Series(values, self._block.first)

    def measures(self) -> Measures:
        """What is summed over groups, for this block's products; none unless a set says so."""
        return {}

    @cached_property
    def _own_measures(self) -> Measures:
        return self.measures()

    def group(self, name: str) -> Members:
        """A grouping, e.g. ``location``, as the block's products see it."""
        if self._block.totals is None:
            raise ValueError("totals over groups are made from measures, which must not ask for totals")
        if name not in self._groups:
            self._groups[name] = Members(
                name, self._block.totals, self._block.rows, self._own_measures, self._block.shared, self._block.first
            )
        return self._groups[name]
