"""Another wall clock for one process, and nothing else: libfaketime reads it from a file that may change meanwhile."""

import datetime as dt
import importlib.util
import os
import time
from pathlib import Path

from tests.support.processes import environment


class Clock:
    """The wall clock of a process that was started with ``environment``."""

    def __init__(self, file: Path) -> None:
        self._file, self._began_ns, self._ahead_s = file, time.time_ns(), 0
        self.jump("+0d")

    def jump(self, offset: str) -> None:
        """To the true time and ``offset``, at once, as the file is replaced whole."""
        draft = self._file.with_suffix(".draft")
        draft.write_text(f"{offset}\n", encoding="ascii")
        draft.replace(self._file)

    def turn_to(self, moment: dt.datetime) -> None:
        """To a moment, at once."""
        self._ahead_s = round((moment - dt.datetime.now(dt.UTC)).total_seconds())
        self.jump(f"{self._ahead_s:+d}")

    def date_files(self, folder: Path) -> None:
        """Give what was written below a folder the time of this clock, since the kernel goes by its own."""
        for path in [folder, *folder.rglob("*")]:
            modified = path.lstat().st_mtime_ns
            if modified >= self._began_ns:
                at = modified + self._ahead_s * 1_000_000_000
                os.utime(path, ns=(at, at), follow_symlinks=False)

    def environment(self) -> dict[str, str]:
        """Of a process that goes by this clock."""
        found = importlib.util.find_spec("libfaketime")
        assert found is not None
        assert found.submodule_search_locations is not None
        (library,) = Path(found.submodule_search_locations[0]).rglob("libfaketime.so.1")
        settings = {"FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}
        return environment(LD_PRELOAD=str(library), FAKETIME_TIMESTAMP_FILE=str(self._file), **settings)
