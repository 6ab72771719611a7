"""Exact TreeSHAP values of LightGBM's trees, many rows at a time.

LightGBM walks through every tree for every row. Here each leaf's part is made once for every pattern in which a row can
agree with the leaf's path: which of the path's features lead the row towards the leaf. A row then only looks its
pattern up (the idea of FastTreeSHAP, Yang 2021). And rows that go the same ways at all splits of a tree look it up
together. The sums are those of LightGBM's ``pred_contrib`` but for rounding.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import factorial, prod
from typing import Any

import numpy as np

from feature_service.kernel.arrays import BoolArray, DoubleArray, FloatArray, IntArray
from training.cores import cores

LARGEST_THRESHOLD = float(np.finfo(np.float32).max)
"""LightGBM tells what is known from what is not by a threshold beyond this."""

MOST_PATH_FEATURES = 12
"""Of the longest path; each feature more doubles a leaf's table."""

_ROWS_PER_BLOCK = 32_768
_SPLITS_PER_SORT = 32
_TABLE_CELLS = 1_000_000
_ZERO = np.float32(1e-35)  # what LightGBM takes for zero


@dataclass(frozen=True)
class _Split:
    """A node: rows go left where the feature is at most the threshold."""

    feature: int
    threshold: np.float32
    unknown_goes_left: bool
    missing: str


@dataclass(frozen=True)
class _Step:
    """One edge of a path, and the share of the node's rows that took it."""

    split: int
    goes_left: bool
    feature: int
    share: float


_Path = tuple[Mapping[int, list[_Step]], float]
"""A leaf's steps by feature, and its value."""


@dataclass(frozen=True)
class _Leaf:
    """A leaf as a row sees it.

    Attributes:
        steps: Of its path, by feature: those of one feature must all be taken to agree with the path.
        table: What each of these features contributes, shape ``(features of the path, patterns)``; bit ``j`` of a
            pattern says whether the row agrees in the ``j``-th feature.
    """

    steps: Mapping[int, list[_Step]]
    table: DoubleArray


@dataclass(frozen=True)
class _Tree:
    splits: list[_Split]
    leaves: list[_Leaf]


def contributions_of_trees(model: Mapping[str, Any], features: FloatArray) -> DoubleArray | None:
    """What each feature adds to the log-odds of each row, shape ``(rows, features)``.

    Args:
        model: What ``Booster.dump_model`` gives; no categorical splits.
        features: Shape ``(rows, features)``; NaN means "not known".
    Returns:
        None where a path has more than ``MOST_PATH_FEATURES`` features, which would take too large a table.
    """
    paths = [_paths(each["tree_structure"]) for each in model["tree_info"]]
    if any(len(by_feature) > MOST_PATH_FEATURES for _, leaves in paths for by_feature, _ in leaves):
        return None
    trees = _trees(paths)
    result = np.zeros(features.shape)
    blocks = [slice(first, first + _ROWS_PER_BLOCK) for first in range(0, len(features), _ROWS_PER_BLOCK)]
    with ThreadPoolExecutor(cores()) as threads:
        found = threads.map(lambda block: _of_block(trees, features[block]), blocks)
        for block, values in zip(blocks, found, strict=True):
            result[block] = values.T
    return result


def _trees(paths: list[tuple[list[_Split], list[_Path]]]) -> list[_Tree]:
    tables = iter(_tables([leaf for _, leaves in paths for leaf in leaves]))
    return [_Tree(splits, [_Leaf(steps, next(tables)) for steps, _ in leaves]) for splits, leaves in paths]


def _paths(root: Mapping[str, Any]) -> tuple[list[_Split], list[_Path]]:
    """The splits of a tree, and its leaves; a tree of one leaf, which no feature leads to, has none."""
    splits: list[_Split] = []
    leaves: list[_Path] = []

    def walk(node: Mapping[str, Any], steps: list[_Step]) -> None:
        if "split_feature" not in node:
            if steps:
                leaves.append((_by_feature(steps), float(node["leaf_value"])))
            return
        number, feature = len(splits), int(node["split_feature"])
        threshold = np.float32(min(node["threshold"], LARGEST_THRESHOLD))
        splits.append(_Split(feature, threshold, node["default_left"], node["missing_type"]))
        for side, goes_left in (("left_child", True), ("right_child", False)):
            share = _rows(node[side]) / _rows(node)
            walk(node[side], [*steps, _Step(number, goes_left, feature, share)])

    walk(root, [])
    return splits, leaves


def _rows(node: Mapping[str, Any]) -> int:
    return int(node["internal_count"] if "split_feature" in node else node["leaf_count"])


def _by_feature(steps: list[_Step]) -> dict[int, list[_Step]]:
    result: dict[int, list[_Step]] = {}
    for step in steps:
        result.setdefault(step.feature, []).append(step)
    return result


