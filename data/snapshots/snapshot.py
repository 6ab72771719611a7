"""The types of a published snapshot: everything a server needs to answer, in one immutable folder.

    snapshots/
        CURRENT                     the id of the snapshot to serve, one line
        PUBLISHED                   every publication, the newest last, one JSON line each: id, time
        2018-W34-1a2b3c4d5e6f/
            manifest.json           what it is, and the SHA-256 of every other file
            products.json           per row: id, category, groups, lead time; excluded ids with their reason
            panel/<field>.npy       float32, shape (products, weeks)
            eligible.npy            bool, shape (products, weeks): where the label applies
            reasons/<array>.npy     shape (products, reasons), only where the model can tell why
            bundle/                 the registered model's ONNX graph and contract
        zero_sales/                 the same again, of the question of that name: only the first one lies at the top

The id holds a hash over the content, so publishing the same content again changes nothing. Nothing here needs more
than the gRPC server has, which loads it.
"""

import contextlib
import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from data.panel import Panel
from feature_service.json_record import read_json
from feature_service.kernel import StockoutError
from feature_service.kernel.arrays import BoolArray, FloatArray

POINTER = "CURRENT"
LOG = "PUBLISHED"
MANIFEST = "manifest.json"
PRODUCTS = "products.json"
ELIGIBLE = "eligible.npy"
PANEL = "panel"
BUNDLE = "bundle"
REASONS = "reasons"
REFERENCE_FILE = "reference.json"
"""Beside a bundle outside a snapshot: its :class:`ModelReference`."""

MODEL_NAME = "stockout_risk"
"""Of the registered model, the experiment in MLflow, and the Bento."""

SCHEMA = 3

READABLE_SCHEMAS = (2, 3)
"""A snapshot of schema 2 has no alert rule: its model's own threshold counts."""

_LONGEST_REASON = 200


class SnapshotError(StockoutError):
    """A snapshot is missing, incomplete, or not what its manifest says."""


@dataclass(frozen=True)
class ModelReference:
    """Which registered model a snapshot's bundle is."""

    name: str
    version: str
    run_id: str


@dataclass(frozen=True)
class AlertRule:
    """What an alert is in one snapshot: decided when it is published, and no part of its model.

    Attributes:
        policy: By name, e.g. ``budget 50``.
        threshold: An alert is raised where the probability reaches it.
        alerts_per_week: How many there were on the model's newest out-of-fold weeks, on which nothing was chosen.
        precision: Share of these that came true.
        recall: Share of the positive outcomes there that had one.
        measured_on: First and last of these ``as_of`` weeks.
    """

    policy: str
    threshold: float
    alerts_per_week: float
    precision: float
    recall: float
    measured_on: tuple[dt.date, dt.date]


@dataclass(frozen=True)
class Reasons:
    """Why each product's probability at ``as_of`` is what it is; shape ``(products, reasons)`` each.

    Attributes:
        feature: Index of the feature in the model's order, int16, the strongest first; -1 where there is none.
        contribution: What it adds to the log-odds before calibration, float32.
    """

    feature: npt.NDArray[np.int16]
    contribution: FloatArray


@dataclass(frozen=True)
class Snapshot:
    """A published snapshot, read and verified.

    Attributes:
        id: Its folder's name.
        published_at: When it was last published, UTC.
        model: The registered model in ``bundle_dir``.
        panel: Products x weeks up to ``as_of``; the matrices are read-only.
        eligible: Where the model's label applies, shape ``(products, weeks)``.
        bundle_dir: Folder of the model bundle.
        reasons: Why, for the newest week; None if the model cannot tell.
        alerts: What an alert is; None where the model's own threshold counts.
        warnings: What was taken of the data though it looks wrong, a sentence each.
    """

    id: str
    published_at: dt.datetime
    model: ModelReference
    panel: Panel
    eligible: BoolArray
    bundle_dir: Path
    reasons: Reasons | None = None
    alerts: AlertRule | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """What a snapshot is, as ``manifest.json`` says it.

    Attributes:
        schema: Version of the folder's layout.
        id: The folder's name.
        published_at: When it was first published, UTC, in whole seconds.
        first_week: Monday of the panel's first week.
        as_of_week: Monday of its last week.
        fields: Names of the panel's matrices, sorted.
        model: The registered model in the bundle.
        sha256: Checksum of every other file, by its path in the folder.
        alerts: What an alert is; None where the model's own threshold counts.
        warnings: What was taken of the data though it looks wrong, a sentence each.
    """

    schema: int
    id: str
    published_at: dt.datetime
    first_week: dt.date
    as_of_week: dt.date
    fields: tuple[str, ...]
    model: ModelReference
    sha256: Mapping[str, str]
    alerts: AlertRule | None = None
    warnings: tuple[str, ...] = ()

    def to_json(self) -> str:
        """The manifest as the text of its file."""
        return json.dumps(dataclasses.asdict(self), indent=2, default=lambda date: date.isoformat()) + "\n"

    @classmethod
    def of(cls, folder: Path) -> "Manifest":
        """Read the manifest of a snapshot, whatever its schema.

        Raises:
            OSError, ValueError: If it cannot be read.
        """
        return read_json(cls, (folder / MANIFEST).read_text(encoding="utf-8"))


@contextlib.contextmanager
def as_snapshot_error(folder: Path) -> Iterator[None]:
    """Raise what goes wrong with reading a snapshot's files as a SnapshotError."""
    try:
        yield
    except OSError as error:
        raise SnapshotError(f"snapshot {folder} cannot be read: {error}") from error
    except StockoutError:
        raise
    except Exception as error:  # the readers of arrays raise what they like over what no array is
        reason = repr(error)[:_LONGEST_REASON]
        raise SnapshotError(f"snapshot {folder} is broken: {reason}; publish it again") from error


def sha256_of(path: Path) -> str:
    """The checksum of a file, as a manifest has it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
