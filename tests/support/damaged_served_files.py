"""Readers of what a server answers from, for :mod:`tests.support.damaged_files`."""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from data.snapshots import current_id
from data.snapshots.snapshot import MANIFEST
from feature_service.bundle import Bundle
from feature_service.kernel.deliveries import NOT_RECEIVED, PurchaseOrders
from feature_service.server.serving.snapshot import ServingSnapshot
from feature_service.server.tokens import new_token, read_tokens
from tests.support.snapshots import publish_snapshot, synthetic_panel

Reader = tuple[Sequence[Path], Callable[[], object]]
"""The files that are damaged, one in each round, and what reads them."""


_ORDERS = PurchaseOrders(
    first=np.array([0, 2, *[3] * 19]),
    ordered_day=np.array([60, 75, 70]),
    expected_day=np.array([70, 85, 90]),
    received_day=np.array([72, NOT_RECEIVED, NOT_RECEIVED]),
    units=np.array([6, 6, 2], dtype=np.float32),
    received_units=np.array([5, np.nan, np.nan], dtype=np.float32),
)


def _files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _snapshot(root: Path) -> Reader:
    """Damaged files of a snapshot under checksums that are right, so that more than these has to hold."""
    panel = dataclasses.replace(synthetic_panel(products=20), purchase_orders=_ORDERS.of(np.arange(20)))
    folder = root / publish_snapshot(root, panel, trees=2)
    manifest = folder / MANIFEST
    signed = manifest.read_bytes()

    def read() -> object:
        if manifest.read_bytes() == signed:
            fields = json.loads(signed)
            names = fields["sha256"]
            fields["sha256"] = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
            manifest.write_text(json.dumps(fields), encoding="utf-8")
        try:
            return ServingSnapshot.load(root)
        finally:
            manifest.write_bytes(signed)

    return [*_files_below(folder), root / "CURRENT"], read


def _bundle(root: Path) -> Reader:
    publish_snapshot(root, synthetic_panel(products=20), trees=2)
    folder = root / current_id(root) / "bundle"
    return _files_below(folder), lambda: Bundle.load(folder)


def _tokens(folder: Path) -> Reader:
    folder.mkdir()
    file = folder / "tokens.json"
    file.write_text(new_token("a", ("*",), 1.0, 1)[1], encoding="utf-8")

    def read() -> object:
        _, problems = read_tokens(file)
        if problems:
            raise problems[0]
        return None

    return [file], read


SERVED: dict[str, Callable[[Path], Reader]] = {"snapshot": _snapshot, "bundle": _bundle, "tokens": _tokens}
