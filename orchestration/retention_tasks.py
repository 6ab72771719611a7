"""The retention as a task: what runs left behind is taken away when it is old enough and nothing needs it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import luigi

from feature_service.terminal import visible
from orchestration.console import log
from orchestration.options import IntOption
from orchestration.run_lock import no_run_at_work
from training.errors import SettingError

if TYPE_CHECKING:
    from orchestration.retention import Leftover

DEFAULT_KEEP_WEEKS = 8


class PruneRuns(luigi.Task):
    """Take away what runs of more than some weeks ago left. Killed half way, it is simply run again."""

    work_dir = luigi.PathParameter(absolute=True, description="folder that takes everything the runs write")
    keep_weeks = IntOption(
        default=DEFAULT_KEEP_WEEKS, description="weeks for which a run's folders stay after they were last used"
    )
    dry_run = luigi.BoolParameter(description="only say what would be taken away")

    done = False

    def complete(self) -> bool:
        """Whether it has run."""
        return self.done

    def run(self) -> None:
        """Wait for the runs that are at work, then take away what is old."""
        work_dir = Path(self.work_dir)
        if self.keep_weeks < 1:
            raise SettingError("keep-weeks", self.keep_weeks, "1 or more")
        if not work_dir.is_dir():
            raise SettingError("work-dir", work_dir, "a folder that runs have written to")
        with no_run_at_work(work_dir):
            log.info("prune     %s", prune(work_dir, self.keep_weeks, dry_run=self.dry_run))
        self.done = True


def prune(work_dir: Path, keep_weeks: int, *, dry_run: bool = False) -> str:
    """Take away what is old, with no run at work; what was taken away, in a line."""
    from orchestration.retention import leftovers, sweep, take_away

    found = leftovers(work_dir, keep_weeks)
    for name, size in _lines(work_dir, found).items():
        log.info("prune     %15s bytes  %s", f"{size:,}", visible(name))
    for each in () if dry_run else found:
        take_away(each.path)
    if not dry_run:
        sweep(work_dir)
    total = sum(each.size_bytes for each in found)
    would = "would be taken away" if dry_run else "taken away"
    return f"{len(found):,} things of {total:,} bytes {would}"


def _lines(work_dir: Path, found: Sequence["Leftover"]) -> dict[str, int]:
    """The bytes of each, by its name below the work dir; files of predictions, which are many and small, together."""
    lines: dict[str, int] = {}
    for each in found:
        name = each.path.relative_to(work_dir)
        line = f"{name.parent}/*" if each.path.is_file() else str(name)
        lines[line] = lines.get(line, 0) + each.size_bytes
    return lines
