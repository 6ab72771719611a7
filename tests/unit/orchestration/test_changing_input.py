"""A run keeps nothing under the name of files that it did not read."""

import datetime as dt
import os
from pathlib import Path

import pytest

from data.errors import ChangedInputError
from orchestration import Ingest
from tests.support.generic import write_generic


def ingest_stage(data_dir: Path) -> Ingest:
    return Ingest(  # type: ignore[no-untyped-call]
        source="generic",
        data_dir=data_dir,
        work_dir=data_dir / "work",
        label="inventory",
        as_of=dt.date(2024, 1, 7),
    )


def rewrite(path: Path) -> None:
    """Other content of the same size and time: the size and the time of a file prove nothing."""
    before, content = path.stat(), path.read_text()
    path.write_text(content.replace("a,", "b,"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_files_that_changed_after_the_run_was_named_are_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    write_generic(tmp_path, sales=[("a", "2024-01-01", 1, 5)])
    stage = ingest_stage(tmp_path)
    assert not stage.complete()  # names the run by the fingerprint
    rewrite(tmp_path / "sales.csv")

    with pytest.raises(ChangedInputError, match="changed while it was read; run again"):
        stage.run()

    assert not stage.folder.exists()
    assert not [path for path in (tmp_path / "work").rglob("*.parquet") if ".partial" not in str(path)]


def test_a_draft_is_not_filled_from_files_that_have_another_name_by_now(tmp_path: Path) -> None:
    write_generic(tmp_path, sales=[("a", "2024-01-01", 1, 5)])
    stage = ingest_stage(tmp_path)
    draft = tmp_path / f".{stage.folder.name}.partial"
    draft.mkdir()
    write_generic(tmp_path, sales=[("a", "2024-01-01", 2, 5), ("a", "2024-01-02", 2, 5)])

    with pytest.raises(ChangedInputError):
        stage.fill(draft)

    assert not list(draft.iterdir())
