"""Writing the products of a snapshot: in one piece, or each into the folder of its shard, some products at a time."""

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from data.matrix_file import MatrixFile
from data.panel import Panel, ProductTable
from data.panel.order_rows import rows_of
from data.snapshots.shards import Sharding
from data.snapshots.snapshot import (
    CHALLENGER_RISKS,
    CHALLENGER_SCORES,
    ELIGIBLE,
    PANEL,
    PRODUCTS,
    PURCHASE_ORDERS,
    REASONS,
    ChallengerScores,
    Reasons,
)
from feature_service.kernel.arrays import BoolArray, RowNumbers

_ROWS_AT_A_TIME = 65_536

_OPEN_FILES = 256
"""A process may have 1,024 open on many machines, and there may be as many shards."""

_Matrix = npt.NDArray[Any]


def write_parts(
    draft: Path,
    panel: Panel,
    eligible: BoolArray,
    reasons: Reasons | None,
    sharding: Sharding | None,
    challenger: ChallengerScores | None,
) -> dict[str, str]:
    """Write what is known of the products; gives the SHA-256 of the matrices, by their paths in the draft."""
    parts = _Parts.of(panel.product_ids, sharding)
    for table, folder in zip(_tables(panel.products(), parts, sharding), parts.folders, strict=True):
        (draft / folder).mkdir(exist_ok=True)
        (draft / folder / PRODUCTS).write_text(table.to_json(), encoding="utf-8")
    if panel.purchase_orders is not None:
        for rows, folder in zip(parts.rows(slice(0, len(panel.product_ids))), parts.folders, strict=True):
            np.save(draft / folder / PURCHASE_ORDERS, rows_of(panel.purchase_orders.of(rows)), allow_pickle=False)
    digests: dict[str, str] = {}
    for name, matrix in _matrices(panel, eligible, reasons, challenger).items():
        digests |= _write_matrix(draft, name, matrix, parts, panel)
    return digests


@dataclasses.dataclass(frozen=True)
class _Parts:
    """Where each product goes.

    Attributes:
        folders: Of the parts.
        numbers: The part of each product.
    """

    folders: Sequence[str]
    numbers: RowNumbers

    @classmethod
    def of(cls, product_ids: Sequence[str], sharding: Sharding | None) -> "_Parts":
        if sharding is None:
            return cls([""], np.zeros(len(product_ids), dtype=np.intp))
        return cls(sharding.folders(), sharding.numbers(product_ids))

    def rows(self, products: slice) -> Iterator[RowNumbers]:
        """Of each part, which of these products it takes, in their order."""
        numbers = self.numbers[products]
        order = np.argsort(numbers, kind="stable") + products.start
        ends = np.cumsum(np.bincount(numbers, minlength=len(self.folders)))
        return (order[first:last] for first, last in pairwise([0, *ends.tolist()]))


def _tables(products: ProductTable, parts: _Parts, sharding: Sharding | None) -> Iterator[ProductTable]:
    """That of each part."""
    if sharding is None:
        yield products
        return
    excluded: list[dict[str, str]] = [{} for _ in parts.folders]
    for product_id, why in products.excluded.items():
        excluded[sharding.number(product_id)][product_id] = why
    for rows, absent in zip(parts.rows(slice(0, len(products.ids))), excluded, strict=True):
        numbers = rows.tolist()
        yield dataclasses.replace(
            products,
            ids=tuple(products.ids[row] for row in numbers),
            categories=tuple(products.categories[row] for row in numbers),
            excluded=absent,
            groups={name: tuple(values[row] for row in numbers) for name, values in products.groups.items()},
            lead_time_days=tuple(products.lead_time_days[row] for row in numbers),
            order_terms={name: tuple(values[row] for row in numbers) for name, values in products.order_terms.items()},
            supplier_ids=tuple(products.supplier_ids[row] for row in numbers) if products.supplier_ids else (),
        )


def _matrices(
    panel: Panel, eligible: BoolArray, reasons: Reasons | None, challenger: ChallengerScores | None
) -> Mapping[str, _Matrix]:
    """By the names of their files."""
    matrices: dict[str, _Matrix] = {f"{PANEL}/{name}.npy": matrix for name, matrix in panel.fields.items()}
    matrices[ELIGIBLE] = eligible
    if reasons is not None:
        matrices |= {f"{REASONS}/{each.name}.npy": getattr(reasons, each.name) for each in dataclasses.fields(reasons)}
    if challenger is not None:
        matrices[CHALLENGER_SCORES] = challenger.probabilities
        if challenger.risks is not None:
            matrices[CHALLENGER_RISKS] = challenger.risks
    return matrices


def _write_matrix(draft: Path, name: str, matrix: _Matrix, parts: _Parts, panel: Panel) -> dict[str, str]:
    sizes = np.bincount(parts.numbers, minlength=len(parts.folders)).tolist()
    digests: dict[str, str] = {}
    for start in range(0, len(sizes), _OPEN_FILES):
        some = slice(start, start + _OPEN_FILES)
        with contextlib.ExitStack() as opened:
            files = {}
            for folder, size in zip(parts.folders[some], sizes[some], strict=True):
                path = draft / folder / name
                path.parent.mkdir(exist_ok=True)
                file = opened.enter_context(path.open("w+b"))
                files[path] = MatrixFile(file, matrix.dtype, (size, *matrix.shape[1:]))
            for first in range(0, len(matrix), _ROWS_AT_A_TIME):
                rows_of = list(parts.rows(slice(first, first + _ROWS_AT_A_TIME)))
                for target, rows in zip(files.values(), rows_of[some], strict=True):
                    target.append(matrix[rows])
                panel.release()
        digests |= {path.relative_to(draft).as_posix(): file.sha256() for path, file in files.items()}
    return digests
