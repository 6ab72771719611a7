"""Sums over the products of all shards, beside them: what features of a group need whose members lie in several.

And what all products together wanted in each week, which the demand of each is forecast from.

There is a file for each feature set that looks at groups and that the panel has the fields for, not for the model's
alone: a past week may be answered by an older model, of another set.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from data.panel import LOCATION, Panel
from data.panel.totals_file import from_bytes, to_bytes
from data.snapshots.files import SnapshotError, as_snapshot_error, content
from feature_service.kernel import FeatureSet, PanelFeatures
from feature_service.kernel.groups import MARKET, SharedTotals
from feature_service.kernel.season import Market
from feature_service.kernel.sets.catalogue import FEATURE_SETS

TOTALS = "totals"
_WANTED = "wanted"


def write_totals(folder: Path, panel: Panel) -> None:
    """Write the sums over the market and over locations into a new folder; an item's locations are in one shard."""
    folder.mkdir()
    groups = {name: values for name, values in panel.groups.items() if name == LOCATION}
    for definition in FEATURE_SETS.values():
        is_there = panel.purchase_orders is not None or not definition.takes_orders
        if definition.measures and is_there and all(name in panel.fields for name in definition.fields):
            features = PanelFeatures(definition, panel.fields, groups, purchase_orders=panel.purchase_orders)
            totals = features.shared_totals(groups)
            panel.release()
            if totals is not None:
                (folder / _name(definition)).write_bytes(to_bytes(totals))
    market = Market.of_blocks(panel.fields, after_block=panel.release)
    key = MARKET, _WANTED
    wanted = SharedTotals({MARKET: ("",)}, {key: market.sums[None]}, {key: market.counts[None]})
    (folder / f"{_WANTED}.npz").write_bytes(to_bytes(wanted))


@dataclass(frozen=True)
class TotalsFiles:
    """The sums of one snapshot.

    Attributes:
        folder: The snapshot's.
        sha256: Their checksums, by their paths in the folder.
    """

    folder: Path
    sha256: Mapping[str, str]

    def of(self, definition: FeatureSet) -> SharedTotals | None:
        """The sums that a feature set needs; None if it looks at each product alone.

        Raises:
            SnapshotError: If they are missing, or not what was published.
        """
        if definition.measures is None:
            return None
        name = f"{TOTALS}/{_name(definition)}"
        if name not in self.sha256:
            raise SnapshotError(f"snapshot {self.folder} lacks the sums of {definition.name!r}: publish it again")
        return self._read(name)

    def market(self, weeks: int) -> Market:
        """What all products together wanted; nothing is known of it if the snapshot is older than such sums.

        Raises:
            SnapshotError: If it is not what was published.
        """
        name, key = f"{TOTALS}/{_WANTED}.npz", (MARKET, _WANTED)
        if name not in self.sha256:
            return Market.unknown(weeks)
        with as_snapshot_error(self.folder):
            totals = self._read(name)
            return Market(totals.sums[key][0], totals.counts[key][0])

    def _read(self, name: str) -> SharedTotals:
        with as_snapshot_error(self.folder):
            return from_bytes(content(self.folder, name, self.sha256[name]))


def _name(definition: FeatureSet) -> str:
    return f"{definition.name}.npz"
