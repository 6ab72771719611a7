"""The lock of a work dir: runs hold it together, what takes old runs away holds it alone.

It is the operating system's, so it is free the moment its process dies.
"""

import contextlib
import fcntl
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from feature_service.terminal import visible
from orchestration.console import log

_FILE = ".runs.lock"


@functools.cache
def hold_for_a_run(work_dir: Path) -> TextIO:
    """Let nothing be taken away from a work dir for as long as this process lives.

    Returns:
        The lock's file, which the cache keeps open.
    """
    work_dir.mkdir(parents=True, exist_ok=True)
    lock = (work_dir / _FILE).open("a")
    fcntl.flock(lock, fcntl.LOCK_SH)
    return lock


@contextlib.contextmanager
def if_no_other_run_is_at_work(work_dir: Path) -> Iterator[bool]:
    """Be alone in a work dir that this process holds for a run, if no other one holds it; False if one does."""
    held = hold_for_a_run(work_dir)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fcntl.flock(held, fcntl.LOCK_SH)  # what failed may have let go
        yield False
        return
    try:
        yield True
    finally:
        fcntl.flock(held, fcntl.LOCK_SH)


@contextlib.contextmanager
def no_run_at_work(work_dir: Path) -> Iterator[None]:
    """Wait until no run is at work in a work dir, and let none begin."""
    with (work_dir / _FILE).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log.info("prune     waits for the runs at work in %s", visible(str(work_dir)))
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
