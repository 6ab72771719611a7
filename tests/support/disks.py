"""A disk that can be full: a tmpfs in a user and mount namespace of its own, for which nobody needs to be root."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

FILLER = "filler"


class SmallDisk:
    """A disk of its own below ``folder``, which every process of this user reaches."""

    def __init__(self, folder: Path, holder: int) -> None:
        self.folder, self._holder = folder, holder

    def command(self, words: Sequence[str | Path]) -> list[str | Path]:
        """A command as it runs where the disk is mounted, for programs that resolve the names of folders."""
        return ["nsenter", "--user", "--mount", "--preserve-credentials", f"--target={self._holder}", *words]

    def fill(self, leave: int = 0) -> None:
        """Leave not a byte, or so many."""
        with (self.folder / FILLER).open("ab", buffering=0) as filler:
            for size in (1 << 16, 1 << 12, 1):
                try:
                    while filler.write(bytes(size)) == size:
                        pass
                except OSError:
                    continue
            filler.truncate(max(0, filler.tell() - leave))

    def make_room(self) -> None:
        """What ``fill`` took is free again."""
        (self.folder / FILLER).unlink()


@contextmanager
def small_disk(mount_point: Path, kibibytes: int) -> Iterator[SmallDisk]:
    """The disk, as long as the block runs. A machine that lets only root make namespaces skips the test by name."""
    mount = f'mount -t tmpfs -o size={kibibytes}k tmpfs "$0" && echo mounted && exec cat'
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, str(mount_point)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stderr is not None
        if holder.stdout.readline() != "mounted\n":
            pytest.skip(f"this machine lets nobody but root make a small disk: {holder.stderr.read().strip()}")
        try:
            yield SmallDisk(Path(f"/proc/{holder.pid}/root{mount_point}"), holder.pid)
        finally:
            holder.kill()


@contextmanager
def mounted_disk(mount_point: Path, kibibytes: int) -> Iterator[SmallDisk | None]:
    """A disk in the place of a folder; None where this process may mount none. In a namespace of its own it may."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs", str(mount_point)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        yield None
        return
    try:
        yield SmallDisk(mount_point, os.getpid())
    finally:
        subprocess.run(["umount", "--lazy", str(mount_point)], check=True)
