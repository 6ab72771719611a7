"""Files that several processes write: a lock beside a path, and a log that is only ever appended to.

The locks are the operating system's (``flock``), so one is free the moment its process dies, however it dies. They hold
between processes of one machine, and between machines where their shared file system has ``flock`` (NFS does).
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a path, in the file ``.<name>.lock`` beside it; wait while another process has it.

    A process must not ask for a lock that it holds. The folder of the path is made if it is not there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with (path.parent / f".{path.name}.lock").open("a") as lock:  # "w" would change its time
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def append_line(path: Path, line: str) -> None:
    """Append a line and wait until it is on the disk; the half of a line that a dying process left is cut off first.

    To be called with the lock of ``path`` held.
    """
    with path.open("ab+") as file:
        file.seek(0)
        content = file.read()
        file.truncate(content.rfind(b"\n") + 1)
        file.write(f"{line}\n".encode())
        file.flush()
        os.fsync(file.fileno())


def read_lines(path: Path) -> list[str]:
    """The whole lines of a log, oldest first; none if there is no file yet.

    Raises:
        OSError, UnicodeDecodeError: If it cannot be read.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    return content[: content.rfind(b"\n") + 1].decode().splitlines()