def _tables(leaves: list[_Path]) -> list[DoubleArray]:
    """The table of each leaf; those of leaves with as many features are made together."""
    tables: list[DoubleArray] = [np.empty(0)] * len(leaves)
    by_count: dict[int, list[int]] = {}
    for index, (by_feature, _) in enumerate(leaves):
        by_count.setdefault(len(by_feature), []).append(index)
    for count, indices in by_count.items():
        size = max(1, _TABLE_CELLS // (count << count))
        for first in range(0, len(indices), size):
            some = indices[first : first + size]
            shares = [[prod(each.share for each in steps) for steps in leaves[index][0].values()] for index in some]
            for index, values in zip(some, _shapley(np.array(shares)), strict=True):
                tables[index] = leaves[index][1] * values
    return tables


def _shapley(shares: DoubleArray) -> DoubleArray:
    """Shapley values of leaves of value 1, of every pattern, shape ``(leaves, features, patterns)``.

    A feature that is in a coalition counts 1 or 0, by whether the row agrees in it; one that is not counts its share.
    So the coalitions of each size are the coefficients of a product of ``share + agrees * z`` over the other features.

    Args:
        shares: Shape ``(leaves, features)``.
    """
    count = shares.shape[1]
    agrees = (np.arange(1 << count) >> np.arange(count)[:, None] & 1).astype(np.float64)
    weights = np.array([factorial(size) * factorial(count - 1 - size) for size in range(count)]) / factorial(count)
    values = np.empty((len(shares), *agrees.shape))
    for feature in range(count):
        sizes = np.zeros(values.shape)
        sizes[:, 0] = 1.0
        for other in range(count):
            if other != feature:
                joined = sizes[:, :-1] * agrees[other]
                sizes *= shares[:, other, None, None]
                sizes[:, 1:] += joined
        values[:, feature] = (agrees[feature] - shares[:, feature, None]) * (weights @ sizes)
    return values


def _of_block(trees: list[_Tree], features: FloatArray) -> DoubleArray:
    """Contributions of a block of rows, shape ``(features, rows)``."""
    columns = np.ascontiguousarray(features.T)
    unknown = np.isnan(columns)
    known = np.where(unknown, np.float32(0), columns)
    result = np.zeros(columns.shape)
    for tree in trees:
        left = [_goes_left(split, known[split.feature], unknown[split.feature]) for split in tree.splits]
        if not left:
            continue
        way = _ways(left)
        of_way = np.empty(way.max() + 1, dtype=np.int64)
        of_way[way] = np.arange(len(way))  # a row of each way, whichever
        values = _of_ways(tree, [each[of_way] for each in left])
        for feature, contribution in values.items():
            result[feature] += contribution.take(way)
    return result


def _ways(left: list[BoolArray]) -> IntArray:
    """The number of the way that each row takes through a tree; rows of one way go left at the same splits."""
    way = np.zeros(len(left[0]), dtype=np.int64)
    for start in range(0, len(left), _SPLITS_PER_SORT):
        for goes_left in left[start : start + _SPLITS_PER_SORT]:
            way = way << 1 | goes_left
        way = np.unique(way, return_inverse=True)[1]
    return way


def _of_ways(tree: _Tree, left: list[BoolArray]) -> dict[int, DoubleArray]:
    """What each feature of a tree contributes on some ways through it, shape ``(ways,)`` each."""
    sides = (left, [~each for each in left])
    values: dict[int, DoubleArray] = {}
    for leaf in tree.leaves:
        pattern = _pattern(leaf, sides)
        for of_feature, feature in zip(leaf.table, leaf.steps, strict=True):
            values[feature] = values.get(feature, 0.0) + of_feature.take(pattern)
    return values


def _goes_left(split: _Split, known: FloatArray, unknown: BoolArray) -> BoolArray:
    """Where a row goes left: 0 stands in for what is not known, unless the split has a side for that."""
    left: BoolArray = known <= split.threshold
    if split.missing == "None":
        return left
    by_default = unknown if split.missing == "NaN" else np.abs(known) <= _ZERO
    return left | by_default if split.unknown_goes_left else left & ~by_default


def _pattern(leaf: _Leaf, sides: tuple[list[BoolArray], list[BoolArray]]) -> np.ndarray[Any, np.dtype[np.intp]]:
    """In which of the path's features each row agrees, a bit each, shape ``(rows,)``."""
    bits = (np.logical_and.reduce(list(_masks(steps, sides))) for steps in leaf.steps.values())
    total = np.zeros(len(sides[0][0]), dtype=np.uint16)
    for place, agrees in enumerate(bits):
        total |= agrees.view(np.uint8).astype(np.uint16) << np.uint16(place)
    return total.astype(np.intp)


def _masks(steps: list[_Step], sides: tuple[list[BoolArray], list[BoolArray]]) -> Iterator[BoolArray]:
    return (sides[0 if step.goes_left else 1][step.split] for step in steps)
