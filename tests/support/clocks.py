"""Another wall clock for one process, and nothing else: libfaketime reads it from a file that may change meanwhile."""

import datetime as dt
import importlib.util
from pathlib import Path

from tests.support.processes import environment


class Clock:
    """The wall clock of a process that was started with ``environment``."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.jump("+0d")

    def jump(self, offset: str) -> None:
        """To the true time and ``offset``, at once, as the file is replaced whole."""
        draft = self._file.with_suffix(".draft")
        draft.write_text(f"{offset}\n", encoding="ascii")
        draft.replace(self._file)

    def turn_to(self, moment: dt.datetime) -> None:
        """To a moment, at once."""
        self.jump(f"{(moment - dt.datetime.now(dt.UTC)).total_seconds():+.0f}")

    def environment(self) -> dict[str, str]:
        """Of a process that goes by this clock."""
        found = importlib.util.find_spec("libfaketime")
        assert found is not None
        assert found.submodule_search_locations is not None
        (library,) = Path(found.submodule_search_locations[0]).rglob("libfaketime.so.1")
        settings = {"FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        return environment(LD_PRELOAD=str(library), FAKETIME_TIMESTAMP_FILE=str(self._file), **settings)
