"""Which snapshot a server starts with: the published one, or if that is damaged the last good one before it."""

from pathlib import Path

from data import snapshots
from data.snapshots.published_models import published_models
from data.snapshots.snapshot import BUNDLE
from feature_service.bundle import CONTRACT_FILE, Contract, LabelContract
from feature_service.kernel import StockoutError
from feature_service.server.serving.snapshot import ServingSnapshot
from feature_service.shards import Shard


def load_at_start(root: Path, shard: Shard | None) -> tuple[ServingSnapshot, StockoutError | None]:
    """The snapshot to start with, and what is wrong with the published one if it is another.

    A server that ended must be able to come back, also if a file was damaged since. Another one is taken only if it
    answers the same question; every answer says which snapshot it is of. One that is divided otherwise than the server
    was told is not damaged: whoever starts the server must say so.

    Raises:
        ShardMismatchError: If the published one has not as many shards.
        StockoutError: If none can be served.
    """
    try:
        return ServingSnapshot.load(root, shard=shard), None
    except snapshots.ShardMismatchError:
        raise
    except StockoutError as error:
        published = snapshots.current_id(root)
        label = _label_of(root / published)
        for each in reversed(published_models(root)):
            if label is None or each.folder.name == published:
                continue
            try:
                serving = ServingSnapshot.load(root, each.folder.name, shard)
            except StockoutError:
                continue
            if serving.label.predicts_the_same_as(label):
                return serving, error
        raise


def _label_of(folder: Path) -> LabelContract | None:
    try:
        return Contract.from_json((folder / BUNDLE / CONTRACT_FILE).read_text(encoding="utf-8")).label
    except (OSError, UnicodeDecodeError, StockoutError):
        return None
