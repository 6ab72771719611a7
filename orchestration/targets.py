"""Outputs that are whole or absent: a crash at any point leaves nothing that looks finished."""

import shutil
from collections.abc import Callable
from pathlib import Path

from data.files import locked


def write_whole(folder: Path, write: Callable[[Path], None], is_done: Callable[[], bool]) -> None:
    """Let ``write`` fill a draft folder and rename it to ``folder`` when it is whole.

    A draft that a killed run left behind is swept first. Two runs that want the same folder take turns, and the second
    finds it finished. The operating system frees the lock of a run that dies.

    Args:
        folder: Of the output.
        write: Fills the folder that it is called with.
        is_done: Whether the output is there and still holds; then nothing is done, else one that is there is replaced.
    """
    with locked(folder):
        if is_done():
            return
        draft = folder.parent / f".{folder.name}.partial"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        write(draft)
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)


def write_file_whole(path: Path, content: bytes) -> None:
    """Write a file, or replace it, in one step."""
    draft = path.with_name(f".{path.name}.partial")
    with locked(path):
        draft.write_bytes(content)
        draft.replace(path)
