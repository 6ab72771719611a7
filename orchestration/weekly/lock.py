"""One weekly run at a time in a work dir: the second steps aside. The lock is free the moment its process dies."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

_FILE = ".weekly.lock"


@contextlib.contextmanager
def only_weekly_run(work_dir: Path) -> Iterator[bool]:
    """Be the only weekly run of a work dir; False where another one is at work."""
    work_dir.mkdir(parents=True, exist_ok=True)
    with (work_dir / _FILE).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
