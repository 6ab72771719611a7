"""Bad rows, whatever the layout: they are written to the quarantine file and counted; too many stop the run."""

import os
import threading
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path

import polars as pl

from data.errors import IngestSettingError, TooManyBadRowsError
from data.ingest.contracts import RejectionReason
from data.ingest.parquet_file import write_rows
from data.ingest.repeats import UNCOUNTED
from data.ingest.validate import QUARANTINE, CheckedTable

DEFAULT_MAX_BAD_SHARE = 0.01

_WAYS_OUT = {
    RejectionReason.NEGATIVE_QUANTITY.value: '; if they are returns, say returns = "net" or "ignore" in [sales] of '
    "source.toml",
    RejectionReason.REPLACED_PURCHASE_ORDER.value: "; if they are several orders of a product and day, say "
    'order_id = ["…"] in [purchase_orders] of source.toml with the columns that tell them apart',
    RejectionReason.CONFLICTING_SALE.value: "; if the key is not the whole name of a sale line, add columns",
}
"""What else can be done, where a reason is the most common one."""


def check_max_bad_share(max_bad_share: float) -> None:
    """Refuse what is no share.

    Raises:
        IngestSettingError: If it does not lie between 0 and 1.
    """
    if not 0 <= max_bad_share <= 1:
        raise IngestSettingError(f"the allowed share of bad rows is {max_bad_share}, it must lie between 0 and 1")


def quarantine_rows(checked: Mapping[str, CheckedTable], path: Path) -> None:
    """Write the bad rows of all files to ``path``, whole or not at all; an empty file where there are none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = pl.concat([pl.DataFrame(schema=QUARANTINE), *(table.quarantine() for table in checked.values())])
    draft = path.with_name(f".{path.name}-{os.getpid()}-{threading.get_ident()}")
    write_rows(rows, draft)
    draft.replace(path)


def check_bad_shares(checked: Collection[CheckedTable], max_bad_share: float, quarantine_file: Path) -> None:
    """Check each file against the share of bad rows that is allowed.

    Raises:
        TooManyBadRowsError: For the first file that has more.
    """
    for table in checked:
        reasons = Counter(table.bad.filter(~pl.col("reason").is_in([each.value for each in UNCOUNTED]))["reason"])
        bad, total = reasons.total(), table.raw.height
        if bad > max_bad_share * total:
            raise TooManyBadRowsError(
                table.raw.path,
                bad=bad,
                total=total,
                max_share=max_bad_share,
                commonest=(commonest := min(reasons.items(), key=lambda entry: (-entry[1], entry[0]))[0]),
                quarantine_file=quarantine_file,
                way_out=_WAYS_OUT.get(commonest, ""),
            )


def count_reasons(checked: Mapping[str, CheckedTable]) -> dict[str, dict[str, int]]:
    """Bad rows by table and reason."""
    return {name: dict(sorted(Counter(table.bad["reason"]).items())) for name, table in checked.items()}
