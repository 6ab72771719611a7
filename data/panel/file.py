"""A panel in a folder: a NumPy file for each matrix, and JSON for the rest; nothing in it can run.

    panel.json          the weeks, the names of the matrices, and the SHA-256 of every other file
    products.json       per row: id, category, groups, lead time; excluded ids with their reason
    units_sold.npy      and so on: float32, shape (products, weeks)
    purchase_orders.npy a row for each order with a supplier, where the data tells of any

The matrices are written some products at a time and mapped when they are read, so that memory holds what is looked at.
"""

import contextlib
import datetime as dt
import hashlib
import io
import json
import mmap
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from data.errors import PanelFileError
from data.matrix_file import MatrixFile
from data.panel import Panel, PanelBlocks, ProductTable
from data.panel.order_rows import orders_of, rows_of
from data.weeks import DateArray, calendar, monday_of
from feature_service.json_record import read_json
from feature_service.kernel.arrays import FloatArray
from feature_service.kernel.deliveries import PurchaseOrders

_LONGEST_REASON = 200

PANEL_SCHEMA = 6
"""Version of the files: part of the name of their folder, to be raised with every change of what is in them.

In 2 ``days_since_sale`` was unknown for every product that was launched after the first week; 3 was one zip file; 4
knew no terms of orders, 5 no orders with suppliers."""

_INDEX, _PRODUCTS, _ORDERS = "panel.json", "products.json", "purchase_orders.npy"


@dataclass(frozen=True)
class _Index:
    first_week: dt.date
    as_of_week: dt.date
    fields: tuple[str, ...]
    sha256: Mapping[str, str]


def write_panel(panel: Panel | PanelBlocks, folder: Path) -> None:
    """Write the panel into ``folder``, which is made; the same panel gives the same bytes."""
    folder.mkdir(parents=True)
    blocks = PanelBlocks.of(panel) if isinstance(panel, Panel) else panel
    shape = (len(blocks.products.ids), len(blocks.weeks))
    text = blocks.products.to_json().encode()
    (folder / _PRODUCTS).write_bytes(text)
    files: dict[str, MatrixFile] = {}
    with contextlib.ExitStack() as opened:
        for fields in blocks.blocks:
            for name, rows in fields.items():
                if name not in files:
                    file = opened.enter_context(_matrix(folder, name).open("w+b"))
                    files[name] = MatrixFile(file, np.float32, shape)
                files[name].append(rows)
    sha256 = {_PRODUCTS: hashlib.sha256(text).hexdigest()}
    sha256 |= {_matrix(folder, name).name: file.sha256() for name, file in files.items()}
    if blocks.purchase_orders is not None:
        with (folder / _ORDERS).open("w+b") as written:
            orders = rows_of(blocks.purchase_orders)
            rows_file = MatrixFile(written, orders.dtype, orders.shape)
            rows_file.append(orders)
            sha256[_ORDERS] = rows_file.sha256()
    first, last = (blocks.weeks[place].item() for place in (0, -1))
    index = asdict(_Index(first, last, tuple(files), sha256))
    (folder / _INDEX).write_text(json.dumps(index, indent=2, default=dt.date.isoformat) + "\n", encoding="utf-8")


def read_panel(folder: Path) -> Panel:
    """Read what :func:`write_panel` wrote; the matrices are mapped and cannot be written to.

    Raises:
        PanelFileError: If a file is missing or broken.
    """
    try:
        index = read_json(_Index, (folder / _INDEX).read_text(encoding="utf-8"))
        text = (folder / _PRODUCTS).read_bytes()
        _check(hashlib.sha256(text).hexdigest(), index, _PRODUCTS)
        fields = {name: _read_matrix(_matrix(folder, name), index) for name in index.fields}
        products = ProductTable.from_json(text)
        orders = _read_orders(folder, index, len(products.ids))
        return Panel.from_products(products, _weeks(index), fields, orders)
    except Exception as error:  # the readers of arrays raise what they like over damage
        reason = " ".join(str(error).split())[:_LONGEST_REASON]
        raise PanelFileError(f"the panel {folder} cannot be read ({reason}): build it again") from error


def _matrix(folder: Path, name: str) -> Path:
    return folder / f"{name}.npy"


def _read_matrix(path: Path, index: _Index) -> FloatArray:
    with path.open("rb") as file:
        _check(hashlib.file_digest(file, "sha256").hexdigest(), index, path.name)
        file.seek(0)
        np.lib.format.read_magic(file)
        shape, by_column, dtype = np.lib.format.read_array_header_1_0(file)
        if by_column or dtype != np.float32:
            raise ValueError(f"{path.name} holds {dtype}")
        return np.ndarray(shape, dtype, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), file.tell())


def _read_orders(folder: Path, index: _Index, products: int) -> PurchaseOrders | None:
    if _ORDERS not in index.sha256:
        return None
    content = (folder / _ORDERS).read_bytes()
    _check(hashlib.sha256(content).hexdigest(), index, _ORDERS)
    return orders_of(np.load(io.BytesIO(content), allow_pickle=False), products)


def _check(digest: str, index: _Index, name: str) -> None:
    if index.sha256[name] != digest:
        raise ValueError(f"{name} is not the file that was written")


def _weeks(index: _Index) -> DateArray:
    if index.first_week != monday_of(index.first_week) or index.as_of_week != monday_of(index.as_of_week):
        raise ValueError("its weeks are none")
    return calendar(index.first_week, index.as_of_week)
