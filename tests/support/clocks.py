"""Another wall clock for a process, and nothing else, by libfaketime.

It reads the clock's file without a lock: a thread may find half of the file's name in the hands of another, go by the
true time once, or end the process. So a process gets its clock in the environment, and a file, which is read once a
second, is for what must see the clock jump while it runs.
"""

import datetime as dt
import importlib.util
import os
import time
from pathlib import Path

from tests.support.processes import environment


class Clock:
    """The wall clock of the processes that are started with ``environment``, from the true time on."""

    def __init__(self) -> None:
        self._began_ns, self._ahead_s = time.time_ns(), 0

    def turn_to(self, moment: dt.datetime) -> None:
        """To a moment, for every process that is started from now on."""
        self._ahead_s = round((moment - dt.datetime.now(dt.UTC)).total_seconds())

    def date_files(self, folder: Path) -> None:
        """Give what was written below a folder the time of this clock, since the kernel goes by its own."""
        for path in [folder, *folder.rglob("*")]:
            modified = path.lstat().st_mtime_ns
            if modified >= self._began_ns:
                at = modified + self._ahead_s * 1_000_000_000
                os.utime(path, ns=(at, at), follow_symlinks=False)

    def environment(self) -> dict[str, str]:
        """Of a process that goes by this clock, and of what is forked from it with a later one."""
        return _with_library(FAKETIME=f"{self._ahead_s:+d}", FAKETIME_NO_CACHE="1")


class JumpingClock:
    """The wall clock of a process that was started with ``environment``, which jumps while it runs."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.jump("+0d")

    def jump(self, offset: str) -> None:
        """To the true time and ``offset``, seen within two seconds, as the file is replaced whole."""
        draft = self._file.with_suffix(".draft")
        draft.write_text(f"{offset}\n", encoding="ascii")
        draft.replace(self._file)

    def environment(self) -> dict[str, str]:
        """Of a process that goes by this clock."""
        return _with_library(FAKETIME_TIMESTAMP_FILE=str(self._file))


def _with_library(**settings: str) -> dict[str, str]:
    found = importlib.util.find_spec("libfaketime")
    assert found is not None
    assert found.submodule_search_locations is not None
    (library,) = Path(found.submodule_search_locations[0]).rglob("libfaketime.so.1")
    return environment(LD_PRELOAD=str(library), FAKETIME_DONT_FAKE_MONOTONIC="1", NO_FAKE_STAT="1", **settings)
