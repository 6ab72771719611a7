"""Products in clusters and in a sample, by a hash of their ids: neither their order nor their number moves one of them.

A product's weeks hang together, so what is resampled is products with all of their weeks, a cluster of them at a time.
"""

import dataclasses
import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from data.panel import Panel
from feature_service.kernel.arrays import DoubleArray, GroupNumbers, RowNumbers

DEFAULT_SEED = 42
CLUSTERS = 32
MOST_SAMPLED = 10_000
"""Products that are looked at one by one; sums are over all."""

_DRAWS = 50

Draws = npt.NDArray[np.uint32]
"""A number of each product, as if drawn at random from 32 bits."""


def draws_of(product_ids: Sequence[str], seed: int) -> Draws:
    """A number of each product that hangs on its id and the seed alone."""
    salt = seed.to_bytes(8, "little")
    digests = (hashlib.blake2b(each.encode(), digest_size=4, salt=salt).digest() for each in product_ids)
    return np.frombuffer(b"".join(digests), dtype="<u4")


def clusters_of(draws: Draws) -> GroupNumbers:
    """The cluster of each product, 0 to ``CLUSTERS - 1``."""
    return (draws % CLUSTERS).astype(np.intp)


def sample_of(draws: Draws) -> RowNumbers:
    """The rows of at most ``MOST_SAMPLED`` products, rising: those with the lowest numbers."""
    return np.sort(np.argsort(draws, kind="stable")[:MOST_SAMPLED])


def panel_of(panel: Panel, rows: RowNumbers) -> Panel:
    """Some products as a panel of their own."""
    return dataclasses.replace(
        panel,
        product_ids=tuple(panel.product_ids[row] for row in rows),
        fields={name: matrix[rows] for name, matrix in panel.fields.items()},
        categories=tuple(panel.categories[row] for row in rows),
        groups={name: tuple(values[row] for row in rows) for name, values in panel.groups.items()},
        lead_time_days=tuple(panel.lead_time_days[row] for row in rows) if panel.lead_time_days else (),
        purchase_orders=panel.purchase_orders and panel.purchase_orders.of(rows),
    )


def sums_by(codes: GroupNumbers, count: int, values: DoubleArray) -> DoubleArray:
    """Sums over the products of each code.

    Args:
        codes: Of each product, 0 to ``count - 1``; -1 for one that is in no sum.
        count: Of the codes.
        values: Shape ``(products, ...)``.
    Returns:
        Shape ``(count, ...)``.
    """
    sums = np.zeros((count, *values.shape[1:]))
    order = np.argsort(codes, kind="stable")
    order = order[np.searchsorted(codes[order], 0) :]
    if len(order):
        found, first = np.unique(codes[order], return_index=True)
        sums[found] = np.add.reduceat(values[order], first, axis=0)
    return sums


def resampling_weights(seed: int) -> DoubleArray:
    """How often each cluster is drawn when as many are drawn with replacement; shape ``(draws, CLUSTERS)``."""
    random = np.random.default_rng(seed)
    return random.multinomial(CLUSTERS, np.full(CLUSTERS, 1 / CLUSTERS), _DRAWS).astype(np.float64)
