"""A panel in one file: NumPy's zip of arrays, with ids and reasons as JSON inside; nothing in it can run."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from data.errors import PanelFileError
from data.panel import Panel, ProductTable
from data.weeks import DateArray

_LONGEST_REASON = 200
_DAYS = 7

PANEL_SCHEMA = 3
"""Version of the file: part of the name of its folder, to be raised with every change of what is in it.

In 2 ``days_since_sale`` was unknown for every product that was launched after the first week."""

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
            _check_stored(arrays.zip)
            products = ProductTable.from_json(arrays[_PRODUCTS].tobytes())
            fields = {name.removeprefix(_FIELD): arrays[name] for name in arrays.files if name.startswith(_FIELD)}
            return Panel.from_products(products, _weeks(arrays[_WEEKS]), fields)
    except Exception as error:  # the readers of zip and of arrays raise what they like over damage
        reason = " ".join(str(error).split())[:_LONGEST_REASON]
        raise PanelFileError(f"the panel {path} cannot be read ({reason}): build it again") from error


def _check_stored(archive: zipfile.ZipFile) -> None:
    """Members are as large as they are in the file: nothing small stands for something huge."""
    if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
        raise ValueError("it was not written by this program")


def _weeks(days: npt.NDArray[Any]) -> DateArray:
    if days.dtype != np.int64 or days.ndim != 1 or not len(days) or (np.diff(days) != _DAYS).any():
        raise ValueError("its weeks are none")
    weeks: DateArray = days.astype("datetime64[D]")
    return weeks
