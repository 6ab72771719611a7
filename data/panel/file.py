"""A panel in one file: NumPy's zip of arrays, with ids and reasons as JSON inside; nothing in it can run."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from data.errors import PanelFileError
from data.panel import Panel, ProductTable

_PRODUCTS, _WEEKS, _FIELD = "products", "weeks", "field."


def write_panel(panel: Panel, path: Path) -> None:
    """Write the panel to ``path``; the same panel gives the same bytes."""
    text = panel.products().to_json().encode()
    arrays: dict[str, npt.NDArray[Any]] = {
        _PRODUCTS: np.frombuffer(text, dtype=np.uint8),
        _WEEKS: panel.weeks.astype(np.int64),
        **{_FIELD + name: matrix for name, matrix in panel.fields.items()},
    }
    with path.open("wb") as file:  # given a path instead, NumPy would add an ending of its own
        np.savez(file, allow_pickle=False, **arrays)


def read_panel(path: Path) -> Panel:
    """Read what :func:`write_panel` wrote.

    Raises:
        PanelFileError: If the file is missing or broken.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            products = ProductTable.from_json(arrays[_PRODUCTS].tobytes())
            fields = {name.removeprefix(_FIELD): arrays[name] for name in arrays.files if name.startswith(_FIELD)}
            return Panel.from_products(products, arrays[_WEEKS].astype("datetime64[D]"), fields)
    except (OSError, EOFError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
        raise PanelFileError(f"the panel {path} cannot be read ({error}): build it again") from error
