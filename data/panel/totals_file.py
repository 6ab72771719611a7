"""Sums over groups as bytes: NumPy's zip of arrays, with names as JSON inside; nothing in it can run."""

import io
import json
from typing import Any

import numpy as np
import numpy.typing as npt

from feature_service.json_record import parse_json
from feature_service.kernel.groups import SharedTotals

_NAMES, _SUMS, _COUNTS = "names", "sums", "counts"


def to_bytes(totals: SharedTotals) -> bytes:
    """The same sums give the same bytes."""
    content = io.BytesIO()
    names = json.dumps(dict(totals.names), ensure_ascii=False, sort_keys=True).encode()
    arrays: dict[str, npt.NDArray[Any]] = {_NAMES: np.frombuffer(names, dtype=np.uint8)}
    for kind, matrices in ((_SUMS, totals.sums), (_COUNTS, totals.counts)):
        arrays |= {
            f"{kind}.{grouping}.{measure}": matrices[grouping, measure] for grouping, measure in sorted(matrices)
        }
    np.savez(content, allow_pickle=False, **arrays)
    return content.getvalue()


def from_bytes(content: bytes) -> SharedTotals:
    """Read what :func:`to_bytes` wrote.

    Raises:
        ValueError, KeyError: If it is no such content.
    """
    kinds: dict[str, dict[tuple[str, str], npt.NDArray[np.float64]]] = {_SUMS: {}, _COUNTS: {}}
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        names = {grouping: tuple(of) for grouping, of in parse_json(arrays[_NAMES].tobytes()).items()}
        for name in arrays.files:
            if name != _NAMES:
                kind, grouping, measure = name.split(".")
                kinds[kind][grouping, measure] = arrays[name]
    return SharedTotals(names, kinds[_SUMS], kinds[_COUNTS])
